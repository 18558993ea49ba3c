//! One deployment after the other: the verbs that its action stands for, shown as they go, recorded when they are done.
use super::{
    Action,
    watched::{NOT_STARTED, Watched},
};
use crate::{
    commands::{bench::FilesBench, planning, run},
    context::Context,
    problem::Problem,
    view::diagnostics,
    wire,
};
use std::{collections::BTreeMap, sync::Arc};
use strata_adapters::interrupt::Interrupts;
use strata_bitops::{deployment::Deployment, environment::Environment};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Artifact, Finding, Verb},
    executor::{Executor, Handle},
    exit,
    name::Address,
    store::{Applied, AppliedChange, Lease, Store},
    value::Output,
};
use strata_engines::bitops::{ACTION, DEPLOY, HOOKS_NOW, KEEP_GOING, MODE, TARGET};
use strata_ops::compose::Composition;
use strata_plan::prepared::{NotReady, Prepared};
use strata_run::{
    batch::Batch,
    driver::{Notice, Workbench as _},
    pool::{Job, Work},
};

/// Deploys one environment.
pub struct Worker<'a> {
    cx: &'a Context,
    env: &'a Environment,
    composition: Composition,
    /// The same without what a deployment reads of another: the order alone counts.
    loose: Composition,
    store: Arc<dyn Store>,
    lease: Lease,
    executor: Option<Arc<dyn Executor>>,
    run: String,
    interrupts: Interrupts,
    attempts: u32,
}

/// What is done in one go.
struct Go {
    verb: Verb,
    target: Option<String>,
    saved: Option<Artifact>,
}

impl<'a> Worker<'a> {
    /// Composes the environment.
    pub fn open(
        cx: &'a Context,
        env: &'a Environment,
        store: &Arc<dyn Store>,
        lease: Lease,
    ) -> Result<Self, Problem> {
        let (composition, problems) = cx.compose()?;
        let wrong: Vec<Diagnostic> = problems.into_iter().filter(Diagnostic::is_error).collect();
        if !wrong.is_empty() {
            diagnostics::print(&wrong, composition.loaded.tree.as_ref(), cx.color);
            return Err(Problem {
                code: super::WRONG,
                ..Problem::invalid(&wrong)
            });
        }
        let (mut loose, _) = cx.compose()?;
        for unit in &mut loose.units {
            unit.state.clear();
        }
        let run = format!("deploy-{}", run::new_id());
        let secrets = wire::secrets(&cx.root, store);
        let executor = wire::executor(&cx.state_dir(), &run, secrets, store.clone(), cx.mask())?;
        Ok(Self {
            cx,
            env,
            composition,
            loose,
            store: store.clone(),
            lease,
            executor: Some(executor),
            run,
            interrupts: wire::interrupts()?,
            attempts: 0,
        })
    }
    /// Was it stopped from outside?
    pub fn stopped(&self) -> bool {
        self.interrupts.asked() > 0
    }
    /// Ends what runs for it.
    pub fn close(mut self) {
        self.executor.take();
        wire::forget_runs(&self.cx.state_dir(), &|run| run != self.run);
    }

    /// Does what its action says.
    pub fn deploy(&mut self, d: &Deployment, action: Action) -> Result<(), Problem> {
        println!("== {} ({})", d.key, d.plugin);
        let go = |verb| Go {
            verb,
            target: None,
            saved: None,
        };
        let terraform = d.tool == strata_bitops::deployment::Tool::Terraform;
        let targets = if terraform {
            d.values.list("cli.targets")
        } else {
            Vec::new()
        };
        let mut goes: Vec<Go> = Vec::new();
        let target = |verb, t: &String| Go {
            verb,
            target: Some(t.clone()),
            saved: None,
        };
        match action {
            Action::Plan => {
                goes.extend(targets.iter().map(|t| target(Verb::Plan, t)));
                goes.push(go(Verb::Plan));
            }
            Action::Apply if terraform => {
                goes.extend(
                    targets
                        .iter()
                        .flat_map(|t| [target(Verb::Plan, t), target(Verb::Apply, t)]),
                );
                goes.extend([go(Verb::Plan), go(Verb::Apply)]);
            }
            Action::Apply | Action::Hooks => goes.push(go(Verb::Apply)),
            Action::Destroy => goes.push(go(Verb::Destroy)),
        }
        let last = goes.len() - 1;
        let mut saved = None;
        for (i, mut go) in goes.into_iter().enumerate() {
            // hooks run once, around everything
            let hooks = match (i == 0, i == last) {
                (true, true) => "before after",
                (true, false) => "before",
                (false, true) => "after",
                (false, false) => "none",
            };
            go.saved = saved.take();
            let whole = i == last && action != Action::Hooks;
            saved = self.go(d, go, hooks, whole)?;
        }
        Ok(())
    }

    fn go(
        &mut self,
        d: &Deployment,
        go: Go,
        hooks: &str,
        whole: bool,
    ) -> Result<Option<Artifact>, Problem> {
        let unit = Address::new(self.env.name.as_str(), d.name.as_str());
        let mut prepared = self.prepare(&unit)?;
        prepared.task.verb = go.verb;
        prepared.task.saved = go.saved;
        let mut facts = BTreeMap::from([
            (MODE.to_owned(), DEPLOY.to_owned()),
            (ACTION.to_owned(), d.action()),
            (HOOKS_NOW.to_owned(), hooks.to_owned()),
        ]);
        if !self.env.fail_fast {
            facts.insert(KEEP_GOING.to_owned(), String::new());
        }
        if let Some(target) = go.target {
            facts.insert(TARGET.to_owned(), target);
        }
        let engine = Arc::new(Watched::new(
            self.cx.engine(&prepared.task.spec.engine),
            facts,
        ));
        self.attempts += 1;
        let job = Job {
            step: 0,
            work: Work::Verb(go.verb),
            handle: Handle {
                run: self.run.clone(),
                unit: unit.clone(),
                attempt: self.attempts,
                n: 0,
                generation: self.lease.generation,
            },
            engine: engine.clone(),
            verifier: self.cx.engine("verify"),
            claims: prepared.claims.clone(),
            prepared: prepared.clone(),
        };
        let batch = Batch {
            executor: self.executor.clone().expect("open until it is closed"),
            parallelism: 1,
            interrupted: &|| self.interrupts.asked(),
            watch: &mut show,
        };
        let finding = batch.run(vec![job]).pop().map(|(_, f)| f);
        match finding {
            Some(Finding::Planned { saved, .. }) => Ok(saved),
            Some(Finding::Applied { outputs }) => {
                if whole {
                    self.applied(&unit, prepared, outputs)?;
                }
                Ok(None)
            }
            Some(Finding::Gone) => {
                self.record(&[AppliedChange::Remove(unit)])?;
                Ok(None)
            }
            Some(Finding::Failed(f)) => Err(Problem::new(
                engine.code().unwrap_or(super::WRONG),
                f.summary,
            )),
            _ => Err(Problem::new(
                exit::ERROR,
                "its engine answered another question",
            )),
        }
    }

    fn bench<'b>(&self, c: &'b Composition, unit: &Address) -> Result<FilesBench<'b>, Problem> {
        let mut selected = vec![false; c.units.len()];
        if let Some(position) = c.position(unit) {
            selected[position] = true;
        }
        let bench = planning::bench(self.cx, c, &selected, &self.store);
        bench.map_err(|p| Problem {
            code: NOT_STARTED,
            ..p
        })
    }

    fn prepare(&self, unit: &Address) -> Result<Prepared, Problem> {
        let full = self.bench(&self.composition, unit)?.prepare(unit);
        let prepared = match full {
            // what another one was never applied to give: BitOps goes on all the same
            Err(NotReady::Open(_)) => self.bench(&self.loose, unit)?.prepare(unit),
            prepared => prepared,
        };
        prepared.map_err(|e| Problem::new(super::WRONG, e.to_string()))
    }

    /// Other commands know of it from now on.
    fn applied(
        &mut self,
        unit: &Address,
        prepared: Prepared,
        outputs: BTreeMap<String, Output>,
    ) -> Result<(), Problem> {
        let packed = self.bench(&self.composition, unit)?.pack(&prepared).ok();
        let (tree, packed) = packed.map(AppliedChange::tree).unzip();
        let mut task = prepared.task;
        task.saved = None;
        let applied = Applied {
            unit: unit.clone(),
            layer: prepared.layer,
            fingerprint: prepared.fingerprint,
            parts: prepared.parts,
            outputs,
            task,
            tree,
            needs: prepared.needs,
            identities: prepared.identities,
            protect: prepared.protect,
            verified: None,
            at: planning::now(),
        };
        let changes: Vec<AppliedChange> = packed
            .into_iter()
            .chain([AppliedChange::Put(Box::new(applied))])
            .collect();
        self.record(&changes)
    }

    fn record(&mut self, changes: &[AppliedChange]) -> Result<(), Problem> {
        Ok(self
            .store
            .append(&mut self.lease, &self.run, &[], changes, true)?)
    }
}

/// Lines of tools on standard output, as BitOps shows them.
fn show(notice: &Notice<'_>) {
    if let Notice::Line { text, .. } = notice {
        println!("{text}");
    }
}
