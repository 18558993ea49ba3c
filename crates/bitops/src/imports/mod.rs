//! `default-environments`: environments of other repos, as the lowest layers of one of ours.
//!
//! - this file: the list of an environment, and what is known of an entry.
//! - [`gather`]: each entry with its files, and those of the entries that it has itself, under the lock.
//! - [`join`]: their files below ours, the order of their deployments, their masks.
//! - [`trust`]: what another repo's files may not do without being allowed: scripts, states in a place of theirs.
//!
//! It decides nothing about commits: that is the lock's part. An entry is folded before it is used: what its repo takes
//! from elsewhere, then that repo's own `_default`, then the environment.
mod fold;
pub mod gather;
pub mod join;
mod order;
mod rooted;
pub mod trust;
mod values;

pub(crate) use fold::Picked;

use crate::{
    environment::read as read_yaml,
    layout::CONFIG,
    merge::{Layer, Piece},
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{diagnostic::Diagnostic, repo::Pin, span::Location, tree::Tree};
use strata_ops::imports::{
    Wanted, Wish,
    mount::Mount,
    wish::{fits, wishes},
};
use strata_syntax::node::{Node, overlay};

/// The key.
pub const KEY: &str = "default-environments";

/// An entry, as it is shown.
#[derive(Clone, Debug)]
pub struct Source {
    /// The environment of ours that takes it.
    pub env: String,
    /// Names that lead to it, with dots: `eks`, `eks.base`. Its layer is called so.
    pub name: String,
    /// What the layer of its repo's own defaults is called.
    pub default: String,
    /// Whose it is; none for an environment of this repo.
    pub pin: Option<Pin>,
    /// The environment there.
    pub environment: String,
    /// May its scripts run?
    pub hooks: bool,
    /// Where it is asked for.
    pub at: Location,
}

impl Source {
    /// Is it another repo's?
    pub const fn is_foreign(&self) -> bool {
        self.pin.is_some()
    }
    /// Is this layer one of its own?
    pub fn has(&self, layer: &str) -> bool {
        self.name == layer || self.default == layer
    }
    /// For people.
    pub fn shown(&self) -> String {
        match &self.pin {
            Some(pin) => format!("`{}` of {} at {}", self.environment, pin.repo, pin.version),
            None => format!("`{}` of this repo", self.environment),
        }
    }
}

/// What each file is made of, lowest layer first, by path.
pub type Origins = BTreeMap<String, Vec<Piece>>;

/// A folder that is deployed: its path in the environment, its plugin, where that is said.
pub type Listed = (String, String, Location);

/// An entry with its files, folded.
pub struct Import {
    layer: Layer,
    origins: Origins,
    /// What it and its own entries deploy, in order; none where nobody says it.
    deployments: Option<Vec<Listed>>,
    /// Its charts, in the order of the layers that bring them first.
    charts: Vec<String>,
    last: values::Last,
    masks: Vec<Node>,
    at: Location,
}

/// Folders of another repo's root that come with an entry: those that begin with `_`.
struct Shared {
    /// Repository and commit.
    state: (String, String),
    layer: Layer,
    /// What is left out of them, by each entry that brings them.
    exclude: Vec<Vec<String>>,
}

/// Everything that the environments of a repo take from elsewhere.
#[derive(Default)]
pub struct Gathered {
    /// The entries of each environment, lowest first.
    imports: BTreeMap<String, Vec<Import>>,
    /// All of them, with those of entries.
    pub sources: Vec<Source>,
    /// What has to be in the lock.
    pub wanted: Vec<Wanted>,
    /// Trees at their places among our files.
    mounts: Vec<Arc<Mount>>,
    /// Folders that come too, by environment of ours, lowest first.
    shared: BTreeMap<String, Vec<Shared>>,
}

/// What configures an environment: its own file over that of its repo's defaults. `base` is empty or ends with `/`.
fn config(
    tree: &dyn Tree,
    base: &str,
    default: &str,
    env: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let mut read = |folder: &str| {
        let node = read_yaml(tree, &format!("{base}{folder}/{CONFIG}"), problems);
        node.filter(|n| !n.is_null())
    };
    match (read(default), read(env)) {
        (Some(lower), Some(upper)) => Some(overlay(&lower, &upper)),
        (lower, upper) => upper.or(lower),
    }
}

/// The list of an environment, at the top of its file or below `bitops:`.
fn list(file: Option<&Node>, problems: &mut Vec<Diagnostic>) -> Vec<Wish> {
    let top = file.and_then(|n| n.get(KEY));
    let below = file.and_then(|n| n.get("bitops")).and_then(|n| n.get(KEY));
    if let (Some(top), Some(below)) = (top, below) {
        problems.push(
            Diagnostic::error(
                "bitops::wrong-kind",
                format!("`{KEY}` stands in two places"),
            )
            .at(below.location())
            .related(top.location(), "the other one")
            .help("keep one of them"),
        );
        return Vec::new();
    }
    let Some(list) = top.or(below).filter(|n| !n.is_null()) else {
        return Vec::new();
    };
    if list.as_list().is_none() {
        problems.push(
            Diagnostic::error("bitops::wrong-kind", format!("`{KEY}` must be a list"))
                .at(list.location())
                .help("write an entry as `- {repo: ADDRESS, environment: NAME, version: VERSION}`"),
        );
        return Vec::new();
    }
    let found = wishes(list, problems);
    for item in list.as_list().into_iter().flatten() {
        for key in ["layer", "values"] {
            if let Some(node) = item.get(key) {
                problems.push(
                    Diagnostic::warning(
                        "bitops::unknown-key",
                        format!("an entry of `{KEY}` has no key `{key}`; it is ignored"),
                    )
                    .at(node.location())
                    .help("give values in files of this environment, such as `terraform.tfvars`"),
                );
            }
        }
    }
    found
}

/// A pattern means a path, or a folder with all that is in it.
fn excluded(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    fits(pattern, path) || fits(&format!("{pattern}/*"), path)
}
