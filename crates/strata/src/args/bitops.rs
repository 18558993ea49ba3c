//! What can be typed about repos of BitOps.
use clap::Subcommand;

/// Runs a repo of BitOps.
#[derive(Subcommand, Debug)]
pub enum Bitops {
    /// Deploy one environment: every deployment in order, as its `stack-action` and BitOps' variables say
    #[command(
        after_help = "Examples:\n  BITOPS_ENVIRONMENT=production strata bitops deploy\n  BITOPS_TERRAFORM_STACK_ACTION=destroy strata bitops deploy production\n\nExit codes are BitOps': 0 done · 1 nothing could be started · 2 a bitops.config.yaml is missing\n101 a program could not be started · otherwise that of the tool or hook that failed"
    )]
    Deploy {
        /// The environment; default: the variable BITOPS_ENVIRONMENT
        env: Option<String>,
    },
}
