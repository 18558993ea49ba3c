//! The control groups of a cluster's pods: one folder in every hierarchy that is mounted, of either version.
use super::place::Cluster;
use crate::Failure;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long the kernel may take to let go of tasks that have ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where hierarchies are mounted, of a text such as `/proc/self/mounts`.
fn hierarchies(mounts: &str) -> Vec<&Path> {
    let fields = mounts.lines().map(|l| l.split(' '));
    fields
        .filter_map(|mut f| {
            let path = f.nth(1)?;
            matches!(f.next()?, "cgroup" | "cgroup2").then(|| Path::new(path))
        })
        .collect()
}

/// The cluster's folders, there or not.
fn folders(cluster: &Cluster) -> Result<Vec<PathBuf>, Failure> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let name = cluster.addresses.cgroup();
    Ok(hierarchies(&mounts).iter().map(|h| h.join(&name)).collect())
}

/// Makes one for each node: the kubelet wants its root to be there.
pub fn make(cluster: &Cluster) -> Result<(), Failure> {
    for folder in folders(cluster)? {
        let made = |path: &Path| {
            fs::create_dir(path).map_err(|e| format!("control group {}: {e}", path.display()))
        };
        made(&folder)?;
        hand_down(&folder)?;
        for i in 1..=cluster.nodes {
            made(&folder.join(format!("node-{i}")))?;
        }
    }
    Ok(())
}

/// In version 2 a group's controllers are there for the groups below it only when it says so.
fn hand_down(folder: &Path) -> Result<(), Failure> {
    let Ok(controllers) = fs::read_to_string(folder.join("cgroup.controllers")) else {
        return Ok(());
    };
    for controller in controllers.split_whitespace() {
        fs::write(
            folder.join("cgroup.subtree_control"),
            format!("+{controller}"),
        )
        .map_err(|e| format!("control group {}: +{controller}: {e}", folder.display()))?;
    }
    Ok(())
}

/// Removes them with all below. No task may be left in them.
pub fn remove(cluster: &Cluster) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    for folder in folders(cluster)? {
        while let Err(e) = remove_one(&folder) {
            if Instant::now() > until {
                return Err(format!("control group {}: {e}", folder.display()).into());
            }
            sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

/// The files in a control group are the kernel's: only folders are removed, the lowest first.
fn remove_one(folder: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_one(&entry.path())?;
        }
    }
    match fs::remove_dir(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_both_versions_are_found() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
             cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n\
             cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let expected = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"].map(Path::new);
        assert_eq!(hierarchies(mounts), expected);
    }

    #[test]
    fn a_tree_goes_from_its_leaves_and_none_is_fine() {
        let dir = tempfile::tempdir().expect("a folder");
        let top = dir.path().join("top");
        fs::create_dir_all(top.join("a/b/c")).expect("made");
        remove_one(&top).expect("removed");
        assert!(!top.exists());
        remove_one(&top).expect("nothing to remove");
    }
}
