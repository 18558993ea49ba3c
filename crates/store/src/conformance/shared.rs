//! What several processes see of one store.
use super::{append, journal::numbers, samples, take};
use samples::{holder, numbered, unit};
use strata_core::store::{Lease, Request, Store, StoreError};

/// What handles on the same store have to do. `make` gives a way to open a new, empty store, and every call of that
/// way opens the same one as another process would; dropping what it returned is the death of that process.
pub fn run_shared(make: &dyn Fn() -> Box<dyn Fn() -> Box<dyn Store>>) {
    let checks: &[fn(Open<'_>)] = &[
        a_living_holder_is_respected_and_a_dead_one_is_not,
        a_fenced_process_cannot_write,
        content_outlives_its_process,
        a_request_that_was_not_answered_comes_again,
        a_generated_secret_is_the_same_for_all,
    ];
    for check in checks {
        check(make().as_ref());
    }
}

type Open<'a> = &'a dyn Fn() -> Box<dyn Store>;

fn a_living_holder_is_respected_and_a_dead_one_is_not(open: Open<'_>) {
    let (first, second) = (open(), open());
    let lease = take(first.as_ref(), "prod");
    assert!(matches!(
        second.take("prod", &holder("destroy")),
        Err(StoreError::Held { .. })
    ));
    assert_eq!(second.holder("prod").unwrap(), Some(holder("apply")));
    drop(first);
    assert_eq!(
        second.holder("prod").unwrap(),
        None,
        "the dead hold nothing"
    );
    let next = second.take("prod", &holder("resume")).unwrap();
    assert!(next.generation > lease.generation);
}

fn a_fenced_process_cannot_write(open: Open<'_>) {
    let u = unit("prod", "a");
    let dead = open();
    let mut lease = take(dead.as_ref(), "prod");
    append(dead.as_ref(), &mut lease, &[numbered(&u, 1)]);
    // a lease that outlives its lock: what a process has that was stopped, declared dead, and woken
    drop(dead);
    let woken = open();
    let taker = open();
    let mut newer = take(taker.as_ref(), "prod");
    let said = woken.append(&mut lease, "r1", &[numbered(&u, 2)], &[], true);
    assert!(matches!(said, Err(StoreError::Fenced(_))), "{said:?}");
    append(taker.as_ref(), &mut newer, &[numbered(&u, 3)]);
    assert_eq!(numbers(woken.as_ref(), "prod"), [1, 3]);
    assert_eq!(woken.generation("prod").unwrap(), newer.generation);
}

fn content_outlives_its_process(open: Open<'_>) {
    let u = unit("prod", "a");
    // a handle that stays, so that a store in memory has where to live
    let _other = open();
    let store = open();
    let mut lease: Lease = take(store.as_ref(), "prod");
    append(store.as_ref(), &mut lease, &samples::events());
    let change = [strata_core::store::AppliedChange::Put(Box::new(
        samples::applied(&u, "1"),
    ))];
    store.append(&mut lease, "r1", &[], &change, false).unwrap();
    store.note("k", &[("a", "1")]).unwrap();
    let kept = store.put_blob(b"content", true).unwrap();
    let digest = store.keyed(b"x");
    let plan = samples::plan(&u);
    store
        .put_run(&samples::run("r1", &["prod"], &plan), Some(&plan))
        .unwrap();
    drop(store);

    let again = open();
    assert_eq!(
        again.events("prod", None, 0).unwrap().len(),
        samples::events().len()
    );
    assert_eq!(again.applied(&u).unwrap(), Some(samples::applied(&u, "1")));
    assert_eq!(again.notes("k").unwrap()["a"], "1");
    assert_eq!(again.blob(&kept).unwrap(), b"content");
    assert_eq!(again.keyed(b"x"), digest);
    assert_eq!(again.plan("r1").unwrap(), Some(plan));
    assert_eq!(take(again.as_ref(), "prod").seq, lease.seq);
}

fn a_request_that_was_not_answered_comes_again(open: Open<'_>) {
    let asker = open();
    let cancel = |now| Request::Cancel { now };
    asker.ask("prod", &cancel(false)).unwrap();
    let dying = open();
    let lease = take(dying.as_ref(), "prod");
    assert_eq!(dying.requests("prod").unwrap(), [cancel(false)]);
    drop(dying);
    drop(lease);

    let next = open();
    let lease = take(next.as_ref(), "prod");
    assert_eq!(
        next.requests("prod").unwrap(),
        [cancel(false)],
        "nobody answered it"
    );
    asker.ask("prod", &cancel(true)).unwrap();
    next.release(&lease).unwrap();
    assert_eq!(
        open().requests("prod").unwrap(),
        [cancel(true)],
        "what came later is left for the next holder"
    );
}

fn a_generated_secret_is_the_same_for_all(open: Open<'_>) {
    let (one, two) = (open(), open());
    // the other one is faster while this one makes its secret
    let slow = one.generated("db", &mut || {
        two.generated("db", &mut || "first".to_owned()).unwrap();
        "second".to_owned()
    });
    assert_eq!(slow.unwrap(), "first");
    assert_eq!(
        two.generated("db", &mut || unreachable!("there is one"))
            .unwrap(),
        "first"
    );
}
