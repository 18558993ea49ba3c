//! `strata destroy`: what was applied, in reverse.
use super::{
    bench::AppliedBench,
    chosen, planning,
    run::{self, Start},
};
use crate::{
    args::{Global, Named},
    context::Context,
    policy::Gate,
    problem::Problem,
    view::{ask, plan as view},
};
use std::collections::BTreeSet;
use strata_core::{event::Event, exit, name::Address};
use strata_plan::destroy;
use strata_run::{machine::Machine, recover::Intents};

/// What was typed.
pub struct Wanted {
    /// Environments.
    pub env: Vec<String>,
    /// Units.
    pub which: Named,
    /// Only what is no longer in the files.
    pub orphans: bool,
    /// Protected units that are named.
    pub protected: Vec<String>,
    /// Do not ask.
    pub yes: bool,
    /// How many at once.
    pub parallelism: usize,
}

/// Runs it.
pub fn run(global: &Global, wanted: &Wanted) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    if !cx.has_store() {
        eprintln!("nothing is applied");
        return Ok(exit::DONE);
    }
    let store = cx.store()?;
    let mut bench = AppliedBench::load(&cx, &store)?;
    let envs = envs(&bench, wanted)?;
    let chosen = choose(&cx, &bench, &envs, wanted)?;
    if chosen.is_empty() {
        eprintln!("nothing is applied in {}", envs.join(", "));
        return Ok(exit::DONE);
    }
    let force: BTreeSet<Address> = wanted
        .protected
        .iter()
        .map(|t| {
            t.parse()
                .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))
        })
        .collect::<Result<_, _>>()?;
    // what is wrong with the files does not keep anybody from destroying
    let composed = cx.compose().ok().map(|(c, _)| c);
    let platform = composed.as_ref();
    let platform = platform.map_or("", |c| c.loaded.platform.id.as_str());
    let plan =
        destroy::plan(platform, &envs, &bench.all, &chosen, &force).map_err(|r| refused(&r))?;
    view::print_destroy(&cx, &plan);
    if let Some(mut gate) = composed.as_ref().and_then(Gate::open) {
        // policies that cannot be read let nothing pass
        gate.answer(&cx)?;
        gate.destroyed(&plan, &bench.all, &|unit| bench.interface(unit));
        gate.answer(&cx)?;
    }
    if let Some(record) = run::cut_off(store.as_ref(), &envs)? {
        let leases = run::take(store.as_ref(), &envs, "destroy")?;
        run::release(store.as_ref(), &leases);
        return Err(
            Problem::new(exit::DENIED, format!("the run {} was cut off", record.run))
                .hint(format!("end it first: strata resume {}", record.envs[0])),
        );
    }
    if !wanted.yes
        && !ask::confirm_word(&format!("Destroy {} units?", chosen.len()), &envs.join(","))?
    {
        return Err(Problem::new(exit::CANCELLED, "not destroyed"));
    }
    let mut leases = run::take(store.as_ref(), &envs, "destroy")?;
    let run = run::new_id();
    for env in &envs {
        for mut old in store
            .runs(Some(env), 1)?
            .into_iter()
            .filter(|r| r.state == "waiting")
        {
            let lease = leases.get_mut(env).expect("its own environment");
            store.append(
                lease,
                &old.run,
                &[Event::Superseded { by: run.clone() }],
                &[],
                false,
            )?;
            "superseded".clone_into(&mut old.state);
            store.put_run(&old, None)?;
        }
    }
    let machine = Machine::new(plan, 1);
    let start = Start {
        run,
        started: planning::now(),
        leases,
        machine,
        intents: Intents::default(),
        resumed: false,
        guard: None,
        layers: vec![],
    };
    let code = run::drive(&cx, &store, &mut bench, wanted.parallelism, start)?;
    if code == exit::DONE {
        let left = store
            .applied_rows(None)?
            .into_iter()
            .filter(|r| chosen.contains(&r.unit))
            .count();
        if left > 0 {
            return Err(Problem::new(
                exit::FAILED,
                format!("{left} units are still recorded as applied"),
            ));
        }
    }
    Ok(code)
}

/// Environments that have something applied; they need not be in the files any more.
fn envs(bench: &AppliedBench, wanted: &Wanted) -> Result<Vec<String>, Problem> {
    let known: BTreeSet<String> = bench.all.keys().map(|a| a.env.to_string()).collect();
    if wanted.which.all {
        return Ok(known.into_iter().collect());
    }
    if wanted.env.is_empty() {
        return Err(
            Problem::usage("name an environment to destroy").hint(format!(
                "something is applied in: {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            )),
        );
    }
    let mut out = wanted.env.clone();
    out.sort();
    out.dedup();
    Ok(out)
}

fn choose(
    cx: &Context,
    bench: &AppliedBench,
    envs: &[String],
    wanted: &Wanted,
) -> Result<BTreeSet<Address>, Problem> {
    let mut open: BTreeSet<Address> = bench
        .all
        .keys()
        .filter(|a| envs.iter().any(|e| e == a.env.as_ref()))
        .cloned()
        .collect();
    if wanted.orphans {
        let c = cx.composed()?;
        open.retain(|a| c.position(a).is_none());
    }
    chosen::chosen(bench, envs, open, &wanted.which)
}

fn refused(r: &destroy::Refusal) -> Problem {
    let mut problem = Problem::new(
        exit::DENIED,
        "this cannot be destroyed; nothing was started",
    );
    for unit in &r.protected {
        problem = problem.hint(format!(
            "{unit} is protected; to destroy it all the same: --protected '{unit}'"
        ));
    }
    for (user, used) in r.used.iter().take(10) {
        problem = problem.hint(format!(
            "{user} uses {used}; destroy it too, for example by naming its environment"
        ));
    }
    problem
}
