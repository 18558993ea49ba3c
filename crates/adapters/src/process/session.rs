//! One session: the work folder of a unit and the tools that run in it, one after the other.
use super::{
    Inner,
    attempt::{self, Manifest},
    collect::{collect, paths},
    environment,
    folder::WorkFolder,
    output::{Output, raw},
    places::Roots,
    private::{Leftover, PrivateFolder, sweep, unsettled},
    program,
    render::Renderer,
};
use crate::{
    durable::{self, Sync},
    lock::FileLock,
    redact::{Known, Redactor},
    supervisor::{Ended, Fenced, MARKER, Outcome, Refusal, Spawn},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering, mpsc},
    time::Duration,
};
use strata_core::{
    engine::{Channel, Effect, EnvValue, Exit, Generated, Got, Invocation},
    executor::{ExecutorError, Handle, Line, Reattached, Session, SessionSpec},
    name::Address,
    value::{SecretRef, Term},
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
    redactor: Redactor,
    wrote: bool,
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
        let lots = inner.lots(&spec.unit);
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
        let mut work = WorkFolder::new(tree.clone(), lots.keys(), folder, keep)?;
        let kept = work.fill(spec.tree.as_ref(), &spec.files, folder)?;
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
            redactor: Redactor::default(),
            wrote: false,
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

    /// Variables and generated files.
    fn fill(&mut self, spec: &SessionSpec) -> Result<(), ExecutorError> {
        let ours = &self.inner.config.environment;
        self.env = environment::passed(ours, &spec.passthrough, &mut self.known);
        for (name, term) in &spec.env {
            match self.renderer(|r| r.text(term))? {
                Some(text) => self.env.insert(name.clone(), text),
                None => self.env.remove(name),
            };
        }
        for (name, term) in &spec.secret_files {
            let path = self.secret_file(name, term)?;
            self.env.insert(name.clone(), path);
        }
        for file in &spec.workspace.generated {
            self.generate(file)?;
        }
        self.redactor = self.known.redactor();
        Ok(())
    }

    fn renderer<T>(
        &mut self,
        render: impl FnOnce(&mut Renderer<'_>) -> Result<T, ExecutorError>,
    ) -> Result<T, ExecutorError> {
        render(&mut Renderer {
            secrets: self.inner.config.secrets.as_ref(),
            blobs: self.inner.config.blobs.as_ref(),
            known: &mut self.known,
            named: &mut self.named,
        })
    }

    /// A 0600 file with what a term says; its path.
    fn secret_file(&mut self, name: &str, term: &Term) -> Result<String, ExecutorError> {
        let text = self.renderer(|r| r.text(term))?.unwrap_or_default();
        let place = strata_core::engine::Place::private(format!("files/{name}"));
        let path = self.roots.at(&place)?;
        write(&path, text.as_bytes(), 0o600)?;
        self.roots.text(&place)
    }

    fn generate(&mut self, file: &Generated) -> Result<(), ExecutorError> {
        let path = self.roots.at(&file.at)?;
        let bytes = self.renderer(|r| r.content(file))?;
        write(&path, &bytes, file.mode)
    }

    /// Works out everything that can go wrong before a tool starts. The inner error is a sentence for people: the
    /// program cannot be started.
    fn ready(
        &mut self,
        invocation: &Invocation,
        handle: &Handle,
    ) -> Result<Result<Ready, String>, ExecutorError> {
        let env = self.variables(invocation)?;
        let found = program::find(
            &invocation.program,
            &invocation.cwd,
            &self.roots,
            env.get("PATH").map(String::as_str),
        );
        let program = match found {
            Ok(program) => program,
            Err(why) => return Ok(Err(why)),
        };
        let args = invocation.args.iter().map(|a| self.roots.arg(a));
        let args = args.collect::<Result<_, _>>()?;
        let cwd = self.roots.at(&invocation.cwd)?;
        durable::folder(&cwd).map_err(doing("make the folder", &cwd))?;
        let state_dir = &self.inner.config.state_dir;
        let dir = attempt::dir(state_dir, handle)?;
        let writes = matches!(invocation.effect, Effect::Writes(_));
        let fenced = if writes {
            Some(Fenced {
                dir: dir.clone(),
                generation: handle.generation,
                fences: self.inner.fences(handle)?,
            })
        } else {
            None
        };
        let raw = |kind: &str| {
            let name = format!(".{}.{}.{kind}", handle.attempt, handle.n);
            self.roots.private.join(name)
        };
        let spawn = Spawn {
            key: self.inner.keys.fetch_add(1, Ordering::Relaxed),
            handle: handle.to_string(),
            program,
            called: invocation.program.clone(),
            args,
            env,
            cwd,
            out: raw("out"),
            err: raw("err"),
            folder_lock: self.inner.lots(&self.unit).tool_lock(),
            attempt: fenced,
            stop: invocation.stop.clone(),
            limit: invocation.limit,
            leaves_processes: invocation.leaves_processes,
        };
        Ok(Ok(Ready { spawn, dir }))
    }

    fn variables(
        &mut self,
        invocation: &Invocation,
    ) -> Result<BTreeMap<String, String>, ExecutorError> {
        let mut env = self.env.clone();
        let before = self.named.len();
        for (name, value) in &invocation.env {
            let text = match value {
                EnvValue::Text(text) => Some(text.clone()),
                EnvValue::Path(place) => Some(self.roots.text(place)?),
                EnvValue::Term(term) => self.renderer(|r| r.text(term))?,
            };
            match text {
                Some(text) => env.insert(name.clone(), text),
                None => env.remove(name),
            };
        }
        env.remove(MARKER);
        if let Some(name) = env.iter().find(|(k, v)| bad_variable(k, v)).map(|(k, _)| k) {
            let said = format!("the variable `{name}` cannot be given to a program");
            return Err(ExecutorError::Other(said));
        }
        if self.named.len() != before {
            self.redactor = self.known.redactor();
        }
        Ok(env)
    }

    /// What must lie in the folder of an attempt before its tool starts.
    fn announce(&mut self, ready: &Ready, invocation: &Invocation) -> Result<(), ExecutorError> {
        let spawn = &ready.spawn;
        for file in [&spawn.out, &spawn.err] {
            let _ = std::fs::remove_file(file);
        }
        if spawn.attempt.is_none() {
            return Ok(());
        }
        // whoever writes anew has settled what earlier attempts came to
        let inner = &self.inner;
        for attempt in unsettled(&inner.private, &inner.config.state_dir, &self.unit) {
            attempt::forget_rescued(&attempt);
        }
        sweep(
            &inner.private,
            &inner.config.state_dir,
            Leftover::Of(&self.unit),
        );
        self.private
            .belongs_to(&ready.dir)
            .map_err(doing("write in", self.private.path()))?;
        let manifest = Manifest {
            invocation: invocation.clone(),
            roots: self.roots.clone(),
            out: spawn.out.clone(),
            err: spawn.err.clone(),
            secrets: self.named.iter().cloned().collect(),
        };
        manifest.write(&ready.dir)?;
        self.wrote = true;
        Ok(())
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
        let (log, redactor) = (attempt::log(&dir), self.redactor.clone());
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
                self.announce(&ready, invocation)?;
                self.follow(ready, invocation, handle, line)
            }
        }
    }
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

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ExecutorError> {
    let folder = path.parent().unwrap_or(path);
    durable::folder(folder).map_err(doing("make the folder", folder))?;
    durable::write(path, bytes, mode, Sync::Later).map_err(doing("write", path))
}

fn bad_variable(name: &str, value: &str) -> bool {
    name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
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
