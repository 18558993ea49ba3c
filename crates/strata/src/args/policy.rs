//! What `strata policy` takes.
use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub enum Policy {
    /// Run the tests of policies: rules `test_*` in `policy/**/*_test.rego`
    #[command(after_help = "Example:\n  strata policy test -v      ends with 10 when a test fails")]
    Test {
        /// Show tests that pass too, and what tests print
        #[arg(short, long)]
        verbose: bool,
    },
    /// Print the document that rules see of a unit
    #[command(
        after_help = "Examples:\n  strata policy input dev/web\n  strata policy input dev/web --plan     asks its tool what it would do"
    )]
    Input {
        /// The unit
        unit: String,
        /// As rules see it at `plan`
        #[arg(long)]
        plan: bool,
    },
}
