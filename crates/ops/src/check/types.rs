//! Types across tools: what an expression gives against what an input, a contract or a variable takes.
//!
//! An expression is read twice: by type, which finds what is wrong in branches that are not taken, and by value as far
//! as the files know it, which finds what only the value tells. What nobody declared is unknown and fits everywhere.
use super::{EXTERNAL, contracts::not_own, places::inside};
use crate::{
    compose::{
        Composition, Target, Unit,
        instances::{field_of, merged},
    },
    decode::Problems,
    field::{Body, Field, coerce, type_of},
    scope,
};
use std::{cell::Cell, collections::BTreeMap};
use strata_core::{
    diagnostic::Diagnostic,
    name::RESERVED,
    span::Location,
    ty::{self, Type},
    value::Term,
};
use strata_syntax::expr::{self, TypeScope};

/// Checks all fields of a unit.
pub(super) fn check(c: &Composition, i: usize, problems: &mut Problems) {
    let unit = &c.units[i];
    let checker = Checker {
        c,
        unit,
        i,
        here: Cell::new(unit.env as usize),
        promise: Cell::new(None),
    };
    checker.unit(problems);
}

pub(super) struct Checker<'a> {
    pub(super) c: &'a Composition,
    pub(super) unit: &'a Unit,
    i: usize,
    /// Where names are looked up: what the consumer of an import says of a component means its own.
    here: Cell<usize>,
    /// The contract whose verifier is looked at: there `self` is what it promises.
    promise: Cell<Option<&'a str>>,
}

impl Checker<'_> {
    fn unit(&self, problems: &mut Problems) {
        let v = self.c.variant(self.unit);
        let component = &v.component;
        for (key, field) in &component.inputs {
            let Some(input) = v.interface.inputs.get(key) else {
                self.field(field, &Type::Any, problems);
                continue;
            };
            let own = self.unit.own_inputs().and_then(|own| own.get(key));
            if let Some(above) = own {
                // what is merged is looked at with the instance, what is replaced does not count
                if matches!(above, Term::Map(_)) {
                    self.field(field, &Type::Any, problems);
                }
                continue;
            }
            let what = format!("`{key}` of `{}`", component.name);
            if let Some(have) = self.field(field, &input.ty, problems) {
                self.fits(&what, field, &have, &input.ty, input.at.as_ref(), problems);
            }
        }
        self.own_inputs(problems);
        for (key, field) in &component.env {
            if let Some(have) = self.field(field, &Type::String, problems) {
                let what = format!("the variable `{key}` of `{}`", component.name);
                self.fits(&what, field, &have, &Type::String, None, problems);
            }
        }
        if let Some(backend) = scope::backend_of(self.c, self.i) {
            self.field(backend, &Type::Any, problems);
        }
        let rest = component.files.values().chain(component.options.values());
        for field in rest.chain(&component.cluster) {
            self.field(field, &Type::Any, problems);
        }
        for field in &component.verify {
            self.field(field, &Type::Any, problems);
        }
        for (contract, (_, fields)) in &component.provides {
            let promised = self.c.loaded.contracts.get(contract);
            for (name, field) in fields {
                let want = promised.and_then(|p| p.outputs.get(name));
                let ty = want.map_or(&Type::Any, |w| &w.ty);
                let before = problems.len();
                let have = self.field(field, ty, problems);
                // an output that is not there is said with the contract
                let lost = not_own(v, field);
                let more = problems.split_off(before).into_iter();
                problems.extend(more.filter(|p| !lost.iter().any(|(_, at)| touches(p, at))));
                if let (Some(have), Some(want)) = (have, want) {
                    let what = format!("`{name}` of the contract `{contract}`");
                    self.fits(&what, field, &have, ty, want.at.as_ref(), problems);
                }
            }
        }
    }

    /// Inputs that the value of the instance gives, over what the component says.
    fn own_inputs(&self, problems: &mut Problems) {
        let v = self.c.variant(self.unit);
        let Some(own) = self.unit.own_inputs() else {
            return;
        };
        let Some(instances) = field_of(self.c, self.unit.env as usize, v, &mut Problems::new())
        else {
            return;
        };
        for (key, above) in own {
            let Some(input) = v.interface.inputs.get(key) else {
                continue;
            };
            let below = v.component.inputs.get(key);
            let below = below.and_then(|f| scope::eval_late(self.c, self.i, f).ok());
            let Some(have) = merged(below, above) else {
                continue;
            };
            let have = coerce(have, &input.ty);
            let what = format!("`{key}` of `{}`", self.unit.address);
            let place = match &instances.body {
                Body::Template(_) => instances.clone(),
                _ => self.written_in(&instances, key, &have),
            };
            let at = input.at.as_ref();
            self.fits(&what, &place, &have, &input.ty, at, problems);
        }
    }

    /// An input where it stands in a map of instances that is written out.
    fn written_in(&self, instances: &Field, input: &str, have: &Term) -> Field {
        let key = self.unit.address.key.as_deref().unwrap_or_default();
        let path = format!("{key}.inputs.{input}");
        Field {
            body: Body::Constant(have.clone()),
            at: inside(self.c, &instances.at, &path),
        }
    }

    /// What a field gives, outputs as holes with a type; `None` when it is wrong already or not ours to know.
    fn field(&self, field: &Field, want: &Type, problems: &mut Problems) -> Option<Term> {
        if let Body::Constant(term) = &field.body {
            let external = matches!(term, Term::String(s) if s == EXTERNAL);
            return (!external).then(|| coerce(term.clone(), want));
        }
        let mut found = Vec::new();
        self.type_of(field, &mut found);
        found.retain(|p| !self.said_as_reference(p));
        if !found.is_empty() {
            problems.extend(found);
            return None;
        }
        match scope::eval_late(self.c, self.i, field) {
            Ok(term) => Some(coerce(term, want)),
            Err(problem) if self.said_as_reference(&problem) => None,
            // a reference that does not resolve has been said; what depends on it is unknown
            Err(_) if self.has_broken_reference(field) => None,
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    }

    fn type_of(&self, field: &Field, problems: &mut Problems) -> Type {
        match &field.body {
            Body::Constant(term) => type_of(term),
            Body::Template(template) => {
                let here = self.c.scope_of(self.unit.env as usize, &template.origin);
                self.here.set(here);
                let promise = self.c.contract_at(self.i, &template.origin);
                self.promise.set(promise);
                expr::check(template, self, problems)
            }
            Body::List(items) => {
                Type::Tuple(items.iter().map(|f| self.type_of(f, problems)).collect())
            }
            Body::Map(entries) => Type::Object(
                entries
                    .iter()
                    .map(|(k, f)| (k.clone(), ty::Field::required(self.type_of(f, problems))))
                    .collect(),
            ),
        }
    }

    /// Was the same place reported when names were resolved?
    fn said_as_reference(&self, problem: &Diagnostic) -> bool {
        self.broken().any(|place| touches(problem, place))
    }

    fn has_broken_reference(&self, field: &Field) -> bool {
        let places: Vec<&Location> = self.broken().collect();
        !places.is_empty()
            && field
                .references(&[])
                .iter()
                .any(|(_, at)| places.contains(&at))
    }

    /// Places of references that stand for nothing.
    fn broken(&self) -> impl Iterator<Item = &Location> {
        let v = self.c.variant(self.unit);
        v.uses
            .iter()
            .filter(|u| !self.c.resolves(self.unit, u))
            .map(|u| &u.at)
    }

    fn target(&self, target: &Target) -> Type {
        let Some(first) = target.named.units().next() else {
            return Type::Any;
        };
        let outputs = outputs_type(self.c, first as usize, target.contract.as_deref());
        let one = object([("outputs", outputs)]);
        if target.named.keyed {
            Type::Map(Box::new(one))
        } else {
            one
        }
    }
}

impl TypeScope for Checker<'_> {
    fn name(&self, name: &str) -> Option<Type> {
        let env = &self.c.envs[self.here.get()];
        let texts = |names: &[&str]| object(names.iter().map(|n| (*n, Type::String)));
        Some(match name {
            "values" => object(env.values.iter().map(|(k, v)| (k.as_str(), type_of(v)))),
            "env" => texts(&["name"]),
            "platform" => texts(&["name", "id"]),
            "unit" => texts(&["name", "env", "key", "layer"]),
            "flavors" => object(env.chosen.keys().map(|k| (k.as_str(), Type::String))),
            "each" => {
                let each = self.unit.each.as_ref()?;
                object([("key", Type::String), ("value", type_of(&each.value))])
            }
            "self" => outputs_type(self.c, self.i, self.promise.get()),
            // what is behind an import is checked where it is read
            _ if self.c.import(self.here.get(), name).is_some() => Type::Any,
            _ => match self.c.lookup(self.here.get(), name) {
                Some(target) => self.target(&target),
                // said when names were resolved
                None => Type::Any,
            },
        })
    }
    fn env(&self, env: &str, name: &str) -> Option<Type> {
        let found = self
            .c
            .env_named(env)
            .filter(|e| self.c.import(*e, name).is_none())
            .and_then(|e| self.c.lookup_here(e, name));
        Some(found.map_or(Type::Any, |t| self.target(&t)))
    }
    fn names(&self) -> Vec<String> {
        let env = self.c.env(self.unit);
        let names = env.names.keys().map(ToString::to_string);
        let reserved = RESERVED.iter().map(ToString::to_string);
        names
            .chain(env.chosen.keys().cloned())
            .chain(reserved)
            .collect()
    }
    fn way_to(&self, name: &str) -> Option<String> {
        (name == "each").then(|| "only a component with `instances` has `each`".to_owned())
    }
    fn lacks(&self, name: &str, field: &str) -> String {
        // a value that only some environments lack is missing in this one
        if name == "values" && self.c.envs.iter().any(|e| e.values.contains_key(field)) {
            let env = &self.unit.address.env;
            return format!("`values` of `{env}` has no `{field}`");
        }
        format!("`{name}` has no `{field}`")
    }
}

/// Does a problem stand at a place, or at a part of it?
fn touches(problem: &Diagnostic, place: &Location) -> bool {
    let near = |at: &Location| {
        place.file == at.file && place.span.start <= at.span.end && at.span.start <= place.span.end
    };
    problem.at.as_ref().is_some_and(near)
}

fn object<'n>(fields: impl IntoIterator<Item = (&'n str, Type)>) -> Type {
    Type::Object(
        fields
            .into_iter()
            .map(|(k, t)| (k.to_owned(), ty::Field::required(t)))
            .collect(),
    )
}

/// The type of the outputs of a unit, or of a contract that it provides.
fn outputs_type(c: &Composition, unit: usize, contract: Option<&str>) -> Type {
    let v = c.variant(&c.units[unit]);
    if let Some(contract) = contract {
        let contracts = &c.loaded_of(c.units[unit].env as usize).contracts;
        let Some(promised) = contracts.get(contract).filter(|p| !p.unreadable) else {
            return Type::Any;
        };
        return object(
            promised
                .outputs
                .iter()
                .map(|(k, o)| (k.as_str(), o.ty.clone())),
        );
    }
    if v.interface.open_outputs {
        return Type::Any;
    }
    let declared = v.interface.outputs.iter().map(|(k, o)| (k.as_str(), &o.ty));
    let own = v
        .component
        .outputs
        .iter()
        .map(|(k, (_, o))| (k.as_str(), &o.ty));
    let all: BTreeMap<&str, &Type> = declared.chain(own).collect();
    object(all.into_iter().map(|(k, t)| (k, t.clone())))
}
