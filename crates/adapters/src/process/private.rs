//! Private folders: 0700, in memory where possible, gone with their session. One that a dead program left behind is
//! removed by the next one, unless it still holds the outcome of an interrupted attempt.
//!
//! The name of a folder begins with digests of its platform and of its unit. They may be equal by chance, so they only
//! spare reading what is somebody else's: what counts stands in the folder.
use crate::{
    durable::{self, Sync},
    lock::FileLock,
};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use strata_core::{digest::Hasher, name::Address};

const MEMORY: &str = "/dev/shm";
const OWNER: &str = ".owner";
const LOCK: &str = ".lock";
/// Held (shared) while a folder is there that does not say yet whose it is.
const MAKING: &str = ".making";

/// How many characters of each digest are in a name: paths of ssh control sockets have 108 bytes.
const SHORT: usize = 5;

/// Whose a private folder is.
#[derive(Serialize, Deserialize)]
struct Owner {
    state_dir: PathBuf,
    unit: Address,
    /// It may hold the outcome of this attempt.
    attempt: Option<PathBuf>,
}

/// Are private folders there in memory, gone when the machine restarts?
pub(super) fn is_volatile(root: &Path) -> bool {
    root.starts_with(MEMORY)
}

/// The folder for private folders: in memory when there is one that only we can look into, else below `state_dir`.
pub(super) fn root(state_dir: &Path) -> io::Result<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    let in_memory = Path::new(MEMORY).join(format!("strata-{uid}"));
    if Path::new(MEMORY).is_dir() && is_ours(&in_memory, uid) {
        return Ok(in_memory);
    }
    let beside = state_dir.join("private");
    durable::folder(&beside)?;
    Ok(beside)
}

/// Makes it if need be; false when somebody else made it, or others may look into it (the six bits of group and others).
fn is_ours(path: &Path, uid: u32) -> bool {
    let _ = fs::DirBuilder::new().mode(0o700).create(path);
    fs::symlink_metadata(path)
        .is_ok_and(|m| m.is_dir() && m.uid() == uid && m.mode().trailing_zeros() >= 6)
}

/// One private folder. Dropping it removes it.
pub(super) struct PrivateFolder {
    path: PathBuf,
    owner: Owner,
    _lock: FileLock,
}

impl PrivateFolder {
    /// A new one, with a short path: ssh control sockets have 108 bytes.
    pub fn make(root: &Path, state_dir: &Path, unit: &Address) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let owner = Owner {
            state_dir: state_dir.to_owned(),
            unit: unit.clone(),
            attempt: None,
        };
        let mut name = Hasher::new();
        name.part(&std::process::id().to_le_bytes())
            .part(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes())
            .part(&crate::clock::now().to_le_bytes());
        let path = root.join(of_unit(state_dir, unit) + &short(&name));
        let making = making(root)?;
        flock(&making, FlockOperation::LockShared)?;
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let lock = FileLock::try_take(&path.join(LOCK))?
            .ok_or_else(|| io::Error::other("the new private folder is in use"))?;
        let made = Self {
            path,
            owner,
            _lock: lock,
        };
        made.sign()?;
        Ok(made)
    }
    fn sign(&self) -> io::Result<()> {
        let bytes = serde_json::to_vec(&self.owner).expect("plain data serialises");
        durable::write(&self.path.join(OWNER), &bytes, 0o600, Sync::Later)
    }
    /// From now on it may hold the outcome of this attempt, so a crash must leave it.
    pub fn belongs_to(&mut self, attempt: &Path) -> io::Result<()> {
        self.owner.attempt = Some(attempt.to_owned());
        self.sign()
    }
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        let _ = durable::remove_all(&self.path);
    }
}

/// How the names of all folders of a platform begin.
fn of_platform(state_dir: &Path) -> String {
    let mut platform = Hasher::new();
    short(platform.part(state_dir.as_os_str().as_encoded_bytes()))
}

/// How the names of all folders of a unit begin.
fn of_unit(state_dir: &Path, unit: &Address) -> String {
    let mut name = Hasher::new();
    of_platform(state_dir) + &short(name.part(unit.to_string().as_bytes()))
}

fn short(hasher: &Hasher) -> String {
    hasher.finish().to_string()[..SHORT].to_owned()
}

fn making(root: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(root.join(MAKING))
}

/// Folders whose names begin like this, each with its owner when it says so.
fn begins(root: &Path, prefix: String) -> impl Iterator<Item = (PathBuf, Option<Owner>)> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let ours = entries.filter(move |e| {
        e.file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_bytes())
    });
    ours.map(|e| {
        let owner = fs::read(e.path().join(OWNER)).ok();
        let owner = owner.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        (e.path(), owner)
    })
}

/// What dead programs left behind of a unit, with the attempt whose outcome it may hold. The locks are held as long as
/// the item is.
fn left_of(
    root: &Path,
    state_dir: &Path,
    unit: &Address,
) -> impl Iterator<Item = (PathBuf, Option<PathBuf>, FileLock)> {
    begins(root, of_unit(state_dir, unit)).filter_map(move |(path, owner)| {
        let owner = owner.filter(|o| o.state_dir == state_dir && o.unit == *unit)?;
        // who holds the lock still uses it
        let lock = FileLock::try_take(&path.join(LOCK)).ok()??;
        Some((path, owner.attempt, lock))
    })
}

/// Attempts of a unit whose program is dead and whose outcome nobody has asked for yet.
pub(super) fn unsettled(root: &Path, state_dir: &Path, unit: &Address) -> Vec<PathBuf> {
    left_of(root, state_dir, unit)
        .filter_map(|(_, attempt, _)| attempt)
        .collect()
}

/// Nobody will ask for earlier attempts of a unit any more: removes what is left of them. Says which they were.
pub(super) fn settle(root: &Path, state_dir: &Path, unit: &Address) -> Vec<PathBuf> {
    let removed = left_of(root, state_dir, unit).filter_map(|(path, attempt, _lock)| {
        let _ = durable::remove_all(&path);
        attempt
    });
    removed.collect()
}

/// Removes what dead programs of this platform left behind and what belongs to no attempt.
pub(super) fn sweep(root: &Path, state_dir: &Path) {
    let mut unsigned = Vec::new();
    for (path, owner) in begins(root, of_platform(state_dir)) {
        match owner {
            Some(o) if o.state_dir == state_dir && o.attempt.is_none() => remove_free(&path),
            Some(_) => {}
            None => unsigned.push(path),
        }
    }
    if unsigned.is_empty() {
        return;
    }
    // while nobody makes one, those that do not say whose they are never will
    let Ok(making) = making(root) else { return };
    if flock(&making, FlockOperation::NonBlockingLockExclusive).is_ok() {
        let still = |path: &&PathBuf| !path.join(OWNER).exists();
        unsigned
            .iter()
            .filter(still)
            .for_each(|path| remove_free(path));
    }
}

/// Removes a folder unless somebody uses it.
fn remove_free(path: &Path) {
    if let Ok(Some(_lock)) = FileLock::try_take(&path.join(LOCK)) {
        let _ = durable::remove_all(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(root: &Path, name: &str, unit: &Address, attempt: Option<&str>) -> PathBuf {
        let path = root.join(of_unit(root, unit) + name);
        durable::folder(&path).unwrap();
        let owner = Owner {
            state_dir: root.to_owned(),
            unit: unit.clone(),
            attempt: attempt.map(Into::into),
        };
        fs::write(path.join(OWNER), serde_json::to_vec(&owner).unwrap()).unwrap();
        path
    }

    #[test]
    fn a_private_folder_is_gone_with_its_session_and_a_leftover_with_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let (unit, other) = (Address::new("dev", "a"), Address::new("dev", "b"));
        let made = PrivateFolder::make(root, root, &unit).unwrap();
        let path = made.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        sweep(root, root);
        assert!(path.exists(), "it is in use");
        drop(made);
        assert!(!path.exists());

        let busy = left(root, "x", &unit, Some("/a"));
        let idle = left(root, "y", &unit, None);
        sweep(root, Path::new("/another"));
        assert!(idle.exists(), "it belongs to another platform");
        sweep(root, root);
        assert!(!idle.exists() && busy.exists());
        assert!(settle(root, root, &other).is_empty() && busy.exists());
        assert_eq!(unsettled(root, root, &unit), [Path::new("/a")]);
        assert_eq!(settle(root, root, &unit), [Path::new("/a")]);
        assert!(!busy.exists());
    }

    #[test]
    fn a_name_that_is_equal_by_chance_takes_nobodys_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (root, unit) = (dir.path(), Address::new("dev", "a"));
        let path = left(root, "x", &unit, None);
        let owner = Owner {
            state_dir: "/another".into(),
            unit: unit.clone(),
            attempt: None,
        };
        fs::write(path.join(OWNER), serde_json::to_vec(&owner).unwrap()).unwrap();
        sweep(root, root);
        assert!(settle(root, root, &unit).is_empty() && path.exists());
    }

    #[test]
    fn what_a_crash_left_unsigned_is_removed_unless_somebody_is_making_one() {
        let dir = tempfile::tempdir().unwrap();
        let (root, unit) = (dir.path(), Address::new("dev", "a"));
        let unsigned = |name: &str| {
            let path = root.join(of_unit(root, &unit) + name);
            durable::folder(&path).unwrap();
            path
        };
        let (free, locked) = (unsigned("x"), unsigned("y"));
        let lock = FileLock::try_take(&locked.join(LOCK)).unwrap().unwrap();
        let maker = making(root).unwrap();
        flock(&maker, FlockOperation::LockShared).unwrap();
        sweep(root, root);
        assert!(free.exists(), "it may be about to be signed");
        drop(maker);
        sweep(root, root);
        assert!(!free.exists() && locked.exists());
        drop(lock);
        sweep(root, root);
        assert!(!locked.exists());
    }

    #[test]
    fn the_folder_for_them_is_only_ours() {
        let dir = tempfile::tempdir().unwrap();
        let uid = rustix::process::getuid().as_raw();
        let path = dir.path().join("p");
        assert!(is_ours(&path, uid));
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_ours(&path, uid));
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        assert!(!is_ours(&dir.path().join("link"), uid));
    }
}
