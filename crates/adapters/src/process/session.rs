//! One session: the work folder of a unit and the tools that run in it, one after the other.
mod prepare;
mod rooted;

use super::{
    Inner,
    attempt::{self, Manifest},
    collect::{collect, paths},
    folder::WorkFolder,
    output::{Output, raw},
    places::{Lots, Roots},
    private::{PrivateFolder, unsettled},
};
use crate::{
    durable,
    lock::FileLock,
    redact::{Known, Redactor},
    supervisor::{Ended, Outcome, Refusal, Spawn},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};
use strata_core::{
    engine::{Channel, Effect, Exit, Generated, Got, Invocation, Place, Root},
    executor::{ExecutorError, Handle, Line, Reattached, Session, SessionSpec},
    name::Address,
    value::SecretRef,
};

/// How long we wait for somebody else's session of the same unit.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often we look for new lines: soon at first, then less.
const SOONEST: Duration = Duration::from_millis(10);
const LATEST: Duration = Duration::from_millis(100);

/// An open session.
pub(super) struct ProcessSession {
    inner: Arc<Inner>,
    unit: Address,
    roots: Roots,
    work: WorkFolder,
    env: BTreeMap<String, String>,
    known: Known,
    named: BTreeSet<SecretRef>,
    /// Variables of ours that it was handed and that hold credentials.
    passed: Vec<String>,
    redactor: Redactor,
    wrote: bool,
    tool_lock: PathBuf,
    private: PrivateFolder,
    _lock: FileLock,
}

/// What an invocation needs, worked out.
struct Ready {
    spawn: Spawn,
    dir: PathBuf,
}

impl ProcessSession {
    /// Makes the folders and files of a session. Also says which kept folders were there.
    pub fn open(
        inner: &Arc<Inner>,
        spec: &SessionSpec,
    ) -> Result<(Self, Vec<String>), ExecutorError> {
        inner.sweep_once();
        let rooted;
        let spec = match spec.workspace.root.as_str() {
            "" => spec,
            root => {
                rooted = rooted::from(spec, root)?;
                &rooted
            }
        };
        let lots = Lots {
            shared: spec.workspace.shared.as_deref(),
            ..inner.lots(&spec.unit)
        };
        let (tree, state) = (lots.work(), lots.state());
        let cache = inner.config.state_dir.join("cache");
        for folder in [&tree, &state, &cache] {
            durable::folder(folder).map_err(doing("make the folder", folder))?;
        }
        let lock = session_lock(&lots.session_lock(), &lots.tool_lock(), &spec.unit)?;
        for attempt in unsettled(&inner.private, &inner.config.state_dir, &spec.unit) {
            attempt::rescue(&attempt)?;
        }
        let (folder, keep) = (spec.folder.as_str(), &spec.workspace.keep);
        let listing = lots.shared.map(|_| lots.listing());
        let mut work = WorkFolder::new(tree.clone(), lots.keys(), listing, folder, keep)?;
        let made = made(spec);
        let files = files(spec);
        let kept = work.fill(spec.tree.as_ref(), &files, folder, &made)?;
        let private = PrivateFolder::make(&inner.private, &inner.config.state_dir, &spec.unit)
            .map_err(doing("make a private folder in", &inner.private))?;
        let roots = Roots {
            tree,
            folder: spec.folder.clone(),
            private: private.path().to_owned(),
            state,
            cache,
        };
        let mut session = Self {
            inner: inner.clone(),
            unit: spec.unit.clone(),
            roots,
            work,
            env: BTreeMap::new(),
            known: Known::new(),
            named: BTreeSet::new(),
            passed: Vec::new(),
            redactor: Redactor::default(),
            wrote: false,
            tool_lock: lots.tool_lock(),
            private,
            _lock: lock,
        };
        session.fill(spec)?;
        let paths = keep.iter().filter(|k| {
            strata_core::tree::join(folder, &k.path).is_some_and(|path| kept.contains(&path))
        });
        let kept = paths.map(|k| k.path.clone()).collect();
        Ok((session, kept))
    }

    /// Waits until nobody else uses a place that sessions share; `None` when the run is stopped meanwhile.
    fn alone_with(
        &self,
        place: &Place,
        writes: bool,
        line: &mut dyn FnMut(Line<'_>),
    ) -> Result<Option<FileLock>, ExecutorError> {
        let shared = self.roots.at(place)?;
        let mut path = shared.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        if let Some(parent) = path.parent() {
            durable::folder(parent).map_err(doing("make the folder", parent))?;
        }
        let mut said = false;
        while self.inner.may_start(writes, self.wrote) {
            if let Some(lock) = FileLock::wait(&path, LATEST).map_err(doing("lock", &path))? {
                return Ok(Some(lock));
            }
            if !said {
                said = true;
                let text = format!("waits for {}, which another unit uses", place.path);
                line(Line {
                    error: false,
                    text: &text,
                });
            }
        }
        Ok(None)
    }

    fn follow(
        &mut self,
        ready: Ready,
        invocation: &Invocation,
        handle: &Handle,
        line: &mut dyn FnMut(Line<'_>),
    ) -> Result<Got, ExecutorError> {
        let Ready { spawn, dir } = ready;
        let (out, err, writes) = (
            spawn.out.clone(),
            spawn.err.clone(),
            spawn.attempt.is_some(),
        );
        let mask = self.inner.config.mask.as_ref();
        let redactor = self.redactor.clone().masking(mask, &self.unit);
        let log = attempt::log(&dir);
        let mut output = Output::new(&out, &err, log, invocation.stdout, redactor);
        let supervisor = self.inner.link()?;
        let answered = supervisor.spawn(spawn);
        let reading = |e| doing("read", &out)(e);
        let mut pause = SOONEST;
        let outcome = loop {
            match answered.recv_timeout(pause) {
                Ok(outcome) => break Some(outcome),
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let new = output.poll(line).map_err(reading)?;
                    pause = if new {
                        SOONEST
                    } else {
                        (pause * 2).min(LATEST)
                    };
                }
            }
        };
        let Some(outcome) = outcome else {
            output.finish(line).map_err(reading)?;
            return self.orphaned(writes, handle, &supervisor.last_words());
        };
        let tail = output.finish(line).map_err(reading)?;
        match outcome {
            Outcome::Ended(ended) => self.got(&ended, invocation, (&out, &err), writes, tail),
            Outcome::Refused(Refusal::Stopped | Refusal::Closing) => Ok(only(Exit::Stopped)),
            Outcome::Refused(Refusal::Fenced) => Err(ExecutorError::Fenced),
            Outcome::Refused(Refusal::Repeated) => Err(ExecutorError::Other(format!(
                "`{handle}` was started before; it is never started twice"
            ))),
            Outcome::Refused(Refusal::Io(why)) => Err(ExecutorError::Other(format!(
                "the tool was not started: {why}"
            ))),
        }
    }

    fn got(
        &mut self,
        ended: &Ended,
        invocation: &Invocation,
        (out, err): (&Path, &Path),
        writes: bool,
        tail: String,
    ) -> Result<Got, ExecutorError> {
        if ended.exit == Exit::Code(0) {
            self.work.settle()?;
        }
        let stdout = raw(out, invocation.stdout, &invocation.label)?.unwrap_or_default();
        if !writes {
            // of what writes, a crash later in this session may still ask
            let _ = std::fs::remove_file(out);
            let _ = std::fs::remove_file(err);
        }
        let blobs = self.inner.config.blobs.as_ref();
        let at = paths(&invocation.collect, &self.roots)?;
        let collected = collect(&invocation.collect, &at, blobs)?;
        Ok(Got::Exit {
            exit: ended.exit.clone(),
            stdout,
            read: collected.read,
            kept: collected.kept,
            tail,
            elapsed: ended.elapsed,
        })
    }

    /// The supervisor died under a tool of ours.
    fn orphaned(
        &self,
        writes: bool,
        handle: &Handle,
        last_words: &str,
    ) -> Result<Got, ExecutorError> {
        let said = format!("the supervisor of the run was ended from outside ({last_words})");
        if !writes {
            return Err(ExecutorError::Other(said));
        }
        match super::reattach::find_out(&self.inner, handle)? {
            Reattached::Ended(got) => Ok(*got),
            Reattached::Stopped(exit) => Ok(only(exit)),
            Reattached::NeverStarted => {
                Err(ExecutorError::Other(format!("{said}; nothing was started")))
            }
            Reattached::Lost => Err(ExecutorError::Other(format!(
                "{said}; nobody knows how far `{handle}` came"
            ))),
        }
    }
}

impl Session for ProcessSession {
    fn run(
        &mut self,
        invocation: &Invocation,
        handle: &Handle,
        line: &mut dyn FnMut(Line<'_>),
    ) -> Result<Got, ExecutorError> {
        let writes = matches!(invocation.effect, Effect::Writes(_));
        if !self.inner.may_start(writes, self.wrote) {
            return Ok(only(Exit::Stopped));
        }
        match self.ready(invocation, handle)? {
            Err(why) => Ok(only(Exit::NotStarted(why))),
            Ok(ready) => {
                let held = match &invocation.alone_with {
                    Some(place) => match self.alone_with(place, writes, line)? {
                        None => return Ok(only(Exit::Stopped)),
                        held => held,
                    },
                    None => None,
                };
                self.announce(&ready, invocation)?;
                let got = self.follow(ready, invocation, handle, line);
                drop(held);
                got
            }
        }
    }
}

/// Paths of the files that lie in the work folder.
fn files(spec: &SessionSpec) -> Vec<Arc<str>> {
    let beside = spec.workspace.beside.iter();
    let beside = beside.flat_map(|f| spec.tree.below(f).iter().map(|f| f.path.clone()));
    let mut files: Vec<Arc<str>> = spec.files.iter().cloned().chain(beside).collect();
    files.sort_unstable();
    files.dedup();
    files
}

/// Paths of generated files among the unit's own.
fn made(spec: &SessionSpec) -> Vec<String> {
    let path = |g: &Generated| match g.at.root {
        Root::Work => strata_core::tree::join(&spec.folder, &g.at.path),
        Root::Tree => strata_core::tree::join("", &g.at.path),
        _ => None,
    };
    spec.workspace.generated.iter().filter_map(path).collect()
}

/// An outcome without output.
pub(super) fn only(exit: Exit) -> Got {
    Got::Exit {
        exit,
        stdout: Vec::new(),
        read: BTreeMap::new(),
        kept: BTreeMap::new(),
        tail: String::new(),
        elapsed: 0,
    }
}

/// The work folder of a unit is used by one session at a time, and by no tool of a dead one.
fn session_lock(session: &Path, tool: &Path, unit: &Address) -> Result<FileLock, ExecutorError> {
    let wait = |path: &Path| FileLock::wait(path, PATIENCE).map_err(doing("lock", path));
    let in_use = |by: String| {
        ExecutorError::Other(format!(
            "the work folder of {unit} is in use by {by}; try again later"
        ))
    };
    let mut lock = wait(session)?.ok_or_else(|| in_use(FileLock::signature(session)))?;
    let me = format!("process {}", std::process::id());
    lock.sign(&me).map_err(doing("write", session))?;
    wait(tool)?.ok_or_else(|| in_use("a tool of an earlier run".to_owned()))?;
    Ok(lock)
}

fn doing<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(std::io::Error) -> ExecutorError + 'a {
    move |e| ExecutorError::io(format!("{what} {}", path.display()))(e)
}

/// Is the whole answer of an invocation still there?
pub(super) fn answer_of(manifest: &Manifest) -> Result<Option<Vec<u8>>, ExecutorError> {
    match manifest.invocation.stdout {
        Channel::Log => Ok(Some(Vec::new())),
        channel => raw(&manifest.out, channel, &manifest.invocation.label),
    }
}
