//! Steps at work: one thread each, talking to the driver by messages. A thread that is done takes the next step.
use crate::{
    driver::{Found, intent_event, recovered},
    recover::Intent,
    session::{Ended, Intended, Listener, Start, converse},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
};
use strata_core::{
    engine::{DynEngine, Finding, Interrupted, Report, Verb},
    event::Event,
    executor::{Executor, ExecutorError, Handle},
};
use strata_plan::prepared::Prepared;

/// What a thread does.
#[derive(Clone)]
pub enum Work {
    /// A verb of the engine.
    Verb(Verb),
    /// All verifiers, in order.
    Verify,
    /// Find out about an interrupted attempt, and go on with it where possible.
    Recover(Box<Intent>),
}

/// Work on one step.
pub struct Job {
    /// The step.
    pub step: usize,
    /// What is done.
    pub work: Work,
    /// The unit.
    pub prepared: Prepared,
    /// Names its invocations.
    pub handle: Handle,
    /// Its engine.
    pub engine: Arc<dyn DynEngine>,
    /// The engine of verifiers.
    pub verifier: Arc<dyn DynEngine>,
    /// What nobody else may use meanwhile.
    pub claims: Vec<String>,
}

/// What a thread says.
pub enum Said {
    /// An invocation starts.
    Started {
        /// The step.
        step: usize,
        /// Which.
        label: String,
    },
    /// A line of its tool.
    Line {
        /// The step.
        step: usize,
        /// Which invocation.
        label: String,
        /// The line.
        text: String,
        /// From standard error?
        error: bool,
    },
    /// It wants to write; it waits for the answer.
    Intent {
        /// To append.
        event: Box<Event>,
        /// Where it waits.
        reply: mpsc::Sender<Result<(), ExecutorError>>,
    },
    /// It is done.
    Done {
        /// The step.
        step: usize,
        /// What it did.
        work: Work,
        /// How it ended.
        ended: Result<Ended, ExecutorError>,
    },
}

/// The threads at work.
pub struct Pool {
    executor: Arc<dyn Executor>,
    say: mpsc::Sender<Said>,
    /// What they say.
    pub said: mpsc::Receiver<Said>,
    jobs: mpsc::Sender<Job>,
    queue: Arc<Mutex<mpsc::Receiver<Job>>>,
    threads: usize,
    claims: HashMap<usize, Vec<String>>,
}

impl Pool {
    /// An empty one.
    pub fn new(executor: Arc<dyn Executor>) -> Self {
        let (say, said) = mpsc::channel();
        let (jobs, queue) = mpsc::channel();
        Self {
            executor,
            say,
            said,
            jobs,
            queue: Arc::new(Mutex::new(queue)),
            threads: 0,
            claims: HashMap::new(),
        }
    }
    /// Does a job that runs claim this?
    pub fn in_use(&self, claim: &str) -> bool {
        self.claims.values().flatten().any(|held| held == claim)
    }
    /// Starts a job on a thread that has nothing else to do.
    pub fn start(&mut self, mut job: Job) {
        self.claims
            .insert(job.step, std::mem::take(&mut job.claims));
        if self.claims.len() > self.threads {
            self.threads += 1;
            let (executor, say, queue) =
                (self.executor.clone(), self.say.clone(), self.queue.clone());
            std::thread::spawn(move || serve(executor.as_ref(), &say, &queue));
        }
        self.jobs.send(job).expect("the pool holds the queue");
    }
    /// A job has ended: what it claimed.
    pub fn done(&mut self, step: usize) -> Vec<String> {
        self.claims.remove(&step).unwrap_or_default()
    }
}

/// Does jobs until the pool is gone.
fn serve(executor: &dyn Executor, say: &mpsc::Sender<Said>, queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let step = job.step;
        let mut voice = Voice {
            step,
            unit: job.prepared.task.unit.clone(),
            say: say.clone(),
        };
        let ended = work(&mut job, executor, &mut voice);
        let work = job.work;
        // when nobody listens any more the run is over
        let _ = say.send(Said::Done { step, work, ended });
    }
}

fn work(job: &mut Job, executor: &dyn Executor, voice: &mut Voice) -> Result<Ended, ExecutorError> {
    let prepared = &mut job.prepared;
    match &job.work {
        Work::Verb(verb) => {
            prepared.task.verb = *verb;
            converse(
                job.engine.as_ref(),
                executor,
                prepared,
                job.handle.clone(),
                Start::Begin,
                voice,
            )
        }
        Work::Verify => verify(job, executor, voice),
        Work::Recover(intent) => match recovered(executor, intent)? {
            Found::GoOn(got) => {
                let start = Start::Continue {
                    state: intent.state.clone(),
                    got,
                };
                converse(
                    job.engine.as_ref(),
                    executor,
                    prepared,
                    intent.handle.clone(),
                    start,
                    voice,
                )
            }
            Found::Verdict(verdict) => Ok(Ended::Finding(Finding::Recovered(verdict))),
            Found::Probe => {
                prepared.task.verb = Verb::Recover;
                prepared.task.interrupted = Some(Interrupted {
                    label: intent.label.clone(),
                    attempt: intent.handle.attempt,
                });
                let mut handle = job.handle.clone();
                handle.n = 900_000;
                converse(
                    job.engine.as_ref(),
                    executor,
                    prepared,
                    handle,
                    Start::Begin,
                    voice,
                )
            }
        },
    }
}

/// Runs the verifiers in order; the first that fails ends it.
fn verify(
    job: &mut Job,
    executor: &dyn Executor,
    voice: &mut Voice,
) -> Result<Ended, ExecutorError> {
    let prepared = &mut job.prepared;
    prepared.task.verb = Verb::Verify;
    let suite = prepared.suite.iter();
    let more: Vec<_> = suite
        .filter(|f| !prepared.files.contains(f))
        .cloned()
        .collect();
    prepared.files.extend(more);
    let mut reports = Vec::new();
    for verifier in 0..prepared.task.spec.verify.len() {
        prepared.task.verifier = verifier;
        if let Some(folder) = prepared.verify_in.get(verifier) {
            prepared.task.spec.folder.clone_from(folder);
        }
        let mut handle = job.handle.clone();
        handle.n += 100 * verifier as u32;
        match converse(
            job.verifier.as_ref(),
            executor,
            prepared,
            handle,
            Start::Begin,
            voice,
        )? {
            Ended::Finding(Finding::Verified(report)) => {
                let ok = report.ok;
                reports.push(report);
                if !ok {
                    break;
                }
            }
            other => return Ok(other),
        }
    }
    Ok(Ended::Finding(Finding::Verified(joined(reports))))
}

/// Several reports as one: the first that failed speaks.
fn joined(mut reports: Vec<Report>) -> Report {
    if reports.len() == 1 {
        return reports.remove(0);
    }
    let ok = reports.iter().all(|r| r.ok);
    let speaker = reports.iter().find(|r| !r.ok);
    Report {
        verifier: speaker.map_or_else(
            || {
                reports
                    .iter()
                    .map(|r| r.verifier.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            },
            |r| r.verifier.clone(),
        ),
        ok,
        summary: speaker.map_or_else(
            || {
                reports
                    .iter()
                    .map(|r| r.summary.as_str())
                    .collect::<Vec<_>>()
                    .join("; ")
            },
            |r| r.summary.clone(),
        ),
        detail: reports.iter().flat_map(|r| r.detail.clone()).collect(),
        report: reports.iter().find_map(|r| r.report.clone()),
    }
}

struct Voice {
    step: usize,
    unit: strata_core::name::Address,
    say: mpsc::Sender<Said>,
}

impl Listener for Voice {
    fn intend(&mut self, intended: &Intended<'_>) -> Result<(), ExecutorError> {
        let (reply, answer) = mpsc::channel();
        let event = Box::new(intent_event(&self.unit, intended));
        let gone = |_| ExecutorError::Other("the run is over".to_owned());
        self.say
            .send(Said::Intent { event, reply })
            .map_err(|_| ExecutorError::Other("the run is over".to_owned()))?;
        answer.recv().map_err(gone)?
    }
    fn started(&mut self, label: &str) {
        let _ = self.say.send(Said::Started {
            step: self.step,
            label: label.to_owned(),
        });
    }
    fn line(&mut self, label: &str, text: &str, error: bool) {
        let _ = self.say.send(Said::Line {
            step: self.step,
            label: label.to_owned(),
            text: text.to_owned(),
            error,
        });
    }
}
