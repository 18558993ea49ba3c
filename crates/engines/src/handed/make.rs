//! Objects as terms: what may be secret in them stays a name until the file is written.
use crate::{cluster, frame::unusable};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Failure, Task},
    spec::UnitSpec,
    value::Term,
};

/// A form that a source may have.
pub(super) struct Form {
    /// The key with its address, which tells it from other forms.
    pub(super) url: &'static str,
    /// Exactly one of these is there.
    pub(super) one_of: &'static [&'static str],
    /// All of these are.
    pub(super) all: &'static [&'static str],
    /// These may be.
    pub(super) may: &'static [&'static str],
}

impl Form {
    fn fits(&self, source: &BTreeMap<String, Term>) -> bool {
        let known = |key: &str| {
            [self.one_of, self.all, self.may]
                .iter()
                .any(|keys| keys.contains(&key))
        };
        let of = self.one_of.iter().filter(|key| source.contains_key(**key));
        of.count() == 1
            && self.all.iter().all(|key| source.contains_key(*key))
            && source.keys().all(|key| key == self.url || known(key))
    }
}

/// What is wrong with the options, before anything runs: what a source names, and flags. What only a run tells is not known here.
pub(super) fn problems(
    spec: &UnitSpec,
    forms: &[Form],
    want: &str,
    flags: &[&str],
) -> Vec<Diagnostic> {
    let wrong = |key: &str, want: &str| {
        let message = format!("`{}.{key}` must be {want}", spec.engine);
        Diagnostic::error("file::wrong-kind", message).about(key)
    };
    let good = match spec.options.get("source") {
        None | Some(Term::Null | Term::Hole { .. } | Term::Predicted { .. }) => true,
        Some(Term::Map(source)) => {
            let mut named = forms.iter().filter(|f| source.contains_key(f.url));
            matches!((named.next(), named.next()), (Some(form), None) if form.fits(source))
        }
        Some(_) => false,
    };
    let source = (!good).then(|| wrong("source", want));
    let is_flag = |key: &str| {
        let text = spec.string(key);
        text.is_none_or(|text| matches!(text.as_str(), "true" | "false"))
    };
    let flags = flags.iter().filter(|key| !is_flag(key));
    source
        .into_iter()
        .chain(flags.map(|key| wrong(key, "`true` or `false`")))
        .collect()
}

/// What the objects of a unit are called.
pub(super) fn name(task: &Task) -> String {
    // one that is too long is refused by the server: cut off, it could be that of another
    cluster::name(task, usize::MAX)
}

/// A text.
pub(super) fn text(text: impl Into<String>) -> Term {
    Term::String(text.into())
}

/// A map.
pub(super) fn map<const N: usize>(entries: [(&str, Term); N]) -> Term {
    let own = |(key, value): (&str, Term)| (key.to_owned(), value);
    Term::Map(entries.into_iter().map(own).collect())
}

/// A map of what is there.
pub(super) fn given<const N: usize>(entries: [(&str, Option<Term>); N]) -> Term {
    let own = |(key, value): (&str, Option<Term>)| Some((key.to_owned(), value?));
    Term::Map(entries.into_iter().filter_map(own).collect())
}

/// An object with the unit's name.
pub(super) fn object(
    version: &str,
    kind: &str,
    name: &str,
    namespace: &str,
    rest: (&str, Term),
) -> Term {
    let metadata = map([("name", text(name)), ("namespace", text(namespace))]);
    map([
        ("apiVersion", text(version)),
        ("kind", text(kind)),
        ("metadata", metadata),
        rest,
    ])
}

/// Several objects.
pub(super) fn list(objects: Vec<Term>) -> Term {
    map([
        ("apiVersion", text("v1")),
        ("kind", text("List")),
        ("items", Term::List(objects)),
    ])
}

/// An option that is a text.
pub(super) fn option(task: &Task, key: &str) -> Option<Term> {
    task.spec.string(key).map(text)
}

/// An option that is true or false.
pub(super) fn flag(task: &Task, key: &str, usual: bool) -> Result<bool, Failure> {
    match task.spec.options.get(key) {
        None | Some(Term::Null) => Ok(usual),
        Some(Term::Bool(b)) => Ok(*b),
        Some(_) => Err(unusable(&task.spec.engine, key, "`true` or `false`")),
    }
}

/// The one of several keys that a source has, with its value; an error names all.
pub(super) fn one_of(
    task: &Task,
    source: &BTreeMap<String, Term>,
    keys: &[&str],
    others: &[&str],
    want: &str,
) -> Result<(String, Term), Failure> {
    let wrong = || unusable(&task.spec.engine, "source", want);
    if source
        .keys()
        .any(|k| !keys.contains(&k.as_str()) && !others.contains(&k.as_str()))
    {
        return Err(wrong());
    }
    let mut found = source.iter().filter(|(k, _)| keys.contains(&k.as_str()));
    match (found.next(), found.next()) {
        (Some((key, value)), None) => Ok((key.clone(), value.clone())),
        _ => Err(wrong()),
    }
}
