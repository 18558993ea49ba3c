//! Tests of policies: rules whose name begins with `test_`.
use crate::{
    load::{LIMIT, Sources},
    place, rules,
};
use regorus::Value;
use strata_core::{diagnostic::Diagnostic, span::Location};

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be evaluated.
    Error(String),
    /// Its name begins with `todo_`.
    Skipped,
}

/// A test.
#[derive(Clone, Debug)]
pub struct Test {
    /// `data.PACKAGE.test_NAME`.
    pub name: String,
    /// Where it stands.
    pub at: Location,
    /// What became of it.
    pub verdict: Verdict,
    /// What it printed.
    pub printed: Vec<String>,
}

/// Runs every test of these policies, in the order of their names. Policies that cannot be used run no test.
pub fn run(sources: &Sources) -> Result<Vec<Test>, Vec<Diagnostic>> {
    let (mut engine, problems) = sources.engine(LIMIT);
    if !problems.is_empty() {
        return Err(problems);
    }
    engine.set_gather_prints(true);
    let tests = rules::find(&mut engine, sources).tests;
    let run = tests.into_iter().map(|(name, at)| {
        let skipped = name
            .rsplit('.')
            .next()
            .is_some_and(|n| n.starts_with("todo_"));
        let verdict = if skipped {
            Verdict::Skipped
        } else {
            engine.set_input(Value::new_object());
            match engine.eval_rule(name.clone()) {
                Ok(Value::Undefined | Value::Bool(false)) => Verdict::Failed,
                Ok(_) => Verdict::Passed,
                Err(e) => Verdict::Error(place::said(&e.to_string()).0),
            }
        };
        Test {
            name,
            at,
            verdict,
            printed: engine.take_prints().unwrap_or_default(),
        }
    });
    Ok(run.collect())
}
