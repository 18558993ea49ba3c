//! Files beside a root that say in which environments it is: variable files and settings of its backend.
use crate::words;
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{tree::Tree, value::Value};
use strata_syntax::terraform::variable_file;

/// Folders whose files are each for one environment.
const STRICT: &[&str] = &[
    "env",
    "envs",
    "environments",
    "environment",
    "workspaces",
    "stages",
];
/// Folders whose files are so when their names are.
const LOOSE: &[&str] = &[
    "vars",
    "tfvars",
    "config",
    "configs",
    "configuration",
    "variables",
    "params",
    "parameters",
    "settings",
    "inputs",
    "backend",
    "backends",
    "backend-config",
    "values",
];
/// Words of a file's name that say nothing of its environment.
const PLAIN: &[&str] = &[
    "terraform",
    "tfvars",
    "vars",
    "variables",
    "var",
    "env",
    "values",
    "backend",
    "backends",
    "config",
    "remote",
    "state",
    "tfbackend",
    "settings",
    "input",
    "inputs",
    "params",
];
/// Settings that say where a state is, or how it is reached, and that are no secret.
const OPEN: &[&str] = &[
    "bucket",
    "key",
    "prefix",
    "region",
    "workspace_key_prefix",
    "dynamodb_table",
    "use_lockfile",
    "encrypt",
    "resource_group_name",
    "storage_account_name",
    "container_name",
    "subscription_id",
    "tenant_id",
    "address",
    "path",
    "schema_name",
    "namespace",
    "secret_suffix",
    "endpoint",
    "profile",
    "role_arn",
    "kms_key_id",
    "hostname",
    "organization",
    "lock_address",
    "unlock_address",
    "use_azuread_auth",
    "use_oidc",
];

/// What lies beside a root for its environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variants {
    /// Variable files by environment, relative to the root.
    pub var_files: BTreeMap<String, Vec<String>>,
    /// Settings of the backend by environment.
    pub backends: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Variants {
    /// Every environment that has a file.
    pub fn environments(&self) -> BTreeSet<String> {
        self.var_files
            .keys()
            .chain(self.backends.keys())
            .cloned()
            .collect()
    }
}

/// Reads what lies beside a root. `others` are roots below it, whose files are their own.
pub fn of(tree: &dyn Tree, root: &str, others: &BTreeSet<String>) -> Variants {
    let mut out = Variants::default();
    let skip = if root.is_empty() { 0 } else { root.len() + 1 };
    for file in tree.below(root) {
        let (path, rel) = (file.path.as_ref(), &file.path[skip..]);
        let (folder, name) = rel.rsplit_once('/').unwrap_or(("", rel));
        if folder.matches('/').count() > 2 || belongs_to(path, root, others) {
            continue;
        }
        let Some((stem, backend)) = kind(folder, name) else {
            continue;
        };
        let Some(env) = environment(folder, stem) else {
            continue;
        };
        if backend {
            let settings = variable_file(tree, path).values.into_iter();
            let open = settings.filter(|(k, _)| OPEN.contains(&k.as_str()));
            let known = open.filter_map(|(k, v)| Some((k, v.value?)));
            out.backends.entry(env).or_default().extend(known);
        } else {
            out.var_files.entry(env).or_default().push(rel.to_owned());
        }
    }
    out
}

fn belongs_to(path: &str, root: &str, others: &BTreeSet<String>) -> bool {
    let inside = |o: &&String| {
        o.len() > root.len()
            && path
                .strip_prefix(o.as_str())
                .is_some_and(|r| r.starts_with('/'))
    };
    others.iter().any(|o| inside(&o))
}

/// The name of a file without its ending, when it is a variable file or one of settings of a backend, and which.
fn kind<'n>(folder: &str, name: &'n str) -> Option<(&'n str, bool)> {
    let lower = name.to_ascii_lowercase();
    if ["example", "sample", "template"]
        .iter()
        .any(|w| lower.contains(w))
    {
        return None;
    }
    let of_backend = lower.contains("backend")
        || folder
            .split('/')
            .any(|f| matches!(f, "backend" | "backends" | "backend-config"));
    if let Some(stem) = name.strip_suffix(".tfbackend") {
        return Some((stem, true));
    }
    for end in [".hcl", ".conf", ".config"] {
        if let Some(stem) = name.strip_suffix(end) {
            return (of_backend && !lower.contains("terragrunt")).then_some((stem, true));
        }
    }
    let stem = name
        .strip_suffix(".tfvars")
        .or_else(|| name.strip_suffix(".tfvars.json"))?;
    // those of the folder itself are read without being asked for
    let own = folder.is_empty() && (stem == "terraform" || stem.ends_with(".auto"));
    (!own).then_some((stem, of_backend))
}

/// The environment that a file is for, by its name and its folders.
fn environment(folder: &str, stem: &str) -> Option<String> {
    let stem = stem.strip_suffix(".auto").unwrap_or(stem);
    let parts = stem
        .split(['.', '-', '_'])
        .filter(|p| !PLAIN.contains(&p.to_ascii_lowercase().as_str()));
    let left: Vec<&str> = parts.collect();
    let said = words::name(&left.join("-"));
    let folders: Vec<&str> = folder.split('/').filter(|f| !f.is_empty()).collect();
    let last = folders.last().copied().unwrap_or_default();
    // env/dev/network.tfvars, dev/terraform.tfvars
    for (i, name) in folders.iter().enumerate() {
        let in_strict = i > 0 && STRICT.contains(&folders[i - 1]);
        if in_strict || words::environment_in(name) == Some(name) {
            return words::name(name);
        }
    }
    let known = said.as_deref().is_some_and(words::is_environment);
    let beside = said.as_deref().is_some_and(words::beside_others);
    let fits = match last {
        l if STRICT.contains(&l) => {
            said.is_some() && !said.as_deref().is_some_and(words::is_shared)
        }
        "" => known,
        l if LOOSE.contains(&l) => known || beside,
        _ => known,
    };
    said.filter(|_| fits)
}

/// Files of every environment as one list with the environment's name left open; `None` when they differ in more.
pub fn pattern(files: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let open = |(env, list): (&String, &Vec<String>)| -> Vec<String> {
        list.iter().map(|f| whole_words(f, env)).collect()
    };
    let mut all = files.iter().map(open);
    let first = all.next()?;
    let same = all.all(|other| other == first) && first.iter().all(|f| f.contains("${{"));
    same.then_some(first)
}

/// A path with the environment's name left open where it stands as a word.
fn whole_words(path: &str, env: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(at) = rest.find(env) {
        let (before, after) = (&rest[..at], &rest[at + env.len()..]);
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        let word = edge(before.chars().next_back().or(out.chars().next_back()))
            && edge(after.chars().next());
        out.push_str(before);
        out.push_str(if word { "${{ env.name }}" } else { env });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn read(files: &[&str]) -> Vec<String> {
        let tree = MemoryTree::new(
            files
                .iter()
                .map(|f| (*f, "key = \"k\"\nsecret_key = \"s\"\n")),
        );
        let v = of(&tree, "r", &BTreeSet::from(["r/other".to_owned()]));
        let files = v
            .var_files
            .iter()
            .map(|(e, f)| format!("{e}: {}", f.join(" ")));
        let backends = v.backends.iter().map(|(e, b)| {
            let keys: Vec<&str> = b.keys().map(String::as_str).collect();
            format!("{e} backend: {}", keys.join(" "))
        });
        files.chain(backends).collect()
    }

    #[test]
    fn files_are_told_apart_by_environment() {
        assert_eq!(
            read(&[
                "r/env/blue.tfvars",
                "r/env/dev.tfvars",
                "r/terraform.tfvars",
                "r/x.auto.tfvars",
                "r/prod.tfvars.example"
            ]),
            ["blue: env/blue.tfvars", "dev: env/dev.tfvars"]
        );
        assert_eq!(
            read(&["r/terraform.prod.tfvars", "r/network.tfvars"]),
            ["prod: terraform.prod.tfvars"]
        );
        assert_eq!(
            read(&[
                "r/environments/dev/a.tfvars",
                "r/environments/dev/b.tfvars",
                "r/other/env/qa.tfvars"
            ]),
            ["dev: environments/dev/a.tfvars environments/dev/b.tfvars"]
        );
        assert_eq!(
            read(&["r/vars/test.tfvars", "r/vars/subnets.tfvars"]),
            ["test: vars/test.tfvars"]
        );
    }

    #[test]
    fn secrets_of_backends_are_not_taken_over() {
        assert_eq!(
            read(&["r/backend-dev.hcl", "r/.terraform.lock.hcl"]),
            ["dev backend: key"]
        );
        assert_eq!(read(&["r/backends/prod.tfbackend"]), ["prod backend: key"]);
    }

    #[test]
    fn one_list_serves_when_only_the_name_differs() {
        let files = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(e, f)| ((*e).to_owned(), vec![(*f).to_owned()]))
                .collect::<BTreeMap<_, _>>()
        };
        assert_eq!(
            pattern(&files(&[
                ("dev", "devices/dev.tfvars"),
                ("qa", "devices/qa.tfvars")
            ])),
            Some(vec!["devices/${{ env.name }}.tfvars".to_owned()])
        );
        assert_eq!(
            pattern(&files(&[("dev", "dev.tfvars"), ("qa", "other.qa.tfvars")])),
            None
        );
    }
}
