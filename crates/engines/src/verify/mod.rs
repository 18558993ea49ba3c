//! Verifiers: what has to be true of a unit after its apply. Each entry of `verify:` is one of three: a command of
//! the component, a request over HTTP, a scan with OpenSCAP.
mod command;
mod demands;
mod http;
mod keys;
mod openscap;
mod xccdf;

use crate::{outcome::refused, script::environment};
use keys::Bad;
use serde::{Deserialize, Serialize};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Engine, Finding, Got, Task, ToolQuestion, Turn, Verb, Verdict, Workspace},
    interface::Interface,
    spec::UnitSpec,
    tree::Tree,
    value::Term,
};

/// The engine of verifiers; never the engine of a component.
pub struct Verify;

/// Where a verifier stands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing runs.
    Idle,
    /// A command.
    Command,
    /// A request, or a pause between two.
    Http(http::State),
    /// A scan.
    OpenScap(openscap::State),
}

/// One entry of `verify:`.
enum Entry {
    Command(command::Command),
    Http(http::Http),
    OpenScap(openscap::OpenScap),
}

impl Entry {
    fn of(term: &Term) -> Result<Self, Bad> {
        let Term::Map(map) = term else {
            return Err(Bad::invalid("an entry of `verify` is a map with one key"));
        };
        let mut entries = map.iter();
        let (Some((kind, what)), None) = (entries.next(), entries.next()) else {
            return Err(Bad::invalid(
                "an entry of `verify` has one key: `command`, `http` or `openscap`",
            ));
        };
        match kind.as_str() {
            "command" => command::Command::of(what).map(Self::Command),
            "http" => http::Http::of(what).map(Self::Http),
            "openscap" => openscap::OpenScap::of(what).map(Self::OpenScap),
            other => Err(Bad::invalid(format!(
                "there is no verifier `{other}`; there are `command`, `http` and `openscap`"
            ))),
        }
    }
}

/// What is wrong with the verifiers of a unit, as far as it can be told before their inputs are known.
pub fn problems(spec: &UnitSpec) -> Vec<Diagnostic> {
    let problem = |term| match Entry::of(term) {
        Err(Bad::Invalid(why, help)) => {
            Some(Diagnostic::error("verify::invalid", why).help_opt(help))
        }
        _ => None,
    };
    spec.verify.iter().filter_map(problem).collect()
}

/// The programs that the verifiers of a unit need.
pub fn tools(spec: &UnitSpec) -> Vec<ToolQuestion> {
    let question = |program: &str, args, minimum, install| ToolQuestion {
        programs: vec![program.to_owned()],
        args,
        minimum,
        install,
    };
    let mut tools = Vec::new();
    for term in &spec.verify {
        let Term::Map(map) = term else { continue };
        if map.contains_key("http") {
            tools.push(question(
                "curl",
                vec!["--version"],
                "7.71",
                "install curl (`apt-get install curl`)",
            ));
        }
        if map.contains_key("openscap") {
            tools.push(question(
                "oscap",
                vec!["--version"],
                "1.3",
                "install OpenSCAP (`apt-get install openscap-scanner ssg-debian`)",
            ));
        }
    }
    tools.dedup();
    tools
}

impl Engine for Verify {
    type State = State;

    fn name(&self) -> &'static str {
        "verify"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        None
    }
    fn recognise<'a>(&self, _tree: &'a dyn Tree, _folder: &str) -> Option<&'a str> {
        None
    }
    fn interface(&self, _tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        (Interface::default(), problems(spec))
    }
    fn workspace(&self, task: &Task) -> Workspace {
        let mut generated = environment::files(task);
        match entry(task) {
            Ok(Entry::Http(http)) => generated.extend(http.files()),
            Ok(Entry::Command(command)) => generated.extend(command.files()),
            _ => {}
        }
        Workspace {
            generated,
            keep: vec![],
            shared: None,
            root: String::new(),
            beside: vec![],
        }
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<State> {
        let finding = match task.verb {
            Verb::Verify => match entry(task) {
                Ok(entry) => return start(task, entry),
                Err(bad) => refused(format!("verifier {}: {bad}", task.verifier + 1)),
            },
            Verb::Recover => Finding::Recovered(Verdict::NotDone),
            _ => refused("a component has no engine `verify`; verifiers stand under `verify:`"),
        };
        Turn::finish(State::Idle, finding)
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        match (state, entry(task)) {
            (State::Command, _) => Turn::finish(State::Idle, command::said(got)),
            (State::Http(state), Ok(Entry::Http(http))) => {
                wrapped(State::Http, http.next(&state, got))
            }
            (State::OpenScap(state), Ok(Entry::OpenScap(scan))) => {
                wrapped(State::OpenScap, scan.next(state, got))
            }
            _ => Turn::finish(
                State::Idle,
                refused("an answer came though nothing was asked"),
            ),
        }
    }
}

fn entry(task: &Task) -> Result<Entry, Bad> {
    let term = task.spec.verify.get(task.verifier);
    Entry::of(term.ok_or_else(|| Bad::invalid("there is no such entry of `verify`"))?)
}

fn start(task: &Task, entry: Entry) -> Turn<State> {
    match entry {
        Entry::Command(command) => Turn::run(State::Command, command.invocation(task)),
        Entry::Http(http) => wrapped(State::Http, http.begin()),
        Entry::OpenScap(scan) => wrapped(State::OpenScap, scan.begin()),
    }
}

fn wrapped<S>(state: fn(S) -> State, turn: Turn<S>) -> Turn<State> {
    Turn {
        state: state(turn.state),
        act: turn.act,
    }
}
