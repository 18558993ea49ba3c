//! What a folder's tree is given besides its files: a place for what is made of them, and one for other repositories.
use super::{derived::Derived, directory::DirectoryTree, imports::ImportCache};
use std::{path::Path, sync::Arc};
use strata_core::digest::Digest;

impl DirectoryTree {
    /// The same, with a file for what is made of its files. `build` changes when the program may make something else.
    #[must_use]
    pub fn with_derived(mut self, path: &Path, build: Digest) -> Self {
        self.derived = Some(Arc::new(Derived::new(path, build)));
        self
    }
    /// The same, with a place for what other repositories hold.
    #[must_use]
    pub fn with_imports(mut self, imports: ImportCache) -> Self {
        self.imports = Some(match &self.derived {
            Some(derived) => imports.remembering(derived.clone()),
            None => imports,
        });
        self
    }
}
