//! The life of one step: which event may follow which status. Everything that is not in the table is a bug or a
//! second writer.
use strata_core::{
    digest::Digest,
    engine::{Class, Verdict},
    event::{Event, Gate},
};

/// Where a step stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Nothing has happened.
    Pending,
    /// Planned with real inputs.
    Planned {
        /// Digest of what will be done.
        proposal: Digest,
        /// Has a person approved exactly this?
        approved: bool,
    },
    /// Waits at a gate.
    Held {
        /// Which.
        gate: Gate,
    },
    /// An attempt runs.
    Running {
        /// Which.
        attempt: u32,
    },
    /// The process that ran it is gone.
    Unsure {
        /// Which attempt.
        attempt: u32,
    },
    /// Applied, not verified yet.
    Applied,
    /// Applied and verified, or nothing to do.
    Done,
    /// It did not work.
    Failed {
        /// What kind of failure.
        class: Class,
        /// Its saved plan no longer fitted.
        stale: bool,
    },
    /// A person said no.
    Refused,
    /// It will not run.
    Cancelled,
}

/// An event that must not follow a status.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the journal is inconsistent: {event:?} cannot follow {status:?}")]
pub struct Illegal {
    /// The status.
    pub status: Status,
    /// The event.
    pub event: Box<Event>,
}

impl Status {
    /// Has it come to an end in this run?
    pub const fn settled(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::Refused | Self::Cancelled | Self::Failed { .. }
        )
    }

    /// The table. `attempts` is the number of attempts so far.
    pub fn next(self, event: &Event, attempts: u32) -> Result<Self, Illegal> {
        use Event as E;
        Ok(match (self, event) {
            (Self::Pending | Self::Planned { .. }, E::Planned { proposal, .. }) => Self::Planned {
                proposal: proposal.digest(),
                approved: false,
            },
            (Self::Pending | Self::Planned { .. }, E::CutOff { .. }) => Self::Done,
            (
                Self::Pending,
                E::Held {
                    gate: Gate::HandOff,
                    ..
                },
            ) => Self::Held {
                gate: Gate::HandOff,
            },
            (
                Self::Planned { proposal, .. },
                E::Held {
                    gate: Gate::Beyond { proposal: p },
                    ..
                },
            ) if proposal == *p => Self::Held {
                gate: Gate::Beyond { proposal },
            },
            (
                Self::Unsure { attempt },
                E::Held {
                    gate: Gate::Unsure { attempt: a },
                    ..
                },
            ) if attempt == *a => Self::Held {
                gate: Gate::Unsure { attempt },
            },
            (Self::Held { gate }, E::Answered { gate: g, yes, .. }) if gate == *g => {
                match (gate, yes) {
                    (_, false) => Self::Refused,
                    (Gate::Beyond { proposal }, true) => Self::Planned {
                        proposal,
                        approved: true,
                    },
                    (Gate::HandOff, true) => Self::Running { attempt: attempts },
                    (Gate::Unsure { .. }, true) => Self::Pending,
                }
            }
            (Self::Planned { .. }, E::Intent { handle, .. }) if handle.attempt == attempts + 1 => {
                Self::Running {
                    attempt: handle.attempt,
                }
            }
            (Self::Running { attempt }, E::Intent { handle, .. }) if handle.attempt == attempt => {
                Self::Running { attempt }
            }
            (
                Self::Planned { .. } | Self::Running { .. } | Self::Unsure { .. },
                E::Applied { .. },
            ) => Self::Applied,
            (
                Self::Pending
                | Self::Planned { .. }
                | Self::Running { .. }
                | Self::Unsure { .. }
                | Self::Applied,
                E::Failed { class, stale, .. },
            ) => Self::Failed {
                class: *class,
                stale: *stale,
            },
            (Self::Running { attempt }, E::RunTaken { .. }) => Self::Unsure { attempt },
            // its saved plan died with the process; what the user stopped is gone on with
            (
                Self::Planned { .. }
                | Self::Failed {
                    class: Class::Cancelled,
                    ..
                },
                E::RunTaken { .. },
            ) => Self::Pending,
            (
                Self::Unsure { .. },
                E::Recovered {
                    verdict: Verdict::NotDone | Verdict::Partly,
                    ..
                },
            ) => Self::Pending,
            (
                Self::Unsure { attempt },
                E::Recovered {
                    verdict: Verdict::Done,
                    ..
                },
            ) => Self::Running { attempt },
            (
                Self::Unsure { attempt },
                E::Recovered {
                    verdict: Verdict::Unknown,
                    ..
                },
            ) => Self::Unsure { attempt },
            (Self::Applied, E::Verified { ok: true, .. }) => Self::Done,
            (Self::Applied, E::Verified { ok: false, .. }) => Self::Failed {
                class: Class::Permanent,
                stale: false,
            },
            (
                Self::Failed {
                    class: Class::Transient,
                    ..
                }
                | Self::Failed { stale: true, .. },
                E::Retry { .. },
            ) => Self::Pending,
            (Self::Pending | Self::Planned { .. } | Self::Held { .. }, E::Cancelled { .. }) => {
                Self::Cancelled
            }
            (status, E::RunTaken { .. }) => status,
            (status, event) => {
                return Err(Illegal {
                    status,
                    event: Box::new(event.clone()),
                });
            }
        })
    }
}
