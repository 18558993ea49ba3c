//! What happened in a run. The journal is a list of these; everything that is shown is a fold over them.
use crate::{
    digest::Digest,
    engine::{Class, Report, Task, Verb, Verdict},
    executor::Handle,
    name::Address,
    proposal::Proposal,
};
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;
use std::{fmt, sync::Arc};

/// Where a run waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The real plan goes beyond what was approved; bound to what was shown.
    Beyond {
        /// Digest of the proposal.
        proposal: Digest,
    },
    /// People have to do something.
    HandOff,
    /// Nobody knows whether an interrupted attempt ran.
    Unsure {
        /// Which attempt.
        attempt: u32,
    },
}

/// A task as the journal keeps it: text. Every attempt leaves one, and only who goes on with the attempt reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskText(Arc<str>);

impl TaskText {
    /// A task as text.
    pub fn of(task: &Task) -> Self {
        Self(
            serde_json::to_string(task)
                .expect("plain data serialises")
                .into(),
        )
    }
    /// Text that was kept. It is not looked at before somebody wants the task.
    pub fn kept(text: &str) -> Self {
        Self(text.into())
    }
    /// As it is kept.
    pub fn text(&self) -> &str {
        &self.0
    }
    /// The task; an error when what was kept is damaged.
    pub fn task(&self) -> Result<Task, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}
impl fmt::Debug for TaskText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl Serialize for TaskText {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(s)
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// A run began under a lease.
    RunStarted {
        /// Digest of its plan.
        plan: Digest,
        /// Generation of the lease.
        generation: u64,
        /// `apply` or `destroy`.
        verb: Verb,
    },
    /// Another process goes on with it.
    RunTaken {
        /// Its generation.
        generation: u64,
    },
    /// The user wants it to end; `now` also stops running tools.
    CancelRequested {
        /// Stop running tools too?
        now: bool,
    },
    /// Only waits are left: the lease is free again.
    Parked,
    /// Another plan took its place.
    Superseded {
        /// The new run.
        by: String,
    },
    /// Nothing is left to do.
    RunFinished,
    /// Planned for real, with real inputs.
    Planned {
        /// The unit.
        unit: Address,
        /// What will be done.
        proposal: Proposal,
        /// The fingerprint of files and real inputs.
        fingerprint: Digest,
    },
    /// Equal to what was applied last: nothing runs.
    CutOff {
        /// The unit.
        unit: Address,
        /// Its fingerprint.
        fingerprint: Digest,
    },
    /// It waits at a gate.
    Held {
        /// The unit.
        unit: Address,
        /// Where.
        gate: Gate,
        /// For people.
        text: String,
    },
    /// Somebody answered.
    Answered {
        /// The unit.
        unit: Address,
        /// Which question.
        gate: Gate,
        /// Go on?
        yes: bool,
        /// Who.
        by: String,
    },
    /// An invocation that writes is about to start. Durable before it does.
    Intent {
        /// The unit.
        unit: Address,
        /// Its handle.
        handle: Handle,
        /// What it is called.
        label: String,
        /// What to do when nobody knows whether it ran.
        recovery: crate::engine::Recovery,
        /// The engine's state, to go on from.
        state: String,
        /// The whole task, on the first invocation of an attempt.
        task: Option<TaskText>,
    },
    /// It was applied (or destroyed, in a destroy run).
    Applied {
        /// The unit.
        unit: Address,
        /// Fingerprint of what was applied.
        fingerprint: Digest,
        /// Digest of its outputs.
        outputs: Digest,
    },
    /// It did not work.
    Failed {
        /// The unit.
        unit: Address,
        /// What kind of failure.
        class: Class,
        /// The saved plan no longer fits.
        stale: bool,
        /// For people.
        summary: String,
    },
    /// Once more.
    Retry {
        /// The unit.
        unit: Address,
    },
    /// What became of an interrupted attempt.
    Recovered {
        /// The unit.
        unit: Address,
        /// What.
        verdict: Verdict,
    },
    /// All verifiers were run.
    Verified {
        /// The unit.
        unit: Address,
        /// Did all pass?
        ok: bool,
        /// What each said.
        reports: Vec<Report>,
    },
    /// It will not run.
    Cancelled {
        /// The unit.
        unit: Address,
        /// Why.
        why: String,
    },
}

impl Event {
    /// The unit it is about.
    pub fn unit(&self) -> Option<&Address> {
        match self {
            Self::Planned { unit, .. }
            | Self::CutOff { unit, .. }
            | Self::Held { unit, .. }
            | Self::Answered { unit, .. }
            | Self::Intent { unit, .. }
            | Self::Applied { unit, .. }
            | Self::Failed { unit, .. }
            | Self::Retry { unit }
            | Self::Recovered { unit, .. }
            | Self::Verified { unit, .. }
            | Self::Cancelled { unit, .. } => Some(unit),
            _ => None,
        }
    }
    /// The task that it brings.
    pub const fn task(&self) -> Option<&TaskText> {
        match self {
            Self::Intent { task, .. } => task.as_ref(),
            _ => None,
        }
    }
    /// Must it be on disk before the next thing happens?
    pub fn durable_first(&self) -> bool {
        matches!(
            self,
            Self::Intent { .. }
                | Self::Answered { .. }
                | Self::RunStarted { .. }
                | Self::RunTaken { .. }
                | Self::RunFinished
        )
    }
}

/// An event as the journal has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recorded {
    /// Position in the log of its environment.
    pub seq: u64,
    /// The run.
    pub run: Arc<str>,
    /// Milliseconds since 1970, by the clock of who wrote it.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
