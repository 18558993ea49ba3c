//! What became of an invocation whose program died: from its folder alone, under its lock.
use super::{
    Inner,
    attempt::{self, Manifest},
    collect::{collect, paths},
    output::Output,
    session::answer_of,
};
use crate::{
    durable::{self, Sync},
    lock::FileLock,
    redact::{Known, Redactor},
    supervisor::{Ended, LOCK, Process, Schedule, Started, ToolRecord, VOID, marked},
};
use rustix::process::{Pid, kill_process, test_kill_process_group};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use strata_core::{
    engine::{Collect, Exit, Got, Root},
    executor::{ExecutorError, Handle, Reattached},
    name::Address,
    need::Passed,
    secret::is_telling,
};

/// How long a supervisor without a program may look alive before we say so in an error: it is stopping its tools.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
const PAUSE: Duration = Duration::from_millis(20);

/// Finds out. Waits while the invocation is at work under a living supervisor, which is then stopping it or serves
/// another of our programs; ends a tool whose supervisor is dead too. Afterwards nothing private of it is left.
pub(super) fn reattach(inner: &Inner, handle: &Handle) -> Result<Reattached, ExecutorError> {
    let found = find_out(inner, handle)?;
    let dir = attempt::dir(&inner.config.state_dir, handle)?;
    if let Some(manifest) = Manifest::read(&dir) {
        let _ = durable::remove_all(&manifest.roots.private);
        attempt::forget_rescued(&dir);
    }
    Ok(found)
}

/// The same for a session that goes on: its private folder stays.
pub(super) fn find_out(inner: &Inner, handle: &Handle) -> Result<Reattached, ExecutorError> {
    let dir = attempt::dir(&inner.config.state_dir, handle)?;
    let doing = |what: &str| ExecutorError::io(format!("{what} {}", dir.display()));
    durable::folder(&dir).map_err(doing("make the folder"))?;
    let manifest = Manifest::read(&dir);
    let _lock = take(inner, &dir, handle, manifest.as_ref())?;
    if let Some(ended) = Ended::read(&dir) {
        return outcome(inner, &handle.unit, &dir, &ended, manifest.as_ref());
    }
    if !Started::exists(&dir) {
        if attempt::outlived(&inner.config.state_dir, handle)? {
            return Ok(Reattached::Lost);
        }
        // from now on it never will, whatever a late supervisor thinks
        durable::write(&dir.join(VOID), b"", 0o600, Sync::Disk).map_err(doing("write in"))?;
        return Ok(Reattached::NeverStarted);
    }
    // one whose processes may stay does not hold the lock
    end_orphan(&dir, &inner.mark(handle), manifest.as_ref());
    Ok(Reattached::Lost)
}

/// The lock of the attempt: free when neither its supervisor nor its tool is at work.
fn take(
    inner: &Inner,
    dir: &Path,
    handle: &Handle,
    manifest: Option<&Manifest>,
) -> Result<FileLock, ExecutorError> {
    let path = dir.join(LOCK);
    let began = Instant::now();
    loop {
        let lock = FileLock::wait(&path, PAUSE)
            .map_err(ExecutorError::io(format!("lock {}", path.display())))?;
        if let Some(lock) = lock {
            return Ok(lock);
        }
        let supervised = Started::read(dir).is_none_or(|s| s.supervisor.is_alive());
        if !supervised {
            end_orphan(dir, &inner.mark(handle), manifest);
        }
        if began.elapsed() > PATIENCE {
            return Err(ExecutorError::Other(format!(
                "`{handle}` does not come to an end"
            )));
        }
    }
}

/// Ends a tool that nobody supervises any more, as its supervisor would have.
fn end_orphan(dir: &Path, mark: &str, manifest: Option<&Manifest>) {
    let steps = manifest
        .map(|m| m.invocation.stop.clone())
        .unwrap_or_default();
    let leader = ToolRecord::read(dir).map(|t| t.process);
    if let Some(group) = leader.filter(Process::is_alive).and_then(|p| p.id()) {
        let mut schedule = Schedule::new(&steps);
        while schedule.due.is_some() && test_kill_process_group(group).is_ok() {
            schedule.step(group);
            std::thread::sleep(PAUSE);
        }
    }
    if manifest.is_some_and(|m| m.invocation.leaves_processes) {
        return;
    }
    for pid in marked(mark) {
        end(pid);
    }
}

fn end(pid: Pid) {
    use rustix::process::Signal;
    let _ = kill_process(pid, Signal::TERM);
    let began = Instant::now();
    let id = pid.as_raw_nonzero().get().unsigned_abs();
    while Process::of(id).is_alive() && began.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(PAUSE);
    }
    let _ = kill_process(pid, Signal::KILL);
}

/// An ended invocation as its session would have reported it, if everything for that is still there.
fn outcome(
    inner: &Inner,
    unit: &Address,
    dir: &Path,
    ended: &Ended,
    manifest: Option<&Manifest>,
) -> Result<Reattached, ExecutorError> {
    if ended.exit == Exit::Stopped {
        return Ok(Reattached::Stopped(Exit::Stopped));
    }
    let Some(manifest) = manifest else {
        return Ok(Reattached::Lost);
    };
    let private_gone = !manifest.roots.private.is_dir();
    let needs_private = manifest.invocation.collect.iter().any(|c| match c {
        Collect::Keep { at, .. } | Collect::Read { at, .. } => at.root == Root::Private,
    });
    let Some(stdout) = answer_of(manifest)? else {
        return Ok(Reattached::Lost);
    };
    if private_gone && needs_private {
        return Ok(Reattached::Lost);
    }
    let tail = tail(inner, unit, dir, manifest);
    let blobs = inner.config.blobs.as_ref();
    let items = &manifest.invocation.collect;
    let at = match attempt::rescued(dir, manifest) {
        Some(at) => at,
        None => paths(items, &manifest.roots)?,
    };
    let collected = collect(items, &at, blobs)?;
    Ok(Reattached::Ended(Box::new(Got::Exit {
        exit: ended.exit.clone(),
        stdout,
        read: collected.read,
        kept: collected.kept,
        tail,
        elapsed: ended.elapsed,
    })))
}

/// The log again, from the raw output, and its last lines. Without every secret there is nothing to redact with, so
/// nothing is shown then.
fn tail(inner: &Inner, unit: &Address, dir: &Path, manifest: &Manifest) -> String {
    if !manifest.err.exists() {
        let log = std::fs::read(attempt::log(dir)).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let skip = text.lines().count().saturating_sub(100);
        return text.lines().skip(skip).collect::<Vec<_>>().join("\n");
    }
    let redactor = match redactor(inner, manifest) {
        Ok(redactor) => redactor.masking(inner.config.mask.as_ref(), unit),
        Err(why) => return format!("(what it printed is not shown: {why})"),
    };
    let log = attempt::log(dir);
    let _ = std::fs::remove_file(&log);
    let channel = manifest.invocation.stdout;
    let output = Output::new(&manifest.out, &manifest.err, log, channel, redactor);
    output.finish(&mut |_| {}).unwrap_or_default()
}

fn redactor(
    inner: &Inner,
    manifest: &Manifest,
) -> Result<Redactor, strata_core::secret::SecretError> {
    let mut known = Known::new();
    let ours = &inner.config.environment;
    let all: Vec<Passed> = ours
        .keys()
        .map(|name| Passed {
            sensitive: is_telling(name) || manifest.passed.contains(name),
            name: name.clone(),
        })
        .collect();
    super::environment::passed(ours, &all, &mut known);
    for secret in &manifest.secrets {
        known.add_value(&inner.config.secrets.read(secret)?);
    }
    Ok(known.redactor())
}
