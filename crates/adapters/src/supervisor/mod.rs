//! The process that starts tools for us and outlives us: `strata __supervise DIR`.
//!
//! One per run. It has a session of its own (so that Ctrl-C reaches tools once, from us), adopts every process that
//! tools leave behind, holds a kernel lock per attempt and leaves a durable record of how each attempt ended. When
//! its standard input closes, our program is gone: it stops every tool and ends.
//!
//! It knows nothing of plans, engines or stores: it is told argument lists on a pipe.
mod liveness;
mod message;
mod record;
mod stopping;
mod strays;
mod tool;

pub(crate) use liveness::Process;
pub(crate) use message::{Answer, Fenced, Order, Outcome, Refusal, Spawn, Told};
pub(crate) use record::{Ended, LOCK, Started, ToolRecord, VOID, fence_of};
pub(crate) use stopping::Schedule;
pub(crate) use strays::{MARKER, marked};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    collections::HashMap,
    io::{self, BufRead, Write},
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

/// The hidden command that starts it.
pub const COMMAND: &str = "__supervise";

/// What the loop waits for.
enum Heard {
    Order(Box<Order>),
    /// Nobody talks to us any more, or the machine shuts down.
    Closed,
    /// A tool's thread has ended.
    Over(u64),
}

/// Says things to our program; when it is gone, nobody hears them.
#[derive(Clone)]
struct Voice(Arc<Mutex<io::Stdout>>);

impl Voice {
    fn say(&self, answer: &Answer) {
        let mut line = serde_json::to_vec(answer).expect("plain data serialises");
        line.push(b'\n');
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}

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
    let (hear, heard) = mpsc::channel();
    listen(hear.clone())?;
    watch_signals(hear.clone())?;
    let voice = Voice(Arc::new(Mutex::new(io::stdout())));
    let mut running: HashMap<u64, mpsc::Sender<Told>> = HashMap::new();
    let (mut closed, mut may_stay) = (false, false);
    while !(closed && running.is_empty()) {
        // the loop holds a sender, so this cannot fail
        let Ok(next) = heard.recv() else { break };
        match next {
            Heard::Order(order) => match *order {
                Order::Spawn(spawn) if closed => {
                    voice.say(&Answer::refused(spawn.key, Refusal::Closing));
                }
                Order::Spawn(spawn) => {
                    may_stay |= spawn.leaves_processes;
                    let (tell, told) = mpsc::channel();
                    let key = spawn.key;
                    running.insert(key, tell.clone());
                    let started = start(*spawn, (told, tell), voice.clone(), hear.clone());
                    if let Err(e) = started {
                        running.remove(&key);
                        voice.say(&Answer::refused(key, Refusal::Io(e.to_string())));
                    }
                }
                Order::Stop(key) => {
                    if let Some(tool) = running.get(&key) {
                        let _ = tool.send(Told::Stop);
                    }
                }
            },
            Heard::Closed => {
                closed = true;
                for tool in running.values() {
                    let _ = tool.send(Told::Stop);
                }
            }
            Heard::Over(key) => {
                running.remove(&key);
            }
        }
    }
    if !may_stay {
        strays::end_unmarked();
    }
    Ok(())
}

fn start(
    spawn: Spawn,
    (told, tell): (mpsc::Receiver<Told>, mpsc::Sender<Told>),
    voice: Voice,
    hear: mpsc::Sender<Heard>,
) -> io::Result<()> {
    let key = spawn.key;
    std::thread::Builder::new()
        .name("tool".to_owned())
        .stack_size(256 << 10)
        .spawn(move || {
            let answer = tool::run(&spawn, &told, &tell);
            voice.say(&answer);
            let _ = hear.send(Heard::Over(key));
        })?;
    Ok(())
}

/// Reads orders until the pipe closes.
fn listen(hear: mpsc::Sender<Heard>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("orders".to_owned())
        .spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                match serde_json::from_str(&line) {
                    Ok(order) => {
                        let _ = hear.send(Heard::Order(Box::new(order)));
                    }
                    // the pipe is between two halves of one program: half a line is its death
                    Err(_) => break,
                }
            }
            let _ = hear.send(Heard::Closed);
        })?;
    Ok(())
}

fn watch_signals(hear: mpsc::Sender<Heard>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for _ in signals.forever() {
                let _ = hear.send(Heard::Closed);
            }
        })?;
    Ok(())
}
