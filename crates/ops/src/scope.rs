//! What expressions see: values, the environment, the instance, and outputs of other units.
//!
//! Two phases. *Static* ([`Statics`]): no outputs, no secrets. *Late* ([`resolve`]): also outputs and secrets.
mod units;
mod values;

use units::{Import, UnitOutputs};
pub use values::ValueScope;

use crate::{
    check::EXTERNAL,
    compose::{Composition, Each, Target, instances::merged},
    field::{Field, FieldMap, coerce},
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    engine::{Task, Tool, Verb},
    name::Address,
    spec::UnitSpec,
    ty::Type,
    value::{SecretRef, Term},
};
use strata_syntax::expr::{Item, Object, Scope};

/// Outputs that were recorded.
pub trait Outputs {
    /// Of a unit; `None` when it was never applied.
    fn outputs(&self, unit: &Address) -> Option<Arc<BTreeMap<String, Term>>>;
}

/// No outputs at all.
pub struct NoOutputs;

impl Outputs for NoOutputs {
    fn outputs(&self, _: &Address) -> Option<Arc<BTreeMap<String, Term>>> {
        None
    }
}

fn text(s: &str) -> Item<'static> {
    Item::Term(Term::String(s.to_owned()))
}

/// A few names with ready terms.
struct Record<'a>(&'static str, Vec<(&'static str, &'a str)>);

impl Object for Record<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        match self.1.iter().find(|(k, _)| *k == key) {
            Some((_, v)) => Ok(text(v)),
            None => Err(missing(self.0, key, self.1.iter().map(|(k, _)| *k))),
        }
    }
}

fn missing<'n>(what: &str, key: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    let help = suggest(key, names.clone()).unwrap_or_else(|| {
        let list: Vec<&str> = names.collect();
        if list.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has: {}", list.join(", "))
        }
    });
    format!("`{what}` has no `{key}`; {help}")
}

/// Values by name.
struct Values<'a>(&'a BTreeMap<String, Term>);

impl Object for Values<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        match self.0.get(key) {
            Some(t) => Ok(Item::Term(t.clone())),
            None => Err(missing("values", key, self.0.keys().map(String::as_str))),
        }
    }
}

struct EachScope<'a>(&'a Each);

impl Object for EachScope<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        match key {
            "key" => Ok(text(&self.0.key)),
            "value" => Ok(Item::Term(self.0.value.clone())),
            _ => Err(missing("each", key, ["key", "value"].into_iter())),
        }
    }
}

struct Flavors<'a>(&'a BTreeMap<String, String>);

impl Object for Flavors<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        match self.0.get(key) {
            Some(component) => Ok(text(component)),
            None => Err(missing("flavors", key, self.0.keys().map(String::as_str))),
        }
    }
}

/// What is known from the files alone.
pub struct Statics<'a> {
    c: &'a Composition,
    env: usize,
    each: Option<&'a Each>,
}

impl<'a> Statics<'a> {
    /// In an environment, for an instance.
    pub const fn new(c: &'a Composition, env: usize, each: Option<&'a Each>) -> Self {
        Self { c, env, each }
    }
}

impl Scope for Statics<'_> {
    fn name(&self, name: &str) -> Option<Item<'_>> {
        let env = &self.c.envs[self.env];
        Some(match name {
            "values" => Item::Object(Box::new(Values(&env.values))),
            "env" => Item::Object(Box::new(Record("env", vec![("name", &env.name)]))),
            "platform" => {
                let p = &self.c.loaded.platform;
                Item::Object(Box::new(Record(
                    "platform",
                    vec![("name", &p.name), ("id", &p.id)],
                )))
            }
            "flavors" => Item::Object(Box::new(Flavors(&env.chosen))),
            "each" => Item::Object(Box::new(EachScope(self.each?))),
            _ => return None,
        })
    }
    fn env(&self, _: &str, _: &str) -> Option<Item<'_>> {
        None
    }
    fn secret(&self, _: &str) -> Result<Term, String> {
        Err("secrets are read late; use them in `inputs`, `env` or `files`".to_owned())
    }
}

/// What a unit sees when its inputs are worked out.
struct Late<'a> {
    c: &'a Composition,
    unit: usize,
    /// Where its names are looked up.
    env: usize,
    outputs: &'a dyn Outputs,
    /// Whose outputs `self` are: the contract's, in a verifier of a contract.
    contract: Option<&'a str>,
    /// How many contracts lie between this unit and who asks: one that is made of itself has no end.
    depth: u8,
}

impl<'a> Late<'a> {
    fn new(c: &'a Composition, unit: usize, outputs: &'a dyn Outputs) -> Self {
        Self {
            c,
            unit,
            env: c.units[unit].env as usize,
            outputs,
            contract: None,
            depth: 0,
        }
    }
}

impl Scope for Late<'_> {
    fn name(&self, name: &str) -> Option<Item<'_>> {
        let unit = &self.c.units[self.unit];
        let statics = Statics::new(self.c, self.env, unit.each.as_ref());
        let env = &self.c.envs[self.env];
        match name {
            "values" => Some(Item::Object(Box::new(Values(&env.values)))),
            "env" => Some(Item::Object(Box::new(Record(
                "env",
                vec![("name", &unit.address.env)],
            )))),
            "flavors" => Some(Item::Object(Box::new(Flavors(&env.chosen)))),
            "each" => Some(Item::Object(Box::new(EachScope(unit.each.as_ref()?)))),
            "platform" => {
                let p = &statics.c.loaded.platform;
                Some(Item::Object(Box::new(Record(
                    "platform",
                    vec![("name", &p.name), ("id", &p.id)],
                ))))
            }
            "unit" => {
                let a = &unit.address;
                let key = a.key.as_deref().unwrap_or_default();
                let layer = self.c.layer(unit);
                let fields = vec![
                    ("name", a.name.as_ref()),
                    ("env", a.env.as_ref()),
                    ("key", key),
                    ("layer", layer),
                ];
                Some(Item::Object(Box::new(Record("unit", fields))))
            }
            "self" => Some(Item::Object(Box::new(UnitOutputs {
                c: self.c,
                unit: self.unit,
                contract: self.contract,
                outputs: self.outputs,
                depth: self.depth,
            }))),
            _ => match self.c.import(self.env, name) {
                Some(env) => Some(self.import(env)),
                None => self.target(self.c.lookup(self.env, name)?),
            },
        }
    }
    fn env(&self, env: &str, name: &str) -> Option<Item<'_>> {
        if self.c.envs[self.env].within.is_some() {
            return None;
        }
        let other = self.c.env_named(env)?;
        if let Some(env) = self.c.import(other, name) {
            return Some(self.import(env));
        }
        self.target(self.c.lookup_here(other, name)?)
    }
    fn standing(&self, file: &str) -> Option<Box<dyn Scope + '_>> {
        let mut env = self.c.scope_of(self.c.units[self.unit].env as usize, file);
        if self.c.envs[self.env].within.is_none() {
            env = self.env;
        }
        let contract = self.c.contract_at(self.unit, file);
        (env != self.env || contract != self.contract).then(|| {
            Box::new(Self {
                c: self.c,
                unit: self.unit,
                env,
                outputs: self.outputs,
                contract,
                depth: self.depth,
            }) as Box<dyn Scope>
        })
    }
    fn secret(&self, spec: &str) -> Result<Term, String> {
        let (store, key) = spec.split_once(':').unwrap_or(("", spec));
        match store {
            "env" | "file" if !key.is_empty() => {}
            // a generated secret belongs to its environment
            "generate" if !key.is_empty() => {
                let key = format!("{}/{key}", self.c.units[self.unit].address.env);
                return Ok(Term::Secret(SecretRef {
                    store: store.to_owned(),
                    key,
                    path: Vec::new(),
                }));
            }
            _ => {
                return Err(format!(
                    "`{spec}` is not a secret; write `env:NAME`, `file:PATH` or `generate:NAME`"
                ));
            }
        }
        Ok(Term::Secret(SecretRef {
            store: store.to_owned(),
            key: key.to_owned(),
            path: Vec::new(),
        }))
    }
}

impl<'a> Late<'a> {
    fn import(&self, env: usize) -> Item<'a> {
        let (c, outputs, depth) = (self.c, self.outputs, self.depth);
        Item::Object(Box::new(Import {
            c,
            env,
            outputs,
            depth,
        }))
    }
    fn target(&self, target: Target) -> Option<Item<'a>> {
        Some(units::item(self.c, target, self.outputs, self.depth))
    }
}

/// The value of a field of a unit as far as the files tell it: outputs of other units are holes.
pub fn eval_late(c: &Composition, unit: usize, field: &Field) -> Result<Term, Diagnostic> {
    eval_with(c, unit, field, &NoOutputs)
}

/// The value of a field of a unit with the outputs that there are.
pub fn eval_with(
    c: &Composition,
    unit: usize,
    field: &Field,
    outputs: &dyn Outputs,
) -> Result<Term, Diagnostic> {
    field.eval(&Late::new(c, unit, outputs))
}

/// A unit's specification and inputs, as far as they are known.
pub struct Resolved {
    /// For its engine.
    pub spec: UnitSpec,
    /// For its tool.
    pub inputs: BTreeMap<String, Term>,
}

/// Works out all late fields of a unit.
pub fn resolve(
    c: &Composition,
    unit: usize,
    outputs: &dyn Outputs,
) -> Result<Resolved, Diagnostic> {
    let scope = Late::new(c, unit, outputs);
    let v = c.variant(&c.units[unit]);
    let component = &v.component;
    let own = c.units[unit].own_inputs();
    let mut inputs = BTreeMap::new();
    for (key, field) in &component.inputs {
        // what the instance replaces is not asked for
        let above = own.and_then(|own| own.get(key));
        if above.is_none_or(|above| matches!(above, Term::Map(_))) {
            inputs.insert(key.clone(), field.eval(&scope)?);
        }
    }
    for (key, above) in own.into_iter().flatten() {
        if let Some(term) = merged(inputs.remove(key), above) {
            inputs.insert(key.clone(), term);
        }
    }
    inputs.retain(|_, term| !matches!(term, Term::String(s) if s == EXTERNAL));
    for (key, term) in &mut inputs {
        let ty = v.interface.inputs.get(key).map_or(&Type::Any, |i| &i.ty);
        *term = coerce(std::mem::replace(term, Term::Null), ty);
    }
    let all = |fields: &FieldMap| -> Result<BTreeMap<String, Term>, Diagnostic> {
        fields
            .iter()
            .map(|(k, f)| Ok((k.clone(), f.eval(&scope)?)))
            .collect()
    };
    let text_type = Type::String;
    let env = all(&component.env)?
        .into_iter()
        .map(|(k, t)| (k, coerce(t, &text_type)))
        .collect();
    let mut options = all(&component.options)?;
    default_backend(c, unit, &mut options, outputs)?;
    let spec = UnitSpec {
        engine: component.engine.clone(),
        folder: component.folder.clone(),
        options,
        env,
        files: all(&component.files)?,
        cluster: component
            .cluster
            .as_ref()
            .map(|f| f.eval(&scope))
            .transpose()?,
        cluster_from_unit: c.cluster_from_unit(unit),
        outputs: component
            .outputs
            .iter()
            .map(|(k, (_, o))| (k.clone(), o.clone()))
            .collect(),
        observe: component.observe.clone(),
        verify: component
            .verify
            .iter()
            .map(|f| f.eval(&scope))
            .collect::<Result<_, _>>()?,
        timeout: component.timeout.clone(),
        leaves_processes: component.leaves_processes,
    };
    Ok(Resolved { spec, inputs })
}

/// The backend of `strata.yaml`, where a unit uses it: its root has neither `backend` nor `cloud`.
pub(crate) fn backend_of(c: &Composition, unit: usize) -> Option<&Field> {
    let v = c.variant(&c.units[unit]);
    let backend = c.backend.as_ref()?;
    let own = ["backend", "cloud"]
        .iter()
        .any(|f| v.interface.facts.contains_key(*f));
    let other = v.component.engine != "terraform" || v.component.options.contains_key("backend");
    let foreign = c.env(&c.units[unit]).is_foreign()
        || crate::imports::Origin::foreign(v.origin.as_ref()).is_some();
    ((foreign || !own) && !other).then_some(backend)
}

fn default_backend(
    c: &Composition,
    unit: usize,
    options: &mut BTreeMap<String, Term>,
    outputs: &dyn Outputs,
) -> Result<(), Diagnostic> {
    if let Some(field) = backend_of(c, unit) {
        let mut scope = Late::new(c, unit, outputs);
        scope.env = c.home(&c.units[unit]);
        let term = field.eval(&scope)?;
        options.insert("backend".to_owned(), term);
    }
    Ok(())
}

/// A task with what the files say and nothing of what comes later: enough to name identities.
pub fn identity_task(c: &Composition, unit: usize) -> Task {
    let u = &c.units[unit];
    let component = &c.variant(u).component;
    let scope = Late::new(c, unit, &NoOutputs);
    let mut options = component
        .options
        .iter()
        .filter_map(|(k, f)| Some((k.clone(), f.eval(&scope).ok()?)))
        .collect();
    // what is wrong with it is said with the types
    let _ = default_backend(c, unit, &mut options, &NoOutputs);
    Task {
        verb: Verb::Plan,
        platform: c.loaded.platform.id.clone(),
        unit: u.address.clone(),
        spec: UnitSpec {
            engine: component.engine.clone(),
            folder: component.folder.clone(),
            options,
            cluster: component.cluster.as_ref().and_then(|f| f.eval(&scope).ok()),
            ..UnitSpec::default()
        },
        inputs: BTreeMap::new(),
        tool: Tool::default(),
        saved: None,
        interrupted: None,
        recorded: BTreeMap::new(),
        verifier: 0,
        facts: c.variant(u).interface.facts.clone(),
    }
}
