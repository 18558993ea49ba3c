//! Playbooks and roles: variables with their types, what `set_stats` gives, and the files that tasks name.
//!
//! Any variable may be set from outside, so the list is open unless every role of the playbook specifies its arguments
//! and no play has tasks of its own. A name with a template in it is unknown.
mod check;
mod playbook;
mod roles;
mod search;
mod tasks;
mod types;
mod variables;

pub use check::problems;
pub use types::{argument_type, constant};

use crate::{
    kept,
    node::Node,
    said::{Said, unreadable, within},
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Input, Interface, OutputDecl},
    tree::Tree,
    value::Value,
};

/// Names of a playbook that make a folder one of Ansible's.
const PLAYBOOKS: [&str; 4] = ["site.yml", "site.yaml", "playbook.yml", "playbook.yaml"];

/// A role that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleUse {
    /// Its name as it is written.
    pub said: Said,
    /// Its folder, when it is here.
    pub folder: Option<String>,
}

/// A file that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// By which module or key: `template`, `import_playbook`.
    pub by: String,
    /// The name as it is written.
    pub said: Said,
    /// The file or folder, when it is here.
    pub found: Option<String>,
    /// Where it would stand, had it the usual place.
    pub usual: String,
    /// Does nothing stand around it that could leave it out, and can nothing make it on the way?
    pub sure: bool,
}

/// What playbooks take, give and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnsibleFacts {
    /// The folder.
    pub folder: String,
    /// The playbook that the folder is known by.
    pub playbook: Option<String>,
    /// Variables by name.
    pub inputs: BTreeMap<String, Input>,
    /// Values that a variable may have, by its name.
    pub choices: BTreeMap<String, Vec<Value>>,
    /// What `set_stats` gives.
    pub outputs: BTreeMap<String, OutputDecl>,
    /// There may be more outputs: a name is computed, or tasks are not here.
    pub open_outputs: bool,
    /// Does everything that runs say what it takes?
    pub specified: bool,
    /// Modules of collections that tasks call by their full names, with one place each.
    pub modules: BTreeMap<String, strata_core::span::Location>,
    /// Roles in the order in which they are met.
    pub roles: Vec<RoleUse>,
    /// Files that are named without a template.
    pub uses: Vec<FileUse>,
    /// Playbooks, roles and files outside of the folder.
    pub reads: Vec<String>,
    /// Lies an `ansible.cfg` in the folder?
    pub config: bool,
    /// What could not be read, as warnings.
    pub unread: Vec<Diagnostic>,
}

/// The playbook of a folder.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    PLAYBOOKS
        .iter()
        .find_map(|name| tree.file(&within(folder, name)))
        .map(|file| file.path.as_ref())
}

/// Reads the playbook that a folder is known by.
pub fn read(tree: &dyn Tree, folder: &str) -> AnsibleFacts {
    let playbook = recognise(tree, folder);
    read_playbooks(tree, folder, playbook.as_slice())
}

/// Reads playbooks of a folder, by their paths. Without any, nothing is specified.
pub fn read_playbooks(tree: &dyn Tree, folder: &str, playbooks: &[&str]) -> AnsibleFacts {
    let folder = if folder == "." { "" } else { folder };
    let mut reader = Reader {
        tree,
        facts: AnsibleFacts {
            folder: folder.to_owned(),
            playbook: recognise(tree, folder).map(str::to_owned),
            specified: !playbooks.is_empty(),
            config: tree.file(&within(folder, "ansible.cfg")).is_some(),
            ..AnsibleFacts::default()
        },
        roles_paths: search::roles_paths(tree, folder),
        seen_playbooks: BTreeSet::new(),
        seen_tasks: BTreeSet::new(),
        seen_roles: BTreeSet::new(),
        given: BTreeSet::new(),
        any_given: false,
        depth: 0,
    };
    for playbook in playbooks {
        reader.playbook(playbook);
    }
    reader.variables_of_groups();
    reader.finish()
}

/// The same as an interface: outputs are those of `set_stats`.
pub fn interface(facts: &AnsibleFacts) -> Interface {
    Interface {
        inputs: facts.inputs.clone(),
        outputs: facts.outputs.clone(),
        open_inputs: !facts.specified,
        open_outputs: facts.open_outputs,
        reads: facts.reads.clone(),
        ..Interface::default()
    }
}

/// Gathers the facts.
struct Reader<'a> {
    tree: &'a dyn Tree,
    facts: AnsibleFacts,
    /// Folders with roles, from `ansible.cfg`.
    roles_paths: Vec<String>,
    seen_playbooks: BTreeSet<String>,
    /// Files of tasks with the role that they were read for.
    seen_tasks: BTreeSet<(String, String)>,
    /// Roles with the entry that was read.
    seen_roles: BTreeSet<(String, String)>,
    /// Variables that something on the way sets.
    given: BTreeSet<String>,
    /// Something sets variables that nobody can name.
    any_given: bool,
    /// How many files of tasks are open inside each other.
    depth: usize,
}

impl Reader<'_> {
    /// A file as YAML; what can't be read only opens the interface.
    fn yaml(&mut self, path: &str) -> Option<Node> {
        let (node, problems) = kept::yaml(self.tree, path).unwrap_or_default();
        self.facts.specified &= node.is_some();
        if node.is_none() && (!problems.is_empty() || self.tree.text(path).is_err()) {
            self.facts.open_outputs = true;
            self.any_given = true;
            let problem = unreadable("ansible::unreadable", path);
            if !self.facts.unread.contains(&problem) {
                self.facts.unread.push(problem);
            }
        }
        node
    }
    /// What lies outside of the component's own folder has to be said.
    fn reads(&mut self, path: &str) {
        let folder = &self.facts.folder;
        let own = folder.is_empty()
            || path
                .strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.starts_with('/'));
        if !own {
            self.facts.reads.push(path.to_owned());
        }
    }
    fn finish(mut self) -> AnsibleFacts {
        self.settle();
        let mut facts = self.facts;
        facts.reads.sort();
        facts.reads.dedup();
        // a role's folder covers what lies in it
        let all = facts.reads.clone();
        facts.reads.retain(|path| {
            !all.iter().any(|other| {
                path.strip_prefix(other.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            })
        });
        facts
    }
}

#[cfg(test)]
mod tests;
