//! The interface of a Terraform module, from its files.
use std::collections::BTreeMap;
use strata_core::{diagnostic::Diagnostic, interface::Interface, spec::UnitSpec, tree::Tree};

/// Is it a module?
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    let inside = folder.len() + usize::from(!folder.is_empty());
    let own = |path: &str| {
        !path[inside..].contains('/') && (path.ends_with(".tf") || path.ends_with(".tf.json"))
    };
    tree.below(folder)
        .iter()
        .map(|f| f.path.as_ref())
        .find(|path| own(path))
}

/// Its interface, and what is wrong with it.
pub fn read(_tree: &dyn Tree, _spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let _: BTreeMap<String, String> = BTreeMap::new();
    (Interface::default(), vec![])
}
