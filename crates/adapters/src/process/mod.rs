//! Runs tools as processes of this machine.
//!
//! A session is a work folder with copies of the unit's files and a private folder in memory. Tools are started by
//! the run's supervisor, which outlives us; their output is read from files. Below the state folder (`.strata`):
//!
//! | path | holds |
//! |---|---|
//! | `work/ENV/UNIT/` | the unit's files, made right at the beginning of every session |
//! | `work/ENV/+NAME/` | the same for units that share one folder: what their tools wrote beside the files stays |
//! | `state/ENV/UNIT/` | what a tool must keep: goes when the unit is destroyed |
//! | `cache/` | what all units share |
//! | `runs/RUN/ENV/UNIT/ATTEMPT.N/` | log and records of one invocation |
//!
//! It does not decide what to run, and keeps no journal.
mod attempt;
mod collect;
mod environment;
mod folder;
mod link;
mod output;
mod places;
mod private;
mod program;
mod reattach;
mod render;
mod session;

pub use environment::{ALWAYS, ours as environment};
pub use render::ARTIFACT;

use crate::{
    durable::{self, Sync},
    redact::Mask,
};
use link::Link;
use places::Lots;
use std::{
    collections::{BTreeMap, HashMap},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
};
use strata_core::{
    digest::Hasher,
    engine::Got,
    executor::{Executor, ExecutorError, Handle, Reattached, Session, SessionSpec, Stop},
    name::Address,
    secret::SecretStore,
    store::Store,
};

/// What the executor is made of.
pub struct Config {
    /// The folder `.strata` of the platform; made when it is not there.
    pub state_dir: PathBuf,
    /// The program that understands [`crate::supervisor::COMMAND`]: strata itself.
    pub program: PathBuf,
    /// The id of the run.
    pub run: String,
    /// Where secrets come from.
    pub secrets: Arc<dyn SecretStore>,
    /// Where kept files are.
    pub blobs: Arc<dyn Store>,
    /// Our own environment, of which tools get a part: [`environment()`].
    pub environment: BTreeMap<String, String>,
    /// Where private folders are made; `None`: in memory where possible.
    pub private: Option<PathBuf>,
    /// What lines of tools must not show besides secrets.
    pub mask: Option<Mask>,
}

/// Runs tools as processes of this machine. Dropping it (and its sessions) ends the run's supervisor.
pub struct ProcessExecutor(Arc<Inner>);

/// Removes logs and records of runs that nobody keeps. Nothing may be running in them.
pub fn forget_runs(state_dir: &Path, keep: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let runs = match std::fs::read_dir(state_dir.join("runs")) {
        Ok(runs) => runs,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for run in runs {
        let run = run?;
        if run.file_name().to_str().is_some_and(|name| !keep(name)) {
            durable::remove_all(&run.path())?;
        }
    }
    Ok(())
}

/// What sessions share.
struct Inner {
    config: Config,
    private: PathBuf,
    /// Tells this platform from every other one on the machine.
    platform: String,
    link: Mutex<Option<Arc<Link>>>,
    keys: AtomicU64,
    stopping: AtomicU8,
    generations: Mutex<HashMap<String, u64>>,
    swept: Once,
}

const DRAIN: u8 = 1;
const NOW: u8 = 2;

impl ProcessExecutor {
    /// An executor for one run. Nothing is started before the first tool.
    pub fn new(mut config: Config) -> Result<Self, ExecutorError> {
        attempt::run_dir(&config.state_dir, &config.run)?;
        let shown = config.state_dir.display().to_string();
        durable::folder(&config.state_dir)
            .map_err(ExecutorError::io(format!("make the folder {shown}")))?;
        config.state_dir = config
            .state_dir
            .canonicalize()
            .map_err(ExecutorError::io(format!("find the folder {shown}")))?;
        let private = match &config.private {
            Some(private) => durable::folder(private).map(|()| private.clone()),
            None => private::root(&config.state_dir),
        };
        let private = private.map_err(ExecutorError::io("make the folder for private files"))?;
        let platform = identity(&config.state_dir)
            .map_err(ExecutorError::io(format!("look at the folder {shown}")))?;
        Ok(Self(Arc::new(Inner {
            config,
            private,
            platform,
            link: Mutex::default(),
            keys: AtomicU64::new(1),
            stopping: AtomicU8::new(0),
            generations: Mutex::default(),
            swept: Once::new(),
        })))
    }
}

impl Executor for ProcessExecutor {
    fn open(&self, spec: SessionSpec) -> Result<(Box<dyn Session>, Got), ExecutorError> {
        if self.0.stopping.load(Ordering::SeqCst) != 0 {
            return Err(ExecutorError::Other("the run is being stopped".to_owned()));
        }
        let (session, kept) = session::ProcessSession::open(&self.0, &spec)?;
        Ok((Box::new(session), Got::Open { kept }))
    }
    fn reattach(&self, handle: &Handle) -> Result<Reattached, ExecutorError> {
        reattach::reattach(&self.0, handle)
    }
    fn stop(&self, how: Stop) {
        let level = match how {
            Stop::Drain => DRAIN,
            Stop::Now => NOW,
        };
        self.0.stopping.fetch_max(level, Ordering::SeqCst);
        let link = lock(&self.0.link).clone();
        if let (Stop::Now, Some(link)) = (how, link) {
            link.stop_all();
        }
    }
    fn forget(&self, unit: &Address) -> Result<(), ExecutorError> {
        let lots = self.0.lots(unit);
        for path in [lots.work(), lots.state()] {
            durable::remove_all(&path)
                .map_err(ExecutorError::io(format!("remove {}", path.display())))?;
        }
        for path in [
            lots.keys(),
            lots.listing(),
            lots.session_lock(),
            lots.tool_lock(),
        ] {
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(ExecutorError::io(format!("remove {}", path.display()))(e));
                }
                _ => {}
            }
        }
        private::settle(&self.0.private, &self.0.config.state_dir, unit);
        Ok(())
    }
}

impl Inner {
    fn lots<'a>(&'a self, unit: &'a Address) -> Lots<'a> {
        Lots {
            state_dir: &self.config.state_dir,
            unit,
            shared: None,
        }
    }
    /// What the processes of an invocation carry in their environment. Processes of the whole machine are searched for
    /// it and ended, so it must not be the mark of anybody else: runs of another platform may be called the same.
    fn mark(&self, handle: &Handle) -> String {
        format!("{handle}@{}", self.platform)
    }
    /// The supervisor of the run, started when there is none.
    fn link(&self) -> Result<Arc<Link>, ExecutorError> {
        let mut link = lock(&self.link);
        if let Some(link) = link.as_ref().filter(|l| l.is_alive()) {
            return Ok(link.clone());
        }
        let dir = attempt::run_dir(&self.config.state_dir, &self.config.run)?;
        durable::folder(&dir).map_err(ExecutorError::io(format!(
            "make the folder {}",
            dir.display()
        )))?;
        let program = &self.config.program;
        let started = Link::start(program, &dir).map_err(ExecutorError::io(format!(
            "start the supervisor {}",
            program.display()
        )))?;
        Ok(link.insert(Arc::new(started)).clone())
    }
    /// May an invocation start? While we drain, only one that reads what its session has written.
    fn may_start(&self, writes: bool, wrote: bool) -> bool {
        match self.stopping.load(Ordering::SeqCst) {
            0 => true,
            DRAIN => wrote && !writes,
            _ => false,
        }
    }
    /// Makes the generation of a lease known to supervisors, and says which files hold it.
    fn fences(&self, handle: &Handle) -> Result<Vec<PathBuf>, ExecutorError> {
        let env: &str = &handle.unit.env;
        let dir = attempt::env_dir(&self.config.state_dir, handle)?;
        let own = dir.join("generation");
        let store = self.config.state_dir.join("locks");
        let fences = vec![own.clone(), store.join(format!("{env}.generation"))];
        let mut generations = lock(&self.generations);
        if generations.get(env) == Some(&handle.generation) {
            return Ok(fences);
        }
        let newest = fences.iter().map(|f| crate::supervisor::fence_of(f)).max();
        if newest.is_some_and(|n| n > handle.generation) {
            return Err(ExecutorError::Fenced);
        }
        attempt::began(&dir, handle.generation)?;
        write_generation(&own, handle.generation)?;
        generations.insert(env.to_owned(), handle.generation);
        Ok(fences)
    }
    fn sweep_once(&self) {
        self.swept.call_once(|| {
            private::sweep(&self.private, &self.config.state_dir);
        });
    }
}

/// Tells one state folder from every other, also from one at the same path in another file system.
fn identity(state_dir: &Path) -> io::Result<String> {
    let meta = std::fs::metadata(state_dir)?;
    let mut hasher = Hasher::new();
    hasher
        .part(state_dir.as_os_str().as_encoded_bytes())
        .part(&meta.dev().to_le_bytes())
        .part(&meta.ino().to_le_bytes());
    Ok(hasher.finish().short())
}

fn write_generation(file: &Path, generation: u64) -> Result<(), ExecutorError> {
    let folder = file.parent().unwrap_or(file);
    durable::folder(folder)
        .and_then(|()| durable::write(file, generation.to_string().as_bytes(), 0o600, Sync::Disk))
        .map_err(ExecutorError::io(format!("write {}", file.display())))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
