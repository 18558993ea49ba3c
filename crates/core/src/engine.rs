//! The engine seam. An engine is a pure function over serialisable state: it says what to run, an executor runs it.
//!
//! State is data and not `&mut self`, because a hand-off outlives the process and a step may go on elsewhere.
//! Nothing here says an absolute path, and no variant of an argument can hold a secret.
use crate::{
    digest::Digest,
    interface::Interface,
    name::Address,
    need::Needs,
    proposal::{Change, Proposal},
    spec::UnitSpec,
    tree::Tree,
    value::{Output, Term},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// Milliseconds.
pub type Millis = u64;

/// What is asked of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Say what an apply would do.
    Plan,
    /// Do it.
    Apply,
    /// Undo what was applied.
    Destroy,
    /// Look whether what is still is as it was applied.
    Observe,
    /// Read the outputs of what exists.
    Outputs,
    /// Find out what became of an interrupted invocation.
    Recover,
    /// Run one verifier.
    Verify,
}

impl Verb {
    /// Its name in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Observe => "observe",
            Self::Outputs => "outputs",
            Self::Recover => "recover",
            Self::Verify => "verify",
        }
    }
}

/// All that an engine may look at: data that was journalled or is named by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What is asked.
    pub verb: Verb,
    /// Of which unit.
    pub unit: Address,
    /// The unit, resolved.
    pub spec: UnitSpec,
    /// What its tool is given. Without holes for every verb that writes.
    pub inputs: BTreeMap<String, Term>,
    /// The program.
    pub tool: Tool,
    /// The plan that an apply must execute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<Artifact>,
    /// On [`Verb::Recover`]: the invocation of which nobody knows whether it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Interrupted>,
    /// Outputs recorded at the last apply; sensitive ones by name.
    #[serde(default)]
    pub recorded: BTreeMap<String, Term>,
    /// On [`Verb::Verify`]: which entry of `spec.verify`.
    #[serde(default)]
    pub verifier: usize,
    /// What the engine noted about the files when it read the interface: [`Interface::facts`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// The program that an engine drives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Name or path.
    pub program: String,
    /// Its version, empty where it has none.
    pub version: String,
}

/// An invocation that was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Its label.
    pub label: String,
    /// In which attempt.
    pub attempt: u32,
}

/// A file kept by digest in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Digest of its content.
    pub digest: Digest,
    /// Kept encrypted (a tool's plan file holds secrets in clear).
    pub sensitive: bool,
    /// Its size in bytes.
    pub size: u64,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// The component's folder inside the unit's work folder (a copy of what its fingerprint covers, at the same relative path).
    Work,
    /// The root of the work folder: stands for the platform's root.
    Tree,
    /// 0700, in memory where possible, removed with the session.
    Private,
    /// Durable, 0700, one per unit; goes when the unit is destroyed.
    State,
    /// Shared by all units of the platform.
    Cache,
}

/// A path that means the same on this machine and in a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Where it begins.
    pub root: Root,
    /// The rest, with `/`, never leaving the root.
    pub path: String,
}

impl Place {
    /// In the component's folder.
    pub fn work(path: impl Into<String>) -> Self {
        Self {
            root: Root::Work,
            path: path.into(),
        }
    }
    /// In the private folder of the session.
    pub fn private(path: impl Into<String>) -> Self {
        Self {
            root: Root::Private,
            path: path.into(),
        }
    }
    /// In the durable folder of the unit.
    pub fn state(path: impl Into<String>) -> Self {
        Self {
            root: Root::State,
            path: path.into(),
        }
    }
    /// In the cache of the platform.
    pub fn cache(path: impl Into<String>) -> Self {
        Self {
            root: Root::Cache,
            path: path.into(),
        }
    }
}

/// One argument. No variant holds a secret: "no secret in an argument list" is a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arg {
    /// As it stands.
    Text(String),
    /// A path.
    Path(Place),
    /// A text followed by a path, as in `-var-file=` + path.
    Joined(String, Place),
}

impl From<&str> for Arg {
    fn from(s: &str) -> Self {
        Self::Text(s.to_owned())
    }
}
impl From<String> for Arg {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

/// A process variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvValue {
    /// A text.
    Text(String),
    /// A path.
    Path(Place),
    /// A term, resolved just in time; may name secrets.
    Term(Term),
}

/// The content of a generated file, rendered just in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// A text.
    Text(String),
    /// The text that a term resolves to; a map or list as JSON.
    Term(Term),
    /// A term as JSON. May name secrets, then only under [`Root::Private`].
    Json(Term),
    /// A kept file.
    Artifact(Artifact),
}

/// A file to write before the first invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// Where.
    pub at: Place,
    /// What.
    pub content: Content,
    /// Its mode, such as `0o600`.
    pub mode: u32,
}

/// What has to lie where before the first invocation of a session, besides the unit's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Files to write.
    pub generated: Vec<Generated>,
    /// Folders in the work folder that survive between sessions while their key is equal (`.terraform`).
    pub keep: Vec<Keep>,
    /// All units of the environment that give this name work in one folder, one at a time. Files of the platform are
    /// made right at the beginning of every session; what tools wrote beside them stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
    /// Folders of the platform that lie there too, though the unit's fingerprint does not cover them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

/// A folder that survives between sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Relative to the component's folder.
    pub path: String,
    /// Another key: the folder is removed first.
    pub key: Digest,
}

/// One start of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// What it is called in logs: `plan`, `apply`, `output`.
    pub label: String,
    /// The program: a name looked up in `PATH`, or a path that begins with `./` inside `cwd`.
    pub program: String,
    /// Its arguments.
    pub args: Vec<Arg>,
    /// Variables added to the clean environment.
    pub env: BTreeMap<String, EnvValue>,
    /// Where it runs.
    pub cwd: Place,
    /// Whether it must be journalled before it starts.
    pub effect: Effect,
    /// What becomes of standard output.
    pub stdout: Channel,
    /// What is picked up when it ends.
    pub collect: Vec<Collect>,
    /// Time limit in milliseconds.
    pub limit: Millis,
    /// How it is stopped: each signal and how long to wait for it before the next.
    pub stop: Vec<(Signal, Millis)>,
    /// Processes that it leaves behind are wanted.
    #[serde(default)]
    pub leaves_processes: bool,
}

impl Invocation {
    /// One that reads only, in the component's folder, with an hour's limit and an escalating stop.
    pub fn new(label: &str, program: &str, args: impl IntoIterator<Item = Arg>) -> Self {
        Self {
            label: label.to_owned(),
            program: program.to_owned(),
            args: args.into_iter().collect(),
            env: BTreeMap::new(),
            cwd: Place::work(""),
            effect: Effect::Reads,
            stdout: Channel::Log,
            collect: Vec::new(),
            limit: 3_600_000,
            stop: vec![
                (Signal::Interrupt, 30_000),
                (Signal::Terminate, 10_000),
                (Signal::Kill, 0),
            ],
            leaves_processes: false,
        }
    }
}

/// Only what writes is journalled before it starts; what reads is simply run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes something; what to do when nobody knows whether it ran.
    Writes(Recovery),
}

/// What to do about an interrupted invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// It is idempotent: plan and run it again.
    Rerun,
    /// Ask the engine with [`Verb::Recover`].
    Probe,
    /// Ask a person.
    Ask,
}

/// What becomes of standard output (standard error always is a log: redacted, kept, shown).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Redacted, kept and shown.
    Log,
    /// For the engine only, raw, bounded in bytes, never kept (`show -json` holds secrets).
    Answer(u64),
    /// Both: lines are shown, the raw bytes up to a bound go to the engine.
    Both(u64),
}

/// Something picked up when an invocation ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collect {
    /// Into the store; the engine sees its digest. Missing files are left out.
    Keep {
        /// Under which name the engine finds it.
        name: String,
        /// The file.
        at: Place,
        /// Keep it encrypted.
        sensitive: bool,
    },
    /// The engine sees the bytes. Missing files are left out; a larger file is an error.
    Read {
        /// Under which name the engine finds it.
        name: String,
        /// The file.
        at: Place,
        /// At most so many bytes.
        max: u64,
    },
}

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// What an engine wants next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Run this and come back.
    Run(Invocation),
    /// Somebody outside has to answer. Frees the slot; may last days; survives the process.
    Ask(Question),
    /// Done.
    Finish(Box<Finding>),
}

/// A question to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What they should do.
    pub text: String,
    /// Who owes it.
    pub owner: Option<String>,
    /// How long it usually takes, as written (`10d`).
    pub lead_time: Option<String>,
    /// The outputs they hand back.
    pub wants: Vec<String>,
}

/// What an engine gets back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Got {
    /// The session is open; these kept folders were there with their key.
    Open {
        /// Paths of [`Keep`].
        kept: Vec<String>,
    },
    /// An invocation ended.
    Exit {
        /// How.
        exit: Exit,
        /// Standard output, when the channel is not a log.
        stdout: Vec<u8>,
        /// Files read.
        read: BTreeMap<String, Vec<u8>>,
        /// Files kept.
        kept: BTreeMap<String, Artifact>,
        /// The last lines of its log, redacted.
        tail: String,
        /// How long it took.
        elapsed: Millis,
    },
    /// Somebody answered.
    Answered {
        /// The outputs handed back; sensitive ones by name.
        values: BTreeMap<String, Output>,
        /// Who.
        by: String,
    },
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// With a code.
    Code(i32),
    /// By a signal that we did not send.
    Signal(i32),
    /// Stopped by us after its time limit.
    TimedOut,
    /// Stopped by us because the run was cancelled or its program died.
    Stopped,
    /// It could not be started: why.
    NotStarted(String),
}

impl Got {
    /// The exit code.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Exit {
                exit: Exit::Code(c),
                ..
            } => Some(*c),
            _ => None,
        }
    }
    /// Standard output.
    pub fn stdout(&self) -> &[u8] {
        match self {
            Self::Exit { stdout, .. } => stdout,
            _ => b"",
        }
    }
    /// A file that was read.
    pub fn read(&self, name: &str) -> Option<&[u8]> {
        match self {
            Self::Exit { read, .. } => read.get(name).map(Vec::as_slice),
            _ => None,
        }
    }
    /// The last lines of the log.
    pub fn tail(&self) -> &str {
        match self {
            Self::Exit { tail, .. } => tail,
            _ => "",
        }
    }
}

/// What an engine found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// What an apply would do.
    Planned {
        /// In changes.
        proposal: Proposal,
        /// The tool's own plan.
        saved: Option<Artifact>,
        /// Outputs that are known already.
        predicted: BTreeMap<String, Output>,
    },
    /// It was applied, or its outputs were read.
    Applied {
        /// All outputs.
        outputs: BTreeMap<String, Output>,
    },
    /// What differs from what was applied; nothing means no drift.
    Observed {
        /// The differences.
        drift: Vec<Change>,
    },
    /// It is destroyed.
    Gone,
    /// What became of an interrupted invocation.
    Recovered(Verdict),
    /// What a verifier says.
    Verified(Report),
    /// It did not work.
    Failed(Failure),
}

/// What became of an interrupted invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It ran to its end.
    Done,
    /// It never had an effect.
    NotDone,
    /// Some of it: plan what is left, within the same envelope.
    Partly,
    /// Nobody knows.
    Unknown,
}

/// What a verifier says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its name: `openscap`, `command`, `http`.
    pub verifier: String,
    /// Did it pass?
    pub ok: bool,
    /// A line for people.
    pub summary: String,
    /// More lines: failed rules, waivers with their reasons.
    pub detail: Vec<String>,
    /// The tool's own report, kept with the run.
    pub report: Option<Artifact>,
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure: alone decides about retries and the exit code.
    pub class: Class,
    /// A line for people.
    pub summary: String,
    /// The saved plan no longer fits: plan again instead of retrying.
    pub stale: bool,
}

impl Failure {
    /// A failure that a retry would not mend.
    pub fn permanent(summary: impl Into<String>) -> Self {
        Self {
            class: Class::Permanent,
            summary: summary.into(),
            stale: false,
        }
    }
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// May work next time.
    Transient,
    /// Will not work next time either.
    Permanent,
    /// Not allowed.
    Denied,
    /// Stopped by the user.
    Cancelled,
    /// Nobody knows what happened.
    Unknown,
}

/// The engine's state and what it wants next.
#[derive(Debug)]
pub struct Turn<S> {
    /// Handed back with the answer.
    pub state: S,
    /// What it wants.
    pub act: Act,
}

impl<S> Turn<S> {
    /// Run this next.
    pub fn run(state: S, invocation: Invocation) -> Self {
        Self {
            state,
            act: Act::Run(invocation),
        }
    }
    /// Done.
    pub fn finish(state: S, finding: Finding) -> Self {
        Self {
            state,
            act: Act::Finish(Box::new(finding)),
        }
    }
}

/// How a tool says its version: the program's arguments, and the part of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolQuestion {
    /// Programs to look for, the first that is there is taken.
    pub programs: Vec<String>,
    /// Arguments that make it print its version.
    pub args: Vec<&'static str>,
    /// Lowest version that works, as numbers.
    pub minimum: &'static str,
    /// How to get it.
    pub install: &'static str,
}

/// An engine as its author writes it: pure, with typed state.
pub trait Engine: Send + Sync + 'static {
    /// What it has to remember between invocations.
    type State: Serialize + DeserializeOwned;
    /// Its name in files.
    fn name(&self) -> &'static str;
    /// Which program it drives; `None` when it needs none.
    fn tool(&self) -> Option<ToolQuestion>;
    /// How well a folder fits it: the file that says so.
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str>;
    /// Keys of its own block in `component.yaml`, with a line of description.
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// What the component takes and gives, read from the tool's own files. Also says what could not be read.
    fn interface(
        &self,
        tree: &dyn Tree,
        spec: &UnitSpec,
    ) -> (Interface, Vec<crate::diagnostic::Diagnostic>);
    /// What it needs from outside: variables that its tool and the tool's plug-ins read. `inputs` are the names of the
    /// inputs that the component gives.
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        let _ = (tree, spec, inputs);
        Needs::default()
    }
    /// Names of what must be unique in the platform: state, release, stack.
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        let _ = (task, interface);
        Vec::new()
    }
    /// Names of what must not be used at the same time by two steps.
    fn claims(&self, task: &Task) -> Vec<String> {
        let _ = task;
        Vec::new()
    }
    /// What has to lie where.
    fn workspace(&self, task: &Task) -> Workspace;
    /// The session is open: what first?
    fn begin(&self, task: &Task, open: &Got) -> Turn<Self::State>;
    /// An answer came: what next?
    fn next(&self, task: &Task, state: Self::State, got: &Got) -> Turn<Self::State>;
    /// One line of a tool's output to something worth showing; `None` hides it.
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        let _ = label;
        Some(line.to_owned())
    }
}

/// The same, object-safe: state is JSON text that fits a journal row.
pub trait DynEngine: Send + Sync {
    /// See [`Engine::name`].
    fn name(&self) -> &'static str;
    /// See [`Engine::tool`].
    fn tool(&self) -> Option<ToolQuestion>;
    /// See [`Engine::recognise`].
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str>;
    /// See [`Engine::options`].
    fn options(&self) -> &'static [(&'static str, &'static str)];
    /// See [`Engine::interface`].
    fn interface(
        &self,
        tree: &dyn Tree,
        spec: &UnitSpec,
    ) -> (Interface, Vec<crate::diagnostic::Diagnostic>);
    /// See [`Engine::needs`].
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs;
    /// See [`Engine::identities`].
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String>;
    /// See [`Engine::claims`].
    fn claims(&self, task: &Task) -> Vec<String>;
    /// See [`Engine::workspace`].
    fn workspace(&self, task: &Task) -> Workspace;
    /// See [`Engine::begin`].
    fn begin(&self, task: &Task, open: &Got) -> (String, Act);
    /// See [`Engine::next`].
    fn next(&self, task: &Task, state: &str, got: &Got)
    -> Result<(String, Act), serde_json::Error>;
    /// See [`Engine::progress`].
    fn progress(&self, label: &str, line: &str) -> Option<String>;
}

fn state_text(state: &impl Serialize) -> String {
    serde_json::to_string(state).expect("engine state is plain data")
}

impl<E: Engine> DynEngine for E {
    fn name(&self) -> &'static str {
        Engine::name(self)
    }
    fn tool(&self) -> Option<ToolQuestion> {
        Engine::tool(self)
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        Engine::recognise(self, tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        Engine::options(self)
    }
    fn interface(
        &self,
        tree: &dyn Tree,
        spec: &UnitSpec,
    ) -> (Interface, Vec<crate::diagnostic::Diagnostic>) {
        Engine::interface(self, tree, spec)
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        Engine::needs(self, tree, spec, inputs)
    }
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        Engine::identities(self, task, interface)
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        Engine::claims(self, task)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        Engine::workspace(self, task)
    }
    fn begin(&self, task: &Task, open: &Got) -> (String, Act) {
        let turn = Engine::begin(self, task, open);
        (state_text(&turn.state), turn.act)
    }
    fn next(
        &self,
        task: &Task,
        state: &str,
        got: &Got,
    ) -> Result<(String, Act), serde_json::Error> {
        let turn = Engine::next(self, task, serde_json::from_str(state)?, got);
        Ok((state_text(&turn.state), turn.act))
    }
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        Engine::progress(self, label, line)
    }
}
