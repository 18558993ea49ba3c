//! What one file says, without its place: kept by content, so that a file is read once and not once a command.
use super::shape::Shape;
use crate::{
    kept::{Placed, place},
    node::Origin,
};
use serde::{Deserialize, Serialize};
use strata_core::{diagnostic::Diagnostic, span::Span, ty::Type};

/// What one module file says. Places are bytes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub(super) variables: Vec<VariableFact>,
    pub(super) outputs: Vec<OutputFact>,
    pub(super) locals: Vec<LocalFact>,
    pub(super) calls: Vec<CallFact>,
    pub(super) providers: Vec<ProviderFact>,
    /// One list for each `required_providers` block.
    pub(super) requirements: Vec<Vec<RequirementFact>>,
    pub(super) required_versions: Vec<Said>,
    pub(super) backend: Option<SettingsFact>,
    pub(super) cloud: Option<SettingsFact>,
    pub(super) data: Vec<DataFact>,
    pub(super) resources: Vec<ResourceFact>,
    /// What one module has once: `backend`, `cloud`, `required_providers`.
    pub(super) single: Vec<(String, Span)>,
    /// Local names of the providers of its resources and data.
    pub(super) used_providers: Vec<String>,
    pub(super) references: References,
    pub(super) reads: Vec<ReadFact>,
    pub(super) computed: Vec<String>,
    pub(super) changing: Vec<String>,
    pub(super) provisioners: Vec<String>,
    /// Words of resources that write files or run commands: names of files that may come from them.
    pub(super) written: Vec<String>,
    pub(super) workspace: bool,
    pub(super) working_directory: bool,
    /// Defaults that are not of their type.
    pub(super) misfits: Vec<Diagnostic>,
    /// What could not be read.
    pub(super) problems: Vec<Diagnostic>,
}

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    pub text: String,
    pub at: Span,
}

/// An expression: its shape, where it stands, and what its value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Expr {
    pub shape: Shape,
    pub at: Span,
    pub sources: Vec<Source>,
}

/// What a value comes from, and what may make it sensitive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Source {
    Variable(String),
    Local(String),
    /// A call and its output, when that can be told.
    Module(String, Option<String>),
    /// `sensitive(…)`
    Sensitive,
    /// Data and resources by address.
    Other(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VariableFact {
    pub name: String,
    pub at: Span,
    pub ty: Option<Type>,
    pub type_at: Span,
    pub default: Option<Shape>,
    pub default_at: Span,
    pub sensitive: Option<bool>,
    pub nullable: Option<bool>,
    pub ephemeral: Option<bool>,
    pub description: Option<String>,
    /// One for each `validation`, with its message where that is written out.
    pub validations: Vec<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutputFact {
    pub name: String,
    pub at: Span,
    pub value: Option<Expr>,
    pub sensitive: Option<bool>,
    pub ephemeral: Option<bool>,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LocalFact {
    pub name: String,
    pub at: Span,
    pub value: Expr,
}

/// An argument: its name, where the name stands, its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArgumentFact {
    pub name: String,
    pub at: Span,
    pub value: Expr,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CallFact {
    pub name: String,
    pub at: Span,
    pub source: Option<Said>,
    pub version: Option<Said>,
    /// `count` or `for_each`: several instances.
    pub many: bool,
    pub arguments: Vec<ArgumentFact>,
    /// `providers`, inner name and outer name.
    pub providers: Vec<(String, String)>,
    /// Not all of it could be read.
    pub incomplete: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProviderFact {
    pub name: String,
    pub at: Span,
    pub alias: Option<String>,
    pub version: Option<Said>,
    pub arguments: Vec<ArgumentFact>,
    /// Names of its inner blocks, with where each stands.
    pub blocks: Vec<(String, Span)>,
    /// What it is configured from, its inner blocks among it.
    pub sources: Vec<Source>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RequirementFact {
    pub name: String,
    pub at: Span,
    pub source: Option<Said>,
    pub version: Option<Said>,
    pub aliases: Vec<Said>,
    /// Some of it is not written out.
    pub odd: bool,
}

/// A block of settings: the backend or the cloud. Blocks in it are objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SettingsFact {
    pub kind: String,
    pub at: Span,
    pub settings: Vec<ArgumentFact>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFact {
    pub kind: String,
    pub name: String,
    pub at: Span,
    /// The arguments of `terraform_remote_state` and `tfe_outputs`.
    pub arguments: Vec<ArgumentFact>,
}

/// A `resource` or an `ephemeral` block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResourceFact {
    pub ephemeral: bool,
    /// `aws_vpc.main`
    pub address: String,
    pub at: Span,
}

/// What expressions refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct References {
    pub variables: Vec<(String, Vec<Span>)>,
    pub locals: Vec<(String, Vec<Span>)>,
    pub modules: Vec<ModuleUse>,
    pub states: Vec<OutputUse>,
    /// `var`, `local`, `module`, `data` where a loop gives the name to something else.
    pub hidden: Vec<String>,
    /// `dynamic` blocks: what is in one may never be looked at.
    pub dynamic: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ModuleUse {
    pub call: String,
    /// Does a `[…]` follow the name?
    pub keyed: bool,
    pub output: Option<String>,
    /// May an output that is not there be passed over?
    pub guarded: bool,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutputUse {
    /// `terraform_remote_state` or `tfe_outputs`
    pub kind: String,
    pub name: String,
    pub output: Option<String>,
    pub span: Span,
}

/// A file that a function reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReadFact {
    pub path: String,
    pub from_root: bool,
    pub function: String,
    pub at: Span,
    /// May the call go wrong or be passed over?
    pub guarded: bool,
    /// Which files of the folder, where that is known.
    pub pattern: Option<String>,
}

impl Placed for FileFacts {
    fn place(&mut self, origin: &Origin) {
        let all = self.problems.iter_mut().chain(&mut self.misfits);
        all.for_each(|p| place(p, origin));
    }
}

/// What one variable file sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ValueFacts {
    pub values: Vec<(String, Span, Shape)>,
    pub problems: Vec<Diagnostic>,
}

impl Placed for ValueFacts {
    fn place(&mut self, origin: &Origin) {
        self.problems.iter_mut().for_each(|p| place(p, origin));
    }
}
