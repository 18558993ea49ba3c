//! Which files of a folder make a module, and which set its variables.
use super::{Reader, origin};
use crate::hcl;
use strata_core::{span::Location, tree::Tree};

/// What a file is to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// `*.tf`
    Native,
    /// `*.tf.json`
    Json,
    /// `terraform.tfvars`, `*.auto.tfvars`
    Variables,
    /// The same as JSON.
    JsonVariables,
    Other,
}

fn role(name: &str) -> Role {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| name.ends_with(s));
    // an editor's copy or a hidden file is none of the module's
    if name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
    {
        Role::Other
    } else if ends(&[".tf.json", ".tofu.json"]) {
        Role::Json
    } else if ends(&[".tf", ".tofu"]) {
        Role::Native
    } else if name == "terraform.tfvars" || ends(&[".auto.tfvars"]) {
        Role::Variables
    } else if name == "terraform.tfvars.json" || ends(&[".auto.tfvars.json"]) {
        Role::JsonVariables
    } else {
        Role::Other
    }
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

impl Reader<'_> {
    /// Reads the module files of a folder, once.
    pub(super) fn folder(&mut self, folder: &str) {
        if !self.seen.insert(folder.to_owned()) {
            return;
        }
        let tree = self.tree;
        for (path, name) in direct(tree, folder) {
            match role(name) {
                Role::Native => {
                    if let Some(text) = self.text(path) {
                        self.native(folder, path, &text);
                    }
                }
                Role::Json => {
                    if let Some(text) = self.text(path) {
                        self.json(folder, path, &text);
                    }
                }
                _ => {}
            }
        }
    }

    /// Reads which variables the root's own files set.
    pub(super) fn variable_files(&mut self) {
        let (tree, root) = (self.tree, self.root);
        for (path, name) in direct(tree, root) {
            match role(name) {
                Role::Variables => {
                    let Some(text) = self.text(path) else {
                        continue;
                    };
                    let (body, problems) = hcl::body(&origin(path), &text);
                    problems.into_iter().for_each(|p| self.unreadable(p));
                    self.module
                        .set_here
                        .extend(body.attributes.iter().map(|a| a.name.to_owned()));
                }
                Role::JsonVariables => {
                    let Some(text) = self.text(path) else {
                        continue;
                    };
                    match crate::json::parse(&origin(path), &text).0 {
                        Some(node) => {
                            let names = node.as_map().into_iter().flat_map(crate::node::Map::keys);
                            self.module.set_here.extend(names.map(str::to_owned));
                        }
                        None => self.unreadable(hcl::unreadable(Location::file(path), "this file")),
                    }
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, path: &str) -> Option<String> {
        match self.tree.text(path) {
            Ok(text) => Some(text),
            Err(e) => {
                let mut problem = hcl::unreadable(Location::file(path), "this file");
                problem.message = format!("{e}; what it declares is unknown");
                self.unreadable(problem);
                None
            }
        }
    }
}
