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
    /// Others work here too: the file that says what was put here for this unit. Nothing else is removed.
    listing: Option<PathBuf>,
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
    /// `record` is the file that says what is kept under which keys, `listing` that of a shared folder which says what
    /// was put there for this unit; `folder` is the component's.
    pub fn new(
        root: PathBuf,
        record: PathBuf,
        listing: Option<PathBuf>,
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
            listing,
            keep: wanted,
            keys,
        })
    }

    /// Makes it hold these files and the folders kept under the same key, and nothing else. Says which folders were
    /// kept, by path from the root of the work folder. `made` are paths of files that will be generated beside them.
    pub fn fill(
        &mut self,
        tree: &dyn Tree,
        files: &[Arc<str>],
        folder: &str,
        made: &[String],
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
        match &self.listing {
            Some(listing) => self.renew(listing, &shape, made)?,
            None => shape
                .clear(&self.root, "")
                .map_err(doing("clear the work folder", &self.root))?,
        }
        for path in &shape.folders {
            let path = self.root.join(path);
            fs::create_dir_all(&path).map_err(doing("make the folder", &path))?;
        }
        for file in wanted.values() {
            self.put(tree, file)?;
        }
        Ok(kept)
    }

    /// Of a shared folder: removes what the platform had and has no more, what is kept under another key, and whatever
    /// stands in the way of a file.
    fn renew(
        &self,
        listing: &Path,
        shape: &Shape<'_>,
        made: &[String],
    ) -> Result<(), ExecutorError> {
        let before: Vec<String> = fs::read(listing)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let gone = before.iter().filter(|p| join("", p).as_deref() == Some(p));
        let gone = gone.filter(|p| !shape.wanted.contains_key(p.as_str()));
        let stale = self.keep.keys().filter(|p| !shape.kept.contains(*p));
        for path in gone.chain(stale) {
            self.remove(path)?;
        }
        for folder in &shape.folders {
            let path = self.root.join(folder);
            if fs::symlink_metadata(&path).is_ok_and(|m| !m.is_dir()) {
                fs::remove_file(&path).map_err(doing("remove", &path))?;
            }
        }
        for file in shape.wanted.keys() {
            if fs::symlink_metadata(self.root.join(file)).is_ok_and(|m| !m.is_file()) {
                self.remove(file)?;
            }
        }
        let made = made.iter().map(String::as_str);
        let now: Vec<&str> = shape.wanted.keys().copied().chain(made).collect();
        let bytes = serde_json::to_vec(&now).expect("plain data serialises");
        durable::write(listing, &bytes, 0o600, Sync::Later).map_err(doing("write", listing))
    }

    /// Removes a file, a link or a folder, unless a link leads there.
    fn remove(&self, path: &str) -> Result<(), ExecutorError> {
        let mut here = self.root.clone();
        for part in path.split('/') {
            if fs::symlink_metadata(&here).is_ok_and(|m| !m.is_dir()) {
                return Ok(());
            }
            here.push(part);
        }
        let removed = match fs::symlink_metadata(&here) {
            Ok(m) if m.is_dir() => durable::remove_all(&here),
            Ok(_) => fs::remove_file(&here),
            Err(_) => Ok(()),
        };
        removed.map_err(doing("remove", &here))
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
mod tests;
