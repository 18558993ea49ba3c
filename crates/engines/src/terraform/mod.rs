//! Terraform and OpenTofu: `init` only when needed, a saved plan, its changes read from `show -json`, that plan
//! applied and no other, drift from `resource_drift`.
//!
//! State lies in the unit's durable folder unless the module or `terraform.backend` says where; never in the work
//! folder, which is removed. `-target` and `-replace` are not known here.
mod commands;
mod failure;
mod identity;
mod interface;
mod needs;
mod outputs;
mod shown;
mod state_reads;
mod workspace;

use crate::outcome::{refused, succeeded};
use failure::{asks_for_init, failed};
use serde::{Deserialize, Serialize};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Artifact, Class, Engine, Failure, Finding, Got, Task, ToolQuestion, Turn, Verb, Verdict,
        Workspace,
    },
    interface::Interface,
    need::Needs,
    spec::UnitSpec,
    tree::Tree,
};

/// The engine of Terraform and OpenTofu.
pub struct Terraform;

/// Where a dialogue stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    at: At,
    /// `init` has run in this dialogue: it will not help to run it again.
    #[serde(default)]
    initialised: bool,
}

/// What is running.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    /// Nothing.
    Idle,
    /// `init`; then the verb, or only the outputs of what was applied already.
    Init { outputs_only: bool },
    /// `workspace select`.
    Select { outputs_only: bool },
    /// `workspace new`.
    NewWorkspace { outputs_only: bool },
    /// `plan -out`.
    Plan,
    /// `show -json` of that plan.
    Show { saved: Artifact },
    /// `apply` of the saved plan.
    Apply,
    /// `output -json`.
    Output,
    /// `plan -destroy -out`.
    PlanDestroy,
    /// `apply` of that plan.
    Destroy,
}

impl Engine for Terraform {
    type State = State;

    fn name(&self) -> &'static str {
        "terraform"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        Some(ToolQuestion {
            programs: vec!["terraform".to_owned(), "tofu".to_owned()],
            args: vec!["version"],
            minimum: "1.3",
            install: "install Terraform 1.3 or OpenTofu 1.6, or newer",
        })
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        interface::recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (
                "workspace",
                "Terraform workspace that holds the state; made when it is missing",
            ),
            (
                "backend",
                "where the state is kept, when the module does not say: `{s3: {bucket: …, key: …}}`",
            ),
            (
                "var-files",
                "variable files of the component's folder, given before the inputs",
            ),
            ("parallelism", "how many operations at once"),
            (
                "override",
                "an override file: what it says replaces what the module says, such as a provider's settings",
            ),
        ]
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        needs::of(tree, spec, inputs)
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        interface::read(tree, spec)
    }
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        vec![identity::of_state(task, &interface.facts)]
    }
    fn workspace(&self, task: &Task) -> Workspace {
        workspace::of(task)
    }
    fn begin(&self, task: &Task, open: &Got) -> Turn<State> {
        if let Some(finding) = without_terraform(task) {
            return Turn::finish(
                State {
                    at: At::Idle,
                    initialised: false,
                },
                finding,
            );
        }
        if workspace::still_initialised(task, open) {
            return work(task, false, false);
        }
        init(task, false)
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        if !state.initialised && !succeeded(got) && asks_for_init(got) {
            match state.at {
                At::Output => return init(task, task.verb != Verb::Outputs),
                At::Plan | At::PlanDestroy | At::Show { .. } => return init(task, false),
                At::Select { outputs_only } => return init(task, outputs_only),
                _ => {}
            }
        }
        answered(task, state, got)
    }
    fn progress(&self, _label: &str, line: &str) -> Option<String> {
        commands::progress(line)
    }
}

/// What can be said without starting the tool.
fn without_terraform(task: &Task) -> Option<Finding> {
    match task.verb {
        // what was cut off is in the state, or will be planned again: the state knows, nobody has to guess
        Verb::Recover => Some(Finding::Recovered(Verdict::Partly)),
        Verb::Verify => Some(refused("terraform is no verifier")),
        Verb::Apply if task.saved.is_none() => Some(Finding::Failed(Failure {
            class: Class::Permanent,
            summary: "there is no saved plan to apply".to_owned(),
            stale: true,
        })),
        _ if task
            .spec
            .options
            .get("override")
            .is_some_and(strata_core::value::Term::is_secret) =>
        {
            Some(refused(
                "`terraform.override` can't hold a secret; hand it over as an input",
            ))
        }
        _ => None,
    }
}

fn init(task: &Task, outputs_only: bool) -> Turn<State> {
    Turn::run(
        State {
            at: At::Init { outputs_only },
            initialised: true,
        },
        commands::init(task),
    )
}

/// What comes when the folder is initialised.
fn work(task: &Task, initialised: bool, outputs_only: bool) -> Turn<State> {
    let run = |at, invocation| Turn::run(State { at, initialised }, invocation);
    match task.verb {
        _ if outputs_only => run(At::Output, commands::output(task)),
        Verb::Apply => run(At::Apply, commands::apply(task)),
        Verb::Outputs => run(At::Output, commands::output(task)),
        Verb::Destroy => run(At::PlanDestroy, commands::plan(task)),
        _ => run(At::Plan, commands::plan(task)),
    }
}

/// An invocation ended as it should, or as it need not.
fn answered(task: &Task, state: State, got: &Got) -> Turn<State> {
    let initialised = state.initialised;
    let run = |at, invocation| Turn::run(State { at, initialised }, invocation);
    let end = |finding| {
        Turn::finish(
            State {
                at: At::Idle,
                initialised,
            },
            finding,
        )
    };
    let ok = succeeded(got);
    match state.at {
        At::Init { outputs_only } if ok => match commands::select(task) {
            Some(select) => run(At::Select { outputs_only }, select),
            None => work(task, initialised, outputs_only),
        },
        At::Select { outputs_only } | At::NewWorkspace { outputs_only } if ok => {
            work(task, initialised, outputs_only)
        }
        At::Select { outputs_only } if got.code().is_some() => run(
            At::NewWorkspace { outputs_only },
            commands::new_workspace(task),
        ),
        At::Plan if ok => match commands::kept_plan(got) {
            Some(saved) => run(At::Show { saved }, commands::show(task)),
            None => end(refused("terraform plan left no plan file")),
        },
        At::Show { saved } if ok => end(shown::finding(task, got.stdout(), saved)),
        At::Apply if ok => match outputs::of_apply(task, got) {
            Some(finding) => end(finding),
            None => run(At::Output, commands::output(task)),
        },
        At::Output if ok => end(outputs::of_output(task, got)),
        At::PlanDestroy if ok => run(At::Destroy, commands::destroy(task)),
        At::Destroy if ok => end(Finding::Gone),
        At::Idle => end(refused("an answer came though nothing was asked")),
        at => end(failed(task, at.label(), got)),
    }
}

impl At {
    const fn label(&self) -> &'static str {
        match self {
            Self::Idle => "",
            Self::Init { .. } => "init",
            Self::Select { .. } => "workspace select",
            Self::NewWorkspace { .. } => "workspace new",
            Self::Plan => "plan",
            Self::Show { .. } => "show",
            Self::Apply => "apply",
            Self::Output => "output",
            Self::PlanDestroy => "plan -destroy",
            Self::Destroy => "destroy",
        }
    }
}
