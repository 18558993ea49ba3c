//! Terraform and OpenTofu: root modules, their environments, and whose state they read.
mod reading;
mod resources;
mod roots;
mod state;
mod variants;

pub use reading::{Kept, Reader, Reads};
pub use resources::Write;
pub use roots::{all, settle};

pub use variants::pattern;

use crate::{found::Found, words};
use strata_syntax::terraform::Module;

/// Where a root keeps its state, by its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum States {
    /// Nothing is said: beside the module.
    Local,
    /// A place that the files say: a key, a prefix, an address.
    At(String),
    /// A backend whose place is given when it is initialised.
    Given,
    /// One workspace of HCP Terraform.
    Named(String),
    /// Workspaces whose names begin so.
    Prefix(String),
    /// Workspaces with these tags.
    Tags(Vec<String>),
}

impl States {
    /// Is it kept in HCP Terraform, where workspaces have variables of their own?
    pub const fn in_cloud(&self) -> bool {
        matches!(self, Self::Named(_) | Self::Prefix(_) | Self::Tags(_))
    }
    /// May it be kept in several places?
    pub const fn open(&self) -> bool {
        matches!(self, Self::Prefix(_) | Self::Tags(_))
    }
    /// The environment that its place names.
    fn token(&self) -> Option<String> {
        match self {
            Self::At(place) | Self::Named(place) => words::name(words::environment_in(place)?),
            _ => None,
        }
    }
}

/// A root module.
#[derive(Clone, Debug)]
pub struct Root {
    /// As a component.
    pub found: Found,
    /// What its files say.
    pub module: Module,
    /// What lies beside it for its environments.
    pub variants: variants::Variants,
    /// Where its state is.
    pub states: States,
    /// Files that it writes.
    pub writes: Vec<Write>,
    /// Is there anything in it to be made or told?
    pub makes_something: bool,
}
