//! The store of a platform on one machine: `store.db` (SQLite, write-ahead log) in its folder, blobs and locks beside.
//!
//! One connection writes, behind a lock; another one reads, so that a reader never waits for a writer. The log is
//! synced only when a transaction has to be on disk ([`strata_core::event::Event::durable_first`]); whatever was
//! written before it is then on disk too. Not for network file systems: those are refused.
mod applied;
mod damage;
mod facts;
mod journal;
mod lease;
mod runs;
mod schema;

use crate::{
    blobs::Blobs,
    durable,
    lock::{self, Lock},
    seal::Seal,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
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

/// How a store is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file with the age identity that seals it. It must exist. Without: `key` in the store's folder, made when
    /// the store is.
    pub identity: Option<PathBuf>,
    /// What blobs may take on disk, in bytes.
    pub blob_budget: Option<u64>,
}

/// A store in a folder.
#[derive(Debug)]
pub struct SqliteStore {
    dir: PathBuf,
    file: PathBuf,
    seal: Arc<Seal>,
    packing: applied::Packing,
    blobs: Blobs,
    writer: Mutex<Writer>,
    reader: Mutex<Connection>,
    /// Leases of this process: generation and lock by environment.
    held: Mutex<BTreeMap<String, (u64, Lock)>>,
    /// The newest request that was handed out, by environment.
    handed_out: Mutex<BTreeMap<String, i64>>,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    /// Does a commit sync the log?
    syncs: bool,
}

/// Why a transaction was given up.
enum Fail {
    Sql(rusqlite::Error),
    Store(StoreError),
}
impl From<rusqlite::Error> for Fail {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sql(e)
    }
}
impl From<StoreError> for Fail {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

impl SqliteStore {
    /// Opens the store in `dir` (`.strata`), and makes it when there is none.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, &Options::default())
    }

    /// The same with options.
    pub fn open_with(dir: &Path, options: &Options) -> Result<Self, StoreError> {
        durable::private_folder(dir)?;
        damage::refuse_network(dir)?;
        durable::private_folder(&dir.join("locks"))?;
        let ignore = dir.join(".gitignore");
        if !ignore.exists() {
            durable::write(&ignore, b"*\n", 0o644)?;
        }
        // two that open at once would both make a database or a key
        let _opening = Lock::wait(&dir.join("locks").join("opening"))?;
        let file = dir.join("store.db");
        let writer = schema::open(&file)?;
        let seal = Arc::new(key(dir, &file, &writer, options)?);
        let reader = schema::open_reader(&file)?;
        Ok(Self {
            dir: dir.to_owned(),
            blobs: Blobs::open(&dir.join("blobs"), seal.clone(), options.blob_budget)?,
            seal,
            packing: applied::Packing::default(),
            writer: Mutex::new(Writer {
                connection: writer,
                syncs: false,
            }),
            reader: Mutex::new(reader),
            held: Mutex::default(),
            handed_out: Mutex::default(),
            file,
        })
    }

    /// Its blobs, to remove old ones.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Reads the whole database and says what is damaged in it. Slow: for a command that asks for it.
    pub fn check(&self) -> Result<(), StoreError> {
        self.read("check the store", |c| {
            let said: String = c.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
            if said == "ok" {
                Ok(())
            } else {
                Err(damage::damaged(&self.file, &said).into())
            }
        })
    }

    /// One transaction. On disk when it returns if `sync`; what was written before then is too.
    fn write<T>(
        &self,
        doing: &str,
        sync: bool,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fail>,
    ) -> Result<T, StoreError> {
        let mut writer = guard(&self.writer);
        let run = || -> Result<T, Fail> {
            if writer.syncs != sync {
                let level = if sync { "FULL" } else { "NORMAL" };
                writer
                    .connection
                    .pragma_update(None, "synchronous", level)?;
                writer.syncs = sync;
            }
            let tx = writer
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let made = work(&tx)?;
            tx.commit()?;
            Ok(made)
        };
        run().map_err(|e| self.error(doing, e))
    }

    /// Reads outside of what is being written.
    fn read<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&Connection) -> Result<T, Fail>,
    ) -> Result<T, StoreError> {
        work(&guard(&self.reader)).map_err(|e| self.error(doing, e))
    }

    fn error(&self, doing: &str, e: Fail) -> StoreError {
        match e {
            Fail::Store(e) => e,
            Fail::Sql(e) => damage::error(&self.file, doing, &e),
        }
    }
    /// Something in a row can't be read.
    fn unreadable(&self, what: &str, why: &dyn std::fmt::Display) -> StoreError {
        damage::damaged(&self.file, &format!("{what} cannot be read: {why}"))
    }
}

impl Drop for SqliteStore {
    /// The reader goes first: whoever closes last tidies the log up, and the reader may not write.
    fn drop(&mut self) {
        let memory = Connection::open_in_memory();
        if let Ok(memory) = memory {
            drop(std::mem::replace(&mut *guard(&self.reader), memory));
        }
    }
}

/// The key that seals the store. It must be the one that sealed what is in there.
fn key(dir: &Path, file: &Path, db: &Connection, options: &Options) -> Result<Seal, StoreError> {
    let known = schema::recipient(file, db)?;
    let own = dir.join("key");
    let path = options.identity.as_deref().unwrap_or(&own);
    let seal = match &known {
        _ if path.exists() || options.identity.is_some() => Seal::open(path)?,
        None => Seal::make(path)?,
        Some(known) => {
            return Err(StoreError::Damaged {
                path: path.display().to_string(),
                why: format!(
                    "the key that seals this store (public key {known}) is gone. Put it back from a backup; without it \
                     sensitive outputs and generated secrets are lost, and the way out is to move {} away and run \
                     `strata adopt`",
                    dir.display()
                ),
            });
        }
    };
    match known {
        None => schema::set_recipient(file, db, &seal.public())?,
        Some(known) if known != seal.public() => {
            return Err(StoreError::Damaged {
                path: path.display().to_string(),
                why: format!(
                    "this key ({}) is not the one that seals the store ({known}); put that one back",
                    seal.public()
                ),
            });
        }
        Some(_) => {}
    }
    Ok(seal)
}

/// What a lock guards is whole after a panic too: transactions are rolled back.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as u64)
}

/// Where a supervisor reads the newest generation of an environment just before it starts a tool: the file is written
/// durably before a take returns. `dir` is the store's folder.
pub fn generation_file(dir: &Path, env: &str) -> Result<PathBuf, StoreError> {
    lock::generation_file(dir, env)
}

/// The number in such a file; 0 while nobody has ever taken the environment.
pub fn read_generation(file: &Path) -> Result<u64, StoreError> {
    lock::read_generation(file)
}

impl Store for SqliteStore {
    fn take(&self, env: &str, holder: &Holder) -> Result<Lease, StoreError> {
        self.take_lease(env, holder)
    }
    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.release_lease(lease)
    }
    fn holder(&self, env: &str) -> Result<Option<Holder>, StoreError> {
        self.living_holder(env)
    }
    fn generation(&self, env: &str) -> Result<u64, StoreError> {
        self.newest_generation(env)
    }
    fn append(
        &self,
        lease: &mut Lease,
        run: &str,
        events: &[Event],
        applied: &[AppliedChange],
        sync: bool,
    ) -> Result<(), StoreError> {
        self.append_events(lease, run, events, applied, sync)
    }
    fn each_event(
        &self,
        env: &str,
        run: Option<&str>,
        after: u64,
        each: &mut dyn FnMut(Recorded),
    ) -> Result<(), StoreError> {
        self.read_events(env, run, after, each)
    }
    fn task(&self, env: &str, seq: u64) -> Result<Option<TaskText>, StoreError> {
        self.read_task(env, seq)
    }
    fn put_run(&self, record: &RunRecord, plan: Option<&Plan>) -> Result<(), StoreError> {
        self.note_run(record, plan)
    }
    fn runs(&self, env: Option<&str>, most: usize) -> Result<Vec<RunRecord>, StoreError> {
        self.list_runs(env, most)
    }
    fn plan(&self, run: &str) -> Result<Option<Plan>, StoreError> {
        self.plan_of(run)
    }
    fn applied_rows(&self, env: Option<&str>) -> Result<Vec<AppliedRow>, StoreError> {
        self.rows(env)
    }
    fn applied(&self, unit: &Address) -> Result<Option<Applied>, StoreError> {
        self.detail(unit)
    }
    fn ask(&self, env: &str, request: &Request) -> Result<(), StoreError> {
        self.leave_request(env, request)
    }
    fn requests(&self, env: &str) -> Result<Vec<Request>, StoreError> {
        self.hand_out_requests(env)
    }
    fn put_blob(&self, bytes: &[u8], sensitive: bool) -> Result<Artifact, StoreError> {
        self.blobs.put(bytes, sensitive)
    }
    fn put_file(&self, file: &Path, sensitive: bool) -> Result<Artifact, StoreError> {
        self.blobs.put_file(file, sensitive)
    }
    fn blob(&self, artifact: &Artifact) -> Result<Vec<u8>, StoreError> {
        match self.tree(artifact)? {
            Some(bytes) => Ok(bytes),
            None => self.blobs.get(artifact),
        }
    }
    fn blob_path(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        self.blobs.path(digest)
    }
    fn generated(
        &self,
        name: &str,
        make: &mut dyn FnMut() -> String,
    ) -> Result<String, StoreError> {
        self.generated_secret(name, make)
    }
    fn keyed(&self, bytes: &[u8]) -> Digest {
        self.seal.keyed(bytes)
    }
    fn note(&self, kind: &str, facts: &[(&str, &str)]) -> Result<(), StoreError> {
        self.put_notes(kind, facts)
    }
    fn notes(&self, kind: &str) -> Result<BTreeMap<String, String>, StoreError> {
        self.read_notes(kind)
    }
}
