//! How a tool is stopped: each signal to its whole group, with a time to act on it before the next.
use rustix::process::{Pid, Signal as Sig, kill_process_group};
use std::time::{Duration, Instant};
use strata_core::engine::{Millis, Signal};

/// A stop that goes on step by step.
pub(crate) struct Schedule {
    left: std::vec::IntoIter<(Signal, Millis)>,
    /// When the next signal is due; `None` after the last one.
    pub due: Option<Instant>,
}

impl Schedule {
    /// From the steps of an invocation. Killing is always the last of them: a stop has an end.
    pub fn new(steps: &[(Signal, Millis)]) -> Self {
        let mut steps = steps.to_vec();
        if steps.last().is_none_or(|(s, _)| *s != Signal::Kill) {
            steps.push((Signal::Kill, 0));
        }
        Self {
            left: steps.into_iter(),
            due: Some(Instant::now()),
        }
    }
    /// Sends what is due to a process group.
    pub fn step(&mut self, group: Pid) {
        while self.due.is_some_and(|due| due <= Instant::now()) {
            let Some((signal, wait)) = self.left.next() else {
                self.due = None;
                return;
            };
            send(group, signal);
            self.due =
                (signal != Signal::Kill).then(|| Instant::now() + Duration::from_millis(wait));
        }
    }
}

/// Sends a signal to a process group; one that is gone does not mind.
pub(crate) fn send(group: Pid, signal: Signal) {
    let number = match signal {
        Signal::Interrupt => Sig::INT,
        Signal::Terminate => Sig::TERM,
        Signal::Kill => Sig::KILL,
    };
    let _ = kill_process_group(group, number);
    if signal != Signal::Kill {
        // one that is suspended could not act on it
        let _ = kill_process_group(group, Sig::CONT);
    }
}
