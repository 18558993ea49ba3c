//! What is known of a root module: the words that others read.
use super::{folder::Folder, shape::Shape, variable_file::SetValue};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{diagnostic::Diagnostic, span::Location, ty::Type, value::Value};

/// A variable of a template, as other tools have it too.
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

/// A variable of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleVariable {
    /// Its type; unknown when it has none or an odd one.
    pub ty: Type,
    /// Has it a default?
    pub optional: bool,
    /// The default, where it is written out.
    pub default: Option<Value>,
    /// Is it sensitive?
    pub sensitive: bool,
    /// May it be null? So unless it says otherwise.
    pub nullable: bool,
    /// Is it never kept in plan and state?
    pub ephemeral: bool,
    /// What it says about itself.
    pub description: Option<String>,
    /// One for each `validation` block: its message, where that is written out.
    pub validations: Vec<Option<String>>,
    /// Where it is declared.
    pub at: Location,
}

/// An output of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleOutput {
    /// Its type, as far as its expression shows it for certain.
    pub ty: Type,
    /// Does it say that it is sensitive?
    pub sensitive: bool,
    /// Is its value made from something sensitive: a variable, an output of a module, `sensitive(…)`?
    pub from_sensitive: bool,
    /// Is it never kept in the state?
    pub ephemeral: bool,
    /// What it says about itself.
    pub description: Option<String>,
    /// What can be told of its value.
    pub shape: Shape,
    /// Where it is declared.
    pub at: Location,
}

/// A local value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Its type, as far as its expression shows it for certain.
    pub ty: Type,
    /// What can be told of its value.
    pub shape: Shape,
    /// Where its name stands.
    pub at: Location,
}

/// A setting that a block or a call gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value, where it is written out, or follows from local values that are.
    pub value: Option<Value>,
    /// What can be told of it.
    pub shape: Shape,
    /// Where its name stands.
    pub at: Location,
}

/// A `backend` or a `cloud` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its kind (`s3`, `remote`); empty for `cloud`.
    pub kind: String,
    /// Its settings by name; a block in it is a map.
    pub settings: BTreeMap<String, Setting>,
    /// Where it stands.
    pub at: Location,
}

impl Backend {
    /// The settings that are written out in full.
    pub fn literal(&self) -> BTreeMap<String, Value> {
        let known = self.settings.iter();
        known
            .filter_map(|(name, s)| Some((name.clone(), s.value.clone()?)))
            .collect()
    }
    /// A setting, or a part of one, that is a text: `organization`, `workspaces` `name`.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let shape = &self.settings.get(*first)?.shape;
        rest.iter().try_fold(shape, |s, name| s.field(name))?.text()
    }
    /// The tags of its workspaces: texts, or the keys of a map.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self
            .settings
            .get("workspaces")
            .and_then(|w| w.shape.field("tags"));
        match tags {
            Some(Shape::List(items)) => items.iter().filter_map(Shape::text).collect(),
            Some(Shape::Object(fields)) => fields.iter().map(|(k, _)| k.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

/// A `provider` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderBlock {
    /// The folder of the module that it stands in.
    pub folder: String,
    /// The local name.
    pub name: String,
    /// Its alias.
    pub alias: Option<String>,
    /// Its arguments by name; blocks in it are left out.
    pub settings: BTreeMap<String, Setting>,
    /// Its inner blocks by name.
    pub blocks: BTreeMap<String, Location>,
    /// What it is configured from, as addresses: `var.x`, `local.x`, `module.m.out`, `data.TYPE.NAME`, `TYPE.NAME`.
    pub uses: BTreeSet<String>,
    /// Where it stands.
    pub at: Location,
}

/// What a module asks of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The folder of the module that asks.
    pub folder: String,
    /// The local name.
    pub name: String,
    /// The full source, `registry.terraform.io/hashicorp/aws`, also where none is written.
    pub source: String,
    /// The source as it is written.
    pub written: Option<(String, Location)>,
    /// The constraint on its version.
    pub version: Option<(String, Location)>,
    /// Configurations that callers have to hand in.
    pub aliases: Vec<(String, Location)>,
    /// Where it is asked for.
    pub at: Location,
}

/// A data block that reads another state: `terraform_remote_state` or `tfe_outputs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteState {
    /// The folder of the module that reads.
    pub folder: String,
    /// The kind of the data block.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The backend that it reads from (`terraform_remote_state`).
    pub backend: Option<String>,
    /// `config`, `workspace`, `defaults`; `organization` and `workspace` of `tfe_outputs`.
    pub settings: BTreeMap<String, Setting>,
    /// Has some of where it reads to be computed?
    pub computed: bool,
    /// The outputs that are read through it, each with its places.
    pub outputs: BTreeMap<String, Vec<Location>>,
    /// Are all outputs taken at once, or by names that have to be computed?
    pub all: bool,
    /// Where it stands.
    pub at: Location,
}

/// A module that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The folder of the module that calls.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Its source, with its place.
    pub source: Option<(String, Location)>,
    /// The folder that a local source leads to.
    pub path: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Does it stand for several (`count`, `for_each`)?
    pub many: bool,
    /// Its arguments by name.
    pub arguments: BTreeMap<String, Setting>,
    /// The providers that are handed in: inner name, outer name.
    pub providers: Vec<(String, String)>,
    /// Where it stands.
    pub at: Location,
}

/// A root module with the local modules that it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Variables of the root by name.
    pub variables: BTreeMap<String, ModuleVariable>,
    /// Outputs of the root by name.
    pub outputs: BTreeMap<String, ModuleOutput>,
    /// Local values of the root by name.
    pub locals: BTreeMap<String, Local>,
    /// The `backend` block of the root.
    pub backend: Option<Backend>,
    /// The `cloud` block of the root.
    pub cloud: Option<Backend>,
    /// `required_version` of the root.
    pub required_version: Option<String>,
    /// The same of every module that has one.
    pub required_versions: Vec<(String, Location)>,
    /// Local names of the providers that it needs, the built-in one left out.
    pub providers: BTreeSet<String>,
    /// Where they come from and in which version, as far as `required_providers` says it: `hashicorp/aws ~> 5.0`.
    pub required_providers: BTreeMap<String, String>,
    /// What each module asks of providers, the root first.
    pub requirements: Vec<Requirement>,
    /// `provider` blocks, the root's first.
    pub provider_blocks: Vec<ProviderBlock>,
    /// Calls of modules, the root's first.
    pub calls: Vec<Call>,
    /// Data blocks that read other states.
    pub remote_states: Vec<RemoteState>,
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
    /// What they set, the value that counts; also for names that are no variables.
    pub values_here: BTreeMap<String, SetValue>,
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
    /// Calls of local modules that are not there, with the folder.
    pub missing_modules: Vec<(String, Location)>,
    /// Files that are read and are not there.
    pub missing_files: Vec<(String, Location)>,
    /// Is the version of every provider written down in a lock file beside it?
    pub locked: bool,
    /// The root, then every folder that was followed.
    pub(super) folders: Vec<Arc<Folder>>,
}

impl Module {
    /// The folder of the root or of a module that was followed.
    pub(super) fn folder(&self, path: &str) -> Option<&Arc<Folder>> {
        self.folders.iter().find(|f| f.path == path)
    }
}
