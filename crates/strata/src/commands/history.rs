//! `strata history`: past runs, or one of them: its events, or a page about it.
use crate::{
    args::Global,
    context::Context,
    formats::Format,
    problem::Problem,
    view::{html, time, timeline},
};
use strata_core::{
    exit,
    store::{RunRecord, Store},
};

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
        let record = known.iter().find(|r| r.run == run);
        if global.format == Format::Html {
            return match record {
                Some(record) => page(&cx, store.as_ref(), record),
                None => Err(Problem::usage(format!("there is no run `{run}`"))
                    .hint("`strata history` lists the runs")),
            };
        }
        if let Some(record) = record {
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

/// One run as one page.
fn page(cx: &Context, store: &dyn Store, record: &RunRecord) -> Result<u8, Problem> {
    let Some(plan) = store.plan(&record.run)? else {
        return Err(Problem::new(
            exit::ERROR,
            format!("the store has no plan of the run {}", record.run),
        ));
    };
    let mut events = Vec::new();
    for env in &record.envs {
        events.extend(store.events(env, Some(&record.run), 0)?);
    }
    // every environment has a log of its own; a stable sort keeps the order inside of each
    events.sort_by_key(|e| e.at);
    // the files may not be valid any more: layers that they do not tell stand in the order of the plan
    let (c, _) = cx.compose()?;
    let timeline = timeline::read(&plan, &events);
    let page = html::run::run(&html::run::Run {
        platform: &c.loaded.platform.name,
        record,
        plan: &plan,
        layers: c.loaded.platform.layer_names(),
        events: &events,
        timeline: &timeline,
    });
    print!("{page}");
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
