//! Drives a plan from the command line: leases, journal record, view, summary, exit code.
use crate::{
    context::Context,
    policy::{self, Guard},
    problem::Problem,
    view::{diagnostics, progress::Progress, summary},
    wire,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    engine::Class,
    event::Gate,
    exit,
    name::Address,
    plan::Plan,
    store::{Holder, Lease, RunRecord, Store},
};
use strata_run::{
    driver::{Driver, Parts, Workbench},
    machine::Machine,
    recover::Intents,
    status::Status,
};

/// A new id of a run: sorts by time.
pub fn new_id() -> String {
    let now = jiff::Timestamp::now();
    format!(
        "{}-{:05}",
        now.strftime("%Y%m%d-%H%M%S-%3f"),
        std::process::id() % 100_000
    )
}

/// Takes the leases of environments, in the order of their names.
pub fn take(
    store: &dyn Store,
    envs: &[String],
    doing: &str,
) -> Result<BTreeMap<String, Lease>, Problem> {
    let who = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let holder = Holder {
        pid: std::process::id(),
        who,
        doing: doing.to_owned(),
    };
    let mut out: BTreeMap<String, Lease> = BTreeMap::new();
    for env in envs {
        match store.take(env, &holder) {
            Ok(lease) => drop(out.insert(env.clone(), lease)),
            Err(e) => {
                for lease in out.values() {
                    let _ = store.release(lease);
                }
                return Err(e.into());
            }
        }
    }
    Ok(out)
}

/// Gives leases back.
pub fn release(store: &dyn Store, leases: &BTreeMap<String, Lease>) {
    for lease in leases.values() {
        let _ = store.release(lease);
    }
}

/// A run that another process began and did not end.
pub fn cut_off(store: &dyn Store, envs: &[String]) -> Result<Option<RunRecord>, Problem> {
    for env in envs {
        if let Some(last) = store.runs(Some(env), 1)?.into_iter().next()
            && last.state == "running"
        {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

/// A run that begins or goes on.
pub struct Start {
    /// Its id.
    pub run: String,
    /// When it began: milliseconds since 1970.
    pub started: u64,
    /// Leases of all its environments.
    pub leases: BTreeMap<String, Lease>,
    /// How far it got.
    pub machine: Machine,
    /// What an earlier process was doing.
    pub intents: Intents,
    /// Does it go on?
    pub resumed: bool,
    /// Policies that look at what is proposed during the run.
    pub guard: Option<Arc<Guard>>,
    /// Names of the layers in the order in which they are shown; what is destroyed stands as it went.
    pub layers: Vec<String>,
}

/// How many ended runs keep the logs of their tools.
const KEPT: usize = 20;

/// Logs of old runs go; their events stay in the journal. What is unfinished stays whole.
fn tidy(cx: &Context, store: &dyn Store) -> Result<(), Problem> {
    let all = store.runs(None, usize::MAX)?;
    let open = |r: &RunRecord| matches!(r.state.as_str(), "running" | "waiting");
    let (last, old) = all.split_at(all.len().min(KEPT));
    if old.is_empty() {
        return Ok(());
    }
    let gone: BTreeSet<&str> = old
        .iter()
        .filter(|r| !open(r))
        .map(|r| r.run.as_str())
        .collect();
    debug_assert!(
        last.iter().all(|r| !gone.contains(r.run.as_str())),
        "newest first"
    );
    // plans that failed left logs too; those of the kept runs' time stay
    let since = last.last().map_or("", |r| r.run.as_str());
    let old = |run: &str| run.strip_prefix("read-").is_some_and(|at| at < since);
    wire::forget_runs(&cx.state_dir(), &|run| !gone.contains(run) && !old(run));
    Ok(())
}

/// Drives it to its end, shows it, gives the exit code.
pub fn drive(
    cx: &Context,
    store: &Arc<dyn Store>,
    bench: &mut dyn Workbench,
    parallelism: usize,
    start: Start,
) -> Result<u8, Problem> {
    let plan: Plan = start.machine.plan().clone();
    let mut record = RunRecord {
        run: start.run.clone(),
        envs: plan.body.environments.clone(),
        verb: plan.body.verb.name().to_owned(),
        plan: plan.digest,
        started: start.started,
        ended: None,
        state: "running".to_owned(),
    };
    store.put_run(&record, Some(&plan))?;
    tidy(cx, store.as_ref())?;
    let durations: HashMap<Address, u64> = store
        .notes("duration")?
        .into_iter()
        .filter_map(|(k, v)| Some((k.parse().ok()?, v.parse().ok()?)))
        .collect();
    let secrets = wire::secrets(&cx.root, store);
    let executor = wire::executor(
        &cx.state_dir(),
        &start.run,
        secrets,
        store.clone(),
        cx.mask(),
    )?;
    let interrupts = wire::interrupts()?;
    let mut progress = Progress::running(cx.color, cx.json(), &plan, &start.run);
    let parts = Parts {
        store: store.clone(),
        executor,
        engines: &|name| match &start.guard {
            Some(guard) => guard.over(cx.engine(name)),
            None => cx.engine(name),
        },
        bench,
        watch: &mut |notice| progress.notice(notice),
        parallelism: parallelism.max(1),
        interrupted: &|| interrupts.asked(),
        durations: &durations,
        now: &super::planning::now,
    };
    let mut driver = Driver::new(parts, start.run, start.leases, start.machine, start.intents);
    driver.open(start.resumed)?;
    let outcome = driver.drive()?;
    progress.finish();
    let found = start.guard.as_ref().map_or_else(Vec::new, |g| g.found());
    let code = code(&outcome.machine, &found);
    record.ended = Some(super::planning::now());
    state(code, &outcome.machine).clone_into(&mut record.state);
    store.put_run(&record, None)?;
    if !found.is_empty() {
        let found: Vec<Diagnostic> = found.into_iter().map(|(_, d)| d).collect();
        diagnostics::print(&found, cx.tree()?.as_ref(), cx.color);
    }
    summary::print(cx, &outcome, &record, parallelism, &start.layers);
    Ok(code)
}

fn state(code: u8, machine: &Machine) -> &'static str {
    match code {
        exit::DONE => "done",
        exit::WAITING | exit::UNKNOWN => "waiting",
        exit::CANCELLED if machine.settled() && !stopped(machine) => "cancelled",
        exit::CANCELLED => "waiting",
        // what failed has come to its end; what waits beside it can be gone on with
        _ if machine.settled() => "failed",
        _ => "waiting",
    }
}

/// `found`: what policies said during the run, by unit.
fn code(machine: &Machine, found: &[(Address, Diagnostic)]) -> u8 {
    let any = |f: &dyn Fn(&Status) -> bool| machine.steps().iter().any(|s| f(&s.status));
    let failed = |s: &Status| matches!(s, Status::Failed { .. } | Status::Refused);
    let denied = |unit: &Address| found.iter().any(|(u, d)| u == unit && policy::is_denial(d));
    let steps = machine.plan().body.steps.iter().zip(machine.steps());
    let only_denied = steps
        .filter(|(_, s)| failed(&s.status))
        .all(|(step, _)| denied(&step.unit));
    if any(&|s| {
        matches!(
            s,
            Status::Held {
                gate: Gate::Unsure { .. }
            } | Status::Unsure { .. }
        )
    }) {
        exit::UNKNOWN
    } else if machine.cancel.is_some() {
        exit::CANCELLED
    } else if any(&failed) && only_denied {
        exit::DENIED
    } else if any(&failed) {
        exit::FAILED
    } else if any(&|s| matches!(s, Status::Held { .. })) {
        exit::WAITING
    } else {
        exit::DONE
    }
}

/// Was a running tool stopped by the user? A resume goes on with it.
fn stopped(machine: &Machine) -> bool {
    let cancelled = |s: &Status| {
        matches!(
            s,
            Status::Failed {
                class: Class::Cancelled,
                ..
            }
        )
    };
    machine.steps().iter().any(|s| cancelled(&s.status))
}
