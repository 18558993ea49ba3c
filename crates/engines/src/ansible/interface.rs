//! The interface of a playbook.
use crate::folder;
use strata_core::{diagnostic::Diagnostic, interface::Interface, spec::UnitSpec, tree::Tree};

/// Names of a playbook that make a folder one of Ansible's.
const PLAYBOOKS: [&str; 4] = ["site.yml", "site.yaml", "playbook.yml", "playbook.yaml"];

/// The playbook of a folder.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    PLAYBOOKS.iter().find_map(|name| {
        tree.file(&folder::path(folder, name))
            .map(|file| file.path.as_ref())
    })
}

/// Its interface.
pub fn read(_tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    (
        Interface {
            open_inputs: true,
            outputs: crate::declared::interface(spec),
            ..Interface::default()
        },
        vec![],
    )
}
