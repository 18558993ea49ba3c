//! The store seam: journal, leases, what was applied, blobs, an inbox for other processes.
use crate::{
    digest::Digest,
    engine::{Artifact, Task},
    event::{Event, Gate, Recorded, TaskText},
    name::Address,
    plan::Plan,
    value::Output,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// The right to act on one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The environment.
    pub env: String,
    /// Fencing number: grows with every taker.
    pub generation: u64,
    /// The last position written under it.
    pub seq: u64,
}

/// Who holds a lease, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// User and machine.
    pub who: String,
    /// What it does: `apply`, `destroy`.
    pub doing: String,
}

/// What was applied last, as far as a plan needs it: light enough for ten thousand units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRow {
    /// The unit.
    pub unit: Address,
    /// Fingerprint of what was applied.
    pub fingerprint: Digest,
    /// Digest of its outputs, sensitive ones included (keyed).
    pub outputs_digest: Digest,
    /// JSON object of its outputs that are not sensitive, and of the names of the others: `{"x": {"value": 1}, "y": {"sensitive": "DIGEST"}}`.
    pub outputs: Arc<str>,
    /// Did its verifiers pass? `None` when it has none.
    pub verified: Option<bool>,
    /// When it was applied: milliseconds since 1970.
    pub at: u64,
}

/// All that is known of an applied unit: enough to destroy it when the files are gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The unit.
    pub unit: Address,
    /// Its layer.
    pub layer: String,
    /// Fingerprint of what was applied.
    pub fingerprint: Digest,
    /// The named parts of the fingerprint, to say what changed.
    pub parts: BTreeMap<String, Digest>,
    /// Its outputs; sensitive ones are sealed at rest.
    pub outputs: BTreeMap<String, Output>,
    /// The task as it was applied.
    pub task: Task,
    /// The files it ran with: a blob.
    pub tree: Option<Artifact>,
    /// Units it was given outputs of, or came after.
    pub needs: Vec<Address>,
    /// What must be unique in the platform.
    pub identities: Vec<String>,
    /// Protected against `destroy`, `replace`.
    pub protect: Vec<String>,
    /// Did its verifiers pass?
    pub verified: Option<bool>,
    /// When: milliseconds since 1970.
    pub at: u64,
}

/// The fingerprint of a unit of which nobody knows how it is.
pub fn unsettled() -> Digest {
    Digest::of(b"unsettled")
}

/// A change of what is applied, written together with the events that say so.
#[derive(Clone, Debug)]
pub enum AppliedChange {
    /// It is applied.
    Put(Box<Applied>),
    /// The packed files that the next [`AppliedChange::Put`] names: kept once, however many units have them, as long
    /// as one has.
    Tree(Artifact, Arc<[u8]>),
    /// It is verified, or not.
    Verified(Address, bool),
    /// A step that changes it failed half way: from now on it has [`unsettled`] as its fingerprint, which no files have.
    Unsettled(Address),
    /// It is gone.
    Remove(Address),
    /// It has another address.
    Move(Address, Address),
}

impl AppliedChange {
    /// Packed files, and the name under which a unit has them.
    pub fn tree(bytes: Vec<u8>) -> (Artifact, Self) {
        let artifact = Artifact {
            digest: Digest::of(&bytes),
            sensitive: false,
            size: bytes.len() as u64,
        };
        (artifact.clone(), Self::Tree(artifact, bytes.into()))
    }
}

/// What another process wants of the one that holds the lease.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request")]
pub enum Request {
    /// Answers a gate; a hand-off brings outputs.
    Answer {
        /// The unit.
        unit: Address,
        /// Which gate.
        gate: Gate,
        /// Go on?
        yes: bool,
        /// Who.
        by: String,
        /// Outputs handed back; sensitive ones are sealed at rest.
        outputs: BTreeMap<String, Output>,
        /// A file that proves it.
        evidence: Option<Artifact>,
    },
    /// End the run.
    Cancel {
        /// Stop running tools too?
        now: bool,
    },
}

/// A run, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id; ids sort by time.
    pub run: String,
    /// Its environments.
    pub envs: Vec<String>,
    /// `apply` or `destroy`.
    pub verb: String,
    /// Digest of its plan.
    pub plan: Digest,
    /// When it began: milliseconds since 1970.
    pub started: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// How: `done`, `failed`, `waiting`, `cancelled`, `running`, `superseded`.
    pub state: String,
}

/// Keeps everything that outlives a process.
pub trait Store: Send + Sync {
    /// Takes the lease of an environment; grows its generation. Refused while another living process holds it.
    fn take(&self, env: &str, holder: &Holder) -> Result<Lease, StoreError>;
    /// Gives it back.
    fn release(&self, lease: &Lease) -> Result<(), StoreError>;
    /// Who holds it now.
    fn holder(&self, env: &str) -> Result<Option<Holder>, StoreError>;
    /// The present generation, for a supervisor that is about to start a tool.
    fn generation(&self, env: &str) -> Result<u64, StoreError>;
    /// Appends events and what they change, in one transaction that fails when the lease is not the newest.
    /// On disk when it returns if one of the events must be, or `sync` says so. The handle of an intent is of the
    /// event's unit and of this run.
    fn append(
        &self,
        lease: &mut Lease,
        run: &str,
        events: &[Event],
        applied: &[AppliedChange],
        sync: bool,
    ) -> Result<(), StoreError>;
    /// Everything that happened in an environment after a position, oldest first; of one run when named. Without the
    /// tasks of intents: journals have many, and [`Store::task`] has those that somebody needs. `each` may not use the
    /// store.
    fn each_event(
        &self,
        env: &str,
        run: Option<&str>,
        after: u64,
        each: &mut dyn FnMut(Recorded),
    ) -> Result<(), StoreError>;
    /// The task that the event at a position brought.
    fn task(&self, env: &str, seq: u64) -> Result<Option<TaskText>, StoreError>;
    /// What [`Store::each_event`] tells, as a list and with the tasks.
    fn events(
        &self,
        env: &str,
        run: Option<&str>,
        after: u64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut all = Vec::new();
        self.each_event(env, run, after, &mut |recorded| all.push(recorded))?;
        for recorded in &mut all {
            if let Event::Intent { task, .. } = &mut recorded.event {
                *task = self.task(env, recorded.seq)?;
            }
        }
        Ok(all)
    }

    /// Notes a run and its plan.
    fn put_run(&self, record: &RunRecord, plan: Option<&Plan>) -> Result<(), StoreError>;
    /// Runs, newest first; of one environment when named.
    fn runs(&self, env: Option<&str>, most: usize) -> Result<Vec<RunRecord>, StoreError>;
    /// The plan of a run.
    fn plan(&self, run: &str) -> Result<Option<Plan>, StoreError>;

    /// What is applied, in all environments or one, sorted by address.
    fn applied_rows(&self, env: Option<&str>) -> Result<Vec<AppliedRow>, StoreError>;
    /// All that is known of one unit, sensitive outputs opened.
    fn applied(&self, unit: &Address) -> Result<Option<Applied>, StoreError>;

    /// Leaves a request for whoever holds the lease.
    fn ask(&self, env: &str, request: &Request) -> Result<(), StoreError>;
    /// Takes the requests of an environment, oldest first.
    fn requests(&self, env: &str) -> Result<Vec<Request>, StoreError>;

    /// Keeps bytes; encrypted when sensitive.
    fn put_blob(&self, bytes: &[u8], sensitive: bool) -> Result<Artifact, StoreError>;
    /// Keeps a file without reading it into memory; encrypted when sensitive.
    fn put_file(&self, file: &Path, sensitive: bool) -> Result<Artifact, StoreError>;
    /// Kept bytes.
    fn blob(&self, artifact: &Artifact) -> Result<Vec<u8>, StoreError>;
    /// The path of a kept file that is not sensitive, read-only.
    fn blob_path(&self, digest: &Digest) -> Result<std::path::PathBuf, StoreError>;

    /// A secret that is made once and kept sealed; `make` is called when there is none.
    fn generated(&self, name: &str, make: &mut dyn FnMut() -> String)
    -> Result<String, StoreError>;
    /// Digest of a secret under this store's own key.
    fn keyed(&self, bytes: &[u8]) -> Digest;
    /// Small facts (key and value) that may be lost: durations by unit, tool versions by path and time of change.
    fn note(&self, kind: &str, facts: &[(&str, &str)]) -> Result<(), StoreError>;
    /// All notes of a kind.
    fn notes(&self, kind: &str) -> Result<BTreeMap<String, String>, StoreError>;
}

/// The store could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A living process holds the lease.
    #[error("`{env}` is in use: {} (process {}) is doing `{}`", holder.who, holder.pid, holder.doing)]
    Held {
        /// The environment.
        env: String,
        /// By whom.
        holder: Holder,
    },
    /// A newer lease exists.
    #[error("another run has taken over `{0}`; nothing was written")]
    Fenced(String),
    /// It is damaged, or of another version.
    #[error("the store {path} cannot be used: {why}")]
    Damaged {
        /// Its file.
        path: String,
        /// Why, and the way out.
        why: String,
    },
    /// A blob is missing.
    #[error("the store has no blob {0}")]
    NoBlob(String),
    /// The system refused.
    #[error("cannot {doing}: {why}")]
    Io {
        /// What was being done to what.
        doing: String,
        /// Why it failed.
        why: String,
    },
}
