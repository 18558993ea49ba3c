//! The adapters with real processes, files and signals.
#![allow(missing_docs)]
mod bench;
mod death;
mod interrupted;
mod running;
mod sealed;
mod secrets;
mod stopping;

use bench::Bench;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use strata_core::engine::{Arg, Invocation};

/// A platform in a new folder.
fn bench() -> (tempfile::TempDir, Bench) {
    let dir = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_strata-adapters-program").into();
    let bench = Bench::at(dir.path().canonicalize().unwrap(), program);
    (dir, bench)
}

/// A shell script as an invocation.
fn sh(script: &str) -> Invocation {
    Invocation::new("test", "sh", ["-c".into(), Arg::Text(script.to_owned())])
}

/// Waits until something is so. The limit is generous: it only ends a test that hangs.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "waited in vain for: {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The process id that a script wrote into a file, when it has.
fn pid_in(file: &Path) -> Option<u32> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Is a process there, and not only waiting to be reaped?
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
