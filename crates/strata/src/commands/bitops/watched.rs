//! An engine as `bitops deploy` uses it: told how it is used, and with an eye on the exit codes of its tools.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Act, DynEngine, Exit, Got, Task, ToolQuestion, Workspace},
    interface::Interface,
    need::Needs,
    spec::UnitSpec,
    tree::Tree,
};

/// BitOps' exit code when a program could not be started.
pub const NOT_STARTED: u8 = 101;

/// An engine with its facts and the last exit code that was no success.
pub struct Watched {
    engine: Arc<dyn DynEngine>,
    facts: BTreeMap<String, String>,
    code: Mutex<Option<u8>>,
}

impl Watched {
    /// With these facts beside what it knows itself.
    pub fn new(engine: Arc<dyn DynEngine>, facts: BTreeMap<String, String>) -> Self {
        Self {
            engine,
            facts,
            code: Mutex::default(),
        }
    }
    /// The last exit code that was no success.
    pub fn code(&self) -> Option<u8> {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn told(&self, task: &Task) -> Task {
        let mut task = task.clone();
        task.facts.extend(self.facts.clone());
        task
    }
    fn look(&self, got: &Got) {
        let Got::Exit { exit, .. } = got else { return };
        let code = match exit {
            Exit::Code(0) => return,
            Exit::Code(code) => u8::try_from(*code).unwrap_or(1),
            Exit::Signal(signal) => u8::try_from(128 + signal).unwrap_or(1),
            Exit::NotStarted(_) => NOT_STARTED,
            Exit::TimedOut | Exit::Stopped => 1,
        };
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }
}

impl DynEngine for Watched {
    fn name(&self) -> &'static str {
        self.engine.name()
    }
    fn tool(&self) -> Option<ToolQuestion> {
        self.engine.tool()
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        self.engine.recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        self.engine.options()
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        self.engine.interface(tree, spec)
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        self.engine.needs(tree, spec, inputs)
    }
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        self.engine.identities(task, interface)
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        self.engine.claims(task)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        self.engine.workspace(&self.told(task))
    }
    fn begin(&self, task: &Task, open: &Got) -> (String, Act) {
        self.engine.begin(&self.told(task), open)
    }
    fn next(
        &self,
        task: &Task,
        state: &str,
        got: &Got,
    ) -> Result<(String, Act), serde_json::Error> {
        self.look(got);
        self.engine.next(&self.told(task), state, got)
    }
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        self.engine.progress(label, line)
    }
}
