//! Policies, ready to be asked about documents.
pub use crate::load::LIMIT;
use crate::{
    Document, code,
    load::Sources,
    outcome::{Evaluated, finding, kind},
    place,
    rules::{self, Definition, Speaker},
};
use regorus::{Engine, Value};
use serde_json::Value as Json;
use std::{collections::BTreeSet, time::Duration};
use strata_core::diagnostic::Diagnostic;

/// What rules are asked about.
#[derive(Clone, Debug)]
pub enum Input {
    /// A unit as it is composed, with its environment and the platform.
    Composition {
        /// The unit.
        unit: Document,
        /// Its environment.
        environment: Document,
        /// The platform.
        platform: Document,
    },
    /// The same with a step of a plan.
    Plan {
        /// The unit.
        unit: Document,
        /// Its environment.
        environment: Document,
        /// The platform.
        platform: Document,
        /// The step.
        step: Document,
    },
    /// Everything at once.
    Platform {
        /// All units.
        units: Document,
        /// All environments by name.
        environments: Document,
        /// The platform.
        platform: Document,
    },
}

impl Input {
    /// As rules see it.
    pub fn document(&self) -> Document {
        let kind = |word: &str| ("kind", Document(Value::from(word)));
        match self.clone() {
            Self::Composition {
                unit,
                environment,
                platform,
            } => Document::object([
                kind("composition"),
                ("unit", unit),
                ("environment", environment),
                ("platform", platform),
            ]),
            Self::Plan {
                unit,
                environment,
                platform,
                step,
            } => Document::object([
                kind("plan"),
                ("unit", unit),
                ("environment", environment),
                ("platform", platform),
                ("step", step),
            ]),
            Self::Platform {
                units,
                environments,
                platform,
            } => Document::object([
                kind("platform"),
                ("units", units),
                ("environments", environments),
                ("platform", platform),
            ]),
        }
    }
}

/// Policies of a platform.
pub struct Policies {
    engine: Engine,
    sources: Sources,
    speakers: Vec<Speaker>,
    /// Rules that took too long: asking them again for every unit would only take longer.
    stopped: BTreeSet<String>,
}

impl Policies {
    /// From their texts, with everything that is wrong with them.
    pub fn load(sources: Sources) -> (Self, Vec<Diagnostic>) {
        Self::limited(sources, LIMIT)
    }
    /// The same with another limit for one rule and one document.
    pub fn limited(sources: Sources, limit: Duration) -> (Self, Vec<Diagnostic>) {
        let (mut engine, mut problems) = sources.engine(limit);
        let speakers = rules::find(&mut engine, &sources).speakers;
        let mut policies = Self {
            engine,
            sources,
            speakers,
            stopped: BTreeSet::new(),
        };
        if problems.is_empty() {
            problems.extend(policies.prepare());
        }
        (policies, problems)
    }
    /// Finds what only shows when all policies are together: names that nothing has.
    fn prepare(&mut self) -> Option<Diagnostic> {
        self.engine.set_input(Value::Undefined);
        let said = self.engine.eval_query("1".to_owned(), false).err()?;
        Some(self.placed(code::SYNTAX, "", &said.to_string()))
    }
    /// Is there any rule about units?
    pub fn about_units(&self) -> bool {
        self.speakers.iter().any(|s| !s.platform)
    }
    /// Is there any rule about the platform as a whole?
    pub fn about_platform(&self) -> bool {
        self.speakers.iter().any(|s| s.platform)
    }
    /// Asks every rule that is meant about a document.
    pub fn ask(&mut self, input: &Input) -> Evaluated {
        let whole = matches!(input, Input::Platform { .. });
        let mut out = Evaluated::default();
        self.engine.set_input(input.document().0);
        for i in 0..self.speakers.len() {
            if self.speakers[i].platform != whole || self.stopped.contains(&self.speakers[i].path) {
                continue;
            }
            match self.engine.eval_rule(self.speakers[i].path.clone()) {
                Ok(Value::Undefined) => {}
                Ok(Value::Set(set)) if set.is_empty() => {}
                Ok(Value::Array(list)) if list.is_empty() => {}
                Ok(value) => {
                    let speaker = self.speakers[i].clone();
                    self.messages(&speaker, &value, &mut out);
                }
                Err(e) => {
                    let path = self.speakers[i].path.clone();
                    out.problems.push(self.failed(&path, &e.to_string()));
                }
            }
        }
        out
    }

    fn messages(&mut self, speaker: &Speaker, value: &Value, out: &mut Evaluated) {
        let Some(all) = messages(value) else {
            let json = serde_json::to_value(value).unwrap_or_default();
            out.problems.push(
                Diagnostic::error(
                    code::RESULT,
                    format!(
                        "`{}` gives {}, not a set of messages",
                        speaker.path,
                        kind(&json)
                    ),
                )
                .at(speaker.definitions[0].at.clone())
                .help("write `deny contains msg if { … }`, or `deny[msg] { … }` before Rego 1.0"),
            );
            return;
        };
        let excepted = match self.excepted(speaker) {
            Ok(yes) => yes,
            Err(problem) => return out.problems.push(problem),
        };
        let who = self.who_says(speaker, &all);
        for (message, by) in all.into_iter().zip(who) {
            let at = speaker.definitions[by].at.clone();
            match finding(&speaker.path, speaker.severity, message, at) {
                Ok(mut finding) => {
                    finding.excepted = excepted;
                    out.findings.push(finding);
                }
                Err(problem) => out.problems.push(problem),
            }
        }
    }

    /// Which definition of a rule gives each of its messages.
    fn who_says(&mut self, speaker: &Speaker, all: &[Json]) -> Vec<usize> {
        let mut who = vec![0; all.len()];
        if speaker.definitions.len() < 2 {
            return who;
        }
        for (i, Definition { module, rule, .. }) in speaker.definitions.iter().enumerate().rev() {
            let Ok(data) = self.engine.eval_rule_in_module(module, rule, false) else {
                continue;
            };
            let path = speaker.path.split('.').skip(1);
            let value = path.fold(data, |v, key| v[key].clone());
            for said in messages(&value).unwrap_or_default() {
                for (slot, _) in who.iter_mut().zip(all).filter(|(_, m)| **m == said) {
                    *slot = i;
                }
            }
        }
        who
    }

    /// Does an exception of its package name this rule? As conftest has it: `exception` gives lists of names.
    fn excepted(&mut self, speaker: &Speaker) -> Result<bool, Diagnostic> {
        let Some(path) = &speaker.exception else {
            return Ok(false);
        };
        let value = match self.engine.eval_rule(path.clone()) {
            Ok(value) => value,
            Err(e) => return Err(self.failed(path, &e.to_string())),
        };
        let names = messages(&value).unwrap_or_default();
        Ok(names.iter().any(|list| {
            list.as_array()
                .is_some_and(|l| l.iter().any(|n| n.as_str() == Some(&speaker.suffix)))
        }))
    }

    fn failed(&mut self, path: &str, said: &str) -> Diagnostic {
        if said.contains("time limit") {
            self.stopped.insert(path.to_owned());
            let at = self.speakers.iter().find(|s| s.path == path);
            return Diagnostic::error(
                code::EVALUATION,
                format!("`{path}` takes too long and was stopped"),
            )
            .at_opt(at.map(|s| s.definitions[0].at.clone()))
            .help(format!(
                "a rule has {} for one document; look for loops over everything",
                words(LIMIT)
            ));
        }
        self.placed(code::EVALUATION, &format!("`{path}` fails: "), said)
    }

    fn placed(&self, code: &str, before: &str, said: &str) -> Diagnostic {
        place::diagnostic(code, before, said, |path| self.sources.text(path))
    }
}

fn words(limit: Duration) -> String {
    format!("{} seconds", limit.as_secs())
}

/// The messages of a rule, when it gives a set or a list.
fn messages(value: &Value) -> Option<Vec<Json>> {
    matches!(value, Value::Set(_) | Value::Array(_)).then(|| {
        match serde_json::to_value(value).unwrap_or_default() {
            Json::Array(all) => all,
            _ => Vec::new(),
        }
    })
}
