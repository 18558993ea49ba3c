//! A store that fails when it is told to, to try out what its callers do then.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
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

/// When the call that fails does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done.
    Before,
    /// It was done, and nobody heard of it (a cut connection, a failed sync).
    After,
}

/// Passes every call on, but for one.
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    nth: u64,
    fault: Fault,
    calls: AtomicU64,
}

impl<S> Faulty<S> {
    /// Fails the `nth` call, counted from 1; 0 fails none. [`Store::keyed`] can't fail and is not counted.
    pub fn new(inner: S, nth: u64, fault: Fault) -> Self {
        Self {
            inner,
            nth,
            fault,
            calls: AtomicU64::new(0),
        }
    }
    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
    /// The store behind it.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn call<T>(
        &self,
        doing: &str,
        call: impl FnOnce(&S) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let n = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if n != self.nth {
            return call(&self.inner);
        }
        if self.fault == Fault::After {
            call(&self.inner)?;
        }
        Err(StoreError::Io {
            doing: doing.to_owned(),
            why: format!("call {n} fails, as was asked"),
        })
    }
}

impl<S: Store> Store for Faulty<S> {
    fn take(&self, env: &str, holder: &Holder) -> Result<Lease, StoreError> {
        self.call("take a lease", |s| s.take(env, holder))
    }
    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.call("give a lease back", |s| s.release(lease))
    }
    fn holder(&self, env: &str) -> Result<Option<Holder>, StoreError> {
        self.call("read a lease", |s| s.holder(env))
    }
    fn generation(&self, env: &str) -> Result<u64, StoreError> {
        self.call("read a generation", |s| s.generation(env))
    }
    fn append(
        &self,
        lease: &mut Lease,
        run: &str,
        events: &[Event],
        applied: &[AppliedChange],
        sync: bool,
    ) -> Result<(), StoreError> {
        // whoever does not hear of the success does not hear of the new position either
        let mut moved = lease.clone();
        self.call("append to the journal", |s| {
            s.append(&mut moved, run, events, applied, sync)
        })?;
        *lease = moved;
        Ok(())
    }
    fn each_event(
        &self,
        env: &str,
        run: Option<&str>,
        after: u64,
        each: &mut dyn FnMut(Recorded),
    ) -> Result<(), StoreError> {
        self.call("read the journal", |s| s.each_event(env, run, after, each))
    }
    fn task(&self, env: &str, seq: u64) -> Result<Option<TaskText>, StoreError> {
        self.call("read a task", |s| s.task(env, seq))
    }
    fn put_run(&self, record: &RunRecord, plan: Option<&Plan>) -> Result<(), StoreError> {
        self.call("note a run", |s| s.put_run(record, plan))
    }
    fn runs(&self, env: Option<&str>, most: usize) -> Result<Vec<RunRecord>, StoreError> {
        self.call("read the list of runs", |s| s.runs(env, most))
    }
    fn plan(&self, run: &str) -> Result<Option<Plan>, StoreError> {
        self.call("read a plan", |s| s.plan(run))
    }
    fn applied_rows(&self, env: Option<&str>) -> Result<Vec<AppliedRow>, StoreError> {
        self.call("read what is applied", |s| s.applied_rows(env))
    }
    fn applied(&self, unit: &Address) -> Result<Option<Applied>, StoreError> {
        self.call("read what is applied", |s| s.applied(unit))
    }
    fn ask(&self, env: &str, request: &Request) -> Result<(), StoreError> {
        self.call("leave a request", |s| s.ask(env, request))
    }
    fn requests(&self, env: &str) -> Result<Vec<Request>, StoreError> {
        self.call("read requests", |s| s.requests(env))
    }
    fn put_blob(&self, bytes: &[u8], sensitive: bool) -> Result<Artifact, StoreError> {
        self.call("keep a blob", |s| s.put_blob(bytes, sensitive))
    }
    fn put_file(&self, file: &Path, sensitive: bool) -> Result<Artifact, StoreError> {
        self.call("keep a file", |s| s.put_file(file, sensitive))
    }
    fn blob(&self, artifact: &Artifact) -> Result<Vec<u8>, StoreError> {
        self.call("read a blob", |s| s.blob(artifact))
    }
    fn blob_path(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        self.call("find a blob", |s| s.blob_path(digest))
    }
    fn generated(
        &self,
        name: &str,
        make: &mut dyn FnMut() -> String,
    ) -> Result<String, StoreError> {
        self.call("keep a generated secret", |s| s.generated(name, make))
    }
    fn keyed(&self, bytes: &[u8]) -> Digest {
        self.inner.keyed(bytes)
    }
    fn note(&self, kind: &str, facts: &[(&str, &str)]) -> Result<(), StoreError> {
        self.call("write notes", |s| s.note(kind, facts))
    }
    fn notes(&self, kind: &str) -> Result<BTreeMap<String, String>, StoreError> {
        self.call("read notes", |s| s.notes(kind))
    }
}
