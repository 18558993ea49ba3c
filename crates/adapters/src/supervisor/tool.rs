//! One tool from lock to exit record.
use super::{
    bell::{Awake, Bell, Woken},
    liveness::Process,
    message::{Answer, Fenced, Refusal, Spawn},
    record::{Ended, LOCK, Started, ToolRecord, VOID, fence_of},
    stopping::Schedule,
    strays::{self, Awaited, MARKER},
};
use crate::lock::FileLock;
use rustix::process::Pid;
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::{
        fs::OpenOptionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use strata_core::engine::Exit;

/// Runs it to its end, whatever happens, and says how that was. Everything that it holds is free afterwards.
pub(super) fn run(spawn: &Spawn, bell: &Bell) -> Answer {
    match attempt(spawn, bell) {
        Ok(ended) => Answer::ended(spawn.key, ended),
        Err(refusal) => Answer::refused(spawn.key, refusal),
    }
}

fn attempt(spawn: &Spawn, bell: &Bell) -> Result<Ended, Refusal> {
    let folder = lock(&spawn.folder_lock, bell)?;
    let attempt = match &spawn.attempt {
        // first the lock, then the generation: who takes over does it the other way round
        Some(fenced) => Some((fenced, lock(&fenced.dir.join(LOCK), bell)?)),
        None => None,
    };
    if let Some((fenced, _)) = &attempt {
        admit(fenced)?;
    }
    let stdin = attempt.as_ref().map_or(&folder, |(_, lock)| lock);
    let ended = start_and_wait(spawn, stdin, bell)?;
    if let Some((fenced, _)) = &attempt {
        // without a record it counts as lost, which is safe
        ended
            .write(&fenced.dir, fenced.lasting)
            .map_err(refused(&fenced.dir))?;
    }
    Ok(ended)
}

/// How long we wait for a lock: what holds it has been told to end long ago.
const PATIENCE: Duration = Duration::from_secs(120);

fn lock(path: &Path, bell: &Bell) -> Result<FileLock, Refusal> {
    let began = Instant::now();
    loop {
        match FileLock::wait(path, Duration::from_millis(50)) {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) => {}
            Err(e) => return Err(refused(path)(e)),
        }
        if bell.was_rung() {
            return Err(Refusal::Stopped);
        }
        if began.elapsed() > PATIENCE {
            let said = "a process that an earlier tool left behind still holds the lock";
            return Err(Refusal::Io(format!("{said} {}", path.display())));
        }
    }
}

/// At most once, and only under the newest lease.
fn admit(fenced: &Fenced) -> Result<(), Refusal> {
    if fenced
        .fences
        .iter()
        .any(|f| fence_of(f) > fenced.generation)
    {
        return Err(Refusal::Fenced);
    }
    if Started::exists(&fenced.dir) || fenced.dir.join(VOID).exists() {
        return Err(Refusal::Repeated);
    }
    let supervisor = Process::ours();
    Started { supervisor }
        .write(&fenced.dir)
        .map_err(refused(&fenced.dir))
}

fn start_and_wait(spawn: &Spawn, stdin: &FileLock, bell: &Bell) -> Result<Ended, Refusal> {
    let began = Instant::now();
    let command = command(spawn, stdin).map_err(refused(&spawn.out))?;
    let (mut child, awaited) = match start(command) {
        Ok(started) => started,
        Err(e) => {
            let exit = Exit::NotStarted(why_not(spawn, &e));
            return Ok(Ended {
                exit,
                elapsed: 0,
                stragglers: 0,
            });
        }
    };
    if let Some(fenced) = &spawn.attempt {
        let process = Process::of(child.id());
        // only for whoever looks after our own death; without it that one finds less
        let _ = ToolRecord { process }.write(&fenced.dir);
    }
    let group = Pid::from_child(&child);
    let cause = wait(spawn, group, bell, began);
    let status = child.wait();
    drop(awaited);
    let stragglers = if spawn.leaves_processes {
        0
    } else {
        strays::end(group, &spawn.mark)
    };
    Ok(Ended {
        exit: cause.map_or_else(|| exit_of(status), Cause::exit),
        elapsed: began.elapsed().as_millis() as u64,
        stragglers,
    })
}

/// The tool as a command: a clean environment, its own process group, files for its output, the lock as its input.
fn command(spawn: &Spawn, lock: &FileLock) -> io::Result<Command> {
    let stdin = if spawn.leaves_processes {
        Stdio::null()
    } else {
        lock.file().try_clone()?.into()
    };
    let mut command = Command::new(&spawn.program);
    command
        .args(&spawn.args)
        .env_clear()
        .envs(&spawn.env)
        .env(MARKER, &spawn.mark)
        .current_dir(&spawn.cwd)
        .process_group(0)
        .stdin(stdin)
        .stdout(append(&spawn.out)?)
        .stderr(append(&spawn.err)?);
    Ok(command)
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

fn start(mut command: Command) -> io::Result<(Child, Awaited)> {
    let mut tries = 0;
    loop {
        match Awaited::spawn(|| command.spawn()) {
            // another thread was between fork and exec while the program file was being written
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy && tries < 50 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

/// Why we ended a tool.
#[derive(Clone, Copy)]
enum Cause {
    Stopped,
    TimedOut,
}

impl Cause {
    fn exit(self) -> Exit {
        match self {
            Self::Stopped => Exit::Stopped,
            Self::TimedOut => Exit::TimedOut,
        }
    }
}

/// Waits until the first process of a tool has ended, stopping it when we are told to or when its time is up.
fn wait(spawn: &Spawn, group: Pid, bell: &Bell, began: Instant) -> Option<Cause> {
    let limit = began.checked_add(Duration::from_millis(spawn.limit));
    let child = Awake::new(group);
    let mut stopping: Option<(Cause, Schedule)> = None;
    loop {
        let due = stopping.as_ref().map_or(limit, |(_, s)| s.due);
        let cause = match bell.wait(&child, due) {
            Woken::Ended => return stopping.map(|(cause, _)| cause),
            Woken::Rung => Cause::Stopped,
            Woken::Late => Cause::TimedOut,
        };
        let (_, schedule) = stopping.get_or_insert_with(|| (cause, Schedule::new(&spawn.stop)));
        schedule.step(group);
    }
}

fn exit_of(status: io::Result<ExitStatus>) -> Exit {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            (None, None) => Exit::Signal(0),
        },
        Err(e) => Exit::NotStarted(format!("its end could not be awaited: {e}")),
    }
}

/// Why a program that is there does not start.
fn why_not(spawn: &Spawn, e: &io::Error) -> String {
    let program = &spawn.called;
    match e.kind() {
        io::ErrorKind::NotFound if !spawn.cwd.is_dir() => {
            format!(
                "the folder {} to run `{program}` in does not exist",
                spawn.cwd.display()
            )
        }
        io::ErrorKind::NotFound if spawn.program.exists() => format!(
            "`{program}` cannot start: the interpreter in its first line (`#!…`) does not exist"
        ),
        io::ErrorKind::NotFound => format!("`{program}` does not exist"),
        io::ErrorKind::PermissionDenied => {
            format!(
                "`{program}` may not be executed: {}",
                spawn.program.display()
            )
        }
        _ if e.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => format!(
            "`{program}` is not a program: a script needs a first line such as `#!/usr/bin/env bash`"
        ),
        io::ErrorKind::ArgumentListTooLong => {
            format!("`{program}` cannot start: its arguments and variables are too long")
        }
        _ => format!("`{program}` cannot start: {e}"),
    }
}

fn refused(path: &Path) -> impl Fn(io::Error) -> Refusal + '_ {
    |e| Refusal::Io(format!("{}: {e}", path.display()))
}
