//! The work folder of a unit: copies of exactly the files that its fingerprint covers, at the same relative paths.
//!
//! Copies and never links: a tool that edits its files must not edit the user's, and one that looks up a folder must
//! not find what it was not given. The path is the same in every session; only what differs is written.
use crate::durable::{self, Sync};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use strata_core::{
    digest::{Digest, Hasher},
    engine::Keep,
    executor::ExecutorError,
    tree::{Tree, TreeFile, join},
};

/// The work folder of one unit.
pub(super) struct WorkFolder {
    root: PathBuf,
    record: PathBuf,
    /// Folders that shall survive, by path from the root of the work folder.
    keep: BTreeMap<String, Digest>,
    keys: Keys,
}

/// What was kept, and where: a folder that names its own place is of no use elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Keys {
    root: PathBuf,
    kept: BTreeMap<String, Digest>,
}

impl WorkFolder {
    /// `record` is the file that says what is kept under which keys; `folder` is the component's.
    pub fn new(
        root: PathBuf,
        record: PathBuf,
        folder: &str,
        keep: &[Keep],
    ) -> Result<Self, ExecutorError> {
        let mut wanted = BTreeMap::new();
        for k in keep {
            let path = join(folder, &k.path).filter(|p| !p.is_empty());
            let path = path.ok_or_else(|| ExecutorError::Outside(k.path.clone()))?;
            wanted.insert(path, k.key);
        }
        let keys: Option<Keys> = fs::read(&record)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(|keys: &Keys| keys.root == root);
        let keys = keys.unwrap_or_else(|| Keys {
            root: root.clone(),
            ..Keys::default()
        });
        Ok(Self {
            root,
            record,
            keep: wanted,
            keys,
        })
    }

    /// Makes it hold these files and the folders kept under the same key, and nothing else. Says which folders were
    /// kept, by path from the root of the work folder.
    pub fn fill(
        &mut self,
        tree: &dyn Tree,
        files: &[Arc<str>],
        folder: &str,
    ) -> Result<BTreeSet<String>, ExecutorError> {
        let wanted = listed(tree, files)?;
        let kept: BTreeSet<String> = self
            .keep
            .iter()
            .filter(|(path, key)| self.keys.kept.get(*path) == Some(key) && self.is_folder(path))
            .map(|(path, _)| path.clone())
            .collect();
        // what is about to be removed is no longer recorded as kept, even if we die in between
        let before = self.keys.kept.len();
        self.keys.kept.retain(|path, _| kept.contains(path));
        if self.keys.kept.len() != before {
            self.save()?;
        }
        let mut shape = Shape {
            wanted: &wanted,
            kept: &kept,
            folders: BTreeSet::new(),
        };
        let paths = wanted
            .keys()
            .copied()
            .chain(kept.iter().map(String::as_str));
        for path in paths {
            shape.parents(path);
        }
        shape.parents(&format!("{folder}/x"));
        durable::folder(&self.root).map_err(doing("make the work folder", &self.root))?;
        shape
            .clear(&self.root, "")
            .map_err(doing("clear the work folder", &self.root))?;
        for path in &shape.folders {
            let path = self.root.join(path);
            fs::create_dir_all(&path).map_err(doing("make the folder", &path))?;
        }
        for file in wanted.values() {
            self.put(tree, file)?;
        }
        Ok(kept)
    }

    /// A tool came to a good end: folders that it made and that shall survive do so from now on. (One that was cut off
    /// may have left half of them.)
    pub fn settle(&mut self) -> Result<(), ExecutorError> {
        let mut new = false;
        for (path, key) in &self.keep {
            if !self.keys.kept.contains_key(path) && self.is_folder(path) {
                self.keys.kept.insert(path.clone(), *key);
                new = true;
            }
        }
        if new { self.save() } else { Ok(()) }
    }

    fn is_folder(&self, path: &str) -> bool {
        fs::symlink_metadata(self.root.join(path)).is_ok_and(|m| m.is_dir())
    }

    fn save(&self) -> Result<(), ExecutorError> {
        let bytes = serde_json::to_vec(&self.keys).expect("plain data serialises");
        durable::write(&self.record, &bytes, 0o600, Sync::Later)
            .map_err(doing("write", &self.record))
    }

    fn put(&self, tree: &dyn Tree, file: &TreeFile) -> Result<(), ExecutorError> {
        let path = self.root.join(file.path.as_ref());
        let mode = if file.executable { 0o755 } else { 0o644 };
        if is_same(&path, file, mode) {
            return Ok(());
        }
        let bytes = tree
            .read(&file.path)
            .map_err(|e| ExecutorError::Other(e.to_string()))?;
        durable::write(&path, &bytes, mode, Sync::Later).map_err(doing("write", &path))
    }
}

/// The files by path, if all are there and all paths are paths of a tree.
fn listed<'a>(
    tree: &'a dyn Tree,
    files: &'a [Arc<str>],
) -> Result<BTreeMap<&'a str, &'a TreeFile>, ExecutorError> {
    let mut wanted = BTreeMap::new();
    for path in files {
        if path.is_empty() || join("", path).as_deref() != Some(path.as_ref()) {
            return Err(ExecutorError::Outside(path.to_string()));
        }
        let file = tree.file(path).ok_or_else(|| {
            ExecutorError::Other(format!("the file `{path}` of the unit does not exist"))
        })?;
        wanted.insert(path.as_ref(), file);
    }
    Ok(wanted)
}

/// What may stand in the work folder.
struct Shape<'a> {
    wanted: &'a BTreeMap<&'a str, &'a TreeFile>,
    kept: &'a BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Shape<'_> {
    fn parents(&mut self, path: &str) {
        let mut path = path;
        while let Some((parent, _)) = path.rsplit_once('/') {
            if parent.is_empty() || !self.folders.insert(parent.to_owned()) {
                return;
            }
            path = parent;
        }
    }
    /// Removes what may not. Links are never followed.
    fn clear(&self, folder: &Path, path: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            let name = name.to_str().map(|name| {
                if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}/{name}")
                }
            });
            let here = entry.path();
            match name {
                Some(name) if kind.is_dir() && self.kept.contains(&name) => {}
                Some(name) if kind.is_dir() && self.folders.contains(&name) => {
                    self.clear(&here, &name)?;
                }
                Some(name) if kind.is_file() && self.wanted.contains_key(name.as_str()) => {}
                _ if kind.is_dir() => durable::remove_all(&here)?,
                _ => fs::remove_file(&here)?,
            }
        }
        Ok(())
    }
}

/// Has the file this content and mode already? By content: a stat can be wrong about what a tool did.
fn is_same(path: &Path, file: &TreeFile, mode: u32) -> bool {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return false;
    };
    meta.len() == file.size
        && meta.permissions().mode() & 0o7777 == mode
        && digest(path, file.size).is_ok_and(|d| d == file.digest)
}

fn digest(path: &Path, size: u64) -> io::Result<Digest> {
    if size <= 1 << 16 {
        return Ok(Digest::of(&fs::read(path)?));
    }
    let mut hasher = Hasher::new();
    io::copy(
        &mut io::BufReader::with_capacity(1 << 18, File::open(path)?),
        &mut hasher,
    )?;
    Ok(hasher.finish())
}

fn doing<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> ExecutorError + 'a {
    move |e| ExecutorError::io(format!("{what} {}", path.display()))(e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};
    use strata_core::tree::MemoryTree;

    const FOLDER: &str = "layers/net";

    fn fill(dir: &Path, tree: &MemoryTree, keep: &[(&str, &str)]) -> (WorkFolder, Vec<String>) {
        let keep: Vec<Keep> = keep
            .iter()
            .map(|(path, key)| Keep {
                path: (*path).into(),
                key: Digest::of(key.as_bytes()),
            })
            .collect();
        let files: Vec<Arc<str>> = tree.files().iter().map(|f| f.path.clone()).collect();
        let mut work = WorkFolder::new(dir.join("w"), dir.join("w.keys"), FOLDER, &keep).unwrap();
        let kept = work.fill(tree, &files, FOLDER).unwrap();
        (work, kept.into_iter().collect())
    }
    fn all(dir: &Path) -> Vec<String> {
        fn go(dir: &Path, root: &Path, out: &mut Vec<String>) {
            for e in fs::read_dir(dir).unwrap() {
                let e = e.unwrap();
                if e.file_type().unwrap().is_dir() {
                    go(&e.path(), root, out);
                } else {
                    let path = e.path();
                    out.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let mut out = Vec::new();
        go(dir, dir, &mut out);
        out.sort();
        out
    }

    #[test]
    fn it_holds_copies_of_the_files_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let work = dir.path().join("w");
        let tree = MemoryTree::new([("layers/net/main.tf", "x"), ("shared/up.sh", "#!/bin/sh\n")]);
        fill(dir.path(), &tree, &[]);
        assert_eq!(all(&work), ["layers/net/main.tf", "shared/up.sh"]);
        let meta = fs::symlink_metadata(work.join("shared/up.sh")).unwrap();
        assert!(meta.is_file() && meta.nlink() == 1 && meta.mode() & 0o777 == 0o755);
        let inode = |path: &str| fs::metadata(work.join(path)).unwrap().ino();
        let before = inode("layers/net/main.tf");

        // a tool leaves things behind, edits, and puts links where files were
        fs::create_dir_all(work.join("junk/deep")).unwrap();
        fs::write(work.join("junk/deep/f"), "x").unwrap();
        fs::write(work.join("layers/net/.terraform.lock"), "x").unwrap();
        fs::write(work.join("shared/up.sh"), "#!/bin/no\n").unwrap();
        symlink("/etc", work.join("layers/etc")).unwrap();
        fill(dir.path(), &tree, &[]);
        assert_eq!(all(&work), ["layers/net/main.tf", "shared/up.sh"]);
        assert_eq!(
            fs::read_to_string(work.join("shared/up.sh")).unwrap(),
            "#!/bin/sh\n"
        );
        assert_eq!(
            before,
            inode("layers/net/main.tf"),
            "what is right is left alone"
        );
    }

    #[test]
    fn a_link_in_the_place_of_a_folder_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("main.tf"), "the user's own").unwrap();
        let tree = MemoryTree::new([("layers/net/main.tf", "x")]);
        fill(dir.path(), &tree, &[]);
        let net = dir.path().join("w/layers/net");
        fs::remove_dir_all(&net).unwrap();
        symlink(&outside, &net).unwrap();
        fill(dir.path(), &tree, &[]);
        assert_eq!(
            fs::read_to_string(outside.join("main.tf")).unwrap(),
            "the user's own"
        );
        assert!(fs::symlink_metadata(&net).unwrap().is_dir());
    }

    #[test]
    fn a_folder_is_kept_while_its_key_is_equal() {
        let dir = tempfile::tempdir().unwrap();
        let tree = MemoryTree::new([("layers/net/main.tf", "x")]);
        let inside = dir.path().join("w/layers/net/.terraform/f");
        let make = || {
            fs::create_dir_all(inside.parent().unwrap()).unwrap();
            fs::write(&inside, "x").unwrap();
        };
        let (mut work, kept) = fill(dir.path(), &tree, &[(".terraform", "1")]);
        assert!(kept.is_empty());
        make();
        // a tool that failed may have left half of it
        drop(fill(dir.path(), &tree, &[(".terraform", "1")]));
        assert!(!inside.exists());
        make();
        work.settle().unwrap();
        let (_, kept) = fill(dir.path(), &tree, &[(".terraform", "1")]);
        assert_eq!(kept, ["layers/net/.terraform"]);
        assert!(inside.exists());
        let (_, kept) = fill(dir.path(), &tree, &[(".terraform", "2")]);
        assert!(kept.is_empty() && !inside.exists());
    }

    #[test]
    fn a_path_that_leads_out_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let tree = MemoryTree::new([("../x", "x")]);
        let mut work =
            WorkFolder::new(dir.path().join("w"), dir.path().join("k"), FOLDER, &[]).unwrap();
        let filled = work.fill(&tree, &["../x".into()], FOLDER);
        assert!(matches!(filled, Err(ExecutorError::Outside(_))));
        let keep = [Keep {
            path: "../../..".into(),
            key: Digest::of(b""),
        }];
        assert!(
            WorkFolder::new(dir.path().join("w"), dir.path().join("k"), FOLDER, &keep).is_err()
        );
    }
}
