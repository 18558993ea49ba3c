//! Policy during a run: what a unit really proposes at its turn is looked at before it is done.
use super::{Gate, facts, place};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Act, DynEngine, Failure, Finding, Got, Task, ToolQuestion, Workspace},
    interface::Interface,
    name::Address,
    need::Needs,
    proposal::Proposal,
    span::Location,
    spec::UnitSpec,
    tree::Tree,
};
use strata_ops::scope::NoOutputs;
use strata_policy::{Document, Input, Policies, input::Step};

/// What rules know of a unit before its turn.
struct Known {
    unit: Document,
    environment: Document,
    sensitive: Vec<String>,
    at: Location,
}

/// Looks at every proposal of a run.
pub struct Guard {
    policies: Mutex<Policies>,
    known: BTreeMap<Address, Known>,
    platform: Document,
    found: Mutex<Vec<(Address, Diagnostic)>>,
    /// What was said before the run, or in it.
    said: Mutex<HashSet<String>>,
}

impl Guard {
    /// Over units by position.
    pub fn new(mut gate: Gate<'_>, units: impl IntoIterator<Item = usize>) -> Arc<Self> {
        let known = units.into_iter().map(|position| {
            let u = &gate.c.units[position];
            let v = gate.c.variant(u);
            let known = Known {
                unit: gate.facts.unit(position, &NoOutputs),
                environment: gate.facts.environment(u.env),
                sensitive: facts::sensitive(&v.interface),
                at: place(gate.c, position),
            };
            (u.address.clone(), known)
        });
        Arc::new(Self {
            known: known.collect(),
            platform: gate.facts.platform(),
            policies: Mutex::new(gate.policies),
            found: Mutex::default(),
            said: Mutex::new(gate.said),
        })
    }
    /// An engine whose proposals are looked at.
    pub fn over(self: &Arc<Self>, engine: Arc<dyn DynEngine>) -> Arc<dyn DynEngine> {
        Arc::new(Guarded {
            engine,
            guard: self.clone(),
        })
    }
    /// Everything that was found, by unit.
    pub fn found(&self) -> Vec<(Address, Diagnostic)> {
        lock(&self.found).clone()
    }

    /// Why a proposal must not be done.
    fn refuses(&self, task: &Task, proposal: &Proposal) -> Option<String> {
        let known = self.known.get(&task.unit)?;
        let given = facts::Given::of(&task.spec, &task.inputs, &known.sensitive);
        let step = Step::proposed(task.verb.name(), "exact", "at its turn", Some(proposal));
        let input = Input::Plan {
            unit: known.unit.merged(&Document::of(&given)),
            environment: known.environment.clone(),
            platform: self.platform.clone(),
            step: Document::of(&step),
        };
        let said = lock(&self.policies).ask(&input);
        let own = |f: &strata_policy::Finding| {
            let unit = f.unit.clone().unwrap_or_else(|| task.unit.to_string());
            f.diagnostic(Some(&unit), Some(known.at.clone()))
        };
        let mut why: Vec<String> = said
            .findings
            .iter()
            .filter(|f| f.denies())
            .map(|f| format!("{} ({})", f.message, f.rule))
            .collect();
        why.extend(said.problems.iter().map(|p| p.message.clone()));
        let found = said.findings.iter().map(own).chain(said.problems);
        let new = found.filter(|d| lock(&self.said).insert(super::words(d)));
        lock(&self.found).extend(new.map(|d| (task.unit.clone(), d)));
        (!why.is_empty()).then(|| format!("denied by policy: {}", why.join("; ")))
    }

    fn look(&self, task: &Task, act: Act) -> Act {
        let Act::Finish(finding) = &act else {
            return act;
        };
        let Finding::Planned { proposal, .. } = finding.as_ref() else {
            return act;
        };
        match self.refuses(task, proposal) {
            Some(why) => Act::Finish(Box::new(Finding::Failed(Failure::permanent(why)))),
            None => act,
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An engine under policy: everything as it does it, but for proposals that are denied.
struct Guarded {
    engine: Arc<dyn DynEngine>,
    guard: Arc<Guard>,
}

impl DynEngine for Guarded {
    fn name(&self) -> &'static str {
        self.engine.name()
    }
    fn tool(&self) -> Option<ToolQuestion> {
        self.engine.tool()
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        self.engine.recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        self.engine.options()
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        self.engine.interface(tree, spec)
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        self.engine.needs(tree, spec, inputs)
    }
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        self.engine.identities(task, interface)
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        self.engine.claims(task)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        self.engine.workspace(task)
    }
    fn begin(&self, task: &Task, open: &Got) -> (String, Act) {
        let (state, act) = self.engine.begin(task, open);
        (state, self.guard.look(task, act))
    }
    fn next(
        &self,
        task: &Task,
        state: &str,
        got: &Got,
    ) -> Result<(String, Act), serde_json::Error> {
        let (state, act) = self.engine.next(task, state, got)?;
        Ok((state, self.guard.look(task, act)))
    }
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        self.engine.progress(label, line)
    }
}
