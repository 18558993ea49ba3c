//! `strata drift`: is what is still as it was applied?
use super::{batch::Reader, bench::AppliedBench, chosen};
use crate::{
    args::{Global, Named},
    context::Context,
    problem::Problem,
};
use serde_json::json;
use strata_core::{
    engine::{Finding, Verb},
    exit,
    name::Address,
};
use strata_run::pool::Work;

/// Runs it.
pub fn run(
    global: &Global,
    env: &[String],
    which: &Named,
    parallelism: usize,
) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = cx.envs(&c, env, which.all)?;
    let store = cx.store()?;
    let bench = AppliedBench::load(&cx, &store)?;
    let mut work = Vec::new();
    let meant = |a: &&Address| envs.iter().any(|e| e == a.env.as_ref());
    let open = bench.all.keys().filter(meant).cloned().collect();
    for unit in &chosen::chosen(&bench, &envs, open, which)? {
        let prepared = bench
            .ready(unit)
            .map_err(|e| Problem::new(exit::ERROR, e))?;
        work.push((prepared, Work::Verb(Verb::Observe)));
    }
    let looked = work.len();
    let mut drifted = Vec::new();
    let mut failed = Vec::new();
    for (unit, finding) in Reader::open(&cx, &store, parallelism)?.run(work)? {
        match finding {
            Finding::Observed { drift } if !drift.is_empty() => drifted.push((unit, drift)),
            Finding::Failed(f) => failed.push((unit, f.summary)),
            _ => {}
        }
    }
    if cx.json() {
        let units: Vec<_> = drifted
            .iter()
            .map(|(u, d)| json!({"unit": u, "drift": d}))
            .collect();
        let unknown: Vec<_> = failed
            .iter()
            .map(|(u, w)| json!({"unit": u, "why": w}))
            .collect();
        let all = json!({"looked": looked, "drift": units, "unknown": unknown});
        println!(
            "{}",
            serde_json::to_string_pretty(&all).expect("plain data")
        );
    } else {
        for (unit, drift) in &drifted {
            println!("{unit}");
            for change in drift {
                println!("  {}", change.object);
                for line in &change.detail {
                    println!("    {line}");
                }
            }
        }
        if drifted.is_empty() && failed.is_empty() {
            println!("{looked} looked at: all as they were applied");
        }
    }
    if let Some((unit, why)) = failed.first() {
        let mut problem = Problem::new(exit::FAILED, format!("cannot look at {unit}: {why}"));
        for (unit, why) in &failed[1..] {
            problem = problem.hint(format!("cannot look at {unit}: {why}"));
        }
        return Err(problem);
    }
    if !drifted.is_empty() {
        let units: Vec<String> = drifted
            .iter()
            .map(|(u, _)| format!("--replace '{}'", u.local()))
            .collect();
        eprintln!(
            "\nrepair it: strata apply {} --refresh   (or {})",
            envs.join(" "),
            units.join(" ")
        );
        return Ok(exit::DRIFT);
    }
    Ok(exit::DONE)
}
