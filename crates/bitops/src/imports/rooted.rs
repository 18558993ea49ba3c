//! Environments with a root of their own: what they take from elsewhere brings folders of the root (`_scripts`), and
//! another environment may take another version of those. Each has its files below a folder, as it sees them.
use std::{any::Any, borrow::Cow, sync::Arc};
use strata_core::{
    diagnostic::Diagnostic,
    repo::Pin,
    tree::{ROOTS, Repository, Tree, TreeError, TreeFile},
};
use strata_ops::imports::VENDOR;

/// A tree with others below folders that it does not have itself.
pub struct Rooted {
    base: Arc<dyn Tree>,
    /// Each with its folder.
    roots: Vec<(String, Arc<dyn Tree>)>,
    files: Vec<TreeFile>,
}

impl Rooted {
    /// These roots beside that tree.
    pub fn new(base: Arc<dyn Tree>, roots: Vec<(String, Arc<dyn Tree>)>) -> Self {
        let mut files: Vec<TreeFile> = base.files().to_vec();
        // what environments are made of is in no root
        let theirs = |f: &&TreeFile| {
            let vendored = f
                .path
                .strip_prefix(VENDOR)
                .is_some_and(|p| p.starts_with('/'));
            !f.path.starts_with(".strata/") && !vendored
        };
        for (root, tree) in &roots {
            files.extend(tree.files().iter().filter(theirs).map(|f| TreeFile {
                path: format!("{root}/{}", f.path).into(),
                ..f.clone()
            }));
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self { base, roots, files }
    }
    /// The tree that a path is of, and the path there.
    fn at<'p>(&self, path: &'p str) -> (&dyn Tree, &'p str) {
        if path.starts_with(ROOTS) {
            for (root, tree) in &self.roots {
                let inside = path.strip_prefix(root.as_str());
                if let Some(inside) = inside.and_then(|p| p.strip_prefix('/')) {
                    return (tree.as_ref(), inside);
                }
            }
        }
        (self.base.as_ref(), path)
    }
}

impl Tree for Rooted {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn problems(&self) -> &[Diagnostic] {
        self.base.problems()
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        let (tree, path) = self.at(path);
        tree.read(path)
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        let (tree, path) = self.at(path);
        tree.derived(path, form, make)
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
        let (tree, path) = self.at(path);
        tree.shown(path)
    }
}
