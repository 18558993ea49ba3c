//! `strata resume`: go on with a run that was cut off or waits.
use super::{
    apply::retries,
    bench::{AppliedBench, FilesBench},
    planning,
    run::{self, Start},
};
use crate::{
    args::Global,
    context::Context,
    policy::{self, Guard},
    problem::Problem,
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    engine::Verb,
    event::{Event, Gate},
    exit,
    name::Address,
    plan::Basis,
    store::{RunRecord, Store},
};
use strata_plan::prepare::outline;
use strata_run::{driver::Workbench as _, machine::Machine, recover, status::Status};

/// Runs it.
pub fn run(
    global: &Global,
    env: Option<&str>,
    approve: &[String],
    refuse: &[String],
    parallelism: usize,
) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    if !cx.has_store() {
        return Err(
            Problem::usage("nothing was ever applied here").hint("begin with `strata apply ENV`")
        );
    }
    let store = cx.store()?;
    let Some(record) = unfinished(store.as_ref(), env)? else {
        eprintln!("nothing to go on with");
        return Ok(exit::DONE);
    };
    let leases = run::take(store.as_ref(), &record.envs, "resume")?;
    let result = go_on(
        &cx,
        &store,
        &record,
        leases.clone(),
        (approve, refuse),
        parallelism,
    );
    if result.is_err() {
        run::release(store.as_ref(), &leases);
    }
    result
}

/// The newest run that is not at its end.
fn unfinished(store: &dyn Store, env: Option<&str>) -> Result<Option<RunRecord>, Problem> {
    let open = |r: &RunRecord| r.state == "running" || r.state == "waiting";
    Ok(store.runs(env, 20)?.into_iter().find(open))
}

fn go_on(
    cx: &Context,
    store: &Arc<dyn Store>,
    record: &RunRecord,
    mut leases: BTreeMap<String, strata_core::store::Lease>,
    (approve, refuse): (&[String], &[String]),
    parallelism: usize,
) -> Result<u8, Problem> {
    let plan = store.plan(&record.run)?.ok_or_else(|| {
        Problem::new(
            exit::ERROR,
            format!("the store has no plan of the run {}", record.run),
        )
    })?;
    let verb = plan.body.verb;
    let c = if verb == Verb::Apply {
        Some(cx.composed()?)
    } else {
        None
    };
    let mut machine = Machine::new(plan, c.as_ref().map_or(1, retries));
    // a cancelled run that is gone on with is no longer cancelled
    let counts = |event: &Event| !matches!(event, Event::CancelRequested { .. });
    let of = (record.run.as_str(), record.envs.as_slice());
    let intents = recover::read(store.as_ref(), of, &mut machine, &counts)?;
    machine.finished = false;
    answer(store, &mut leases, &record.run, &mut machine, approve, true)?;
    answer(store, &mut leases, &record.run, &mut machine, refuse, false)?;
    let started = record.started;
    let layers = c.as_ref().map(|c| c.loaded.platform.layer_names());
    let layers = layers.into_iter().flatten().map(str::to_owned).collect();
    let start = |machine, guard| Start {
        run: record.run.clone(),
        started,
        leases,
        machine,
        intents,
        resumed: true,
        guard,
        layers,
    };
    if let Some(c) = c {
        let selected: Vec<bool> = c
            .units
            .iter()
            .map(|u| machine.position(&u.address).is_some())
            .collect();
        let mut bench = planning::bench(cx, &c, &selected, store)?;
        still_planned(&bench, &machine)?;
        let mut gate = policy::Gate::open(&c);
        if let Some(gate) = &mut gate {
            gate.answer(cx)?;
        }
        let guard = gate.map(|g| Guard::new(g, (0..selected.len()).filter(|unit| selected[*unit])));
        // what was asked for again and has not been done yet is still asked for
        bench.again = machine
            .plan()
            .body
            .steps
            .iter()
            .zip(machine.steps())
            .filter(|(step, s)| {
                step.basis.proposal().is_some() && !s.changed && !s.status.settled()
            })
            .map(|(step, _)| step.unit.clone())
            .collect();
        run::drive(cx, store, &mut bench, parallelism, start(machine, guard))
    } else {
        let mut bench = AppliedBench::load(cx, store)?;
        run::drive(cx, store, &mut bench, parallelism, start(machine, None))
    }
}

/// A finished plan leaves no choices: it is not mixed with files that changed since.
fn still_planned(bench: &FilesBench<'_>, machine: &Machine) -> Result<(), Problem> {
    let c = bench.c;
    for (step, progress) in machine.plan().body.steps.iter().zip(machine.steps()) {
        let done = progress.status.settled()
            || matches!(
                progress.status,
                Status::Unsure { .. } | Status::Running { .. } | Status::Applied
            );
        if done {
            continue;
        }
        let same = c.position(&step.unit).is_some_and(|p| match &step.basis {
            Basis::Exact { fingerprint, .. } => bench
                .prepare(&step.unit)
                .is_ok_and(|now| now.fingerprint == *fingerprint),
            _ => outline(c, p) == step.content,
        });
        if !same {
            return Err(Problem::new(
                exit::DENIED,
                format!("the files or inputs of {} changed since the run was planned", step.unit),
            )
            .hint("bring them back to go on, or make a new plan with `strata apply`; what was applied stays applied"));
        }
    }
    Ok(())
}

fn answer(
    store: &Arc<dyn Store>,
    leases: &mut BTreeMap<String, strata_core::store::Lease>,
    run: &str,
    machine: &mut Machine,
    units: &[String],
    yes: bool,
) -> Result<(), Problem> {
    for text in units {
        let unit: Address = text
            .parse()
            .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))?;
        let gate = machine
            .held()
            .find(|(i, _)| machine.plan().body.steps[*i].unit == unit)
            .map(|(_, g)| g.clone())
            .ok_or_else(|| Problem::usage(format!("{unit} does not wait for an answer")))?;
        if gate == Gate::HandOff {
            return Err(Problem::usage(format!("{unit} is a hand-off"))
                .hint(format!("strata hand-off done {unit} --output NAME=VALUE")));
        }
        let by = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
        let event = Event::Answered {
            unit: unit.clone(),
            gate,
            yes,
            by,
        };
        let lease = leases
            .get_mut(unit.env.as_ref())
            .expect("an environment of the run");
        store.append(lease, run, std::slice::from_ref(&event), &[], true)?;
        machine
            .apply(&event)
            .map_err(strata_run::driver::RunError::from)?;
    }
    Ok(())
}
