//! Files of other repositories beside ours: each at a folder below `.strata`, which no file of a platform can have.
//!
//! So everything that works with paths (engines, work folders, digests, places of findings) works with files of imports
//! too, and an import can name nothing outside of itself: for its engines there is nothing else.
use std::{any::Any, borrow::Cow, sync::Arc};
use strata_core::{
    diagnostic::Diagnostic,
    repo::Pin,
    tree::{Repository, Tree, TreeError, TreeFile},
};

/// The folder of all mounts.
pub const MOUNTS: &str = ".strata/imports";

/// A tree below a folder that it does not have itself.
pub struct Mount {
    inner: Arc<dyn Tree>,
    /// The folder.
    pub prefix: String,
    /// How people are shown it: `ALIAS@VERSION`.
    pub shown: String,
    files: Vec<TreeFile>,
}

impl Mount {
    /// At a folder.
    pub fn new(inner: Arc<dyn Tree>, prefix: &str, shown: &str) -> Self {
        let put = |f: &TreeFile| TreeFile {
            path: format!("{prefix}/{}", f.path).into(),
            ..f.clone()
        };
        Self {
            files: inner.files().iter().map(put).collect(),
            inner,
            prefix: prefix.to_owned(),
            shown: shown.to_owned(),
        }
    }
    fn inside<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str())?.strip_prefix('/')
    }
    fn of<'p>(&self, path: &'p str) -> Result<&'p str, TreeError> {
        self.inside(path)
            .ok_or_else(|| TreeError::Missing(path.to_owned()))
    }
}

impl Tree for Mount {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.inner.read(self.of(path)?)
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        self.inner.derived(self.of(path)?, form, make)
    }
    fn shown<'a>(&self, path: &'a str) -> Cow<'a, str> {
        match self.inside(path) {
            Some(inside) => format!("{}:{inside}", self.shown).into(),
            None => path.into(),
        }
    }
}

/// A platform's tree with mounts.
pub struct Mounted {
    base: Arc<dyn Tree>,
    /// Sorted by prefix.
    mounts: Vec<Arc<Mount>>,
    files: Vec<TreeFile>,
}

impl Mounted {
    /// These mounts over that tree.
    pub fn new(base: Arc<dyn Tree>, mut mounts: Vec<Arc<Mount>>) -> Self {
        mounts.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        let mut files: Vec<TreeFile> = base.files().to_vec();
        files.extend(mounts.iter().flat_map(|m| m.files.iter().cloned()));
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self {
            base,
            mounts,
            files,
        }
    }
    fn at(&self, path: &str) -> &dyn Tree {
        let Some(rest) = path
            .strip_prefix(MOUNTS)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            return self.base.as_ref();
        };
        let end = MOUNTS.len() + 1 + rest.find('/').unwrap_or(rest.len());
        let found = self
            .mounts
            .binary_search_by(|m| m.prefix.as_str().cmp(&path[..end]));
        match found {
            Ok(i) => self.mounts[i].as_ref(),
            Err(_) => self.base.as_ref(),
        }
    }
}

impl Tree for Mounted {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn problems(&self) -> &[Diagnostic] {
        self.base.problems()
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.at(path).read(path)
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        self.at(path).derived(path, form, make)
    }
    fn shared(
        &self,
        key: &str,
        make: &dyn Fn() -> Arc<dyn Any + Send + Sync>,
    ) -> Arc<dyn Any + Send + Sync> {
        self.base.shared(key, make)
    }
    fn keep_derived(&self) {
        self.base.keep_derived();
    }
    fn repository(&self) -> Repository {
        self.base.repository()
    }
    fn foreign(&self, pin: &Pin) -> Result<Arc<dyn Tree>, TreeError> {
        self.base.foreign(pin)
    }
    fn shown<'a>(&self, path: &'a str) -> Cow<'a, str> {
        self.at(path).shown(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::{Below, MemoryTree};

    #[test]
    fn a_mount_is_read_at_its_folder_and_shown_by_its_name() {
        let base: Arc<dyn Tree> = Arc::new(MemoryTree::new([("a", "1"), ("z", "2")]));
        let mount = |name: &str, text: &str| {
            let inner: Arc<dyn Tree> = Arc::new(MemoryTree::new([("d/f", text)]));
            let prefix = format!("{MOUNTS}/{name}");
            Arc::new(Mount::new(inner, &prefix, &format!("{name}@1")))
        };
        let all = Mounted::new(base, vec![mount("dev.b", "b"), mount("dev.a", "a")]);
        let paths: Vec<&str> = all.files().iter().map(|f| f.path.as_ref()).collect();
        let (a, b) = (".strata/imports/dev.a/d/f", ".strata/imports/dev.b/d/f");
        assert_eq!(paths, [a, b, "a", "z"]);
        assert_eq!(
            (all.text(a).unwrap(), all.text(b).unwrap()),
            ("a".into(), "b".into())
        );
        assert_eq!(all.shown(b), "dev.b@1:d/f");
        assert_eq!(all.shown("z"), "z");
        assert!(all.read(".strata/imports/dev.c/d/f").is_err());
        let below = Below::new(Arc::new(all), ".strata/imports/dev.a");
        assert_eq!(below.text("d/f").unwrap(), "a");
    }
}
