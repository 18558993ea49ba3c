//! An apply or destroy run: append to the journal, then act.
//!
//! One thread owns the machine, the journal and the leases; every step runs on a thread of its own and asks that
//! one before anything is written. Progress lines never enter the journal.
mod findings;
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
    event::{Event, Gate},
    executor::{Executor, ExecutorError, Handle, Reattached, Stop},
    name::Address,
    plan::Basis,
    proposal::{Fidelity, Proposal},
    store::{Applied, AppliedChange, Lease, Request, Store, StoreError},
    value::Output,
};
use strata_plan::prepared::{NotReady, Prepared};

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
        let path = longest_paths(&machine, parts.durations);
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
            began: Instant::now(),
            since: HashMap::new(),
            timings: Vec::new(),
        }
    }

    /// Says that the run begins, or that this process goes on with it.
    pub fn open(&mut self, resumed: bool) -> Result<(), RunError> {
        let (plan, verb) = (self.machine.plan().digest, self.machine.plan().body.verb);
        let envs: Vec<String> = self.leases.keys().cloned().collect();
        for (i, env) in envs.iter().enumerate() {
            let generation = self.leases[env].generation;
            let event = if resumed {
                Event::RunTaken { generation }
            } else {
                Event::RunStarted {
                    plan,
                    generation,
                    verb,
                }
            };
            let lease = self.leases.get_mut(env).expect("its own key");
            self.parts
                .store
                .append(lease, &self.run, std::slice::from_ref(&event), &[], true)?;
            if i == 0 {
                self.machine.apply(&event)?;
            }
            (self.parts.watch)(&Notice::Event(&event));
        }
        Ok(())
    }

    /// Runs until every step has come to an end or waits for a person.
    pub fn drive(mut self) -> Result<Outcome, RunError> {
        let mut drained = 0;
        loop {
            let asked = (self.parts.interrupted)();
            if asked > drained {
                drained = asked;
                self.cancel(asked > 1)?;
            }
            self.take_requests()?;
            self.schedule()?;
            if self.busy.is_empty() && self.ready.is_empty() {
                break;
            }
            match self.pool.said.recv_timeout(Duration::from_millis(100)) {
                Ok(said) => self.hear(said)?,
                Err(mpsc::RecvTimeoutError::Timeout) => (self.parts.watch)(&Notice::Tick),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    unreachable!("the driver holds a sender")
                }
            }
        }
        self.close()
    }

    fn close(mut self) -> Result<Outcome, RunError> {
        let end = if self.machine.settled() {
            Event::RunFinished
        } else {
            Event::Parked
        };
        for env in self.leases.keys().cloned().collect::<Vec<_>>() {
            let lease = self.leases.get_mut(&env).expect("its own key");
            self.parts
                .store
                .append(lease, &self.run, std::slice::from_ref(&end), &[], true)?;
        }
        self.machine.apply(&end)?;
        (self.parts.watch)(&Notice::Event(&end));
        for t in &self.timings {
            self.parts.store.note(
                "duration",
                &t.unit.to_string(),
                &(t.to - t.from).to_string(),
            )?;
        }
        for lease in self.leases.values() {
            self.parts.store.release(lease)?;
        }
        Ok(Outcome {
            machine: self.machine,
            timings: self.timings,
            elapsed: self.began.elapsed().as_millis() as u64,
        })
    }

    fn cancel(&mut self, now: bool) -> Result<(), RunError> {
        let event = Event::CancelRequested { now };
        for env in self.leases.keys().cloned().collect::<Vec<_>>() {
            let lease = self.leases.get_mut(&env).expect("its own key");
            self.parts
                .store
                .append(lease, &self.run, std::slice::from_ref(&event), &[], false)?;
        }
        self.machine.apply(&event)?;
        (self.parts.watch)(&Notice::Event(&event));
        // what still has to be done about running steps is said anew
        self.ready.clear();
        self.parts
            .executor
            .stop(if now { Stop::Now } else { Stop::Drain });
        Ok(())
    }

    /// Appends events of one unit and takes them into account.
    fn append(&mut self, events: &[Event], applied: &[AppliedChange]) -> Result<(), RunError> {
        let env = events[0].unit().expect("events of units").env.to_string();
        let lease = self
            .leases
            .get_mut(&env)
            .expect("a plan writes only in its environments");
        self.parts
            .store
            .append(lease, &self.run, events, applied, false)?;
        for event in events {
            self.machine.apply(event)?;
            (self.parts.watch)(&Notice::Event(event));
        }
        Ok(())
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
            return self.append(&[answered], &[]);
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
            Said::Intent { step, event, reply } => {
                let unit = self.machine.plan().body.steps[step].unit.clone();
                let stopped = self.machine.cancel == Some(true);
                let answer = if stopped {
                    Err(ExecutorError::Other("stopped before it began".to_owned()))
                } else {
                    match self.append(&[*event], &[]) {
                        Ok(()) => Ok(()),
                        Err(RunError::Store(StoreError::Fenced(_))) => Err(ExecutorError::Fenced),
                        Err(e) => {
                            let _ = reply.send(Err(ExecutorError::Other(e.to_string())));
                            return Err(e);
                        }
                    }
                };
                let _ = (reply.send(answer), unit);
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

/// For each step, the time from its start to the end of the run if nothing else limits: its own duration and the
/// longest of what waits for it.
fn longest_paths(machine: &Machine, durations: &HashMap<Address, u64>) -> Vec<u64> {
    let steps = &machine.plan().body.steps;
    let mut left: Vec<usize> = (0..steps.len()).map(|i| machine.feeds(i).len()).collect();
    let mut path = vec![0_u64; steps.len()];
    let mut ends: Vec<usize> = (0..steps.len()).filter(|i| left[*i] == 0).collect();
    while let Some(i) = ends.pop() {
        let after = machine.feeds(i).iter().map(|f| path[*f]).max().unwrap_or(0);
        path[i] = after
            + durations
                .get(&steps[i].unit)
                .copied()
                .unwrap_or(1_000)
                .max(1);
        for n in machine.needs(i) {
            left[*n] -= 1;
            if left[*n] == 0 {
                ends.push(*n);
            }
        }
    }
    path
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
        task: intended.task.map(|t| Box::new(t.clone())),
    }
}
