//! Private folders: 0700, in memory where possible, gone with their session. One that a dead program left behind is
//! removed by the next one, unless it still holds the outcome of an interrupted attempt.
use crate::{
    durable::{self, Sync},
    lock::FileLock,
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use strata_core::{digest::Hasher, name::Address};

const MEMORY: &str = "/dev/shm";
const OWNER: &str = ".owner";
const LOCK: &str = ".lock";

/// Whose a private folder is.
#[derive(Serialize, Deserialize)]
struct Owner {
    state_dir: PathBuf,
    unit: Address,
    /// It may hold the outcome of this attempt.
    attempt: Option<PathBuf>,
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
        name.part(state_dir.as_os_str().as_encoded_bytes())
            .part(unit.to_string().as_bytes())
            .part(&std::process::id().to_le_bytes())
            .part(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes())
            .part(&crate::clock::now().to_le_bytes());
        let path = root.join(&name.finish().to_string()[..10]);
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

/// What may be removed of what dead programs left behind.
#[derive(Clone, Copy)]
pub(super) enum Leftover<'a> {
    /// What belongs to no attempt.
    Idle,
    /// Everything of a unit: nobody will ask for its attempts any more.
    Of(&'a Address),
}

/// Attempts of a unit whose program is dead and whose outcome nobody has asked for yet.
pub(super) fn unsettled(root: &Path, state_dir: &Path, unit: &Address) -> Vec<PathBuf> {
    let mut attempts = Vec::new();
    for (path, owner) in owned(root, state_dir) {
        if owner.unit == *unit
            && let Some(attempt) = owner.attempt
            && let Ok(Some(_lock)) = FileLock::try_take(&path.join(LOCK))
        {
            attempts.push(attempt);
        }
    }
    attempts
}

/// Private folders of this platform.
fn owned(root: &Path, state_dir: &Path) -> Vec<(PathBuf, Owner)> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let owned = entries.filter_map(|e| {
        let bytes = fs::read(e.path().join(OWNER)).ok()?;
        let owner: Owner = serde_json::from_slice(&bytes).ok()?;
        (owner.state_dir == state_dir).then(|| (e.path(), owner))
    });
    owned.collect()
}

/// Removes private folders of this platform that nobody uses.
pub(super) fn sweep(root: &Path, state_dir: &Path, what: Leftover<'_>) {
    for (path, owner) in owned(root, state_dir) {
        let wanted = match what {
            Leftover::Idle => owner.attempt.is_none(),
            Leftover::Of(unit) => owner.unit == *unit,
        };
        // who holds the lock still uses it
        if wanted && let Ok(Some(_lock)) = FileLock::try_take(&path.join(LOCK)) {
            let _ = durable::remove_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_folder_is_gone_with_its_session_and_a_leftover_with_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let unit = Address::new("dev", "a");
        let made = PrivateFolder::make(dir.path(), dir.path(), &unit).unwrap();
        let path = made.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        sweep(dir.path(), dir.path(), Leftover::Idle);
        assert!(path.exists(), "it is in use");
        drop(made);
        assert!(!path.exists());

        let left = |attempt: Option<&str>| {
            let path = dir.path().join(if attempt.is_some() { "x" } else { "y" });
            durable::folder(&path).unwrap();
            let owner = Owner {
                state_dir: dir.path().to_owned(),
                unit: unit.clone(),
                attempt: attempt.map(Into::into),
            };
            fs::write(path.join(OWNER), serde_json::to_vec(&owner).unwrap()).unwrap();
            path
        };
        let (busy, idle) = (left(Some("/a")), left(None));
        sweep(dir.path(), Path::new("/another"), Leftover::Idle);
        assert!(idle.exists(), "it belongs to another platform");
        sweep(dir.path(), dir.path(), Leftover::Idle);
        assert!(!idle.exists() && busy.exists());
        sweep(
            dir.path(),
            dir.path(),
            Leftover::Of(&Address::new("dev", "b")),
        );
        assert!(busy.exists());
        sweep(dir.path(), dir.path(), Leftover::Of(&unit));
        assert!(!busy.exists());
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
