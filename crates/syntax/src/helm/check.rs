//! What is wrong with a chart, from its files alone.
use super::HelmFacts;
use crate::said::{Said, exists, name, near, parent, resolve, within};
use std::collections::BTreeSet;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
    tree::Tree,
};

/// Problems of a chart and of the charts inside it that are here.
pub fn problems(tree: &dyn Tree, facts: &HelmFacts) -> Vec<Diagnostic> {
    let mut out = facts.unread.clone();
    if let Some((around, at)) = &facts.cycle {
        let shown = around.join("` → `");
        out.push(
            Diagnostic::error(
                "helm::cycle",
                format!("this chart depends on itself: `{shown}`"),
            )
            .at(at.clone())
            .help("take one of these dependencies away"),
        );
    }
    chart(tree, facts, &mut out);
    out
}

fn chart(tree: &dyn Tree, facts: &HelmFacts, out: &mut Vec<Diagnostic>) {
    let file = within(&facts.folder, "Chart.yaml");
    if !facts.incomplete && tree.file(&file).is_some() {
        for (field, said) in [("name", &facts.name), ("version", &facts.version)] {
            if said.is_none() {
                let message = format!("the chart has no `{field}`");
                out.push(
                    Diagnostic::error("helm::missing-field", message)
                        .at(Location::file(file.as_str()))
                        .help(format!("add `{field}:`, which Helm asks for")),
                );
            }
        }
    }
    dependencies(tree, facts, out);
    for file in &facts.files {
        let Some(path) = resolve(&facts.folder, &file.text) else {
            continue;
        };
        if !facts.library && !exists(tree, &path) {
            let message = format!(
                "the chart has no file `{}`; Helm reads nothing here",
                file.text
            );
            out.push(
                Diagnostic::warning("helm::missing-file", message)
                    .at(file.at.clone())
                    .help_opt(near(tree, &path, &file.text)),
            );
        }
    }
    named_templates(tree, facts, out);
}

fn dependencies(tree: &dyn Tree, facts: &HelmFacts, out: &mut Vec<Diagnostic>) {
    for dependency in &facts.dependencies {
        let Some(name) = &dependency.name else {
            continue;
        };
        match (&dependency.repository, &dependency.folder) {
            (Some(repository), Some(folder)) if !exists(tree, &within(folder, "Chart.yaml")) => {
                let written = repository.text.trim_start_matches("file://");
                let help = near(tree, folder, written);
                let message = format!("there is no chart in `{folder}`");
                out.push(
                    Diagnostic::error("helm::missing-dependency", message)
                        .at(repository.at.clone())
                        .help_opt(help),
                );
            }
            // the key may be there for tools that fill `charts/` before Helm runs
            (None, None) if !dependency.packed && name.is_literal() => {
                let message = format!(
                    "the chart `{}` has no `repository` and is not in `{}`",
                    name.text,
                    within(&facts.folder, "charts")
                );
                out.push(
                    Diagnostic::warning("helm::missing-dependency", message)
                        .at(name.at.clone())
                        .help("say where it comes from with `repository:`, or put it there"),
                );
            }
            _ => {}
        }
        if let Some(inner) = &dependency.chart {
            chart(tree, inner, out);
        }
    }
}

/// Templates that are taken in and that nobody defines. Only where every chart is here: templates are shared.
fn named_templates(tree: &dyn Tree, facts: &HelmFacts, out: &mut Vec<Diagnostic>) {
    let above = match facts.folder.rsplit_once('/') {
        Some((charts, _)) if name(charts) == "charts" => Some(parent(charts)),
        _ => None,
    };
    let inside = above.is_some_and(|chart| tree.file(&within(chart, "Chart.yaml")).is_some());
    if facts.library || inside || facts.incomplete {
        return;
    }
    let mut known = BTreeSet::new();
    if !gather(facts, &mut known) {
        return;
    }
    let unknown = |s: &&Said| s.is_literal() && !known.contains(s.text.as_str());
    for name in facts.includes.iter().filter(unknown) {
        let message = format!("no template of this chart is named `{}`", name.text);
        out.push(
            Diagnostic::warning("helm::unknown-template", message)
                .at(name.at.clone())
                .help_opt(suggest(&name.text, known.iter().copied())),
        );
    }
}

/// All names of templates; false when there may be more.
fn gather<'f>(facts: &'f HelmFacts, known: &mut BTreeSet<&'f str>) -> bool {
    known.extend(facts.defines.iter().map(|d| d.text.as_str()));
    facts.dependencies.iter().all(|d| match &d.chart {
        Some(chart) => !chart.incomplete && gather(chart, known),
        None => false,
    })
}
