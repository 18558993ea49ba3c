//! Files beside those that are there: what is made hides what has the same path.
use std::{
    any::Any,
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    repo::Pin,
    tree::{Repository, Tree, TreeError, TreeFile},
};

/// A tree with files that lie in no folder.
pub struct Overlay {
    below: Arc<dyn Tree>,
    made: BTreeMap<String, Arc<[u8]>>,
    files: Vec<TreeFile>,
    shown: BTreeMap<String, String>,
    shared: Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>,
}

impl Overlay {
    /// Of paths and contents, each with whether it may be executed.
    pub fn new(below: Arc<dyn Tree>, made: BTreeMap<String, (Vec<u8>, bool)>) -> Self {
        Self::named(below, made, BTreeMap::new())
    }
    /// The same, with how people are shown some of them.
    pub fn named(
        below: Arc<dyn Tree>,
        made: BTreeMap<String, (Vec<u8>, bool)>,
        shown: BTreeMap<String, String>,
    ) -> Self {
        let mut files: Vec<TreeFile> = below
            .files()
            .iter()
            .filter(|f| !made.contains_key(f.path.as_ref()))
            .cloned()
            .collect();
        files.extend(made.iter().map(|(path, (bytes, executable))| TreeFile {
            path: path.as_str().into(),
            digest: Digest::of(bytes),
            executable: *executable,
            size: bytes.len() as u64,
        }));
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let made = made
            .into_iter()
            .map(|(p, (bytes, _))| (p, bytes.into()))
            .collect();
        Self {
            below,
            made,
            files,
            shown,
            shared: Mutex::default(),
        }
    }
}

impl Tree for Overlay {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn problems(&self) -> &[Diagnostic] {
        self.below.problems()
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        match self.made.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.below.read(path),
        }
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        if self.made.contains_key(path) {
            return Ok(Cow::Owned(make(&self.text(path)?)));
        }
        self.below.derived(path, form, make)
    }
    fn shared(
        &self,
        key: &str,
        make: &dyn Fn() -> Arc<dyn Any + Send + Sync>,
    ) -> Arc<dyn Any + Send + Sync> {
        // what is shared below was learnt of other files
        let known = || self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(key) {
            return found.clone();
        }
        // not under the lock: what is made may ask for something else that is shared
        let made = make();
        known().entry(key.to_owned()).or_insert(made).clone()
    }
    fn keep_derived(&self) {
        self.below.keep_derived();
    }
    fn repository(&self) -> Repository {
        self.below.repository()
    }
    fn foreign(&self, pin: &Pin) -> Result<Arc<dyn Tree>, TreeError> {
        self.below.foreign(pin)
    }
    fn shown<'a>(&self, path: &'a str) -> Cow<'a, str> {
        match self.shown.get(path) {
            Some(shown) => Cow::Owned(shown.clone()),
            None => self.below.shown(path),
        }
    }
}
