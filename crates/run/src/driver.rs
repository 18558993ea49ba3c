//! An apply or destroy run: append to the journal, then act.
//!
//! One thread owns the machine, the journal and the leases; every step runs on a thread of its own and asks that
//! one before anything is written. Progress lines never enter the journal.
//!
//! What happened is folded in at once and written a moment later, together: before a job starts, a step hears that it
//! may write, or anybody is told.
mod findings;
mod journal;
mod starting;

use crate::{
    machine::{Command, Machine},
    pool::{Job, Pool, Said, Work},
    recover::Intents,
    session::{self, Ended, Intended},
    status::Illegal,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use strata_core::{
    digest::Digest,
    engine::{Act, DynEngine, Exit, Failure, Finding, Got, Recovery, Report, Verb, Verdict},
    event::{Event, Gate, TaskText},
    executor::{Executor, ExecutorError, Handle, Reattached},
    name::Address,
    plan::Basis,
    proposal::{Fidelity, Proposal},
    store::{Applied, AppliedChange, Lease, Request, Store, StoreError},
    value::Output,
};
use strata_plan::prepared::{NotReady, Prepared};

/// How long nothing happens before whoever watches hears of it; requests of others are looked for as often.
const PAUSE: Duration = Duration::from_millis(100);
/// So many messages are heard before what they led to is written.
const AT_ONCE: usize = 64;

/// What a run needs to know about units: over a composition (apply) or over what was applied (destroy).
pub trait Workbench {
    /// The unit with real inputs, ready for its engine.
    fn prepare(&self, unit: &Address) -> Result<Prepared, NotReady>;
    /// Outputs of a unit are now these; consumers see them from here on.
    fn applied(&mut self, applied: &Applied);
    /// A unit is gone.
    fn removed(&mut self, unit: &Address);
    /// The fingerprint that was applied last, if it need not be applied again for other reasons.
    fn current(&self, unit: &Address) -> Option<Digest>;
    /// The number of verifiers of a unit, and whether it passed last time.
    fn verified(&self, unit: &Address) -> Option<bool>;
    /// Bytes of the files that a unit ran with, to destroy it when they are gone.
    fn pack(&self, prepared: &Prepared) -> Result<Vec<u8>, String>;
}

/// Something to show.
pub enum Notice<'a> {
    /// A durable event.
    Event(&'a Event),
    /// An invocation of a unit starts.
    Started {
        /// The unit.
        unit: &'a Address,
        /// `plan`, `apply`, `init` …
        label: &'a str,
    },
    /// A line of a tool.
    Line {
        /// The unit.
        unit: &'a Address,
        /// Which invocation.
        label: &'a str,
        /// The line.
        text: &'a str,
        /// From standard error?
        error: bool,
    },
    /// Nothing happened for a moment: a chance to redraw.
    Tick,
}

/// What a run is made of.
pub struct Parts<'a> {
    /// Journal and more.
    pub store: Arc<dyn Store>,
    /// Where tools run.
    pub executor: Arc<dyn Executor>,
    /// Engines by name.
    pub engines: &'a dyn Fn(&str) -> Arc<dyn DynEngine>,
    /// Units.
    pub bench: &'a mut dyn Workbench,
    /// Who watches.
    pub watch: &'a mut dyn FnMut(&Notice<'_>),
    /// How many steps at once.
    pub parallelism: usize,
    /// 0: go on; 1: let running tools finish; 2: stop them.
    pub interrupted: &'a dyn Fn() -> u8,
    /// Durations of earlier applies in milliseconds, to start the longest path first.
    pub durations: &'a HashMap<Address, u64>,
    /// Now, in milliseconds since 1970.
    pub now: &'a dyn Fn() -> u64,
}

/// A run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal says something impossible.
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

/// How a step's time was spent, for the summary.
#[derive(Clone, Debug)]
pub struct Timing {
    /// The unit.
    pub unit: Address,
    /// Milliseconds from the beginning of the run.
    pub from: u64,
    /// To.
    pub to: u64,
}

/// What a run came to.
pub struct Outcome {
    /// Every step.
    pub machine: Machine,
    /// When each step that did something ran.
    pub timings: Vec<Timing>,
    /// Milliseconds that the run took.
    pub elapsed: u64,
}

/// Drives a run until nothing is left but to wait.
pub struct Driver<'a> {
    parts: Parts<'a>,
    run: String,
    leases: BTreeMap<String, Lease>,
    machine: Machine,
    pool: Pool,
    busy: HashSet<usize>,
    ready: Vec<(usize, Command)>,
    path: Vec<u64>,
    prepared: HashMap<usize, Prepared>,
    intents: Intents,
    outbox: Vec<journal::Entry>,
    replies: Vec<mpsc::Sender<Result<(), ExecutorError>>>,
    began: Instant,
    since: HashMap<usize, u64>,
    timings: Vec<Timing>,
}

impl<'a> Driver<'a> {
    /// A driver of a run under leases of all its environments. `intents`: of an earlier process, when it resumes.
    pub fn new(
        parts: Parts<'a>,
        run: String,
        leases: BTreeMap<String, Lease>,
        machine: Machine,
        intents: Intents,
    ) -> Self {
        let path = starting::longest_paths(&machine, parts.durations);
        let pool = Pool::new(parts.executor.clone());
        Self {
            parts,
            run,
            leases,
            machine,
            pool,
            busy: HashSet::new(),
            ready: Vec::new(),
            path,
            prepared: HashMap::new(),
            intents,
            outbox: Vec::new(),
            replies: Vec::new(),
            began: Instant::now(),
            since: HashMap::new(),
            timings: Vec::new(),
        }
    }

    /// Runs until every step has come to an end or waits for a person.
    pub fn drive(mut self) -> Result<Outcome, RunError> {
        let mut drained = 0;
        let mut looked: Option<Instant> = None;
        loop {
            let asked = (self.parts.interrupted)();
            if asked > drained {
                drained = asked;
                self.cancel(asked > 1)?;
            }
            let look = looked.is_none_or(|at| at.elapsed() >= PAUSE);
            if look {
                self.take_requests()?;
                looked = Some(Instant::now());
            }
            self.schedule()?;
            self.flush()?;
            if self.busy.is_empty() && self.ready.is_empty() {
                if look {
                    break;
                }
                // nobody who asked in time goes unheard
                looked = None;
                continue;
            }
            match self.pool.said.recv_timeout(PAUSE) {
                Ok(said) => self.hear(said)?,
                Err(mpsc::RecvTimeoutError::Timeout) => (self.parts.watch)(&Notice::Tick),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    unreachable!("the driver holds a sender")
                }
            }
            // what was said meanwhile goes into the same transaction
            for _ in 0..AT_ONCE {
                let Ok(said) = self.pool.said.try_recv() else {
                    break;
                };
                self.hear(said)?;
            }
        }
        self.close()
    }

    fn take_requests(&mut self) -> Result<(), RunError> {
        for env in self.leases.keys().cloned().collect::<Vec<_>>() {
            for request in self.parts.store.requests(&env)? {
                match request {
                    Request::Cancel { now } => self.cancel(now)?,
                    Request::Answer {
                        unit,
                        gate,
                        yes,
                        by,
                        outputs,
                        ..
                    } => {
                        self.answer(&unit, gate, yes, &by, outputs)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn answer(
        &mut self,
        unit: &Address,
        gate: Gate,
        yes: bool,
        by: &str,
        outputs: BTreeMap<String, Output>,
    ) -> Result<(), RunError> {
        let Some(i) = self.machine.position(unit) else {
            return Ok(());
        };
        if self.machine.held().all(|(held, g)| held != i || *g != gate) {
            return Ok(());
        }
        let answered = Event::Answered {
            unit: unit.clone(),
            gate: gate.clone(),
            yes,
            by: by.to_owned(),
        };
        if gate != Gate::HandOff || !yes {
            return self.append(vec![answered], Vec::new());
        }
        let Ok(mut prepared) = self.parts.bench.prepare(unit) else {
            return Ok(());
        };
        prepared.task.verb = Verb::Apply;
        let engine = (self.parts.engines)(&prepared.task.spec.engine);
        let (state, _) = engine.begin(&prepared.task, &Got::Open { kept: vec![] });
        let got = Got::Answered {
            values: outputs,
            by: by.to_owned(),
        };
        match engine.next(&prepared.task, &state, &got) {
            Ok((_, Act::Finish(finding))) => {
                self.prepared.insert(i, prepared);
                match *finding {
                    // together, so that no crash can lose what was handed back
                    Finding::Applied { outputs } => {
                        self.was_applied(i, unit.clone(), outputs, vec![answered])
                    }
                    // an answer that does not fit leaves the question open
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn hear(&mut self, said: Said) -> Result<(), RunError> {
        match said {
            Said::Line {
                step,
                label,
                text,
                error,
            } => {
                let unit = &self.machine.plan().body.steps[step].unit;
                (self.parts.watch)(&Notice::Line {
                    unit,
                    label: &label,
                    text: &text,
                    error,
                });
            }
            Said::Started { step, label } => {
                let unit = &self.machine.plan().body.steps[step].unit;
                (self.parts.watch)(&Notice::Started {
                    unit,
                    label: &label,
                });
            }
            Said::Intent { event, reply } => {
                if self.machine.cancel == Some(true) {
                    let stopped = ExecutorError::Other("stopped before it began".to_owned());
                    let _ = reply.send(Err(stopped));
                } else {
                    self.append(vec![*event], Vec::new())?;
                    self.replies.push(reply);
                }
            }
            Said::Done { step, work, ended } => {
                self.busy.remove(&step);
                self.pool.done(step);
                self.done(step, &work, ended)?;
            }
        }
        Ok(())
    }
}

/// What became of an interrupted attempt, as a finding; called on the step's own thread.
pub(crate) fn recovered(
    executor: &dyn Executor,
    intent: &crate::recover::Intent,
) -> Result<Found, ExecutorError> {
    Ok(match executor.reattach(&intent.handle)? {
        Reattached::Ended(got)
            if !matches!(
                *got,
                Got::Exit {
                    exit: Exit::Stopped,
                    ..
                }
            ) =>
        {
            Found::GoOn(got)
        }
        Reattached::NeverStarted => Found::Verdict(Verdict::NotDone),
        Reattached::Ended(_) | Reattached::Stopped(_) | Reattached::Lost => match intent.recovery {
            Recovery::Rerun => Found::Verdict(Verdict::Partly),
            Recovery::Probe => Found::Probe,
            Recovery::Ask => Found::Verdict(Verdict::Unknown),
        },
    })
}

/// How to go on with an interrupted attempt.
pub(crate) enum Found {
    /// It came to its end: go on with the dialogue.
    GoOn(Box<Got>),
    /// The engine has to find out.
    Probe,
    /// That is known.
    Verdict(Verdict),
}

/// An intent as a thread says it.
pub(crate) fn intent_event(unit: &Address, intended: &Intended<'_>) -> Event {
    Event::Intent {
        unit: unit.clone(),
        handle: intended.handle.clone(),
        label: intended.label.to_owned(),
        recovery: intended.recovery,
        state: intended.state.to_owned(),
        task: intended.task.map(TaskText::of),
    }
}
