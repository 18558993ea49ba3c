//! Which units have to be looked at: of a hundred environments with the same types, one.
use crate::{
    compose::Composition,
    field::{coerce, type_of},
};
use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash},
};
use strata_core::{ty::Type, value::Term};

/// Positions of units, one for every variant, environment and instance that differ in what types are made of.
pub(super) fn distinct(c: &Composition) -> Vec<usize> {
    let signatures: Vec<u64> = (0..c.envs.len()).map(|e| signature(c, e)).collect();
    let mut seen = HashSet::new();
    (0..c.units.len())
        .filter(|i| {
            let unit = &c.units[*i];
            let each = unit.each.as_ref().map(|e| hash(&kind_of(&e.value)));
            seen.insert((unit.variant, signatures[unit.env as usize], each))
        })
        .collect()
}

fn hash(value: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// What of a value decides whether it fits: its type, and whether a text reads as a number or a bool.
fn kind_of(term: &Term) -> String {
    match term {
        Term::String(s) if matches!(coerce(term.clone(), &Type::Number), Term::Number(_)) => {
            format!("n{}", usize::from(s.contains('.')))
        }
        Term::String(s) if s == "true" || s == "false" => "b".to_owned(),
        Term::List(l) => l.iter().map(|t| kind_of(t) + ",").collect(),
        Term::Map(m) => m
            .iter()
            .map(|(k, t)| format!("{k}:{},", kind_of(t)))
            .collect(),
        other => type_of(other).to_string(),
    }
}

/// Equal for environments in which every expression has the same type.
fn signature(c: &Composition, env: usize) -> u64 {
    let e = &c.envs[env];
    let values: Vec<(&String, String)> = e.values.iter().map(|(k, v)| (k, kind_of(v))).collect();
    let mut names: Vec<(&str, u32, bool)> = e
        .names
        .iter()
        .map(|(n, named)| {
            let first = c
                .units
                .get(named.first as usize)
                .filter(|_| named.count > 0);
            (
                n.as_ref(),
                first.map_or(u32::MAX, |u| u.variant),
                named.keyed,
            )
        })
        .collect();
    names.sort_unstable();
    let uses: Vec<&str> = e.uses.iter().map(|(u, _)| u.as_str()).collect();
    hash(&(values, names, uses, &e.chosen))
}
