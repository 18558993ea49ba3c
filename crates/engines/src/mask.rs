//! What of a tool's plan may be shown: sensitive values are masked, and so is every text in which one of them stands.
//!
//! Terraform marks what it knows to be sensitive, but loses the mark on the way through some resources, and does
//! not know that a value came from a secret store when its variable is not declared sensitive. Helm marks nothing.
use serde_json::Value as Json;
use std::collections::BTreeMap;
use strata_core::value::Term;

/// What stands in the place of a sensitive value.
pub const SENSITIVE: &str = "(sensitive)";
/// What stands in the place of a value that does not exist yet.
pub const UNKNOWN: &str = "(known after apply)";

/// Shorter texts occur everywhere; to mask them would hide nothing and show which they are.
const SHORTEST: usize = 4;
/// Characters of a value that are shown.
const LONGEST: usize = 120;

/// Texts that must not be shown.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets among the inputs, with their values as the plan has them.
    pub fn of_inputs(inputs: &BTreeMap<String, Term>, variables: &BTreeMap<String, Json>) -> Self {
        let mut secrets = Self::default();
        for (name, term) in inputs.iter().filter(|(_, term)| term.is_secret()) {
            if let Some(variable) = variables.get(name) {
                secrets.of_term(term, &variable["value"]);
            }
        }
        secrets
    }
    /// Those of both.
    pub fn and(mut self, other: Self) -> Self {
        other.0.iter().for_each(|text| self.add(text));
        self
    }
    fn of_term(&mut self, term: &Term, value: &Json) {
        match (term, value) {
            (Term::Secret(_), value) => self.all(value),
            (Term::Text(parts), Json::String(text)) => self.of_text(parts, text),
            (Term::List(terms), Json::Array(values)) => {
                terms
                    .iter()
                    .zip(values)
                    .for_each(|(t, v)| self.of_term(t, v));
            }
            (Term::Map(terms), Json::Object(values)) => {
                let pairs = terms
                    .iter()
                    .filter_map(|(name, t)| Some((t, values.get(name)?)));
                pairs.for_each(|(t, v)| self.of_term(t, v));
            }
            (term, value) if term.is_secret() => self.all(value),
            _ => {}
        }
    }
    /// What is left of a text without the known parts at its ends.
    fn of_text(&mut self, parts: &[Term], text: &str) {
        let known = |term: Option<&Term>| term.and_then(Term::plain).and_then(|v| v.scalar_text());
        let start = known(parts.first()).unwrap_or_default();
        let end = known(parts.last()).unwrap_or_default();
        let inner = text.strip_prefix(&start).unwrap_or(text);
        self.add(inner.strip_suffix(&end).unwrap_or(inner));
    }
    /// Every text in a value.
    fn all(&mut self, value: &Json) {
        match value {
            Json::String(text) => self.add(text),
            Json::Number(n) => self.add(&n.to_string()),
            Json::Array(values) => values.iter().for_each(|v| self.all(v)),
            Json::Object(values) => values.values().for_each(|v| self.all(v)),
            _ => {}
        }
    }
    fn add(&mut self, text: &str) {
        if text.len() >= SHORTEST && !self.0.iter().any(|t| t == text) {
            self.0.push(text.to_owned());
        }
    }
    /// Also what Terraform itself marks in a value.
    pub fn marked(&mut self, value: &Json, sensitive: &Json) {
        match (value, sensitive) {
            (value, Json::Bool(true)) => self.all(value),
            (Json::Array(values), Json::Array(marks)) => {
                values
                    .iter()
                    .zip(marks)
                    .for_each(|(v, m)| self.marked(v, m));
            }
            (Json::Object(values), Json::Object(marks)) => {
                marks
                    .iter()
                    .filter_map(|(k, m)| Some((values.get(k)?, m)))
                    .for_each(|(v, m)| self.marked(v, m));
            }
            _ => {}
        }
    }
    /// Does one of them stand in a value?
    pub fn stand_in(&self, value: &Json) -> bool {
        let stands = |text: &str| self.0.iter().any(|secret| text.contains(secret.as_str()));
        match value {
            Json::String(text) => stands(text),
            Json::Number(n) => stands(&n.to_string()),
            Json::Array(values) => values.iter().any(|v| self.stand_in(v)),
            Json::Object(values) => values.iter().any(|(k, v)| stands(k) || self.stand_in(v)),
            _ => false,
        }
    }
}

/// Is any part of it marked? (`true`, or a structure with a `true` in it.)
pub fn any_mark(marks: &Json) -> bool {
    match marks {
        Json::Bool(mark) => *mark,
        Json::Array(parts) => parts.iter().any(any_mark),
        Json::Object(parts) => parts.values().any(any_mark),
        _ => false,
    }
}

/// A value with all that must not be shown replaced.
pub fn masked(value: &Json, sensitive: &Json, secrets: &Secrets) -> Json {
    match (value, sensitive) {
        (_, Json::Bool(true)) => Json::from(SENSITIVE),
        (Json::Array(values), marks) => {
            let part = |(i, v)| masked(v, &marks[i], secrets);
            Json::Array(values.iter().enumerate().map(part).collect())
        }
        (Json::Object(values), marks) => Json::Object(
            values
                .iter()
                .map(|(k, v)| (k.clone(), masked(v, &marks[k.as_str()], secrets)))
                .collect(),
        ),
        (scalar, _) if secrets.stand_in(scalar) => Json::from(SENSITIVE),
        (scalar, _) => scalar.clone(),
    }
}

/// One leaf of a value.
pub struct Leaf {
    /// As it is, to compare; `None` when it does not exist yet.
    pub raw: Option<Json>,
    /// As it may be shown.
    pub shown: String,
}

/// The leaves of a value by path; nothing (`null`) has none.
pub fn leaves(
    value: &Json,
    sensitive: &Json,
    unknown: &Json,
    secrets: &Secrets,
) -> BTreeMap<String, Leaf> {
    let mut out = BTreeMap::new();
    descend(value, sensitive, unknown, secrets, "", &mut out);
    out
}

fn descend(
    value: &Json,
    sensitive: &Json,
    unknown: &Json,
    secrets: &Secrets,
    path: &str,
    out: &mut BTreeMap<String, Leaf>,
) {
    let mut leaf = |raw: Option<Json>, shown: String| {
        out.insert(path.to_owned(), Leaf { raw, shown });
    };
    match (value, sensitive, unknown) {
        (_, Json::Bool(true), Json::Bool(true)) => leaf(None, format!("{SENSITIVE} {UNKNOWN}")),
        (_, _, Json::Bool(true)) => leaf(None, UNKNOWN.to_owned()),
        (Json::Null, _, Json::Object(parts)) if !parts.is_empty() => {
            for (name, unknown) in parts {
                descend(
                    &Json::Null,
                    &sensitive[name.as_str()],
                    unknown,
                    secrets,
                    &below(path, name),
                    out,
                );
            }
        }
        (Json::Null, ..) => {}
        (raw, Json::Bool(true), _) => leaf(Some(raw.clone()), SENSITIVE.to_owned()),
        (Json::Object(values), marks, unknown) if !values.is_empty() => {
            for (name, v) in values {
                descend(
                    v,
                    &marks[name.as_str()],
                    &unknown[name.as_str()],
                    secrets,
                    &below(path, name),
                    out,
                );
            }
            for (name, unknown) in unknown
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(k, _)| !values.contains_key(*k))
            {
                descend(
                    &Json::Null,
                    &marks[name.as_str()],
                    unknown,
                    secrets,
                    &below(path, name),
                    out,
                );
            }
        }
        (Json::Array(values), marks, unknown) if !values.is_empty() => {
            for (i, v) in values.iter().enumerate() {
                descend(
                    v,
                    &marks[i],
                    &unknown[i],
                    secrets,
                    &format!("{path}[{i}]"),
                    out,
                );
            }
        }
        (scalar, ..) if secrets.stand_in(scalar) => {
            leaf(Some(scalar.clone()), SENSITIVE.to_owned());
        }
        (scalar, ..) => leaf(Some(scalar.clone()), short(scalar)),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn short(scalar: &Json) -> String {
    let text = scalar.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
