//! The interface of a playbook: variables of plays and groups, defaults and argument specifications of roles.
//!
//! Any variable may be set from outside, so the list is open unless every role of the playbook specifies its
//! arguments and no play has tasks of its own.
use super::constants::{argument_type, constant};
use crate::{declared, folder};
use std::sync::Arc;
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Input, Interface},
    span::Location,
    spec::UnitSpec,
    tree::{Tree, join},
};
use strata_syntax::{
    node::{Entry, Node},
    yaml,
};

/// Names of a playbook that make a folder one of Ansible's.
const PLAYBOOKS: [&str; 4] = ["site.yml", "site.yaml", "playbook.yml", "playbook.yaml"];
/// Keys under which a play has tasks.
const TASKS: [&str; 4] = ["pre_tasks", "tasks", "post_tasks", "handlers"];
/// Modules that take in a role.
const ROLE_MODULES: [&str; 4] = [
    "include_role",
    "import_role",
    "ansible.builtin.include_role",
    "ansible.builtin.import_role",
];
/// Modules that take in a file of tasks.
const TASK_MODULES: [&str; 4] = [
    "include_tasks",
    "import_tasks",
    "ansible.builtin.include_tasks",
    "ansible.builtin.import_tasks",
];
/// Blocks of tasks in tasks.
const BLOCKS: [&str; 3] = ["block", "rescue", "always"];
/// How deeply playbooks may take in others.
const DEEPEST: usize = 8;

/// The playbook of a folder.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    PLAYBOOKS.iter().find_map(|name| {
        tree.file(&folder::path(folder, name))
            .map(|file| file.path.as_ref())
    })
}

/// Its interface, and playbooks that are not there.
pub fn read(tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let mut reader = Reader {
        tree,
        folder: &spec.folder,
        found: Interface::default(),
        specified: true,
    };
    let mut problems: Vec<Diagnostic> = wrong_plan(spec).into_iter().collect();
    let recognised = recognise(tree, &spec.folder);
    let playbook = spec
        .string("playbook")
        .and_then(|name| join(&spec.folder, &name));
    match playbook.as_deref().or(recognised) {
        Some(path) if tree.file(path).is_some() => reader.playbook(path, DEEPEST),
        Some(_) => problems.push(missing(spec, "playbook")),
        // a name that only an expression knows
        None => reader.specified = false,
    }
    if let Some(path) = spec
        .string("destroy")
        .and_then(|name| join(&spec.folder, &name))
    {
        if tree.file(&path).is_some() {
            reader.playbook(&path, DEEPEST);
        } else {
            problems.push(missing(spec, "destroy"));
        }
    }
    reader.variables_of_groups();
    let mut interface = reader.found;
    interface.open_inputs = !reader.specified;
    interface.outputs = declared::interface(spec);
    interface.reads.sort();
    interface.reads.dedup();
    if let Some(name) = recognised.and_then(|path| path.rsplit('/').next()) {
        interface
            .facts
            .insert("playbook".to_owned(), name.to_owned());
    }
    if tree
        .file(&folder::path(&spec.folder, "ansible.cfg"))
        .is_some()
    {
        interface
            .facts
            .insert("config".to_owned(), "ansible.cfg".to_owned());
    }
    (interface, problems)
}

fn missing(spec: &UnitSpec, option: &str) -> Diagnostic {
    let message = format!(
        "`ansible.{option}` names `{}`, which `{}` does not have",
        spec.string(option).unwrap_or_default(),
        spec.folder
    );
    Diagnostic::error("ansible::missing-playbook", message)
        .help("its path is relative to the component's folder")
}

/// `plan` is one of two words; what only a run tells is not known here.
fn wrong_plan(spec: &UnitSpec) -> Option<Diagnostic> {
    let word = spec.string("plan")?;
    let known = ["check", "none"].contains(&word.as_str());
    let message = "`ansible.plan` must be `check` or `none`";
    (!known).then(|| Diagnostic::error("file::wrong-kind", message))
}

struct Reader<'a> {
    tree: &'a dyn Tree,
    folder: &'a str,
    found: Interface,
    /// Everything that runs says what it takes.
    specified: bool,
}

impl Reader<'_> {
    /// A file as YAML; what can't be read only opens the interface.
    fn yaml(&mut self, path: &str) -> Option<Node> {
        let node = self
            .tree
            .text(path)
            .ok()
            .and_then(|text| yaml::parse(&Arc::from(path), &text).0);
        self.specified &= node.is_some();
        node
    }
    fn playbook(&mut self, path: &str, depth: usize) {
        let Some(plays) = self.yaml(path) else { return };
        let base = parent(path);
        self.reads(path);
        for play in items(Some(&plays)) {
            for key in ["import_playbook", "ansible.builtin.import_playbook"] {
                if let Some(other) = play
                    .get(key)
                    .and_then(Node::as_str)
                    .and_then(|name| join(base, name))
                    && depth > 0
                    && self.tree.file(&other).is_some()
                {
                    self.playbook(&other, depth - 1);
                }
            }
            self.variables(play.get("vars"));
            for file in names(play.get("vars_files")) {
                if let Some(path) = join(base, file).filter(|path| self.tree.file(path).is_some()) {
                    self.reads(&path);
                    let node = self.yaml(&path);
                    self.variables(node.as_ref());
                }
            }
            for role in items(play.get("roles")) {
                let named = || {
                    ["role", "name"]
                        .iter()
                        .find_map(|key| role.get(key).and_then(Node::as_str))
                };
                let name = role.as_str().or_else(named);
                self.role(base, name);
            }
            for key in TASKS {
                self.tasks(base, play.get(key), depth);
            }
        }
    }
    fn tasks(&mut self, base: &str, tasks: Option<&Node>, depth: usize) {
        for task in items(tasks) {
            let mut own = true;
            for module in ROLE_MODULES {
                if let Some(role) = task.get(module) {
                    self.role(base, role.get("name").and_then(Node::as_str));
                    own = false;
                }
            }
            for module in TASK_MODULES {
                let taken = task.get(module);
                let file = taken
                    .and_then(Node::as_str)
                    .or_else(|| taken?.get("file").and_then(Node::as_str));
                if let Some(path) = file
                    .and_then(|name| join(base, name))
                    .filter(|p| self.tree.file(p).is_some())
                {
                    self.reads(&path);
                    let node = self.yaml(&path).filter(|_| depth > 0);
                    self.tasks(parent(&path), node.as_ref(), depth.saturating_sub(1));
                    own = false;
                }
            }
            for block in BLOCKS {
                let inner = task.get(block);
                if inner.is_some() && depth > 0 {
                    self.tasks(base, inner, depth - 1);
                    own = false;
                }
            }
            self.specified &= !own;
        }
    }
    /// A role: beside the playbook, or at a path.
    fn role(&mut self, base: &str, name: Option<&str>) {
        let tree = self.tree;
        let exists = |path: &String| !tree.below(path).is_empty();
        let places = |name: &str| {
            [
                join(base, &format!("roles/{name}")),
                join(base, name),
                join(self.folder, name),
            ]
        };
        let Some(role) = name.and_then(|name| places(name).into_iter().flatten().find(exists))
        else {
            self.specified = false;
            return;
        };
        self.reads(&role);
        for name in ["defaults/main.yml", "defaults/main.yaml"] {
            let path = format!("{role}/{name}");
            if tree.file(&path).is_some() {
                let node = self.yaml(&path);
                self.variables(node.as_ref());
            }
        }
        let specs = ["meta/argument_specs.yml", "meta/argument_specs.yaml"]
            .map(|name| format!("{role}/{name}"));
        let specs = specs.iter().find(|path| tree.file(path).is_some());
        let node = specs.and_then(|path| self.yaml(path));
        let main = node
            .as_ref()
            .and_then(|n| n.get("argument_specs")?.get("main")?.get("options"));
        match main {
            Some(options) => self.arguments(options),
            None => self.specified = false,
        }
    }
    /// Variables with values: inputs that may be left out.
    fn variables(&mut self, node: Option<&Node>) {
        for entry in entries(node) {
            let input = Input {
                optional: true,
                default: constant(&entry.value),
                at: Some(place(entry)),
                ..Input::default()
            };
            self.found.inputs.entry(entry.key.clone()).or_insert(input);
        }
    }
    /// Arguments that a role specifies; they say more than defaults do.
    fn arguments(&mut self, options: &Node) {
        for entry in entries(Some(options)) {
            let of = |key: &str| entry.value.get(key);
            let is = |key: &str| of(key).and_then(Node::as_bool).unwrap_or(false);
            let known = self.found.inputs.remove(&entry.key);
            let input = Input {
                ty: argument_type(&entry.value),
                optional: !is("required") || known.is_some(),
                default: of("default")
                    .and_then(constant)
                    .or_else(|| known.and_then(|i| i.default)),
                sensitive: is("no_log"),
                description: of("description").and_then(Node::as_str).map(str::to_owned),
                at: Some(place(entry)),
            };
            self.found.inputs.insert(entry.key.clone(), input);
        }
    }
    /// `group_vars/all`, as a file or a folder of files.
    fn variables_of_groups(&mut self) {
        let base = folder::path(self.folder, "group_vars/all");
        let files: Vec<String> = [".yml", ".yaml"]
            .iter()
            .map(|end| format!("{base}{end}"))
            .collect();
        let single = files
            .iter()
            .filter_map(|path| self.tree.file(path))
            .map(|f| f.path.clone());
        let many = self.tree.below(&base).iter().map(|f| f.path.clone());
        for path in single.chain(many).collect::<Vec<_>>() {
            let node = self.yaml(&path);
            self.variables(node.as_ref());
        }
    }
    /// What lies outside of the component's own folder has to be said.
    fn reads(&mut self, path: &str) {
        let own = self.folder.is_empty()
            || path
                .strip_prefix(self.folder)
                .is_some_and(|rest| rest.starts_with('/'));
        if !own {
            self.found.reads.push(path.to_owned());
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn entries(node: Option<&Node>) -> &[Entry] {
    node.and_then(Node::as_map).map_or(&[], |map| &map.entries)
}

fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_list).unwrap_or_default()
}

fn place(entry: &Entry) -> Location {
    Location::new(entry.value.origin.clone(), entry.key_span)
}

/// A text or a list of texts.
fn names(node: Option<&Node>) -> Vec<&str> {
    node.and_then(Node::as_str)
        .into_iter()
        .chain(items(node).iter().filter_map(Node::as_str))
        .collect()
}

#[cfg(test)]
mod tests;
