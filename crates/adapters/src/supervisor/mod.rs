//! The process that starts tools for us and outlives us: `strata __supervise DIR`.
//!
//! One per run. It has a session of its own (so that Ctrl-C reaches tools once, from us), adopts every process that
//! tools leave behind, holds a kernel lock per attempt and leaves a durable record of how each attempt ended. When
//! its standard input closes, our program is gone: it stops every tool and ends.
//!
//! It knows nothing of plans, engines or stores: it is told argument lists on a pipe.
mod bell;
mod desk;
mod liveness;
mod message;
mod record;
mod stopping;
mod strays;
mod tool;

pub(crate) use liveness::{Process, boot};
pub(crate) use message::{Answer, Fenced, Order, Outcome, Refusal, Spawn};
pub(crate) use record::{Ended, LOCK, Started, ToolRecord, VOID, fence_of};
pub(crate) use stopping::Schedule;
pub(crate) use strays::{MARKER, marked};

use desk::Desk;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    io::{self, BufRead},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

/// The hidden command that starts it.
pub const COMMAND: &str = "__supervise";

/// Runs the supervisor of the run whose folder is `dir` until its standard input closes and every tool has ended.
/// Talks JSON lines on standard input and output. The exit code says only whether it could begin.
pub fn main(dir: &Path) -> ExitCode {
    match supervise(dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("strata: cannot supervise {}: {e}", dir.display());
            ExitCode::FAILURE
        }
    }
}

fn supervise(dir: &Path) -> io::Result<()> {
    // refused only for the leader of a process group: then it was started by hand
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // so that no file system is held by where somebody stood
    std::env::set_current_dir(dir)?;
    let desk = Arc::new(Desk::new());
    watch_signals(desk.clone())?;
    listen(desk.clone())?;
    // this thread starts no tools: whatever is its child was adopted
    if !desk.wait_for_the_end() {
        strays::end_unmarked();
    }
    Ok(())
}

/// Reads orders until the pipe closes.
fn listen(desk: Arc<Desk>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("orders".to_owned())
        .spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                match serde_json::from_str(&line) {
                    Ok(Order::Spawn(spawn)) => desk.start(spawn),
                    Ok(Order::Stop(key)) => desk.stop(key),
                    // the pipe is between two halves of one program: half a line is its death
                    Err(_) => break,
                }
            }
            desk.close();
        })?;
    Ok(())
}

fn watch_signals(desk: Arc<Desk>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for _ in signals.forever() {
                desk.close();
            }
        })?;
    Ok(())
}
