//! The files of an operations repo as a seam: sorted paths with digests, read only when needed.
mod below;

pub use below::Below;

use crate::{
    diagnostic::Diagnostic,
    digest::{Digest, Hasher},
    repo::Pin,
};
use serde::{Deserialize, Serialize};
use std::{any::Any, borrow::Cow, sync::Arc};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeFile {
    /// Path relative to the root, with `/`, without `.` or `..`.
    pub path: Arc<str>,
    /// Digest of its content.
    pub digest: Digest,
    /// May it be executed?
    #[serde(default)]
    pub executable: bool,
    /// Its size in bytes.
    pub size: u64,
}

/// The repository that files lie in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// Where it can be fetched from, without users and passwords.
    pub urls: Vec<String>,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// The folder of these files in it, empty when it is the repository's root.
    pub folder: String,
}

/// The files below a root.
pub trait Tree: Send + Sync {
    /// All files, sorted by path.
    fn files(&self) -> &[TreeFile];
    /// What lies below the root and is no part of this tree, each with why.
    fn problems(&self) -> &[Diagnostic] {
        &[]
    }
    /// The content of a file that is listed.
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError>;

    /// The file at a path.
    fn file(&self, path: &str) -> Option<&TreeFile> {
        let files = self.files();
        files
            .binary_search_by(|f| f.path.as_ref().cmp(path))
            .ok()
            .map(|i| &files[i])
    }
    /// All files below a folder (`""` is the root).
    fn below(&self, folder: &str) -> &[TreeFile] {
        let files = self.files();
        if folder.is_empty() || folder == "." {
            return files;
        }
        let prefix = format!("{folder}/");
        let from = files.partition_point(|f| f.path.as_ref() < prefix.as_str());
        let to = from + files[from..].partition_point(|f| f.path.starts_with(&prefix));
        &files[from..to]
    }
    /// The content of a file as text.
    fn text(&self, path: &str) -> Result<String, TreeError> {
        String::from_utf8(self.read(path)?.to_vec())
            .map_err(|_| TreeError::NotText(path.to_owned()))
    }
    /// What `make` makes of a file's text, made once per content where the tree has a place to keep it. `form` names
    /// what is made, with a version (`yaml 1`): the same form and the same text must always give the same bytes.
    fn derived(
        &self,
        path: &str,
        _form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        Ok(Cow::Owned(make(&self.text(path)?)))
    }
    /// What `make` makes of these files, made once as long as this tree is in use. The same key must always stand for the
    /// same type and the same thing.
    fn shared(
        &self,
        _key: &str,
        make: &dyn Fn() -> Arc<dyn Any + Send + Sync>,
    ) -> Arc<dyn Any + Send + Sync> {
        make()
    }
    /// Writes down what was derived, for those who look next. What cannot be written is only made again.
    fn keep_derived(&self) {}
    /// The repository that the files lie in, as far as anybody knows it.
    fn repository(&self) -> Repository {
        Repository::default()
    }
    /// The files of another repository at a commit. Who reads a platform asks its tree for what it imports, so that
    /// nobody else has to know where that is kept.
    fn foreign(&self, pin: &Pin) -> Result<Arc<dyn Tree>, TreeError> {
        Err(TreeError::Foreign {
            what: format!("{} at {}", pin.repo, pin.version),
            why: "nothing here fetches other repositories".to_owned(),
        })
    }
    /// How people are shown a path: what comes from an import is named by it.
    fn shown<'a>(&self, path: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(path)
    }
}

/// A file could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TreeError {
    /// It is not there.
    #[error("`{0}` does not exist")]
    Missing(String),
    /// It is not UTF-8.
    #[error("`{0}` is not text in UTF-8")]
    NotText(String),
    /// The system refused.
    #[error("cannot read `{0}`: {1}")]
    Io(String, String),
    /// Another repository is not to be had.
    #[error("{what} is not to be had: {why}")]
    Foreign {
        /// Which, at which version.
        what: String,
        /// Why not.
        why: String,
    },
}

/// Digest of a set of files: paths, modes and contents.
pub fn digest_of<'a>(files: impl IntoIterator<Item = &'a TreeFile>) -> Digest {
    let mut h = Hasher::new();
    for f in files {
        h.part(f.path.as_bytes())
            .part(&[u8::from(f.executable)])
            .part(f.digest.bytes());
    }
    h.finish()
}

/// The folder of environments that have a root of their own among the files: `.strata/roots/ENV`.
pub const ROOTS: &str = ".strata/roots";

/// Such a root and the path from there; for every other path the root is empty.
pub fn rooted(path: &str) -> (&str, &str) {
    let inside = path.strip_prefix(ROOTS).and_then(|p| p.strip_prefix('/'));
    match inside.and_then(|p| p.split_once('/')) {
        Some((_, rest)) => (&path[..path.len() - rest.len() - 1], rest),
        None => ("", path),
    }
}

/// `base/path` with `.` and `..` worked out; `None` when it leaves the root.
pub fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = if path.starts_with('/') {
        return None;
    } else {
        base.split('/')
            .filter(|p| !p.is_empty() && *p != ".")
            .collect()
    };
    for p in path.split('/') {
        match p {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            p => parts.push(p),
        }
    }
    Some(parts.join("/"))
}

/// Files in memory, for tests and for what is generated.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    files: Vec<TreeFile>,
    contents: std::collections::BTreeMap<String, Arc<[u8]>>,
}

impl MemoryTree {
    /// From paths and texts.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let contents: std::collections::BTreeMap<String, Arc<[u8]>> = files
            .into_iter()
            .map(|(p, t)| (p.to_owned(), Arc::from(t.as_bytes())))
            .collect();
        let files = contents
            .iter()
            .map(|(p, c)| TreeFile {
                path: p.as_str().into(),
                digest: Digest::of(c),
                executable: c.starts_with(b"#!"),
                size: c.len() as u64,
            })
            .collect();
        Self { files, contents }
    }
}

impl Tree for MemoryTree {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.contents
            .get(path)
            .cloned()
            .ok_or_else(|| TreeError::Missing(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_and_its_neighbour_is_not() {
        let t = MemoryTree::new([("a/x", "1"), ("a-b/x", "2"), ("a/y/z", "3"), ("b", "4")]);
        let names: Vec<&str> = t.below("a").iter().map(|f| f.path.as_ref()).collect();
        assert_eq!(names, ["a/x", "a/y/z"]);
        assert!(t.file("a/x").is_some() && t.file("a").is_none());
    }

    #[test]
    fn a_root_of_an_environment_is_told_from_what_lies_in_it() {
        assert_eq!(
            rooted(".strata/roots/prod/prod/terraform"),
            (".strata/roots/prod", "prod/terraform")
        );
        assert_eq!(rooted("prod/terraform"), ("", "prod/terraform"));
        assert_eq!(rooted(".strata/roots"), ("", ".strata/roots"));
        assert_eq!(rooted(".strata/roots2/a/b"), ("", ".strata/roots2/a/b"));
    }

    #[test]
    fn a_path_never_leaves_the_root() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", "../../etc"), None);
        assert_eq!(join("a", "/etc"), None);
    }
}
