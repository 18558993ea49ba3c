//! The files of a chart: `Chart.yaml`, dependencies, templates.
use super::{DEEPEST, Dependency, HelmFacts, ValueUse, template, values};
use crate::{
    kept,
    node::Node,
    said::{Said, direct, exists, items, name, unreadable, within},
};
use std::collections::BTreeSet;
use strata_core::{
    span::Location,
    tree::{Tree, join},
};

/// Reads a chart; `path` are the folders that led to it.
pub(super) fn read(tree: &dyn Tree, folder: &str, path: &mut Vec<String>) -> HelmFacts {
    let mut facts = HelmFacts {
        folder: folder.to_owned(),
        ..HelmFacts::default()
    };
    path.push(folder.to_owned());
    let file = within(folder, "Chart.yaml");
    if tree.file(&file).is_some() {
        match yaml(tree, &file, &mut facts) {
            Some(node) => facts.declared(&node),
            None => facts.incomplete = true,
        }
    }
    let older = within(folder, "requirements.yaml");
    if tree.file(&older).is_some()
        && let Some(node) = yaml(tree, &older, &mut facts)
    {
        facts.depends(&node);
    }
    facts.follow(tree, path);
    facts.templates(tree);
    values::read(tree, &mut facts);
    path.pop();
    facts
}

/// A YAML file of a chart; what cannot be read makes the chart incomplete.
pub(super) fn yaml(tree: &dyn Tree, path: &str, facts: &mut HelmFacts) -> Option<Node> {
    let (node, problems) = kept::yaml(tree, path).unwrap_or_default();
    if node.is_none() && (!problems.is_empty() || tree.text(path).is_err()) {
        facts.incomplete = true;
        facts.unread.push(unreadable("helm::unreadable", path));
    }
    node
}

impl HelmFacts {
    fn declared(&mut self, node: &Node) {
        self.name = Said::under(node, "name");
        self.version = Said::under(node, "version");
        self.app_version = Said::under(node, "appVersion");
        self.kube_version = Said::under(node, "kubeVersion");
        self.library = node.get("type").and_then(Node::as_str) == Some("library");
        self.depends(node);
    }
    fn depends(&mut self, node: &Node) {
        for item in items(node.get("dependencies")) {
            self.dependencies.push(Dependency {
                name: Said::under(item, "name"),
                alias: Said::under(item, "alias"),
                version: Said::under(item, "version"),
                repository: Said::under(item, "repository").filter(|s| !s.text.is_empty()),
                condition: Said::under(item, "condition"),
                at: Some(item.location()),
                ..Dependency::default()
            });
        }
    }

    /// Reads the charts that are here: `file://` ones and those in `charts/`.
    fn follow(&mut self, tree: &dyn Tree, path: &mut Vec<String>) {
        let charts = within(&self.folder, "charts");
        let packed: Vec<&str> = direct(tree, &charts)
            .filter(|(_, name)| name.ends_with(".tgz"))
            .map(|(_, name)| name)
            .collect();
        let mut seen = BTreeSet::new();
        let mut dependencies = std::mem::take(&mut self.dependencies);
        for dependency in &mut dependencies {
            let Some(name) = dependency.name.clone() else {
                continue;
            };
            dependency.packed = packed.iter().any(|file| {
                file.strip_prefix(&name.text)
                    .is_some_and(|r| r.starts_with('-'))
            });
            let local = dependency.repository.as_ref().and_then(|r| {
                let path = r.text.strip_prefix("file://")?;
                join(&self.folder, path).filter(|_| r.is_literal())
            });
            let vendored = within(&charts, &name.text);
            dependency.folder = if local.is_some() {
                local
            } else if exists(tree, &within(&vendored, "Chart.yaml")) {
                seen.insert(vendored.clone());
                Some(vendored)
            } else {
                None
            };
        }
        // what only lies in `charts/` is a part of the chart too
        let mut unpacked = BTreeSet::new();
        for file in tree.below(&charts) {
            let rest = file.path.get(charts.len() + 1..).unwrap_or_default();
            if let Some((folder, "Chart.yaml")) = rest.split_once('/') {
                unpacked.insert(within(&charts, folder));
            }
        }
        for folder in unpacked.into_iter().filter(|f| !seen.contains(f)) {
            let said = Said {
                text: name(&folder).to_owned(),
                at: Location::file(within(&folder, "Chart.yaml")),
            };
            dependencies.push(Dependency {
                name: Some(said),
                folder: Some(folder),
                ..Dependency::default()
            });
        }
        for dependency in &mut dependencies {
            let Some(folder) = &dependency.folder else {
                continue;
            };
            if let Some(from) = path.iter().position(|p| p == folder) {
                let mut around = path[from..].to_vec();
                around.push(folder.clone());
                let at = dependency.repository.as_ref().map(|r| r.at.clone());
                let at = at.or(dependency.at.clone());
                self.cycle = at.map(|at| (around, at));
                continue;
            }
            let there = exists(tree, &within(folder, "Chart.yaml"));
            if there && path.len() < DEEPEST {
                let chart = read(tree, folder, path);
                if self.cycle.is_none() {
                    self.cycle.clone_from(&chart.cycle);
                }
                dependency.chart = Some(Box::new(chart));
            }
        }
        self.dependencies = dependencies;
    }

    fn templates(&mut self, tree: &dyn Tree) {
        let folder = within(&self.folder, "templates");
        for file in tree.below(&folder) {
            let path = file.path.as_ref();
            let Ok(found) = template::read(tree, path) else {
                continue;
            };
            // what stands outside of definitions in a partial is never rendered
            let partial = name(path).starts_with('_');
            let at = |span| Location::new(path, span);
            self.uses.extend(found.values.into_iter().map(|u| ValueUse {
                path: u.path,
                at: at(u.span),
                required: u.required,
                always: u.always && !partial,
                known: false,
            }));
            let said = |(text, span)| Said { text, at: at(span) };
            if !partial {
                self.files.extend(found.files.into_iter().map(said));
            }
            self.defines.extend(found.defines.into_iter().map(said));
            self.includes.extend(found.includes.into_iter().map(said));
        }
    }
}
