//! What a command of a component sees: variables `STRATA_*` and the private files behind them.
//!
//! Part of the format of an operations repo (FORMAT.md): `apply`, `plan`, `check`, `destroy`, `observe` and
//! `verify` commands all see the same.
use crate::frame::command;
use std::collections::BTreeMap;
use strata_core::{
    engine::{Content, EnvValue, Generated, Invocation, Place, Task},
    value::Term,
};

/// The private file that an apply writes its outputs to.
pub const OUTPUTS: &str = "outputs.json";

/// The private files behind the variables.
pub fn files(task: &Task) -> Vec<Generated> {
    let file = |path: &str, terms: &BTreeMap<String, Term>| Generated {
        at: Place::private(path),
        content: Content::Json(Term::Map(terms.clone())),
        mode: 0o600,
    };
    vec![
        file("inputs.json", &task.inputs),
        file("recorded.json", &task.recorded),
    ]
}

/// The variables.
pub fn variables(task: &Task) -> BTreeMap<String, EnvValue> {
    let path = |path: &str| EnvValue::Path(Place::private(path));
    let text = |text: String| EnvValue::Text(text);
    let mut env = BTreeMap::from([
        ("STRATA_ENV".to_owned(), text(task.unit.env.to_string())),
        ("STRATA_UNIT".to_owned(), text(task.unit.to_string())),
        ("STRATA_INPUTS".to_owned(), path("inputs.json")),
        ("STRATA_RECORDED".to_owned(), path("recorded.json")),
        ("STRATA_OUTPUTS".to_owned(), path(OUTPUTS)),
        ("STRATA_STATE".to_owned(), EnvValue::Path(Place::state(""))),
    ]);
    for (name, term) in &task.inputs {
        if let Some(value) = plain_variable(term) {
            env.insert(variable(name), value);
        }
    }
    env
}

/// A scalar without a secret in it, or the path of an artifact.
fn plain_variable(term: &Term) -> Option<EnvValue> {
    match term {
        Term::Map(map) if map.contains_key(crate::declared::ARTIFACT) => {
            Some(EnvValue::Term(term.clone()))
        }
        _ => Some(EnvValue::Text(term.plain()?.scalar_text()?)),
    }
}

/// `STRATA_INPUT_` and the name of an input, as a variable may be called.
fn variable(input: &str) -> String {
    let name: String = input
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    format!("STRATA_INPUT_{name}")
}

/// A command of the component in its folder, with everything that it may see.
pub fn invocation(task: &Task, label: &str, argv: &[String]) -> Invocation {
    let mut invocation = command(label, argv);
    invocation.env = variables(task);
    invocation
}
