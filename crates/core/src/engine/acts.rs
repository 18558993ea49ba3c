//! What an engine wants next, what it gets back, and what it found.
use super::{Artifact, Invocation, Millis};
use crate::{
    proposal::{Change, Proposal},
    value::Output,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an engine wants next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Run this and come back.
    Run(Invocation),
    /// Somebody outside has to answer. Frees the slot; may last days; survives the process.
    Ask(Question),
    /// Done.
    Finish(Box<Finding>),
}

/// A question to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What they should do.
    pub text: String,
    /// Who owes it.
    pub owner: Option<String>,
    /// How long it usually takes, as written (`10d`).
    pub lead_time: Option<String>,
    /// The outputs they hand back.
    pub wants: Vec<String>,
}

/// What an engine gets back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Got {
    /// The session is open; these kept folders were there with their key.
    Open {
        /// Paths of [`Keep`](super::Keep).
        kept: Vec<String>,
    },
    /// An invocation ended.
    Exit {
        /// How.
        exit: Exit,
        /// Standard output, when the channel is not a log.
        stdout: Vec<u8>,
        /// Files read.
        read: BTreeMap<String, Vec<u8>>,
        /// Files kept.
        kept: BTreeMap<String, Artifact>,
        /// The last lines of its log, redacted.
        tail: String,
        /// How long it took.
        elapsed: Millis,
    },
    /// Somebody answered.
    Answered {
        /// The outputs handed back; sensitive ones by name.
        values: BTreeMap<String, Output>,
        /// Who.
        by: String,
    },
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// With a code.
    Code(i32),
    /// By a signal that we did not send.
    Signal(i32),
    /// Stopped by us after its time limit.
    TimedOut,
    /// Stopped by us because the run was cancelled or its program died.
    Stopped,
    /// It could not be started: why.
    NotStarted(String),
}

impl Got {
    /// The exit code.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Exit {
                exit: Exit::Code(c),
                ..
            } => Some(*c),
            _ => None,
        }
    }
    /// Standard output.
    pub fn stdout(&self) -> &[u8] {
        match self {
            Self::Exit { stdout, .. } => stdout,
            _ => b"",
        }
    }
    /// A file that was read.
    pub fn read(&self, name: &str) -> Option<&[u8]> {
        match self {
            Self::Exit { read, .. } => read.get(name).map(Vec::as_slice),
            _ => None,
        }
    }
    /// The last lines of the log.
    pub fn tail(&self) -> &str {
        match self {
            Self::Exit { tail, .. } => tail,
            _ => "",
        }
    }
}

/// What an engine found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// What an apply would do.
    Planned {
        /// In changes.
        proposal: Proposal,
        /// The tool's own plan.
        saved: Option<Artifact>,
        /// Outputs that are known already.
        predicted: BTreeMap<String, Output>,
    },
    /// It was applied, or its outputs were read.
    Applied {
        /// All outputs.
        outputs: BTreeMap<String, Output>,
    },
    /// What differs from what was applied; nothing means no drift.
    Observed {
        /// The differences.
        drift: Vec<Change>,
    },
    /// It is destroyed.
    Gone,
    /// What became of an interrupted invocation.
    Recovered(Verdict),
    /// What a verifier says.
    Verified(Report),
    /// It did not work.
    Failed(Failure),
}

/// What became of an interrupted invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It ran to its end.
    Done,
    /// It never had an effect.
    NotDone,
    /// Some of it: plan what is left, within the same envelope.
    Partly,
    /// Nobody knows.
    Unknown,
}

/// What a verifier says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its name: `openscap`, `command`, `http`.
    pub verifier: String,
    /// Did it pass?
    pub ok: bool,
    /// A line for people.
    pub summary: String,
    /// More lines: failed rules, waivers with their reasons.
    pub detail: Vec<String>,
    /// The tool's own report, kept with the run.
    pub report: Option<Artifact>,
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure: alone decides about retries and the exit code.
    pub class: Class,
    /// A line for people.
    pub summary: String,
    /// The saved plan no longer fits: plan again instead of retrying.
    pub stale: bool,
}

impl Failure {
    /// A failure that a retry would not mend.
    pub fn permanent(summary: impl Into<String>) -> Self {
        Self {
            class: Class::Permanent,
            summary: summary.into(),
            stale: false,
        }
    }
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// May work next time.
    Transient,
    /// Will not work next time either.
    Permanent,
    /// Something is not there that another unit may make: a plan waits for that unit, where it has changes to make.
    Absent,
    /// Not allowed.
    Denied,
    /// Stopped by the user.
    Cancelled,
    /// Nobody knows what happened.
    Unknown,
}

/// The engine's state and what it wants next.
#[derive(Debug)]
pub struct Turn<S> {
    /// Handed back with the answer.
    pub state: S,
    /// What it wants.
    pub act: Act,
}

impl<S> Turn<S> {
    /// Run this next.
    pub fn run(state: S, invocation: Invocation) -> Self {
        Self {
            state,
            act: Act::Run(invocation),
        }
    }
    /// Done.
    pub fn finish(state: S, finding: Finding) -> Self {
        Self {
            state,
            act: Act::Finish(Box::new(finding)),
        }
    }
}
