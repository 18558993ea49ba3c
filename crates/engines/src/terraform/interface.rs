//! The interface of a Terraform module, from its files.
use crate::folder::{self, ends};
use std::collections::BTreeMap;
use strata_core::{diagnostic::Diagnostic, interface::Interface, spec::UnitSpec, tree::Tree};

/// Is it a module?
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    folder::files(tree, folder)
        .find(|(_, name)| ends(name, &[".tf", ".tf.json"]))
        .map(|(path, _)| path)
}

/// Its interface, and what is wrong with it.
pub fn read(_tree: &dyn Tree, _spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let _: BTreeMap<String, String> = BTreeMap::new();
    (Interface::default(), vec![])
}
