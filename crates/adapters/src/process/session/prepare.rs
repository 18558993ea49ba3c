//! What a tool needs, worked out just before it starts: variables, generated files, its program, and for one that
//! writes everything to find its outcome after a crash.
use super::{ProcessSession, Ready, doing};
use crate::{
    durable::{self, Sync},
    process::{
        attempt::{self, Manifest},
        environment,
        private::{is_volatile, settle},
        program,
        render::Renderer,
    },
    supervisor::{Fenced, MARKER, Spawn},
};
use std::{collections::BTreeMap, path::Path, sync::atomic::Ordering};
use strata_core::{
    engine::{Channel, Collect, Effect, EnvValue, Generated, ITSELF, Invocation, Place, Root},
    executor::{ExecutorError, Handle, SessionSpec},
    value::Term,
};

impl ProcessSession {
    /// Variables and generated files.
    pub(super) fn fill(&mut self, spec: &SessionSpec) -> Result<(), ExecutorError> {
        let ours = &self.inner.config.environment;
        self.env = environment::passed(ours, &spec.passthrough, &mut self.known);
        let sensitive = spec.passthrough.iter().filter(|p| p.sensitive);
        self.passed = sensitive.map(|p| p.name.clone()).collect();
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
        let place = Place::private(format!("files/{name}"));
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
    pub(super) fn ready(
        &mut self,
        invocation: &Invocation,
        handle: &Handle,
    ) -> Result<Result<Ready, String>, ExecutorError> {
        let env = self.variables(invocation)?;
        let found = if invocation.program == ITSELF {
            Ok(self.inner.config.program.clone())
        } else {
            program::find(
                &invocation.program,
                &invocation.cwd,
                &self.roots,
                env.get("PATH").map(String::as_str),
            )
        };
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
                lasting: self.outcome_lasts(invocation),
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
            mark: self.inner.mark(handle),
            program,
            called: invocation.program.clone(),
            args,
            env,
            cwd,
            out: raw("out"),
            err: raw("err"),
            folder_lock: self.tool_lock.clone(),
            attempt: fenced,
            stop: invocation.stop.clone(),
            limit: invocation.limit,
            leaves_processes: invocation.leaves_processes,
        };
        Ok(Ok(Ready { spawn, dir }))
    }

    /// Could the outcome be used after a restart of the machine? Not when a part of it lies in memory: then its record
    /// need not be on disk either.
    fn outcome_lasts(&self, invocation: &Invocation) -> bool {
        let private = |c: &Collect| match c {
            Collect::Keep { at, .. } | Collect::Read { at, .. } => at.root == Root::Private,
        };
        !is_volatile(&self.inner.private)
            || (matches!(invocation.stdout, Channel::Log)
                && !invocation.collect.iter().any(private))
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
    pub(super) fn announce(
        &mut self,
        ready: &Ready,
        invocation: &Invocation,
    ) -> Result<(), ExecutorError> {
        let spawn = &ready.spawn;
        for file in [&spawn.out, &spawn.err] {
            let _ = std::fs::remove_file(file);
        }
        if spawn.attempt.is_none() {
            return Ok(());
        }
        if !self.wrote {
            // whoever writes anew has settled what earlier attempts came to
            let inner = &self.inner;
            for attempt in settle(&inner.private, &inner.config.state_dir, &self.unit) {
                attempt::forget_rescued(&attempt);
            }
        }
        self.private
            .belongs_to(&ready.dir)
            .map_err(doing("write in", self.private.path()))?;
        let manifest = Manifest {
            invocation: invocation.clone(),
            roots: self.roots.clone(),
            out: spawn.out.clone(),
            err: spawn.err.clone(),
            secrets: self.named.iter().cloned().collect(),
            passed: self.passed.clone(),
        };
        manifest.write(&ready.dir)?;
        self.wrote = true;
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ExecutorError> {
    let folder = path.parent().unwrap_or(path);
    durable::folder(folder).map_err(doing("make the folder", folder))?;
    durable::write(path, bytes, mode, Sync::Later).map_err(doing("write", path))
}

fn bad_variable(name: &str, value: &str) -> bool {
    name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
}
