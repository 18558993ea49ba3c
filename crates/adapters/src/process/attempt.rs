//! The folder of one invocation: its log, and for one that writes everything to find its outcome after a crash.
//! Nothing in it holds a secret.
use super::places::Roots;
use crate::{
    durable::{self, Sync},
    supervisor::boot,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use strata_core::{
    engine::{Collect, Invocation, Place, Root},
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
    /// Variables of ours that were passed on and hold credentials, by name.
    #[serde(default)]
    pub passed: Vec<String>,
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

/// The life of the machine in which tools are started under a generation.
fn life(env_dir: &Path, generation: u64) -> PathBuf {
    env_dir.join(format!("life.{generation}"))
}

/// Tools will be started under this generation: durable before the first of them.
pub(super) fn began(env_dir: &Path, generation: u64) -> Result<(), ExecutorError> {
    let path = life(env_dir, generation);
    durable::folder(env_dir)
        .and_then(|()| durable::write(&path, boot().as_bytes(), 0o600, Sync::Disk))
        .map_err(ExecutorError::io(format!("write {}", path.display())))
}

/// Has the machine been restarted since tools were started under the generation of this handle? Then records that
/// were not on disk are gone, and that one is missing says nothing. When no tool ever was, nothing can be missing.
pub(super) fn outlived(state_dir: &Path, handle: &Handle) -> Result<bool, ExecutorError> {
    let path = life(&env_dir(state_dir, handle)?, handle.generation);
    match std::fs::read_to_string(&path) {
        Ok(then) => Ok(then != boot()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(ExecutorError::io(format!("read {}", path.display()))(e)),
    }
}

/// Files that an attempt made in the work folder and that nobody has picked up yet, moved out of the way of the next
/// session: by position in what it collects.
const RESCUED: &str = "rescued";

/// The next session clears the work folder: what an interrupted attempt made there is moved aside first.
pub(super) fn rescue(dir: &Path) -> Result<(), ExecutorError> {
    let (Some(manifest), rescued) = (Manifest::read(dir), dir.join(RESCUED)) else {
        return Ok(());
    };
    // later files in the work folder are of somebody else
    if rescued.exists() {
        return Ok(());
    }
    let io = ExecutorError::io(format!("save the results of {}", dir.display()));
    let moved = durable::folder(&rescued).and_then(|()| {
        for (i, item) in manifest.invocation.collect.iter().enumerate() {
            let at = place(item);
            if matches!(at.root, Root::Work | Root::Tree)
                && let Ok(path) = manifest.roots.at(at)
                && path.is_file()
            {
                std::fs::rename(path, rescued.join(i.to_string()))?;
            }
        }
        Ok(())
    });
    moved.map_err(io)
}

/// What an attempt collects lies here now: where it was made, or where it was moved to.
pub(super) fn rescued(dir: &Path, manifest: &Manifest) -> Option<Vec<PathBuf>> {
    let rescued = dir.join(RESCUED);
    if !rescued.exists() {
        return None;
    }
    let lies = |(i, item): (usize, &Collect)| match place(item).root {
        Root::Work | Root::Tree => Some(rescued.join(i.to_string())),
        _ => manifest.roots.at(place(item)).ok(),
    };
    manifest
        .invocation
        .collect
        .iter()
        .enumerate()
        .map(lies)
        .collect()
}

/// Nobody will ask for them any more.
pub(super) fn forget_rescued(dir: &Path) {
    let _ = durable::remove_all(&dir.join(RESCUED));
}

fn place(item: &Collect) -> &Place {
    match item {
        Collect::Keep { at, .. } | Collect::Read { at, .. } => at,
    }
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
            // nothing starts before it is whole
            .and_then(|()| durable::write_new(&path, &bytes, Sync::Later))
            .map_err(ExecutorError::io(format!("write {}", path.display())))
    }
    /// Of an earlier invocation.
    pub fn read(dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(dir.join(MANIFEST)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}
