//! What all engines have in common, once: time limits by verb, processes that may stay, and an `observe` command
//! of a component that takes the place of the engine's own look for drift.
use crate::{
    outcome::{failed, last_line},
    script::environment,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Act, Arg, Channel, Effect, Engine, Failure, Finding, Got, Invocation, Task, ToolQuestion,
        Turn, Verb, Workspace,
    },
    interface::Interface,
    need::Needs,
    proposal::{Action, Change},
    spec::UnitSpec,
    tree::Tree,
};

/// Most bytes that are read of a command that looks for drift.
const MOST_SAID: u64 = 1 << 20;

/// An engine with what all engines have in common.
pub struct Frame<E>(pub E);

/// The state of an engine in its frame.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State<S> {
    /// The engine's own.
    Own(S),
    /// The component's command looks for drift.
    Looking,
}

impl<E: Engine> Engine for Frame<E> {
    type State = State<E::State>;

    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn tool(&self) -> Option<ToolQuestion> {
        self.0.tool()
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        self.0.recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        self.0.options()
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        self.0.interface(tree, spec)
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        self.0.needs(tree, spec, inputs)
    }
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        self.0.identities(task, interface)
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        self.0.claims(task)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        if looks(task) {
            return Workspace {
                generated: environment::files(task),
                keep: vec![],
                shared: None,
                root: String::new(),
                beside: vec![],
            };
        }
        self.0.workspace(task)
    }
    fn begin(&self, task: &Task, open: &Got) -> Turn<Self::State> {
        if looks(task) {
            let mut look = environment::invocation(task, "observe", &task.spec.observe);
            look.stdout = Channel::Both(MOST_SAID);
            return framed(task, Turn::run(State::Looking, look));
        }
        framed(task, own(self.0.begin(task, open)))
    }
    fn next(&self, task: &Task, state: Self::State, got: &Got) -> Turn<Self::State> {
        match state {
            State::Looking => {
                Turn::finish(State::Looking, seen("the `observe` command", task, got))
            }
            State::Own(state) => framed(task, own(self.0.next(task, state, got))),
        }
    }
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        if label == "observe" {
            Some(line.to_owned())
        } else {
            self.0.progress(label, line)
        }
    }
}

fn looks(task: &Task) -> bool {
    task.verb == Verb::Observe && !task.spec.observe.is_empty()
}

fn own<S>(turn: Turn<S>) -> Turn<State<S>> {
    Turn {
        state: State::Own(turn.state),
        act: turn.act,
    }
}

/// The same turn with the unit's own time limit, and its wish that processes may stay.
fn framed<S>(task: &Task, mut turn: Turn<S>) -> Turn<S> {
    if let Act::Run(invocation) = &mut turn.act {
        invocation.limit = task.spec.limit(task.verb.name(), invocation.limit);
        if matches!(invocation.effect, Effect::Writes(_)) {
            invocation.leaves_processes = task.spec.leaves_processes;
        }
    }
    turn
}

/// What a command saw that looks for drift: exit code 0 none, 1 some, with a line for each difference.
pub fn seen(what: &str, task: &Task, got: &Got) -> Finding {
    match got.code() {
        Some(0) => Finding::Observed { drift: vec![] },
        Some(1) => Finding::Observed {
            drift: differences(task, got),
        },
        _ => failed(what, got),
    }
}

/// The lines of standard output that redaction left as they were: what stands in the log word by word.
fn differences(task: &Task, got: &Got) -> Vec<Change> {
    let safe: BTreeSet<&str> = got.tail().lines().map(str::trim).collect();
    let said = String::from_utf8_lossy(got.stdout()).into_owned();
    let mut lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && safe.contains(line))
        .collect();
    if lines.is_empty() {
        lines.push(last_line(got.tail()).unwrap_or("it differs"));
    }
    let change = |line: &str| Change {
        object: task.unit.local(),
        action: Action::Update,
        after: None,
        detail: vec![line.to_owned()],
    };
    lines.into_iter().map(change).collect()
}

/// A command as an invocation: its first word is the program. The caller has checked that there is one.
pub fn command(label: &str, argv: &[String]) -> Invocation {
    let (program, rest) = argv
        .split_first()
        .map_or(("", argv), |(p, a)| (p.as_str(), a));
    Invocation::new(label, program, rest.iter().map(|a| Arg::Text(a.clone())))
}

/// The failure of an option that cannot be used.
pub fn unusable(engine: &str, option: &str, want: &str) -> Failure {
    Failure::permanent(format!("`{engine}.{option}` has to be {want}"))
}
/// An option that must be a time; what only a run tells is not known here.
pub(crate) fn wrong_duration(spec: &UnitSpec, option: &str) -> Option<Diagnostic> {
    let text = spec.string(option)?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let good = unit.len() < text.len() && ["ms", "s", "m", "h", "d"].contains(&unit);
    let message = format!(
        "`{}.{option}` must be a duration such as `365d` or `12h`",
        spec.engine
    );
    (!good).then(|| Diagnostic::error("file::wrong-kind", message).about(option))
}
