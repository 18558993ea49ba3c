//! What the names in expressions stand for, and the dependencies that follow from them.
use super::{
    Composition, Dep, Unit, Use, Variant,
    references::{Found, after, excused, resolve},
};
use crate::{decode::Problems, scope::Statics};
use std::{collections::HashSet, ops::Range};
use strata_core::{diagnostic::Diagnostic, span::Location, value::Term};
use strata_syntax::expr::{Root, Step};

/// A component of an environment by name: its units stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Position of the first unit.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// Has it instances?
    pub keyed: bool,
}

impl Named {
    /// Positions of its units.
    pub const fn units(&self) -> Range<u32> {
        self.first..self.first + self.count
    }
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The component.
    pub named: Named,
    /// When the name is that of a contract.
    pub contract: Option<String>,
}

impl Composition {
    /// What a name stands for in an environment, and in those that it uses. An import also has the contracts that its
    /// consumer has: so it is given a cluster that it does not bring.
    pub fn lookup(&self, env: usize, name: &str) -> Option<Target> {
        self.lookup_here(env, name).or_else(|| {
            if let Some(within) = &self.envs[env].within {
                let parent = &self.envs[within.parent];
                let promised = parent.chosen.contains_key(name) || parent.within.is_some();
                return promised
                    .then(|| self.lookup(within.parent, name))
                    .flatten()
                    .filter(|t| t.contract.is_some());
            }
            let uses = &self.envs[env].uses;
            uses.iter()
                .find_map(|(used, _)| self.lookup_here(self.env_named(used)?, name))
        })
    }
    /// What a name stands for in one environment.
    pub fn lookup_here(&self, env: usize, name: &str) -> Option<Target> {
        let env = &self.envs[env];
        if let Some(named) = env.names.get(name) {
            return Some(Target {
                named: *named,
                contract: None,
            });
        }
        let component = env.chosen.get(name)?;
        let named = env.names.get(component.as_str())?;
        Some(Target {
            named: *named,
            contract: Some(name.to_owned()),
        })
    }
    /// From names of imports to what is meant: the environment, the name there, and how many steps that took.
    pub fn through<'r>(
        &self,
        env: usize,
        name: &'r str,
        steps: &'r [Step],
    ) -> (usize, &'r str, usize) {
        let (mut env, mut name, mut taken) = (env, name, 0);
        while let Some(inner) = self.import(env, name) {
            let Some(Step::Field(next) | Step::Key(next)) = steps.get(taken) else {
                break;
            };
            (env, name, taken) = (inner, next, taken + 1);
        }
        (env, name, taken)
    }
    /// The environment behind the name of an import.
    pub fn import(&self, env: usize, name: &str) -> Option<usize> {
        let env = &self.envs[env];
        if env.names.contains_key(name) {
            return None;
        }
        env.imports.get(name).map(|i| *i as usize)
    }
    /// The instance with a key.
    pub fn instance(&self, named: &Named, key: &str) -> Option<u32> {
        named.units().find(|i| {
            self.units[*i as usize]
                .each
                .as_ref()
                .is_some_and(|e| e.key.as_ref() == key)
        })
    }
    /// Does a reference of a unit stand for something?
    pub fn resolves(&self, unit: &Unit, u: &Use) -> bool {
        resolve(self, unit, u).is_ok()
    }
    /// What a reference of a unit stands for.
    pub fn target_named(&self, unit: &Unit, u: &Use) -> Option<Target> {
        let steps = &u.reference.steps;
        let here = self.scope_of(unit.env as usize, &u.at.file);
        match &u.reference.root {
            Root::Name(name) => match self.through(here, name, steps) {
                (_, _, 0) => self.lookup(here, name),
                (env, name, _) => self.lookup_here(env, name),
            },
            Root::Env { env, name } => {
                let other = self
                    .env_named(env)
                    .filter(|_| self.envs[here].within.is_none())?;
                let (env, name, _) = self.through(other, name, steps);
                self.lookup_here(env, name)
            }
        }
    }
    /// The same with its units.
    pub fn target_of(&self, unit: &Unit, u: &Use) -> Option<(Target, Vec<u32>)> {
        Some((self.target_named(unit, u)?, resolve(self, unit, u).ok()?))
    }
    /// Does another unit say which cluster this one is for?
    pub fn cluster_from_unit(&self, unit: usize) -> bool {
        let unit = &self.units[unit];
        let mut uses = self.variant(unit).uses.iter();
        uses.any(|u| u.key == "cluster" && self.target_of(unit, u).is_some())
    }
    /// Where it is written that a unit waits for another: a reference, or an entry of `after`.
    pub fn edge(&self, from: usize, to: usize) -> Option<Location> {
        let unit = &self.units[from];
        let v = self.variant(unit);
        let names = |found: Found| found.is_ok_and(|units| units.contains(&(to as u32)));
        let mut own = v.uses.iter().filter(|u| u.key != "provides");
        let mut behind = v.uses.iter().filter(|u| u.key != "provides");
        let reference = own
            .find(|u| names(resolve(self, unit, u)))
            .or_else(|| behind.find(|u| self.behind_contract(unit, u).contains(&(to as u32))));
        let entries = &v.component.after;
        reference.map(|u| u.at.clone()).or_else(|| {
            let entry = entries
                .iter()
                .find(|(n, at)| names(after(self, unit, n, at)));
            entry.map(|(_, at)| at.clone())
        })
    }
    /// Does a unit have an output, as far as anybody declared it?
    pub fn has_output(&self, unit: u32, contract: Option<&str>, output: &str) -> bool {
        let v = self.variant(&self.units[unit as usize]);
        match contract {
            Some(c) => v
                .component
                .provides
                .get(c)
                .is_some_and(|(_, fields)| fields.contains_key(output)),
            None => {
                v.component.outputs.contains_key(output)
                    || v.interface.outputs.contains_key(output)
                    || v.interface.open_outputs
            }
        }
    }
    /// Names of the outputs of a unit.
    pub fn output_names(&self, unit: u32, contract: Option<&str>) -> Vec<&str> {
        let v = self.variant(&self.units[unit as usize]);
        match contract {
            Some(c) => v
                .component
                .provides
                .get(c)
                .map_or_else(Vec::new, |(_, f)| f.keys().map(String::as_str).collect()),
            None => v
                .component
                .outputs
                .keys()
                .chain(v.interface.outputs.keys())
                .map(String::as_str)
                .collect(),
        }
    }
}

/// Works out every unit's dependencies.
pub(super) fn connect(c: &mut Composition, problems: &mut Problems) {
    let mut said: HashSet<(Location, String)> = HashSet::new();
    let mut say = |problem: Diagnostic, problems: &mut Problems| {
        let at = problem.at.clone().unwrap_or_else(|| Location::file(""));
        if said.insert((at, problem.message.clone())) {
            problems.push(problem);
        }
    };
    // what contracts are made of is followed only where one is made of what others give
    let mapped = |v: &Variant| v.uses.iter().any(|u| u.key == "provides");
    let mapped = c.variants.iter().any(mapped);
    for i in 0..c.units.len() {
        let mut deps: Vec<Dep> = Vec::new();
        let unit = &c.units[i];
        let variant = c.variant(unit);
        for u in &variant.uses {
            // only the branch that is taken makes an edge, where the files alone decide
            let here = c.scope_of(unit.env as usize, &u.at.file);
            let statics = Statics::new(c, here, unit.each.as_ref());
            let dead = u.reference.guards.iter().any(|(condition, taken)| {
                matches!(strata_syntax::expr::eval_ast(condition, &statics), Ok(Term::Bool(b)) if b != *taken)
            });
            if dead {
                continue;
            }
            // after its apply a unit has its own outputs
            let late = |unit: &u32| u.key == "verify" && *unit as usize == i;
            let data = |unit| Dep { unit, data: true };
            match resolve(c, unit, u) {
                // who provides a contract waits for nothing that only those need who take it
                Ok(_) if u.key == "provides" => {}
                Ok(units) => deps.extend(units.into_iter().filter(|u| !late(u)).map(data)),
                Err(problem) => {
                    let (env, name) = match &u.reference.root {
                        Root::Name(name) => (None, name),
                        Root::Env { env, name } => (Some(env.as_str()), name),
                    };
                    if !excused(c, unit, env, name) {
                        say(*problem, problems);
                    }
                }
            }
            if mapped && u.key != "provides" {
                deps.extend(c.behind_contract(unit, u).into_iter().map(data));
            }
        }
        for (name, at) in &variant.component.after {
            match after(c, unit, name, at) {
                Ok(units) => deps.extend(units.into_iter().map(|unit| Dep { unit, data: false })),
                Err(problem) => {
                    let (env, name) = match name.split_once('/') {
                        Some((env, name)) => (Some(env), name),
                        None => (None, name.as_str()),
                    };
                    if !excused(c, unit, env, name) {
                        say(*problem, problems);
                    }
                }
            }
        }
        // data first, so that it stays when both stand
        deps.sort_by_key(|d| (d.unit, !d.data));
        deps.dedup_by_key(|d| d.unit);
        c.units[i].deps = deps;
    }
}
