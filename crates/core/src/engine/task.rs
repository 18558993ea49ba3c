//! What is asked of an engine: the verb, the unit, its specification and inputs, and what is kept of earlier times.
use crate::{digest::Digest, name::Address, spec::UnitSpec, value::Term};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Say what an apply would do.
    Plan,
    /// Do it.
    Apply,
    /// Undo what was applied.
    Destroy,
    /// Look whether what is still is as it was applied.
    Observe,
    /// Read the outputs of what exists.
    Outputs,
    /// Find out what became of an interrupted invocation.
    Recover,
    /// Run one verifier.
    Verify,
}

impl Verb {
    /// Its name in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Observe => "observe",
            Self::Outputs => "outputs",
            Self::Recover => "recover",
            Self::Verify => "verify",
        }
    }
}

/// All that an engine may look at: data that was journalled or is named by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What is asked.
    pub verb: Verb,
    /// Of which platform: its id. Units of two platforms may be called the same where they meet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// Of which unit.
    pub unit: Address,
    /// The unit, resolved.
    pub spec: UnitSpec,
    /// What its tool is given. Without holes for every verb that writes.
    pub inputs: BTreeMap<String, Term>,
    /// The program.
    pub tool: Tool,
    /// The plan that an apply must execute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<Artifact>,
    /// On [`Verb::Recover`]: the invocation of which nobody knows whether it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Interrupted>,
    /// Outputs recorded at the last apply; sensitive ones by name.
    #[serde(default)]
    pub recorded: BTreeMap<String, Term>,
    /// On [`Verb::Verify`]: which entry of `spec.verify`.
    #[serde(default)]
    pub verifier: usize,
    /// What the engine noted about the files when it read the interface: [`Interface::facts`](crate::interface::Interface::facts).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// The program that an engine drives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Name or path.
    pub program: String,
    /// Its version, empty where it has none.
    pub version: String,
}

/// An invocation that was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Its label.
    pub label: String,
    /// In which attempt.
    pub attempt: u32,
}

/// A file kept by digest in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Digest of its content.
    pub digest: Digest,
    /// Kept encrypted (a tool's plan file holds secrets in clear).
    pub sensitive: bool,
    /// Its size in bytes.
    pub size: u64,
}
