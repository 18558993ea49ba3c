//! Clusters that Flux keeps: the folder that it starts from is a component, what it leads to belongs to Flux.
use super::{Applied, Owned};
use crate::{
    found::{Environments, Found},
    layers::{Guess, Kind},
    survey::{Survey, inside},
    words,
};
use std::collections::BTreeSet;
use strata_core::tree::Tree;
use strata_syntax::{
    flux::{self, FluxFacts},
    kubernetes::objects,
    node::Node,
    own::Own,
    said::{direct, items, parent},
};

/// All clusters.
pub fn all(tree: &dyn Tree, survey: &mut Survey, own: &Own, owned: &mut Owned) -> Vec<Applied> {
    let mut holders: Vec<String> = Vec::new();
    for folder in &survey.folders {
        let known = flux::recognise(tree, folder).is_some();
        if known && !folder.ends_with("flux-system") {
            holders.push(folder.clone());
        }
    }
    // a folder below `clusters/` is one cluster, however many folders it has
    let mut starts: BTreeSet<String> = BTreeSet::new();
    for folder in &survey.folders {
        if let Some(cluster) = folder
            .strip_suffix("/flux-system")
            .filter(|c| flux::recognise(tree, c).is_some())
        {
            starts.insert(cluster.to_owned());
        }
    }
    for folder in &holders {
        if let Some(cluster) = cluster_of(folder)
            && !starts.iter().any(|s| inside(folder, s))
        {
            starts.insert(cluster);
        }
    }
    let mut read: Vec<(String, FluxFacts)> = starts
        .iter()
        .map(|f| (f.clone(), flux::read(tree, f, own)))
        .collect();
    read.iter()
        .for_each(|(folder, facts)| own_all(tree, folder, facts, owned));
    // what no cluster here leads to is started from elsewhere: by what no other of them leads to
    let rest = holders
        .iter()
        .filter(|f| owned.by(f).is_none() && has_kustomizations(tree, f));
    let rest: Vec<(String, FluxFacts)> = rest
        .map(|f| (f.clone(), flux::read(tree, f, own)))
        .collect();
    let led_to = |folder: &str| {
        let others = rest.iter().filter(|(f, _)| f != folder);
        others
            .flat_map(|(f, facts)| led_from(f, facts))
            .any(|led| inside(folder, led))
    };
    let mut first: Vec<String> = rest
        .iter()
        .map(|(f, _)| f.clone())
        .filter(|f| !led_to(f))
        .collect();
    // where each leads to another, one has to be the first
    first.extend(rest.iter().map(|(f, _)| f.clone()));
    for folder in first {
        if owned.by(&folder).is_none()
            && let Some((_, facts)) = rest.iter().find(|(f, _)| *f == folder)
        {
            own_all(tree, &folder, facts, owned);
            read.push((folder, facts.clone()));
        }
    }
    for folder in &holders {
        if owned.by(folder).is_none() {
            survey.skip(folder, "objects of Flux that no cluster here applies");
            owned.add(folder, "Flux");
        }
    }
    read.into_iter()
        .map(|(folder, facts)| applied(survey, &folder, &facts))
        .collect()
}

/// Folders that a folder's Kustomizations apply, besides those around it.
fn led_from<'f>(folder: &'f str, facts: &'f FluxFacts) -> impl Iterator<Item = &'f str> {
    let all = facts.kustomizations.iter();
    all.filter_map(|k| k.folder.as_deref())
        .filter(move |led| !led.is_empty() && !inside(folder, led))
}

/// The folder of the cluster that a folder is part of.
fn cluster_of(folder: &str) -> Option<String> {
    let parts: Vec<&str> = folder.split('/').collect();
    let at = parts.iter().position(|p| *p == "clusters")?;
    (at + 1 < parts.len()).then(|| parts[..at + 2].join("/"))
}

fn has_kustomizations(tree: &dyn Tree, folder: &str) -> bool {
    let files = direct(tree, folder).filter(|(_, n)| n.ends_with(".yaml") || n.ends_with(".yml"));
    files
        .filter_map(|(path, _)| objects(tree, path))
        .flatten()
        .any(|o| o.kind == "Kustomization" && o.group() == "kustomize.toolkit.fluxcd.io")
}

fn own_all(tree: &dyn Tree, folder: &str, facts: &FluxFacts, owned: &mut Owned) {
    owned.add(folder, "Flux");
    for path in facts.files.iter().flat_map(|f| generated_from(tree, f)) {
        owned.add(&path, "Flux");
    }
    for path in &facts.files {
        owned.add(parent(path), "Flux");
    }
    for k in facts
        .kustomizations
        .iter()
        .filter_map(|k| k.folder.as_deref())
        .filter(|f| !f.is_empty())
    {
        owned.add(k, "Flux");
    }
    for chart in facts.releases.iter().filter_map(|r| r.chart.as_ref()) {
        let path = chart.text.trim_start_matches("./").trim_end_matches('/');
        if path.contains('/') || chart.text.starts_with("./") {
            owned.add(path, "Flux");
        }
    }
}

/// Folders that generators of artifacts copy from: `@repo/infrastructure/**`.
fn generated_from(tree: &dyn Tree, file: &str) -> Vec<String> {
    let mut out = Vec::new();
    for object in objects(tree, file).unwrap_or_default() {
        if object.kind != "ArtifactGenerator" {
            continue;
        }
        let spec = object.node.get("spec");
        for artifact in items(spec.and_then(|s| s.get("artifacts"))) {
            for copy in items(artifact.get("copy")) {
                let from = copy.get("from").and_then(Node::as_str).unwrap_or_default();
                let path = from
                    .strip_prefix('@')
                    .and_then(|f| f.split_once('/'))
                    .map_or("", |(_, p)| p);
                let fixed: Vec<&str> = path
                    .split('/')
                    .take_while(|p| !p.contains(['*', '?']))
                    .collect();
                out.push(fixed.join("/"));
            }
        }
    }
    out.retain(|p| !p.is_empty());
    out
}

fn applied(survey: &Survey, folder: &str, facts: &FluxFacts) -> Applied {
    let place = survey.places.read(folder);
    let what = "Flux: what it applies from here belongs to it".to_owned();
    let mut found = Found::new(folder, "flux", what, place);
    // what a cluster is called says what it is, not what it is for
    found.called = Some("flux".to_owned());
    if found.environments == Environments::Every {
        let cluster = cluster_of(folder).and_then(|c| words::name(c.rsplit('/').next()?));
        found.environments = cluster.map_or(Environments::Shared(None), Environments::Alone);
    }
    let paths = || {
        facts
            .kustomizations
            .iter()
            .filter_map(|k| k.path.as_ref())
            .map(|p| p.text.as_str())
    };
    let apps = paths().any(|p| p.split('/').any(|s| s.starts_with("app")));
    found.guess = if apps {
        Guess::sure(
            Kind::Application,
            "it applies services and applications; Flux orders them itself",
        )
    } else {
        Guess::sure(Kind::ClusterServices, "Flux applies it to a cluster")
    };
    let id = |id: &flux::Id| format!("{} {}", id.kind, id.name);
    let mut reads: BTreeSet<String> = facts.files.iter().cloned().collect();
    reads.extend(
        facts
            .kustomizations
            .iter()
            .filter_map(|k| k.folder.clone())
            .filter(|f| !f.is_empty()),
    );
    Applied {
        found,
        reads: reads.into_iter().collect(),
        defines: facts.kustomizations.iter().map(|k| id(&k.id)).collect(),
        waits_for: facts
            .kustomizations
            .iter()
            .flat_map(|k| &k.depends_on)
            .map(|r| id(&r.id))
            .collect(),
    }
}
