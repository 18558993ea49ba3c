//! `strata history`: past runs, or the events of one.
use crate::{args::Global, context::Context, problem::Problem, view::time};
use strata_core::{exit, store::Store};

/// Runs it.
pub fn run(global: &Global, of: Option<&str>, limit: usize) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    if !cx.has_store() {
        eprintln!("nothing was ever applied here");
        return Ok(exit::DONE);
    }
    let store = cx.store()?;
    if let Some(run) = of {
        let known = store.runs(None, usize::MAX)?;
        if let Some(record) = known.iter().find(|r| r.run == run) {
            return events(&cx, store.as_ref(), run, &record.envs);
        }
    }
    let runs = store.runs(of, limit)?;
    if cx.json() {
        println!(
            "{}",
            serde_json::to_string_pretty(&runs).expect("plain data")
        );
        return Ok(exit::DONE);
    }
    for r in runs {
        let took = r.ended.map_or_else(
            || "-".to_owned(),
            |e| time::duration(e.saturating_sub(r.started)),
        );
        println!(
            "{}  {:<8} {:<12} {:>8}  {}",
            r.run,
            r.verb,
            r.state,
            took,
            r.envs.join(", ")
        );
    }
    Ok(exit::DONE)
}

fn events(cx: &Context, store: &dyn Store, run: &str, envs: &[String]) -> Result<u8, Problem> {
    for env in envs {
        for e in store.events(env, Some(run), 0)? {
            if cx.json() {
                println!("{}", serde_json::to_string(&e).expect("plain data"));
            } else {
                println!(
                    "{}  {}",
                    time::rfc3339(e.at),
                    crate::view::event_line(&e.event)
                );
            }
        }
    }
    Ok(exit::DONE)
}
