//! Processes that a tool leaves behind: found by its process group, or by a variable in their environment when they
//! have left it. What lost its parent is ours, since we adopt it.
use super::liveness::stat;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group, waitpid,
};
use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

/// The variable that names the invocation a process belongs to.
pub(crate) const MARKER: &str = "STRATA_HANDLE";

/// How long a straggler may take after it was asked to end.
const GRACE: Duration = Duration::from_secs(1);
/// How long we try: what the kernel does not let die is left.
const MOST: Duration = Duration::from_secs(15);

/// Ends everything of a tool whose first process has been reaped. Says how many processes that were.
pub(super) fn end(group: Pid, mark: &str) -> u32 {
    let began = Instant::now();
    let mut asked: BTreeSet<u32> = BTreeSet::new();
    let mut pause = Duration::from_micros(500);
    loop {
        let grouped = test_kill_process_group(group).is_ok();
        let marked: Vec<u32> = adopted()
            .into_iter()
            .filter(|pid| !reap(*pid) && is_marked(*pid, mark))
            .collect();
        if (!grouped && marked.is_empty()) || began.elapsed() > MOST {
            return asked.len() as u32;
        }
        let late = began.elapsed() > GRACE;
        let signal = if late { Signal::KILL } else { Signal::TERM };
        if grouped && (late || asked.insert(0)) {
            let _ = kill_process_group(group, signal);
        }
        for pid in marked {
            if late || asked.insert(pid) {
                kill(pid, signal);
            }
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Ends what is left of tools and has no mark: it was made by ours, and nobody wants it to stay.
pub(super) fn end_unmarked() {
    let began = Instant::now();
    loop {
        let left: Vec<u32> = adopted().into_iter().filter(|pid| !reap(*pid)).collect();
        if left.is_empty() || began.elapsed() > MOST {
            return;
        }
        let late = began.elapsed() > GRACE;
        for pid in left {
            kill(pid, if late { Signal::KILL } else { Signal::TERM });
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// All processes of this machine that carry the mark of an invocation.
pub(crate) fn marked(mark: &str) -> Vec<Pid> {
    all()
        .into_iter()
        .filter(|pid| is_marked(*pid, mark))
        .filter_map(id)
        .collect()
}

fn is_marked(pid: u32, mark: &str) -> bool {
    let mark = format!("{MARKER}={mark}");
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|env| env.split(|b| *b == 0).any(|v| v == mark.as_bytes()))
}

/// Reaps a child that is dead and whom nobody waits for. True when it is gone.
fn reap(pid: u32) -> bool {
    let Some(stat) = stat(pid) else { return true };
    // a tool's first process is waited for by its own thread
    if stat.state != 'Z' || is_awaited(pid) {
        return stat.state == 'Z';
    }
    let _ = id(pid).map(|p| waitpid(Some(p), WaitOptions::NOHANG));
    true
}

fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = id(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn id(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// First processes of tools: their threads reap them.
static AWAITED: std::sync::Mutex<BTreeSet<u32>> = std::sync::Mutex::new(BTreeSet::new());

/// A thread waits for this child itself, until what it gets is dropped.
pub(super) struct Awaited(u32);

impl Awaited {
    /// Starts a child and notes it before anybody else can see it dead.
    pub fn spawn(
        start: impl FnOnce() -> std::io::Result<std::process::Child>,
    ) -> std::io::Result<(std::process::Child, Self)> {
        let mut awaited = lock();
        let child = start()?;
        awaited.insert(child.id());
        let id = child.id();
        Ok((child, Self(id)))
    }
}
impl Drop for Awaited {
    fn drop(&mut self) {
        lock().remove(&self.0);
    }
}

fn is_awaited(pid: u32) -> bool {
    lock().contains(&pid)
}

fn lock() -> std::sync::MutexGuard<'static, BTreeSet<u32>> {
    AWAITED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Children of our first thread. It starts no tools, and the kernel gives it what loses its parent: so these are
/// adopted. (On a kernel that does not list them by thread: all our children.)
fn adopted() -> Vec<u32> {
    let us = std::process::id();
    match fs::read_to_string(format!("/proc/self/task/{us}/children")) {
        Ok(text) => text
            .split_ascii_whitespace()
            .filter_map(|p| p.parse().ok())
            .collect(),
        Err(_) => children_of_us(),
    }
}

fn children_of_us() -> Vec<u32> {
    let us = std::process::id();
    let ours = |pid: &u32| stat(*pid).is_some_and(|s| s.parent == us);
    all().into_iter().filter(ours).collect()
}

fn all() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .collect()
}
