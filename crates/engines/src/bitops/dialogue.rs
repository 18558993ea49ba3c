//! The dialogue about one deployment: hooks, its tool, hooks; and what a failure ends.
use super::{
    DEPLOY, Deployment, HOOKS, HOOKS_NOW, KEEP_GOING, Kind, LIMIT, MODE, Step, cloudformation,
    helm, playbook, plugin, terraform, variables,
};
use crate::{
    declared,
    outcome::{failure, refused, succeeded},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    engine::{Act, Effect, Failure, Finding, Got, Invocation, Recovery, Task, Turn, Verb},
    proposal::{Fidelity, Proposal},
};

/// Where a dialogue stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    pub(super) at: At,
    /// What went wrong, while the rest goes on all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Failure>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum At {
    Idle,
    /// A hook that runs before.
    Before(usize),
    /// The engine of terraform is at it, in this state.
    Inner(String),
    /// The invocation of this label.
    Tool(String),
    /// A hook that runs after, and what was found.
    After(usize, Box<Finding>),
}

impl Deployment {
    pub(super) fn has_tool(&self, task: &Task) -> bool {
        !skips(task) && (self.0 != Kind::Plugin || task.spec.options.contains_key("script"))
    }

    /// The next hook of a folder.
    fn hook(task: &Task, which: usize, n: usize) -> Option<Invocation> {
        let (name, _) = HOOKS[which];
        if task
            .facts
            .get(HOOKS_NOW)
            .is_some_and(|now| !now.contains(name))
        {
            return None;
        }
        let list: Vec<String> = task
            .facts
            .get(name)
            .and_then(|l| serde_json::from_str(l).ok())
            .unwrap_or_default();
        let hook = list.get(n)?;
        let label = format!("{name} {}", hook.rsplit('/').next().unwrap_or(hook));
        let mut run = Invocation::new(&label, "bash", [hook.as_str().into()]);
        run.env = variables::of(task);
        run.limit = LIMIT;
        // what runs after the tool is not journalled: its state holds the outputs
        if which == 0 && matches!(task.verb, Verb::Apply | Verb::Destroy) {
            run.effect = Effect::Writes(Recovery::Rerun);
        }
        Some(run)
    }

    pub(super) fn before(&self, task: &Task, n: usize, failed: Option<Failure>) -> Turn<State> {
        match Self::hook(task, 0, n) {
            Some(run) => Turn::run(
                State {
                    at: At::Before(n),
                    failed,
                },
                run,
            ),
            None => self.tool_begins(task, failed),
        }
    }

    fn tool_begins(&self, task: &Task, failed: Option<Failure>) -> Turn<State> {
        // what was applied before it was skipped keeps its outputs; sensitive ones only terraform has
        let keeps = skips(task) && task.verb == Verb::Apply && !task.recorded.is_empty();
        if keeps && self.0 == Kind::Terraform {
            let (state, act) = terraform::begin(task);
            return self.inner(task, state, act, failed);
        }
        if !self.has_tool(task) {
            return self.after(task, 0, without_tool(task), failed);
        }
        if self.0 == Kind::Terraform {
            let (state, act) = terraform::begin(task);
            return self.inner(task, state, act, failed);
        }
        let step = match self.0 {
            Kind::Ansible => playbook::first(task),
            Kind::Helm => helm::first(task),
            Kind::CloudFormation => cloudformation::first(task),
            Kind::Plugin | Kind::Terraform => plugin::first(task),
        };
        self.step(task, step, failed)
    }

    pub(super) fn step(&self, task: &Task, step: Step, failed: Option<Failure>) -> Turn<State> {
        match step {
            Step::Run(mut run) => {
                run.env.extend(variables::of(task));
                run.limit = LIMIT;
                Turn::run(
                    State {
                        at: At::Tool(run.label.clone()),
                        failed,
                    },
                    *run,
                )
            }
            Step::Done => {
                let finding = match task.verb {
                    Verb::Destroy => Finding::Gone,
                    _ => declared::recorded(task),
                };
                self.after(task, 0, finding, failed)
            }
            Step::Failed(why) => self.after(task, 0, Finding::Failed(why), failed),
        }
    }

    pub(super) fn inner(
        &self,
        task: &Task,
        state: String,
        act: Act,
        failed: Option<Failure>,
    ) -> Turn<State> {
        match act {
            Act::Finish(finding) => self.after(task, 0, *finding, failed),
            act => Turn {
                state: State {
                    at: At::Inner(state),
                    failed,
                },
                act,
            },
        }
    }

    /// Hooks that run after the tool: not after a mere plan, and not after a failure that ends the run.
    pub(super) fn after(
        &self,
        task: &Task,
        n: usize,
        finding: Finding,
        failed: Option<Failure>,
    ) -> Turn<State> {
        let ended = matches!(finding, Finding::Failed(_)) && !keeps_going(task);
        let writes = matches!(task.verb, Verb::Apply | Verb::Destroy) || deploys(task);
        let hook = if ended || !writes {
            None
        } else {
            Self::hook(task, 1, n)
        };
        match hook {
            Some(run) => Turn::run(
                State {
                    at: At::After(n, Box::new(finding)),
                    failed,
                },
                run,
            ),
            None => {
                let finding = match (finding, failed) {
                    (Finding::Failed(f), _) | (_, Some(f)) => Finding::Failed(f),
                    (finding, None) => finding,
                };
                finish(finding)
            }
        }
    }
}

pub(super) fn finish(finding: Finding) -> Turn<State> {
    Turn::finish(
        State {
            at: At::Idle,
            failed: None,
        },
        finding,
    )
}

pub(super) fn deploys(task: &Task) -> bool {
    task.facts.get(MODE).is_some_and(|m| m == DEPLOY)
}

pub(super) fn keeps_going(task: &Task) -> bool {
    task.facts.contains_key(KEEP_GOING)
}

pub(super) fn skips(task: &Task) -> bool {
    task.spec.string("skip").is_some_and(|s| s == "true")
}

/// What is found where only hooks run.
pub(super) fn without_tool(task: &Task) -> Finding {
    match task.verb {
        Verb::Plan => Finding::Planned {
            proposal: Proposal {
                fidelity: Fidelity::Exact,
                changes: vec![],
            },
            saved: None,
            predicted: BTreeMap::new(),
        },
        Verb::Destroy => Finding::Gone,
        _ => declared::recorded(task),
    }
}

/// `strata apply` makes things so. To take them away is another command, however the files put it.
pub(super) fn takes_away(task: &Task) -> Option<Finding> {
    let action = task.spec.string("action")?;
    let away = ["destroy", "delete"].contains(&action.to_lowercase().as_str());
    (away && !deploys(task) && matches!(task.verb, Verb::Plan | Verb::Apply)).then(|| {
        refused(format!(
            "its `stack-action` is `{action}`, and an apply destroys nothing: run `strata destroy {} --only {}`, then remove the deployment",
            task.unit.env, task.unit.name
        ))
    })
}

pub(super) fn hook_failed(task: &Task, which: usize, n: usize, got: &Got) -> Option<Failure> {
    let label = Deployment::hook(task, which, n).map_or_else(String::new, |h| h.label);
    (!succeeded(got)).then(|| failure(&format!("the hook `{label}`"), got))
}
