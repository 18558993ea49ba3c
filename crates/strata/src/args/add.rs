//! What `strata add` takes.
use clap::{ArgAction, ArgGroup, Args};

/// A new component.
#[derive(Args, Debug, Clone)]
#[command(group(ArgGroup::new("what").required(true).args(["from", "like"])))]
pub struct Add {
    /// Its name
    pub name: String,
    /// Where its files are: `REPO//FOLDER`, with a version or the last release, or a folder of this repository
    #[arg(long, value_name = "SOURCE[@VERSION]")]
    pub from: Option<String>,
    /// A component whose files and entries are copied
    #[arg(long, value_name = "COMPONENT")]
    pub like: Option<String>,
    /// Its layer; with `--like` the other one's, else needed where there are several
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// Only in this environment
    #[arg(long, value_name = "ENV", action = ArgAction::Append, requires = "from")]
    pub env: Vec<String>,
    /// What it is given, in YAML; an expression may be written plainly: 'id=${{ vpc.outputs.id }}'
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append, requires = "from")]
    pub input: Vec<String>,
    /// Its scripts may run though they are of another repository
    #[arg(long, requires = "from")]
    pub allow_hooks: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Only print what would be written
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
}
