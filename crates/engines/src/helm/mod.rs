//! Helm: a chart from a folder, an archive, a registry or a repository, as a release in a cluster.
//!
//! A plan renders the chart against the real cluster and compares object by object. An apply is an upgrade that installs
//! what is not there; a release that an earlier process left pending is restored first. What failed is looked at before it
//! is rolled back. Not here: who speaks to the API server, which is helm itself, or a session.
mod commands;
mod failure;
mod interface;
mod manifest;
mod options;
mod outputs;
mod planned;
mod release;
mod workspace;

use crate::outcome::{refused, succeeded};
use options::Chart;
use planned::{After, Before};
use release::{Release, Restore, Revision};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Artifact, Class, Engine, Failure, Finding, Got, Invocation, Task, ToolQuestion, Turn, Verb,
        Verdict, Workspace,
    },
    interface::Interface,
    proposal::{Action, Change},
    spec::UnitSpec,
    tree::Tree,
};

/// The engine of Helm.
pub struct Helm;

/// Where a dialogue stands. While something is planned it holds the release's objects, secrets among them: nothing is
/// journalled then. While something is written it holds none.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    at: At,
    /// The chart, fetched.
    #[serde(default)]
    chart: Option<Artifact>,
}

/// What is running.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    /// Nothing.
    Idle,
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
    Good { before: Box<Before> },
    /// What an upgrade would make.
    Render { before: Box<Before> },
    /// The same by `template`.
    Template { before: Box<Before> },
    /// Definitions that a first install makes.
    Definitions { before: Box<Before>, after: After },
    /// The way back from an operation that was cut off, before the upgrade.
    Restore,
    /// `upgrade`.
    Upgrade,
    /// `history` after an upgrade that failed.
    WhatFailed { failure: Failure },
    /// The way back from it.
    Back { failure: Failure, to: Restore },
    /// `test`.
    Test,
    /// `status` when all is done: the outputs.
    Outputs,
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
        // which cluster an environment has is known late; two environments are taken for two clusters
        let (env, release) = (&task.unit.env, failure::shown(task));
        vec![format!("helm-release:{release} of {env}")]
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        self.identities(task, &Interface::default())
    }
    fn workspace(&self, task: &Task) -> Workspace {
        workspace::of(task)
    }
    fn begin(&self, task: &Task, open: &Got) -> Turn<State> {
        let turn = Dialogue { task, chart: None };
        if let Some(finding) = without_helm(task) {
            return turn.end(finding);
        }
        match task.verb {
            Verb::Recover => turn.run(
                At::History {
                    before: Box::default(),
                },
                commands::history(task),
            ),
            Verb::Plan | Verb::Apply => turn.chart(open),
            _ => turn.run(At::Status, commands::status(task)),
        }
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        let chart = state.chart;
        Dialogue { task, chart }.answered(state.at, got)
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
    let elsewhere = Chart::of(&task.spec).is_elsewhere();
    (task.verb == Verb::Apply && elsewhere && task.saved.is_none()).then(|| {
        Finding::Failed(Failure {
            class: Class::Permanent,
            summary: "there is no saved chart to apply".to_owned(),
            stale: true,
        })
    })
}

/// The unit and what was learnt of it.
struct Dialogue<'t> {
    task: &'t Task,
    chart: Option<Artifact>,
}

impl Dialogue<'_> {
    fn run(self, at: At, invocation: Invocation) -> Turn<State> {
        let chart = self.chart;
        Turn::run(State { at, chart }, invocation)
    }
    fn end(self, finding: Finding) -> Turn<State> {
        let state = State {
            at: At::Idle,
            chart: None,
        };
        Turn::finish(state, finding)
    }
    fn fail(self, label: &str, got: &Got) -> Turn<State> {
        let failure = failure::failure(self.task, label, got);
        self.end(Finding::Failed(failure))
    }

    /// The chart first: what it depends on, or itself.
    fn chart(self, open: &Got) -> Turn<State> {
        let task = self.task;
        if Chart::of(&task.spec).is_elsewhere() {
            // an apply has what was planned
            return match (task.verb, Chart::of(&task.spec)) {
                (Verb::Apply, _) => self.run(At::Status, commands::status(task)),
                (_, Chart::Repository { .. }) => {
                    self.run(At::RepoUpdate, commands::repo_update(task))
                }
                _ => self.run(At::Pull, commands::pull(task)),
            };
        }
        let kept = match (workspace::dependencies(task), open) {
            (Some(keep), Got::Open { kept }) => kept.contains(&keep.path),
            _ => false,
        };
        if task.facts.contains_key("dependencies") && !kept {
            return self.run(At::Dependencies, commands::dependencies(task));
        }
        self.run(At::Status, commands::status(task))
    }

    fn answered(mut self, at: At, got: &Got) -> Turn<State> {
        let task = self.task;
        let ok = succeeded(got);
        match at {
            At::Dependencies | At::RepoUpdate | At::Pull if !ok => self.fail(at.label(), got),
            At::Dependencies => self.run(At::Status, commands::status(task)),
            At::RepoUpdate => self.run(At::Pull, commands::pull(task)),
            At::Pull => match pulled(task, got) {
                Ok(chart) => {
                    self.chart = Some(chart);
                    self.run(At::Status, commands::status(task))
                }
                Err(finding) => self.end(finding),
            },
            At::Status => self.looked(got),
            At::History { before } => self.unsound(*before, got),
            At::Good { mut before } if ok => {
                match release::read::<Release>("status", got.stdout()) {
                    Ok(good) => {
                        (before.manifest, before.config) = (good.manifest, good.config);
                        self.render(*before)
                    }
                    Err(why) => self.end(refused(why)),
                }
            }
            At::Render { before } if ok => self.rendered(*before, got),
            At::Render { before } if !before.exists() && failure::lacks_definitions(got) => {
                self.template(*before)
            }
            At::Template { before } if ok => self.rendered_by_template(*before, got),
            At::Definitions { before, after } if ok => {
                let text = String::from_utf8_lossy(got.stdout()).into_owned();
                match manifest::objects(&text) {
                    Ok(definitions) => self.planned(&before, &after, &definitions),
                    Err(why) => self.end(refused(why)),
                }
            }
            At::Restore if ok => self.run(At::Upgrade, commands::upgrade(task)),
            At::Upgrade if ok && options::flag(&task.spec, "test") == Some(true) => {
                self.run(At::Test, commands::test(task))
            }
            At::Upgrade | At::Test if ok => self.run(At::Outputs, commands::status(task)),
            At::Upgrade => self.went_wrong(got),
            At::WhatFailed { failure } => self.back(failure, got),
            At::Back { failure, to } => self.is_back(failure, to, got),
            At::Test => {
                let failure = failure::of_tests(task, got);
                self.end(Finding::Failed(failure))
            }
            At::Outputs if ok => self.end(outputs::finding(task, got)),
            // it only tells
            At::Stays => self.run(At::Uninstall, commands::uninstall(task)),
            At::Uninstall if ok => self.end(Finding::Gone),
            At::Idle => self.end(refused("an answer came though nothing was asked")),
            at => self.fail(at.label(), got),
        }
    }

    /// `status` answered.
    fn looked(self, got: &Got) -> Turn<State> {
        let task = self.task;
        let release = if failure::is_unknown(got) {
            None
        } else if succeeded(got) {
            match release::read::<Release>("status", got.stdout()) {
                Ok(release) => Some(release).filter(|r| r.info.status != "uninstalled"),
                Err(why) => return self.end(refused(why)),
            }
        } else {
            return self.fail("status", got);
        };
        match (task.verb, release) {
            (Verb::Destroy, None) => self.end(Finding::Gone),
            (Verb::Destroy, Some(_)) => self.run(At::Stays, commands::stays(task)),
            (Verb::Outputs, Some(_)) => self.end(outputs::finding(task, got)),
            (Verb::Outputs, None) => {
                let release = failure::shown(task);
                self.end(refused(format!("there is no release {release}")))
            }
            (Verb::Observe, release) => {
                let drift = drift(task, release.as_ref());
                self.end(Finding::Observed { drift })
            }
            (Verb::Apply, Some(release)) if release::is_pending(&release.info.status) => self.run(
                At::History {
                    before: Box::default(),
                },
                commands::history(task),
            ),
            (Verb::Apply, _) => self.run(At::Upgrade, commands::upgrade(task)),
            (_, None) => self.render(Before::default()),
            (_, Some(release)) if release.info.status == "deployed" => {
                self.render(Before::of(release))
            }
            (_, Some(release)) => {
                let before = Box::new(Before::of(release));
                self.run(At::History { before }, commands::history(task))
            }
        }
    }

    /// `history` of a release that is not sound, or after a kill.
    fn unsound(self, mut before: Before, got: &Got) -> Turn<State> {
        let task = self.task;
        if task.verb == Verb::Recover && failure::is_unknown(got) {
            return self.end(Finding::Recovered(Verdict::NotDone));
        }
        let history = match history(task, got) {
            Ok(history) => history,
            Err(finding) => return self.end(finding),
        };
        let restore = release::restore(&history);
        let pending = history
            .last()
            .is_some_and(|r| release::is_pending(&r.status));
        match (task.verb, restore) {
            // what is pending is restored by the apply that goes on: what is written is journalled
            (Verb::Recover, _) => self.end(Finding::Recovered(Verdict::Partly)),
            (Verb::Apply, Restore::Rollback(to)) if pending => {
                self.run(At::Restore, commands::rollback(task, to, false))
            }
            (Verb::Apply, Restore::Uninstall) if pending => {
                self.run(At::Restore, commands::uninstall(task))
            }
            (Verb::Apply, _) => self.run(At::Upgrade, commands::upgrade(task)),
            (_, restore) => {
                if pending {
                    before.restore = restore;
                }
                match restore {
                    Restore::Rollback(to) => {
                        let before = Box::new(before);
                        self.run(At::Good { before }, commands::revision(task, to))
                    }
                    Restore::Uninstall if pending => {
                        before.manifest.clear();
                        self.render(before)
                    }
                    _ => self.render(before),
                }
            }
        }
    }

    fn render(self, before: Before) -> Turn<State> {
        if before.restore != Restore::Nothing {
            // helm refuses to look at it
            return self.template(before);
        }
        let (task, before) = (self.task, Box::new(before));
        self.run(At::Render { before }, commands::render(task))
    }
    fn template(self, before: Before) -> Turn<State> {
        let task = self.task;
        let again = before.exists() && before.restore != Restore::Uninstall;
        let invocation = commands::template(task, again, "", &[]);
        let before = Box::new(before);
        self.run(At::Template { before }, invocation)
    }

    fn rendered(self, before: Before, got: &Got) -> Turn<State> {
        let task = self.task;
        let after = match planned::rendered(got.stdout()) {
            Ok(after) => after,
            Err(why) => return self.end(refused(why)),
        };
        let makes_definitions = options::flag(&task.spec, "skip-crds") != Some(true);
        if !before.exists() && makes_definitions {
            let before = Box::new(before);
            return self.run(
                At::Definitions { before, after },
                commands::definitions(task),
            );
        }
        self.planned(&before, &after, &[])
    }
    fn rendered_by_template(self, before: Before, got: &Got) -> Turn<State> {
        match planned::templated(got.stdout(), got.read("values")) {
            Ok(after) => self.planned(&before, &after, &[]),
            Err(why) => self.end(refused(why)),
        }
    }
    fn planned(
        self,
        before: &Before,
        after: &After,
        definitions: &[manifest::Object],
    ) -> Turn<State> {
        let saved = self.chart.clone();
        let finding = match planned::proposal(self.task, before, after, definitions, None) {
            Ok(proposal) => Finding::Planned {
                proposal,
                saved,
                predicted: BTreeMap::new(),
            },
            Err(why) => refused(why),
        };
        self.end(finding)
    }

    /// An upgrade failed. When it ended by itself, it can be gone back from.
    fn went_wrong(self, got: &Got) -> Turn<State> {
        let task = self.task;
        let failure = failure::failure(task, "upgrade", got);
        if got.code().is_none() || !commands::is_atomic(task) {
            return self.end(Finding::Failed(failure));
        }
        self.run(At::WhatFailed { failure }, commands::history(task))
    }
    fn back(self, failure: Failure, got: &Got) -> Turn<State> {
        let task = self.task;
        let Ok(history) = history(task, got) else {
            return self.end(Finding::Failed(failure));
        };
        let to = release::restore(&history);
        let run = match to {
            Restore::Nothing => return self.end(Finding::Failed(failure)),
            Restore::Rollback(revision) => commands::rollback(task, revision, true),
            Restore::Uninstall => commands::uninstall(task),
        };
        self.run(At::Back { failure, to }, run)
    }
    fn is_back(self, failure: Failure, to: Restore, got: &Got) -> Turn<State> {
        let task = self.task;
        let how = match (to, succeeded(got)) {
            (Restore::Rollback(to), true) => format!("it is back at revision {to}"),
            (_, true) => "what it had made is removed".to_owned(),
            (_, false) => {
                let why = failure::failure(task, "rollback", got);
                format!("the way back failed too: {}", why.summary)
            }
        };
        self.end(Finding::Failed(failure::restored(failure, &how)))
    }
}

/// The chart that was fetched.
fn pulled(task: &Task, got: &Got) -> Result<Artifact, Finding> {
    let kept = match got {
        Got::Exit { kept, .. } => kept.get("chart").cloned(),
        _ => None,
    };
    kept.ok_or_else(|| {
        let file = Chart::of(&task.spec).file(&options::version(&task.spec));
        refused(format!(
            "helm pull left no file `{file}`; write the version just as the chart does, with `v` where it has one"
        ))
    })
}

fn history(task: &Task, got: &Got) -> Result<Vec<Revision>, Finding> {
    if failure::is_unknown(got) {
        return Ok(Vec::new());
    }
    if !succeeded(got) {
        return Err(Finding::Failed(failure::failure(task, "history", got)));
    }
    release::read("history", got.stdout()).map_err(refused)
}

/// What differs though no object was looked at.
fn drift(task: &Task, release: Option<&Release>) -> Vec<Change> {
    let change = |action, line: String| Change {
        object: format!("release {}", failure::shown(task)),
        action,
        after: None,
        detail: vec![line],
    };
    match release {
        None => vec![change(Action::Delete, "it is gone".to_owned())],
        Some(r) if r.info.status != "deployed" => {
            let line = format!("revision {} is {}", r.version, r.info.status);
            vec![change(Action::Update, line)]
        }
        Some(_) => Vec::new(),
    }
}

impl At {
    const fn label(&self) -> &'static str {
        match self {
            Self::Idle => "",
            Self::Dependencies => "dependency build",
            Self::RepoUpdate => "repo update",
            Self::Pull => "pull",
            Self::Status | Self::Outputs | Self::Good { .. } => "status",
            Self::History { .. } | Self::WhatFailed { .. } => "history",
            Self::Render { .. } => "upgrade --dry-run",
            Self::Template { .. } => "template",
            Self::Definitions { .. } => "show crds",
            Self::Restore | Self::Back { .. } => "rollback",
            Self::Upgrade => "upgrade",
            Self::Test => "test",
            Self::Stays => "get",
            Self::Uninstall => "uninstall",
        }
    }
}
