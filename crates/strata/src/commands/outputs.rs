//! `strata outputs`: what was recorded at the last apply; no tool is started.
//!
//! What an engine notes for itself is no output: its name is none that could be declared.
use crate::{args::Global, context::Context, problem::Problem};
use serde_json::{Map, Value as Json};
use strata_core::{exit, name::Address, store::Applied, value::Value};

/// Runs it.
pub fn run(global: &Global, of: &str, name: Option<&str>, reveal: bool) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    if !cx.has_store() {
        return Err(Problem::usage("nothing was ever applied here"));
    }
    let store = cx.store()?;
    let unit: Option<Address> = of
        .contains('/')
        .then(|| of.parse())
        .transpose()
        .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))?;
    let mut found: Vec<Applied> = Vec::new();
    match &unit {
        Some(unit) => {
            let applied = store.applied(unit)?.ok_or_else(|| {
                Problem::usage(format!("{unit} was never applied"))
                    .hint(format!("apply it: strata apply {}", unit.env))
            })?;
            found.push(applied);
        }
        None => {
            for row in store.applied_rows(Some(of))? {
                found.extend(store.applied(&row.unit)?);
            }
        }
    }
    for applied in &mut found {
        applied.outputs.retain(|name, _| !name.starts_with('.'));
    }
    if let (Some(name), Some(applied)) = (name, found.first()) {
        let Some(output) = applied.outputs.get(name) else {
            let names: Vec<&str> = applied.outputs.keys().map(String::as_str).collect();
            return Err(Problem::usage(format!("{of} has no output `{name}`")).hint(
                strata_core::diagnostic::suggest(name, names.iter().copied())
                    .unwrap_or_else(|| format!("its outputs are: {}", names.join(", "))),
            ));
        };
        if output.sensitive && !reveal {
            return Err(Problem::new(exit::DENIED, format!("`{name}` is sensitive"))
                .hint("show it with `--reveal`"));
        }
        match &output.value {
            Value::String(s) if !cx.json() => println!("{s}"),
            v => println!("{}", v.to_json()),
        }
        return Ok(exit::DONE);
    }
    if cx.json() {
        let all: Map<String, Json> = found
            .iter()
            .map(|a| (a.unit.to_string(), Json::Object(outputs(a, reveal))))
            .collect();
        let json = if unit.is_some() {
            all.into_iter().next().map_or(Json::Null, |(_, v)| v)
        } else {
            Json::Object(all)
        };
        println!(
            "{}",
            serde_json::to_string_pretty(&json).expect("plain data")
        );
        return Ok(exit::DONE);
    }
    for applied in &found {
        println!("{}", applied.unit);
        for (name, output) in outputs(applied, reveal) {
            let text = match output {
                Json::String(s) => s,
                v => v.to_string(),
            };
            println!("  {name} = {text}");
        }
    }
    Ok(exit::DONE)
}

fn outputs(applied: &Applied, reveal: bool) -> Map<String, Json> {
    applied
        .outputs
        .iter()
        .map(|(k, o)| {
            let v = if o.sensitive && !reveal {
                Json::String("(sensitive)".to_owned())
            } else {
                o.value.to_json()
            };
            (k.clone(), v)
        })
        .collect()
}
