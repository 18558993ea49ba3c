//! Parsed files, by content: a tree that can keep what was made of a file gives it back without a second parse.
//!
//! What is kept does not name its file, since the same text may stand in several; the places in it are filled in here.
use crate::node::{Node, Origin};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use strata_core::{
    diagnostic::Diagnostic,
    tree::{Tree, TreeError},
};

/// What is made of a text and does not depend on where it stands, but for its places.
pub trait Placed: Serialize + DeserializeOwned {
    /// Names the file in every place.
    fn place(&mut self, origin: &Origin);
}

/// What `parse` makes of a file, made once per content. `form` names it with its version.
pub fn parsed<T: Placed>(
    tree: &dyn Tree,
    path: &str,
    form: &str,
    parse: impl Fn(&Origin, &str) -> T,
) -> Result<T, TreeError> {
    let origin: Origin = Arc::from(path);
    let mut fresh = None;
    let bytes = tree.derived(path, form, &mut |text| {
        let made = parse(&origin, text);
        let bytes = postcard::to_allocvec(&made).expect("plain data encodes");
        debug_assert!(
            postcard::from_bytes::<T>(&bytes).is_ok(),
            "what is kept as `{form}` cannot be read again: each file would be parsed each time"
        );
        fresh = Some(made);
        bytes
    })?;
    if let Some(made) = fresh {
        return Ok(made);
    }
    if let Ok(mut made) = postcard::from_bytes::<T>(&bytes) {
        made.place(&origin);
        return Ok(made);
    }
    // what cannot be read any more is made again
    Ok(parse(&origin, &tree.text(path)?))
}

impl Placed for (Option<Node>, Vec<Diagnostic>) {
    fn place(&mut self, origin: &Origin) {
        if let Some(node) = &mut self.0 {
            node.set_origin(origin);
        }
        for problem in &mut self.1 {
            place(problem, origin);
        }
    }
}

impl Placed for (Vec<Node>, Vec<Diagnostic>) {
    fn place(&mut self, origin: &Origin) {
        self.0.iter_mut().for_each(|node| node.set_origin(origin));
        for problem in &mut self.1 {
            place(problem, origin);
        }
    }
}

/// Names the file in the places of a diagnostic about one file.
pub fn place(problem: &mut Diagnostic, origin: &Origin) {
    if let Some(at) = &mut problem.at {
        at.file = origin.clone();
    }
    for (at, _) in &mut problem.related {
        at.file = origin.clone();
    }
}

/// A YAML file as a tree, with what is wrong with it.
pub fn yaml(tree: &dyn Tree, path: &str) -> Result<(Option<Node>, Vec<Diagnostic>), TreeError> {
    parsed(tree, path, "yaml 1", |origin, text| {
        crate::yaml::parse(origin, text)
    })
}

/// Every document of a YAML file, with what is wrong with it.
pub fn documents(tree: &dyn Tree, path: &str) -> Result<(Vec<Node>, Vec<Diagnostic>), TreeError> {
    parsed(tree, path, "yaml documents 1", |origin, text| {
        crate::yaml::documents(origin, text)
    })
}

/// A JSON file as a tree, with what is wrong with it.
pub fn json(tree: &dyn Tree, path: &str) -> Result<(Option<Node>, Vec<Diagnostic>), TreeError> {
    parsed(tree, path, "json 1", |origin, text| {
        crate::json::parse(origin, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{borrow::Cow, collections::HashMap, sync::Mutex};
    use strata_core::tree::{MemoryTree, TreeFile};

    /// Keeps what was derived, by form and content.
    struct Keeps(MemoryTree, Mutex<HashMap<String, Vec<u8>>>);

    impl Tree for Keeps {
        fn files(&self) -> &[TreeFile] {
            self.0.files()
        }
        fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
            self.0.read(path)
        }
        fn derived(
            &self,
            path: &str,
            form: &str,
            make: &mut dyn FnMut(&str) -> Vec<u8>,
        ) -> Result<Cow<'_, [u8]>, TreeError> {
            let key = format!("{form} {}", self.file(path).unwrap().digest);
            let mut kept = self.1.lock().unwrap();
            let text = self.text(path)?;
            Ok(Cow::Owned(
                kept.entry(key).or_insert_with(|| make(&text)).clone(),
            ))
        }
    }

    #[test]
    fn what_is_kept_is_what_was_parsed_in_its_own_file() {
        let text = "a: {b: [1.10, 'x', \"y\\n\", !Ref z]}\nc: |\n  ${{ d }}\ne: ${{ f }}\n";
        let tree = Keeps(
            MemoryTree::new([("a.yaml", text), ("b.yaml", text)]),
            Mutex::default(),
        );
        for path in ["a.yaml", "b.yaml", "a.yaml"] {
            let straight = crate::yaml::parse(&Arc::from(path), text);
            assert_eq!(yaml(&tree, path).unwrap(), straight);
        }
        assert_eq!(tree.1.lock().unwrap().len(), 1, "parsed once");
        for path in ["a.yaml", "b.yaml"] {
            let straight = crate::yaml::documents(&Arc::from(path), text);
            assert_eq!(documents(&tree, path).unwrap(), straight);
        }
        assert_eq!(tree.1.lock().unwrap().len(), 2, "each form once");
    }
}
