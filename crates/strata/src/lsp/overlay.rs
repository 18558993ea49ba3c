//! The files of a platform as they are in the editor: unsaved text over the folder. What was made of a text is
//! remembered by its content, so that a change parses one file.
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use strata_adapters::source::SKIPPED;
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    repo::Pin,
    tree::{Repository, Tree, TreeError, TreeFile},
};

type Known = HashMap<(String, Digest), Arc<[u8]>>;

/// What was made of texts at the last looks.
#[derive(Default)]
pub struct Memo(Mutex<(Known, Known)>);

impl Memo {
    /// A new look begins: what neither this nor the last one asked for is forgotten.
    pub fn turn(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = std::mem::take(&mut known.0);
        known.1 = now;
    }
    fn get(&self, form: &str, content: &Digest) -> Option<Arc<[u8]>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (form.to_owned(), *content);
        if let Some(found) = known.0.get(&key) {
            return Some(found.clone());
        }
        let found = known.1.get(&key)?.clone();
        known.0.insert(key, found.clone());
        Some(found)
    }
    fn put(&self, form: &str, content: Digest, made: Arc<[u8]>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.0.insert((form.to_owned(), content), made);
    }
}

/// Texts over a tree.
pub struct Overlay {
    below: Arc<dyn Tree>,
    texts: BTreeMap<String, Arc<str>>,
    files: Vec<TreeFile>,
    memo: Arc<Memo>,
}

impl Overlay {
    /// These texts over that tree, by path.
    pub fn new(below: Arc<dyn Tree>, texts: BTreeMap<String, Arc<str>>, memo: Arc<Memo>) -> Self {
        let mut texts = texts;
        texts.retain(|path, _| !path.split('/').any(|part| SKIPPED.contains(&part)));
        let mut files: Vec<TreeFile> = below.files().to_vec();
        for (path, text) in &texts {
            let place = files.binary_search_by(|f| f.path.as_ref().cmp(path.as_str()));
            let file = TreeFile {
                path: path.as_str().into(),
                digest: Digest::of(text.as_bytes()),
                executable: place.is_ok_and(|i| files[i].executable),
                size: text.len() as u64,
            };
            match place {
                Ok(i) => files[i] = file,
                Err(i) => files.insert(i, file),
            }
        }
        Self {
            below,
            texts,
            files,
            memo,
        }
    }
}

impl Tree for Overlay {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        match self.texts.get(path) {
            Some(text) => Ok(Arc::from(text.as_bytes())),
            None => self.below.read(path),
        }
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        let file = self.file(path);
        let content = file
            .ok_or_else(|| TreeError::Missing(path.to_owned()))?
            .digest;
        if let Some(known) = self.memo.get(form, &content) {
            return Ok(Cow::Owned(known.to_vec()));
        }
        let made = match self.texts.get(path) {
            Some(text) => make(text),
            None => self.below.derived(path, form, make)?.into_owned(),
        };
        self.memo.put(form, content, made.as_slice().into());
        Ok(Cow::Owned(made))
    }
    fn problems(&self) -> &[Diagnostic] {
        self.below.problems()
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use strata_core::tree::MemoryTree;

    #[test]
    fn texts_lie_over_files_and_each_content_is_made_into_something_once() {
        let below = Arc::new(MemoryTree::new([("a.yaml", "1"), ("c.yaml", "3")]));
        let memo = Arc::new(Memo::default());
        let over = |texts: &[(&str, &str)]| {
            memo.turn();
            let texts = texts.iter().map(|(p, t)| ((*p).to_owned(), Arc::from(*t)));
            Overlay::new(below.clone(), texts.collect(), memo.clone())
        };
        let made = RefCell::new(Vec::new());
        let look = |tree: &Overlay| {
            let paths: Vec<Arc<str>> = tree.files().iter().map(|f| f.path.clone()).collect();
            for path in &paths {
                let bytes = tree.derived(path, "form 1", &mut |text| {
                    made.borrow_mut().push(text.to_owned());
                    text.as_bytes().to_vec()
                });
                assert_eq!(bytes.unwrap().as_ref(), tree.text(path).unwrap().as_bytes());
            }
            paths.join(" ")
        };
        assert_eq!(
            look(&over(&[("b.yaml", "2"), (".git/x", "9")])),
            "a.yaml b.yaml c.yaml"
        );
        assert_eq!(look(&over(&[("a.yaml", "new")])), "a.yaml c.yaml");
        assert_eq!(look(&over(&[])), "a.yaml c.yaml");
        // what one look did not ask for is made again
        assert_eq!(made.borrow().as_slice(), ["1", "2", "3", "new", "1"]);
        look(&over(&[]));
        assert!(memo.get("form 1", &Digest::of(b"2")).is_none(), "forgotten");
    }
}
