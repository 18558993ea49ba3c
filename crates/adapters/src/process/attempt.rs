//! The folder of one invocation: its log, and for one that writes everything to find its outcome after a crash.
//! Nothing in it holds a secret.
use super::places::Roots;
use crate::durable::{self, Sync};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use strata_core::{
    engine::Invocation,
    executor::{ExecutorError, Handle},
    value::SecretRef,
};

const MANIFEST: &str = "manifest";

/// What was started, and where its traces are.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    /// What the engine asked for.
    pub invocation: Invocation,
    /// Where its places lie.
    pub roots: Roots,
    /// Its raw output, in the private folder.
    pub out: PathBuf,
    /// Its raw errors, in the private folder.
    pub err: PathBuf,
    /// The secrets that its log must not hold, by name.
    pub secrets: Vec<SecretRef>,
}

/// The folder of the run of a handle.
pub(super) fn run_dir(state_dir: &Path, run: &str) -> Result<PathBuf, ExecutorError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if run.is_empty() || run.starts_with('.') || !run.chars().all(plain) {
        return Err(ExecutorError::Other(format!(
            "`{run}` is not the id of a run"
        )));
    }
    Ok(state_dir.join("runs").join(run))
}

/// The folder of the environment of a handle inside its run.
pub(super) fn env_dir(state_dir: &Path, handle: &Handle) -> Result<PathBuf, ExecutorError> {
    Ok(run_dir(state_dir, &handle.run)?.join(handle.unit.env.as_ref()))
}

/// The folder of an invocation.
pub(super) fn dir(state_dir: &Path, handle: &Handle) -> Result<PathBuf, ExecutorError> {
    let name = format!("{}.{}", handle.attempt, handle.n);
    Ok(env_dir(state_dir, handle)?
        .join(handle.unit.file_name())
        .join(name))
}

/// Its log.
pub(super) fn log(dir: &Path) -> PathBuf {
    dir.join("log")
}

impl Manifest {
    /// Writes it: a crash of our program does not lose it, and after a crash of the machine there is nothing to find.
    pub fn write(&self, dir: &Path) -> Result<(), ExecutorError> {
        let bytes = serde_json::to_vec(self).expect("plain data serialises");
        let path = dir.join(MANIFEST);
        durable::folder(dir)
            .and_then(|()| durable::write(&path, &bytes, 0o600, Sync::Later))
            .map_err(ExecutorError::io(format!("write {}", path.display())))
    }
    /// Of an earlier invocation.
    pub fn read(dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(dir.join(MANIFEST)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}
