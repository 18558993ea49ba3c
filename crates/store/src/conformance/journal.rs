//! Leases and the journal under them.
use super::{append, samples, take};
use samples::{applied, holder, numbered, unit};
use strata_core::{
    event::Event,
    store::{AppliedChange, Lease, Store, StoreError},
};

pub(super) fn a_lease_is_held_until_it_is_given_back(store: &dyn Store) {
    assert_eq!(store.generation("prod").unwrap(), 0);
    assert_eq!(store.holder("prod").unwrap(), None);
    let first = take(store, "prod");
    assert_eq!((first.env.as_str(), first.seq), ("prod", 0));
    assert_eq!(store.generation("prod").unwrap(), first.generation);
    assert_eq!(store.holder("prod").unwrap(), Some(holder("apply")));
    match store.take("prod", &holder("destroy")) {
        Err(StoreError::Held { env, holder: by }) => {
            assert_eq!((env.as_str(), by), ("prod", holder("apply")));
        }
        other => panic!("a held lease was taken: {other:?}"),
    }
    // another environment has a lease of its own
    let other = take(store, "dev");
    store.release(&other).unwrap();
    store.release(&first).unwrap();
    assert_eq!(store.holder("prod").unwrap(), None);
    let second = take(store, "prod");
    assert!(second.generation > first.generation);
    assert!(matches!(store.release(&first), Err(StoreError::Fenced(_))));
    assert_eq!(
        store.holder("prod").unwrap(),
        Some(holder("apply")),
        "a stale release gives nothing back"
    );
}

pub(super) fn a_stale_writer_appends_nothing(store: &dyn Store) {
    let u = unit("prod", "a");
    let mut old = take(store, "prod");
    append(store, &mut old, &[numbered(&u, 1)]);
    let mut behind = Lease {
        seq: 0,
        ..old.clone()
    };
    store.release(&old).unwrap();
    let mut new = take(store, "prod");
    assert_eq!(new.seq, 1, "a taker goes on where the last one stopped");
    append(store, &mut new, &[numbered(&u, 2)]);
    behind.generation = new.generation;
    for stale in [&mut old, &mut behind] {
        let before = stale.clone();
        let change = [AppliedChange::Put(Box::new(applied(&u, "stale")))];
        let said = store.append(stale, "r1", &[numbered(&u, 9)], &change, true);
        assert!(matches!(said, Err(StoreError::Fenced(_))), "{said:?}");
        assert_eq!(*stale, before);
    }
    assert_eq!(numbers(store, "prod"), [1, 2]);
    assert!(store.applied(&u).unwrap().is_none());
    append(store, &mut new, &[numbered(&u, 3)]);
    assert_eq!(numbers(store, "prod"), [1, 2, 3]);
}

/// The numbers of the events of an environment, which must lie at the positions 1, 2, 3 …
pub(super) fn numbers(store: &dyn Store, env: &str) -> Vec<u64> {
    let events = store.events(env, None, 0).unwrap();
    for (i, e) in events.iter().enumerate() {
        assert_eq!(e.seq, i as u64 + 1, "the journal of `{env}` has no holes");
    }
    events
        .iter()
        .filter_map(|e| samples::number_of(&e.event))
        .collect()
}

pub(super) fn a_journal_keeps_order_and_tells_runs_apart(store: &dyn Store) {
    let u = unit("prod", "a");
    let mut lease = take(store, "prod");
    let mut dev = take(store, "dev");
    let mut write = |run: &str, from: u64, to: u64| {
        let events: Vec<Event> = (from..to).map(|n| numbered(&u, n)).collect();
        store.append(&mut lease, run, &events, &[], false).unwrap();
    };
    write("r1", 0, 3);
    write("r2", 3, 300);
    write("r1", 300, 302);
    write("r2", 302, 302);
    append(store, &mut dev, &[numbered(&u, 7)]);
    assert_eq!(lease.seq, 302);
    assert_eq!(numbers(store, "prod"), (0..302).collect::<Vec<_>>());
    assert_eq!(numbers(store, "dev"), [7]);
    assert!(store.events("none", None, 0).unwrap().is_empty());
    let of = |run: Option<&str>, after| -> Vec<u64> {
        let events = store.events("prod", run, after).unwrap();
        assert!(run.is_none_or(|run| events.iter().all(|e| &*e.run == run)));
        events.iter().map(|e| e.seq).collect()
    };
    assert_eq!(of(Some("r1"), 0), [1, 2, 3, 301, 302]);
    assert_eq!(of(Some("r1"), 2), [3, 301, 302]);
    assert_eq!(of(Some("r2"), 0).len(), 297);
    assert!(of(Some("r3"), 0).is_empty());
    assert_eq!(of(None, 300), [301, 302]);
    assert!(of(None, 302).is_empty());
}

pub(super) fn every_event_comes_back(store: &dyn Store) {
    let mut lease = take(store, "prod");
    append(store, &mut lease, &samples::events());
    let back: Vec<Event> = store
        .events("prod", Some("r1"), 0)
        .unwrap()
        .into_iter()
        .map(|r| r.event)
        .collect();
    assert_eq!(back, samples::events());
}
