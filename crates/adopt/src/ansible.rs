//! Playbooks, with the inventories that lie beside them for each environment.
use crate::{
    found::{Environments, Found, Line, quoted},
    layers::{self, Content, Kind},
    survey::Survey,
    words,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::tree::{Tree, join};
use strata_syntax::{
    ansible, kept,
    node::Node,
    said::{direct, within},
};

/// Folders with one inventory for each environment.
const INVENTORIES: &[&str] = &[
    "inventories",
    "inventory",
    "environments",
    "envs",
    "env",
    "hosts",
];
/// Files beside a playbook that say that it is one.
const BESIDE: &[&str] = &[
    "ansible.cfg",
    "roles/",
    "group_vars/",
    "host_vars/",
    "inventory",
    "inventories/",
    "hosts",
];

/// All playbooks.
pub fn all(tree: &dyn Tree, survey: &mut Survey) -> Vec<Found> {
    let mut out = Vec::new();
    for folder in &survey.folders {
        let in_role = folder
            .split('/')
            .any(|s| matches!(s, "roles" | "tasks" | "handlers" | "collections"));
        if in_role {
            continue;
        }
        if let Some(main) = ansible::recognise(tree, folder) {
            if is_playbook(tree, main) {
                out.push(found(tree, survey, folder, None));
            }
            continue;
        }
        let known = folder
            .split('/')
            .any(|s| matches!(s, "ansible" | "playbooks"))
            || BESIDE.iter().any(|b| {
                let path = within(folder, b.trim_end_matches('/'));
                tree.file(&path).is_some() || (b.ends_with('/') && !tree.below(&path).is_empty())
            });
        if !known {
            continue;
        }
        let playbooks = playbooks(tree, folder);
        for name in &playbooks {
            out.push(found(tree, survey, folder, Some(name)));
        }
    }
    out
}

/// Playbooks of a folder that no other of them imports.
fn playbooks(tree: &dyn Tree, folder: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut imported: BTreeSet<String> = BTreeSet::new();
    for (path, name) in direct(tree, folder) {
        if !(name.ends_with(".yml") || name.ends_with(".yaml"))
            || name.starts_with('.')
            || !is_playbook(tree, path)
        {
            continue;
        }
        found.push(name.to_owned());
        for play in plays(tree, path) {
            let said = ["import_playbook", "ansible.builtin.import_playbook"];
            imported.extend(
                said.iter()
                    .filter_map(|k| play.get(k)?.as_str())
                    .filter_map(|p| join(folder, p)),
            );
        }
    }
    found.retain(|name| !imported.contains(&within(folder, name)));
    found
}

fn plays(tree: &dyn Tree, path: &str) -> Vec<Node> {
    let (node, _) = kept::yaml(tree, path).unwrap_or_default();
    node.as_ref()
        .and_then(Node::as_list)
        .map(<[Node]>::to_vec)
        .unwrap_or_default()
}

fn is_playbook(tree: &dyn Tree, path: &str) -> bool {
    let keys = [
        "hosts",
        "import_playbook",
        "ansible.builtin.import_playbook",
    ];
    plays(tree, path)
        .iter()
        .any(|play| keys.iter().any(|k| play.get(k).is_some()))
}

fn found(tree: &dyn Tree, survey: &Survey, folder: &str, playbook: Option<&str>) -> Found {
    let what = match playbook {
        Some(name) => format!("Ansible playbook `{name}`"),
        None => "Ansible playbook".to_owned(),
    };
    let mut found = Found::new(folder, "ansible", what, survey.places.read(folder));
    if let Some(name) = playbook {
        found.called = Some(
            name.trim_end_matches(".yaml")
                .trim_end_matches(".yml")
                .to_owned(),
        );
        found
            .options
            .insert("playbook".to_owned(), Line::plain(quoted(name)));
    }
    let mut path = found.place.rest.clone();
    path.extend(found.called.clone());
    found.guess = layers::guess(&path, &Content::default());
    if found.guess.kind.is_none() {
        found.guess = layers::Guess::sure(Kind::Compute, "playbooks mostly set machines up");
    }
    inventories(tree, &mut found);
    found
}

fn inventories(tree: &dyn Tree, found: &mut Found) {
    let files = by_environment(tree, &found.folder);
    if files.is_empty() {
        let names = [
            "inventory",
            "inventory.yml",
            "inventory.yaml",
            "inventory.ini",
            "hosts",
            "hosts.yml",
            "hosts.ini",
            "inventory/hosts",
            "inventory/hosts.yml",
            "inventory/hosts.ini",
        ];
        let here = |n: &&&str| tree.file(&within(&found.folder, n)).is_some();
        if let Some(name) = names.iter().find(here) {
            found
                .options
                .insert("inventory".to_owned(), Line::plain(quoted(name)));
        } else {
            found
                .look
                .push("no inventory lies beside it: add `ansible: {inventory: …}`".to_owned());
        }
        return;
    }
    if found.place.env.is_none() {
        found.environments = Environments::Named(files.keys().cloned().collect());
    }
    let lists: BTreeMap<String, Vec<String>> = files
        .iter()
        .map(|(e, f)| (e.clone(), vec![f.clone()]))
        .collect();
    match crate::terraform::pattern(&lists).filter(|_| files.len() > 1) {
        Some(open) => {
            found
                .options
                .insert("inventory".to_owned(), Line::plain(quoted(&open[0])));
        }
        None => {
            for (env, file) in files {
                let options = found.options_in.entry(env).or_default();
                options.insert("inventory".to_owned(), Line::plain(quoted(&file)));
            }
        }
    }
}

/// The inventory of each environment, relative to the folder.
fn by_environment(tree: &dyn Tree, folder: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for holder in INVENTORIES {
        let at = within(folder, holder);
        let skip = at.len() + 1;
        for file in tree.below(&at) {
            let parts: Vec<&str> = file.path[skip..].split('/').collect();
            let (env, fits) = match parts.as_slice() {
                [name] => {
                    let stem = name.split('.').next().unwrap_or(name);
                    let plain = ["yml", "yaml", "ini", ""]
                        .iter()
                        .any(|e| name[stem.len()..].trim_start_matches('.') == *e);
                    (stem, plain)
                }
                [env, name] => {
                    let stem = name.split('.').next().unwrap_or(name);
                    (*env, matches!(stem, "hosts" | "inventory"))
                }
                _ => continue,
            };
            let known = words::is_environment(env) || words::beside_others(env);
            if let Some(env) = words::name(env).filter(|_| fits && known) {
                out.entry(env)
                    .or_insert_with(|| format!("{holder}/{}", parts.join("/")));
            }
        }
    }
    out
}
