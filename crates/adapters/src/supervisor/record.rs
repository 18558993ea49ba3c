//! What an attempt leaves in its folder: `started` before the tool starts, `tool` when it has a process, `exit` when
//! it ended, `void` when it shall never start. Whoever holds the attempt's lock may believe them.
use super::liveness::Process;
use crate::durable::{self, Sync};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{io, path::Path};
use strata_core::engine::{Exit, Millis};

/// The lock of an attempt.
pub(crate) const LOCK: &str = "lock";
/// Says that an attempt shall never start: somebody found that it had not.
pub(crate) const VOID: &str = "void";
const STARTED: &str = "started";
const TOOL: &str = "tool";
const EXIT: &str = "exit";

/// It may be running.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Started {
    /// Who starts it.
    pub supervisor: Process,
}

/// The tool's process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ToolRecord {
    /// Its first process, which leads its process group.
    pub process: Process,
}

/// How it ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// How.
    pub exit: Exit,
    /// How long it took.
    pub elapsed: Millis,
    /// How many processes it had left behind that were ended.
    pub stragglers: u32,
}

impl Started {
    /// A tool starts only after this. Not durable: after a restart of the machine, that it is missing says nothing.
    pub fn write(&self, attempt: &Path) -> io::Result<()> {
        write(attempt, STARTED, self, Sync::Later)
    }
    /// Of an attempt that was started.
    pub fn read(attempt: &Path) -> Option<Self> {
        read(attempt, STARTED)
    }
    /// Was the attempt started? Also true when the record cannot be read.
    pub fn exists(attempt: &Path) -> bool {
        attempt.join(STARTED).exists()
    }
}

impl ToolRecord {
    /// Not durable: after a restart of the machine process ids mean nothing.
    pub fn write(&self, attempt: &Path) -> io::Result<()> {
        write(attempt, TOOL, self, Sync::Later)
    }
    /// Of an attempt whose tool has a process.
    pub fn read(attempt: &Path) -> Option<Self> {
        read(attempt, TOOL)
    }
}

impl Ended {
    /// Written before the lock is given back. After a crash of the machine one that is to last is whole or not there,
    /// which counts as lost; so does what is left of another one.
    pub fn write(&self, attempt: &Path, lasting: bool) -> io::Result<()> {
        let sync = if lasting { Sync::Content } else { Sync::Later };
        write(attempt, EXIT, self, sync)
    }
    /// Of an attempt that ended under a supervisor.
    pub fn read(attempt: &Path) -> Option<Self> {
        read(attempt, EXIT)
    }
}

/// Who reads a record holds the attempt's lock, so that its writer is done or dead: half a record is none.
fn write(attempt: &Path, name: &str, record: &impl Serialize, sync: Sync) -> io::Result<()> {
    let bytes = serde_json::to_vec(record).expect("plain data serialises");
    durable::write_new(&attempt.join(name), &bytes, sync)
}

fn read<T: DeserializeOwned>(attempt: &Path, name: &str) -> Option<T> {
    let bytes = std::fs::read(attempt.join(name)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The generation that a fence file holds: 0 when there is none. A file that cannot be read fences everything.
pub(crate) fn fence_of(file: &Path) -> u64 {
    match std::fs::read_to_string(file) {
        Ok(text) => text.trim().parse().unwrap_or(u64::MAX),
        Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
        Err(_) => u64::MAX,
    }
}
