//! What can be wrong with the file of the store, in words that say what to do.
use rusqlite::ErrorCode;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use strata_core::store::StoreError;

use crate::durable;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes before the first frame of a write-ahead log, and before the page in every frame.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// The way out of damage.
const WAY_OUT: &str = "Put `.strata` back from a backup, or move it away and run `strata adopt` for every environment";

/// The store is damaged.
pub fn damaged(file: &Path, why: &str) -> StoreError {
    StoreError::Damaged {
        path: file.display().to_string(),
        why: format!("{why}. {WAY_OUT}"),
    }
}

/// What SQLite says, in our words.
pub fn error(file: &Path, doing: &str, e: &rusqlite::Error) -> StoreError {
    /// `SQLITE_IOERR_SHORT_READ`: the file ends too early.
    const SHORT_READ: i32 = 522;
    let io = |why: String| StoreError::Io {
        doing: format!("{doing} in {}", file.display()),
        why,
    };
    let rusqlite::Error::SqliteFailure(code, text) = e else {
        // a value that is not what the schema says
        return damaged(file, &e.to_string());
    };
    match code.code {
        ErrorCode::DatabaseCorrupt => damaged(file, "it is damaged"),
        ErrorCode::NotADatabase => damaged(file, "it is not a database of strata"),
        _ if code.extended_code == SHORT_READ => damaged(file, "it is cut off"),
        ErrorCode::DiskFull => io("the disk is full".to_owned()),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            io("another process has been writing to the store for a long time; try again when it is done".to_owned())
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => io("permission denied".to_owned()),
        ErrorCode::CannotOpen => io(format!(
            "the file cannot be opened; look at its owner and permissions ({})",
            text.as_deref().unwrap_or("no more is known")
        )),
        _ => io(text.clone().unwrap_or_else(|| e.to_string())),
    }
}

/// The write-ahead log of a database.
pub fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn length(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(meta) => Ok(Some(meta.len())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(durable::io(format!("look at {}", path.display()))(e)),
    }
}

/// Looks at the file before SQLite does: is it there, and is it a database? `false` when there is none yet.
pub fn inspect(file: &Path) -> Result<bool, StoreError> {
    let log = length(&log_of(file))?.unwrap_or(0);
    let Some(len) = length(file)? else {
        return if log == 0 {
            Ok(false)
        } else {
            Err(damaged(
                file,
                "it is gone, though its log (`store.db-wal`) is there: the two belong together",
            ))
        };
    };
    if len == 0 {
        return Err(damaged(file, "it is empty"));
    }
    let mut head = [0; 100];
    let reading = || durable::io(format!("read {}", file.display()));
    let got = File::open(file).map_err(reading())?;
    let got = read_up_to(got, &mut head).map_err(reading())?;
    if !head.starts_with(&MAGIC[..got.min(16)]) {
        return Err(damaged(file, "it is not a database of strata"));
    }
    if got < head.len() {
        return Err(damaged(file, "it is cut off"));
    }
    // whether all pages are there is known once SQLite has read the log: `cut_off`
    Ok(true)
}

fn read_up_to(mut file: File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// Are pages missing that can't be in the log either? `pages` and `page_size` are what SQLite says.
/// The log is looked at before the file: what leaves the log in between has arrived in the file.
pub fn cut_off(file: &Path, pages: u64, page_size: u64) -> Result<(), StoreError> {
    let log = length(&log_of(file))?.unwrap_or(0);
    let frames = log.saturating_sub(LOG_HEADER) / (page_size + FRAME_HEADER);
    let there = length(file)?.unwrap_or(0) / page_size;
    if pages.saturating_sub(there) > frames {
        return Err(damaged(file, "it is cut off"));
    }
    Ok(())
}

/// Refuses a folder where locks of the kernel do not hold between machines or SQLite's log can't be shared.
pub fn refuse_network(dir: &Path) -> Result<(), StoreError> {
    let stat = rustix::fs::statfs(dir)
        .map_err(|e| durable::io(format!("look at {}", dir.display()))(e.into()))?;
    // the type differs between architectures; the numbers fit in 32 bits
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast)]
    let kind = (stat.f_type as u64) & 0xffff_ffff;
    match network(kind) {
        None => Ok(()),
        Some(name) => Err(StoreError::Io {
            doing: format!("keep the store in {}", dir.display()),
            why: format!(
                "it is on {name}, where locks are not safe; put `.strata` on a local disk (`store:` in strata.yaml)"
            ),
        }),
    }
}

/// The name of a network file system by its number in `statfs(2)`.
fn network(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "a Windows share (SMB)",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_refused_and_local_ones_are_not() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(0xff53_4d42), Some("a Windows share (SMB)"));
        for local in [0xef53, 0x0102_1994, 0x5846_5342, 0x9123_683e, 0x794c_7630] {
            assert_eq!(network(local), None);
        }
        refuse_network(&std::env::temp_dir()).unwrap();
    }

    #[test]
    fn a_missing_file_is_no_damage_but_a_lonely_log_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.db");
        assert!(!inspect(&file).unwrap());
        fs::write(log_of(&file), b"frames").unwrap();
        let e = inspect(&file).unwrap_err();
        assert!(e.to_string().contains("store.db-wal"), "{e}");
    }

    #[test]
    fn what_is_no_database_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.db");
        for (content, word) in [
            (&b""[..], "empty"),
            (&b"hello, this is a text"[..], "not a database"),
            (&MAGIC[..], "cut off"),
            (&MAGIC[..7], "cut off"),
        ] {
            fs::write(&file, content).unwrap();
            let e = inspect(&file).unwrap_err().to_string();
            assert!(e.contains(word) && e.contains("strata adopt"), "{e}");
        }
    }

    #[test]
    fn what_sqlite_says_is_said_in_words() {
        let said = |code: i32| {
            let e = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            error(Path::new("/x/store.db"), "append to the journal", &e).to_string()
        };
        use rusqlite::ffi;
        for (code, words) in [
            (
                ffi::SQLITE_FULL,
                "cannot append to the journal in /x/store.db: the disk is full",
            ),
            (ffi::SQLITE_READONLY, "permission denied"),
            (ffi::SQLITE_CANTOPEN, "owner and permissions"),
            (ffi::SQLITE_BUSY, "another process"),
            (ffi::SQLITE_CORRUPT, "it is damaged"),
            (ffi::SQLITE_NOTADB, "not a database"),
            (ffi::SQLITE_IOERR_SHORT_READ, "cut off"),
        ] {
            assert!(said(code).contains(words), "{}", said(code));
        }
    }
}
