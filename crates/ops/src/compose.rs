//! Every unit of every environment, with its dependencies: a platform fully resolved but for what exists only later.
mod environment;
mod flavors;
mod given;
mod guests;
pub(crate) mod instances;
mod names;
mod promised;
mod references;
mod state;
mod variant;

pub(crate) use environment::merged_environment;
pub use environment::{Environment, Flavor};
pub use guests::{Within, is_mounted};
pub use names::{Named, Target};
pub use state::StateEdge;
pub use variant::{Closure, Use, Variant, verify_spec};

use crate::{
    decode::Problems,
    field::Field,
    imports::Origin,
    load::{Engines, Loaded},
    scope::Statics,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
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

impl Unit {
    /// The inputs that the value of its instance gives, which count more than what the component says: a map under
    /// `inputs`.
    pub fn own_inputs(&self) -> Option<&BTreeMap<String, Term>> {
        let Term::Map(value) = &self.each.as_ref()?.value else {
            return None;
        };
        match value.get("inputs") {
            Some(Term::Map(inputs)) => Some(inputs),
            _ => None,
        }
    }
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
    /// Files of other repositories in units of ours.
    pub brought: Vec<crate::imports::Brought>,
    /// All engines.
    pub engines: Vec<Arc<dyn DynEngine>>,
    /// Environments, sorted by name, and behind them those that are imported into them: [`Self::environments`] has the
    /// first only.
    pub envs: Vec<Environment>,
    /// How many are the platform's own.
    own: usize,
    /// Components as environments have them.
    pub variants: Vec<Variant>,
    /// Units: by environment, layer and name.
    pub units: Vec<Unit>,
    /// The backend of Terraform roots that have none.
    pub backend: Option<Field>,
    /// Components of which it was said why they stand for nothing: who uses them is not wrong too.
    pub broken: BTreeSet<String>,
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
        self.environments()
            .binary_search_by(|e| e.name.as_ref().cmp(name))
            .ok()
    }
    /// The platform's own environments, sorted by name.
    pub fn environments(&self) -> &[Environment] {
        &self.envs[..self.own]
    }
    /// The platform whose component a unit is: this one, or the one of an import.
    pub fn loaded_of(&self, env: usize) -> &Arc<Loaded> {
        let within = self.envs[env].within.as_ref();
        within
            .and_then(|w| w.loaded.as_ref())
            .unwrap_or(&self.loaded)
    }
    /// The folder of the repository that a unit's files are of, with its `/`; empty for the platform's own.
    pub fn base_of<'a>(&'a self, unit: &Unit) -> Cow<'a, str> {
        let variant = self.variant(unit);
        let folder = &variant.component.folder;
        match Origin::foreign(variant.origin.as_ref()) {
            Some((origin, _)) if origin.folder.is_empty() => format!("{folder}/").into(),
            Some((origin, _)) => folder.strip_suffix(&origin.folder).unwrap_or("").into(),
            None => self.loaded_of(unit.env as usize).base.as_str().into(),
        }
    }
    /// The platform's own environment that a unit is part of.
    pub fn home(&self, unit: &Unit) -> usize {
        let env = unit.env as usize;
        self.envs[env].within.as_ref().map_or(env, |w| w.root)
    }
    /// Where a text of a unit's description stands decides what its names mean: what the consumer of an import says
    /// of its components is read where the consumer stands.
    pub fn scope_of(&self, env: usize, file: &str) -> usize {
        let mut env = env;
        if file.is_empty() {
            return env;
        }
        while let Some(within) = &self.envs[env].within {
            if within.has(file) {
                break;
            }
            env = within.parent;
        }
        env
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
            let at = Location::file(PICKED);
            let flavor = Flavor {
                component: pick.component.clone(),
                at: at.clone(),
                contract_at: at,
            };
            e.flavors.insert(pick.contract.clone(), flavor);
        }
    }
    let backend = loaded.platform.backend.as_ref();
    let backend = backend.map(|node| Field::parse(node, &mut problems));
    let broken = loaded.broken.clone();
    let mut c = Composition {
        brought: Vec::new(),
        loaded,
        engines: engines.to_vec(),
        own: envs.len(),
        envs,
        variants: Vec::new(),
        units: Vec::new(),
        backend,
        broken,
        index: HashMap::new(),
    };
    let mut variants = variant::Variants::new(engines);
    guests::enter(&mut c, &mut problems);
    for env in 0..c.own {
        populate(&mut c, env, &mut variants, &mut problems);
    }
    guests::populate(&mut c, engines, &mut problems);
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
    let loaded = c.loaded_of(env).clone();
    // by its own name: an import of this repo brings what its environment brings
    let own = loaded.own.get(c.envs[env].own_name());
    let all = loaded.components.values();
    let sources: Vec<_> = all.chain(own.into_iter().flatten()).cloned().collect();
    unknown_overrides(c, env, problems);
    let mut members: Vec<u32> = Vec::new();
    for source in &sources {
        let key = || (c.envs[env].own_name().to_owned(), source.name.clone());
        let elsewhere = Some(&loaded.elsewhere).filter(|all| !all.is_empty());
        let source = match elsewhere.and_then(|all| all.get(&key())) {
            Some(Some(here)) => here,
            // it was said why
            Some(None) => continue,
            None => source,
        };
        if !guests::wanted(c, env, source, problems) {
            continue;
        }
        let variant = variants.of(c, source, env, problems);
        let component = &c.variants[variant as usize].component;
        let layer = &loaded.platform.layers[source.layer];
        let named = component
            .environments
            .as_ref()
            .map(|l| l.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>());
        let named = named.or_else(|| {
            layer
                .environments
                .as_ref()
                .map(|l| l.iter().map(|(n, _)| n.as_str()).collect())
        });
        let e = &c.envs[env];
        let member = match named {
            Some(list) => list.contains(&e.own_name()),
            None => !e.shared || source.env.is_some(),
        };
        if !member {
            continue;
        }
        if let Some(enabled) = &component.enabled {
            match enabled.eval(&Statics::new(c, env, None)) {
                // what is wrong with a value was said there
                Ok(Term::Bool(true) | Term::Hole { .. }) => {}
                Ok(Term::Bool(false)) => continue,
                Ok(Term::String(s)) if s == "true" => {}
                Ok(Term::String(s)) if s == "false" => continue,
                Ok(_) => problems.push(
                    Diagnostic::error("component::enabled", "`enabled` must be `true` or `false`")
                        .at(enabled.at.clone()),
                ),
                Err(e) => problems.push(e.help_if_none(&not_static("enabled"))),
            }
        }
        members.push(variant);
    }
    let members = flavors::pick(c, env, members, problems);
    let mut members: Vec<(usize, u32)> = members
        .into_iter()
        .map(|v| (c.variants[v as usize].component.layer, v))
        .collect();
    members.sort_by(|a, b| {
        let name = |v: u32| &c.variants[v as usize].component.name;
        a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1)))
    });
    for (_, variant) in members {
        instances::make(c, env, variant, problems);
    }
}

/// The way out where something static wants what is known later.
fn not_static(key: &str) -> String {
    format!(
        "`{key}` is read before anything runs: it sees `values`, `env`, `platform` and `flavors`, no outputs"
    )
}

/// Overrides of components that do not exist, and of what is the same everywhere.
fn unknown_overrides(c: &Composition, env: usize, problems: &mut Problems) {
    // what its own file brings was judged when it was read
    let file = c.loaded.environments.get(c.envs[env].name.as_ref());
    let written = file.and_then(|f| f.node.as_ref()?.get("components"));
    let brought = |name: &str| {
        let path = written.and_then(|w| w.get(name)?.get("path"));
        path.is_some_and(|path| !path.is_null())
    };
    for (name, (at, node)) in &c.envs[env].overrides {
        if brought(name) {
            continue;
        }
        for key in ["engine", "layer", "path"] {
            if let Some(at) = node.key_location(key) {
                problems.push(
                    Diagnostic::error(
                        "component::misplaced-key",
                        format!("`{key}` cannot stand in an environment"),
                    )
                    .at(at)
                    .help("it is the same in all environments: write it in `component.yaml`"),
                );
            }
        }
        let known = &c.loaded_of(env).components;
        if guests::is_override(c, env, name, at, problems) {
            continue;
        }
        if !known.contains_key(name.as_str()) && !c.broken.contains(name) {
            problems.push(
                Diagnostic::error(
                    "environment::unknown-component",
                    format!("there is no component `{name}`"),
                )
                .at(at.clone())
                .help_opt(suggest(name, known.keys().map(AsRef::as_ref))),
            );
        }
    }
}

/// With `layer-order: strict` every unit waits for all units of the layers below in its environment.
fn strict_order(c: &mut Composition) {
    for env in 0..c.own {
        let layer = |c: &Composition, i: usize| c.variant(&c.units[i]).component.layer;
        let mut of: Vec<usize> = (0..c.units.len())
            .filter(|i| c.home(&c.units[*i]) == env)
            .collect();
        of.sort_by_key(|i| layer(c, *i));
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
