//! The tables, and opening the file that holds them.
use super::damage;
use crate::durable;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::{path::Path, time::Duration};
use strata_core::store::StoreError;

/// The version of the tables below. A change of them makes it grow and comes with a step from the version before.
pub const VERSION: i64 = 2;

/// How long a writer waits for another one: whole transactions take milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

const TABLES: &str = "
CREATE TABLE schema (version INTEGER NOT NULL, recipient TEXT) STRICT;
CREATE TABLE lease (
    env TEXT NOT NULL PRIMARY KEY, generation INTEGER NOT NULL, seq INTEGER NOT NULL, holder TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    env TEXT NOT NULL, seq INTEGER NOT NULL, run TEXT NOT NULL, generation INTEGER NOT NULL, at INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (env, seq)
) STRICT, WITHOUT ROWID;
-- the tasks that events brought: apart, so that who reads the log passes over none of them
CREATE TABLE task (
    env TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (env, seq)
) STRICT, WITHOUT ROWID;
-- where a run begins in the log of an environment: a run is found without reading what came before it
CREATE TABLE first_event (
    env TEXT NOT NULL, run TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (env, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
    run TEXT NOT NULL PRIMARY KEY, envs TEXT NOT NULL, verb TEXT NOT NULL, plan BLOB NOT NULL,
    started INTEGER NOT NULL, ended INTEGER, state TEXT NOT NULL
) STRICT;
CREATE TABLE plan (run TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT;
-- an address begins with its environment: one tree serves both
CREATE TABLE applied (
    env TEXT NOT NULL, unit TEXT NOT NULL, fingerprint BLOB NOT NULL, outputs_digest BLOB NOT NULL,
    outputs TEXT NOT NULL, verified INTEGER, at INTEGER NOT NULL, PRIMARY KEY (env, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE applied_detail (unit TEXT NOT NULL PRIMARY KEY, tree BLOB, body BLOB NOT NULL) STRICT;
-- packed files of units: as long as `units` of them name it
CREATE TABLE tree (digest BLOB NOT NULL PRIMARY KEY, units INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, env TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE note (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE generated (name TEXT NOT NULL PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
";

/// Opens the connection that writes; makes the file when there is none. Called by one process at a time.
pub fn open(file: &Path) -> Result<Connection, StoreError> {
    if !damage::inspect(file)? {
        make(file)?;
    }
    let doing = "open the store";
    let said = |e: rusqlite::Error| damage::error(file, doing, &e);
    let connection = connect(file)?;
    check_version(file, &connection)?;
    (|| {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    })()
    .map_err(said)?;
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |r| r.get::<_, u64>(0))
            .map_err(said)
    };
    damage::cut_off(file, number("page_count")?, number("page_size")?)?;
    Ok(connection)
}

/// Opens the connection that reads.
pub fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let connection = connect(file)?;
    (|| {
        connection.pragma_update(None, "query_only", true)?;
        // ten thousand rows with their outputs
        connection.pragma_update(None, "cache_size", -16_000)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    })()
    .map_err(|e| damage::error(file, "open the store", &e))?;
    Ok(connection)
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)
        .map_err(|e| damage::error(file, "open the store", &e))?;
    (|| {
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)
    })()
    .map_err(|e| damage::error(file, "open the store", &e))?;
    Ok(connection)
}

/// Makes the file beside and renames it: a database without its tables never has its name.
fn make(file: &Path) -> Result<(), StoreError> {
    let folder = file.parent().expect("it is in a folder");
    let doing = format!("make the store {}", file.display());
    let beside =
        tempfile::NamedTempFile::with_prefix_in("store.db.", folder).map_err(durable::io(doing))?;
    let filled = (|| {
        let connection = Connection::open(beside.path())?;
        connection.execute_batch(&format!("BEGIN;{TABLES};COMMIT"))?;
        connection.execute("INSERT INTO schema (version) VALUES (?1)", [VERSION])?;
        connection.close().map_err(|(_, e)| e)
    })();
    filled.map_err(|e| damage::error(file, "make the tables", &e))?;
    durable::settle(beside, file, 0o600)
}

fn check_version(file: &Path, connection: &Connection) -> Result<(), StoreError> {
    let version = connection.query_row("SELECT version FROM schema", [], |r| r.get::<_, i64>(0));
    let why = match version {
        Ok(VERSION) => return Ok(()),
        Ok(v) if v > VERSION => format!(
            "it was made by a newer strata (format {v}, this one reads {VERSION}); use that one, nothing was changed"
        ),
        Ok(v) => format!(
            "it was made by an older strata (format {v}, this one reads {VERSION}) and there is no way from there; \
             use that one, nothing was changed"
        ),
        Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::Unknown => {
            return Err(damage::damaged(
                file,
                "it is a database, but not one of strata",
            ));
        }
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            return Err(damage::damaged(file, "it does not say its format"));
        }
        Err(e) => return Err(damage::error(file, "read the format of the store", &e)),
    };
    Err(StoreError::Damaged {
        path: file.display().to_string(),
        why,
    })
}

/// The public key of what seals the store.
pub fn recipient(file: &Path, connection: &Connection) -> Result<Option<String>, StoreError> {
    connection
        .query_row("SELECT recipient FROM schema", [], |r| {
            r.get::<_, Option<String>>(0)
        })
        .optional()
        .map(Option::flatten)
        .map_err(|e| damage::error(file, "read the public key of the store", &e))
}

/// Notes it, once.
pub fn set_recipient(
    file: &Path,
    connection: &Connection,
    recipient: &str,
) -> Result<(), StoreError> {
    connection
        .execute("UPDATE schema SET recipient = ?1", [recipient])
        .map(|_| ())
        .map_err(|e| damage::error(file, "note the public key of the store", &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(dir: &Path) -> Result<Connection, StoreError> {
        open(&dir.join("store.db"))
    }

    #[test]
    fn another_format_is_refused_and_named() {
        for (version, word) in [(VERSION + 1, "newer"), (0, "older")] {
            let dir = tempfile::tempdir().unwrap();
            let connection = opened(dir.path()).unwrap();
            connection
                .execute("UPDATE schema SET version = ?1", [version])
                .unwrap();
            drop(connection);
            let e = opened(dir.path()).unwrap_err().to_string();
            assert!(
                e.contains(word) && e.contains(&format!("format {version}")),
                "{e}"
            );
        }
    }

    #[test]
    fn a_database_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let other = Connection::open(dir.path().join("store.db")).unwrap();
        other
            .execute_batch("CREATE TABLE t (x); PRAGMA journal_mode = DELETE")
            .unwrap();
        drop(other);
        let before = std::fs::read(dir.path().join("store.db")).unwrap();
        let e = opened(dir.path()).unwrap_err().to_string();
        assert!(e.contains("not one of strata"), "{e}");
        assert_eq!(std::fs::read(dir.path().join("store.db")).unwrap(), before);
    }

    #[test]
    fn a_full_disk_is_said_and_nothing_is_half_written() {
        let dir = tempfile::tempdir().unwrap();
        let connection = opened(dir.path()).unwrap();
        let pages: i64 = connection
            .pragma_query_value(None, "page_count", |r| r.get(0))
            .unwrap();
        connection
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
        let e = connection
            .execute(
                "INSERT INTO note VALUES ('k', 'k', zeroblob(0) || printf('%.*c', 100000, 'x'))",
                [],
            )
            .unwrap_err();
        let said = damage::error(&dir.path().join("store.db"), "write a note", &e).to_string();
        assert!(
            said.contains("disk is full") && said.contains("store.db"),
            "{said}"
        );
        let notes: i64 = connection
            .query_row("SELECT count(*) FROM note", [], |r| r.get(0))
            .unwrap();
        assert_eq!(notes, 0);
    }
}
