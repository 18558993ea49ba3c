//! What the names in expressions stand for, and the dependencies that follow from them.
use super::{Composition, Dep, Unit, Use};
use crate::{decode::Problems, scope::Statics};
use std::{collections::HashSet, ops::Range, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    name::RESERVED,
    span::Location,
    value::Term,
};
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
    /// What a name stands for in an environment, and in those that it uses.
    pub fn lookup(&self, env: usize, name: &str) -> Option<Target> {
        self.lookup_here(env, name).or_else(|| {
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
        match &u.reference.root {
            Root::Name(name) => self.lookup(unit.env as usize, name),
            Root::Env { env, name } => self.lookup_here(self.env_named(env)?, name),
        }
    }
    /// The same with its units.
    pub fn target_of(&self, unit: &Unit, u: &Use) -> Option<(Target, Vec<u32>)> {
        Some((self.target_named(unit, u)?, resolve(self, unit, u).ok()?))
    }
    /// Where it is written that a unit waits for another: a reference, or an entry of `after`.
    pub fn edge(&self, from: usize, to: usize) -> Option<Location> {
        let unit = &self.units[from];
        let v = self.variant(unit);
        let names = |found: Found| found.is_ok_and(|units| units.contains(&(to as u32)));
        let reference = v.uses.iter().find(|u| names(resolve(self, unit, u)));
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
    for i in 0..c.units.len() {
        let mut deps: Vec<Dep> = Vec::new();
        let unit = &c.units[i];
        let variant = c.variant(unit);
        for u in &variant.uses {
            // only the branch that is taken makes an edge, where the files alone decide
            let statics = Statics::new(c, unit.env as usize, unit.each.as_ref());
            let dead = u.reference.guards.iter().any(|(condition, taken)| {
                matches!(strata_syntax::expr::eval_ast(condition, &statics), Ok(Term::Bool(b)) if b != *taken)
            });
            if dead {
                continue;
            }
            match resolve(c, unit, u) {
                Ok(units) => deps.extend(units.into_iter().map(|unit| Dep { unit, data: true })),
                Err(problem) => say(*problem, problems),
            }
        }
        for (name, at) in &variant.component.after {
            match after(c, unit, name, at) {
                Ok(units) => deps.extend(units.into_iter().map(|unit| Dep { unit, data: false })),
                Err(problem) => say(*problem, problems),
            }
        }
        deps.retain(|d| d.unit as usize != i);
        // data first, so that it stays when both stand
        deps.sort_by_key(|d| (d.unit, !d.data));
        deps.dedup_by_key(|d| d.unit);
        c.units[i].deps = deps;
    }
}

type Found = Result<Vec<u32>, Box<Diagnostic>>;

fn resolve(c: &Composition, unit: &Unit, u: &Use) -> Found {
    let env = unit.env as usize;
    let (target, name) = match &u.reference.root {
        Root::Name(name) if name == "self" => {
            return if u.key == "verify" || u.key == "options" {
                Ok(Vec::new())
            } else {
                Err(Box::new(
                    Diagnostic::error(
                        "reference::self",
                        format!("`self` has no outputs yet when `{}` is read", u.key),
                    )
                    .at(u.at.clone())
                    .help("`self` can be used in `provides` and `verify`"),
                ))
            };
        }
        Root::Name(name) if RESERVED.contains(&name.as_str()) => return Ok(Vec::new()),
        Root::Name(name) => (c.lookup(env, name), name),
        Root::Env { env: other, name } => {
            let Some(position) = c.env_named(other) else {
                let names = c.envs.iter().map(|e| e.name.as_ref());
                return Err(Box::new(
                    Diagnostic::error(
                        "reference::unknown-environment",
                        format!("there is no environment `{other}`"),
                    )
                    .at(u.at.clone())
                    .help_opt(suggest(other, names)),
                ));
            };
            (c.lookup_here(position, name), name)
        }
    };
    let Some(target) = target else {
        return Err(Box::new(unknown_name(c, env, name, &u.at)));
    };
    let mut steps = u.reference.steps.iter();
    let mut step = steps.next();
    let mut units: Vec<u32> = target.named.units().collect();
    if target.named.keyed {
        let key = match step {
            Some(Step::Key(key)) => Some(key.clone()),
            Some(Step::Index(ast)) => {
                let scope = Statics::new(c, env, unit.each.as_ref());
                match strata_syntax::expr::eval_ast(ast, &scope) {
                    Ok(Term::String(key)) => Some(key),
                    Ok(Term::Number(n)) => Some(n.0),
                    // not known from the files: any of them
                    _ => Some("*".to_owned()),
                }
            }
            _ => None,
        };
        let Some(key) = key else {
            let rest = if u.key.is_empty() { "" } else { ".outputs…" };
            return Err(Box::new(
                Diagnostic::error("reference::instances", format!("`{name}` has instances"))
                    .at(u.at.clone())
                    .help(format!("write `{name}[each.key]{rest}` for one, or `{name}[\"*\"]{rest}` for a map of all")),
            ));
        };
        if key != "*" {
            let Some(one) = c.instance(&target.named, &key) else {
                let keys: Vec<Arc<str>> = units
                    .iter()
                    .filter_map(|i| c.units[*i as usize].each.as_ref().map(|e| e.key.clone()))
                    .collect();
                return Err(Box::new(
                    Diagnostic::error(
                        "reference::unknown-instance",
                        format!("`{name}` has no instance `{key}`"),
                    )
                    .at(u.at.clone())
                    .help(
                        suggest(&key, keys.iter().map(AsRef::as_ref)).unwrap_or_else(|| {
                            format!(
                                "its instances are: {}",
                                keys.iter()
                                    .map(AsRef::as_ref)
                                    .collect::<Vec<_>>()
                                    .join(", ")
                            )
                        }),
                    ),
                ));
            };
            units = vec![one];
        }
        step = steps.next();
    }
    match step {
        Some(Step::Field(f) | Step::Key(f)) if f == "outputs" => {}
        None => {}
        Some(Step::Field(f) | Step::Key(f)) => {
            return Err(Box::new(
                Diagnostic::error("reference::no-outputs", format!("`{name}` has no `{f}`"))
                    .at(u.at.clone())
                    .help(format!("write `{name}.outputs.{f}`")),
            ));
        }
        Some(Step::Index(_)) => {
            return Err(Box::new(
                Diagnostic::error(
                    "reference::no-instances",
                    format!("`{name}` has no instances"),
                )
                .at(u.at.clone())
                .help(format!("write `{name}.outputs.NAME`")),
            ));
        }
    }
    if let (Some(first), Some(Step::Field(output) | Step::Key(output))) =
        (units.first(), steps.next())
    {
        let contract = target.contract.as_deref();
        if !c.has_output(*first, contract, output) {
            let names = c.output_names(*first, contract);
            let at = c.variant(&c.units[*first as usize]).component.at.clone();
            return Err(Box::new(
                Diagnostic::error(
                    "reference::unknown-output",
                    format!("`{name}` has no output `{output}`"),
                )
                .at(u.at.clone())
                .related(at, format!("`{name}` is described here"))
                .help(suggest(output, names.iter().copied()).unwrap_or_else(|| {
                    if names.is_empty() {
                        format!("declare it in the component: `outputs: {{{output}: string}}`")
                    } else {
                        format!("its outputs are: {}", names.join(", "))
                    }
                })),
            ));
        }
    }
    Ok(units)
}

fn unknown_name(c: &Composition, env: usize, name: &str, at: &Location) -> Diagnostic {
    let here = &c.envs[env];
    let problem = Diagnostic::error(
        "reference::unknown",
        format!("there is no `{name}` in `{}`", here.name),
    )
    .at(at.clone());
    if let Some(source) = c.loaded.components.get(name) {
        return problem.related(source.at.clone(), "the component is here").help(format!(
            "it is not in this environment (disabled, another flavor, or not in its `environments`); environments that have it: {}",
            c.envs.iter().filter(|e| e.names.contains_key(name)).map(|e| e.name.as_ref()).collect::<Vec<_>>().join(", "),
        ));
    }
    let names = here
        .names
        .keys()
        .map(AsRef::as_ref)
        .chain(here.chosen.keys().map(String::as_str));
    let parts_exist = name.contains('-')
        && name
            .split('-')
            .all(|p| here.names.contains_key(p) || RESERVED.contains(&p));
    if parts_exist {
        return problem.help("to subtract, put spaces around `-`");
    }
    problem.help_opt(suggest(name, names.chain(RESERVED.iter().copied())))
}

/// `name`, `env/name` or `layer:name`.
fn after(c: &Composition, unit: &Unit, name: &str, at: &Location) -> Found {
    let env = unit.env as usize;
    if let Some(layer) = name.strip_prefix("layer:") {
        let Some(position) = c.loaded.platform.layer(layer) else {
            return Err(Box::new(crate::document::platform::unknown_layer(
                layer,
                at.clone(),
                &c.loaded.platform.layers,
            )));
        };
        let in_env = |u: &Unit| u.env == unit.env && c.variant(u).component.layer == position;
        return Ok((0..c.units.len() as u32)
            .filter(|i| in_env(&c.units[*i as usize]))
            .collect());
    }
    let target = match name.split_once('/') {
        Some((other, name)) => c.env_named(other).and_then(|e| c.lookup_here(e, name)),
        None => c.lookup(env, name),
    };
    match target {
        Some(target) => Ok(target.named.units().collect()),
        None => Err(Box::new(unknown_name(c, env, name, at))),
    }
}
