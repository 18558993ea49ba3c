//! One start of a program: what it is given, what becomes of its output, and what to do when nobody knows whether it
//! ran.
use super::{Arg, EnvValue, Millis, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// As [`Invocation::program`]: this program itself, under one of its hidden commands. What an engine cannot do because it
/// is pure and no tool does for it, such a process does, under the supervisor like every other.
pub const ITSELF: &str = "@strata";

/// One start of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// What it is called in logs: `plan`, `apply`, `output`.
    pub label: String,
    /// The program: a name looked up in `PATH`, a path that begins with `./` inside `cwd`, or [`ITSELF`].
    pub program: String,
    /// Its arguments.
    pub args: Vec<Arg>,
    /// Variables added to the clean environment.
    pub env: BTreeMap<String, EnvValue>,
    /// Where it runs.
    pub cwd: Place,
    /// Whether it must be journalled before it starts.
    pub effect: Effect,
    /// What becomes of standard output.
    pub stdout: Channel,
    /// What is picked up when it ends.
    pub collect: Vec<Collect>,
    /// Time limit in milliseconds.
    pub limit: Millis,
    /// How it is stopped: each signal and how long to wait for it before the next.
    pub stop: Vec<(Signal, Millis)>,
    /// Processes that it leaves behind are wanted.
    #[serde(default)]
    pub leaves_processes: bool,
    /// What no other invocation may use meanwhile, in this process or another: a folder that sessions share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone_with: Option<Place>,
}

impl Invocation {
    /// One that reads only, in the component's folder, with an hour's limit and an escalating stop.
    pub fn new(label: &str, program: &str, args: impl IntoIterator<Item = Arg>) -> Self {
        Self {
            label: label.to_owned(),
            program: program.to_owned(),
            args: args.into_iter().collect(),
            env: BTreeMap::new(),
            cwd: Place::work(""),
            effect: Effect::Reads,
            stdout: Channel::Log,
            collect: Vec::new(),
            limit: 3_600_000,
            stop: vec![
                (Signal::Interrupt, 30_000),
                (Signal::Terminate, 10_000),
                (Signal::Kill, 0),
            ],
            leaves_processes: false,
            alone_with: None,
        }
    }
}

/// Only what writes is journalled before it starts; what reads is simply run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes something; what to do when nobody knows whether it ran.
    Writes(Recovery),
}

/// What to do about an interrupted invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// It is idempotent: plan and run it again.
    Rerun,
    /// Ask the engine with [`Verb::Recover`](super::Verb::Recover).
    Probe,
    /// Ask a person.
    Ask,
}

/// What becomes of standard output (standard error always is a log: redacted, kept, shown).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Redacted, kept and shown.
    Log,
    /// For the engine only, raw, bounded in bytes, never kept (`show -json` holds secrets).
    Answer(u64),
    /// Both: lines are shown, the raw bytes up to a bound go to the engine.
    Both(u64),
}

/// Something picked up when an invocation ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collect {
    /// Into the store; the engine sees its digest. Missing files are left out.
    Keep {
        /// Under which name the engine finds it.
        name: String,
        /// The file.
        at: Place,
        /// Keep it encrypted.
        sensitive: bool,
    },
    /// The engine sees the bytes. Missing files are left out; a larger file is an error.
    Read {
        /// Under which name the engine finds it.
        name: String,
        /// The file.
        at: Place,
        /// At most so many bytes.
        max: u64,
    },
}

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}
