//! Flux: sources, Kustomizations and HelmReleases in YAML files, followed from a cluster's folder to all that it applies.
//!
//! What is fetched from this repository is followed by its path; of other sources only the name is known. Facts are
//! about one folder: the whole repository, or one cluster.
mod check;
mod objects;
mod walk;

pub use check::problems;

use crate::{
    kubernetes::{is_template_of_chart, objects as objects_of},
    node::Node,
    own::Own,
    said::{Said, direct, exists, within},
};
use std::collections::BTreeSet;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};

/// What an object is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Id {
    /// Its kind: `Kustomization`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace, where the files say it; a kustomization may set it.
    pub namespace: Option<String>,
}

/// One object naming another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it names: the namespace is that of the object itself when it names none.
    pub id: Id,
    /// Where the name stands.
    pub at: Location,
    /// May it be missing (`optional: true`)?
    pub optional: bool,
    /// Is it said without a substitution?
    pub literal: bool,
}

/// Where things come from: GitRepository, OCIRepository, HelmRepository, Bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called.
    pub id: Id,
    /// Where it is fetched from.
    pub url: Option<Said>,
    /// The branch, tag, version or commit, when it names one.
    pub revision: Option<Said>,
    /// Does it name a branch, or nothing?
    pub branch: bool,
    /// Where it stands.
    pub at: Location,
}

/// A Kustomization of Flux.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FluxKustomization {
    /// What it is called.
    pub id: Id,
    /// The folder in its source.
    pub path: Option<Said>,
    /// Its source.
    pub source: Option<Reference>,
    /// What must be ready before.
    pub depends_on: Vec<Reference>,
    /// Config maps and secrets whose values are put into its files.
    pub substitute_from: Vec<Reference>,
    /// Are values put into its files after they are built?
    pub substitutes: bool,
    /// What must be healthy after.
    pub health_checks: Vec<Reference>,
    /// `targetNamespace`
    pub target_namespace: Option<Said>,
    /// Its folder among these files, when it comes from this repository.
    pub folder: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// A HelmRelease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// What it is called.
    pub id: Id,
    /// The chart: its name, or its path in a source that is a repository of files.
    pub chart: Option<Said>,
    /// The version that is asked for.
    pub version: Option<Said>,
    /// The source of the chart, or what holds the chart.
    pub source: Option<Reference>,
    /// Config maps and secrets with values.
    pub values_from: Vec<Reference>,
    /// Values in the object itself.
    pub values: Option<Node>,
    /// Is its chart told to take any values?
    pub unchecked: bool,
    /// What must be ready before.
    pub depends_on: Vec<Reference>,
    /// `targetNamespace`
    pub target_namespace: Option<Said>,
    /// Where it stands.
    pub at: Location,
}

/// What Flux is told in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FluxFacts {
    /// The folder.
    pub folder: String,
    /// Sources.
    pub sources: Vec<Source>,
    /// Kustomizations.
    pub kustomizations: Vec<FluxKustomization>,
    /// Releases.
    pub releases: Vec<Release>,
    /// Every object's name in the namespace that a kustomization gives it, besides the one in its file.
    pub others: Vec<Id>,
    /// Files that were read.
    pub files: BTreeSet<String>,
    /// Files whose objects patches may change.
    pub patched: BTreeSet<String>,
    /// Does a Kustomization of Flux patch what it applies?
    pub patches: bool,
    /// Does Flux start here: the whole repository, or the folder of a cluster?
    pub start: bool,
    /// Why there may be more objects than these, for sure.
    pub open: BTreeSet<String>,
    /// Sources from elsewhere, which may hold more objects though they rarely do.
    pub elsewhere: BTreeSet<String>,
    /// What could not be read, as warnings.
    pub unread: Vec<Diagnostic>,
}

impl Id {
    /// May they mean the same object? A namespace that is not said may be any.
    pub fn may_be(&self, other: &Self) -> bool {
        let namespace = match (&self.namespace, &other.namespace) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        namespace && self.kind == other.kind && self.name == other.name
    }
}

impl FluxFacts {
    /// The source that a reference means, where it is here.
    pub fn source(&self, reference: &Reference) -> Option<&Source> {
        self.sources.iter().find(|s| s.id.may_be(&reference.id))
    }
    /// Does a reference mean this repository? The one that Flux was started from is `flux-system`.
    pub fn is_own(&self, reference: &Reference, own: &Own) -> bool {
        if reference.id.kind != "GitRepository" || !reference.literal {
            return false;
        }
        let start = reference.id.name == "flux-system";
        let Some(source) = self.source(reference) else {
            return start;
        };
        let Some(url) = source.url.as_ref().filter(|u| u.is_literal()) else {
            return false;
        };
        let from_here = own.urls.is_empty() || self.leads_here(own);
        if start {
            return from_here || own.is(&url.text);
        }
        let revision = source.revision.as_ref().map_or("", |r| r.text.as_str());
        let first = self
            .sources
            .iter()
            .find(|s| s.id.kind == "GitRepository" && s.id.name == "flux-system");
        let same = first.is_some_and(|first| {
            first.url.as_ref().map(|u| &u.text) == Some(&url.text)
                && first.revision.as_ref().map(|r| &r.text)
                    == source.revision.as_ref().map(|r| &r.text)
        });
        let known = own.is(&url.text) && source.branch && own.follows(revision);
        known || (same && from_here)
    }
    /// Does the Kustomization that Flux starts with apply the folder that it lies in? Then its source is this
    /// repository under another address: a fork or a mirror.
    fn leads_here(&self, own: &Own) -> bool {
        self.kustomizations.iter().any(|k| {
            let folder = k.at.file.strip_suffix("/flux-system/gotk-sync.yaml");
            let path = k.path.as_ref().and_then(|p| own.path(&p.text));
            k.id.name == "flux-system" && folder.is_some() && path.as_deref() == folder
        })
    }
}

/// The file that makes a folder one of Flux's.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    let sync = within(folder, "flux-system/gotk-sync.yaml");
    if let Some(file) = tree.file(&sync) {
        return Some(file.path.as_ref());
    }
    if is_template_of_chart(tree, &format!("{folder}/")) {
        return None;
    }
    direct(tree, folder)
        .filter(|(_, name)| name.ends_with(".yaml") || name.ends_with(".yml"))
        .find(|(path, _)| {
            objects_of(tree, path)
                .unwrap_or_default()
                .iter()
                .any(objects::is_flux)
        })
        .map(|(path, _)| path)
}

/// Reads what Flux is told in a folder, and what follows from it in this repository.
pub fn read(tree: &dyn Tree, folder: &str, own: &Own) -> FluxFacts {
    walk::read(tree, if folder == "." { "" } else { folder }, own)
}

/// The folder of a path in this repository, when it is here.
pub(super) fn here(tree: &dyn Tree, own: &Own, written: &str) -> Option<Result<String, String>> {
    let path = own.path(written)?;
    Some(if exists(tree, &path) {
        Ok(path)
    } else {
        Err(path)
    })
}

#[cfg(test)]
mod tests;
