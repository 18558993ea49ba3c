//! What is applied to clusters: by Flux, by Argo CD, by nobody but this platform. What belongs to the first two is none
//! of the platform's components.
mod argocd;
mod charts;
mod flux;
mod overlays;

use crate::{
    found::Found,
    survey::{Survey, inside},
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::tree::Tree;
use strata_syntax::own::Own;

/// A component with the paths that its tool reads besides its own folder.
#[derive(Clone, Debug)]
pub struct Applied {
    /// As a component.
    pub found: Found,
    /// What it reads.
    pub reads: Vec<String>,
    /// Names of what it defines, and of what that waits for.
    pub defines: Vec<String>,
    /// See there.
    pub waits_for: Vec<String>,
}

impl Applied {
    fn plain(found: Found) -> Self {
        Self {
            found,
            reads: Vec::new(),
            defines: Vec::new(),
            waits_for: Vec::new(),
        }
    }
}

/// Folders that belong to a tool, with its name.
#[derive(Clone, Debug, Default)]
pub struct Owned {
    by: BTreeMap<String, &'static str>,
    /// What a tool is started from, though it may lie in a folder that it applies.
    starts: BTreeSet<String>,
}

impl Owned {
    fn add(&mut self, folder: &str, by: &'static str) {
        self.by.entry(folder.to_owned()).or_insert(by);
    }
    /// Who applies what is in a folder?
    fn by(&self, folder: &str) -> Option<&'static str> {
        let owner = || self.by.iter().find(|(f, _)| inside(folder, f));
        (!self.starts.contains(folder))
            .then(owner)
            .flatten()
            .map(|(_, by)| *by)
    }
}

/// Everything of Kubernetes in a tree.
pub fn all(tree: &dyn Tree, survey: &mut Survey) -> Vec<Applied> {
    let own = Own::of(tree);
    let mut owned = Owned::default();
    let mut out = flux::all(tree, survey, &own, &mut owned);
    out.extend(argocd::all(tree, survey, &own, &mut owned));
    out.extend(
        charts::all(tree, survey, &owned)
            .into_iter()
            .map(Applied::plain),
    );
    out.extend(overlays::all(tree, survey, &owned));
    out
}
