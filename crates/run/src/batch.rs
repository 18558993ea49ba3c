//! Reading runs: the same verb on many units at once, in parallel, without lease or journal.
//!
//! Used to plan what is known, to look for drift, to verify everything, to read outputs of what exists.
use crate::{
    driver::Notice,
    pool::{Job, Pool, Said},
    session::Ended,
    waiting::Waiting,
};
use std::{sync::Arc, sync::mpsc, time::Duration};
use strata_core::{
    engine::{Failure, Finding},
    executor::{Executor, Stop},
    name::Address,
};

/// How a batch runs.
pub struct Batch<'a> {
    /// Where tools run.
    pub executor: Arc<dyn Executor>,
    /// How many at once.
    pub parallelism: usize,
    /// Not 0: start nothing more and stop what runs.
    pub interrupted: &'a dyn Fn() -> u8,
    /// Who watches.
    pub watch: &'a mut dyn FnMut(&Notice<'_>),
}

impl Batch<'_> {
    /// Runs all jobs; answers in their order. A job that never started because of an interrupt has a failure.
    pub fn run(self, jobs: Vec<Job>) -> Vec<(Address, Finding)> {
        let units: Vec<Address> = jobs.iter().map(|j| j.prepared.task.unit.clone()).collect();
        let mut answers: Vec<Option<Finding>> = units.iter().map(|_| None).collect();
        let jobs = jobs.into_iter().enumerate().map(|(i, mut job)| {
            job.step = i;
            let claims = job.claims.clone();
            (job, claims)
        });
        let mut waiting = Waiting::new(jobs);
        let mut pool = Pool::new(self.executor.clone());
        let mut busy = 0;
        let mut asked = 0;
        loop {
            let interrupts = (self.interrupted)();
            if interrupts > asked {
                asked = interrupts;
                waiting.clear();
                // nothing here writes, so there is no safe point to wait for
                self.executor.stop(Stop::Now);
            }
            while busy < self.parallelism
                && let Some(job) = waiting.next(|claim| pool.in_use(claim))
            {
                busy += 1;
                pool.start(job);
            }
            if busy == 0 {
                break;
            }
            match pool.said.recv_timeout(Duration::from_millis(100)) {
                Ok(Said::Line {
                    step,
                    label,
                    text,
                    error,
                }) => {
                    (self.watch)(&Notice::Line {
                        unit: &units[step],
                        label: &label,
                        text: &text,
                        error,
                    });
                }
                Ok(Said::Started { step, label }) => {
                    (self.watch)(&Notice::Started {
                        unit: &units[step],
                        label: &label,
                    });
                }
                // without a journal there is nothing to wait for
                Ok(Said::Intent { reply, .. }) => {
                    let _ = reply.send(Ok(()));
                }
                Ok(Said::Done { step, ended, .. }) => {
                    busy -= 1;
                    for claim in pool.done(step) {
                        waiting.released(&claim);
                    }
                    answers[step] = Some(match ended {
                        Ok(Ended::Finding(finding)) => finding,
                        Ok(Ended::Ask(q)) => Finding::Failed(Failure::permanent(q.text)),
                        Err(e) => Finding::Failed(Failure::permanent(e.to_string())),
                    });
                }
                Err(mpsc::RecvTimeoutError::Timeout) => (self.watch)(&Notice::Tick),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    unreachable!("the pool holds a sender")
                }
            }
        }
        let interrupted = || Finding::Failed(Failure::permanent("interrupted before it began"));
        units
            .into_iter()
            .zip(answers.into_iter().map(|a| a.unwrap_or_else(interrupted)))
            .collect()
    }
}
