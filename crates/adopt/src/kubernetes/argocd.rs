//! Applications of Argo CD: the folder of those that no other application applies is a component.
use super::{Applied, Owned};
use crate::{
    found::{Environments, Found},
    layers::{Guess, Kind},
    survey::{Survey, inside},
};
use std::collections::BTreeSet;
use strata_core::tree::Tree;
use strata_syntax::{
    argocd::{self, AppSource, Application},
    kubernetes::is_template_of_chart,
    own::Own,
    said::{exists, is_literal, parent},
};

/// All folders of applications.
pub fn all(tree: &dyn Tree, survey: &mut Survey, own: &Own, owned: &mut Owned) -> Vec<Applied> {
    let mut applications: Vec<Application> = Vec::new();
    // outermost folders are read with all that is below them
    for folder in &survey.folders {
        if argocd::recognise(tree, folder).is_some() {
            let facts = argocd::read(tree, folder);
            applications.extend(
                facts
                    .applications
                    .into_iter()
                    .filter(|a| parent(&a.at.file) == folder),
            );
        }
    }
    let folder_of = |a: &Application| parent(&a.at.file).to_owned();
    let mut applied: Vec<(String, String)> = Vec::new();
    for a in &applications {
        for path in sources(tree, own, a) {
            applied.push((folder_of(a), path));
        }
    }
    applied.extend(of_charts(tree, survey, own));
    // what an application in another folder applies is no beginning
    let led_to = |folder: &str| {
        applied
            .iter()
            .any(|(from, path)| !inside(from, path) && inside(folder, path))
    };
    let folders: BTreeSet<String> = applications
        .iter()
        .map(folder_of)
        .filter(|f| !led_to(f))
        .collect();
    let outer: Vec<&String> = folders
        .iter()
        .filter(|f| !folders.iter().any(|o| o != *f && inside(f, o)))
        .collect();
    let mut out = Vec::new();
    for folder in outer {
        let reads: Vec<String> = applied
            .iter()
            .filter(|(from, _)| inside(from, folder))
            .map(|(_, p)| p.clone())
            .collect();
        out.push(component(survey, folder, reads));
        if !folder.is_empty() {
            owned.add(folder, "Argo CD");
        }
    }
    for (_, path) in applied.iter().filter(|(_, p)| !p.is_empty()) {
        owned.add(path, "Argo CD");
    }
    out
}

fn component(survey: &Survey, folder: &str, reads: Vec<String>) -> Applied {
    let place = survey.places.read(folder);
    let what = "Argo CD: what its applications apply belongs to them".to_owned();
    let mut found = Found::new(folder, "argocd", what, place);
    if found.environments == Environments::Every {
        found.environments = Environments::Shared(None);
    }
    found.called = found.place.rest.is_empty().then(|| "argocd".to_owned());
    found.guess = Guess::sure(Kind::Application, "Argo CD applies it to clusters");
    Applied {
        reads,
        ..Applied::plain(found)
    }
}

/// Folders of this repository that an application applies.
fn sources(tree: &dyn Tree, own: &Own, a: &Application) -> Vec<String> {
    let here = |repo: Option<&str>| {
        repo.is_none_or(|r| own.urls.is_empty() || own.is(r) || !is_literal(r))
    };
    let mut out = Vec::new();
    let of = |s: &AppSource| {
        let repo = s.repo.as_ref().map(|r| r.text.as_str());
        let path = s
            .path
            .as_ref()
            .filter(|_| s.chart.is_none() && here(repo))?;
        own.path(&path.text)
    };
    out.extend(a.sources.iter().filter_map(of));
    for generator in &a.generators {
        if !here(generator.repo.as_ref().map(|r| r.text.as_str())) {
            continue;
        }
        for pattern in &generator.patterns {
            let fixed: Vec<&str> = pattern
                .text
                .split('/')
                .take_while(|p| !p.contains(['*', '?', '[', '{']))
                .collect();
            out.extend(own.path(&fixed.join("/")));
        }
    }
    out.retain(|p| exists(tree, p));
    out
}

/// Paths that applications in templates of charts name: a template is no YAML, so its lines are looked at.
fn of_charts(tree: &dyn Tree, survey: &Survey, own: &Own) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for file in tree
        .files()
        .iter()
        .filter(|f| f.path.ends_with(".yaml") || f.path.ends_with(".yml"))
    {
        let folder = parent(&file.path);
        if !is_template_of_chart(tree, &file.path) || survey.leaves_out(folder) {
            continue;
        }
        let text = tree.text(&file.path).unwrap_or_default();
        if !text.contains("argoproj.io/") || !text.contains("kind: Application") {
            continue;
        }
        let chart = folder
            .find("templates")
            .map_or(folder, |at| folder[..at].trim_end_matches('/'));
        for line in text.lines() {
            let Some(path) = line
                .trim()
                .strip_prefix("path:")
                .map(|p| p.trim().trim_matches(['"', '\'']))
            else {
                continue;
            };
            let path = Some(path)
                .filter(|p| !p.is_empty() && is_literal(p))
                .and_then(|p| own.path(p));
            out.extend(
                path.filter(|p| exists(tree, p))
                    .map(|p| (chart.to_owned(), p)),
            );
        }
    }
    out
}
