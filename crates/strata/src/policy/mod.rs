//! Policy over a composition and over a plan: what rules see, what they say, and what that stops.
mod facts;
mod guard;
mod read;

pub use facts::Facts;
pub use guard::Guard;
pub use read::sources;

use crate::{context::Context, problem::Problem, view::diagnostics};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    exit,
    interface::Interface,
    name::Address,
    plan::{Basis, Plan},
    span::{Location, Span},
    store::Applied,
    value::{OutputRef, Term},
};
use strata_ops::{
    compose::Composition,
    load::ROOT_FILE,
    scope::{NoOutputs, Outputs},
};
use strata_policy::{Document, Evaluated, Input, Policies, code, input::Step};

/// Policies and what they were asked about.
pub struct Gate<'a> {
    c: &'a Composition,
    policies: Policies,
    facts: Facts<'a>,
    found: Vec<Diagnostic>,
    /// What was said, so that it is said once.
    said: HashSet<String>,
}

impl<'a> Gate<'a> {
    /// The policies of a platform, when there are some; what is wrong with them is found already.
    pub fn open(c: &'a Composition) -> Option<Self> {
        let (sources, mut found) = sources(c.loaded.tree.as_ref(), false);
        if sources.is_empty() && found.is_empty() {
            return None;
        }
        let (policies, problems) = Policies::load(sources);
        found.extend(problems);
        Some(Self {
            c,
            policies,
            facts: Facts::new(c),
            found,
            said: HashSet::new(),
        })
    }
    /// Asks about units as they are composed.
    pub fn compositions(&mut self, units: impl IntoIterator<Item = usize>) {
        if !self.policies.about_units() {
            return;
        }
        for position in units {
            let input = Input::Composition {
                unit: self.facts.unit(position, &NoOutputs),
                environment: self.facts.environment(self.c.units[position].env),
                platform: self.facts.platform(),
            };
            let c = self.c;
            self.ask(&input, Some(&c.units[position].address));
        }
    }
    /// Asks about the platform as a whole.
    pub fn whole(&mut self) {
        if !self.policies.about_platform() {
            return;
        }
        let units: Vec<Document> = (0..self.c.units.len())
            .map(|i| self.facts.unit(i, &NoOutputs))
            .collect();
        let environments: Vec<(String, Document)> = (0..self.c.environments().len())
            .map(|i| {
                let name = self.c.envs[i].name.to_string();
                (name, self.facts.environment(i as u32))
            })
            .collect();
        let input = Input::Platform {
            units: Document::list(units),
            environments: Document::object(environments),
            platform: self.facts.platform(),
        };
        self.ask(&input, None);
    }
    /// Asks about every step of a plan that will do something.
    pub fn steps(&mut self, plan: &Plan, recorded: &dyn Outputs) {
        if !self.policies.about_units() {
            return;
        }
        for step in plan.pending() {
            if let Some(input) = step_input(&mut self.facts, self.c, step, recorded) {
                self.ask(&input, Some(&step.unit));
            }
        }
    }

    /// Asks about every unit that a plan destroys, as it was applied. `interface` tells what its tool declared then.
    pub fn destroyed(
        &mut self,
        plan: &Plan,
        all: &BTreeMap<Address, Applied>,
        interface: &dyn Fn(&Address) -> Option<Interface>,
    ) {
        if !self.policies.about_units() {
            return;
        }
        for step in plan.pending() {
            let Some(applied) = all.get(&step.unit) else {
                continue;
            };
            let declared = interface(&step.unit);
            let input = Input::Plan {
                unit: self.facts.applied(applied, declared.as_ref()),
                environment: self.facts.environment_named(&step.unit.env),
                platform: self.facts.platform(),
                step: Document::of(&Step::of(step)),
            };
            self.ask(&input, Some(&step.unit));
        }
    }

    fn ask(&mut self, input: &Input, about: Option<&Address>) {
        let Evaluated { findings, problems } = self.policies.ask(input);
        for problem in problems {
            self.add(problem);
        }
        for finding in findings {
            let named = finding.unit.clone().and_then(|u| u.parse().ok());
            let position = about.and_then(|u| self.c.position(u));
            let position = named.and_then(|u| self.c.position(&u)).or(position);
            let unit = finding
                .unit
                .clone()
                .or_else(|| about.map(ToString::to_string));
            let at = position.map_or_else(|| Location::file(ROOT_FILE), |p| place(self.c, p));
            self.add(finding.diagnostic(unit.as_deref(), Some(at)));
        }
    }

    fn add(&mut self, found: Diagnostic) {
        if self.said.insert(words(&found)) {
            self.found.push(found);
        }
    }

    /// Shows what was found, but what was shown before, and refuses when something is denied.
    pub fn answer(&mut self, cx: &Context) -> Result<(), Problem> {
        let mut shown = std::mem::take(&mut self.found);
        shown.sort_by_key(|d| d.severity);
        diagnostics::print(&shown, self.c.loaded.tree.as_ref(), cx.color);
        refusal(&shown).map_or(Ok(()), Err)
    }
}

/// Where the description of a unit begins: a finding is about all of it, and the whole of it would hide the finding.
fn place(c: &Composition, position: usize) -> Location {
    let Location { file, span } = c.variant(&c.units[position]).component.at.clone();
    Location::new(file, Span::new(span.start, span.start))
}

/// What rules see of a step.
pub fn step_input(
    facts: &mut Facts<'_>,
    c: &Composition,
    step: &strata_core::plan::Step,
    recorded: &dyn Outputs,
) -> Option<Input> {
    let position = c.position(&step.unit)?;
    let open = match &step.basis {
        Basis::Deferred { open } => open.as_slice(),
        Basis::Assumed { inputs, .. } | Basis::Conditional { inputs, .. } => inputs,
        _ => &[],
    };
    Some(Input::Plan {
        unit: facts.unit(position, &Settled { recorded, open }),
        environment: facts.environment(c.units[position].env),
        platform: facts.platform(),
        step: Document::of(&Step::of(step)),
    })
}

/// What was recorded, but for units that the plan changes.
struct Settled<'a> {
    recorded: &'a dyn Outputs,
    open: &'a [OutputRef],
}

impl Outputs for Settled<'_> {
    fn outputs(&self, unit: &Address) -> Option<Arc<BTreeMap<String, Term>>> {
        let changes = self.open.iter().any(|o| o.unit == *unit);
        (!changes).then(|| self.recorded.outputs(unit)).flatten()
    }
}

/// Everything that policy says of the files. Rules see only a platform that is sound, and are asked only when all of
/// them can be read.
pub fn check(c: &Composition, sound: bool) -> Vec<Diagnostic> {
    let Some(mut gate) = Gate::open(c) else {
        return Vec::new();
    };
    if sound && gate.found.is_empty() {
        gate.compositions(0..c.units.len());
        gate.whole();
    }
    gate.found
}

/// What makes two findings the same.
fn words(d: &Diagnostic) -> String {
    format!("{} {}", d.code, d.message)
}

/// Only a rule denies.
pub fn is_denial(d: &Diagnostic) -> bool {
    d.code == code::DENY && d.severity == Severity::Error
}

/// Why diagnostics stop a command, if they do: files that are wrong come before rules that deny.
pub fn refusal(found: &[Diagnostic]) -> Option<Problem> {
    let errors = found.iter().filter(|d| d.is_error());
    let denied = errors.clone().filter(|d| is_denial(d)).count();
    match (errors.count(), denied) {
        (0, _) => None,
        (all, denied) if all > denied => Some(Problem::invalid(found)),
        (_, denied) => Some(Problem::new(
            exit::DENIED,
            format!(
                "policy denies this: {denied} finding{}",
                if denied == 1 { "" } else { "s" }
            ),
        )),
    }
}
