//! What comes after what, and what is run for it.
use super::{
    At, State,
    answers::{change, history, pulled, why},
    commands, failure,
    options::{self, Chart},
    outputs::{self, Outputs},
    planned::{self, After, Before},
    release::{self, Release, Restore},
    steps::{label, start},
    workspace,
};
use crate::{
    cluster,
    outcome::{refused, succeeded},
};
use std::collections::BTreeMap;
use strata_core::{
    cluster::Answer,
    engine::{Failure, Finding, Got, Task, Turn, Verb, Verdict},
    proposal::{Action, Change},
};

/// A task, and what was learnt on the way.
pub struct Dialogue<'t> {
    task: &'t Task,
    state: State,
}

impl<'t> Dialogue<'t> {
    pub fn new(task: &'t Task, state: State) -> Self {
        Self { task, state }
    }
    fn run(mut self, at: At) -> Turn<State> {
        let invocation = start(self.task, &at);
        self.state.at = at;
        Turn::run(self.state, invocation)
    }
    /// After what writes, and at the beginning.
    fn enter(self, then: At) -> Turn<State> {
        let then = Box::new(then);
        self.run(At::Entering { then })
    }
    fn end(mut self, finding: Finding) -> Turn<State> {
        self.state.at = At::Idle;
        Turn::finish(self.state, finding)
    }
    fn fail(self, label: &str, got: &Got) -> Turn<State> {
        let failure = failure::failure(self.task, label, got);
        self.end(Finding::Failed(failure))
    }

    /// The cluster first, then the chart: what it depends on, or itself.
    pub fn begin(self, open: &Got) -> Turn<State> {
        let task = self.task;
        let kept = match (workspace::dependencies(task), open) {
            (Some(keep), Got::Open { kept }) => kept.contains(&keep.path),
            _ => false,
        };
        let first = match (task.verb, Chart::of(&task.spec)) {
            (Verb::Recover, _) => At::History {
                before: Box::default(),
            },
            (Verb::Plan, Chart::Repository { .. }) => At::RepoUpdate,
            (Verb::Plan, Chart::Registry(_)) => At::Pull,
            (Verb::Plan | Verb::Apply, Chart::Folder(_))
                if task.facts.contains_key("dependencies") && !kept =>
            {
                At::Dependencies
            }
            _ => At::Status,
        };
        self.enter(first)
    }

    pub fn answered(mut self, at: At, got: &Got) -> Turn<State> {
        let task = self.task;
        let ok = succeeded(got);
        match at {
            At::Entering { then } => self.entered(*then, got),
            At::Dependencies if ok => self.run(At::Status),
            At::RepoUpdate if ok => self.run(At::Pull),
            At::Pull if ok => match pulled(task, got) {
                Ok(chart) => {
                    self.state.chart = Some(chart);
                    self.run(At::Status)
                }
                Err(finding) => self.end(finding),
            },
            At::Status => self.looked(got),
            At::History { before } => self.unsound(*before, got),
            At::Good { mut before, .. } if ok => {
                match release::read::<Release>("status", got.stdout()) {
                    Ok(good) => {
                        (before.manifest, before.config) = (good.manifest, good.config);
                        self.render(before)
                    }
                    Err(why) => self.end(refused(why)),
                }
            }
            At::Render { before } if ok => self.rendered(before, got),
            At::Render { before } if !before.exists() && failure::lacks_definitions(got) => {
                self.run(At::Kinds { before })
            }
            At::Kinds { before } => match cluster::answer("the list of kinds", got) {
                Ok(answer) => {
                    let version = answer.cluster.map(|c| c.version).into_iter();
                    let apis = version.chain(answer.serves).collect();
                    self.run(At::Template { before, apis })
                }
                Err(failure) => self.end(Finding::Failed(failure)),
            },
            At::Template { before, .. } if ok => {
                match planned::templated(got.stdout(), got.read("values")) {
                    Ok(after) => self.compare(before, after, false),
                    Err(why) => self.end(refused(why)),
                }
            }
            At::Definitions { before, after } if ok => self.compare(before, after, true),
            At::Compare { before, after, .. } => self.compared(&before, &after, got),
            At::Restore { .. } if ok => self.enter(At::Upgrade),
            At::Upgrade if ok && options::flag(&task.spec, "test") == Some(true) => {
                self.enter(At::Test)
            }
            At::Upgrade | At::Test if ok => self.enter(At::Outputs),
            At::Upgrade => self.went_wrong(got),
            At::Failing { failure } if ok => self.run(At::Why { failure }),
            At::Failing { failure } => self.failed(failure),
            At::Why { failure } => {
                let failure = why(failure, got);
                self.failed(failure)
            }
            At::WhatFailed { failure } => self.back(failure, got),
            At::Back { failure, to } => self.went_back(failure, to, got),
            At::Test => {
                let failure = failure::of_tests(task, got);
                self.end(Finding::Failed(failure))
            }
            At::Outputs if ok => self.gives(got),
            At::Lookups { own } => match cluster::answer("the look for outputs", got) {
                Ok(answer) => self.given(own, &answer, got),
                Err(failure) => self.end(Finding::Failed(failure)),
            },
            At::Applied { drift } if ok => self.run(At::Observe { drift }),
            At::Observe { drift } => self.observed(drift, got),
            // it only tells
            At::Stays => self.run(At::Uninstall),
            At::Uninstall if ok => self.end(Finding::Gone),
            At::Idle => self.end(refused("an answer came though nothing was asked")),
            at => self.fail(label(&at), got),
        }
    }

    /// The session said which cluster it is.
    fn entered(mut self, then: At, got: &Got) -> Turn<State> {
        match (cluster::answer("`cluster:`", got), then) {
            (Ok(answer), then) => {
                self.state.noted = answer.cluster;
                self.run(then)
            }
            // the cluster went away, which is why the upgrade failed too
            (Err(_), At::Failing { failure } | At::WhatFailed { failure }) => {
                self.end(Finding::Failed(failure))
            }
            (Err(failure), _) => self.end(Finding::Failed(failure)),
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
        let before = Box::default();
        match (task.verb, release) {
            (Verb::Destroy, None) => self.end(Finding::Gone),
            (Verb::Destroy, Some(_)) => self.run(At::Stays),
            (Verb::Outputs, Some(_)) => self.gives(got),
            (Verb::Outputs, None) => {
                let release = failure::shown(task);
                self.end(refused(format!("there is no release {release}")))
            }
            (Verb::Observe, None) => {
                let drift = vec![change(task, Action::Delete, "it is gone".to_owned())];
                self.end(Finding::Observed { drift })
            }
            (Verb::Observe, Some(release)) => {
                let line = format!("revision {} is {}", release.version, release.info.status);
                let drift = match release.info.status.as_str() {
                    "deployed" => vec![],
                    _ => vec![change(task, Action::Update, line)],
                };
                self.run(At::Applied { drift })
            }
            (Verb::Apply, Some(release)) if release::is_pending(&release.info.status) => {
                self.run(At::History { before })
            }
            (Verb::Apply, _) => self.run(At::Upgrade),
            (_, None) => self.render(before),
            (_, Some(release)) => {
                let sound = release.info.status == "deployed";
                let before = Box::new(Before::of(release));
                if sound {
                    self.render(before)
                } else {
                    self.run(At::History { before })
                }
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
        let to = release::restore(&history);
        let last = history.last();
        let pending = last.is_some_and(|r| release::is_pending(&r.status));
        match task.verb {
            // what is pending is restored by the apply that goes on: what is written is journalled
            Verb::Recover => return self.end(Finding::Recovered(Verdict::Partly)),
            Verb::Apply if pending && to != Restore::Nothing => {
                return self.run(At::Restore { to });
            }
            Verb::Apply => return self.run(At::Upgrade),
            _ => {}
        }
        if pending {
            before.restore = to;
        }
        let mut before = Box::new(before);
        match to {
            Restore::Rollback(revision) => self.run(At::Good { before, revision }),
            Restore::Uninstall if pending => {
                before.manifest.clear();
                self.render(before)
            }
            _ => self.render(before),
        }
    }

    fn render(self, before: Box<Before>) -> Turn<State> {
        // helm refuses to look at what is pending
        if before.restore == Restore::Nothing {
            self.run(At::Render { before })
        } else {
            self.run(At::Kinds { before })
        }
    }
    fn rendered(self, before: Box<Before>, got: &Got) -> Turn<State> {
        let after = match planned::rendered(got.stdout()) {
            Ok(after) => after,
            Err(why) => return self.end(refused(why)),
        };
        let skipped = options::flag(&self.task.spec, "skip-crds") == Some(true);
        if before.exists() || skipped {
            self.compare(before, after, false)
        } else {
            self.run(At::Definitions { before, after })
        }
    }
    fn compare(self, before: Box<Before>, after: After, definitions: bool) -> Turn<State> {
        self.run(At::Compare {
            before,
            after,
            definitions,
        })
    }
    fn compared(mut self, before: &Before, after: &After, got: &Got) -> Turn<State> {
        let live = match cluster::answer("the comparison with the cluster", got) {
            Ok(answer) => answer.changes,
            Err(failure) => return self.end(Finding::Failed(failure)),
        };
        let saved = self.state.chart.take();
        let finding = match planned::proposal(self.task, before, after, live) {
            Ok(proposal) => Finding::Planned {
                proposal,
                saved,
                predicted: BTreeMap::new(),
            },
            Err(why) => refused(why),
        };
        self.end(finding)
    }
    fn observed(self, mut drift: Vec<Change>, got: &Got) -> Turn<State> {
        match cluster::answer("the look at the cluster", got) {
            Ok(answer) => {
                drift.extend(answer.changes);
                self.end(Finding::Observed { drift })
            }
            Err(failure) => self.end(Finding::Failed(failure)),
        }
    }

    /// `status` when all is done.
    fn gives(mut self, got: &Got) -> Turn<State> {
        let task = self.task;
        let own = release::read("status", got.stdout()).and_then(|r| outputs::own(task, &r));
        match own {
            Ok(own) if outputs::are_looked_up(task) => self.run(At::Lookups { own }),
            Ok(own) => {
                let answer = Answer {
                    cluster: self.state.noted.take(),
                    ..Answer::default()
                };
                self.given(own, &answer, got)
            }
            Err(why) => self.end(refused(why)),
        }
    }
    fn given(self, own: Outputs, answer: &Answer, got: &Got) -> Turn<State> {
        let finding = match outputs::all(self.task, own, answer, got) {
            Ok(outputs) => Finding::Applied { outputs },
            Err(failure) => Finding::Failed(failure),
        };
        self.end(finding)
    }

    /// An upgrade failed. When it ended by itself, its objects can say why, and it can be gone back from.
    fn went_wrong(self, got: &Got) -> Turn<State> {
        let failure = failure::failure(self.task, "upgrade", got);
        if got.code().is_none() {
            return self.end(Finding::Failed(failure));
        }
        self.enter(At::Failing { failure })
    }
    fn failed(self, failure: Failure) -> Turn<State> {
        if commands::is_atomic(self.task) {
            self.run(At::WhatFailed { failure })
        } else {
            self.end(Finding::Failed(failure))
        }
    }
    fn back(self, failure: Failure, got: &Got) -> Turn<State> {
        let to = match history(self.task, got) {
            Ok(history) => release::restore(&history),
            Err(_) => Restore::Nothing,
        };
        match to {
            Restore::Nothing => self.end(Finding::Failed(failure)),
            to => self.run(At::Back { failure, to }),
        }
    }
    fn went_back(self, failure: Failure, to: Restore, got: &Got) -> Turn<State> {
        let how = match (to, succeeded(got)) {
            (Restore::Rollback(to), true) => format!("it is back at revision {to}"),
            (_, true) => "what it had made is removed".to_owned(),
            (_, false) => {
                let why = failure::failure(self.task, "rollback", got);
                format!("the way back failed too: {}", why.summary)
            }
        };
        self.end(Finding::Failed(failure::followed(failure, &how)))
    }
}
