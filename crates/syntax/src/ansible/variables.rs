//! Variables of groups and hosts, and which variables must be given after all.
use super::Reader;
use crate::said::{name, within};
use std::collections::BTreeSet;

/// Names of files and folders that hold an inventory.
const INVENTORIES: [&str; 4] = ["inventory", "inventories", "hosts", "host"];

impl Reader<'_> {
    /// `group_vars` and `host_vars`, as files or folders of files: of all first, since they hold for every host.
    pub(super) fn variables_of_groups(&mut self) {
        let base = within(&self.facts.folder, "group_vars/all");
        let single = [".yml", ".yaml", ""]
            .iter()
            .filter_map(|end| self.tree.file(&format!("{base}{end}")));
        let many = self.tree.below(&base);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for path in single
            .chain(many)
            .map(|f| f.path.to_string())
            .collect::<Vec<_>>()
        {
            let node = self.yaml(&path);
            self.variables(node.as_ref(), true);
            seen.insert(path);
        }
        for folder in ["group_vars", "host_vars"] {
            let base = within(&self.facts.folder, folder);
            let files: Vec<String> = self
                .tree
                .below(&base)
                .iter()
                .map(|f| f.path.to_string())
                .filter(|p| !seen.contains(p) && is_variables(p))
                .collect();
            for path in files {
                let node = self.yaml(&path);
                self.variables(node.as_ref(), false);
            }
        }
    }

    /// What something on the way sets need not be given: a missing input must be missing for sure.
    pub(super) fn settle(&mut self) {
        let inventories = self.inventories();
        for (name, input) in &mut self.facts.inputs {
            if input.optional {
                continue;
            }
            let set = self.any_given || self.given.contains(name) || name.starts_with("ansible_");
            input.optional = set || inventories.iter().any(|text| mentions(text, name));
        }
    }

    /// Texts of inventories in the folder, in which hosts and groups have variables too.
    fn inventories(&self) -> Vec<String> {
        if self.facts.inputs.values().all(|i| i.optional) {
            return Vec::new();
        }
        let skip = self.facts.folder.len();
        let files = self.tree.below(&self.facts.folder).iter().filter(|f| {
            let parts = f.path.get(skip..).unwrap_or_default().split('/');
            let mut stems = parts.map(|part| part.split('.').next().unwrap_or(part));
            f.size < 1_000_000
                && stems.any(|stem| {
                    INVENTORIES.contains(&stem) || stem == "group_vars" || stem == "host_vars"
                })
        });
        files.filter_map(|f| self.tree.text(&f.path).ok()).collect()
    }
}

/// A file of variables: YAML, or without an ending.
fn is_variables(path: &str) -> bool {
    let name = name(path);
    name.ends_with(".yml") || name.ends_with(".yaml") || (!name.contains('.') && !name.is_empty())
}

/// Does a text have a name as a word of its own?
fn mentions(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(word) && !text[at + name.len()..].starts_with(word))
}
