//! Runs a plan: a journalled state machine, and the driver that gives its commands to engines and executors.
//!
//! - [`status`]: the table of legal transitions of one step.
//! - [`machine`]: a run as a fold over events, and what to do next; pure, without clock, file or thread.
//! - [`session`]: one step's dialogue between an engine and an executor.
//! - [`batch`]: reading runs (plan, observe, verify, outputs): nothing is written or journalled.
//! - [`driver`]: an apply or destroy run: append, then act.
//! - [`simulate`]: the schedule that the same durations allow, to measure the real one against.
//!
//! Not here: which steps a plan has (`strata-plan`), how anything looks on a screen (`strata`).
pub mod batch;
pub mod driver;
pub mod machine;
pub mod pool;
pub mod recover;
pub mod session;
pub mod simulate;
pub mod status;
mod waiting;
