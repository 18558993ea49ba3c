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
    helm,
    own::Own,
    said::{exists, is_literal, parent, within},
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
    let of_charts = of_charts(tree, survey, own);
    owned
        .starts
        .extend(of_charts.iter().map(|(chart, _)| chart.clone()));
    applied.extend(of_charts);
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

/// Paths that applications in charts name. A template is no YAML, so its lines are looked at; where those compute the
/// path, the values that name a folder count.
fn of_charts(tree: &dyn Tree, survey: &Survey, own: &Own) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let charts = survey
        .folders
        .iter()
        .filter(|f| helm::recognise(tree, f).is_some());
    for chart in charts {
        let (mut texts, mut computed) = (Vec::new(), false);
        for file in tree.below(&within(chart, "templates")) {
            let text = tree.text(&file.path).unwrap_or_default();
            if text.contains("argoproj.io/") && text.contains("kind: Application") {
                computed |= paths(&text).any(|p| !is_literal(p));
                texts.push(text);
            }
        }
        let values = tree.text(&within(chart, "values.yaml")).unwrap_or_default();
        let sets = values.contains("applicationsets:") || values.contains("kind: Application");
        if sets || computed {
            texts.push(values.clone());
        }
        let mut found: Vec<String> = texts.iter().flat_map(|t| paths(t)).map(fixed).collect();
        if computed {
            let names = values.lines().filter_map(|l| l.split_once("name:"));
            found.extend(names.map(|(_, n)| bare(n).to_owned()));
        }
        let here = found
            .iter()
            .filter(|p| !p.is_empty() && is_literal(p))
            .filter_map(|p| own.path(p));
        out.extend(
            here.filter(|p| !p.is_empty() && exists(tree, p))
                .map(|p| (chart.clone(), p)),
        );
    }
    out
}

/// Texts of lines that begin with `path:`.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|l| l.trim().trim_start_matches("- "));
    lines.filter_map(|l| l.strip_prefix("path:")).map(bare)
}

fn bare(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// A path up to its first pattern.
fn fixed(path: &str) -> String {
    let parts = path.split('/').take_while(|p| !p.contains(['*', '?', '[']));
    parts.collect::<Vec<_>>().join("/")
}
