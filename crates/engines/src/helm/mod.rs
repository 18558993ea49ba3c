//! Helm: a chart from a folder, an archive, a registry or a repository, as a release in a cluster.
//!
//! A plan renders the chart against the real cluster; a session compares object by object. An apply is an upgrade that
//! installs what is not there; a release that an earlier process left pending is restored first. What failed is looked at
//! before it is rolled back. Before anything else a session finds out whether it is the cluster of the last apply, and
//! writes the private kubeconfig that helm enters with.
//!
//! - `options`, `interface`: what the component and its chart say. `workspace`, `commands`: files and invocations.
//! - `dialogue`, `steps`, `answers`: what comes after what. `release`, `manifest`: what helm answers.
//! - `planned`, `outputs`, `failure`: what becomes of it.
mod answers;
mod commands;
mod dialogue;
mod failure;
mod interface;
mod manifest;
mod options;
mod outputs;
mod planned;
mod release;
mod steps;
mod workspace;

use crate::outcome::refused;
use dialogue::Dialogue;
use options::Chart;
use outputs::Outputs;
use planned::{After, Before};
use release::Restore;
use serde::{Deserialize, Serialize};
use strata_core::{
    cluster::Noted,
    diagnostic::Diagnostic,
    engine::{
        Artifact, Class, Engine, Failure, Finding, Got, Task, ToolQuestion, Turn, Verb, Workspace,
    },
    interface::Interface,
    proposal::Change,
    spec::UnitSpec,
    tree::Tree,
};

/// The engine of Helm.
pub struct Helm;

/// Where a dialogue stands. While something is planned it holds the release's objects, secrets among them: nothing is
/// journalled then. While something is written it holds none.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    at: At,
    /// The chart, fetched.
    #[serde(default)]
    chart: Option<Artifact>,
    /// The cluster that was found.
    #[serde(default)]
    noted: Option<Noted>,
}

/// What is running.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    /// Nothing.
    #[default]
    Idle,
    /// A session writes the kubeconfig; then this. Also after whatever writes: when that is gone on with in another
    /// process, the private folder is another one.
    Entering { then: Box<At> },
    /// `dependency build`.
    Dependencies,
    /// `repo update`.
    RepoUpdate,
    /// `pull`.
    Pull,
    /// `status`: what there is.
    Status,
    /// `history` of a release that is not sound.
    History { before: Box<Before> },
    /// `status` of the revision to compare with.
    Good { before: Box<Before>, revision: u64 },
    /// What an upgrade would make.
    Render { before: Box<Before> },
    /// A session tells what the cluster serves, for `template`.
    Kinds { before: Box<Before> },
    /// What an upgrade would make, by `template`.
    Template {
        before: Box<Before>,
        apis: Vec<String>,
    },
    /// Definitions that a first install makes.
    Definitions { before: Box<Before>, after: After },
    /// A session compares the objects with the cluster.
    Compare {
        before: Box<Before>,
        after: After,
        definitions: bool,
    },
    /// The way back from an operation that was cut off, before the upgrade.
    Restore { to: Restore },
    /// `upgrade`.
    Upgrade,
    /// The objects of an upgrade that failed, for a session.
    Failing { failure: Failure },
    /// A session says why they are not ready.
    Why { failure: Failure },
    /// `history` after an upgrade that failed.
    WhatFailed { failure: Failure },
    /// The way back from it.
    Back { failure: Failure, to: Restore },
    /// `test`.
    Test,
    /// `status` when all is done: the outputs.
    Outputs,
    /// A session reads declared outputs from objects.
    Lookups { own: Outputs },
    /// The objects as they were applied, for a session.
    Applied { drift: Vec<Change> },
    /// A session looks for drift.
    Observe { drift: Vec<Change> },
    /// What stays when the release goes.
    Stays,
    /// `uninstall`.
    Uninstall,
}

impl Engine for Helm {
    type State = State;

    fn name(&self) -> &'static str {
        "helm"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        Some(ToolQuestion {
            programs: vec!["helm".to_owned()],
            args: vec!["version", "--short"],
            minimum: "3.13",
            install: "install Helm 3.13 or newer",
        })
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        strata_syntax::helm::recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        options::OPTIONS
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        interface::read(tree, spec)
    }
    fn identities(&self, task: &Task, _interface: &Interface) -> Vec<String> {
        let (env, release) = (&task.unit.env, failure::shown(task));
        let cluster = options::cluster(&task.spec).map(|c| format!(" in {c}"));
        let cluster = cluster.unwrap_or_default();
        // which cluster it really is is known late: two environments are taken for two clusters
        vec![format!("helm-release:{release} of {env}{cluster}")]
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        self.identities(task, &Interface::default())
    }
    fn workspace(&self, task: &Task) -> Workspace {
        workspace::of(task)
    }
    fn begin(&self, task: &Task, open: &Got) -> Turn<State> {
        match without_helm(task) {
            Some(finding) => Turn::finish(State::default(), finding),
            None => Dialogue::new(task, State::default()).begin(open),
        }
    }
    fn next(&self, task: &Task, mut state: State, got: &Got) -> Turn<State> {
        let at = std::mem::take(&mut state.at);
        Dialogue::new(task, state).answered(at, got)
    }
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        commands::progress(label, line)
    }
}

/// What can be said without starting helm.
fn without_helm(task: &Task) -> Option<Finding> {
    if task.verb == Verb::Verify {
        return Some(refused("helm is no verifier"));
    }
    let name = options::release(task);
    if !options::is_release_name(&name) {
        return Some(refused(format!(
            "`{name}` can't be the name of a release; write another one as `helm.release`"
        )));
    }
    if task.spec.cluster.is_none() {
        return Some(refused(
            "nothing says which cluster this is for: add `cluster:` to the component, or to `defaults` in `strata.yaml`",
        ));
    }
    let elsewhere = Chart::of(&task.spec).is_elsewhere();
    (task.verb == Verb::Apply && elsewhere && task.saved.is_none()).then(|| {
        Finding::Failed(Failure {
            class: Class::Permanent,
            summary: "there is no saved chart to apply".to_owned(),
            stale: true,
        })
    })
}
