//! What can be typed about steps that people do.
use clap::{ArgAction, Subcommand};
use std::path::PathBuf;

/// Steps that people do.
#[derive(Subcommand, Debug)]
pub enum HandOff {
    /// What is owed, by whom
    List {
        /// Environments; default: all
        env: Vec<String>,
    },
    /// It is done: record what they hand back
    #[command(
        after_help = "Examples:\n  strata hand-off done org/budget --output account=111 --output monthly_limit=500\n  strata hand-off done org/dns --output-from token=- < token.txt"
    )]
    Done {
        /// The unit
        unit: String,
        /// An output
        #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append)]
        output: Vec<String>,
        /// An output read from a file, or from standard input (`-`): for sensitive ones
        #[arg(long, value_name = "NAME=FILE", action = ArgAction::Append)]
        output_from: Vec<String>,
        /// A file that proves it, kept in the store
        #[arg(long, value_name = "FILE")]
        evidence: Option<PathBuf>,
        /// Who did it; default: the user
        #[arg(long)]
        by: Option<String>,
    },
}
