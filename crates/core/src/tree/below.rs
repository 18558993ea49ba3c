//! A folder of a tree, seen from there: it leads to nothing outside.
use super::{Tree, TreeError, TreeFile, digest_of};
use crate::digest::Digest;
use std::{borrow::Cow, sync::Arc};

/// A folder of a tree as a tree of its own.
pub struct Below {
    inner: Arc<dyn Tree>,
    folder: String,
    files: Vec<TreeFile>,
}

impl Below {
    /// The files below a folder.
    pub fn new(inner: Arc<dyn Tree>, folder: &str) -> Self {
        let skip = folder.len() + 1;
        let cut = |f: &TreeFile| TreeFile {
            path: f.path[skip..].into(),
            ..f.clone()
        };
        Self {
            files: inner.below(folder).iter().map(cut).collect(),
            folder: folder.to_owned(),
            inner,
        }
    }
    /// Digest of its files, as a lock names it.
    pub fn digest(&self) -> Digest {
        digest_of(&self.files)
    }
    fn whole(&self, path: &str) -> String {
        format!("{}/{path}", self.folder)
    }
}

impl Tree for Below {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.inner.read(&self.whole(path))
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        self.inner.derived(&self.whole(path), form, make)
    }
}
