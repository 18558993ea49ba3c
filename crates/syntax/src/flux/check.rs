//! What is wrong with what Flux is told, from its files alone.
use super::{FluxFacts, Id, Reference, Release, here, objects::SOURCES};
use crate::{
    cycle::cycles,
    helm,
    own::Own,
    said::{exists, near, within},
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
    tree::Tree,
};

/// Problems of a folder. Objects that are not there are said only where all objects are here: in the whole repository
/// or in a cluster's folder, with nothing computed; as a warning where other sources bring files of their own.
pub fn problems(tree: &dyn Tree, facts: &FluxFacts, own: &Own) -> Vec<Diagnostic> {
    let mut out = facts.unread.clone();
    paths(tree, facts, own, &mut out);
    if facts.start && facts.open.is_empty() {
        unknown(facts, &mut out);
    }
    circles(facts, &mut out);
    // the same file may be reached in several ways
    let mut said = BTreeSet::new();
    out.retain(|p| said.insert((p.code.clone(), p.at.clone())));
    out
}

fn paths(tree: &dyn Tree, facts: &FluxFacts, own: &Own, out: &mut Vec<Diagnostic>) {
    for k in &facts.kustomizations {
        let (Some(source), Some(path)) = (&k.source, &k.path) else {
            continue;
        };
        if !facts.is_own(source, own) {
            continue;
        }
        if let Some(Err(missing)) = here(tree, own, &path.text) {
            let message = format!(
                "the Kustomization `{}` applies `{missing}`, which is not in this repository",
                k.id.name
            );
            out.push(
                Diagnostic::error("flux::missing-path", message)
                    .at(path.at.clone())
                    .help_opt(near(tree, &missing, &path.text)),
            );
        }
    }
    for release in &facts.releases {
        let (Some(source), Some(chart)) = (&release.source, &release.chart) else {
            continue;
        };
        if !facts.is_own(source, own) {
            continue;
        }
        let Some(path) = own.path(&chart.text) else {
            continue;
        };
        // a packed chart may lie there too
        let packed = chart.text.ends_with(".tgz") && exists(tree, &path);
        if !packed && tree.file(&within(&path, "Chart.yaml")).is_none() {
            let message = format!(
                "the HelmRelease `{}` uses the chart `{path}`, which is not in this repository",
                release.id.name
            );
            out.push(
                Diagnostic::error("flux::missing-chart", message)
                    .at(chart.at.clone())
                    .help_opt(near(tree, &path, &chart.text)),
            );
            continue;
        }
        values(tree, facts, release, &path, out);
    }
}

/// Values that a chart of this repository refuses, where nothing else may change them.
fn values(
    tree: &dyn Tree,
    facts: &FluxFacts,
    release: &Release,
    chart: &str,
    out: &mut Vec<Diagnostic>,
) {
    let Some(values) = &release.values else {
        return;
    };
    let patched = facts.patches || facts.patched.contains(release.at.file.as_ref());
    if patched || release.unchecked {
        return;
    }
    for refused in helm::refused(tree, chart, values) {
        let message = format!(
            "`{}` of the HelmRelease `{}` {}",
            refused.path, release.id.name, refused.why
        );
        let schema = Location::file(within(chart, "values.schema.json"));
        out.push(
            Diagnostic::error("flux::refused-value", message)
                .at(refused.at)
                .related(schema, "the schema of the chart")
                .help_opt(refused.near),
        );
    }
}

fn unknown(facts: &FluxFacts, out: &mut Vec<Diagnostic>) {
    let kustomizations = facts.kustomizations.iter().map(|k| (&k.id, &k.depends_on));
    let releases = facts.releases.iter().map(|r| (&r.id, &r.depends_on));
    for (id, list) in kustomizations.chain(releases) {
        for wanted in list.iter().filter(|r| r.literal) {
            let known: Vec<&Id> = all(facts).filter(|i| i.kind == wanted.id.kind).collect();
            let what = format!("the {} `{}` depends on", id.kind, id.name);
            absent(
                "flux::unknown-dependency",
                facts,
                wanted,
                &known,
                &what,
                out,
            );
        }
    }
    let kustomizations = facts.kustomizations.iter().map(|k| (&k.id, &k.source));
    let releases = facts.releases.iter().map(|r| (&r.id, &r.source));
    for (id, source) in kustomizations.chain(releases) {
        let Some(wanted) = source.as_ref().filter(|r| r.literal) else {
            continue;
        };
        // Flux itself makes this one when it starts
        let start = wanted.id.name == "flux-system";
        if start || !SOURCES.contains(&wanted.id.kind.as_str()) {
            continue;
        }
        let known: Vec<&Id> = all(facts).filter(|i| i.kind == wanted.id.kind).collect();
        let what = format!("the {} `{}` is made from", id.kind, id.name);
        absent("flux::unknown-source", facts, wanted, &known, &what, out);
    }
}

fn all(facts: &FluxFacts) -> impl Iterator<Item = &Id> {
    let kustomizations = facts.kustomizations.iter().map(|k| &k.id);
    let releases = facts.releases.iter().map(|r| &r.id);
    let sources = facts.sources.iter().map(|s| &s.id);
    kustomizations
        .chain(releases)
        .chain(sources)
        .chain(&facts.others)
}

fn absent(
    code: &str,
    facts: &FluxFacts,
    wanted: &Reference,
    known: &[&Id],
    what: &str,
    out: &mut Vec<Diagnostic>,
) {
    let name = &wanted.id.name;
    // a Kustomization that sets the namespace of what it applies leaves only names to go by
    let moved = facts
        .kustomizations
        .iter()
        .any(|k| k.target_namespace.is_some());
    if known
        .iter()
        .any(|id| id.may_be(&wanted.id) || (moved && id.name == *name))
    {
        return;
    }
    let place = |id: &Id| {
        id.namespace
            .as_ref()
            .map_or(String::new(), |n| format!(" in namespace `{n}`"))
    };
    let message = format!(
        "{what} the {} `{name}`{}, which no file here defines",
        wanted.id.kind,
        place(&wanted.id)
    );
    let elsewhere = known.iter().find(|id| id.name == *name);
    let help = match elsewhere {
        Some(id) => Some(format!("there is one{}", place(id))),
        None => suggest(name, known.iter().map(|id| id.name.as_str())),
    };
    let problem = if facts.elsewhere.is_empty() {
        Diagnostic::error(code, message)
    } else {
        Diagnostic::warning(code, message)
    };
    out.push(problem.at(wanted.at.clone()).help_opt(help));
}

/// Objects that wait for each other. Only where each is defined once: a patch or another cluster has the same name.
fn circles(facts: &FluxFacts, out: &mut Vec<Diagnostic>) {
    type Node<'f> = (&'f Id, &'f [Reference]);
    let kustomizations = facts
        .kustomizations
        .iter()
        .map(|k| (&k.id, k.depends_on.as_slice()));
    let releases = facts
        .releases
        .iter()
        .map(|r| (&r.id, r.depends_on.as_slice()));
    let nodes: Vec<Node<'_>> = kustomizations
        .chain(releases)
        .filter(|(_, d)| !d.is_empty())
        .collect();
    let mut index: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (i, (id, _)) in nodes.iter().enumerate() {
        index.entry((&id.kind, &id.name)).or_default().push(i);
    }
    let edge = |r: &Reference| {
        let found = index.get(&(r.id.kind.as_str(), r.id.name.as_str()))?;
        let mut fitting = found.iter().filter(|i| nodes[**i].0.may_be(&r.id));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) if r.literal => Some(*one),
            _ => None,
        }
    };
    let edges: Vec<Vec<usize>> = nodes
        .iter()
        .map(|(_, list)| list.iter().filter_map(edge).collect())
        .collect();
    for cycle in cycles(&edges) {
        let mut shown: Vec<&str> = cycle.iter().map(|i| nodes[*i].0.name.as_str()).collect();
        shown.push(shown[0]);
        let kind = &nodes[cycle[0]].0.kind;
        let step = |from: usize, to: usize| -> Option<Location> {
            let found = nodes[from].1.iter().find(|r| edge(r) == Some(to));
            found.map(|r| r.at.clone())
        };
        let next = |i: usize| cycle[(i + 1) % cycle.len()];
        let message = format!("each {kind} waits for the other: `{}`", shown.join("` → `"));
        let mut problem = Diagnostic::error("flux::cycle", message)
            .at_opt(step(cycle[0], next(0)))
            .help("take one of these dependencies away");
        for (i, from) in cycle.iter().enumerate().skip(1) {
            if let Some(at) = step(*from, next(i)) {
                problem = problem.related(at, format!("`{}` waits here", nodes[*from].0.name));
            }
        }
        out.push(problem);
    }
}
