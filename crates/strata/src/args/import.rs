//! What `strata import` takes.
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand, Debug)]
pub enum Import {
    /// Write into `strata.lock` which commit and content every import is; what is locked stays
    #[command(
        after_help = "Examples:\n  strata import lock\n  strata import lock --format json\n\nFormats: human, json"
    )]
    Lock,
    /// Lock imports anew: to what their versions are now
    #[command(
        after_help = "Examples:\n  strata import update\n  strata import update obs\n  strata import update prod/obs\n\nFormats: human, json"
    )]
    Update {
        /// Imports, by the name they have here; default: all
        name: Vec<String>,
    },
    /// Show imports with later versions, and versions that moved
    #[command(after_help = "Example:\n  strata import outdated\n\nFormats: human, json")]
    Outdated,
    /// Copy the files of all imports into `vendor/strata`, to be committed
    #[command(
        after_help = "Examples:\n  strata import vendor && strata check --offline\n  strata import vendor ../stick     to carry along: over there it becomes vendor/strata\n\nFormats: human, json"
    )]
    Vendor {
        /// Another folder, which is empty or not there
        to: Option<PathBuf>,
    },
    /// Check that files and versions of all imports are what the lock says
    #[command(
        after_help = "Examples:\n  strata import verify\n  strata import verify --offline     only the files\n\nFormats: human, json"
    )]
    Verify,
}
