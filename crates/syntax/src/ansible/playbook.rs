//! Plays: what they import, their variables, roles and tasks.
use super::{
    FileUse, Reader,
    search::{Place, is_path},
};
use crate::{
    node::Node,
    said::{Said, items, parent, place, texts},
};
use strata_core::{interface::Input, tree::join};

/// Keys under which a play has tasks.
const TASKS: [&str; 4] = ["pre_tasks", "tasks", "post_tasks", "handlers"];
/// Keys under which a play takes another in.
const IMPORTS: [&str; 3] = [
    "import_playbook",
    "ansible.builtin.import_playbook",
    "include",
];

impl Reader<'_> {
    pub(super) fn playbook(&mut self, path: &str) {
        // playbooks that import others are not deep, but may import each other
        let mut wanted = vec![path.to_owned()];
        while let Some(path) = wanted.pop() {
            if !self.seen_playbooks.insert(path.clone()) {
                continue;
            }
            let Some(plays) = self.yaml(&path) else {
                continue;
            };
            self.reads(&path);
            let mut imported = Vec::new();
            for play in items(Some(&plays)) {
                imported.extend(self.imported(parent(&path), play));
                self.play(parent(&path), play);
            }
            wanted.extend(imported.into_iter().rev());
        }
    }

    fn imported(&mut self, base: &str, play: &Node) -> Option<String> {
        let said = IMPORTS.iter().find_map(|key| Said::under(play, key))?;
        let path = join(base, &said.text).filter(|_| is_path(&said));
        let Some(path) = path.filter(|p| p.ends_with(".yml") || p.ends_with(".yaml")) else {
            // a playbook of a collection, or a name that only a run knows
            self.facts.specified = false;
            self.facts.open_outputs = true;
            return None;
        };
        let found = self.tree.file(&path).map(|f| f.path.to_string());
        self.facts.specified &= found.is_some();
        self.facts.uses.push(FileUse {
            by: "import_playbook".to_owned(),
            said,
            found: found.clone(),
            usual: path,
            sure: true,
        });
        found
    }

    fn play(&mut self, base: &str, play: &Node) {
        self.variables(play.get("vars"), true);
        self.prompts(play);
        self.variable_files(base, play.get("vars_files"));
        let here = Place::of_play(base);
        for role in items(play.get("roles")) {
            self.role_of_play(&here, role);
        }
        for key in TASKS {
            self.tasks(&here, play.get(key));
        }
    }

    /// Files of variables: each a name, or several of which the first that is there counts.
    fn variable_files(&mut self, base: &str, node: Option<&Node>) {
        let several = items(node).iter().map(|n| texts(Some(n)));
        let single = node.and_then(Said::of).map(|s| vec![s]);
        for names in several.chain(single).collect::<Vec<_>>() {
            let known = !names.is_empty() && names.iter().all(is_path);
            self.any_given |= !known;
            let found = names.iter().find_map(|said| {
                let here = Place::of_play(base);
                is_path(said).then(|| self.find(&here, "vars", &said.text).0)?
            });
            if let Some(path) = &found {
                self.reads(path);
                let node = self.yaml(path);
                self.variables(node.as_ref(), true);
            }
            if let (Some(first), true) = (names.first(), known) {
                self.facts.uses.push(FileUse {
                    by: "vars_files".to_owned(),
                    said: first.clone(),
                    usual: join(base, &first.text).unwrap_or_default(),
                    found,
                    sure: true,
                });
            }
        }
    }

    /// What a play asks for on a terminal. There is none in a run, so what has no default must be given.
    fn prompts(&mut self, play: &Node) {
        for prompt in items(play.get("vars_prompt")) {
            let Some(name) = Said::under(prompt, "name").filter(Said::is_literal) else {
                continue;
            };
            let default = prompt.get("default").filter(|n| !n.is_null());
            let private = prompt.get("private").and_then(Node::as_str);
            let input = Input {
                optional: default.is_some(),
                default: default.and_then(super::constant),
                sensitive: !private
                    .is_some_and(|p| matches!(p, "false" | "no" | "False" | "No" | "off")),
                description: prompt
                    .get("prompt")
                    .and_then(Node::as_str)
                    .map(str::to_owned),
                at: Some(name.at),
                ..Input::default()
            };
            self.facts.inputs.entry(name.text).or_insert(input);
        }
    }

    /// A role in the list of a play: a name, or a map with the name and parameters.
    fn role_of_play(&mut self, here: &Place, role: &Node) {
        let said = Said::of(role)
            .or_else(|| Said::under(role, "role"))
            .or_else(|| Said::under(role, "name"));
        for entry in crate::said::entries(Some(role)) {
            if !matches!(
                entry.key.as_str(),
                "role" | "name" | "vars" | "when" | "tags" | "become"
            ) {
                self.given.insert(entry.key.clone());
            }
        }
        self.gives(role.get("vars"));
        let mut here = here.clone();
        here.conditional |= role.get("when").is_some();
        self.role(&here, said, "main");
    }

    /// Notes that variables are set on the way.
    pub(super) fn gives(&mut self, vars: Option<&Node>) {
        let entries = crate::said::entries(vars);
        self.given.extend(entries.iter().map(|e| e.key.clone()));
    }

    /// Variables with values: inputs that may be left out. `everywhere`: the value holds for every host.
    pub(super) fn variables(&mut self, node: Option<&Node>, everywhere: bool) {
        for entry in crate::said::entries(node) {
            let secret = entry.value.tag.as_deref() == Some("!vault");
            let input = Input {
                optional: true,
                default: super::constant(&entry.value).filter(|_| everywhere),
                sensitive: secret,
                at: Some(place(entry)),
                ..Input::default()
            };
            self.facts.inputs.entry(entry.key.clone()).or_insert(input);
            self.given.insert(entry.key.clone());
        }
    }
}
