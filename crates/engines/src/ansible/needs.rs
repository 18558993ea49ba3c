//! What a playbook needs from outside: credentials of the clouds whose modules its tasks call by their full names.
use crate::needs::{self, catalog};
use std::collections::BTreeMap;
use strata_core::{need::Needs, span::Location, spec::UnitSpec, tree::Tree};
use strata_syntax::ansible;

/// Everything that is known.
pub fn of(tree: &dyn Tree, spec: &UnitSpec) -> Needs {
    let named = spec.string("playbook");
    let facts = match &named {
        Some(name) => {
            let path = crate::folder::path(&spec.folder, name);
            ansible::read_playbooks(tree, &spec.folder, &[path.as_str()])
        }
        None => ansible::read(tree, &spec.folder),
    };
    let mut collections: BTreeMap<&str, &Location> = BTreeMap::new();
    for (module, at) in &facts.modules {
        if let Some((collection, _)) = module.rsplit_once('.') {
            collections.entry(collection).or_insert(at);
        }
    }
    let mut out = Needs::default();
    // most collections need no credentials, so one that is not known is nothing to report
    for (collection, at) in collections {
        if let Some(entry) = catalog().collection(collection) {
            let by = format!("collection `{collection}`");
            needs::add(&mut out, &by, entry, &[], Some(at));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn modules_of_clouds_tell_their_credentials() {
        let tree = MemoryTree::new([(
            "a/site.yml",
            "- hosts: localhost\n  tasks:\n    - block:\n        - azure.azcollection.azure_rm_resourcegroup: {name: x}\n    - ansible.builtin.debug: {msg: x}\n",
        )]);
        let spec = UnitSpec {
            folder: "a".into(),
            ..UnitSpec::default()
        };
        let n = of(&tree, &spec);
        assert_eq!(n.needs.len(), 1);
        assert_eq!(n.needs[0].0.by, "collection `azure.azcollection`");
        assert!(n.needs[0].0.variables.contains_key("AZURE_SECRET"));
    }
}
