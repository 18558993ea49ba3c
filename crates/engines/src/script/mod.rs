//! Scripts: commands of the component's own. Applying twice is applying once; that is their part of the bargain.
pub mod environment;

use crate::{
    declared, folder,
    frame::{seen, unusable},
    outcome::{failed, refused, succeeded},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    engine::{
        Channel, Collect, Effect, Engine, Failure, Finding, Got, Invocation, Place, Recovery, Task,
        ToolQuestion, Turn, Verb, Verdict, Workspace,
    },
    interface::Interface,
    proposal::{Action, Change, Fidelity, Proposal},
    spec::UnitSpec,
    tree::{Tree, join},
    value::Value,
};

/// Most bytes of an answer: planned changes, differences, outputs.
const MOST_SAID: u64 = 16 << 20;

/// The engine of scripts.
pub struct Script;

/// Which command runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// None.
    Idle,
    /// `script.plan`.
    Planning,
    /// `script.apply`.
    Applying,
    /// `script.check`.
    Checking,
    /// `script.destroy`.
    Destroying,
}

impl Engine for Script {
    type State = State;

    fn name(&self) -> &'static str {
        "script"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        None
    }
    fn recognise<'a>(&self, _tree: &'a dyn Tree, _folder: &str) -> Option<&'a str> {
        None
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (
                "apply",
                "command that makes it so, and changes nothing when it is so: a list of program and arguments",
            ),
            (
                "plan",
                "command that prints what apply would do: `{\"changes\": [{\"object\", \"action\", \"detail\"}]}`",
            ),
            (
                "check",
                "command that looks for drift: exit code 0 none, 1 some, with a line for each difference",
            ),
            ("destroy", "command that undoes apply"),
        ]
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let interface = Interface {
            open_inputs: true,
            outputs: declared::interface(spec),
            ..Interface::default()
        };
        (interface, problems(tree, spec))
    }
    fn workspace(&self, task: &Task) -> Workspace {
        Workspace {
            generated: environment::files(task),
            keep: vec![],
            shared: None,
            root: String::new(),
            beside: vec![],
        }
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<State> {
        let end = |finding| Turn::finish(State::Idle, finding);
        match task.verb {
            Verb::Plan => match argv(task, "plan") {
                Ok(Some(argv)) => answering(
                    task,
                    State::Planning,
                    "plan",
                    &argv,
                    Channel::Answer(MOST_SAID),
                ),
                Ok(None) => planned(Proposal::opaque(&task.unit.local())),
                Err(failure) => end(Finding::Failed(failure)),
            },
            Verb::Apply => match argv(task, "apply") {
                Ok(Some(argv)) => Turn::run(State::Applying, apply(task, &argv)),
                Ok(None) => Turn::finish(State::Idle, refused("there is no `script.apply` to run")),
                Err(failure) => end(Finding::Failed(failure)),
            },
            Verb::Destroy => match argv(task, "destroy") {
                Ok(Some(argv)) => {
                    let mut run = environment::invocation(task, "destroy", &argv);
                    run.effect = Effect::Writes(Recovery::Rerun);
                    Turn::run(State::Destroying, run)
                }
                Ok(None) => Turn::finish(State::Idle, Finding::Gone),
                Err(failure) => end(Finding::Failed(failure)),
            },
            Verb::Observe => match argv(task, "check") {
                Ok(Some(argv)) => answering(
                    task,
                    State::Checking,
                    "check",
                    &argv,
                    Channel::Both(MOST_SAID),
                ),
                Ok(None) => Turn::finish(State::Idle, Finding::Observed { drift: vec![] }),
                Err(failure) => end(Finding::Failed(failure)),
            },
            Verb::Outputs => Turn::finish(State::Idle, declared::recorded(task)),
            Verb::Recover => Turn::finish(State::Idle, Finding::Recovered(Verdict::Partly)),
            Verb::Verify => Turn::finish(State::Idle, refused("a script is no verifier")),
        }
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        let finding = match state {
            State::Planning if succeeded(got) => match foretold(got.stdout()) {
                Ok(proposal) => return planned(proposal),
                Err(why) => refused(why),
            },
            State::Planning => failed("`script.plan`", got),
            State::Applying if succeeded(got) => match outputs(task, got) {
                Ok(outputs) => Finding::Applied { outputs },
                Err(failure) => Finding::Failed(failure),
            },
            State::Applying => failed("`script.apply`", got),
            State::Checking => seen("`script.check`", task, got),
            State::Destroying if succeeded(got) => Finding::Gone,
            State::Destroying => failed("`script.destroy`", got),
            State::Idle => refused("an answer came though nothing was asked"),
        };
        Turn::finish(State::Idle, finding)
    }
}

/// A command of the block: `None` when it has none, a failure when it is not a list of texts.
fn argv(task: &Task, option: &str) -> Result<Option<Vec<String>>, Failure> {
    if !task.spec.options.contains_key(option) {
        return Ok(None);
    }
    match task.spec.strings(option) {
        Some(argv) if argv.first().is_some_and(|program| !program.is_empty()) => Ok(Some(argv)),
        _ => Err(unusable(
            "script",
            option,
            "a list of a program and its arguments",
        )),
    }
}

fn answering(
    task: &Task,
    state: State,
    label: &str,
    argv: &[String],
    stdout: Channel,
) -> Turn<State> {
    let mut run = environment::invocation(task, label, argv);
    run.stdout = stdout;
    Turn::run(state, run)
}

fn apply(task: &Task, argv: &[String]) -> Invocation {
    let mut run = environment::invocation(task, "apply", argv);
    run.effect = Effect::Writes(Recovery::Rerun);
    run.collect = declared::collects(&task.spec);
    run.collect.push(Collect::Read {
        name: "outputs".to_owned(),
        at: Place::private(environment::OUTPUTS),
        max: MOST_SAID,
    });
    run
}

fn planned(proposal: Proposal) -> Turn<State> {
    Turn::finish(
        State::Idle,
        Finding::Planned {
            proposal,
            saved: None,
            predicted: BTreeMap::new(),
        },
    )
}

fn outputs(
    task: &Task,
    got: &Got,
) -> Result<BTreeMap<String, strata_core::value::Output>, Failure> {
    let mut values: BTreeMap<String, Value> = match got.read("outputs") {
        None => BTreeMap::new(),
        Some(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => BTreeMap::new(),
        Some(bytes) => serde_json::from_slice(bytes).map_err(|e| {
            Failure::permanent(format!(
                "`$STRATA_OUTPUTS` is not a JSON object ({})",
                place(&e)
            ))
        })?,
    };
    values.extend(declared::from_files(&task.spec, got)?);
    declared::settle(&task.spec, values)
}

/// Where JSON goes wrong; never what stands there, which may be a secret.
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

/// What a plan command prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Foretold {
    changes: Vec<ForetoldChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForetoldChange {
    object: String,
    action: Action,
    #[serde(default)]
    detail: Detail,
}

/// One line, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Line(String),
    Lines(Vec<String>),
}

impl Default for Detail {
    fn default() -> Self {
        Self::Lines(vec![])
    }
}

fn foretold(stdout: &[u8]) -> Result<Proposal, String> {
    let foretold: Foretold = serde_json::from_slice(stdout)
        .map_err(|e| format!("`script.plan` has to print {{\"changes\": [{{\"object\", \"action\", \"detail\"}}]}} ({})", place(&e)))?;
    let change = |c: ForetoldChange| Change {
        object: c.object,
        action: c.action,
        after: None,
        detail: match c.detail {
            Detail::Line(line) => vec![line],
            Detail::Lines(lines) => lines,
        },
    };
    let mut changes: Vec<Change> = foretold.changes.into_iter().map(change).collect();
    changes.sort();
    Ok(Proposal {
        fidelity: Fidelity::Advisory,
        changes,
    })
}

/// Commands that the folder does not have, before anything runs.
fn problems(tree: &dyn Tree, spec: &UnitSpec) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if !spec.options.contains_key("apply") {
        problems.push(
            Diagnostic::error("script::no-apply", "there is no `script.apply` to run")
                .help("add `script: {apply: [./up.sh]}`"),
        );
    }
    for option in ["apply", "plan", "check", "destroy"] {
        let Some(argv) = spec.strings(option) else {
            continue;
        };
        let program = argv.first().map_or("", String::as_str);
        if program.is_empty() {
            let message =
                format!("`script.{option}` must be a list of a program and its arguments");
            problems.push(Diagnostic::error("file::wrong-kind", message).about(option));
        }
        if program.starts_with("./") || program.starts_with("../") {
            let wrong = not_runnable(tree, spec, option, program);
            problems.extend(wrong.map(|p| p.about(option)));
        }
    }
    problems
}

/// A script of the platform that is not there, or that nobody may execute.
fn not_runnable(
    tree: &dyn Tree,
    spec: &UnitSpec,
    option: &str,
    script: &str,
) -> Option<Diagnostic> {
    let folder = spec.folder.as_str();
    let path = join(folder, script);
    let runs = format!("`script.{option}` runs `{script}`, which");
    match path.as_ref().and_then(|path| tree.file(path)) {
        Some(file) if file.executable => None,
        Some(file) => Some(
            Diagnostic::error(
                "script::not-executable",
                format!("{runs} can't be executed"),
            )
            .help(format!("chmod +x {}", file.path)),
        ),
        None => {
            let files = folder::files(tree, folder).map(|(_, name)| format!("./{name}"));
            let files: Vec<String> = files.collect();
            let near = suggest(script, files.iter().map(String::as_str));
            Some(
                Diagnostic::error(
                    "script::missing",
                    format!("{runs} `{folder}` does not have"),
                )
                .help(
                    near.unwrap_or_else(|| {
                        "its path is relative to the component's folder".to_owned()
                    }),
                ),
            )
        }
    }
}
