//! Tasks: what they include, the files that they name, the variables and stats that they set.
use super::{
    FileUse, Reader,
    search::{Place, is_path},
};
use crate::{
    node::Node,
    said::{Said, entries, items, parent, place},
};
use strata_core::interface::OutputDecl;

/// Blocks of tasks in tasks.
const BLOCKS: [&str; 3] = ["block", "rescue", "always"];
/// How deeply files of tasks include others.
const DEEPEST: usize = 24;

/// A module by its short name, when it is one of Ansible's own.
fn short(key: &str) -> &str {
    key.strip_prefix("ansible.builtin.")
        .or_else(|| key.strip_prefix("ansible.legacy."))
        .or_else(|| key.strip_prefix("ansible.windows."))
        .unwrap_or(key)
}

impl Reader<'_> {
    /// Tasks of a play: those that are its own leave the list of variables open.
    pub(super) fn tasks(&mut self, here: &Place, tasks: Option<&Node>) {
        for task in items(tasks) {
            let mut own = true;
            let mut here = here.clone();
            here.conditional |= ["when", "ignore_errors"]
                .iter()
                .any(|k| task.get(k).is_some());
            for entry in entries(Some(task)) {
                if entry.key.split('.').count() == 3 {
                    let at = place(entry);
                    self.facts.modules.entry(entry.key.clone()).or_insert(at);
                }
                own &= !self.module(&here, task, short(&entry.key), &entry.value);
            }
            let rescued = here.conditional || task.get("rescue").is_some();
            for block in BLOCKS {
                let inner = task.get(block);
                if inner.is_some() {
                    let mut here = here.clone();
                    // YAML is not deep, so neither are blocks
                    here.conditional = rescued;
                    self.tasks(&here, inner);
                    own = false;
                }
            }
            self.gives(task.get("vars"));
            if let Some(name) = Said::under(task, "register") {
                self.given.insert(name.text);
            }
            // a role that says what it takes says it of its tasks too
            self.facts.specified &= !own || !here.roles.is_empty();
        }
    }

    /// One key of a task; true when it takes in what speaks for itself.
    fn module(&mut self, here: &Place, task: &Node, name: &str, value: &Node) -> bool {
        match name {
            "include_role" | "import_role" => {
                self.role_of_task(here, task, value);
                true
            }
            "include_tasks" | "import_tasks" | "include" => self.included(here, name, value),
            "include_vars" => {
                self.included_variables(here, value);
                false
            }
            "set_fact" => {
                self.gives(Some(value));
                self.any_given |= value.as_map().is_none();
                false
            }
            "set_stats" => {
                self.stats(task, value);
                false
            }
            "template" | "win_template" => {
                let said = argument(value, "src");
                self.names(here, "template", "templates", said, !here.conditional);
                false
            }
            "copy" | "win_copy" | "unarchive" | "script" => {
                self.copied(here, name, value);
                false
            }
            _ => false,
        }
    }

    fn included(&mut self, here: &Place, by: &str, value: &Node) -> bool {
        let said = Said::of(value).or_else(|| Said::under(value, "file"));
        let Some(said) = said.filter(|s| is_path(s) && !s.text.contains([' ', '='])) else {
            self.facts.open_outputs = true;
            self.any_given = true;
            return false;
        };
        let Some(path) = self.names(here, by, "tasks", Some(said), !here.conditional) else {
            return false;
        };
        self.reads(&path);
        let mut here = here.clone();
        parent(&path).clone_into(&mut here.folder);
        self.task_file(&here, &path);
        true
    }

    /// A file of tasks, read once for each role.
    pub(super) fn task_file(&mut self, here: &Place, path: &str) {
        let key = (path.to_owned(), here.role().to_owned());
        if self.tree.file(path).is_none() || !self.seen_tasks.insert(key) {
            return;
        }
        if self.depth >= DEEPEST {
            self.facts.specified = false;
            self.facts.open_outputs = true;
            return;
        }
        self.depth += 1;
        let node = self.yaml(path);
        self.tasks(here, node.as_ref());
        self.depth -= 1;
    }

    fn included_variables(&mut self, here: &Place, value: &Node) {
        let said = Said::of(value).or_else(|| Said::under(value, "file"));
        let named = said.filter(is_path);
        match self.names(here, "include_vars", "vars", named, !here.conditional) {
            Some(path) if self.tree.file(&path).is_some() => {
                self.reads(&path);
                let node = self.yaml(&path);
                self.gives(node.as_ref());
            }
            _ => self.any_given = true,
        }
    }

    /// What is copied to hosts. It may be made on the way, so its absence is never sure.
    fn copied(&mut self, here: &Place, name: &str, value: &Node) {
        let is = |key: &str| {
            value
                .get(key)
                .and_then(Node::as_str)
                .is_some_and(|t| !matches!(t, "false" | "no" | "False" | "No"))
        };
        let free = value.as_str().is_some_and(|t| t.contains("remote_src="));
        if is("remote_src") || free {
            return;
        }
        let said = match name {
            "script" => argument(value, "cmd")
                .or_else(|| Said::of(value))
                .map(|s| Said {
                    text: s
                        .text
                        .split_whitespace()
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    at: s.at,
                }),
            _ => argument(value, "src"),
        };
        self.names(here, name, "files", said, false);
    }

    /// Notes a file that is named, and gives its path when it is here.
    fn names(
        &mut self,
        here: &Place,
        by: &str,
        sub: &str,
        said: Option<Said>,
        sure: bool,
    ) -> Option<String> {
        let said = said.filter(is_path)?;
        let (found, usual) = self.find(here, sub, said.text.trim_end_matches('/'));
        if let Some(path) = &found {
            self.reads(path);
        }
        self.facts.uses.push(FileUse {
            by: by.to_owned(),
            said,
            found: found.clone(),
            usual,
            sure,
        });
        found
    }

    fn stats(&mut self, task: &Node, value: &Node) {
        let data = entries(value.get("data"));
        self.facts.open_outputs |= data.is_empty();
        for entry in data {
            if entry.key.contains("{{") {
                self.facts.open_outputs = true;
                continue;
            }
            let output = OutputDecl {
                sensitive: task.get("no_log").and_then(Node::as_bool) == Some(true),
                at: Some(place(entry)),
                ..OutputDecl::default()
            };
            self.facts
                .outputs
                .entry(entry.key.clone())
                .or_insert(output);
        }
    }
}

/// An argument of a module: under its key, or as `key=value` in the old form.
fn argument(value: &Node, key: &str) -> Option<Said> {
    let Some(text) = value.as_str() else {
        return Said::under(value, key);
    };
    let found = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
    let plain = !found.contains(['"', '\'', '{', '}']);
    plain.then(|| Said {
        text: found.to_owned(),
        at: value.location(),
    })
}
