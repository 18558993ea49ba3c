//! `strata status`: how every unit stands, from the store and the files; no tool is started.
use crate::{
    args::Global,
    context::Context,
    problem::Problem,
    view::{plan::column, time},
};
use serde_json::json;
use std::collections::BTreeMap;
use strata_core::{exit, name::Address, store::AppliedRow};

/// Runs it.
pub fn run(global: &Global, env: &[String]) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = if env.is_empty() {
        c.environments()
            .iter()
            .map(|e| e.name.to_string())
            .collect()
    } else {
        cx.envs(&c, env, false)?
    };
    let mut rows: BTreeMap<Address, AppliedRow> = BTreeMap::new();
    let mut runs = Vec::new();
    let mut holders = BTreeMap::new();
    if cx.has_store() {
        let store = cx.store()?;
        rows = store
            .applied_rows(None)?
            .into_iter()
            .map(|r| (r.unit.clone(), r))
            .collect();
        for env in &envs {
            runs.extend(
                store
                    .runs(Some(env), 1)?
                    .into_iter()
                    .map(|r| (env.clone(), r)),
            );
            if let Some(h) = store.holder(env)? {
                holders.insert(env.clone(), h);
            }
        }
    }
    let mut out = Vec::new();
    for u in c
        .units
        .iter()
        .filter(|u| envs.iter().any(|e| e == u.address.env.as_ref()))
    {
        let row = rows.remove(&u.address);
        let state = state(row.as_ref(), c.variant(u).component.suspend);
        out.push((
            u.address.clone(),
            c.layer(u).to_owned(),
            state,
            row.map(|r| r.at),
        ));
    }
    for (unit, row) in rows
        .into_iter()
        .filter(|(u, _)| envs.iter().any(|e| e == u.env.as_ref()))
    {
        out.push((unit, String::new(), "orphan", Some(row.at)));
    }
    // what is imported into an environment stands behind all else of it, and its layers are layers here
    let order = c.loaded.platform.layer_names();
    let at = |layer: &str| order.iter().position(|l| *l == layer);
    out.sort_by_cached_key(|(unit, layer, ..)| {
        (unit.env.clone(), at(layer).unwrap_or(order.len()))
    });
    if cx.json() {
        let units: Vec<_> = out
            .iter()
            .map(|(u, layer, state, at)| json!({"unit": u, "layer": layer, "state": state, "applied": at.map(time::rfc3339)}))
            .collect();
        let runs: Vec<_> = runs.iter().map(|(_, r)| r).collect();
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({"units": units, "runs": runs}))
                .expect("plain data")
        );
        return Ok(exit::DONE);
    }
    for env in &envs {
        println!("{env}");
        let mut layer = None;
        let here = || out.iter().filter(|(u, ..)| u.env.as_ref() == env.as_str());
        let width = column(here().map(|(u, ..)| u.local())) + 2;
        for (unit, l, state, at) in here() {
            if layer != Some(l) {
                println!(
                    "  {}",
                    if l.is_empty() {
                        "(no longer in the files)"
                    } else {
                        l
                    }
                );
                layer = Some(l);
            }
            println!(
                "    {:<width$} {:<14} {}",
                unit.local(),
                state,
                at.map(time::ago).unwrap_or_default()
            );
        }
        if let Some((_, r)) = runs.iter().find(|(e, _)| e == env) {
            let how = match r.state.as_str() {
                "running" if !holders.contains_key(env) => "cut off; go on with `strata resume`",
                "waiting" => "waiting; see `strata hand-off list`, go on with `strata resume`",
                s => s,
            };
            println!("  last run {} ({}): {how}", r.run, r.verb);
        }
        if let Some(h) = holders.get(env) {
            println!("  in use by {} (process {}): {}", h.who, h.pid, h.doing);
        }
    }
    Ok(exit::DONE)
}

fn state(row: Option<&AppliedRow>, suspended: bool) -> &'static str {
    match row {
        _ if suspended => "suspended",
        None => "not applied",
        Some(r) if r.verified == Some(false) => "not verified",
        Some(_) => "applied",
    }
}
