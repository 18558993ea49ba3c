//! Which files of a folder make a module, and which set its variables.
use super::facts::{FileFacts, ValueFacts};
use crate::{hcl, kept, node::Origin};
use std::sync::Arc;
use strata_core::{
    span::Location,
    tree::{Tree, TreeError},
};

/// What a file is to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// `*.tf`, `*.tf.json`
    Module,
    /// `override.tf`, `*_override.tf`: merged into the others.
    Override,
    /// `terraform.tfvars`, `*.auto.tfvars`, the same in JSON
    Variables,
    Other,
}

fn role(name: &str) -> Role {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| name.ends_with(s));
    // an editor's copy or a hidden file is none of the module's
    if name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
    {
        return Role::Other;
    }
    if let Some((stem, _)) = module_file(name) {
        return if stem == "override" || stem.ends_with("_override") {
            Role::Override
        } else {
            Role::Module
        };
    }
    let always = ["terraform.tfvars", "terraform.tfvars.json"];
    if always.contains(&name) || ends(&[".auto.tfvars", ".auto.tfvars.json"]) {
        Role::Variables
    } else {
        Role::Other
    }
}

/// The name of a module file without its ending, and that ending. Test files (`*.tftest.hcl`) are none.
fn module_file(name: &str) -> Option<(&str, &'static str)> {
    [".tf.json", ".tofu.json", ".tf", ".tofu"]
        .into_iter()
        .find_map(|end| Some((name.strip_suffix(end)?, end)))
}

/// Files directly in a folder with their names.
pub(crate) fn direct<'a>(
    tree: &'a dyn Tree,
    folder: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let skip = if folder.is_empty() || folder == "." {
        0
    } else {
        folder.len() + 1
    };
    tree.below(folder).iter().filter_map(move |f| {
        let path = f.path.as_ref();
        let name = path.get(skip..)?;
        (!name.contains('/')).then_some((path, name))
    })
}

/// Module files of a folder in the order in which they count, those that override others last; and those that only
/// Terraform reads, since OpenTofu has one of its own in their place.
pub(super) fn of_module<'a>(
    tree: &'a dyn Tree,
    folder: &str,
) -> (Vec<(&'a str, bool)>, Vec<&'a str>) {
    let all: Vec<(&str, &str, Role)> = direct(tree, folder)
        .map(|(path, name)| (path, name, role(name)))
        .filter(|(_, _, role)| matches!(role, Role::Module | Role::Override))
        .collect();
    // OpenTofu reads `x.tofu` and leaves `x.tf` alone
    let replaced = |name: &str| {
        let other = match module_file(name) {
            Some((stem, ".tf")) => format!("{stem}.tofu"),
            Some((stem, ".tf.json")) => format!("{stem}.tofu.json"),
            _ => return false,
        };
        all.iter().any(|(_, n, _)| *n == other)
    };
    let mut found: Vec<(&str, bool)> = all
        .iter()
        .filter(|(_, name, _)| !replaced(name))
        .map(|(path, _, role)| (*path, *role == Role::Override))
        .collect();
    found.sort_by_key(|(_, over)| *over);
    let others = all.iter().filter(|(_, name, _)| replaced(name));
    (found, others.map(|(path, ..)| *path).collect())
}

/// The files of a folder that set variables without being asked, the one that counts most last.
pub(super) fn of_variables<'a>(tree: &'a dyn Tree, folder: &str) -> Vec<&'a str> {
    let mut found: Vec<(&str, &str)> = direct(tree, folder)
        .filter(|(_, name)| role(name) == Role::Variables)
        .collect();
    found.sort_by_key(|(_, name)| (name.contains(".auto."), *name));
    found.into_iter().map(|(path, _)| path).collect()
}

/// The facts of a module file, made once per content.
pub(super) fn facts(tree: &dyn Tree, path: &str) -> FileFacts {
    // what a text says depends on whether it is JSON
    let form = if path.ends_with(".json") {
        "terraform json 4"
    } else {
        "hcl 4"
    };
    kept::parsed(tree, path, form, super::file_facts).unwrap_or_else(|e| FileFacts {
        problems: vec![no_text(path, &e)],
        ..FileFacts::default()
    })
}

/// What a variable file sets.
pub(super) fn values(tree: &dyn Tree, path: &str) -> ValueFacts {
    let form = if path.ends_with(".json") {
        "tfvars json 1"
    } else {
        "tfvars 1"
    };
    kept::parsed(tree, path, form, super::variable_file::facts).unwrap_or_else(|e| ValueFacts {
        problems: vec![no_text(path, &e)],
        ..ValueFacts::default()
    })
}

fn no_text(path: &str, error: &TreeError) -> strata_core::diagnostic::Diagnostic {
    let origin: Origin = Arc::from(path);
    let mut problem = hcl::unreadable(Location::file(origin), "this file");
    problem.message = format!("{error}; what it declares is unknown");
    problem
}

/// The file that OpenTofu reads in the place of one of Terraform's.
pub(super) fn of_tofu(path: &str) -> String {
    match path.strip_suffix(".tf.json") {
        Some(stem) => format!("{stem}.tofu.json"),
        None => format!("{}.tofu", path.strip_suffix(".tf").unwrap_or(path)),
    }
}
