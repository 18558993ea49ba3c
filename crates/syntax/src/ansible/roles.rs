//! Roles: defaults, argument specifications, what they depend on, their tasks.
use super::{
    Reader, RoleUse, argument_type, constant,
    search::{Place, is_path},
};
use crate::{
    node::Node,
    said::{Said, entries, items, place},
};
use strata_core::interface::Input;

/// How deeply roles take in others.
const DEEPEST: usize = 12;

impl Reader<'_> {
    /// A role that is used, by one of its entries.
    pub(super) fn role(&mut self, here: &Place, said: Option<Said>, entry: &str) {
        let known = said.as_ref().filter(|s| s.is_literal());
        let found = known.and_then(|s| self.role_folder(here, &s.text));
        if let Some(said) = said {
            self.facts.roles.push(RoleUse {
                said,
                folder: found.clone(),
            });
        }
        let Some(role) = found.filter(|_| here.roles.len() < DEEPEST) else {
            self.facts.specified = false;
            self.facts.open_outputs = true;
            return;
        };
        if !self.seen_roles.insert((role.clone(), entry.to_owned())) {
            return;
        }
        self.reads(&role);
        let mut inside = here.clone();
        inside.roles.insert(0, role.clone());
        inside.folder = format!("{role}/tasks");
        let meta = self.part(&role, "meta/main");
        self.depends(&inside, meta.as_ref());
        for file in self.files(&role, "defaults/main") {
            let node = self.yaml(&file);
            self.variables(node.as_ref(), true);
        }
        // what these files set cannot be missing
        for file in self.files(&role, "vars/main") {
            let node = self.yaml(&file);
            self.gives(node.as_ref());
        }
        let own = self.part(&role, "meta/argument_specs");
        let specs = own
            .as_ref()
            .or(meta.as_ref())
            .and_then(|n| n.get("argument_specs"));
        match specs.and_then(|s| s.get(entry)?.get("options")) {
            Some(options) => self.arguments(options),
            None => self.facts.specified = false,
        }
        for name in ["handlers/main".to_owned(), format!("tasks/{entry}")] {
            for file in self.files(&role, &name) {
                self.task_file(&inside, &file);
            }
        }
    }

    fn depends(&mut self, inside: &Place, meta: Option<&Node>) {
        for dependency in items(meta.and_then(|m| m.get("dependencies"))) {
            let said = Said::of(dependency)
                .or_else(|| Said::under(dependency, "role"))
                .or_else(|| Said::under(dependency, "name"));
            // a map with `src` is where it is fetched from
            let fetched = dependency.get("src").is_some();
            for entry in entries(Some(dependency)) {
                self.given.insert(entry.key.clone());
            }
            self.gives(dependency.get("vars"));
            if fetched {
                self.facts.specified = false;
                self.facts.open_outputs = true;
            } else {
                self.role(inside, said, "main");
            }
        }
    }

    /// A file of a role as YAML, when it has it.
    fn part(&mut self, role: &str, name: &str) -> Option<Node> {
        let path = [".yml", ".yaml"]
            .iter()
            .map(|end| format!("{role}/{name}{end}"))
            .find(|path| self.tree.file(path).is_some())?;
        self.yaml(&path)
    }

    /// A file of a role, or the files of a folder in its place.
    fn files(&self, role: &str, name: &str) -> Vec<String> {
        let base = format!("{role}/{name}");
        let single = ["", ".yml", ".yaml"]
            .iter()
            .map(|end| format!("{base}{end}"))
            .find(|path| self.tree.file(path).is_some());
        match single {
            Some(path) => vec![path],
            None if name.starts_with("tasks") => Vec::new(),
            None => self
                .tree
                .below(&base)
                .iter()
                .filter(|f| crate::said::is_yaml(f))
                .map(|f| f.path.to_string())
                .collect(),
        }
    }

    /// Arguments that a role specifies; they say more than defaults do.
    fn arguments(&mut self, options: &Node) {
        for entry in entries(Some(options)) {
            let of = |key: &str| entry.value.get(key);
            let is = |key: &str| of(key).and_then(Node::as_bool).unwrap_or(false);
            let known = self.facts.inputs.remove(&entry.key);
            let input = Input {
                ty: argument_type(&entry.value),
                optional: match &known {
                    Some(known) => known.optional,
                    None => !is("required"),
                },
                default: of("default")
                    .and_then(constant)
                    .or_else(|| known.as_ref().and_then(|i| i.default.clone())),
                sensitive: is("no_log") || known.is_some_and(|k| k.sensitive),
                description: of("description").and_then(Node::as_str).map(str::to_owned),
                at: Some(place(entry)),
            };
            let choices = items(of("choices"));
            if !choices.is_empty() {
                let values = choices.iter().map(Node::to_value).collect();
                self.facts.choices.insert(entry.key.clone(), values);
            }
            self.facts.inputs.insert(entry.key.clone(), input);
        }
    }

    /// `include_role` and `import_role`.
    pub(super) fn role_of_task(&mut self, here: &Place, task: &Node, module: &Node) {
        let said = Said::under(module, "name").or_else(|| Said::of(module));
        let from = Said::under(module, "tasks_from");
        self.gives(task.get("vars"));
        // a name with several words is the old form with parameters
        let said = said.filter(|s| !s.text.contains([' ', '=']));
        match from {
            None => self.role(here, said, "main"),
            Some(from) if is_path(&from) => {
                let entry = from.text.trim_end_matches(".yaml").trim_end_matches(".yml");
                self.role(here, said, entry);
            }
            Some(_) => {
                self.facts.open_outputs = true;
                self.role(here, said, "main");
                self.facts.specified = false;
            }
        }
    }
}
