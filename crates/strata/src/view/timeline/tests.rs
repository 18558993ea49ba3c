use super::*;
use strata_core::{
    digest::Digest,
    engine::{Class, Recovery, Verb},
    executor::Handle,
    plan::{Basis, Body, Step},
    proposal::Envelope,
};

fn plan(units: &[(&str, &[&str])]) -> Plan {
    let step = |(name, needs): &(&str, &[&str])| Step {
        unit: Address::new("dev", *name),
        layer: "base".to_owned(),
        engine: "script".to_owned(),
        verb: Verb::Apply,
        basis: Basis::Deferred { open: vec![] },
        envelope: Envelope::CREATE_ONLY,
        needs: needs.iter().map(|n| Address::new("dev", *n)).collect(),
        reason: String::new(),
        content: Digest::of(b""),
    };
    Plan::new(Body {
        format: 1,
        platform: "x".to_owned(),
        environments: vec!["dev".to_owned()],
        verb: Verb::Apply,
        steps: units.iter().map(step).collect(),
        baseline: std::collections::BTreeMap::new(),
    })
}
fn events(list: Vec<(u64, Event)>) -> Vec<Recorded> {
    let all = list.into_iter().zip(1..);
    all.map(|((at, event), seq)| Recorded {
        seq,
        run: "r".into(),
        at,
        event,
    })
    .collect()
}
fn intent(name: &str) -> Event {
    let unit = Address::new("dev", name);
    Event::Intent {
        unit: unit.clone(),
        handle: Handle {
            run: "r".into(),
            unit,
            attempt: 1,
            n: 1,
            generation: 1,
        },
        label: "apply".to_owned(),
        recovery: Recovery::Rerun,
        state: String::new(),
        task: None,
    }
}
fn applied(name: &str) -> Event {
    Event::Applied {
        unit: Address::new("dev", name),
        fingerprint: Digest::of(b""),
        outputs: Digest::of(b""),
    }
}
fn verified(name: &str, ok: bool) -> Event {
    Event::Verified {
        unit: Address::new("dev", name),
        ok,
        reports: vec![],
    }
}

#[test]
fn bars_and_the_slowest_path_are_read_from_the_journal() {
    let plan = plan(&[("a", &[]), ("b", &["a"]), ("c", &["a"])]);
    let t = read(
        &plan,
        &events(vec![
            (100, intent("a")),
            (150, applied("a")),
            (170, verified("a", true)),
            (170, intent("b")),
            (171, intent("c")),
            (200, applied("c")),
            (200, verified("c", true)),
            (300, applied("b")),
            (310, verified("b", false)),
        ]),
    );
    let spans = |i: usize| -> Vec<(Doing, u64, u64, bool)> {
        let bars = t.units[i].bars.iter();
        bars.map(|b| (b.doing, b.from, b.to, b.failed)).collect()
    };
    assert_eq!(
        spans(0),
        [
            (Doing::Acting, 100, 150, false),
            (Doing::Verifying, 150, 170, false)
        ]
    );
    assert_eq!(spans(2), [(Doing::Acting, 171, 200, false)]);
    assert_eq!(t.slowest, [0, 1]);
    assert_eq!(t.units[1].fate, Fate::NotVerified);
    assert_eq!((t.from, t.to), (100, 310));
}

#[test]
fn a_kill_a_retry_and_a_wait_are_told_apart() {
    let plan = plan(&[("a", &[]), ("b", &[])]);
    let a = || Address::new("dev", "a");
    let failed = Event::Failed {
        unit: a(),
        class: Class::Transient,
        stale: false,
        summary: "no route".to_owned(),
    };
    let held = Event::Held {
        unit: Address::new("dev", "b"),
        gate: Gate::HandOff,
        text: "open the account".to_owned(),
    };
    let t = read(
        &plan,
        &events(vec![
            (0, intent("a")),
            (10, failed),
            (11, Event::Retry { unit: a() }),
            (12, intent("a")),
            (20, held),
            (9_000, Event::RunTaken { generation: 2 }),
            (9_001, intent("a")),
            (9_010, applied("a")),
            (9_010, verified("a", true)),
        ]),
    );
    let a = &t.units[0];
    let spans: Vec<(u64, u64, bool)> = a.bars.iter().map(|b| (b.from, b.to, b.failed)).collect();
    assert_eq!(
        spans,
        [(0, 10, true), (12, 20, true), (9_001, 9_010, false)]
    );
    assert_eq!((a.fate, a.why.as_str()), (Fate::Done, ""));
    let b = &t.units[1];
    assert_eq!((b.fate, b.why.as_str()), (Fate::Waits, "open the account"));
    assert_eq!(b.bars[0].doing, Doing::Waiting);
}
