//! Argo CD: Applications, ApplicationSets and AppProjects in YAML files, with the sources that they name.
//!
//! A generator's template is a template: what it fills in is unknown. Paths are looked for only where a source is this
//! repository at a revision that these files stand for.
mod check;
mod objects;

pub use check::problems;

use crate::{
    kubernetes,
    node::Node,
    said::{Said, direct, is_yaml},
};
use std::collections::BTreeSet;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};

/// A source of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppSource {
    /// The repository.
    pub repo: Option<Said>,
    /// The folder in it.
    pub path: Option<Said>,
    /// The chart, in a repository of charts.
    pub chart: Option<Said>,
    /// The branch, tag, version or commit.
    pub revision: Option<Said>,
    /// The name by which other sources use its files (`$values`).
    pub reference: Option<Said>,
    /// Values files of Helm.
    pub value_files: Vec<Said>,
    /// Are values files that are missing left out?
    pub ignores_missing: bool,
    /// Values of Helm in the object itself.
    pub values: Option<Node>,
}

/// Where an application goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// The cluster by address.
    pub server: Option<Said>,
    /// The cluster by name.
    pub name: Option<Said>,
    /// The namespace.
    pub namespace: Option<Said>,
}

/// Folders or files of a repository that make applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitGenerator {
    /// The repository.
    pub repo: Option<Said>,
    /// The revision.
    pub revision: Option<Said>,
    /// Patterns of folders and files.
    pub patterns: Vec<Said>,
}

/// An Application, or the template of an ApplicationSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name, the set's for a set.
    pub name: Option<Said>,
    /// Its namespace.
    pub namespace: Option<Said>,
    /// Is it a set?
    pub set: bool,
    /// Its project.
    pub project: Option<Said>,
    /// Its sources.
    pub sources: Vec<AppSource>,
    /// Where it goes.
    pub destination: Destination,
    /// Generators of a set that look into a repository.
    pub generators: Vec<GitGenerator>,
    /// Does a patch change the template?
    pub patched: bool,
    /// The order among its siblings (`argocd.argoproj.io/sync-wave`).
    pub wave: Option<Said>,
    /// Where it stands.
    pub at: Location,
}

/// What Argo CD is told in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArgoFacts {
    /// The folder.
    pub folder: String,
    /// Applications and sets.
    pub applications: Vec<Application>,
    /// Projects that the whole tree defines, with their places; looked for only where an application names one.
    pub projects: Vec<Said>,
    /// There may be more projects.
    pub open: bool,
    /// What could not be read, as warnings.
    pub unread: Vec<Diagnostic>,
}

/// The file that makes a folder one of Argo CD's.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    if kubernetes::is_template_of_chart(tree, &format!("{folder}/")) {
        return None;
    }
    direct(tree, folder)
        .filter(|(_, name)| name.ends_with(".yaml") || name.ends_with(".yml"))
        .find(|(path, _)| {
            kubernetes::objects(tree, path)
                .unwrap_or_default()
                .iter()
                .any(objects::is_argo)
        })
        .map(|(path, _)| path)
}

/// Reads what Argo CD is told in a folder and below.
pub fn read(tree: &dyn Tree, folder: &str) -> ArgoFacts {
    let mut facts = ArgoFacts {
        folder: folder.to_owned(),
        ..ArgoFacts::default()
    };
    for file in tree.below(folder).iter().filter(|f| is_yaml(f)) {
        if kubernetes::is_template_of_chart(tree, &file.path) {
            continue;
        }
        let found = kubernetes::objects(tree, &file.path).unwrap_or_default();
        for object in found.iter().filter(|o| objects::is_argo(o)) {
            facts.applications.extend(objects::application(object));
        }
    }
    let named = facts.applications.iter().filter_map(|a| a.project.as_ref());
    if named.clone().any(|p| p.text != "default" && p.is_literal()) {
        facts.look_for_projects(tree);
    }
    facts
}

impl ArgoFacts {
    fn look_for_projects(&mut self, tree: &dyn Tree) {
        let mut seen = BTreeSet::new();
        for file in tree.files().iter().filter(|f| is_yaml(f)) {
            let found = kubernetes::objects(tree, &file.path);
            if found.is_none() || kubernetes::is_template_of_chart(tree, &file.path) {
                let text = tree.text(&file.path).unwrap_or_default();
                self.open |= text.contains("AppProject");
                continue;
            }
            for object in found.iter().flatten() {
                if object.kind != "AppProject" || !objects::is_argo(object) {
                    continue;
                }
                match &object.name {
                    Some(name) if name.is_literal() && seen.insert(name.text.clone()) => {
                        self.projects.push(name.clone());
                    }
                    Some(name) if name.is_literal() => {}
                    _ => self.open = true,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
