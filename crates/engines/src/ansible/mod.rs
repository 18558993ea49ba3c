//! Ansible: a playbook with an inventory made from upstream outputs, streamed as JSON lines by a callback of our
//! own; outputs by `set_stats`, never from check mode.
//!
//! Settings are process variables, which beat any `ansible.cfg`; one in the component's folder is used beside them,
//! one in a home folder or `/etc` never is.
mod interface;
mod inventory;
mod needs;
mod playbook;
mod summary;

use crate::{
    declared,
    outcome::{refused, succeeded},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Effect, Engine, Failure, Finding, Got, Recovery, Task, ToolQuestion, Turn, Verb, Verdict,
        Workspace,
    },
    interface::Interface,
    need::Needs,
    proposal::{Fidelity, Proposal},
    spec::UnitSpec,
    tree::Tree,
    value::Output,
};
use summary::Summary;

/// The engine of playbooks.
pub struct Ansible;

/// Which playbook runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// None.
    Idle,
    /// In check mode, to say what an apply would do.
    Planning,
    /// For real.
    Applying,
    /// In check mode, to look for drift.
    Observing,
    /// The one that undoes the other.
    Destroying,
}

/// Does `plan: check` ask for check mode?
pub fn checks(spec: &UnitSpec) -> bool {
    spec.string("plan").is_some_and(|plan| plan == "check")
}

impl Engine for Ansible {
    type State = State;

    fn name(&self) -> &'static str {
        "ansible"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        Some(ToolQuestion {
            programs: vec!["ansible-playbook".to_owned()],
            args: vec!["--version"],
            minimum: "2.12",
            install: "install Ansible (`apt-get install ansible`, or `pip install ansible-core`)",
        })
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        interface::recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (
                "playbook",
                "the playbook; `site.yml` or `playbook.yml` when it is not said",
            ),
            (
                "inventory",
                "groups of hosts: `{web: {hosts: {web-1: {ansible_host: …}}, vars: {…}}}`, or an inventory file",
            ),
            (
                "ssh",
                "`key`, `certificate`, `known-hosts` as texts, and `jump`",
            ),
            (
                "plan",
                "`check` to plan in check mode; `none` (usual): the playbook will run, nobody can foretell what it does",
            ),
            ("destroy", "the playbook that undoes the other"),
            ("vault-password", "password of Ansible Vault"),
        ]
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, _inputs: &[String]) -> Needs {
        needs::of(tree, spec)
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        interface::read(tree, spec)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        playbook::workspace(task)
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<State> {
        let end = |finding| Turn::finish(State::Idle, finding);
        let check = checks(&task.spec);
        match task.verb {
            Verb::Plan if check => Turn::run(State::Planning, playbook::check(task, "plan")),
            Verb::Plan => end(planned(Proposal::opaque(&playbook::main(task)))),
            Verb::Apply => {
                let mut run = playbook::invocation(task, "apply", &playbook::main(task));
                run.effect = Effect::Writes(Recovery::Rerun);
                run.collect.extend(declared::collects(&task.spec));
                Turn::run(State::Applying, run)
            }
            Verb::Destroy => match task.spec.string("destroy") {
                Some(undo) => {
                    let mut run = playbook::invocation(task, "destroy", &undo);
                    run.effect = Effect::Writes(Recovery::Rerun);
                    Turn::run(State::Destroying, run)
                }
                None => end(Finding::Gone),
            },
            Verb::Observe if check => Turn::run(State::Observing, playbook::check(task, "observe")),
            Verb::Observe => end(Finding::Observed { drift: vec![] }),
            Verb::Outputs => end(declared::recorded(task)),
            Verb::Recover => end(Finding::Recovered(Verdict::Partly)),
            Verb::Verify => end(refused("a playbook is no verifier")),
        }
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        let name = match state {
            State::Destroying => task.spec.string("destroy").unwrap_or_default(),
            _ => playbook::main(task),
        };
        let finding = if succeeded(got) {
            Summary::read(got, &name)
                .and_then(|summary| summary.reached_hosts(task, &name))
                .and_then(|s| found(task, &state, &s, got))
        } else {
            Err(summary::failure(&name, got))
        };
        Turn::finish(State::Idle, finding.unwrap_or_else(Finding::Failed))
    }
    fn progress(&self, _label: &str, line: &str) -> Option<String> {
        summary::progress(line)
    }
}

fn planned(proposal: Proposal) -> Finding {
    Finding::Planned {
        proposal,
        saved: None,
        predicted: BTreeMap::new(),
    }
}

fn found(task: &Task, state: &State, summary: &Summary, got: &Got) -> Result<Finding, Failure> {
    Ok(match state {
        State::Planning => planned(Proposal {
            fidelity: Fidelity::Advisory,
            changes: summary.changes(),
        }),
        State::Observing => Finding::Observed {
            drift: summary.changes(),
        },
        State::Applying => Finding::Applied {
            outputs: outputs(task, summary, got)?,
        },
        State::Destroying => Finding::Gone,
        State::Idle => refused("an answer came though nothing was asked"),
    })
}

/// Declared outputs only: `set_stats` is also used for other things.
fn outputs(task: &Task, summary: &Summary, got: &Got) -> Result<BTreeMap<String, Output>, Failure> {
    let mut values = summary.stats();
    values.retain(|name, _| task.spec.outputs.contains_key(name));
    values.extend(declared::from_files(&task.spec, got)?);
    declared::settle(&task.spec, values)
}
