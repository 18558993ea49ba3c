//! What every store has to do, as checks that panic with what is wrong. A new store calls both in its tests.
//!
//! What only shows on disk (secrets in clear, crashes, damage) is tested where the disk is.
mod journal;
pub mod samples;
mod shared;

use samples::{SECRET, applied, holder, numbered, unit};
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::Artifact,
    event::{Event, Gate},
    store::{AppliedChange, Lease, Request, Store, StoreError},
    value::{Number, Output, Value},
};

use journal::numbers;
pub use shared::run_shared;

/// What one handle on a store has to do. `make` gives an empty store each time.
pub fn run(make: &dyn Fn() -> Box<dyn Store>) {
    let checks: &[fn(&dyn Store)] = &[
        journal::a_lease_is_held_until_it_is_given_back,
        journal::a_stale_writer_appends_nothing,
        journal::a_journal_keeps_order_and_tells_runs_apart,
        journal::every_event_comes_back,
        what_is_applied_follows_its_changes,
        a_refused_change_takes_its_events_with_it,
        rows_are_sorted_by_address,
        requests_come_in_order_and_once,
        blobs_come_back,
        a_generated_secret_is_stable,
        runs_are_listed_newest_first,
        notes_are_kept_by_kind,
        packed_files_stay_while_a_unit_names_them,
        digests_are_keyed,
    ];
    for check in checks {
        check(make().as_ref());
    }
}

fn take(store: &dyn Store, env: &str) -> Lease {
    store
        .take(env, &holder("apply"))
        .expect("the lease is free")
}

fn append(store: &dyn Store, lease: &mut Lease, events: &[Event]) {
    store
        .append(lease, "r1", events, &[], false)
        .expect("the lease is good");
}

fn what_is_applied_follows_its_changes(store: &dyn Store) {
    let (a, b, c) = (
        unit("prod", "a"),
        unit("prod", "b").with_key("x/y"),
        unit("dev", "c"),
    );
    let mut lease = take(store, "prod");
    let mut change =
        |changes: &[AppliedChange]| store.append(&mut lease, "r1", &[], changes, false).unwrap();
    let put = |u, f: &str| AppliedChange::Put(Box::new(applied(u, f)));
    change(&[put(&a, "1"), put(&b, "1"), put(&c, "1")]);
    assert_eq!(store.applied(&a).unwrap(), Some(applied(&a, "1")));
    let units = |env| -> Vec<String> {
        store
            .applied_rows(env)
            .unwrap()
            .iter()
            .map(|r| r.unit.to_string())
            .collect()
    };
    assert_eq!(units(None), ["dev/c", "prod/a", "prod/b[\"x/y\"]"]);
    assert_eq!(units(Some("dev")), ["dev/c"]);

    let row = store.applied_rows(Some("dev")).unwrap().remove(0);
    assert_eq!(
        (row.fingerprint, row.verified, row.at),
        (Digest::of(b"1"), None, applied(&c, "1").at)
    );
    assert!(!row.outputs.contains(SECRET));
    let shown: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(&row.outputs).unwrap();
    assert_eq!(shown["size"]["value"], Value::Number(Number("1.10".into())));
    let digest = store.keyed(format!("\"{SECRET}\"").as_bytes()).to_string();
    assert_eq!(shown["password"]["sensitive"], Value::from(digest.as_str()));
    assert_eq!(row.outputs_digest, crate::outputs_digest(&row.outputs));

    change(&[AppliedChange::Verified(a.clone(), false)]);
    change(&[put(&b, "2"), AppliedChange::Verified(b.clone(), true)]);
    change(&[
        AppliedChange::Verified(unit("prod", "nobody"), true),
        AppliedChange::Remove(unit("prod", "nobody")),
    ]);
    let verified = |u| {
        store
            .applied(u)
            .unwrap()
            .map(|a| (a.fingerprint, a.verified))
    };
    assert_eq!(verified(&a), Some((Digest::of(b"1"), Some(false))));
    assert_eq!(verified(&b), Some((Digest::of(b"2"), Some(true))));

    change(&[
        AppliedChange::Unsettled(a.clone()),
        AppliedChange::Unsettled(unit("prod", "nobody")),
    ]);
    let no_files = strata_core::store::unsettled();
    assert_eq!(verified(&a), Some((no_files, Some(false))));
    let rows = store.applied_rows(Some("prod")).unwrap();
    let row = rows.iter().find(|r| r.unit == a).unwrap();
    assert_eq!(row.fingerprint, no_files);
    assert_eq!(rows.len(), 2);

    let moved = unit("prod", "z");
    change(&[
        AppliedChange::Move(b.clone(), moved.clone()),
        AppliedChange::Remove(a.clone()),
    ]);
    assert_eq!(units(None), ["dev/c", "prod/z"]);
    assert_eq!(store.applied(&b).unwrap(), None);
    let found = store.applied(&moved).unwrap().unwrap();
    assert_eq!((&found.unit, &found.task.unit), (&moved, &moved));
    assert_eq!(
        (found.verified, &found.outputs),
        (Some(true), &applied(&b, "2").outputs)
    );
    change(&[
        AppliedChange::Move(moved.clone(), moved.clone()),
        AppliedChange::Move(a.clone(), c.clone()),
    ]);
    assert_eq!(units(None), ["dev/c", "prod/z"]);
}

fn a_refused_change_takes_its_events_with_it(store: &dyn Store) {
    let (a, b) = (unit("prod", "a"), unit("prod", "b"));
    let mut lease = take(store, "prod");
    let put = |u| AppliedChange::Put(Box::new(applied(u, "1")));
    store
        .append(
            &mut lease,
            "r1",
            &[numbered(&a, 1)],
            &[put(&a), put(&b)],
            false,
        )
        .unwrap();
    let changes = [
        AppliedChange::Remove(unit("prod", "c")),
        AppliedChange::Move(a.clone(), b.clone()),
    ];
    let said = store
        .append(&mut lease, "r1", &[numbered(&a, 2)], &changes, false)
        .unwrap_err();
    assert!(
        said.to_string().contains("prod/b is applied already"),
        "{said}"
    );
    assert_eq!(lease.seq, 1);
    assert_eq!(numbers(store, "prod"), [1]);
    assert_eq!(store.applied_rows(None).unwrap().len(), 2);
    store
        .append(&mut lease, "r1", &[numbered(&a, 2)], &[], false)
        .unwrap();
}

fn rows_are_sorted_by_address(store: &dyn Store) {
    let mut units = vec![
        unit("b", "a"),
        unit("a", "x-y"),
        unit("a", "x").with_key("k"),
        unit("a", "x"),
        unit("a", "i/n"),
        unit("a", "x").with_key(""),
        unit("a-b", "x"),
    ];
    let mut lease = take(store, "a");
    for u in &units {
        let put = AppliedChange::Put(Box::new(applied(u, "1")));
        store.append(&mut lease, "r1", &[], &[put], false).unwrap();
    }
    units.sort();
    let rows: Vec<_> = store
        .applied_rows(None)
        .unwrap()
        .into_iter()
        .map(|r| r.unit)
        .collect();
    assert_eq!(rows, units);
}

/// An answer that hands a secret over.
fn answer(unit_name: &str) -> Request {
    let output = Output {
        value: Value::from(SECRET),
        sensitive: true,
        ty: None,
    };
    let number = Output {
        value: Value::Number(Number("123456789012345678901234567890".into())),
        sensitive: false,
        ty: None,
    };
    Request::Answer {
        unit: unit("prod", unit_name),
        gate: Gate::Unsure { attempt: 2 },
        yes: true,
        by: "mo".to_owned(),
        outputs: BTreeMap::from([("token".to_owned(), output), ("long".to_owned(), number)]),
        evidence: Some(Artifact {
            digest: Digest::of(b"e"),
            sensitive: false,
            size: 1,
        }),
    }
}

fn requests_come_in_order_and_once(store: &dyn Store) {
    assert!(store.requests("prod").unwrap().is_empty());
    let asked = [answer("a"), Request::Cancel { now: false }, answer("b")];
    for request in &asked {
        store.ask("prod", request).unwrap();
    }
    store.ask("dev", &Request::Cancel { now: true }).unwrap();
    assert_eq!(store.requests("prod").unwrap(), asked);
    store.ask("prod", &answer("c")).unwrap();
    assert_eq!(store.requests("prod").unwrap(), [answer("c")]);
    assert!(store.requests("prod").unwrap().is_empty());
    assert_eq!(
        store.requests("dev").unwrap(),
        [Request::Cancel { now: true }]
    );
}

fn blobs_come_back(store: &dyn Store) {
    let dir = tempfile::tempdir().unwrap();
    let long: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
    let path = dir.path().join("image");
    std::fs::write(&path, &long).unwrap();
    for sensitive in [false, true] {
        for bytes in [&b""[..], b"hello", &long] {
            let kept = store.put_blob(bytes, sensitive).unwrap();
            assert_eq!(
                kept,
                Artifact {
                    digest: Digest::of(bytes),
                    sensitive,
                    size: bytes.len() as u64
                }
            );
            assert_eq!(store.put_blob(bytes, sensitive).unwrap(), kept);
            assert!(store.blob(&kept).unwrap() == bytes);
        }
        let other = [long.as_slice(), &[u8::from(sensitive)]].concat();
        std::fs::write(&path, &other).unwrap();
        let kept = store.put_file(&path, sensitive).unwrap();
        assert_eq!(
            (kept.digest, kept.size),
            (Digest::of(&other), other.len() as u64)
        );
        assert!(store.blob(&kept).unwrap() == other);
    }
    let plain = store.blob_path(&Digest::of(b"hello")).unwrap();
    assert_eq!(std::fs::read(&plain).unwrap(), b"hello");
    assert!(std::fs::metadata(&plain).unwrap().permissions().readonly());
    let secret = store.put_blob(b"only sealed", true).unwrap();
    assert!(matches!(
        store.blob_path(&secret.digest),
        Err(StoreError::NoBlob(_))
    ));
    let as_plain = Artifact {
        sensitive: false,
        ..secret
    };
    assert!(matches!(store.blob(&as_plain), Err(StoreError::NoBlob(_))));
    let said = store
        .put_file(&dir.path().join("none"), false)
        .unwrap_err()
        .to_string();
    assert!(said.contains("none"), "{said}");
}

fn a_generated_secret_is_stable(store: &dyn Store) {
    let mut times = 0;
    let mut make = || {
        times += 1;
        format!("{SECRET}-{times}")
    };
    let first = store.generated("db", &mut make).unwrap();
    assert_eq!(store.generated("db", &mut make).unwrap(), first);
    assert_ne!(store.generated("other", &mut make).unwrap(), first);
    assert_eq!(times, 2, "times when there is none, and only then");
    // whoever makes a secret may look at the store
    let nested = store
        .generated("nested", &mut || {
            store.generated("db", &mut String::new).unwrap()
        })
        .unwrap();
    assert_eq!(nested, first);
}

fn runs_are_listed_newest_first(store: &dyn Store) {
    let plan = samples::plan(&unit("prod", "a"));
    for (id, envs) in [
        ("01", &["prod"][..]),
        ("03", &["dev"]),
        ("02", &["dev", "prod"]),
    ] {
        store
            .put_run(
                &samples::run(id, envs, &plan),
                (id == "02").then_some(&plan),
            )
            .unwrap();
    }
    let listed = |env, most| -> Vec<String> {
        store
            .runs(env, most)
            .unwrap()
            .into_iter()
            .map(|r| r.run)
            .collect()
    };
    assert_eq!(listed(None, 10), ["03", "02", "01"]);
    assert_eq!(listed(None, 1), ["03"]);
    assert_eq!(listed(Some("prod"), usize::MAX), ["02", "01"]);
    assert!(listed(Some("pro"), 10).is_empty());
    assert_eq!(store.plan("02").unwrap().as_ref(), Some(&plan));
    assert!(store.plan("01").unwrap().is_none() && store.plan("99").unwrap().is_none());

    let mut ended = samples::run("02", &["dev", "prod"], &plan);
    ended.ended = Some(ended.started + 5);
    "done".clone_into(&mut ended.state);
    store.put_run(&ended, None).unwrap();
    assert_eq!(store.runs(Some("prod"), 1).unwrap(), [ended]);
    assert!(
        store.plan("02").unwrap().is_some(),
        "a plan stays when its run is noted again"
    );
}

fn notes_are_kept_by_kind(store: &dyn Store) {
    assert!(store.notes("duration").unwrap().is_empty());
    for (kind, key, value) in [
        ("duration", "a", "1"),
        ("duration", "b", "2"),
        ("tool", "a", "x"),
        ("duration", "a", "3"),
    ] {
        store.note(kind, &[(key, value)]).unwrap();
    }
    store.note("tool", &[("b", "y"), ("c", "z")]).unwrap();
    assert_eq!(store.notes("tool").unwrap().len(), 3);
    let kept = BTreeMap::from([
        ("a".to_owned(), "3".to_owned()),
        ("b".to_owned(), "2".to_owned()),
    ]);
    assert_eq!(store.notes("duration").unwrap(), kept);
}

fn packed_files_stay_while_a_unit_names_them(store: &dyn Store) {
    let mut lease = store.take("trees", &samples::holder("apply")).unwrap();
    let (artifact, tree) = AppliedChange::tree(b"packed".to_vec());
    let put = |name: &str| {
        let mut put = applied(&unit("trees", name), "1");
        put.tree = Some(artifact.clone());
        AppliedChange::Put(Box::new(put))
    };
    let mut change =
        |changes: &[AppliedChange]| store.append(&mut lease, "r", &[], changes, false).unwrap();
    change(&[tree.clone(), put("a")]);
    change(&[tree.clone(), put("b")]);
    change(&[tree, put("a")]);
    change(&[AppliedChange::Move(unit("trees", "a"), unit("trees", "c"))]);
    change(&[AppliedChange::Remove(unit("trees", "b"))]);
    assert_eq!(store.blob(&artifact).unwrap(), b"packed");
    change(&[AppliedChange::Put(Box::new(applied(
        &unit("trees", "c"),
        "2",
    )))]);
    assert!(matches!(store.blob(&artifact), Err(StoreError::NoBlob(_))));
    change(&[AppliedChange::Remove(unit("trees", "c"))]);
    store.release(&lease).unwrap();
}

fn digests_are_keyed(store: &dyn Store) {
    assert_eq!(store.keyed(b"x"), store.keyed(b"x"));
    assert_ne!(store.keyed(b"x"), store.keyed(b"y"));
    assert_ne!(store.keyed(b"x"), Digest::of(b"x"));
}
