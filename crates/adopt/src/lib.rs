//! From what lies in a repo to a proposal of `strata.yaml`: nothing is moved, nothing that exists is touched.
//!
//! Pure: a tree in, texts out, always the same for the same files. What is guessed says so in a comment.
//!
//! - [`words`], [`place`]: what names and paths say.
//! - [`survey`]: the folders that are looked at, and why others are not.
//! - [`terraform`], [`kubernetes`], [`ansible`], [`templates`]: what each tool would run by itself.
//! - [`layers`], [`stack`]: which layer something is of, and which layers the platform has.
//! - [`environments`], [`names`], [`edges`]: what follows when all is known.
//! - [`mod@write`]: the proposal as files.
//!
//! Not here: reading a disk, asking, writing files.
pub mod ansible;
pub mod edges;
pub mod environments;
pub mod found;
pub mod kubernetes;
pub mod layers;
pub mod names;
pub mod place;
pub mod stack;
pub mod survey;
pub mod templates;
pub mod terraform;
pub mod words;
pub mod write;

mod propose;

pub use propose::propose;

use found::{Edge, Line};
use std::collections::{BTreeMap, BTreeSet};
use survey::Skipped;

/// What a user asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name of the platform.
    pub name: &'a str,
    /// A preset of layers.
    pub preset: Option<&'a str>,
}

/// A component of the proposal.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its folder; nothing for one that lies in `layers/LAYER/NAME`.
    pub path: Option<String>,
    /// What it was found as.
    pub what: String,
    /// Its layer.
    pub layer: String,
    /// Why that one.
    pub why_layer: String,
    /// Its engine, where the folder does not say it.
    pub engine: Option<&'static str>,
    /// Its environments, where they are not the usual ones.
    pub environments: Option<Vec<String>>,
    /// The block of options that its engine has.
    pub block: &'static str,
    /// Options.
    pub options: BTreeMap<String, Line>,
    /// Inputs.
    pub inputs: BTreeMap<String, Line>,
    /// What it waits for, in every environment.
    pub after: BTreeSet<Edge>,
    /// Other files that it may see.
    pub reads: Vec<String>,
    /// What a person should look at.
    pub look: Vec<String>,
}

/// An environment of the proposal.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Does it serve the others?
    pub shared: bool,
    /// What components have in it: options by their block, what they wait for.
    pub components: BTreeMap<String, Override>,
}

/// What a component has in one environment.
#[derive(Clone, Debug, Default)]
pub struct Override {
    /// The block of options.
    pub block: &'static str,
    /// Options.
    pub options: BTreeMap<String, Line>,
    /// What it waits for.
    pub after: BTreeSet<Edge>,
}

/// A proposal.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Name of the platform.
    pub platform: String,
    /// What stands under `layers`, as YAML lines.
    pub layers: Vec<String>,
    /// The same in a few words.
    pub said_layers: String,
    /// Why these layers.
    pub why_layers: String,
    /// Components: by layer, then by name.
    pub components: Vec<Component>,
    /// Environments by name.
    pub environments: Vec<Environment>,
    /// Do files name environments, or is the one a stand-in?
    pub named: bool,
    /// Folders that are left out.
    pub skipped: Vec<Skipped>,
    /// What stands in the way.
    pub notes: Vec<String>,
}
