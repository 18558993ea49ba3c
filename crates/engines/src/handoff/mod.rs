//! Hand-off: people outside do it. One question; the answer is the outputs.
use crate::{declared, frame::wrong_duration, outcome::refused};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Act, Engine, Finding, Got, Question, Task, ToolQuestion, Turn, Verb, Verdict, Workspace,
    },
    interface::Interface,
    proposal::{Action, Change, Fidelity, Proposal},
    spec::UnitSpec,
    tree::Tree,
    value::Output,
};

/// The engine of hand-offs.
pub struct HandOff;

/// The question was asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked;

impl Engine for HandOff {
    type State = Asked;

    fn name(&self) -> &'static str {
        "hand-off"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        None
    }
    fn recognise<'a>(&self, _tree: &'a dyn Tree, _folder: &str) -> Option<&'a str> {
        None
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("ask", "what they should do, in a sentence or more"),
            ("owner", "who owes it: a mail address, a team"),
            ("lead-time", "how long it usually takes, such as `10d`"),
            (
                "expires",
                "after how long it has to be done again, such as `365d`",
            ),
        ]
    }
    fn interface(&self, _tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let interface = Interface {
            open_inputs: true,
            outputs: declared::interface(spec),
            ..Interface::default()
        };
        (
            interface,
            wrong_duration(spec, "expires").into_iter().collect(),
        )
    }
    fn workspace(&self, _task: &Task) -> Workspace {
        Workspace::default()
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<Asked> {
        let finding = match task.verb {
            Verb::Apply => {
                return Turn {
                    state: Asked,
                    act: Act::Ask(question(task)),
                };
            }
            Verb::Plan => Finding::Planned {
                proposal: proposal(task),
                saved: None,
                predicted: BTreeMap::new(),
            },
            Verb::Destroy => Finding::Gone,
            Verb::Observe => Finding::Observed { drift: vec![] },
            Verb::Recover => Finding::Recovered(Verdict::NotDone),
            Verb::Outputs => declared::recorded(task),
            Verb::Verify => refused("a hand-off is no verifier"),
        };
        Turn::finish(Asked, finding)
    }
    fn next(&self, task: &Task, state: Asked, got: &Got) -> Turn<Asked> {
        let finding = match got {
            Got::Answered { values, .. } => answered(task, values),
            _ => refused("a hand-off is answered by people, not by a program"),
        };
        Turn::finish(state, finding)
    }
}

fn ask(task: &Task) -> String {
    task.spec
        .string("ask")
        .unwrap_or_else(|| format!("do what `{}` asks for", task.unit))
}

fn question(task: &Task) -> Question {
    Question {
        text: ask(task),
        owner: task.spec.string("owner"),
        lead_time: task.spec.string("lead-time"),
        wants: task.spec.outputs.keys().cloned().collect(),
    }
}

fn proposal(task: &Task) -> Proposal {
    let mut detail = vec![ask(task)];
    if let Some(owner) = task.spec.string("owner") {
        detail.push(format!("owner: {owner}"));
    }
    if let Some(time) = task.spec.string("lead-time") {
        detail.push(format!("usually takes {time}"));
    }
    let change = Change {
        object: task.unit.local(),
        action: Action::Wait,
        after: None,
        detail,
    };
    Proposal {
        fidelity: Fidelity::Exact,
        changes: vec![change],
    }
}

fn answered(task: &Task, values: &BTreeMap<String, Output>) -> Finding {
    let given = values
        .iter()
        .map(|(name, output)| (name.clone(), output.value.clone()))
        .collect();
    match declared::settle(&task.spec, given) {
        Ok(outputs) => Finding::Applied { outputs },
        Err(failure) => Finding::Failed(failure),
    }
}
