//! A unit that is ready to be given to its engine: every input known, fingerprinted.
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    digest::Digest, engine::Task, name::Address, need::Passed, tree::Tree, value::OutputRef,
};

/// Everything that a run needs to know about a unit.
#[derive(Clone)]
pub struct Prepared {
    /// The task; its verb is set by whoever runs it.
    pub task: Task,
    /// Its layer.
    pub layer: String,
    /// Fingerprint of files, inputs, engine and tool.
    pub fingerprint: Digest,
    /// The named parts of the fingerprint, to say what changed.
    pub parts: BTreeMap<String, Digest>,
    /// The files that it may see.
    pub files: Vec<Arc<str>>,
    /// Where they are read from.
    pub tree: Arc<dyn Tree>,
    /// Digest of those files.
    pub files_digest: Digest,
    /// The folder of each verifier: a contract's run in the contract's.
    pub verify_in: Vec<String>,
    /// Files that verifiers see besides.
    pub suite: Vec<Arc<str>>,
    /// What must be unique in the platform.
    pub identities: Vec<String>,
    /// What must not be used at the same time.
    pub claims: Vec<String>,
    /// Units it is given outputs of or comes after.
    pub needs: Vec<Address>,
    /// Protected against `destroy`, `replace`.
    pub protect: Vec<String>,
    /// Variables that pass through to its tool.
    pub passthrough: Vec<Passed>,
}

/// A unit cannot be given to its engine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotReady {
    /// These outputs do not exist.
    #[error("{}", open_text(.0))]
    Open(Vec<OutputRef>),
    /// An expression fails with the real values, or an input is not what its tool wants.
    #[error("{0}")]
    Invalid(String),
}

fn open_text(open: &[OutputRef]) -> String {
    let names: Vec<String> = open
        .iter()
        .map(|o| format!("{}.{}", o.unit, o.path.join(".")))
        .collect();
    format!(
        "{} not known yet: {}",
        if names.len() == 1 { "is" } else { "are" },
        names.join(", ")
    )
}
