//! `strata apply`: show the plan, ask, do it.
use super::{
    plan::failed,
    planning::{self, Planned},
    run::{self, Start},
};
use crate::{
    args::{Global, How, Which},
    context::Context,
    policy::Guard,
    problem::Problem,
    view::{ask, plan as view},
};
use std::path::PathBuf;
use strata_core::{event::Event, exit, plan::Plan};
use strata_run::{machine::Machine, recover::Intents};

/// Runs it.
pub fn run(
    global: &Global,
    mut env: Vec<String>,
    which: &Which,
    how: &How,
    yes: bool,
    expect: Option<&str>,
    refresh: bool,
) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    // the last word may be a plan file; an environment of that name comes first
    let file = match env.last() {
        Some(last) if c.env_named(last).is_none() && cx_file(global, last)?.is_file() => {
            let last = env.pop().expect("just seen");
            Some(cx_file(global, &last)?)
        }
        _ => None,
    };
    let saved = file.map(|f| read_plan(&f)).transpose()?;
    if let (Some(plan), true) = (&saved, env.is_empty()) {
        env.clone_from(&plan.body.environments);
    }
    let envs = cx.envs(&c, &env, which.named.all)?;
    let mut planned = planning::make(&cx, &c, envs.clone(), which, how, refresh)?;
    if let Some(saved) = saved {
        same(&saved, &planned.plan)?;
        planned.plan.saved = saved.saved.clone();
    }
    view::print(&cx, &planned.plan, &c);
    failed(&cx, &mut planned)?;
    if let Some(expect) = expect
        && !(expect.len() >= 12 && planned.plan.digest.to_string().starts_with(expect))
    {
        return Err(Problem::new(
            exit::DENIED,
            format!(
                "the plan has the digest {}, not {expect}; nothing was started",
                planned.plan.digest
            ),
        )
        .hint("look at the plan again with `strata plan`, then approve its digest"));
    }
    if planned.plan.pending().next().is_none() {
        return Ok(exit::DONE);
    }
    let store = cx.store()?;
    if let Some(record) = run::cut_off(store.as_ref(), &envs)? {
        // a living holder makes the lease fail with its own message
        let leases = run::take(store.as_ref(), &envs, "apply")?;
        run::release(store.as_ref(), &leases);
        return Err(
            Problem::new(exit::DENIED, format!("the run {} was cut off", record.run)).hint(
                format!("go on with it first: strata resume {}", record.envs[0]),
            ),
        );
    }
    if !yes && !ask::confirm(&format!("Apply this to {}?", envs.join(", ")))? {
        return Err(Problem::new(exit::CANCELLED, "not applied"));
    }
    start(&cx, planned, how.parallelism)
}

/// A file named on the command line, relative to where the command was started.
fn cx_file(global: &Global, name: &str) -> Result<PathBuf, Problem> {
    let here = std::env::current_dir().map_err(|e| Problem::io("find the current folder", &e))?;
    let near = here.join(name);
    if near.is_file() {
        return Ok(near);
    }
    Ok(crate::context::start_dir(global)?.join(name))
}

fn read_plan(file: &std::path::Path) -> Result<Plan, Problem> {
    let bytes =
        std::fs::read(file).map_err(|e| Problem::io(format!("read `{}`", file.display()), &e))?;
    let plan: Plan = serde_json::from_slice(&bytes).map_err(|e| {
        Problem::new(
            exit::USAGE,
            format!("`{}` is not a plan: {e}", file.display()),
        )
        .hint("save one with `strata plan ENV --out FILE`")
    })?;
    if !plan.is_sound() {
        return Err(Problem::new(
            exit::DENIED,
            format!("`{}` was changed after it was saved", file.display()),
        ));
    }
    Ok(plan)
}

/// Is the saved plan still what would be done? Says what differs when not.
fn same(saved: &Plan, now: &Plan) -> Result<(), Problem> {
    if saved.digest == now.digest {
        return Ok(());
    }
    let mut problem = Problem::new(exit::DENIED, "the saved plan is stale; nothing was started");
    for step in &now.body.steps {
        match saved.step(&step.unit) {
            None => problem = problem.hint(format!("{} is new", step.unit)),
            Some(old) if old.content != step.content => {
                problem = problem.hint(format!("the files of {} changed", step.unit));
            }
            Some(old)
                if saved.body.baseline.get(&step.unit) != now.body.baseline.get(&step.unit) =>
            {
                problem = problem.hint(format!(
                    "{} was applied since ({})",
                    step.unit,
                    old.basis.word()
                ));
            }
            Some(old)
                if old
                    .basis
                    .proposal()
                    .map(strata_core::proposal::Proposal::digest)
                    != step
                        .basis
                        .proposal()
                        .map(strata_core::proposal::Proposal::digest)
                    || old.basis.word() != step.basis.word() =>
            {
                problem = problem.hint(format!(
                    "{} would now be {} ({})",
                    step.unit,
                    step.basis.word(),
                    if step.reason.is_empty() {
                        "nothing to do"
                    } else {
                        &step.reason
                    }
                ));
            }
            Some(old) if old.basis.fingerprint() != step.basis.fingerprint() => {
                problem = problem.hint(format!("the inputs of {} changed", step.unit));
            }
            Some(_) => {}
        }
    }
    for old in &saved.body.steps {
        if now.step(&old.unit).is_none() {
            problem = problem.hint(format!("{} is gone", old.unit));
        }
    }
    Err(problem.hint("make a new one with `strata plan ENV --out FILE`"))
}

/// Takes the leases and drives the plan.
fn start(cx: &Context, mut planned: Planned<'_>, parallelism: usize) -> Result<u8, Problem> {
    let store = cx.store()?;
    let mut leases = run::take(store.as_ref(), &planned.envs, "apply")?;
    // somebody may have applied something between the plan and the lease
    let fresh = strata_plan::recorded::Recorded::new(store.applied_rows(None)?);
    for step in &planned.plan.body.steps {
        let now = fresh.row(&step.unit).map(|r| r.fingerprint);
        if now != planned.plan.body.baseline.get(&step.unit).copied() {
            run::release(store.as_ref(), &leases);
            return Err(Problem::new(
                exit::DENIED,
                format!("{} was applied by another run meanwhile", step.unit),
            )
            .hint("look at the new plan with `strata plan`"));
        }
    }
    planned.bench.recorded = fresh;
    let run = run::new_id();
    for env in &planned.envs {
        for mut old in store
            .runs(Some(env), 1)?
            .into_iter()
            .filter(|r| r.state == "waiting")
        {
            let event = Event::Superseded { by: run.clone() };
            let lease = leases.get_mut(env).expect("its own environment");
            store.append(lease, &old.run, &[event], &[], false)?;
            "superseded".clone_into(&mut old.state);
            store.put_run(&old, None)?;
        }
    }
    let guard = planned.gate.take().map(|gate| {
        let c = planned.bench.c;
        let pending = planned.plan.pending();
        Guard::new(gate, pending.filter_map(|s| c.position(&s.unit)))
    });
    let machine = Machine::new(planned.plan, retries(planned.bench.c));
    let layers = planned.bench.c.loaded.platform.layer_names();
    let start = Start {
        run,
        started: planning::now(),
        leases,
        machine,
        intents: Intents::default(),
        resumed: false,
        guard,
        layers: layers.into_iter().map(str::to_owned).collect(),
    };
    run::drive(cx, &store, &mut planned.bench, parallelism, start)
}

/// How often a transient failure is tried again: the most that any component asks for.
pub fn retries(c: &strata_ops::compose::Composition) -> u32 {
    c.variants
        .iter()
        .map(|v| v.component.retries)
        .max()
        .unwrap_or(1)
}
