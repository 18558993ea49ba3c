//! Which units a command means, and how a run goes.
use clap::{ArgAction, Args as ClapArgs};

/// Which units are meant: of the files.
#[derive(ClapArgs, Debug, Clone, Default)]
pub struct Which {
    #[command(flatten)]
    pub named: Named,
    /// Only units that a change since this revision of git touches, uncommitted changes included
    #[arg(long, value_name = "REV")]
    pub changed_since: Option<String>,
}

/// Which units are meant: of the files, or of what is applied.
#[derive(ClapArgs, Debug, Clone, Default)]
pub struct Named {
    /// Only these components or units; `+NAME` with what it needs, `NAME+` with what needs it
    #[arg(long, value_name = "[+]NAME[+]", action = ArgAction::Append)]
    pub only: Vec<String>,
    /// Only units of this layer
    #[arg(long, value_name = "LAYER", action = ArgAction::Append)]
    pub layer: Vec<String>,
    /// All environments
    #[arg(long)]
    pub all: bool,
}

/// How a run goes.
#[derive(ClapArgs, Debug, Clone)]
pub struct How {
    /// How many units at the same time
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub parallelism: usize,
    /// Apply these units again though nothing changed
    #[arg(long, value_name = "UNIT", action = ArgAction::Append)]
    pub replace: Vec<String>,
}
