//! `strata diff`: how an environment, resolved, differs from another revision, another environment or another lock.
use super::shown;
use crate::{args::Global, context::Context, problem::Problem, view::diagnostics};
use serde_json::{Value as Json, json};
use std::fs;
use strata_core::{diagnostic::Diagnostic, exit, tree::MemoryTree, value::Term};
use strata_ops::{
    compose::Composition,
    differ::{Difference, Kind, Side, differ},
    imports::{LOCK_FILE, Lock},
};

/// Runs it.
pub fn run(global: &Global, env: &str, against: &str) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = cx.envs(&c, &[env.to_owned()], false)?;
    let env = envs[0].as_str();
    let new = Side { c: &c, env };
    let found = if c.env_named(against).is_some() {
        let old = Side {
            c: &c,
            env: against,
        };
        differ(old, new)
    } else {
        let (old, problems) = if cx.root.join(against).is_file() {
            under_lock(&cx, against)?
        } else {
            cx.revision(against, &c)?
        };
        if let Some(first) = problems.iter().find(|p| p.is_error()) {
            let why = format!("the files at {against} are not valid: {}", first.message);
            return Err(
                Problem::new(exit::INVALID, why).hint("choose something else to compare with")
            );
        }
        differ(Side { c: &old, env }, new)
    };
    if cx.json() {
        let all: Vec<Json> = found.iter().map(as_json).collect();
        let whole = json!({"environment": env, "against": against, "units": all});
        println!(
            "{}",
            serde_json::to_string_pretty(&whole).expect("plain data")
        );
        return Ok(exit::DONE);
    }
    for d in &found {
        print(d);
    }
    if found.is_empty() {
        eprintln!("{env} is the same as {against}");
    } else {
        let s = if found.len() == 1 { "" } else { "s" };
        eprintln!("{} unit{s} of {env} differ from {against}", found.len());
    }
    Ok(exit::DONE)
}

/// The platform of today under another lock.
fn under_lock(cx: &Context, file: &str) -> Result<(Composition, Vec<Diagnostic>), Problem> {
    let path = cx.root.join(file);
    let doing = |e: std::io::Error| Problem::io(format!("read `{}`", path.display()), &e);
    let text = fs::read_to_string(&path).map_err(doing)?;
    let alone = MemoryTree::new([(LOCK_FILE, text.as_str())]);
    let mut problems = Vec::new();
    let lock = Lock::of(&alone, &mut problems);
    if !problems.is_empty() {
        diagnostics::print(&problems, &alone, cx.color);
        return Err(Problem::invalid(&problems));
    }
    cx.under_lock(&lock)
}

fn said(term: Option<&Term>) -> String {
    match term {
        None => "nothing".to_owned(),
        Some(Term::String(text)) if !text.contains('\n') => text.clone(),
        Some(term) => shown(term),
    }
}

fn print(d: &Difference) {
    let mark = match d.kind {
        Kind::Added => "+",
        Kind::Removed => "-",
        Kind::Changed => "~",
    };
    println!("{mark} {}", d.unit);
    for p in &d.parts {
        match (d.kind, p.was.as_ref(), p.is.as_ref()) {
            (Kind::Changed, Some(was), Some(is)) => {
                println!("    {}: {} → {}", p.name, said(Some(was)), said(Some(is)));
            }
            (Kind::Changed, None, is) => println!("  + {}: {}", p.name, said(is)),
            (Kind::Changed, was, None) => println!("  - {}: {}", p.name, said(was)),
            (_, was, is) => println!("    {}: {}", p.name, said(is.or(was))),
        }
    }
}

fn as_json(d: &Difference) -> Json {
    let parts: Vec<Json> = d
        .parts
        .iter()
        .map(|p| json!({"part": p.name, "was": p.was.as_ref().map(shown_plain), "is": p.is.as_ref().map(shown_plain)}))
        .collect();
    let change = match d.kind {
        Kind::Added => "added",
        Kind::Removed => "removed",
        Kind::Changed => "changed",
    };
    json!({"unit": d.unit, "change": change, "parts": parts})
}

/// A text as it is, everything else as `explain` shows it: never a secret.
fn shown_plain(term: &Term) -> String {
    said(Some(term))
}
