//! The kernel lock by which one machine knows whether the holder of a lease lives.
//!
//! The lock goes with the process that holds it, however that ends. Its file stays: removing it would let two hold it.
use crate::durable;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use strata_core::{name::name_problem, store::StoreError};

/// How often an exclusive lock is tried: whoever only looks holds a shared one for a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// A held lock; dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, or `None` when somebody else has it.
    pub fn take(path: &Path) -> Result<Option<Self>, StoreError> {
        for turn in 0..TRIES {
            if turn > 0 {
                thread::sleep(PAUSE);
            }
            if let Some(lock) = Self::attempt(path, FlockOperation::NonBlockingLockExclusive)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }
    /// Takes it, however long that takes.
    pub fn wait(path: &Path) -> Result<Self, StoreError> {
        loop {
            if let Some(lock) = Self::attempt(path, FlockOperation::LockExclusive)? {
                return Ok(lock);
            }
        }
    }
    /// Does somebody hold it?
    pub fn is_held(path: &Path) -> Result<bool, StoreError> {
        if !path.exists() {
            return Ok(false);
        }
        Ok(Self::attempt(path, FlockOperation::NonBlockingLockShared)?.is_none())
    }

    fn attempt(path: &Path, how: FlockOperation) -> Result<Option<Self>, StoreError> {
        let doing = || format!("lock {}", path.display());
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(durable::io(doing()))?;
        match flock(&file, how) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(None),
            Err(e) => Err(durable::io(doing())(e.into())),
        }
    }
}

/// The lock of an environment below the store's folder.
pub fn lease_lock(dir: &Path, env: &str) -> Result<PathBuf, StoreError> {
    Ok(dir.join("locks").join(format!("{}.lock", checked(env)?)))
}

/// The file that holds the newest generation of an environment, as a decimal number.
pub fn generation_file(dir: &Path, env: &str) -> Result<PathBuf, StoreError> {
    Ok(dir
        .join("locks")
        .join(format!("{}.generation", checked(env)?)))
}

/// The generation in such a file; 0 when there is none yet.
pub fn read_generation(file: &Path) -> Result<u64, StoreError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(durable::io(format!("read {}", file.display()))(e)),
    };
    text.trim().parse().map_err(|_| StoreError::Damaged {
        path: file.display().to_string(),
        why: "it does not hold a number; remove it when no run is active".to_owned(),
    })
}

/// A name that can't leave the folder.
fn checked(env: &str) -> Result<&str, StoreError> {
    let problem = if env.is_empty() {
        Some("it has no name".to_owned())
    } else {
        name_problem(env)
    };
    match problem {
        None => Ok(env),
        Some(why) => Err(StoreError::Io {
            doing: format!("use the environment `{env}`"),
            why,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        assert!(!Lock::is_held(&path).unwrap());
        let lock = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        assert!(Lock::is_held(&path).unwrap());
        drop(lock);
        assert!(!Lock::is_held(&path).unwrap());
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_name_never_leaves_the_folder() {
        for bad in ["", "..", "../x", "a/b", "a b"] {
            assert!(lease_lock(Path::new("/s"), bad).is_err(), "{bad}");
        }
        assert_eq!(
            lease_lock(Path::new("/s"), "prod").unwrap(),
            Path::new("/s/locks/prod.lock")
        );
    }

    #[test]
    fn a_generation_that_is_no_number_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("p.generation");
        assert_eq!(read_generation(&file).unwrap(), 0);
        fs::write(&file, "7\n").unwrap();
        assert_eq!(read_generation(&file).unwrap(), 7);
        fs::write(&file, "").unwrap();
        assert!(matches!(
            read_generation(&file),
            Err(StoreError::Damaged { .. })
        ));
    }
}
