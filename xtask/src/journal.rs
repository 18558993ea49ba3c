//! How long it takes to come back from a long journal.
use crate::{Failure, measure};
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::{Recovery, Task, Tool, Verb},
    event::{Event, TaskText},
    executor::Handle,
    name::Address,
    plan::{Basis, Body, Plan, Step},
    proposal::{Action, Envelope, Proposal},
    spec::UnitSpec,
    store::{Holder, Store as _},
};
use strata_run::{machine::Machine, recover};
use strata_store::sqlite::SqliteStore;

const RUN: &str = "20260101-000000-000-00001";

/// CPU seconds of reading so many events from a store and folding them into the state of a run.
pub fn recovery(events: usize) -> Result<f64, Failure> {
    let dir = tempfile::tempdir()?;
    let store = SqliteStore::open(dir.path())?;
    let plan = plan(events / 4);
    let holder = Holder {
        pid: std::process::id(),
        who: "bench".to_owned(),
        doing: "apply".to_owned(),
    };
    let mut lease = store.take("dev", &holder)?;
    let began = Event::RunStarted {
        plan: plan.digest,
        generation: lease.generation,
        verb: Verb::Apply,
    };
    store.append(&mut lease, RUN, &[began], &[], true)?;
    // what an applied unit leaves behind
    for steps in plan.body.steps.chunks(1000) {
        let batch: Vec<Event> = steps.iter().flat_map(unit_events).collect();
        store.append(&mut lease, RUN, &batch, &[], false)?;
    }
    store.release(&lease)?;
    drop(store);
    let mut samples = Vec::new();
    for _ in 0..5 {
        let plan = plan.clone();
        let before = measure::own_cpu();
        let store = SqliteStore::open(dir.path())?;
        let mut machine = Machine::new(plan, 1);
        let dev = ["dev".to_owned()];
        recover::read(&store, (RUN, &dev), &mut machine, &|_| true)?;
        samples.push(measure::own_cpu() - before);
    }
    samples.sort_by(f64::total_cmp);
    Ok(samples[samples.len() / 2])
}

fn plan(steps: usize) -> Plan {
    let content = Digest::of(b"content");
    let step = |i: usize| Step {
        unit: Address {
            env: "dev".into(),
            name: format!("c{i:05}").into(),
            key: None,
        },
        layer: "compute".to_owned(),
        engine: "script".to_owned(),
        verb: Verb::Apply,
        basis: Basis::Deferred { open: Vec::new() },
        envelope: Envelope {
            worst: Action::Create,
            opaque: true,
        },
        needs: Vec::new(),
        reason: String::new(),
        content,
    };
    Plan::new(Body {
        format: 1,
        platform: "generated".to_owned(),
        environments: vec!["dev".to_owned()],
        verb: Verb::Apply,
        steps: (0..steps).map(step).collect(),
        baseline: BTreeMap::new(),
    })
}

fn unit_events(step: &Step) -> [Event; 4] {
    let unit = step.unit.clone();
    let fingerprint = step.content;
    [
        Event::Planned {
            unit: unit.clone(),
            proposal: Proposal::opaque("script"),
            fingerprint,
        },
        Event::Intent {
            unit: unit.clone(),
            handle: Handle {
                run: RUN.to_owned(),
                unit: unit.clone(),
                attempt: 1,
                n: 1,
                generation: 1,
            },
            label: "apply".to_owned(),
            recovery: Recovery::Rerun,
            state: String::new(),
            task: Some(TaskText::of(&task(&unit))),
        },
        Event::Applied {
            unit: unit.clone(),
            fingerprint,
            outputs: fingerprint,
        },
        Event::Verified {
            unit,
            ok: true,
            reports: Vec::new(),
        },
    ]
}

fn task(unit: &Address) -> Task {
    Task {
        platform: String::new(),
        verb: Verb::Apply,
        unit: unit.clone(),
        spec: UnitSpec {
            engine: "script".to_owned(),
            folder: format!("layers/compute/{}", unit.name),
            ..UnitSpec::default()
        },
        inputs: BTreeMap::new(),
        tool: Tool::default(),
        saved: None,
        interrupted: None,
        recorded: BTreeMap::new(),
        verifier: 0,
        facts: BTreeMap::new(),
    }
}
