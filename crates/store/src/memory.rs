//! A store in memory with the meaning of the real one, for tests and simulations.
//!
//! [`MemoryStore::another`] is what another process sees: the same content, leases of its own. Dropping a handle is
//! the death of its process: its leases can be taken at once, and requests it had not answered come again.
mod change;

use crate::recorded::{outputs_digest, recorded_outputs};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use strata_core::{
    digest::Digest,
    engine::Artifact,
    event::{Event, Recorded, TaskText},
    name::Address,
    plan::Plan,
    store::{
        Applied, AppliedChange, AppliedRow, Holder, Lease, Request, RunRecord, Store, StoreError,
    },
};
use tempfile::TempDir;

/// Digests are the same in every test.
const KEY: [u8; 32] = [7; 32];

/// A handle on a store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Mutex<State>>,
    handle: u64,
}

#[derive(Clone, Debug, Default)]
struct Row {
    generation: u64,
    seq: u64,
    /// Which handle holds it, and who that is.
    holder: Option<(u64, Holder)>,
}

#[derive(Debug, Default)]
struct State {
    handles: u64,
    /// Stands in for the clock: grows with every event.
    clock: u64,
    leases: BTreeMap<String, Row>,
    events: BTreeMap<String, Vec<Recorded>>,
    runs: BTreeMap<String, RunRecord>,
    plans: BTreeMap<String, Plan>,
    applied: BTreeMap<Address, Applied>,
    inbox: BTreeMap<String, Vec<Waiting>>,
    blobs: BTreeMap<(Digest, bool), Vec<u8>>,
    /// Packed files that a unit names.
    trees: BTreeMap<Digest, Arc<[u8]>>,
    /// Where a blob lies whose path was asked for.
    files: Option<TempDir>,
    generated: BTreeMap<String, String>,
    notes: BTreeMap<(String, String), String>,
}

#[derive(Debug)]
struct Waiting {
    request: Request,
    handed_to: Option<u64>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        let handle = self.handle;
        let mut state = self.state();
        for row in state.leases.values_mut() {
            row.holder.take_if(|(h, _)| *h == handle);
        }
        for waiting in state.inbox.values_mut().flatten() {
            waiting.handed_to.take_if(|h| *h == handle);
        }
    }
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            shared: Arc::default(),
            handle: 0,
        }
    }
    /// The same store as another process sees it.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut state = self.state();
        state.handles += 1;
        Self {
            shared: self.shared.clone(),
            handle: state.handles,
        }
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lease_row(&mut self, lease: &Lease) -> Result<&mut Row, StoreError> {
        self.leases
            .get_mut(&lease.env)
            .filter(|row| row.generation == lease.generation)
            .ok_or_else(|| StoreError::Fenced(lease.env.clone()))
    }
    fn done_with(&mut self, env: &str, handle: u64) {
        if let Some(inbox) = self.inbox.get_mut(env) {
            inbox.retain(|w| w.handed_to != Some(handle));
        }
    }
}

fn row(applied: &Applied) -> AppliedRow {
    let outputs = recorded_outputs(&applied.outputs, &|b| Digest::keyed(&KEY, b));
    AppliedRow {
        unit: applied.unit.clone(),
        fingerprint: applied.fingerprint,
        outputs_digest: outputs_digest(&outputs),
        outputs: outputs.into(),
        verified: applied.verified,
        at: applied.at,
    }
}

fn io(doing: String) -> impl FnOnce(std::io::Error) -> StoreError {
    crate::durable::io(doing)
}

impl Store for MemoryStore {
    fn take(&self, env: &str, holder: &Holder) -> Result<Lease, StoreError> {
        let mut state = self.state();
        let row = state.leases.entry(env.to_owned()).or_default();
        if let Some((_, holder)) = &row.holder {
            return Err(StoreError::Held {
                env: env.to_owned(),
                holder: holder.clone(),
            });
        }
        row.generation += 1;
        row.holder = Some((self.handle, holder.clone()));
        Ok(Lease {
            env: env.to_owned(),
            generation: row.generation,
            seq: row.seq,
        })
    }
    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut state = self.state();
        state.lease_row(lease)?.holder = None;
        state.done_with(&lease.env, self.handle);
        Ok(())
    }
    fn holder(&self, env: &str) -> Result<Option<Holder>, StoreError> {
        let state = self.state();
        let holder = state.leases.get(env).and_then(|row| row.holder.as_ref());
        Ok(holder.map(|(_, holder)| holder.clone()))
    }
    fn generation(&self, env: &str) -> Result<u64, StoreError> {
        Ok(self.state().leases.get(env).map_or(0, |row| row.generation))
    }
    fn append(
        &self,
        lease: &mut Lease,
        run: &str,
        events: &[Event],
        applied: &[AppliedChange],
        _sync: bool,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.lease_row(lease)?.seq != lease.seq {
            return Err(StoreError::Fenced(lease.env.clone()));
        }
        state.change(applied)?;
        let state = &mut *state;
        let log = state.events.entry(lease.env.clone()).or_default();
        for event in events {
            lease.seq += 1;
            state.clock += 1;
            log.push(Recorded {
                seq: lease.seq,
                run: run.into(),
                at: state.clock,
                event: event.clone(),
            });
        }
        state.lease_row(lease)?.seq = lease.seq;
        Ok(())
    }
    fn each_event(
        &self,
        env: &str,
        run: Option<&str>,
        after: u64,
        each: &mut dyn FnMut(Recorded),
    ) -> Result<(), StoreError> {
        let state = self.state();
        let log = state.events.get(env).map_or(&[][..], Vec::as_slice);
        let wanted = |r: &&Recorded| r.seq > after && run.is_none_or(|run| run == &*r.run);
        for recorded in log.iter().filter(wanted) {
            let mut recorded = recorded.clone();
            if let Event::Intent { task, .. } = &mut recorded.event {
                *task = None;
            }
            each(recorded);
        }
        Ok(())
    }
    fn task(&self, env: &str, seq: u64) -> Result<Option<TaskText>, StoreError> {
        let state = self.state();
        let log = state.events.get(env).map_or(&[][..], Vec::as_slice);
        let found = log.iter().find(|r| r.seq == seq);
        Ok(found.and_then(|r| r.event.task().cloned()))
    }
    fn put_run(&self, record: &RunRecord, plan: Option<&Plan>) -> Result<(), StoreError> {
        let mut state = self.state();
        state.runs.insert(record.run.clone(), record.clone());
        if let Some(plan) = plan {
            state.plans.insert(record.run.clone(), plan.clone());
        }
        Ok(())
    }
    fn runs(&self, env: Option<&str>, most: usize) -> Result<Vec<RunRecord>, StoreError> {
        let state = self.state();
        let wanted = |r: &&RunRecord| env.is_none_or(|env| r.envs.iter().any(|e| e == env));
        Ok(state
            .runs
            .values()
            .rev()
            .filter(wanted)
            .take(most)
            .cloned()
            .collect())
    }
    fn plan(&self, run: &str) -> Result<Option<Plan>, StoreError> {
        Ok(self.state().plans.get(run).cloned())
    }
    fn applied_rows(&self, env: Option<&str>) -> Result<Vec<AppliedRow>, StoreError> {
        let state = self.state();
        let wanted = |a: &&Applied| env.is_none_or(|env| *a.unit.env == *env);
        Ok(state.applied.values().filter(wanted).map(row).collect())
    }
    fn applied(&self, unit: &Address) -> Result<Option<Applied>, StoreError> {
        Ok(self.state().applied.get(unit).cloned())
    }
    fn ask(&self, env: &str, request: &Request) -> Result<(), StoreError> {
        let waiting = Waiting {
            request: request.clone(),
            handed_to: None,
        };
        self.state()
            .inbox
            .entry(env.to_owned())
            .or_default()
            .push(waiting);
        Ok(())
    }
    fn requests(&self, env: &str) -> Result<Vec<Request>, StoreError> {
        let mut state = self.state();
        state.done_with(env, self.handle);
        let Some(inbox) = state.inbox.get_mut(env) else {
            return Ok(Vec::new());
        };
        let hand_out = |w: &mut Waiting| {
            w.handed_to = Some(self.handle);
            w.request.clone()
        };
        Ok(inbox.iter_mut().map(hand_out).collect())
    }
    fn put_blob(&self, bytes: &[u8], sensitive: bool) -> Result<Artifact, StoreError> {
        let digest = Digest::of(bytes);
        self.state()
            .blobs
            .insert((digest, sensitive), bytes.to_vec());
        Ok(Artifact {
            digest,
            sensitive,
            size: bytes.len() as u64,
        })
    }
    fn put_file(&self, file: &Path, sensitive: bool) -> Result<Artifact, StoreError> {
        let bytes = fs::read(file).map_err(io(format!("read {}", file.display())))?;
        self.put_blob(&bytes, sensitive)
    }
    fn blob(&self, artifact: &Artifact) -> Result<Vec<u8>, StoreError> {
        let state = self.state();
        let found = state
            .blobs
            .get(&(artifact.digest, artifact.sensitive))
            .cloned();
        let tree = || state.trees.get(&artifact.digest).map(|t| t.to_vec());
        found
            .or_else(tree)
            .ok_or_else(|| StoreError::NoBlob(artifact.digest.to_string()))
    }
    fn blob_path(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        let mut state = self.state();
        let State { blobs, files, .. } = &mut *state;
        let bytes = blobs
            .get(&(*digest, false))
            .ok_or_else(|| StoreError::NoBlob(digest.to_string()))?;
        if files.is_none() {
            *files = Some(tempfile::tempdir().map_err(io("make a folder for blobs".to_owned()))?);
        }
        let path = files
            .as_ref()
            .expect("just made")
            .path()
            .join(digest.to_string());
        if !path.exists() {
            let doing = || format!("write {}", path.display());
            fs::write(&path, bytes).map_err(io(doing()))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).map_err(io(doing()))?;
        }
        Ok(path)
    }
    fn generated(
        &self,
        name: &str,
        make: &mut dyn FnMut() -> String,
    ) -> Result<String, StoreError> {
        if let Some(secret) = self.state().generated.get(name) {
            return Ok(secret.clone());
        }
        let secret = make();
        Ok(self
            .state()
            .generated
            .entry(name.to_owned())
            .or_insert(secret)
            .clone())
    }
    fn keyed(&self, bytes: &[u8]) -> Digest {
        Digest::keyed(&KEY, bytes)
    }
    fn note(&self, kind: &str, facts: &[(&str, &str)]) -> Result<(), StoreError> {
        let facts = facts
            .iter()
            .map(|(k, v)| ((kind.to_owned(), (*k).to_owned()), (*v).to_owned()));
        self.state().notes.extend(facts);
        Ok(())
    }
    fn notes(&self, kind: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let state = self.state();
        let of_kind = state.notes.iter().filter(|((k, _), _)| k == kind);
        Ok(of_kind
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }
}
