//! Functions on lists and maps that don't look at what is inside: it may be unknown or secret.
use super::text::number;
use crate::expr::eval::{Wrong, kind};
use std::collections::BTreeMap;
use strata_core::value::{Term, Value};

type Answer = Result<Term, Wrong>;

fn map<'t>(term: &'t Term, function: &str) -> Result<&'t BTreeMap<String, Term>, Wrong> {
    match term {
        Term::Map(map) => Ok(map),
        other => Err(Wrong::new(format!(
            "`{function}` needs a map, this is {}",
            kind(other)
        ))),
    }
}

pub(super) fn size(a: &[&Term]) -> Answer {
    let size: Value = match a[0] {
        Term::String(s) => number(s.chars().count()),
        Term::List(items) => number(items.len()),
        Term::Map(map) => number(map.len()),
        other => return Err(Wrong::new(format!("`size` does not take {}", kind(other)))),
    };
    Ok(size.into())
}
pub(super) fn keys(a: &[&Term]) -> Answer {
    Ok(Term::List(
        map(a[0], "keys")?
            .keys()
            .cloned()
            .map(Term::String)
            .collect(),
    ))
}
pub(super) fn values(a: &[&Term]) -> Answer {
    Ok(Term::List(map(a[0], "values")?.values().cloned().collect()))
}
pub(super) fn lookup(a: &[&Term]) -> Answer {
    let map = map(a[0], "lookup")?;
    match a[1] {
        Term::String(key) => Ok(map.get(key).unwrap_or(a[2]).clone()),
        other => Err(Wrong::new(format!(
            "`lookup` needs a string as key, this is {}",
            kind(other)
        ))),
    }
}
/// Later maps win, key by key.
pub(super) fn merge(a: &[&Term]) -> Answer {
    let mut out = BTreeMap::new();
    for term in a {
        out.extend(
            map(term, "merge")?
                .iter()
                .map(|(k, v)| (k.clone(), v.clone())),
        );
    }
    Ok(Term::Map(out))
}
