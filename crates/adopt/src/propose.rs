//! Puts together what was found.
use crate::{
    Asked, Component, Environment, Override, Proposal, ansible,
    edges::{Edges, Nodes},
    environments::{self, All},
    found::{Edge, Environments, Found},
    kubernetes, names,
    stack::{self, Stack},
    survey::Survey,
    templates, terraform,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{
    engine::DynEngine,
    name::name_problem,
    tree::{Tree, TreeFile},
};

/// A proposal for a tree; `None` when it has nothing that an engine knows.
pub fn propose(
    tree: &dyn Tree,
    engines: &[Arc<dyn DynEngine>],
    asked: Asked<'_>,
) -> Option<Proposal> {
    let mut survey = Survey::of(tree);
    let mut roots = terraform::all(tree, &mut survey);
    let reader = terraform::Reader::new(tree);
    reader.name_workspaces(&mut roots);
    let applied = kubernetes::all(tree, &mut survey);
    let mut others = ansible::all(tree, &mut survey);
    if let Some(packer) = engines.iter().find(|e| e.name() == "packer") {
        others.extend(templates::packer(tree, &survey, packer.as_ref()));
    }
    others.extend(templates::cloudformation(tree, &survey));

    let found = |roots: &[terraform::Root]| -> Vec<Found> {
        let first = roots.iter().map(|r| r.found.clone());
        let second = applied.iter().map(|a| a.found.clone());
        first.chain(second).chain(others.iter().cloned()).collect()
    };
    let before = found(&roots);
    if before.is_empty() {
        return None;
    }
    let all = environments::all(&before, there(tree));
    let envs: Vec<Vec<String>> = before.iter().map(|f| all.of(&f.environments)).collect();
    for (root, envs) in roots.iter_mut().zip(&envs) {
        let serves = matches!(root.found.environments, Environments::Shared(_));
        terraform::settle(tree, root, envs, all.named && !serves);
    }
    let found = found(&roots);
    let taken = taken_layers(tree);
    let stack = stack::choose(&found, asked.preset, &taken);
    let mut names = names::of(&found);
    let inside = in_layers(&found, &mut names);

    let nodes = Nodes {
        names: &names,
        folders: found.iter().map(|f| f.folder.as_str()).collect(),
        envs: &envs,
        reads: reads(&roots, &applied, found.len()),
    };
    let mut edges = Edges::new(&nodes);
    edges.states(&reader, &nodes, &roots);
    for (i, root) in roots.iter().enumerate() {
        edges.files(tree, &nodes, i, &root.writes);
    }
    edges.flux(&nodes, roots.len(), &applied);

    let entries = Entries {
        engines,
        tree,
        all: &all,
        stack: &stack,
        envs: &envs,
        names: &names,
        inside: &inside,
    };
    Some(entries.proposal(asked, &found, &edges, survey))
}

/// What each reads besides its own folder.
fn reads(
    roots: &[terraform::Root],
    applied: &[kubernetes::Applied],
    count: usize,
) -> Vec<Vec<String>> {
    let of_roots = roots.iter().map(|r| {
        r.module
            .files
            .iter()
            .chain(&r.module.modules)
            .cloned()
            .collect()
    });
    let mut out: Vec<Vec<String>> = of_roots
        .chain(applied.iter().map(|a| a.reads.clone()))
        .collect();
    out.resize(count, Vec::new());
    out
}

/// Names of the files in `environments/`: each is an environment, whoever wrote it.
fn there(tree: &dyn Tree) -> BTreeSet<String> {
    let files = tree.below("environments").iter();
    files
        .filter_map(|f| environment_of(&f.path))
        .filter(|n| !n.starts_with('_') && name_problem(n).is_none())
        .map(str::to_owned)
        .collect()
}

/// The environment that a file describes by its place.
fn environment_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("environments/")?;
    let name = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))?;
    (!name.contains('/')).then_some(name)
}

/// Layers that folders in `layers/` make.
fn taken_layers(tree: &dyn Tree) -> BTreeSet<String> {
    let parts = tree
        .below("layers")
        .iter()
        .map(|f| f.path.split('/').collect::<Vec<_>>());
    parts
        .filter(|p| p.len() > 3 && !p[1].starts_with('_') && !p[2].starts_with('_'))
        .map(|p| p[1].to_owned())
        .collect()
}

/// Folders `layers/LAYER/NAME` are components of that name already: the layer of each such.
fn in_layers(found: &[Found], names: &mut [String]) -> BTreeMap<usize, String> {
    let mut out = BTreeMap::new();
    for (i, f) in found.iter().enumerate() {
        let parts: Vec<&str> = f.folder.split('/').collect();
        if let ["layers", layer, name] = parts.as_slice()
            && !layer.starts_with('_')
            && !name.starts_with('_')
            && !names.iter().enumerate().any(|(j, n)| j != i && n == name)
        {
            (*name).clone_into(&mut names[i]);
            out.insert(i, (*layer).to_owned());
        }
    }
    out
}

struct Entries<'a> {
    engines: &'a [Arc<dyn DynEngine>],
    tree: &'a dyn Tree,
    all: &'a All,
    stack: &'a Stack,
    envs: &'a [Vec<String>],
    names: &'a [String],
    inside: &'a BTreeMap<usize, String>,
}

impl Entries<'_> {
    fn proposal(
        &self,
        asked: Asked<'_>,
        found: &[Found],
        edges: &Edges,
        survey: Survey,
    ) -> Proposal {
        let mut environments: BTreeMap<String, Environment> = BTreeMap::new();
        for name in self.all.names() {
            let environment = Environment {
                name: name.clone(),
                shared: self.all.shared.contains(name),
                components: BTreeMap::new(),
            };
            environments.insert(name.clone(), environment);
        }
        let mut components = Vec::new();
        for (i, f) in found.iter().enumerate() {
            let (after, after_in) = self.common(i, &edges.of[i]);
            for env in &self.envs[i] {
                let options = f.options_in.get(env).cloned().unwrap_or_default();
                let after = after_in.get(env).cloned().unwrap_or_default();
                if options.is_empty() && after.is_empty() {
                    continue;
                }
                let over = Override {
                    block: f.engine,
                    options,
                    after,
                };
                if let Some(environment) = environments.get_mut(env) {
                    environment.components.insert(self.names[i].clone(), over);
                }
            }
            components.push(self.component(i, f, after, &edges.look[i]));
        }
        let position = |c: &Component| self.stack.order.iter().position(|l| *l == c.layer);
        components.sort_by(|a, b| (position(a), &a.name).cmp(&(position(b), &b.name)));
        let notes = self.notes(found);
        let mut skipped = survey.skipped;
        skipped.sort();
        Proposal {
            platform: asked.name.to_owned(),
            layers: self.stack.yaml.clone(),
            said_layers: self.stack.said.clone(),
            why_layers: self.stack.why.clone(),
            components,
            environments: environments.into_values().collect(),
            named: self.all.named,
            skipped,
            notes,
        }
    }

    /// Edges that are the same in every environment, and those that are not.
    fn common(
        &self,
        i: usize,
        edges: &BTreeMap<String, BTreeSet<Edge>>,
    ) -> (BTreeSet<Edge>, BTreeMap<String, BTreeSet<Edge>>) {
        let none = BTreeSet::new();
        let mut each = self.envs[i].iter().map(|e| edges.get(e).unwrap_or(&none));
        let first = each.next().unwrap_or(&none);
        if each.all(|other| other == first) {
            (first.clone(), BTreeMap::new())
        } else {
            (BTreeSet::new(), edges.clone())
        }
    }

    fn component(&self, i: usize, f: &Found, after: BTreeSet<Edge>, look: &[String]) -> Component {
        let fits: Vec<&str> = self
            .engines
            .iter()
            .filter(|e| e.recognise(self.tree, &f.folder).is_some())
            .map(|e| e.name())
            .collect();
        let (layer, about_layer) = self.stack.of[i].clone();
        let own = self.inside.get(&i);
        let mut all_look: Vec<String> = about_layer.into_iter().collect();
        all_look.extend(f.look.iter().chain(look).cloned());
        let path = match f.folder.as_str() {
            "" => ".",
            folder => folder,
        };
        Component {
            name: self.names[i].clone(),
            path: own.is_none().then(|| path.to_owned()),
            what: f.what.clone(),
            layer: own.cloned().unwrap_or(layer),
            why_layer: f.guess.why.clone(),
            engine: (fits != [f.engine]).then_some(f.engine),
            environments: (!self.all.is_usual(&self.envs[i])).then(|| self.envs[i].clone()),
            block: f.engine,
            options: f.options.clone(),
            inputs: f.inputs.clone(),
            after,
            reads: f.reads.clone(),
            look: all_look,
        }
    }

    /// Files that strata reads by their place and that were there before.
    fn notes(&self, found: &[Found]) -> Vec<String> {
        let mut out = Vec::new();
        let grunt = |f: &&TreeFile| f.path.ends_with("terragrunt.hcl");
        if let Some(file) = self.tree.files().iter().find(grunt) {
            let path = &file.path;
            out.push(format!(
                "{path}: strata does not read the files of Terragrunt"
            ));
        }
        for file in self.tree.below("environments") {
            if environment_of(&file.path).is_some() {
                let path = &file.path;
                out.push(format!(
                    "{path} is kept as it is: strata reads it as an environment"
                ));
            }
        }
        let contract = |f: &TreeFile| {
            let name = &f.path["contracts/".len()..];
            !name.contains('/') && (name.ends_with(".yaml") || name.ends_with(".yml"))
        };
        if self.tree.below("contracts").iter().any(contract) {
            out.push(
                "contracts/*.yaml are kept as they are: strata reads them as contracts".to_owned(),
            );
        }
        let mut strangers: BTreeSet<String> = BTreeSet::new();
        for file in self.tree.below("layers") {
            let parts: Vec<&str> = file.path.splitn(4, '/').collect();
            if let [_, layer, name, _] = parts.as_slice()
                && !layer.starts_with('_')
                && !name.starts_with('_')
            {
                let folder = format!("layers/{layer}/{name}");
                if !found.iter().any(|f| f.folder == folder) {
                    strangers.insert(folder);
                }
            }
        }
        out.extend(
            strangers
                .iter()
                .map(|f| format!("{f} is a component by its place, and no engine knows it")),
        );
        out
    }
}
