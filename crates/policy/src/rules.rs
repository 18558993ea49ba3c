//! Which rules of the policies speak: those that conftest would ask, and tests.
use regorus::{
    Engine,
    unstable::{Expr, Module, NodeRef, Rule, RuleHead, Span as RegoSpan},
};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Severity,
    span::{Location, Span},
};

use crate::load::Sources;

/// A rule that gives messages. It may have several definitions.
#[derive(Clone)]
pub(crate) struct Speaker {
    /// `data.PACKAGE.NAME`.
    pub path: String,
    /// Error or warning.
    pub severity: Severity,
    /// Its name without `deny_`, `violation_` or `warn_`: what exceptions call it.
    pub suffix: String,
    /// Its definitions, each with its place.
    pub definitions: Vec<Definition>,
    /// Is it about the whole platform?
    pub platform: bool,
    /// The exceptions of its package.
    pub exception: Option<String>,
}

/// One definition of a rule.
#[derive(Clone)]
pub(crate) struct Definition {
    pub module: NodeRef<Module>,
    pub rule: NodeRef<Rule>,
    pub at: Location,
}

/// All rules by path.
pub(crate) struct Found {
    /// Rules that give messages.
    pub speakers: Vec<Speaker>,
    /// Rules whose name begins with `test_` or `todo_test_`, with their first place.
    pub tests: Vec<(String, Location)>,
}

/// Error or warning, and the name that exceptions use, of a rule that gives messages.
fn speaks(name: &str) -> Option<(Severity, &str)> {
    let (severity, rest) = [
        ("deny", Severity::Error),
        ("violation", Severity::Error),
        ("warn", Severity::Warning),
    ]
    .into_iter()
    .find_map(|(word, severity)| Some((severity, name.strip_prefix(word)?)))?;
    if rest.is_empty() {
        return Some((severity, ""));
    }
    let suffix = rest.strip_prefix('_')?;
    suffix
        .split('_')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        .then_some((severity, suffix))
}

/// The rules of an evaluator's policies.
pub(crate) fn find(engine: &mut Engine, sources: &Sources) -> Found {
    let mut speakers: BTreeMap<String, Speaker> = BTreeMap::new();
    let mut exceptions: BTreeMap<String, String> = BTreeMap::new();
    let mut tests: BTreeMap<String, Location> = BTreeMap::new();
    for module in engine.get_modules().clone() {
        let package = module.package.refr.span().text().trim().to_owned();
        for rule in &module.policy {
            let Some((name, span)) = name(rule) else {
                continue;
            };
            let path = format!("data.{package}.{name}");
            let at = Location::new(sources.path(span.source.get_path()), head(span));
            if name == "exception" {
                exceptions.insert(package.clone(), path);
            } else if name.starts_with("test_") || name.starts_with("todo_test_") {
                tests.entry(path).or_insert(at);
            } else if let Some((severity, suffix)) = speaks(name) {
                speakers
                    .entry(path.clone())
                    .or_insert_with(|| Speaker {
                        path,
                        severity,
                        suffix: suffix.to_owned(),
                        definitions: Vec::new(),
                        platform: package == "platform" || package.starts_with("platform."),
                        exception: Some(package.clone()),
                    })
                    .definitions
                    .push(Definition {
                        module: module.clone(),
                        rule: rule.clone(),
                        at,
                    });
            }
        }
    }
    let speakers = speakers.into_values().map(|mut s| {
        s.exception = s.exception.and_then(|p| exceptions.get(&p).cloned());
        s
    });
    Found {
        speakers: speakers.collect(),
        tests: tests.into_iter().collect(),
    }
}

/// The name of a rule that is not a function, and where its head stands.
fn name(rule: &Rule) -> Option<(&str, &RegoSpan)> {
    let Rule::Spec {
        head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. },
        ..
    } = rule
    else {
        return None;
    };
    let name = match refr.as_ref() {
        Expr::RefBrack { refr, .. } => refr.span().text(),
        _ => refr.span().text(),
    };
    Some((name, rule.span()))
}

/// The first line of a rule.
fn head(span: &RegoSpan) -> Span {
    let first = span.text().lines().next().unwrap_or_default().trim_end();
    Span::new(span.start, span.start + first.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_conftest_speak() {
        assert_eq!(speaks("deny"), Some((Severity::Error, "")));
        assert_eq!(speaks("deny_no_tags"), Some((Severity::Error, "no_tags")));
        assert_eq!(speaks("violation_x"), Some((Severity::Error, "x")));
        assert_eq!(speaks("warn_x"), Some((Severity::Warning, "x")));
        for other in ["allow", "denying", "deny_", "warn__x", "deny_é", "warning"] {
            assert_eq!(speaks(other), None, "{other}");
        }
    }
}
