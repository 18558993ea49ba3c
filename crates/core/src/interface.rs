//! What a component takes and gives, as its tool declares it.
use crate::{span::Location, ty::Type, value::Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One input of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its type.
    pub ty: Type,
    /// Has it a default (or a value in the tool's own files)?
    pub optional: bool,
    /// The default, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Is it declared sensitive?
    pub sensitive: bool,
    /// What the tool's file says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
}

/// One output of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputDecl {
    /// Its type.
    pub ty: Type,
    /// Is it kept encrypted and never shown?
    pub sensitive: bool,
    /// Where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
}

/// State of another unit that a component's tool reads by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRead {
    /// Which state, in the words of the engine's identities; `None` when it has to be computed. What is only known of a
    /// unit stands in it as [`StateRead::WORKSPACE`] and [`StateRead::input`].
    pub identity: Option<String>,
    /// The outputs that it takes, each with a place.
    pub outputs: BTreeMap<String, Location>,
    /// Does it take more than is written out?
    pub all: bool,
    /// Where it is written.
    pub at: Location,
}

impl StateRead {
    /// Stands for the workspace of the unit that reads.
    pub const WORKSPACE: &'static str = "\u{1}workspace\u{1}";
    /// Stands for an input of the unit that reads.
    pub fn input(name: &str) -> String {
        format!("\u{1}input {name}\u{1}")
    }
}

/// What a component takes and gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Inputs by name.
    pub inputs: BTreeMap<String, Input>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, OutputDecl>,
    /// Can its tool mark inputs as sensitive? Then one that is not marked is shown and kept in clear.
    #[serde(default)]
    pub marks_secrets: bool,
    /// Is all that it is given shown to others, so that a secret is refused?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shows_inputs: bool,
    /// There may be inputs that could not be read: an unknown one is no error.
    pub open_inputs: bool,
    /// There may be outputs that could not be read: an unknown one is no error.
    pub open_outputs: bool,
    /// Paths (relative to the root) of other folders and files that it reads: local modules, roles, templates.
    pub reads: Vec<String>,
    /// What it can read and a fingerprint does not cover: absolute paths, data sources, `local-exec`, the network.
    pub uncovered: Vec<String>,
    /// States of other units that it reads by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state_reads: Vec<StateRead>,
    /// What the engine wants to remember about the files (a hard-coded backend, for example).
    pub facts: BTreeMap<String, String>,
}
