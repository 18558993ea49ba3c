//! Is a process that a record names still the same one, alive? A process id alone does not tell.
use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use std::{fs, sync::OnceLock};

/// Names a process for ever: id, when it began, and in which life of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its id.
    pub pid: u32,
    /// When it began, in ticks since the machine did.
    pub since: u64,
    /// Which life of the machine.
    pub boot: String,
}

impl Process {
    /// A process by its id; one that has ended already gets a beginning that no process has.
    pub fn of(pid: u32) -> Self {
        Self {
            pid,
            since: stat(pid).map_or(0, |s| s.since),
            boot: boot().to_owned(),
        }
    }
    /// This process.
    pub fn ours() -> Self {
        static OURS: OnceLock<Process> = OnceLock::new();
        OURS.get_or_init(|| Self::of(std::process::id())).clone()
    }
    /// Is it still there, and not only waiting to be reaped?
    pub fn is_alive(&self) -> bool {
        self.boot == boot()
            && stat(self.pid).is_some_and(|s| s.since == self.since && s.state != 'Z')
    }
    /// Its id, for signals.
    pub fn id(&self) -> Option<Pid> {
        i32::try_from(self.pid).ok().and_then(Pid::from_raw)
    }
}

/// What `/proc/PID/stat` says.
pub(super) struct Stat {
    /// `R`, `S`, `Z` …
    pub state: char,
    /// Its parent.
    pub parent: u32,
    /// When it began.
    pub since: u64,
}

/// `None` when there is no such process.
pub(super) fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name stands in brackets and may hold anything, brackets too
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        since: fields.get(19)?.parse().ok()?,
    })
}

/// Which life of the machine this is.
pub(crate) fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .unwrap_or_default()
            .trim()
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_alive_and_another_beginning_is_another_process() {
        let us = Process::ours();
        assert!(us.is_alive() && us.since > 0);
        assert!(
            !Process {
                since: us.since + 1,
                ..us.clone()
            }
            .is_alive()
        );
        assert!(
            !Process {
                boot: "other".into(),
                ..us
            }
            .is_alive()
        );
        assert!(stat(std::process::id()).is_some_and(|s| s.parent > 0));
    }
}
