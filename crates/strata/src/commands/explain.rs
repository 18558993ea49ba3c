//! `strata explain`: where every input of a unit comes from; of a file whose it is, and in a repo of BitOps what it is
//! made of.
mod file;
mod layers;

use crate::{args::Global, context::Context, problem::Problem};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use strata_core::{
    diagnostic::suggest,
    exit,
    name::Address,
    span::{Location, line_column},
    tree::Tree,
    value::Term,
};
use strata_ops::{
    compose::Composition,
    explain::{self, Explained, Written},
    scope::NoOutputs,
};
use strata_plan::recorded::Recorded;

/// Runs it.
pub fn run(global: &Global, of: &str) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let (c, _) = cx.compose()?;
    if let Some(reading) = layers::read(&cx)?
        && layers::file(&cx, &reading, of)
    {
        return Ok(exit::DONE);
    }
    let is_unit = of.parse().is_ok_and(|a: Address| c.position(&a).is_some());
    if !is_unit && file::explain(&c, of, cx.json()) {
        return Ok(exit::DONE);
    }
    let (unit, only) = find(&c, of)?;
    let names = explain::inputs(&c, unit);
    let clustered = c.variant(&c.units[unit]).component.cluster.is_some();
    let asks_cluster = only
        .as_ref()
        .is_none_or(|o| o == "cluster" && !names.contains(o));
    if let Some(name) = &only
        && !names.contains(name)
        && !(clustered && asks_cluster)
    {
        let address = &c.units[unit].address;
        return Err(
            Problem::usage(format!("{address} has no input `{name}`")).hint(
                suggest(name, names.iter().map(String::as_str)).unwrap_or_else(|| {
                    format!(
                        "its inputs are: {}",
                        names.iter().cloned().collect::<Vec<_>>().join(", ")
                    )
                }),
            ),
        );
    }
    let recorded = if cx.has_store() {
        Some(Recorded::new(cx.store()?.applied_rows(None)?))
    } else {
        None
    };
    let all: Vec<Explained> = names
        .iter()
        .filter(|n| only.as_ref().is_none_or(|o| o == *n))
        .map(|n| match &recorded {
            Some(r) => explain::input(&c, unit, n, r),
            None => explain::input(&c, unit, n, &NoOutputs),
        })
        .collect();
    let cluster = match &recorded {
        _ if !asks_cluster => None,
        Some(r) => explain::cluster(&c, unit, r),
        None => explain::cluster(&c, unit, &NoOutputs),
    };
    let tree = c.loaded.tree.as_ref();
    if cx.json() {
        let list: Vec<Json> = all.iter().map(|e| as_json(e, tree)).collect();
        let mut whole = json!({"unit": c.units[unit].address, "inputs": list});
        if let Some(cluster) = &cluster {
            whole["cluster"] = as_json(cluster, tree);
        }
        println!(
            "{}",
            serde_json::to_string_pretty(&whole).expect("plain data")
        );
        return Ok(exit::DONE);
    }
    head(&c, unit);
    for e in &all {
        print!("{}", text(e, &format!("{} ({}", e.input, e.ty), tree));
    }
    if let Some(cluster) = &cluster {
        print!("{}", text(cluster, "cluster (of its engine", tree));
    }
    if only.is_none()
        && let Some(reading) = layers::read(&cx)?
    {
        print!("{}", layers::unit(&reading, &c.units[unit].address));
    }
    Ok(exit::DONE)
}

/// `ADDRESS` or `ADDRESS.INPUT`.
fn find(c: &Composition, of: &str) -> Result<(usize, Option<String>), Problem> {
    let unit = |text: &str| c.position(&text.parse::<Address>().ok()?);
    if let Some(unit) = unit(of) {
        return Ok((unit, None));
    }
    if let Some((address, input)) = of.rsplit_once('.')
        && let Some(unit) = unit(address)
    {
        return Ok((unit, Some(input.to_owned())));
    }
    let names: Vec<String> = c.units.iter().map(|u| u.address.to_string()).collect();
    let address = of.rsplit_once('.').map_or(of, |(a, _)| a);
    Err(
        Problem::usage(format!("there is no unit `{address}`")).hint(
            suggest(address, names.iter().map(String::as_str))
                .unwrap_or_else(|| "units are `ENV/NAME`; `strata graph` lists them".to_owned()),
        ),
    )
}

fn head(c: &Composition, unit: usize) {
    let u = &c.units[unit];
    let v = c.variant(u);
    println!(
        "{}  layer {}, engine {}, folder {}",
        u.address,
        c.layer(u),
        v.component.engine,
        c.loaded.tree.shown(&v.component.folder)
    );
    if let Some(origin) = &v.origin {
        let whose = match &origin.pin {
            Some(pin) => format!(" at {}, commit {}", pin.version, pin.commit),
            None => String::new(),
        };
        let tree = c.loaded.tree.as_ref();
        let at = place(&origin.at, tree);
        println!("  files from {}{whose}, named at {at}", origin.shown());
    }
    if let Some(within) = &c.env(u).within {
        let whose = match &within.pin {
            Some(pin) => format!("{} at {}, commit {}", pin.repo, pin.version, pin.commit),
            None => "this repository".to_owned(),
        };
        let tree = c.loaded.tree.as_ref();
        println!(
            "  import {}: environment {} of {whose}, wished for at {}",
            within.path,
            within.environment,
            place(&within.at, tree)
        );
    }
}

/// A value for people: what is secret or not known is named.
pub fn shown(term: &Term) -> String {
    match term {
        Term::Secret(s) => format!("(secret {}:{})", s.store, s.key),
        Term::Hole { filled_by, .. } => {
            format!(
                "(known after {}: {})",
                filled_by.unit,
                filled_by.path.join(".")
            )
        }
        Term::Text(_) => "(a text with a secret in it)".to_owned(),
        Term::List(l) => format!("[{}]", l.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Term::Map(m) => {
            let entries: Vec<String> = m
                .iter()
                .map(|(k, t)| format!("{k}: {}", shown(t)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Term::Predicted { value, .. } => shown(value),
        plain => plain
            .plain()
            .map_or_else(String::new, |v| v.to_json().to_string()),
    }
}

fn place(at: &Location, tree: &dyn Tree) -> String {
    let (line, column) = line_column(&tree.text(&at.file).unwrap_or_default(), at.span.start);
    format!("{}:{line}:{column}", tree.shown(&at.file))
}

fn text(e: &Explained, name: &str, tree: &dyn Tree) -> String {
    let mut out = String::new();
    let value = match &e.value {
        None if e.written.is_empty() => "nobody gives it".to_owned(),
        None => "its tool's default".to_owned(),
        Some(Ok(term)) => shown(term),
        Some(Err(problem)) => format!("cannot be worked out: {}", problem.message),
    };
    let sensitive = if e.sensitive { ", sensitive" } else { "" };
    let _ = writeln!(out, "  {name}{sensitive}) = {value}");
    let mut line = |mark: &str, w: &Written| {
        let _ = writeln!(
            out,
            "    {mark} {}  {}  {}",
            place(&w.at, tree),
            w.source,
            w.text
        );
    };
    let last = e.written.len().saturating_sub(1);
    for (i, w) in e.written.iter().enumerate().rev() {
        line(if i == last { "from" } else { "over" }, w);
    }
    for w in &e.values {
        line("with", w);
    }
    if let Some(at) = &e.declared {
        let _ = writeln!(out, "    declared {}", place(at, tree));
    }
    out
}

fn as_json(e: &Explained, tree: &dyn Tree) -> Json {
    let written = |list: &[Written]| -> Vec<Json> {
        list.iter()
            .map(|w| json!({"source": w.source, "at": place(&w.at, tree), "text": w.text}))
            .collect()
    };
    json!({
        "input": e.input,
        "type": e.ty.to_string(),
        "sensitive": e.sensitive,
        "description": e.description,
        "declared": e.declared.as_ref().map(|at| place(at, tree)),
        "value": e.value.as_ref().map(|v| match v {
            Ok(term) => shown(term),
            Err(problem) => format!("cannot be worked out: {}", problem.message),
        }),
        "written": written(&e.written),
        "values": written(&e.values),
    })
}
