//! The engine seam. An engine is a pure function over serialisable state: it says what to run, an executor runs it.
//!
//! State is data and not `&mut self`, because a hand-off outlives the process and a step may go on elsewhere.
//! Nothing here says an absolute path, and no variant of an argument can hold a secret.
mod acts;
mod invocation;
mod task;
mod workspace;

pub use acts::{Act, Class, Exit, Failure, Finding, Got, Question, Report, Turn, Verdict};
pub use invocation::{Channel, Collect, Effect, ITSELF, Invocation, Recovery, Signal};
pub use task::{Artifact, Interrupted, Task, Tool, Verb};
pub use workspace::{Arg, Content, EnvValue, Generated, Keep, Place, Root, Workspace};

use crate::{interface::Interface, need::Needs, spec::UnitSpec, tree::Tree};
use serde::{Serialize, de::DeserializeOwned};

/// Milliseconds.
pub type Millis = u64;

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
