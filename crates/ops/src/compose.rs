//! Every unit of every environment, with its dependencies: a platform fully resolved but for what exists only later.
mod environment;
mod given;
mod names;
mod state;
mod variant;

pub use environment::Environment;
pub use names::{Named, Target};
pub use state::StateEdge;
pub use variant::{Closure, Use, Variant, verify_spec};

use crate::{
    decode::Problems,
    load::{Engines, Loaded},
    scope::Statics,
};
use std::{collections::HashMap, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    engine::DynEngine,
    name::Address,
    span::Location,
    value::Term,
};

/// A component in an environment.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What it is called.
    pub address: Address,
    /// Position of its environment.
    pub env: u32,
    /// Position of what it is an instance of.
    pub variant: u32,
    /// Its instance.
    pub each: Option<Each>,
    /// What it waits for, sorted.
    pub deps: Vec<Dep>,
    /// Whose state its tool reads by itself.
    pub state: Vec<StateEdge>,
}

/// An instance of a component.
#[derive(Clone, Debug)]
pub struct Each {
    /// Its key.
    pub key: Arc<str>,
    /// Its value.
    pub value: Term,
}

/// One unit waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dep {
    /// Position of the other one.
    pub unit: u32,
    /// Are outputs of it used (or only its order)?
    pub data: bool,
}

/// A platform, resolved.
pub struct Composition {
    /// The files.
    pub loaded: Arc<Loaded>,
    /// All engines.
    pub engines: Vec<Arc<dyn DynEngine>>,
    /// Environments, sorted by name.
    pub envs: Vec<Environment>,
    /// Components as environments have them.
    pub variants: Vec<Variant>,
    /// Units: by environment, layer and name.
    pub units: Vec<Unit>,
    index: HashMap<Address, u32>,
}

impl Composition {
    /// Position of a unit.
    pub fn position(&self, address: &Address) -> Option<usize> {
        self.index.get(address).map(|i| *i as usize)
    }
    /// What a unit is an instance of.
    pub fn variant(&self, unit: &Unit) -> &Variant {
        &self.variants[unit.variant as usize]
    }
    /// The environment of a unit.
    pub fn env(&self, unit: &Unit) -> &Environment {
        &self.envs[unit.env as usize]
    }
    /// An environment by name.
    pub fn env_named(&self, name: &str) -> Option<usize> {
        self.envs
            .binary_search_by(|e| e.name.as_ref().cmp(name))
            .ok()
    }
    /// The engine of a unit.
    pub fn engine(&self, unit: &Unit) -> &Arc<dyn DynEngine> {
        &self.engines[self.variant(unit).engine]
    }
    /// The name of a unit's layer.
    pub fn layer(&self, unit: &Unit) -> &str {
        &self.loaded.platform.layers[self.variant(unit).component.layer]
            .layer
            .name
    }
}

/// A flavor that is picked for a look, in the place of what the environment's file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The environment.
    pub env: String,
    /// The contract.
    pub contract: String,
    /// The component.
    pub component: String,
}

/// Where a pick that stands in no file is said to stand.
const PICKED: &str = "command line";

/// Composes all environments.
pub fn compose(loaded: Arc<Loaded>, engines: &Engines, picks: &[Pick]) -> (Composition, Problems) {
    let mut problems = Problems::new();
    let mut envs = environment::all(&loaded, &mut problems);
    for pick in picks {
        for e in envs.iter_mut().filter(|e| e.name.as_ref() == pick.env) {
            let picked = (pick.component.clone(), Location::file(PICKED));
            e.flavors.insert(pick.contract.clone(), picked);
        }
    }
    let mut c = Composition {
        loaded,
        engines: engines.to_vec(),
        envs,
        variants: Vec::new(),
        units: Vec::new(),
        index: HashMap::new(),
    };
    let mut variants = variant::Variants::new(engines);
    for env in 0..c.envs.len() {
        populate(&mut c, env, &mut variants, &mut problems);
    }
    c.index = c
        .units
        .iter()
        .enumerate()
        .map(|(i, u)| (u.address.clone(), i as u32))
        .collect();
    names::connect(&mut c, &mut problems);
    state::connect(&mut c, &mut problems);
    if c.loaded.platform.strict {
        strict_order(&mut c);
    }
    (c, problems)
}

/// Makes the units of one environment.
fn populate(
    c: &mut Composition,
    env: usize,
    variants: &mut variant::Variants,
    problems: &mut Problems,
) {
    let sources: Vec<_> = c.loaded.components.values().cloned().collect();
    unknown_overrides(c, env, problems);
    let mut members: Vec<u32> = Vec::new();
    for source in &sources {
        let variant = variants.of(c, source, env, problems);
        let found = problems.len();
        let component = &c.variants[variant as usize].component;
        let layer = &c.loaded.platform.layers[component.layer];
        let named = component
            .environments
            .as_ref()
            .map(|l| l.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>());
        let named = named.or_else(|| {
            layer
                .environments
                .as_ref()
                .map(|l| l.iter().map(String::as_str).collect())
        });
        let e = &c.envs[env];
        let member = match named {
            Some(list) => list.contains(&e.name.as_ref()),
            None => !e.shared,
        };
        if !member {
            continue;
        }
        if let Some(enabled) = &component.enabled {
            match enabled.eval(&Statics::new(c, env, None)) {
                Ok(Term::Bool(true)) => {}
                Ok(Term::Bool(false)) => continue,
                Ok(Term::String(s)) if s == "true" => {}
                Ok(Term::String(s)) if s == "false" => continue,
                Ok(_) => problems.push(
                    Diagnostic::error("component::enabled", "`enabled` must be `true` or `false`")
                        .at(enabled.at.clone()),
                ),
                Err(e) => problems.push(e),
            }
            if problems.len() > found {
                continue;
            }
        }
        members.push(variant);
    }
    let members = flavors(c, env, members, problems);
    let mut members: Vec<(usize, u32)> = members
        .into_iter()
        .map(|v| (c.variants[v as usize].component.layer, v))
        .collect();
    members.sort_by(|a, b| {
        let name = |v: u32| &c.variants[v as usize].component.name;
        a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1)))
    });
    for (_, variant) in members {
        instances(c, env, variant, problems);
    }
}

/// Overrides of components that do not exist.
fn unknown_overrides(c: &Composition, env: usize, problems: &mut Problems) {
    for (name, (at, _)) in &c.envs[env].overrides {
        if !c.loaded.components.contains_key(name.as_str()) {
            problems.push(
                Diagnostic::error(
                    "environment::unknown-component",
                    format!("there is no component `{name}`"),
                )
                .at(at.clone())
                .help_opt(suggest(name, c.loaded.components.keys().map(AsRef::as_ref))),
            );
        }
    }
}

/// Leaves one component for every contract: the only one, or the one that the environment picks.
fn flavors(
    c: &mut Composition,
    env: usize,
    members: Vec<u32>,
    problems: &mut Problems,
) -> Vec<u32> {
    let mut by_contract: std::collections::BTreeMap<String, Vec<u32>> =
        std::collections::BTreeMap::new();
    for v in &members {
        for contract in c.variants[*v as usize].component.provides.keys() {
            by_contract.entry(contract.clone()).or_default().push(*v);
        }
    }
    for (contract, (picked, at)) in &c.envs[env].flavors {
        if !by_contract.contains_key(contract) {
            problems.push(
                Diagnostic::error(
                    "flavor::unknown-contract",
                    format!("no component provides `{contract}` here"),
                )
                .at(at.clone())
                .help_opt(suggest(contract, by_contract.keys().map(String::as_str))),
            );
        } else if !by_contract[contract]
            .iter()
            .any(|v| c.variants[*v as usize].component.name == *picked)
        {
            let names: Vec<&str> = by_contract[contract]
                .iter()
                .map(|v| c.variants[*v as usize].component.name.as_str())
                .collect();
            problems.push(
                Diagnostic::error(
                    "flavor::unknown",
                    format!("`{picked}` is no flavor of `{contract}`"),
                )
                .at(at.clone())
                .help(
                    suggest(picked, names.iter().copied())
                        .unwrap_or_else(|| format!("flavors are: {}", names.join(", "))),
                ),
            );
        }
    }
    let mut dropped: Vec<u32> = Vec::new();
    let mut chosen = Vec::new();
    c.envs[env].candidates = by_contract
        .iter()
        .map(|(contract, vs)| {
            let names = vs
                .iter()
                .map(|v| c.variants[*v as usize].component.name.clone());
            (contract.clone(), names.collect())
        })
        .collect();
    for (contract, providers) in by_contract {
        let name = |v: u32| c.variants[v as usize].component.name.clone();
        let pick = match (c.envs[env].flavors.get(&contract), providers.as_slice()) {
            (Some((picked, _)), _) => providers.iter().copied().find(|v| name(*v) == *picked),
            (None, [only]) => Some(*only),
            (None, several) => {
                let names: Vec<String> = several.iter().map(|v| name(*v)).collect();
                problems.push(
                    Diagnostic::error(
                        "flavor::not-picked",
                        format!(
                            "`{}` has several flavors of `{contract}`: {}",
                            c.envs[env].name,
                            names.join(", ")
                        ),
                    )
                    .at(c.envs[env].at.clone())
                    .help(format!("add `flavors: {{{contract}: {}}}`", names[0])),
                );
                None
            }
        };
        dropped.extend(providers.iter().filter(|v| Some(**v) != pick));
        if let Some(v) = pick {
            chosen.push((contract, name(v)));
        }
    }
    c.envs[env].chosen = chosen.into_iter().collect();
    members
        .into_iter()
        .filter(|v| !dropped.contains(v))
        .collect()
}

fn instances(c: &mut Composition, env: usize, variant: u32, problems: &mut Problems) {
    let v = &c.variants[variant as usize];
    let field = v.component.instances.clone().or_else(|| {
        let node = c.loaded.platform.layers[v.component.layer]
            .instances
            .as_ref()?;
        Some(crate::field::Field::parse(node, problems))
    });
    let name: Arc<str> = v.component.name.as_str().into();
    let address = Address {
        env: c.envs[env].name.clone(),
        name: name.clone(),
        key: None,
    };
    let first = c.units.len() as u32;
    let unit = |address, each| Unit {
        address,
        env: env as u32,
        variant,
        each,
        deps: Vec::new(),
        state: Vec::new(),
    };
    let Some(field) = field else {
        c.units.push(unit(address, None));
        c.envs[env].names.insert(
            name,
            Named {
                first,
                count: 1,
                keyed: false,
            },
        );
        return;
    };
    let wrong = |problems: &mut Problems, at: &Location| {
        problems.push(
            Diagnostic::error(
                "component::instances",
                "`instances` must be a map, or a list of texts",
            )
            .at(at.clone())
            .help("keys must be known before anything runs: use `values`, not outputs"),
        );
    };
    let mut each: Vec<Each> = Vec::new();
    match field.eval(&Statics::new(c, env, None)) {
        Ok(Term::Map(m)) => each.extend(m.into_iter().map(|(k, value)| Each {
            key: k.into(),
            value,
        })),
        Ok(Term::List(items)) => {
            for item in items {
                match &item {
                    Term::String(key) => each.push(Each {
                        key: key.as_str().into(),
                        value: item.clone(),
                    }),
                    Term::Number(n) => each.push(Each {
                        key: n.0.as_str().into(),
                        value: item.clone(),
                    }),
                    _ => return wrong(problems, &field.at),
                }
            }
        }
        Ok(_) => return wrong(problems, &field.at),
        Err(e) => return problems.push(e),
    }
    each.sort_by(|a, b| a.key.cmp(&b.key));
    each.dedup_by(|a, b| a.key == b.key);
    let count = each.len() as u32;
    for e in each {
        let address = address.clone().with_key(e.key.clone());
        c.units.push(unit(address, Some(e)));
    }
    c.envs[env].names.insert(
        name,
        Named {
            first,
            count,
            keyed: true,
        },
    );
}

/// With `layer-order: strict` every unit waits for all units of the layers below in its environment.
fn strict_order(c: &mut Composition) {
    for env in 0..c.envs.len() as u32 {
        let of: Vec<usize> = (0..c.units.len())
            .filter(|i| c.units[*i].env == env)
            .collect();
        let layer = |c: &Composition, i: usize| c.variant(&c.units[i]).component.layer;
        let Some(mut below) = of.iter().map(|i| layer(c, *i)).min() else {
            continue;
        };
        let mut before: Vec<u32> = Vec::new();
        let mut same: Vec<u32> = Vec::new();
        // units are sorted by layer, so one pass is enough; only the next lower layer has to be waited for
        for i in of {
            let own = layer(c, i);
            if own != below {
                before = std::mem::take(&mut same);
                below = own;
            }
            for unit in &before {
                if !c.units[i].deps.iter().any(|d| d.unit == *unit) {
                    c.units[i].deps.push(Dep {
                        unit: *unit,
                        data: false,
                    });
                }
            }
            c.units[i].deps.sort_unstable();
            same.push(i as u32);
        }
    }
}
