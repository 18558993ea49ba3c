//! Removes a cluster, whole, half made or half removed: processes, link, control groups, folder, in this order.
use super::{
    cgroups, network,
    place::{self, Cluster, MARK},
};
use crate::Failure;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fd::OwnedFd,
    io::Errno,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
    time::Timespec,
};
use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// Seconds that the kernel may take to end a namespace's processes.
const PATIENCE: i64 = 30;
/// How long the machine's first process may take to take in what has ended. Some containers have none that does.
const TAKEN_IN: Duration = Duration::from_secs(5);

/// `cluster down NAME`. That nothing is there is fine.
pub fn run(name: &str) -> Result<(), Failure> {
    place::check_name(name)?;
    let folder = place::folder(name);
    if !folder.exists() {
        eprintln!("there is no cluster `{name}`");
        return place::sweep();
    }
    let Some(_lock) = place::lock(&folder)? else {
        return Err(format!(
            "`{name}` is being brought up or down: wait for that, or end it, then try again"
        )
        .into());
    };
    end(&folder)?;
    if let Some(cluster) = Cluster::read(&folder) {
        network::remove(&cluster)?;
        cgroups::remove(&cluster)?;
    }
    no_mounts(&folder)?;
    place::remove(&folder)
}

/// The processes that carry the cluster's mark. Those of its containers do not, and end with its first process.
pub fn processes(folder: &Path) -> Result<Vec<(Pid, OwnedFd)>, Failure> {
    let mut mark = OsString::from(MARK);
    mark.push("=");
    mark.push(folder);
    let mark = mark.into_vec();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|n| n.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else {
            continue;
        };
        // opened first: what is read then is of this process or of none
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let marked = environment.split(|b| *b == 0).any(|v| v == mark);
        if marked {
            found.push((pid, process));
        }
    }
    Ok(found)
}

/// Ends them and waits until they are gone. The first process is gone when all of its namespace are.
fn end(folder: &Path) -> Result<(), Failure> {
    loop {
        let found = processes(folder)?;
        if found.is_empty() {
            return Ok(());
        }
        for (_, process) in &found {
            kill(process)?;
        }
        let patience = Timespec {
            tv_sec: PATIENCE,
            tv_nsec: 0,
        };
        for (pid, process) in &found {
            let mut wanted = [PollFd::new(process, PollFlags::IN)];
            if poll(&mut wanted, Some(&patience))? == 0 {
                return Err(format!("process {} does not end", pid.as_raw_nonzero()).into());
            }
        }
        let until = Instant::now() + TAKEN_IN;
        while Instant::now() < until && !found.iter().all(|(_, p)| matches!(kill(p), Ok(true))) {
            sleep(Duration::from_millis(10));
        }
    }
}

/// Kills a process; true when it is not there any more.
fn kill(process: &OwnedFd) -> Result<bool, Failure> {
    match pidfd_send_signal(process, Signal::KILL) {
        Ok(()) => Ok(false),
        Err(Errno::SRCH) => Ok(true),
        Err(e) => Err(e.into()),
    }
}

/// A mount in the folder would be emptied with it.
fn no_mounts(folder: &Path) -> Result<(), Failure> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let below = |line: &&str| {
        let place = line.split(' ').nth(4).map(Path::new);
        place.is_some_and(|p| p.starts_with(folder))
    };
    match mounts.lines().find(below) {
        None => Ok(()),
        Some(line) => Err(format!("something is mounted in the cluster's folder: {line}").into()),
    }
}
