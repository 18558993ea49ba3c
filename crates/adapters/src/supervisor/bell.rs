//! Wakes the thread of a tool, which waits for the tool's end and for us at the same time.
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
    process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid},
};
use std::{
    io,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Tells one tool's thread to stop its tool. Cheap to clone; all clones are the same bell.
#[derive(Clone)]
pub(super) struct Bell(Arc<Inner>);

struct Inner {
    rung: AtomicBool,
    wakes: OwnedFd,
}

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The tool has ended.
    Ended,
    /// We are told to stop it.
    Rung,
    /// It was time.
    Late,
}

impl Bell {
    /// One that has not been rung.
    pub fn new() -> io::Result<Self> {
        let wakes = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Arc::new(Inner {
            rung: AtomicBool::new(false),
            wakes,
        })))
    }
    /// Rings it.
    pub fn ring(&self) {
        self.0.rung.store(true, Ordering::SeqCst);
        // it fails only when it has been rung so often that it wakes anyway
        let _ = rustix::io::write(&self.0.wakes, &1_u64.to_ne_bytes());
    }
    /// Was it rung since this was asked last?
    pub fn was_rung(&self) -> bool {
        let _ = rustix::io::read(&self.0.wakes, &mut [0; 8]);
        self.0.rung.swap(false, Ordering::SeqCst)
    }
    /// Waits for the end of a child, without reaping it: until then its process group cannot become somebody else's.
    pub fn wait(&self, child: &Awake, until: Option<Instant>) -> Woken {
        loop {
            if child.has_ended() {
                return Woken::Ended;
            }
            if self.was_rung() {
                return Woken::Rung;
            }
            let left = until.map(|u| u.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Woken::Late;
            }
            let left = match &child.ends {
                Some(_) => left,
                None => Some(left.unwrap_or(LOOK).min(LOOK)),
            };
            let left = left.and_then(|l| Timespec::try_from(l).ok());
            let bell = PollFd::new(&self.0.wakes, PollFlags::IN);
            let mut on = vec![bell];
            on.extend(child.ends.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
            // an interruption is a reason to look, too
            let _ = poll(&mut on, left.as_ref());
        }
    }
}

/// How often we look at a child on a kernel that does not tell us.
const LOOK: Duration = Duration::from_millis(5);

/// A child of this thread that can be waited for.
pub(super) struct Awake {
    pid: Pid,
    ends: Option<OwnedFd>,
}

impl Awake {
    /// A child that nobody has reaped.
    pub fn new(pid: Pid) -> Self {
        let ends = pidfd_open(pid, PidfdFlags::empty()).ok();
        Self { pid, ends }
    }
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        loop {
            match waitid(WaitId::Pid(self.pid), options) {
                Ok(status) => return status.is_some(),
                Err(Errno::INTR) => {}
                // nobody else reaps it; if somebody did, it has ended
                Err(_) => return true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn it_tells_an_end_a_ring_and_a_late_hour_apart() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (bell, awake) = (Bell::new().unwrap(), Awake::new(Pid::from_child(&child)));
        assert_eq!(bell.wait(&awake, Some(Instant::now())), Woken::Late);
        bell.clone().ring();
        bell.ring();
        assert_eq!(bell.wait(&awake, None), Woken::Rung);
        assert!(!bell.was_rung());
        drop(child.stdin.take());
        assert_eq!(bell.wait(&awake, None), Woken::Ended);
        assert!(child.wait().unwrap().success());
    }

    #[test]
    fn a_kernel_that_does_not_tell_is_asked() {
        let mut child = Command::new("true").spawn().unwrap();
        let awake = Awake {
            pid: Pid::from_child(&child),
            ends: None,
        };
        assert_eq!(Bell::new().unwrap().wait(&awake, None), Woken::Ended);
        assert!(child.wait().unwrap().success());
    }
}
