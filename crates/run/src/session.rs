//! The dialogue of one engine with one executor about one step, from the first question to the finding.
use strata_core::{
    engine::{Act, Class, DynEngine, Effect, Failure, Finding, Got, Question, Recovery, Task},
    executor::{Executor, ExecutorError, Handle, Line, SessionSpec},
};
use strata_plan::prepared::Prepared;

/// What an intent says before an invocation that writes.
pub struct Intended<'a> {
    /// Its handle.
    pub handle: &'a Handle,
    /// What it is called.
    pub label: &'a str,
    /// What to do when nobody knows whether it ran.
    pub recovery: Recovery,
    /// The engine's state to go on from.
    pub state: &'a str,
    /// The task, on the first of an attempt.
    pub task: Option<&'a Task>,
}

/// Who listens to a dialogue.
pub trait Listener {
    /// An invocation that writes is about to start: returns when that is durable, or says why it must not.
    fn intend(&mut self, intended: &Intended<'_>) -> Result<(), ExecutorError>;
    /// An invocation starts.
    fn started(&mut self, label: &str);
    /// A line of its tool, redacted.
    fn line(&mut self, label: &str, text: &str, error: bool);
}

/// Where a dialogue begins.
pub enum Start {
    /// At the beginning.
    Begin,
    /// With the answer to an invocation that an earlier process started.
    Continue {
        /// The engine's state at that invocation.
        state: String,
        /// Its outcome.
        got: Box<Got>,
    },
}

/// How a dialogue ends.
#[derive(Debug)]
pub enum Ended {
    /// With a finding.
    Finding(Finding),
    /// With a question to people.
    Ask(Question),
}

/// Leads the dialogue to its end. `handle.n` counts the invocations.
pub fn converse(
    engine: &dyn DynEngine,
    executor: &dyn Executor,
    prepared: &Prepared,
    mut handle: Handle,
    start: Start,
    listener: &mut dyn Listener,
) -> Result<Ended, ExecutorError> {
    let task = &prepared.task;
    let mut session = None;
    let (mut state, mut act) = match start {
        // pure, so it may be asked twice: what needs no program needs no work folder either
        Start::Begin => match engine.begin(task, &Got::Open { kept: Vec::new() }) {
            (_, Act::Run(_)) => {
                let (opened, got) = open(engine, executor, prepared)?;
                session = Some(opened);
                engine.begin(task, &got)
            }
            turn => turn,
        },
        Start::Continue { state, got } => next(engine, task, &state, &got)?,
    };
    let mut first_write = true;
    loop {
        let invocation = match act {
            Act::Finish(finding) => return Ok(Ended::Finding(*finding)),
            Act::Ask(question) => return Ok(Ended::Ask(question)),
            Act::Run(invocation) => invocation,
        };
        let session = match &mut session {
            Some(s) => s,
            None => session.insert(open(engine, executor, prepared)?.0),
        };
        handle.n += 1;
        if let Effect::Writes(recovery) = invocation.effect {
            listener.intend(&Intended {
                handle: &handle,
                label: &invocation.label,
                recovery,
                state: &state,
                task: first_write.then_some(task),
            })?;
            first_write = false;
        }
        listener.started(&invocation.label);
        let label = invocation.label.clone();
        let got = session.run(&invocation, &handle, &mut |line: Line<'_>| {
            if let Some(text) = engine.progress(&label, line.text) {
                listener.line(&label, &text, line.error);
            }
        })?;
        (state, act) = next(engine, task, &state, &got)?;
    }
}

fn open(
    engine: &dyn DynEngine,
    executor: &dyn Executor,
    prepared: &Prepared,
) -> Result<(Box<dyn strata_core::executor::Session>, Got), ExecutorError> {
    executor.open(SessionSpec {
        unit: prepared.task.unit.clone(),
        tree: prepared.tree.clone(),
        files: prepared.files.clone(),
        folder: prepared.task.spec.folder.clone(),
        workspace: engine.workspace(&prepared.task),
        env: prepared.task.spec.env.clone(),
        secret_files: prepared.task.spec.files.clone(),
        passthrough: prepared.passthrough.clone(),
    })
}

fn next(
    engine: &dyn DynEngine,
    task: &Task,
    state: &str,
    got: &Got,
) -> Result<(String, Act), ExecutorError> {
    engine.next(task, state, got).map_err(|e| {
        ExecutorError::Other(format!(
            "the state of engine `{}` cannot be read: {e}",
            engine.name()
        ))
    })
}

/// A failure of the executor as a finding: what the machine understands.
pub fn failure_of(error: &ExecutorError) -> Failure {
    let summary = error.to_string();
    let class = match error {
        // the executor lost its tool: nobody knows how far it came
        ExecutorError::Other(why) if why.contains("nobody knows") => Class::Unknown,
        _ => Class::Permanent,
    };
    Failure {
        class,
        summary,
        stale: false,
    }
}
