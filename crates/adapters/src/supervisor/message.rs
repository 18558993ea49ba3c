//! What our program and the supervisor say to each other: one JSON object a line. Both are the same binary, so the
//! form has no versions. Variables of a tool may hold secrets: they pass only through this pipe.
use super::record::Ended;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};
use strata_core::engine::{Millis, Signal};

/// From our program.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Start a tool.
    Spawn(Box<Spawn>),
    /// Stop the tool of this key.
    Stop(u64),
}

/// A tool to start.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spawn {
    /// Names it between the two of us.
    pub key: u64,
    /// Names it in the environment of its processes; nothing else on the machine has this mark.
    pub mark: String,
    /// The program, absolute.
    pub program: PathBuf,
    /// What the program was called by the engine.
    pub called: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// All its variables.
    pub env: BTreeMap<String, String>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Where its output goes.
    pub out: PathBuf,
    /// Where its errors go.
    pub err: PathBuf,
    /// Held while the tool is at work: the work folder is its.
    pub folder_lock: PathBuf,
    /// Of an invocation that writes: the folder of the attempt, and what fences it.
    pub attempt: Option<Fenced>,
    /// How it is stopped.
    pub stop: Vec<(Signal, Millis)>,
    /// Its time limit.
    pub limit: Millis,
    /// Processes that it leaves behind are wanted.
    pub leaves_processes: bool,
}

/// An attempt that may run at most once, and only under the newest lease.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fenced {
    /// Folder of the attempt.
    pub dir: PathBuf,
    /// Is its outcome of use after a restart of the machine?
    pub lasting: bool,
    /// The generation that the lease had.
    pub generation: u64,
    /// Files that hold the newest generation; missing ones say nothing.
    pub fences: Vec<PathBuf>,
}

/// From the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// To which order.
    pub key: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a tool.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It ended, or could not be started.
    Ended(Ended),
    /// It was not started.
    Refused(Refusal),
}

/// Why a tool was not started.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusal {
    /// A newer lease exists.
    Fenced,
    /// This attempt was started before.
    Repeated,
    /// The supervisor is about to end.
    Closing,
    /// It was stopped before it began.
    Stopped,
    /// The system refused.
    Io(String),
}

impl Answer {
    /// It was not started.
    pub fn refused(key: u64, why: Refusal) -> Self {
        Self {
            key,
            outcome: Outcome::Refused(why),
        }
    }
    /// It ended.
    pub fn ended(key: u64, ended: Ended) -> Self {
        Self {
            key,
            outcome: Outcome::Ended(ended),
        }
    }
}
