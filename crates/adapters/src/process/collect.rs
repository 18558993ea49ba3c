//! What is picked up when an invocation ends.
use super::places::Roots;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use strata_core::{
    engine::{Artifact, Collect},
    executor::ExecutorError,
    store::Store,
};

/// Files for the engine, by name.
#[derive(Default)]
pub(super) struct Collected {
    /// Their bytes.
    pub read: BTreeMap<String, Vec<u8>>,
    /// Kept in the store.
    pub kept: BTreeMap<String, Artifact>,
}

/// Where everything lies that is picked up.
pub(super) fn paths(items: &[Collect], roots: &Roots) -> Result<Vec<PathBuf>, ExecutorError> {
    let at = |item: &Collect| match item {
        Collect::Keep { at, .. } | Collect::Read { at, .. } => roots.at(at),
    };
    items.iter().map(at).collect()
}

/// Picks up what is there.
pub(super) fn collect(
    items: &[Collect],
    paths: &[PathBuf],
    blobs: &dyn Store,
) -> Result<Collected, ExecutorError> {
    let mut collected = Collected::default();
    for (item, path) in items.iter().zip(paths) {
        match item {
            Collect::Keep {
                name, sensitive, ..
            } => {
                if is_file(path)? {
                    let artifact = blobs.put_file(path, *sensitive);
                    let artifact = artifact.map_err(|e| ExecutorError::Other(e.to_string()))?;
                    collected.kept.insert(name.clone(), artifact);
                }
            }
            Collect::Read { name, max, .. } => {
                if is_file(path)? {
                    collected.read.insert(name.clone(), read(path, *max)?);
                }
            }
        }
    }
    Ok(collected)
}

fn is_file(path: &Path) -> Result<bool, ExecutorError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(true),
        Ok(_) => Err(ExecutorError::Other(format!(
            "{} is not a file",
            path.display()
        ))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(io_error(path)(e)),
    }
}

fn read(path: &Path, max: u64) -> Result<Vec<u8>, ExecutorError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(max.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(io_error(path))?;
    if bytes.len() as u64 > max {
        return Err(ExecutorError::Other(format!(
            "{} has more than {max} bytes",
            path.display()
        )));
    }
    Ok(bytes)
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ExecutorError + '_ {
    move |e| ExecutorError::io(format!("read {}", path.display()))(e)
}
