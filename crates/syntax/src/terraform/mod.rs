//! A Terraform or OpenTofu root module, read from its own files: what it takes, what it gives, and what it reads.
//!
//! Not a re-implementation of Terraform: nothing is evaluated, nothing is called invalid. What can't be read makes the
//! module [`incomplete`](Module::incomplete).
mod files;
mod json;
mod native;

pub(crate) use files::direct;

use crate::node::Origin;
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    tree::{Tree, join},
    ty::Type,
    value::Value,
};

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its type; unknown when it has none or an odd one.
    pub ty: Type,
    /// Has it a default?
    pub optional: bool,
    /// The default, where it is written out.
    pub default: Option<Value>,
    /// Is it sensitive?
    pub sensitive: bool,
    /// What it says about itself.
    pub description: Option<String>,
    /// Where it is declared.
    pub at: Location,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleOutput {
    /// Is it sensitive?
    pub sensitive: bool,
    /// Where it is declared.
    pub at: Location,
}

/// A root module with the local modules that it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Variables of the root by name.
    pub variables: BTreeMap<String, Variable>,
    /// Outputs of the root by name.
    pub outputs: BTreeMap<String, ModuleOutput>,
    /// Kind and literal settings of its `backend` block.
    pub backend: Option<(String, BTreeMap<String, Value>)>,
    /// The workspace name of its `cloud` block, empty when that block names none.
    pub cloud: Option<String>,
    /// `required_version` of the root.
    pub required_version: Option<String>,
    /// Local names of the providers that it needs, the built-in one left out.
    pub providers: BTreeSet<String>,
    /// Where they come from and in which version, as far as `required_providers` says it: `hashicorp/aws ~> 5.0`.
    pub required_providers: BTreeMap<String, String>,
    /// Folders of local modules, followed, relative to the platform's root.
    pub modules: BTreeSet<String>,
    /// Sources of other modules.
    pub remote_modules: BTreeSet<String>,
    /// Files and folders that functions read, relative to the platform's root.
    pub files: BTreeSet<String>,
    /// `data` blocks as `type.name`.
    pub data_blocks: BTreeSet<String>,
    /// What it can read that its files do not show.
    pub uncovered: BTreeSet<String>,
    /// Variables that the folder's own tfvars files set.
    pub set_here: BTreeSet<String>,
    /// Does it run commands on this machine?
    pub local_exec: bool,
    /// Does it read `terraform.workspace`?
    pub reads_workspace: bool,
    /// Does it read the state of others?
    pub remote_state: bool,
    /// Some of it could not be read, so there may be more.
    pub incomplete: bool,
    /// What could not be read, as warnings.
    pub problems: Vec<Diagnostic>,
}

/// Reads the root module in a folder.
pub fn read_module(tree: &dyn Tree, folder: &str) -> Module {
    let mut reader = Reader {
        tree,
        root: folder,
        module: Module::default(),
        seen: BTreeSet::new(),
    };
    reader.folder(folder);
    reader.variable_files();
    reader.module
}

/// Gathers one module.
struct Reader<'a> {
    tree: &'a dyn Tree,
    /// The folder of the root module.
    root: &'a str,
    module: Module,
    seen: BTreeSet<String>,
}

impl Reader<'_> {
    fn unreadable(&mut self, problem: Diagnostic) {
        self.module.incomplete = true;
        self.module.problems.push(problem);
    }
    fn is_root(&self, folder: &str) -> bool {
        folder == self.root
    }

    /// The provider that a resource type belongs to; the built-in one needs no plug-in.
    fn provider_of(&mut self, kind: &str) {
        let provider = kind.split('_').next().unwrap_or_default();
        if !provider.is_empty() && provider != "terraform" {
            self.module.providers.insert(provider.to_owned());
        }
    }

    fn data(&mut self, kind: &str, name: &str) {
        self.module.remote_state |= matches!(kind, "terraform_remote_state" | "tfe_outputs");
        self.module.data_blocks.insert(format!("{kind}.{name}"));
        self.module.uncovered.insert(format!("data {kind}.{name}"));
        self.provider_of(kind);
    }

    /// A module that is called: a local one is read, of any other only the source is known.
    fn called_module(&mut self, folder: &str, source: &str) {
        let local = source == "."
            || source == ".."
            || source.starts_with("./")
            || source.starts_with("../");
        match join(folder, source).filter(|_| local) {
            Some(path) => {
                self.module.modules.insert(path.clone());
                self.folder(&path);
            }
            None => {
                self.module.remote_modules.insert(source.to_owned());
                self.module.uncovered.insert(format!("module {source}"));
            }
        }
    }

    /// What the expressions of a text look at.
    fn uses(&mut self, folder: &str, text: &str) {
        let found = crate::hcl::uses(text);
        for file in found.files {
            let base = if file.from_root { self.root } else { folder };
            match join(base, &file.path) {
                Some(path) => drop(self.module.files.insert(path)),
                None => drop(
                    self.module
                        .uncovered
                        .insert(format!("{}(\"{}\")", file.function, file.path)),
                ),
            }
        }
        self.module.reads_workspace |= found.workspace;
        self.module.local_exec |= found.provisioners.contains("local-exec");
        let directory = found.working_directory.then(|| "path.cwd".to_owned());
        self.module.uncovered.extend(found.computed);
        self.module.uncovered.extend(found.changing);
        self.module.uncovered.extend(found.provisioners);
        self.module.uncovered.extend(directory);
    }

    fn required_provider(&mut self, name: &str, settings: Option<&Value>) {
        if name == "terraform" {
            return;
        }
        self.module.providers.insert(name.to_owned());
        let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
        let said = match settings {
            Some(Value::Map(m)) => format!("{} {}", text(m.get("source")), text(m.get("version"))),
            other => text(other),
        };
        self.module
            .required_providers
            .insert(name.to_owned(), said.trim().to_owned());
    }
}

/// A type as it is written, unknown when it is none.
fn type_of(text: &str) -> Type {
    crate::ty::parse(text).unwrap_or_default()
}

fn origin(path: &str) -> Origin {
    Origin::from(path)
}

#[cfg(test)]
mod tests;
