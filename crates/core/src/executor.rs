//! The executor seam: where invocations run.
//!
//! A session is a folder (or a pod) in which the invocations of one step run one after the other. An invocation
//! that writes gets a [`Handle`] under which its outcome can be found after a crash.
use crate::{
    engine::{Exit, Got, Invocation, Workspace},
    name::Address,
    need::Passed,
    tree::Tree,
    value::Term,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// What a session needs.
pub struct SessionSpec {
    /// The unit.
    pub unit: Address,
    /// Where its files come from.
    pub tree: Arc<dyn Tree>,
    /// Which of them, by path relative to the platform's root.
    pub files: Vec<Arc<str>>,
    /// The component's folder: [`crate::engine::Root::Work`].
    pub folder: String,
    /// What the engine wants to lie there.
    pub workspace: Workspace,
    /// The component's own process variables.
    pub env: BTreeMap<String, Term>,
    /// Variables that hold the path of a 0600 file with this content.
    pub secret_files: BTreeMap<String, Term>,
    /// Variables that pass through from our own environment, besides the usual ones.
    pub passthrough: Vec<Passed>,
}

/// Names one invocation of one attempt for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle {
    /// The run.
    pub run: String,
    /// The unit.
    pub unit: Address,
    /// Which try of the step.
    pub attempt: u32,
    /// Which invocation of the try.
    pub n: u32,
    /// The generation of the lease under which it starts.
    pub generation: u64,
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}#{}.{}", self.run, self.unit, self.attempt, self.n)
    }
}

/// One line of a tool, redacted.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// From standard error?
    pub error: bool,
    /// Without its end.
    pub text: &'a str,
}

/// Where invocations run.
pub trait Executor: Send + Sync {
    /// Makes the work folder and writes what the engine wants. Also says which kept folders were there.
    fn open(&self, spec: SessionSpec) -> Result<(Box<dyn Session>, Got), ExecutorError>;
    /// What became of an invocation that was started under this handle. Waits while it runs.
    fn reattach(&self, handle: &Handle) -> Result<Reattached, ExecutorError>;
    /// Asks every running tool to stop: the first call lets each come to its safe point (nothing is sent, nothing
    /// new starts in this executor), the second interrupts them.
    fn stop(&self, how: Stop);
    /// Removes what is kept for a unit that is destroyed: its state and work folder.
    fn forget(&self, unit: &Address) -> Result<(), ExecutorError>;
}

/// How to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Let running tools come to their end.
    Drain,
    /// Interrupt, terminate, kill.
    Now,
}

/// An open session. Dropping it removes its private folder.
pub trait Session: Send {
    /// Runs one invocation to its end. `line` is called for every line of its log.
    fn run(
        &mut self,
        invocation: &Invocation,
        handle: &Handle,
        line: &mut dyn FnMut(Line<'_>),
    ) -> Result<Got, ExecutorError>;
}

/// What became of an interrupted invocation.
#[derive(Debug)]
pub enum Reattached {
    /// It came to its end by itself.
    Ended(Box<Got>),
    /// It was stopped because our program died.
    Stopped(Exit),
    /// It never started.
    NeverStarted,
    /// It started and nobody knows how it ended.
    Lost,
}

/// An executor could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// Somebody else acts on this environment now.
    #[error("another run has taken over this environment")]
    Fenced,
    /// A secret could not be read.
    #[error(transparent)]
    Secret(#[from] crate::secret::SecretError),
    /// An input is not known yet: a bug of the planner.
    #[error("{0} is not known yet")]
    Open(String),
    /// A path leaves its root.
    #[error("`{0}` leaves the folder that it belongs to")]
    Outside(String),
    /// The system refused.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done to what.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl ExecutorError {
    /// For `map_err`: what was being done.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }
}
