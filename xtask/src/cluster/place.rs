//! Where clusters are kept: a folder for each, below one for all of this machine, so that no two checkouts give away a
//! name or a network twice.
use super::addresses::{Addresses, CLUSTERS, NODES, too_many};
use crate::Failure;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

/// The folder of all clusters. It goes with the last of them.
const ROOT: &str = "/var/lib/strata-clusters";
/// What a cluster is, in its folder: written first, removed last.
const RECORD: &str = "cluster.json";
/// How often a lock is tried that a `list` may hold for a moment.
const TRIES: usize = 10;
/// The variable that all processes of a cluster carry: its folder.
pub const MARK: &str = "STRATA_CLUSTER";
/// The same folder as the cluster itself sees it.
pub const INSIDE: &str = "/mnt";

/// A cluster that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub name: String,
    pub nodes: u8,
    pub addresses: Addresses,
    index: u8,
}

impl Cluster {
    /// Takes the name and a free network, at once or not at all. The lock is `up`'s until it ends, in whatever way.
    pub fn claim(name: &str, nodes: u8) -> Result<(Self, File), Failure> {
        check(name, nodes)?;
        let _all = lock_all()?;
        let others = all()?;
        if others.iter().any(|(n, _)| n == name) {
            return Err(format!(
                "there is a cluster `{name}` already, or what is left of one: `cargo xtask cluster down {name}` first"
            )
            .into());
        }
        let taken = |i: &u8| {
            let is = |c: &Self| c.index == *i;
            others.iter().any(|(_, c)| c.as_ref().is_some_and(is))
        };
        let index = (0..CLUSTERS)
            .find(|i| !taken(i))
            .ok_or_else(|| format!("{CLUSTERS} clusters are up, and that is all that fit"))?;
        let me = Self {
            name: name.to_owned(),
            nodes,
            addresses: Addresses::of(index),
            index,
        };
        // a folder without its record would have a network that nobody knows: both appear together
        let new = Path::new(ROOT).join(format!(".new-{name}"));
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::DirBuilder::new().mode(0o755).create(&new)?;
        let record = json!({"name": name, "index": index, "nodes": nodes});
        fs::write(new.join(RECORD), format!("{record}\n"))?;
        let lock = File::open(&new)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        fs::rename(&new, me.folder())?;
        Ok((me, lock))
    }

    /// The cluster in a folder; none when its record is gone or was never whole.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(RECORD)).ok()?;
        let v: Value = serde_json::from_str(&text).ok()?;
        let number = |key: &str, below: u8| {
            let n = u8::try_from(v[key].as_u64()?).ok()?;
            (n < below).then_some(n)
        };
        let index = number("index", CLUSTERS)?;
        Some(Self {
            name: v["name"].as_str()?.to_owned(),
            nodes: number("nodes", NODES + 1)?,
            addresses: Addresses::of(index),
            index,
        })
    }

    pub fn folder(&self) -> PathBuf {
        folder(&self.name)
    }

    /// What a person and a test use.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder().join("kubeconfig")
    }
}

/// The folder of a cluster.
pub fn folder(name: &str) -> PathBuf {
    Path::new(ROOT).join(name)
}

/// Whether a cluster may be called so and have so many nodes.
pub fn check(name: &str, nodes: u8) -> Result<(), Failure> {
    if nodes > NODES {
        return Err(too_many(&nodes.to_string()));
    }
    check_name(name)
}

/// Names become file names, and parts of messages.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(good)
    {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no name for a cluster: small letters, digits and `-`, a letter first, at most 40"
    )
    .into())
}

/// All names, each with what its folder says.
pub fn all() -> Result<Vec<(String, Option<Cluster>)>, Failure> {
    let entries = match fs::read_dir(ROOT) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("{ROOT}: {e}").into()),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && check_name(&name).is_ok()
        {
            all.push((name, Cluster::read(&entry.path())));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

/// Holds a cluster's folder, unless its `up` or a `down` still does.
pub fn lock(folder: &Path) -> Result<Option<File>, Failure> {
    hold(folder, FlockOperation::NonBlockingLockExclusive)
}

/// Whether an `up` or a `down` holds a cluster's folder. It disturbs neither: a `list` at the same time is no reason for
/// them to fail.
pub fn is_locked(folder: &Path) -> Result<bool, Failure> {
    // a file of its own, closed at once; who locks for good tries for longer than this takes
    Ok(hold(folder, FlockOperation::NonBlockingLockShared)?.is_none())
}

fn hold(folder: &Path, how: FlockOperation) -> Result<Option<File>, Failure> {
    let dir = File::open(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for _ in 0..TRIES {
        match flock(&dir, how) {
            Ok(()) => return Ok(Some(dir)),
            Err(Errno::WOULDBLOCK) => sleep(Duration::from_millis(20)),
            Err(e) => return Err(format!("{}: {e}", folder.display()).into()),
        }
    }
    Ok(None)
}

/// Removes the folder, the record as the last: whoever is killed here can be called again.
pub fn remove(folder: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == RECORD {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    let _all = lock_all()?;
    match fs::remove_file(folder.join(RECORD)) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
        _ => fs::remove_dir(folder)?,
    }
    drop_root();
    Ok(())
}

/// Removes what a killed `claim` left, when there is anything at all.
pub fn sweep() -> Result<(), Failure> {
    if Path::new(ROOT).exists() {
        let _all = lock_all()?;
        drop_root();
    }
    Ok(())
}

/// The folder of all clusters goes when nothing is in it but what a killed `claim` left.
fn drop_root() {
    if let Ok(entries) = fs::read_dir(ROOT) {
        for entry in entries.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(b".new-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
    // fails while another cluster is there
    let _ = fs::remove_dir(ROOT);
}

/// Holds the folder of all clusters, and makes it first.
fn lock_all() -> Result<File, Failure> {
    loop {
        fs::create_dir_all(ROOT).map_err(|e| format!("{ROOT}: {e}"))?;
        let Ok(dir) = File::open(ROOT) else { continue };
        flock(&dir, FlockOperation::LockExclusive)?;
        // the last `down` may have removed it between the two
        match fs::metadata(ROOT) {
            Ok(now) if now.ino() == dir.metadata()?.ino() => return Ok(dir),
            _ => {}
        }
    }
}

/// A file that only its owner reads, there whole or not at all.
pub fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "a/b", "-a", "A", "a b", ".new-a", "1a"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["a", "dev-1"] {
            assert!(check_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_record_that_is_not_whole_is_no_cluster() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(Cluster::read(dir.path()), None);
        for text in ["", "{", "{}", r#"{"name": "a", "index": 64, "nodes": 1}"#] {
            fs::write(dir.path().join(RECORD), text).expect("written");
            assert_eq!(Cluster::read(dir.path()), None, "{text}");
        }
        let text = r#"{"name": "a", "index": 63, "nodes": 4}"#;
        fs::write(dir.path().join(RECORD), text).expect("written");
        assert_eq!(Cluster::read(dir.path()).map(|c| c.nodes), Some(4));
    }
}
