//! The machine against a model of the world: a crash at every moment, twice, ends in the same place with every
//! effect exactly once when the outcome of an attempt can be found again.
//!
//! No thread, clock or file: the driver below is the smallest that obeys the machine.
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    digest::Digest,
    engine::{Class, Recovery, Verb, Verdict},
    event::{Event, Gate},
    executor::Handle,
    name::Address,
    plan::{Basis, Body, Plan, Step},
    proposal::{Action, Change, Envelope, Fidelity, Proposal},
};
use strata_run::{
    machine::{Command, Machine},
    status::Status,
};

fn unit(name: &str) -> Address {
    Address::new("dev", name)
}

fn proposal(name: &str, action: Action) -> Proposal {
    Proposal {
        fidelity: Fidelity::Exact,
        changes: vec![Change {
            object: name.to_owned(),
            action,
            after: None,
            detail: vec![],
        }],
    }
}

fn step(name: &str, needs: &[&str], deferred: bool) -> Step {
    let basis = if deferred {
        Basis::Deferred { open: vec![] }
    } else {
        Basis::Exact {
            proposal: proposal(name, Action::Create),
            fingerprint: Digest::of(name.as_bytes()),
        }
    };
    Step {
        unit: unit(name),
        layer: "application".into(),
        engine: if name == "people" {
            "hand-off".into()
        } else {
            "script".into()
        },
        verb: Verb::Apply,
        basis,
        envelope: Envelope::CREATE_ONLY,
        needs: needs.iter().map(|n| unit(n)).collect(),
        reason: String::new(),
        content: Digest::of(b""),
    }
}

/// Eight units: a chain, a fan, a hand-off, one that goes beyond its approval, one that fails once, one whose
/// verification fails, one that is unchanged.
fn plan() -> Plan {
    let mut still = step("still", &[], false);
    still.basis = Basis::Unchanged {
        fingerprint: Digest::of(b"still"),
    };
    Plan::new(Body {
        format: 1,
        platform: "p".into(),
        environments: vec!["dev".into()],
        verb: Verb::Apply,
        steps: vec![
            still,
            step("net", &["still"], false),
            step("flaky", &["net"], true),
            step("people", &[], false),
            step("replacer", &["net"], true),
            step("app", &["flaky", "people"], true),
            step("bad", &["net"], false),
            step("behind", &["bad"], true),
        ],
        baseline: BTreeMap::new(),
    })
}

/// What tools really did, and what a supervisor remembers of it.
#[derive(Clone, Default)]
struct World {
    effects: BTreeMap<String, u32>,
    exits: BTreeSet<(String, u32)>,
    supervised: bool,
    ticks: usize,
    crashes: Vec<usize>,
    answered: bool,
}

struct Crash;

impl World {
    fn tick(&mut self) -> Result<(), Crash> {
        self.ticks += 1;
        if self.crashes.contains(&self.ticks) {
            Err(Crash)
        } else {
            Ok(())
        }
    }
}

fn fold(events: &[Event]) -> Machine {
    let mut m = Machine::new(plan(), 2);
    for e in events {
        m.apply(e).unwrap_or_else(|e| panic!("{e}"));
    }
    m
}

fn append(
    world: &mut World,
    journal: &mut Vec<Event>,
    m: &mut Machine,
    event: Event,
) -> Result<(), Crash> {
    world.tick()?;
    m.apply(&event).unwrap_or_else(|e| panic!("{e}"));
    journal.push(event);
    world.tick()
}

/// One process: from its start to its end or its death.
fn process(world: &mut World, journal: &mut Vec<Event>) -> Result<Machine, Crash> {
    let mut m = fold(journal);
    let generation = 1 + journal.len() as u64;
    let first = if journal.is_empty() {
        Event::RunStarted {
            plan: plan().digest,
            generation,
            verb: Verb::Apply,
        }
    } else {
        Event::RunTaken { generation }
    };
    append(world, journal, &mut m, first)?;
    loop {
        if !world.answered && m.held().any(|(_, g)| *g == Gate::HandOff) {
            let unit = unit("people");
            let answer = Event::Answered {
                unit: unit.clone(),
                gate: Gate::HandOff,
                yes: true,
                by: "me".into(),
            };
            append(world, journal, &mut m, answer)?;
            world.answered = true;
            // the driver writes both in one transaction; here a crash may fall between them
            let fingerprint = Digest::of(b"people");
            append(
                world,
                journal,
                &mut m,
                Event::Applied {
                    unit,
                    fingerprint,
                    outputs: fingerprint,
                },
            )?;
        }
        let commands = m.commands();
        if commands.is_empty() {
            return Ok(m);
        }
        for (i, command) in commands {
            obey(world, journal, &mut m, i, command, generation)?;
        }
    }
}

fn obey(
    world: &mut World,
    journal: &mut Vec<Event>,
    m: &mut Machine,
    i: usize,
    command: Command,
    generation: u64,
) -> Result<(), Crash> {
    let unit = m.plan().body.steps[i].unit.clone();
    let name = unit.name.to_string();
    let fingerprint = Digest::of(name.as_bytes());
    let applied = Event::Applied {
        unit: unit.clone(),
        fingerprint,
        outputs: fingerprint,
    };
    match command {
        Command::Plan => {
            let action = if name == "replacer" {
                Action::Replace
            } else {
                Action::Create
            };
            // what is there already needs no change
            let proposal = if world.effects.contains_key(&name) {
                Proposal {
                    fidelity: Fidelity::Exact,
                    changes: vec![],
                }
            } else {
                proposal(&name, action)
            };
            append(
                world,
                journal,
                m,
                Event::Planned {
                    unit,
                    proposal,
                    fingerprint,
                },
            )
        }
        Command::Hold(proposal) => append(
            world,
            journal,
            m,
            Event::Held {
                unit,
                gate: Gate::Beyond { proposal },
                text: String::new(),
            },
        ),
        Command::Ask => append(
            world,
            journal,
            m,
            Event::Held {
                unit,
                gate: Gate::HandOff,
                text: String::new(),
            },
        ),
        Command::Apply(attempt) => {
            let handle = Handle {
                run: "r".into(),
                unit: unit.clone(),
                attempt,
                n: 1,
                generation,
            };
            let intent = Event::Intent {
                unit: unit.clone(),
                handle,
                label: "apply".into(),
                recovery: Recovery::Rerun,
                state: String::new(),
                task: None,
            };
            append(world, journal, m, intent)?;
            if name == "flaky" && attempt == 1 {
                let failed = Event::Failed {
                    unit,
                    class: Class::Transient,
                    stale: false,
                    summary: "once".into(),
                };
                return append(world, journal, m, failed);
            }
            let empty = m.steps()[i]
                .proposal
                .as_ref()
                .is_some_and(|p| p.changes.is_empty());
            if !empty || !world.supervised {
                *world.effects.entry(name.clone()).or_default() += 1;
            }
            world.exits.insert((name, attempt));
            world.tick()?;
            append(world, journal, m, applied)
        }
        Command::Recover(attempt) => {
            if world.supervised && world.exits.contains(&(name.clone(), attempt)) {
                return append(world, journal, m, applied);
            }
            // a hand-off has no tool: its answer is asked for again from the journal's own record
            if name == "people" {
                return append(world, journal, m, applied);
            }
            let verdict = if world.supervised {
                Verdict::NotDone
            } else {
                Verdict::Partly
            };
            append(world, journal, m, Event::Recovered { unit, verdict })
        }
        Command::Verify => append(
            world,
            journal,
            m,
            Event::Verified {
                unit,
                ok: name != "bad",
                reports: vec![],
            },
        ),
        Command::Retry => append(world, journal, m, Event::Retry { unit }),
        Command::Cancel(why) => append(world, journal, m, Event::Cancelled { unit, why }),
    }
}

fn live(mut world: World) -> (World, Machine, Vec<Event>) {
    let mut journal = Vec::new();
    loop {
        // after a crash the next process begins
        let Ok(m) = process(&mut world, &mut journal) else {
            continue;
        };
        // people answer while nobody runs: the next process finds it
        if m.held().all(|(_, g)| *g != Gate::HandOff) {
            return (world, m, journal);
        }
    }
}

fn ends(m: &Machine) -> Vec<(String, String)> {
    m.plan()
        .body
        .steps
        .iter()
        .zip(m.steps())
        .map(|(s, p)| {
            let status = match &p.status {
                Status::Held {
                    gate: Gate::Beyond { .. },
                } => "held".to_owned(),
                Status::Failed { .. } => "failed".to_owned(),
                other => format!("{other:?}"),
            };
            (s.unit.to_string(), status)
        })
        .collect()
}

#[test]
fn every_crash_ends_in_the_same_place_with_every_effect_once() {
    let quiet = World {
        supervised: true,
        ..World::default()
    };
    let (calm, end, _) = live(quiet.clone());
    let want = ends(&end);
    assert!(
        want.contains(&("dev/app".into(), "Done".into())),
        "{want:?}"
    );
    assert!(
        want.contains(&("dev/replacer".into(), "held".into())),
        "{want:?}"
    );
    assert!(
        want.contains(&("dev/bad".into(), "failed".into())),
        "{want:?}"
    );
    assert!(
        want.contains(&("dev/behind".into(), "Cancelled".into())),
        "{want:?}"
    );
    let mut cases = 0;
    for first in 1..=calm.ticks {
        for second in [None, Some(1), Some(2), Some(3), Some(5), Some(9)] {
            let mut world = quiet.clone();
            world.crashes.push(first);
            world.crashes.extend(second.map(|s| first + s));
            let (after, m, _) = live(world);
            assert_eq!(ends(&m), want, "crash at {first}, then {second:?}");
            assert_eq!(
                after.effects, calm.effects,
                "crash at {first}, then {second:?}"
            );
            cases += 1;
        }
    }
    assert!(cases > 150, "only {cases} cases");
}

#[test]
fn without_a_supervisor_some_effects_repeat_and_the_test_can_see_it() {
    let (calm, ..) = live(World {
        supervised: true,
        ..World::default()
    });
    let repeated = (1..=calm.ticks)
        .filter(|at| {
            let (after, ..) = live(World {
                crashes: vec![*at],
                ..World::default()
            });
            after.effects.values().any(|n| *n > 1)
        })
        .count();
    assert!(
        repeated > 0,
        "the harness would not notice a repeated effect"
    );
}

#[test]
fn what_is_not_in_the_table_is_refused() {
    let mut m = Machine::new(plan(), 1);
    let gate = Gate::Beyond {
        proposal: Digest::of(b"another"),
    };
    let answer = Event::Answered {
        unit: unit("net"),
        gate,
        yes: true,
        by: "me".into(),
    };
    assert!(m.apply(&answer).is_err());
    let mut m = Machine::new(plan(), 1);
    let applied = Event::Applied {
        unit: unit("net"),
        fingerprint: Digest::of(b""),
        outputs: Digest::of(b""),
    };
    assert!(
        m.apply(&applied).is_err(),
        "applied without having been planned"
    );
}

#[test]
fn a_cancelled_run_begins_nothing_more() {
    let mut m = Machine::new(plan(), 1);
    m.apply(&Event::CancelRequested { now: false }).unwrap();
    assert_eq!(m.commands(), []);
    assert!(!m.settled(), "what was not begun can be gone on with");
}
