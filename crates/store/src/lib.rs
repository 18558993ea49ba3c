//! Keeps what outlives a process: the journal, leases, what is applied, plans, blobs, secrets, requests.
//!
//! - [`sqlite`]: the store of a platform on one machine, in its folder `.strata`.
//! - [`memory`], [`faulty`]: the same without a disk, and one that fails on demand, for tests.
//! - [`conformance`]: what every store has to do; a new store calls it in its tests.
//! - [`seal`], [`blobs`]: encryption at rest and files by digest, used by the store.
//!
//! Not here: what events mean (`strata-run` folds them), when a plan is stale, what a secret looks like.
pub mod blobs;
mod body;
pub mod conformance;
mod durable;
pub mod faulty;
mod lock;
pub mod memory;
mod recorded;
pub mod seal;
pub mod sqlite;

pub use recorded::{outputs_digest, recorded_outputs};
