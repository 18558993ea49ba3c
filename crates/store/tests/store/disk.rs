//! Conformance of both stores, and what only shows on disk.
use std::{fs, os::unix::fs::PermissionsExt, path::Path, rc::Rc, time::Duration};
use strata_core::{
    digest::Digest,
    event::Gate,
    store::{AppliedChange, Request, Store, StoreError},
    value::{Output, Value},
};
use strata_store::{
    conformance::{
        run, run_shared,
        samples::{self, SECRET, holder, unit},
    },
    memory::MemoryStore,
    sqlite::{self, Options, SqliteStore},
};
use tempfile::TempDir;

/// A store whose folder goes with it.
struct Own {
    store: SqliteStore,
    _dir: Rc<TempDir>,
}

fn folder() -> Rc<TempDir> {
    Rc::new(tempfile::tempdir().unwrap())
}

#[test]
fn memory_conforms() {
    run(&|| Box::new(MemoryStore::new()));
    run_shared(&|| {
        let first = MemoryStore::new();
        Box::new(move || Box::new(first.another()))
    });
}

#[test]
fn sqlite_conforms() {
    let dirs = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        dirs.path().join(count.get().to_string())
    };
    run(&|| Box::new(SqliteStore::open(&next()).unwrap()));
    run_shared(&|| {
        let dir = next();
        Box::new(move || Box::new(SqliteStore::open(&dir).unwrap()))
    });
}

/// Every byte of every file below a folder, by path.
fn contents(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}

#[test]
fn no_secret_is_on_disk_in_clear() {
    let dir = folder();
    let store = SqliteStore::open(dir.path()).unwrap();
    let u = unit("prod", "db");
    let mut lease = store.take("prod", &holder("apply")).unwrap();
    let put = |u| AppliedChange::Put(Box::new(samples::applied(u, "1")));
    store
        .append(
            &mut lease,
            "r1",
            &samples::events(),
            &[put(&u), put(&unit("prod", "x"))],
            true,
        )
        .unwrap();
    store
        .append(
            &mut lease,
            "r1",
            &[],
            &[AppliedChange::Move(u.clone(), unit("prod", "y"))],
            true,
        )
        .unwrap();
    store.put_blob(SECRET.as_bytes(), true).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("x{SECRET}")).unwrap();
    store.put_file(file.path(), true).unwrap();
    store.generated("pw", &mut || SECRET.to_owned()).unwrap();
    let output = Output {
        value: Value::from(SECRET),
        sensitive: true,
        ty: None,
    };
    let answer = Request::Answer {
        unit: u,
        gate: Gate::HandOff,
        yes: true,
        by: "mo".into(),
        outputs: [("o".to_owned(), output)].into(),
        evidence: None,
    };
    store.ask("prod", &answer).unwrap();
    let look = |when: &str| {
        let files = contents(dir.path());
        for (path, bytes) in &files {
            let found = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
            assert!(!found, "{} holds a secret {when}", path.display());
        }
        files
            .iter()
            .any(|(path, bytes)| path.ends_with("store.db-wal") && !bytes.is_empty())
    };
    assert!(look("while it is open"), "the log was looked at");
    // what goes is overwritten nowhere in clear either
    store
        .append(
            &mut lease,
            "r1",
            &[],
            &[AppliedChange::Remove(unit("prod", "x"))],
            true,
        )
        .unwrap();
    drop(store);
    look("after it was closed");
}

#[test]
fn only_its_owner_may_enter_and_git_ignores_it() {
    let dir = folder();
    let strata = dir.path().join("a/.strata");
    let store = SqliteStore::open(&strata).unwrap();
    let sealed = store.put_blob(b"secret", true).unwrap();
    let plain = store.put_blob(b"plain", false).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&strata), 0o700);
    assert_eq!(mode(&strata.join("key")), 0o600);
    assert_eq!(mode(&strata.join("store.db")), 0o600);
    assert_eq!(mode(&store.blob_path(&plain.digest).unwrap()), 0o400);
    let name = sealed.digest.to_string();
    assert_eq!(
        mode(
            &strata
                .join("blobs")
                .join(&name[..2])
                .join(format!("{name}.age"))
        ),
        0o600
    );
    assert_eq!(
        fs::read_to_string(strata.join(".gitignore")).unwrap(),
        "*\n"
    );
    // a second open changes nothing of it
    fs::write(strata.join(".gitignore"), "mine\n").unwrap();
    drop(store);
    drop(SqliteStore::open(&strata).unwrap());
    assert_eq!(
        fs::read_to_string(strata.join(".gitignore")).unwrap(),
        "mine\n"
    );
}

#[test]
fn a_supervisor_finds_the_generation_in_a_file() {
    let dir = folder();
    let store = SqliteStore::open(dir.path()).unwrap();
    let file = sqlite::generation_file(dir.path(), "prod").unwrap();
    assert_eq!(sqlite::read_generation(&file).unwrap(), 0);
    for _ in 0..3 {
        let lease = store.take("prod", &holder("apply")).unwrap();
        assert_eq!(sqlite::read_generation(&file).unwrap(), lease.generation);
        store.release(&lease).unwrap();
    }
    // a database from a backup knows less; generations grow all the same
    fs::write(&file, "100\n").unwrap();
    assert_eq!(
        store.take("prod", &holder("apply")).unwrap().generation,
        101
    );
    assert!(store.take("../prod", &holder("apply")).is_err());
}

#[test]
fn a_lost_or_foreign_key_is_said() {
    let dir = folder();
    drop(SqliteStore::open(dir.path()).unwrap());
    let key = dir.path().join("key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let said = SqliteStore::open(dir.path()).unwrap_err().to_string();
    assert!(
        said.contains("is gone") && said.contains("age1") && said.contains("strata adopt"),
        "{said}"
    );
    assert!(!key.exists(), "no new key is made over the loss");

    let other = folder();
    drop(SqliteStore::open(other.path()).unwrap());
    let foreign = Options {
        identity: Some(other.path().join("key")),
        ..Options::default()
    };
    let said = SqliteStore::open_with(dir.path(), &foreign)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("is not the one that seals the store"),
        "{said}"
    );

    fs::write(other.path().join("elsewhere"), kept).unwrap();
    let elsewhere = Options {
        identity: Some(other.path().join("elsewhere")),
        ..Options::default()
    };
    drop(SqliteStore::open_with(dir.path(), &elsewhere).unwrap());
    let missing = Options {
        identity: Some(other.path().join("missing")),
        ..Options::default()
    };
    let said = SqliteStore::open_with(dir.path(), &missing)
        .unwrap_err()
        .to_string();
    assert!(said.contains("missing"), "{said}");
}

#[test]
fn old_blobs_go_and_named_ones_stay() {
    let dir = folder();
    let own = Own {
        store: SqliteStore::open(dir.path()).unwrap(),
        _dir: dir.clone(),
    };
    let kept = own.store.put_blob(b"kept", false).unwrap();
    let sealed = own.store.put_blob(b"sealed", true).unwrap();
    let old = own.store.put_blob(b"old", false).unwrap();
    // what an interrupted write leaves behind
    fs::write(dir.path().join("blobs/part-x"), b"half").unwrap();
    let keep = [kept.digest, sealed.digest];
    let blobs = own.store.blobs();
    assert_eq!(
        blobs.gc(&keep, Duration::from_secs(3600)).unwrap().files,
        0,
        "young ones are spared"
    );
    let freed = blobs.gc(&keep, Duration::ZERO).unwrap();
    assert_eq!((freed.files, freed.bytes), (2, 3 + 4));
    assert!(own.store.blob(&kept).is_ok() && own.store.blob(&sealed).is_ok());
    assert!(matches!(own.store.blob(&old), Err(StoreError::NoBlob(_))));
}

#[test]
fn blobs_stay_within_their_budget() {
    let dir = folder();
    let options = Options {
        blob_budget: Some(1000),
        ..Options::default()
    };
    let store = SqliteStore::open_with(dir.path(), &options).unwrap();
    let first = store.put_blob(&[1; 600], false).unwrap();
    store.put_blob(&[1; 600], false).unwrap();
    let said = store.put_blob(&[2; 600], false).unwrap_err().to_string();
    assert!(said.contains("600 of 1000 bytes"), "{said}");
    let big = tempfile::NamedTempFile::new().unwrap();
    fs::write(big.path(), [3; 600]).unwrap();
    assert!(store.put_file(big.path(), false).is_err());
    assert_eq!(
        store.blobs().size().unwrap(),
        600,
        "what was refused left nothing"
    );
    store.blobs().gc(&[], Duration::ZERO).unwrap();
    store.put_file(big.path(), false).unwrap();
    assert!(store.blob(&first).is_err());
}

#[test]
fn a_blob_that_changed_is_not_handed_out() {
    let dir = folder();
    let store = SqliteStore::open(dir.path()).unwrap();
    let plain = store.put_blob(b"content", false).unwrap();
    let path = store.blob_path(&plain.digest).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, b"c0ntent").unwrap();
    assert!(matches!(
        store.blob(&plain),
        Err(StoreError::Damaged { .. })
    ));

    let sealed = store.put_blob(b"secret", true).unwrap();
    let name = Digest::of(b"secret").to_string();
    let path = dir
        .path()
        .join("blobs")
        .join(&name[..2])
        .join(format!("{name}.age"));
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(
            matches!(store.blob(&sealed), Err(StoreError::Damaged { .. })),
            "cut at {cut}"
        );
    }
}
