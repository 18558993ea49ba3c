//! What `strata env` takes.
use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub enum Env {
    /// All environments
    List,
    /// A new environment
    #[command(after_help = "Example:\n  strata env new qa --from dev")]
    New {
        /// Its name
        name: String,
        /// What it is built upon
        #[arg(long, value_name = "ENV")]
        from: Option<String>,
    },
}
