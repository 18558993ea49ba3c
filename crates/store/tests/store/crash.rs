//! Processes that are killed while they write, and processes that write at the same time.
//!
//! The children are this test binary again, told by a variable what to do.
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use strata_core::{
    digest::Digest,
    store::{AppliedChange, Store, StoreError},
};
use strata_store::{
    conformance::samples::{applied, holder, number_of, numbered, unit},
    sqlite::SqliteStore,
};

const ROLE: &str = "STRATA_STORE_TEST_ROLE";
const FOLDER: &str = "STRATA_STORE_TEST_FOLDER";
const ENVIRONMENT: &str = "STRATA_STORE_TEST_ENVIRONMENT";

/// Events of one transaction.
const BATCH: u64 = 3;
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Not a test: what a child does.
#[test]
fn child() {
    let Ok(role) = env::var(ROLE) else { return };
    let dir = env::var(FOLDER).unwrap();
    let environment = env::var(ENVIRONMENT).unwrap();
    let store = SqliteStore::open(Path::new(&dir)).unwrap();
    match role.as_str() {
        "endless" => write_endlessly(&store, &environment),
        "some" => write_some(&store, &environment, 150),
        "turns" => write_in_turns(&store, &environment, 20),
        other => panic!("no role {other}"),
    }
}

fn start(role: &str, dir: &Path, environment: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "store::crash::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ROLE, role)
        .env(FOLDER, dir)
        .env(ENVIRONMENT, environment)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// One transaction: a few events, what is applied with a fingerprint that names them, every other one synced.
fn write_one(store: &SqliteStore, lease: &mut strata_core::store::Lease) {
    let u = unit(&lease.env, "a");
    let first = lease.seq + 1;
    let events: Vec<_> = (first..first + BATCH).map(|n| numbered(&u, n)).collect();
    let last = first + BATCH - 1;
    let put = AppliedChange::Put(Box::new(applied(&u, &last.to_string())));
    store
        .append(
            lease,
            "r1",
            &events,
            &[put],
            (last / BATCH).is_multiple_of(2),
        )
        .unwrap();
}

fn write_endlessly(store: &SqliteStore, environment: &str) {
    let mut lease = store.take(environment, &holder("apply")).unwrap();
    let mut out = std::io::stdout().lock();
    loop {
        write_one(store, &mut lease);
        if writeln!(out, "wrote {}", lease.seq)
            .and_then(|()| out.flush())
            .is_err()
        {
            return;
        }
    }
}

fn write_some(store: &SqliteStore, environment: &str, times: u64) {
    let mut lease = store.take(environment, &holder("apply")).unwrap();
    for _ in 0..times {
        write_one(store, &mut lease);
    }
    store.release(&lease).unwrap();
}

fn write_in_turns(store: &SqliteStore, environment: &str, times: u64) {
    let began = Instant::now();
    let mut done = 0;
    while done < times {
        match store.take(environment, &holder("apply")) {
            Ok(mut lease) => {
                write_one(store, &mut lease);
                store.release(&lease).unwrap();
                done += 1;
            }
            Err(StoreError::Held { .. }) => thread::sleep(Duration::from_millis(2)),
            Err(e) => panic!("{e}"),
        }
        assert!(began.elapsed() < PATIENCE, "never got a turn");
    }
}

/// A whole prefix of what was written, and what is applied fits to it. Its length.
fn sound(store: &SqliteStore, environment: &str) -> u64 {
    let events = store.events(environment, None, 0).unwrap();
    for (n, event) in (1..).zip(&events) {
        assert_eq!((event.seq, number_of(&event.event)), (n, Some(n)));
    }
    let length = events.len() as u64;
    assert_eq!(length % BATCH, 0, "a part of a transaction is there");
    let rows = store.applied_rows(Some(environment)).unwrap();
    let fingerprint = Digest::of(length.to_string().as_bytes());
    let expected = if length == 0 {
        vec![]
    } else {
        vec![fingerprint]
    };
    assert_eq!(
        rows.iter().map(|r| r.fingerprint).collect::<Vec<_>>(),
        expected
    );
    if length > 0 {
        let detail = store.applied(&unit(environment, "a")).unwrap().unwrap();
        assert_eq!(
            detail,
            applied(&unit(environment, "a"), &length.to_string())
        );
    }
    length
}

#[test]
fn a_killed_writer_leaves_whole_transactions() {
    let dir = tempfile::tempdir().unwrap();
    let mut generation = 0;
    for round in 0..15_u64 {
        let mut child = start("endless", dir.path(), "prod");
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let wrote = |line: String| {
            line.rsplit_once("wrote ")
                .and_then(|(_, n)| n.parse::<u64>().ok())
        };
        // die at another place each time
        let mut known = lines
            .by_ref()
            .filter_map(wrote)
            .nth((round * 7 % 23) as usize)
            .unwrap();
        child.kill().unwrap();
        if let Some(last) = lines.filter_map(wrote).last() {
            known = last;
        }
        child.wait().unwrap();

        let store = SqliteStore::open(dir.path()).unwrap();
        let length = sound(&store, "prod");
        assert!(
            length >= known,
            "round {round}: {length} are there, {known} were written"
        );
        assert!(
            length <= known + BATCH,
            "round {round}: only one transaction can be under way"
        );
        assert_eq!(store.holder("prod").unwrap(), None, "the dead hold nothing");
        let lease = store.take("prod", &holder("resume")).unwrap();
        assert_eq!(lease.seq, length);
        assert!(lease.generation > generation);
        generation = lease.generation;
        store.check().unwrap();
    }
}

#[test]
fn a_living_process_is_respected() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let mut child = start("endless", dir.path(), "prod");
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|l| l.contains("wrote")));
    let pid = child.id();
    match store.take("prod", &holder("destroy")) {
        Err(StoreError::Held { holder, .. }) => {
            assert_eq!((holder.pid, holder.doing.as_str()), (pid, "apply"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(store.holder("prod").unwrap().map(|h| h.pid), Some(pid));
    // readers go on meanwhile
    sound(&store, "dev");
    assert!(!store.events("prod", None, 0).unwrap().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let length = sound(&store, "prod");
    assert_eq!(store.take("prod", &holder("destroy")).unwrap().seq, length);
}

#[test]
fn two_processes_write_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let mut children = [
        start("some", dir.path(), "prod"),
        start("some", dir.path(), "dev"),
    ];
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(dir.path()).unwrap();
    for environment in ["prod", "dev"] {
        assert_eq!(sound(&store, environment), 150 * BATCH);
    }
}

#[test]
fn two_processes_take_turns_in_one_environment() {
    let dir = tempfile::tempdir().unwrap();
    let mut children = [
        start("turns", dir.path(), "prod"),
        start("turns", dir.path(), "prod"),
    ];
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(dir.path()).unwrap();
    assert_eq!(sound(&store, "prod"), 2 * 20 * BATCH);
    assert_eq!(
        store.generation("prod").unwrap(),
        40,
        "every turn had a generation of its own"
    );
}
