//! The store that fails on demand.
use strata_core::store::{Store, StoreError};
use strata_store::{
    conformance::samples::{holder, numbered, unit},
    faulty::{Fault, Faulty},
    memory::MemoryStore,
};

/// A writer that takes, appends and gives back; how far it came.
fn write(store: &dyn Store) -> Result<(), StoreError> {
    let mut lease = store.take("prod", &holder("apply"))?;
    for n in 1..=3 {
        store.append(
            &mut lease,
            "r1",
            &[numbered(&unit("prod", "a"), n)],
            &[],
            true,
        )?;
    }
    store.release(&lease)
}

#[test]
fn each_call_can_fail_before_or_after_its_effect() {
    for (fault, late) in [(Fault::Before, 0), (Fault::After, 1)] {
        for nth in 1..=5 {
            let store = Faulty::new(MemoryStore::new(), nth, fault);
            let said = write(&store).unwrap_err().to_string();
            assert!(said.contains(&format!("call {nth} ")), "{said}");
            assert_eq!(store.calls(), nth);
            let written = store.inner().events("prod", None, 0).unwrap().len() as u64;
            let whole = nth.saturating_sub(2).min(3);
            let extra = if (2..5).contains(&nth) { late } else { 0 };
            assert_eq!(written, whole + extra, "{fault:?} {nth}");
        }
    }
    let store = Faulty::new(MemoryStore::new(), 0, Fault::Before);
    write(&store).unwrap();
    assert_eq!(store.calls(), 5);
}

#[test]
fn who_did_not_hear_of_an_append_is_fenced_at_the_next() {
    let store = Faulty::new(MemoryStore::new(), 2, Fault::After);
    let mut lease = store.take("prod", &holder("apply")).unwrap();
    let event = [numbered(&unit("prod", "a"), 1)];
    assert!(store.append(&mut lease, "r1", &event, &[], true).is_err());
    assert_eq!(lease.seq, 0);
    let said = store.append(&mut lease, "r1", &event, &[], true);
    assert!(
        matches!(said, Err(StoreError::Fenced(_))),
        "nothing is written twice: {said:?}"
    );
}
