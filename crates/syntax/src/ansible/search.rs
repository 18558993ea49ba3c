//! Where Ansible looks for what is named: the role, the roles that led to it, the file's folder, the playbook's.
use super::Reader;
use crate::said::{Said, exists, within};
use strata_core::tree::{Tree, join};

/// Where a task stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The folder of its file.
    pub folder: String,
    /// Its role and those that led to it, the innermost first.
    pub roles: Vec<String>,
    /// The folder of the playbook.
    pub play: String,
    /// Something may leave it out.
    pub conditional: bool,
}

impl Place {
    pub fn of_play(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            roles: Vec::new(),
            play: folder.to_owned(),
            conditional: false,
        }
    }
    pub fn role(&self) -> &str {
        self.roles.first().map_or("", String::as_str)
    }
}

/// Folders with roles that an `ansible.cfg` names, inside of the platform.
pub(super) fn roles_paths(tree: &dyn Tree, folder: &str) -> Vec<String> {
    let text = tree
        .text(&within(folder, "ansible.cfg"))
        .unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| key.trim() == "roles_path")
        .flat_map(|(_, value)| value.split([':', ',']))
        .filter_map(|path| {
            let path = path.trim().trim_start_matches("{{CWD}}/");
            (!path.starts_with('~')).then(|| join(folder, path))?
        })
        .collect()
}

/// Can it be looked for: literal, relative, no address?
pub(super) fn is_path(said: &Said) -> bool {
    let text = said.text.as_str();
    said.is_literal()
        && !text.is_empty()
        && !text.starts_with(['/', '~', '$'])
        && !text.contains("://")
}

impl Reader<'_> {
    /// The file that a task names, and where it would usually stand; `sub` is the folder of its kind.
    pub(super) fn find(&self, place: &Place, sub: &str, name: &str) -> (Option<String>, String) {
        // a file of a role's tasks finds the role's files, also when a play includes it
        let role_like = place
            .folder
            .strip_suffix("tasks")
            .map(|role| within(role.trim_end_matches('/'), sub));
        let folders = place
            .roles
            .iter()
            .flat_map(|role| {
                [
                    within(role, sub),
                    role.clone(),
                    within(role, "tasks"),
                    within(role, "handlers"),
                ]
            })
            .chain(role_like)
            .chain([
                within(&place.folder, sub),
                place.folder.clone(),
                within(&place.play, sub),
                place.play.clone(),
                within(&place.play, "tasks"),
            ]);
        let mut usual = None;
        for folder in folders {
            let Some(path) = join(&folder, name) else {
                continue;
            };
            if exists(self.tree, &path) {
                return (Some(path.clone()), path);
            }
            usual.get_or_insert(path);
        }
        // in a play, what is included lies beside it
        let beside = (sub == "tasks" && place.roles.is_empty())
            .then(|| join(&place.folder, name))
            .flatten();
        (None, beside.or(usual).unwrap_or_else(|| name.to_owned()))
    }

    /// The folder of a role.
    pub(super) fn role_folder(&self, place: &Place, name: &str) -> Option<String> {
        let beside = place
            .roles
            .iter()
            .filter_map(|role| join(role, &format!("../{name}")));
        let configured = self.roles_paths.iter().filter_map(|p| join(p, name));
        let near = [
            join(&place.play, &format!("roles/{name}")),
            join(&place.play, name),
            join(&self.facts.folder, &format!("roles/{name}")),
            join(&self.facts.folder, name),
        ];
        beside
            .chain(near.into_iter().flatten())
            .chain(configured)
            .find(|path| !path.is_empty() && !self.tree.below(path).is_empty())
    }
}
