//! `strata verify`: all verifiers of what is applied.
use super::{batch::Reader, planning, run};
use crate::{
    args::{Global, Which},
    context::Context,
    problem::Problem,
};
use serde_json::json;
use strata_core::{engine::Finding, exit, store::AppliedChange};
use strata_run::{driver::Workbench as _, pool::Work};

/// Runs it.
pub fn run(
    global: &Global,
    env: &[String],
    which: &Which,
    parallelism: usize,
) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = cx.envs(&c, env, which.named.all)?;
    let store = cx.store()?;
    let selected = cx.selected(&c, &envs, which)?;
    let bench = planning::bench(&cx, &c, &selected, &store)?;
    let mut work = Vec::new();
    for (u, _) in c.units.iter().zip(&selected).filter(|(_, s)| **s) {
        if c.variant(u).component.verify.is_empty() || bench.recorded.row(&u.address).is_none() {
            continue;
        }
        let prepared = bench
            .prepare(&u.address)
            .map_err(|e| Problem::new(exit::FAILED, format!("{}: {e}", u.address)))?;
        work.push((prepared, Work::Verify));
    }
    // what it finds decides what the next apply does, so nobody else may write meanwhile
    let mut leases = run::take(store.as_ref(), &envs, "verify")?;
    let result = Reader::open(&cx, &store, parallelism).and_then(|mut r| r.run(work));
    let mut bad = 0;
    let mut reports = Vec::new();
    if let Ok(findings) = &result {
        for (unit, finding) in findings {
            let (ok, text, detail) = match finding {
                Finding::Verified(r) => (
                    r.ok,
                    format!("{}: {}", r.verifier, r.summary),
                    r.detail.clone(),
                ),
                Finding::Failed(f) => (false, f.summary.clone(), vec![]),
                _ => continue,
            };
            if let Finding::Verified(_) = finding {
                let lease = leases
                    .get_mut(unit.env.as_ref())
                    .expect("a selected environment");
                store.append(
                    lease,
                    "verify",
                    &[],
                    &[AppliedChange::Verified(unit.clone(), ok)],
                    false,
                )?;
            }
            bad += usize::from(!ok);
            reports.push((unit.clone(), ok, text, detail));
        }
    }
    run::release(store.as_ref(), &leases);
    result?;
    if cx.json() {
        let all: Vec<_> = reports
            .iter()
            .map(|(u, ok, text, detail)| json!({"unit": u, "ok": ok, "summary": text, "detail": detail}))
            .collect();
        println!(
            "{}",
            serde_json::to_string_pretty(&all).expect("plain data")
        );
    } else {
        for (unit, ok, text, detail) in &reports {
            println!("{} {unit}  {text}", if *ok { "passed" } else { "FAILED" });
            for line in detail {
                println!("    {line}");
            }
        }
        if reports.is_empty() {
            println!("nothing that is applied has a verifier");
        }
    }
    Ok(if bad > 0 { exit::FAILED } else { exit::DONE })
}
