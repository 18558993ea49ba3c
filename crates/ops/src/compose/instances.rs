//! The units of a component: one, or one for each instance.
use super::{Composition, Each, Named, Unit, Variant, not_static};
use crate::{decode::Problems, field::Field, scope::Statics};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{diagnostic::Diagnostic, name::Address, value::Term};

/// Makes the units of a component of an environment.
pub(super) fn make(c: &mut Composition, env: usize, variant: u32, problems: &mut Problems) {
    let v = &c.variants[variant as usize];
    let field = field_of(c, env, v, problems);
    let name: Arc<str> = v.component.name.as_str().into();
    let address = Address {
        env: c.envs[env].name.clone(),
        name: match &c.envs[env].within {
            Some(within) => format!("{}/{name}", within.path).into(),
            None => name.clone(),
        },
        key: None,
    };
    let each = match field {
        None => None,
        Some(field) => {
            let Some(each) = keys(c, env, &field, problems) else {
                // who they are is not known, and who uses them is not wrong too
                c.broken.insert(name.to_string());
                return;
            };
            Some(each)
        }
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
    let keyed = each.is_some();
    match each {
        None => c.units.push(unit(address, None)),
        Some(each) => c.units.extend(each.into_iter().map(|(key, value)| {
            let address = address.clone().with_key(key.clone());
            unit(address, Some(Each { key, value }))
        })),
    }
    let count = c.units.len() as u32 - first;
    let named = Named {
        first,
        count,
        keyed,
    };
    c.envs[env].names.insert(name, named);
}

/// What makes the instances of a component: its own words, or those of its layer.
pub(crate) fn field_of(
    c: &Composition,
    env: usize,
    v: &Variant,
    problems: &mut Problems,
) -> Option<Field> {
    v.component.instances.clone().or_else(|| {
        // of the repo that the component comes from
        let loaded = c.loaded_of(env);
        let source = loaded.components.get(v.component.name.as_str());
        let layer = source.map_or(v.component.layer, |s| s.layer);
        let layer = &loaded.platform.layers[layer];
        Some(Field::parse(layer.instances.as_ref()?, problems))
    })
}

/// An input of a unit where its instance has a say: maps merge deeply, other values replace, null removes.
pub(crate) fn merged(below: Option<Term>, above: &Term) -> Option<Term> {
    match (below, above) {
        (_, Term::Null) => None,
        (Some(Term::Map(mut below)), Term::Map(above)) => {
            for (key, term) in above {
                if let Some(term) = merged(below.remove(key), term) {
                    below.insert(key.clone(), term);
                }
            }
            Some(Term::Map(below))
        }
        (_, above) => Some(above.clone()),
    }
}

/// Keys and values; `None` when it was said what is wrong with them.
fn keys(
    c: &Composition,
    env: usize,
    field: &Field,
    problems: &mut Problems,
) -> Option<BTreeMap<Arc<str>, Term>> {
    let mut wrong = |message: String, help: &str| {
        problems.push(
            Diagnostic::error("component::instances", message)
                .at(field.at.clone())
                .help(help),
        );
        None
    };
    let mut each: BTreeMap<Arc<str>, Term> = BTreeMap::new();
    let items = match field.eval(&Statics::new(c, env, None)) {
        Ok(Term::Map(m)) => return Some(m.into_iter().map(|(k, v)| (k.into(), v)).collect()),
        Ok(Term::List(items)) => items,
        // what is wrong with a value was said there
        Ok(Term::Hole { .. }) => return None,
        Ok(_) => Vec::from([Term::Null]),
        Err(e) => {
            problems.push(e.help_if_none(&not_static("instances")));
            return None;
        }
    };
    for item in items {
        let (Term::String(key) | Term::Number(strata_core::value::Number(key))) = &item else {
            return wrong(
                "`instances` must be a map, or a list of texts".to_owned(),
                "keys must be known before anything runs: use `values`, not outputs",
            );
        };
        let key: Arc<str> = key.as_str().into();
        if each.insert(key.clone(), item).is_some() {
            let message = format!("the key `{key}` stands twice in `instances`");
            return wrong(message, "keep one of them");
        }
    }
    Some(each)
}
