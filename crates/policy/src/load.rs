//! Policies and data from their texts.
use crate::{code, place};
use regorus::{Engine, Value};
use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc, time::Duration};
use strata_core::{diagnostic::Diagnostic, span::Location};

/// How long one rule may take for one document.
pub const LIMIT: Duration = Duration::from_secs(2);

/// A file of Rego.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Its path, relative to the platform's root.
    pub path: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// A file of data: its content is merged into `data`.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// Its path, relative to the platform's root.
    pub path: Arc<str>,
    /// Its content.
    pub value: serde_json::Value,
}

/// Everything that policies are made of.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Rego.
    pub policies: Vec<PolicyFile>,
    /// Data.
    pub data: Vec<DataFile>,
}

impl Sources {
    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }
    /// The text of a policy.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let file = self.policies.iter().find(|p| p.path.as_ref() == path)?;
        Some(&file.text)
    }
    /// The path that the sources have for a text.
    pub(crate) fn path(&self, path: &str) -> Arc<str> {
        let known = self.policies.iter().find(|p| p.path.as_ref() == path);
        known.map_or_else(|| Arc::from(path), |p| p.path.clone())
    }
    /// An evaluator with all of it, and what is wrong with it. What is wrong is left out.
    pub(crate) fn engine(&self, limit: Duration) -> (Engine, Vec<Diagnostic>) {
        let mut engine = Engine::new();
        // as OPA has it: a function that cannot work on its arguments gives nothing
        engine.set_strict_builtin_errors(false);
        engine.set_execution_timer_config(regorus::utils::limits::ExecutionTimerConfig {
            limit,
            check_interval: NonZeroU32::new(256).unwrap_or(NonZeroU32::MIN),
        });
        let mut problems = Vec::new();
        for file in &self.policies {
            if let Err(said) = add(&mut engine, file) {
                problems.push(place::diagnostic(code::SYNTAX, "", &said, |path| {
                    self.text(path)
                }));
            }
        }
        let mut from: BTreeMap<&str, &DataFile> = BTreeMap::new();
        for file in &self.data {
            let at = Location::file(file.path.clone());
            let Some(object) = file.value.as_object() else {
                problems.push(
                    Diagnostic::error(code::DATA, "a data file must have an object at its top")
                        .at(at)
                        .help("policies find its keys under `data`: give the content a name"),
                );
                continue;
            };
            let value = serde_json::from_value::<Value>(file.value.clone()).unwrap_or(Value::Null);
            if let Err(e) = engine.add_data(value) {
                let other = object.keys().find_map(|k| from.get(k.as_str()));
                let problem = Diagnostic::error(
                    code::DATA,
                    format!("two data files say different things: {e}"),
                )
                .at(at)
                .help("give one of the two keys another name");
                problems.push(match other {
                    Some(other) => problem.related(Location::file(other.path.clone()), "the other"),
                    None => problem,
                });
            }
            from.extend(object.keys().map(|k| (k.as_str(), file)));
        }
        (engine, problems)
    }
}

/// Adds a policy, in the syntax that it is written in: that of today, else that of Rego before 1.0.
fn add(engine: &mut Engine, file: &PolicyFile) -> Result<(), String> {
    let mut try_as = |v0: bool| {
        engine.set_rego_v0(v0);
        engine
            .add_policy(file.path.to_string(), file.text.to_string())
            .map_err(|e| e.to_string())
    };
    let Err(today) = try_as(false) else {
        return Ok(());
    };
    if words_of_today(&file.text) && !file.text.contains("future.keywords") {
        return Err(today);
    }
    let Err(before) = try_as(true) else {
        return Ok(());
    };
    // the syntax that gets further is the one that was meant
    let reach = |said: &str| place::said(said).1.map(|(_, line, column)| (line, column));
    Err(if reach(&before) >= reach(&today) {
        before
    } else {
        today
    })
}

/// Does `if` or `contains` stand in a policy as a keyword?
fn words_of_today(text: &str) -> bool {
    let mut rest = text;
    let mut last = ' ';
    while let Some(c) = rest.chars().next() {
        let end = match c {
            '#' => rest.find('\n'),
            '`' => rest[1..].find('`').map(|i| i + 2),
            '"' => quoted(rest),
            c if c.is_alphanumeric() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len());
                let called = rest[end..].starts_with('(');
                if matches!(&rest[..end], "if" | "contains") && !called && last != '.' {
                    return true;
                }
                Some(end)
            }
            c => Some(c.len_utf8()),
        };
        last = c;
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    false
}

/// The length of the text in quotes with which something begins.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map(|i| i + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_told_from_texts_and_calls() {
        assert!(words_of_today("deny contains msg if { true }"));
        assert!(words_of_today("x := 1 if true"));
        for before in [
            "deny[msg] { contains(msg, \"if\") } # if so",
            "x = `a if b` { true }",
            "x = \"\\\" if \" { y }",
            "deny[m] { input.if }",
        ] {
            assert!(!words_of_today(before), "{before}");
        }
    }
}
