//! `strata adopt`: take over what exists: every engine reads outputs and plans for real; an empty plan is recorded
//! as current. Also the way back from a lost store.
use super::{batch::Reader, planning, run};
use crate::{
    args::{Global, Which},
    context::Context,
    problem::Problem,
};
use strata_core::{
    engine::{Finding, Verb},
    exit,
    store::{Applied, AppliedChange},
};
use strata_plan::{graph, prepared::NotReady};
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
    let mut bench = planning::bench(&cx, &c, &selected, &store)?;
    let mut leases = run::take(store.as_ref(), &envs, "adopt")?;
    let mut reader = Reader::open(&cx, &store, parallelism)?;
    let (mut taken, mut left) = (0, 0);
    // in the order of the graph: what is taken over feeds what needs it
    for i in graph::order(&c).into_iter().filter(|i| selected[*i]) {
        let unit = &c.units[i].address;
        if bench.recorded.row(unit).is_some() {
            continue;
        }
        let prepared = match bench.prepare(unit) {
            Ok(p) => p,
            Err(NotReady::Open(_)) => {
                println!("left   {unit}: what it needs was not taken over");
                left += 1;
                continue;
            }
            Err(e) => {
                println!("left   {unit}: {e}");
                left += 1;
                continue;
            }
        };
        let plan = reader.run(vec![(prepared.clone(), Work::Verb(Verb::Plan))]);
        let empty = match plan.map(|mut p| p.remove(0).1) {
            Ok(Finding::Planned { proposal, .. }) => proposal.is_empty(),
            Ok(Finding::Failed(f)) => {
                println!("left   {unit}: {}", f.summary);
                false
            }
            Ok(_) => false,
            Err(e) => {
                run::release(store.as_ref(), &leases);
                return Err(e);
            }
        };
        if !empty {
            println!(
                "left   {unit}: it differs from what exists, or its engine cannot tell; `strata plan` shows it"
            );
            left += 1;
            continue;
        }
        let read = reader
            .run(vec![(prepared.clone(), Work::Verb(Verb::Outputs))])
            .map(|mut p| p.remove(0).1);
        let outputs = match read {
            Ok(Finding::Applied { outputs }) => outputs,
            Ok(_) => {
                println!("left   {unit}: its outputs could not be read");
                left += 1;
                continue;
            }
            Err(e) => {
                run::release(store.as_ref(), &leases);
                return Err(e);
            }
        };
        let (tree, packed) = bench.pack(&prepared).ok().map(AppliedChange::tree).unzip();
        let applied = Applied {
            unit: unit.clone(),
            layer: prepared.layer.clone(),
            fingerprint: prepared.fingerprint,
            parts: prepared.parts.clone(),
            outputs,
            verified: (!prepared.task.spec.verify.is_empty()).then_some(false),
            task: prepared.task,
            tree,
            needs: prepared.needs,
            identities: prepared.identities,
            protect: prepared.protect,
            at: planning::now(),
        };
        let lease = leases
            .get_mut(unit.env.as_ref())
            .expect("a selected environment");
        let changes: Vec<AppliedChange> = packed
            .into_iter()
            .chain([AppliedChange::Put(Box::new(applied.clone()))])
            .collect();
        store.append(lease, "adopt", &[], &changes, true)?;
        bench.applied(&applied);
        println!("taken  {unit}");
        taken += 1;
    }
    run::release(store.as_ref(), &leases);
    eprintln!("{taken} taken over, {left} left");
    Ok(if left > 0 { exit::PENDING } else { exit::DONE })
}
