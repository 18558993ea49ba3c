//! Files that are cut off, overwritten or gone: said, never a panic, never a wrong answer without a word.
use std::{fs, path::Path};
use strata_core::store::{AppliedChange, Store, StoreError};
use strata_store::{
    conformance::samples::{self, holder, numbered, unit},
    sqlite::SqliteStore,
};

const EVENTS: u64 = 2000;

fn filled(dir: &Path) {
    let store = SqliteStore::open(dir).unwrap();
    let mut lease = store.take("prod", &holder("apply")).unwrap();
    let u = unit("prod", "a");
    let events: Vec<_> = (1..=EVENTS).map(|n| numbered(&u, n)).collect();
    let put = AppliedChange::Put(Box::new(samples::applied(&u, "1")));
    store
        .append(&mut lease, "r1", &events, &[put], true)
        .unwrap();
}

/// Everything that can be read, or why not.
fn read_all(dir: &Path) -> Result<usize, StoreError> {
    let store = SqliteStore::open(dir)?;
    store.applied_rows(None)?;
    store.applied(&unit("prod", "a"))?;
    store.runs(None, 10)?;
    store.requests("prod")?;
    store.notes("k")?;
    store.holder("prod")?;
    Ok(store.events("prod", None, 0)?.len())
}

fn is_damage(e: &StoreError, file: &Path) -> bool {
    matches!(e, StoreError::Damaged { path, .. } if *path == file.display().to_string())
}

#[test]
fn a_database_that_is_cut_off_is_said() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let file = dir.path().join("store.db");
    let whole = fs::read(&file).unwrap();
    assert_eq!(read_all(dir.path()).unwrap() as u64, EVENTS);
    for keep in [
        0,
        1,
        15,
        16,
        99,
        100,
        4095,
        4096,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        fs::write(&file, &whole[..keep]).unwrap();
        let said = read_all(dir.path()).unwrap_err();
        assert!(is_damage(&said, &file), "{keep}: {said}");
        assert!(said.to_string().contains("strata adopt"), "{said}");
        assert_eq!(
            fs::read(&file).unwrap(),
            whole[..keep],
            "{keep}: nothing is changed"
        );
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(read_all(dir.path()).unwrap() as u64, EVENTS);
}

#[test]
fn a_database_that_is_overwritten_is_said_or_read() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let file = dir.path().join("store.db");
    let whole = fs::read(&file).unwrap();
    let mut said_so = 0;
    for page in 0..whole.len() / 4096 {
        let mut bad = whole.clone();
        bad[page * 4096..(page + 1) * 4096].fill(0x5a);
        fs::write(&file, &bad).unwrap();
        match read_all(dir.path()) {
            Ok(_) => {}
            Err(e) => {
                assert!(is_damage(&e, &file), "page {page}: {e}");
                said_so += 1;
            }
        }
        // a thorough look finds every page that is in use
        if let Ok(store) = SqliteStore::open(dir.path()) {
            assert!(store.check().is_err(), "page {page}");
        }
        fs::write(&file, &whole).unwrap();
        let _ = fs::remove_file(dir.path().join("store.db-wal"));
        let _ = fs::remove_file(dir.path().join("store.db-shm"));
    }
    assert!(said_so > whole.len() / 4096 / 2, "{said_so}");
    SqliteStore::open(dir.path()).unwrap().check().unwrap();
}

#[test]
fn a_log_without_its_end_loses_the_end_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let mut lease = store.take("prod", &holder("apply")).unwrap();
    for n in 1..=50 {
        store
            .append(
                &mut lease,
                "r1",
                &[numbered(&unit("prod", "a"), n)],
                &[],
                false,
            )
            .unwrap();
    }
    // as a machine that lost power leaves it: the log was written, not all of it arrived
    let copy = tempfile::tempdir().unwrap();
    let log = fs::read(dir.path().join("store.db-wal")).unwrap();
    for cut in [log.len() - 1, log.len() - 5000, log.len() / 2] {
        for name in ["store.db", "key"] {
            fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
        }
        fs::write(copy.path().join("store.db-wal"), &log[..cut]).unwrap();
        let _ = fs::remove_file(copy.path().join("store.db-shm"));
        let opened = SqliteStore::open(copy.path()).unwrap();
        let seen: Vec<u64> = opened
            .events("prod", None, 0)
            .unwrap()
            .iter()
            .filter_map(|e| samples::number_of(&e.event))
            .collect();
        assert!(seen.len() < 50);
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
        assert_eq!(
            opened.take("prod", &holder("apply")).unwrap().seq,
            seen.len() as u64
        );
        opened.check().unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join(".strata");
    fs::write(&in_the_way, "a file").unwrap();
    let said = SqliteStore::open(&in_the_way).unwrap_err().to_string();
    assert!(said.contains(".strata"), "{said}");
    let said = SqliteStore::open(Path::new("/proc/strata-store-test"))
        .unwrap_err()
        .to_string();
    assert!(said.contains("/proc/strata-store-test"), "{said}");
    // a database where there is a folder
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("store.db")).unwrap();
    assert!(SqliteStore::open(other.path()).is_err());
}
