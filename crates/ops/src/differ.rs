//! How the resolved result of an environment differs from another one: of another revision, another environment, or under
//! another lock. Not what a plan would do: nothing that was applied counts here.
use crate::{
    compose::Composition,
    imports::Origin,
    scope::{self, NoOutputs},
};
use std::collections::BTreeMap;
use strata_core::{tree::rooted, value::Term};

/// One environment of a composition.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The composition.
    pub c: &'a Composition,
    /// The environment's name.
    pub env: &'a str,
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is only in the new one.
    Added,
    /// It is only in the old one.
    Removed,
    /// It is in both, and not the same.
    Changed,
}

/// A part of a unit's description, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which: `layer`, `inputs.cidr`, `file main.tf`.
    pub name: String,
    /// What it was.
    pub was: Option<Term>,
    /// What it is.
    pub is: Option<Term>,
}

/// A unit that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its address without the environment.
    pub unit: String,
    /// What became of it.
    pub kind: Kind,
    /// Parts that differ, by name.
    pub parts: Vec<Part>,
}

/// All units that differ, by name.
pub fn differ(old: Side<'_>, new: Side<'_>) -> Vec<Difference> {
    let (was, is) = (units(old), units(new));
    let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut out = Vec::new();
    for name in names {
        let kind = match (was.get(name), is.get(name)) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        };
        let before = was
            .get(name)
            .map(|u| described(old, *u))
            .unwrap_or_default();
        let after = is.get(name).map(|u| described(new, *u)).unwrap_or_default();
        let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let parts: Vec<Part> = keys
            .into_iter()
            .filter(|k| before.get(*k) != after.get(*k))
            .map(|k| Part {
                name: k.clone(),
                was: before.get(k).cloned(),
                is: after.get(k).cloned(),
            })
            .collect();
        if !parts.is_empty() {
            out.push(Difference {
                unit: name.clone(),
                kind,
                parts,
            });
        }
    }
    out
}

fn units(side: Side<'_>) -> BTreeMap<String, usize> {
    let all = side.c.units.iter().enumerate();
    all.filter(|(_, u)| u.address.env.as_ref() == side.env)
        .map(|(i, u)| (u.address.local(), i))
        .collect()
}

fn text(text: impl Into<String>) -> Term {
    Term::String(text.into())
}

/// Everything that is known of a unit from the files.
fn described(side: Side<'_>, unit: usize) -> BTreeMap<String, Term> {
    let c = side.c;
    let u = &c.units[unit];
    let v = c.variant(u);
    let mut out = BTreeMap::new();
    out.insert("layer".to_owned(), text(c.layer(u)));
    out.insert("engine".to_owned(), text(v.component.engine.as_str()));
    if let Some(pin) = c.env(u).within.as_ref().and_then(|w| w.pin.as_ref()) {
        let from = format!("{} at {} ({})", pin.repo, pin.version, pin.short());
        out.insert("import".to_owned(), text(from));
    }
    if let Some((origin, pin)) = Origin::foreign(v.origin.as_ref()) {
        let from = format!("{} at {} ({})", origin.shown(), pin.version, pin.short());
        out.insert("source".to_owned(), text(from));
    }
    for dep in &u.deps {
        let needed = c.units[dep.unit as usize].address.to_string();
        let own = needed.strip_prefix(&format!("{}/", side.env));
        let name = format!("needs {}", own.unwrap_or(&needed));
        out.insert(name, Term::Bool(true));
    }
    let base = c.base_of(u);
    let base = base.as_ref();
    let tree = c.loaded.tree.as_ref();
    for path in &v.closure.files {
        if let Some(file) = tree.file(path) {
            let short = rooted(path.strip_prefix(base).unwrap_or(path)).1;
            let mode = if file.executable { " executable" } else { "" };
            let is = format!("{}{mode}", file.digest.short());
            out.insert(format!("file {short}"), text(is));
        }
    }
    match scope::resolve(c, unit, &NoOutputs) {
        Ok(resolved) => {
            let groups = [
                ("inputs", &resolved.inputs),
                ("env", &resolved.spec.env),
                ("files", &resolved.spec.files),
                (v.component.engine.as_str(), &resolved.spec.options),
            ];
            for (group, terms) in groups {
                for (key, term) in terms {
                    out.insert(format!("{group}.{key}"), here(term, side.env));
                }
            }
            if let Some(cluster) = &resolved.spec.cluster {
                out.insert("cluster".to_owned(), here(cluster, side.env));
            }
        }
        Err(problem) => {
            out.insert("problem".to_owned(), text(problem.message));
        }
    }
    out
}

/// A term in which outputs of the environment's own units are named without it, so that two environments compare.
fn here(term: &Term, env: &str) -> Term {
    match term {
        Term::Hole { ty, filled_by } if filled_by.unit.env.as_ref() == env => {
            let mut filled_by = filled_by.clone();
            filled_by.unit.env = "_".into();
            Term::Hole {
                ty: ty.clone(),
                filled_by,
            }
        }
        Term::List(l) => Term::List(l.iter().map(|t| here(t, env)).collect()),
        Term::Text(l) => Term::Text(l.iter().map(|t| here(t, env)).collect()),
        Term::Map(m) => Term::Map(m.iter().map(|(k, t)| (k.clone(), here(t, env))).collect()),
        other => other.clone(),
    }
}
