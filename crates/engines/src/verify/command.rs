//! The verifier `command`: a program that has to end with 0. What it is given by `env` and `files` is its own, beside what
//! every command of a component sees.
use super::keys::{Bad, Keys};
use crate::{
    outcome::{failed, last_line},
    script::environment,
};
use std::collections::BTreeMap;
use strata_core::{
    engine::{Content, EnvValue, Finding, Generated, Got, Invocation, Place, Report, Task},
    value::Term,
};

/// A command: a list of texts, or `{run, env, files}`.
pub struct Command {
    run: Vec<String>,
    env: BTreeMap<String, Term>,
    files: BTreeMap<String, Term>,
}

impl Command {
    /// From what stands there.
    pub fn of(term: &Term) -> Result<Self, Bad> {
        if !matches!(term, Term::Map(_)) {
            return Ok(Self {
                run: Keys::texts_of("command", term)?,
                env: BTreeMap::new(),
                files: BTreeMap::new(),
            });
        }
        let keys = Keys::of("command", term, &["run", "env", "files"])?;
        let run = keys
            .term("run")
            .ok_or_else(|| Bad::invalid("`command` needs `run`: a program and its arguments"))?;
        Ok(Self {
            run: Keys::texts_of("command.run", run)?,
            env: variables(&keys, "env")?,
            files: variables(&keys, "files")?,
        })
    }
    /// The private files that variables lead to.
    pub fn files(&self) -> Vec<Generated> {
        let file = |(name, term): (&String, &Term)| Generated {
            at: place(name),
            content: Content::Term(term.clone()),
            mode: 0o600,
        };
        self.files.iter().map(file).collect()
    }
    /// How it is run.
    pub fn invocation(&self, task: &Task) -> Invocation {
        let mut invocation = environment::invocation(task, "verify", &self.run);
        let env = self.env.iter();
        let env = env.map(|(name, term)| (name.clone(), EnvValue::Term(term.clone())));
        let files = self.files.keys();
        let files = files.map(|name| (name.clone(), EnvValue::Path(place(name))));
        invocation.env.extend(env.chain(files));
        invocation
    }
}

fn place(name: &str) -> Place {
    Place::private(format!("verify-{name}"))
}

/// Variables by name: names become those of files.
fn variables(keys: &Keys<'_>, key: &'static str) -> Result<BTreeMap<String, Term>, Bad> {
    let Some(term) = keys.term(key) else {
        return Ok(BTreeMap::new());
    };
    let Term::Map(map) = term else {
        let why = format!("`command.{key}` has to be a map of variables");
        return Err(Bad::invalid(why));
    };
    let good = |name: &str| {
        let mut all = name.chars();
        let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
        all.all(word) && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    match map.keys().find(|name| !good(name)) {
        Some(name) => Err(Bad::invalid(format!(
            "`{name}` of `command.{key}` is no name of a variable"
        ))),
        None => Ok(map.clone()),
    }
}

/// What came of it.
pub fn said(got: &Got) -> Finding {
    let Some(code) = got.code() else {
        return failed("the verifier", got);
    };
    let line = last_line(got.tail());
    let summary = match (code, line) {
        (0, Some(line)) => line.to_owned(),
        (0, None) => "passed".to_owned(),
        (code, Some(line)) => format!("exit code {code}: {line}"),
        (code, None) => format!("exit code {code}"),
    };
    let detail = if code == 0 {
        vec![]
    } else {
        got.tail().lines().map(str::to_owned).collect()
    };
    Finding::Verified(Report {
        verifier: "command".to_owned(),
        ok: code == 0,
        summary,
        detail,
        report: None,
    })
}
