//! Every variable and credential that a platform needs from outside, as a table to hand to somebody.
//!
//! - [`gather`]: what the files and the tools' plug-ins ask for.
//! - [`passed`](fn@passed): what of our own environment a tool is handed.
//! - [`judge`]: what of it is there now. The environment is asked through [`World`]: no value is ever looked at.
mod gather;
mod judge;
mod passed;
#[cfg(test)]
mod tests;

pub use gather::gather;
pub use judge::{Judged, State, World, judge};
pub use passed::{passed, read_by_plugins, with};

use std::collections::{BTreeMap, BTreeSet};
use strata_core::{name::Address, need::Need, span::Location};

/// What kind of thing a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// A process variable that tools read.
    Env,
    /// A variable that is set in the tool's own remote workspace.
    Terraform,
    /// A secret that strata reads and hands to tools.
    Secret,
    /// A process variable that `passthrough` hands to every tool; nobody knows what for.
    Passthrough,
    /// A setting of strata itself.
    Strata,
}

impl Category {
    /// As it stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Terraform => "terraform",
            Self::Secret => "secret",
            Self::Passthrough => "passthrough",
            Self::Strata => "strata",
        }
    }
}

/// Has it to be there?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Required {
    /// Nothing needs it.
    Optional,
    /// It is one way among others.
    OneOf,
    /// There is no way without it.
    Yes,
}

impl Required {
    /// As it stands in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::OneOf => "one-of",
            Self::Yes => "required",
        }
    }
}

/// Where something is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// By what: ``provider `aws` ``, ``input `password` ``.
    pub by: String,
    /// In which unit.
    pub unit: Address,
    /// The place that tells so.
    pub at: Option<Location>,
}

/// A need, and who has it.
#[derive(Clone, Debug)]
pub struct Demand {
    /// What is needed, in which ways.
    pub need: Need,
    /// By whom.
    pub used: BTreeSet<Used>,
    /// Remote workspaces in which the tool may run, with variables of their own.
    pub remote: BTreeSet<String>,
}

impl Demand {
    /// Ways that are no variables of this process, in words.
    pub fn elsewhere(&self) -> Vec<String> {
        let mut out = self.need.elsewhere.clone();
        if !self.remote.is_empty() {
            let places: Vec<&str> = self.remote.iter().map(String::as_str).collect();
            out.push(format!(
                "the variables of {}, when it runs there",
                places.join(", ")
            ));
        }
        out
    }
    /// Is there any?
    pub fn has_elsewhere(&self) -> bool {
        !self.need.elsewhere.is_empty() || !self.remote.is_empty()
    }
}

/// What tells rows apart: variables of two workspaces may have one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// What kind of thing it is.
    pub category: Category,
    /// The variable; `file:PATH`, `generate:NAME`.
    pub key: String,
    /// Whose it is, for a variable of a remote workspace: ``workspace `dev` of `infra` ``.
    pub of: Option<String>,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is called.
    pub id: RowKey,
    /// Must nobody see it?
    pub sensitive: bool,
    /// What it is.
    pub description: String,
    /// Has it to be there?
    pub required: Required,
    /// Where it is used.
    pub used: BTreeSet<Used>,
    /// Positions of the demands that it can serve.
    pub demands: Vec<usize>,
    /// Where what is said of it is documented.
    pub sources: BTreeSet<String>,
}

/// A variable that the files make needless.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needless {
    /// The variable.
    pub key: String,
    /// Who would read it.
    pub by: String,
    /// What takes its place.
    pub with: String,
    /// Where that stands.
    pub at: Option<Location>,
}

/// The whole table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Rows, by category and name.
    pub rows: Vec<Row>,
    /// What is needed, in which ways.
    pub demands: Vec<Demand>,
    /// Variables that the files make needless, with the units.
    pub needless: BTreeMap<Needless, BTreeSet<Address>>,
    /// What nobody knows the variables of, with its places.
    pub unknown: BTreeMap<String, BTreeSet<(Address, Option<Location>)>>,
}

impl Table {
    /// The ways among which a row is one, each demand's once.
    pub fn alternatives(&self, row: &Row) -> Vec<&Demand> {
        let mut out: Vec<&Demand> = Vec::new();
        for demand in row.demands.iter().map(|i| &self.demands[*i]) {
            let listed = demand.need.ways.iter().flatten().any(|k| *k == row.id.key);
            if listed && (demand.need.ways.len() > 1 || demand.has_elsewhere()) {
                out.push(demand);
            }
        }
        out
    }
}

/// Names that are spelled out: `A and B`.
pub fn way(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
