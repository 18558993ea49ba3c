//! What is taken from elsewhere, below an environment: its files, the order of what it deploys, its masks.
use super::{Gathered, Import, Origins, Picked, Source};
use crate::{
    Settings,
    layout::{self, CONFIG, USUAL},
    merge::{Composed, Layer, compose},
    overlay::Overlay,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};
use strata_ops::imports::mount::Mounted;
use strata_syntax::node::Node;

/// What an environment has from elsewhere besides files.
#[derive(Default)]
pub struct Inherited {
    /// Folder, plugin, where that is said; none where the usual order counts.
    pub deployments: Option<Vec<(String, String, Location)>>,
    /// Charts in the order of the layers that bring them first.
    pub charts: Vec<String>,
    /// Masks of logs.
    pub masks: Vec<Node>,
}

/// The files of a repo with what it takes from elsewhere.
pub struct Joined {
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// Of files that are not plainly ours: their layers.
    pub origins: Origins,
    /// The rest, by environment.
    pub inherited: BTreeMap<String, Inherited>,
}

type Made = BTreeMap<String, (Vec<u8>, bool)>;

/// Joins. `own` has its own defaults in it.
pub fn join(
    own: &Arc<dyn Tree>,
    gathered: &Gathered,
    settings: &Settings,
    problems: &mut Vec<Diagnostic>,
) -> Joined {
    let mut made = Made::new();
    let mut origins = Origins::new();
    let mut inherited = BTreeMap::new();
    for (env, imports) in &gathered.imports {
        environment(own, env, imports, gathered, settings, &mut made, &mut origins, problems);
        inherited.insert(env.clone(), inherit(own.as_ref(), env, imports));
    }
    roots(own, gathered, settings, &mut made, &mut origins, problems);
    let base: Arc<dyn Tree> = if gathered.mounts.is_empty() {
        own.clone()
    } else {
        Arc::new(Mounted::new(own.clone(), gathered.mounts.clone()))
    };
    Joined {
        tree: if made.is_empty() {
            base
        } else {
            Arc::new(Overlay::new(base, made))
        },
        origins,
        inherited,
    }
}

fn environment(
    own: &Arc<dyn Tree>,
    env: &str,
    imports: &[Import],
    gathered: &Gathered,
    settings: &Settings,
    made: &mut Made,
    origins: &mut Origins,
    problems: &mut Vec<Diagnostic>,
) {
    let default = settings.default_folder();
    // our defaults of charts that only others bring, and values of them that lie between theirs and ours
    let theirs = |path: &str| {
        let chart = path.strip_prefix("helm/").and_then(|r| r.split_once('/'));
        chart.is_some_and(|(chart, _)| {
            let folder = format!("helm/{chart}");
            let brings = |i: &Import| !i.layer.tree.below(&folder).is_empty();
            imports.iter().any(brings)
        })
    };
    let mut layers: Vec<Layer> = imports.iter().map(|i| i.layer.clone()).collect();
    layers.push(Layer {
        name: default.to_owned(),
        tree: Arc::new(Picked::new(own.clone(), default, &theirs)),
        folder: default.to_owned(),
        foreign: false,
    });
    layers.push(Layer {
        name: env.to_owned(),
        tree: own.clone(),
        folder: env.to_owned(),
        foreign: false,
    });
    let at = Location::file(format!("{env}/{CONFIG}"));
    let composed = match compose(&layers) {
        Ok(composed) => composed,
        Err(e) => {
            problems.push(Diagnostic::error("file::unreadable", e.to_string()).at(at));
            return;
        }
    };
    conflicts(&composed, env, &at, &gathered.sources, problems);
    put(&composed, env, env, imports, made, origins);
}

/// Takes over what is not plainly ours.
fn put(
    composed: &Composed,
    folder: &str,
    own: &str,
    imports: &[Import],
    made: &mut Made,
    origins: &mut Origins,
) {
    let deep = self::origins(composed, imports);
    for (path, file) in &composed.files {
        if file.plain && file.origin == [own.to_owned()] {
            continue;
        }
        let at = format!("{folder}/{path}");
        origins.insert(at.clone(), deep.get(path).cloned().unwrap_or_default());
        made.insert(at, (file.bytes.to_vec(), file.executable));
    }
}

/// Folders of the root that begin with `_`: scripts and modules that files of an environment name.
fn roots(
    own: &Arc<dyn Tree>,
    gathered: &Gathered,
    settings: &Settings,
    made: &mut Made,
    origins: &mut Origins,
    problems: &mut Vec<Diagnostic>,
) {
    let mut seen = BTreeSet::new();
    let states: Vec<&Layer> = gathered
        .roots
        .iter()
        .filter(|(key, _)| seen.insert(key))
        .map(|(_, layer)| layer)
        .collect();
    let of = |layer: &Layer| -> Vec<String> {
        let all = layout::folders(layer.tree.as_ref(), &layer.folder);
        let shared = |f: &&str| f.starts_with('_') && *f != settings.default_folder();
        all.into_iter().filter(shared).map(str::to_owned).collect()
    };
    let names: BTreeSet<String> = states.iter().flat_map(|l| of(l)).collect();
    for name in names {
        let mut layers: Vec<Layer> = states
            .iter()
            .map(|l| Layer {
                folder: format!("{}/{name}", l.folder),
                ..(*l).clone()
            })
            .collect();
        layers.push(Layer {
            name: "local".to_owned(),
            tree: own.clone(),
            folder: name.clone(),
            foreign: false,
        });
        let Ok(mut composed) = compose(&layers) else {
            continue;
        };
        for conflict in &mut composed.conflicts {
            conflict.path = format!("{name}/{}", conflict.path);
        }
        let at = gathered.sources.first().map(|s| s.at.clone());
        let at = at.unwrap_or_else(|| Location::file(name.as_str()));
        conflicts(&composed, "", &at, &gathered.sources, problems);
        put(&composed, &name, "local", &[], made, origins);
    }
}

/// Says what cannot be folded, with both origins. `env`: the environment of ours; empty for any.
pub(super) fn conflicts(
    composed: &Composed,
    env: &str,
    at: &Location,
    sources: &[Source],
    problems: &mut Vec<Diagnostic>,
) {
    for conflict in &composed.conflicts {
        let source = |layer: &str| {
            let named = |s: &&Source| s.name == layer && (env.is_empty() || s.env == env);
            sources.iter().find(named)
        };
        let shown = |layer: &str| source(layer).map_or_else(|| format!("`{layer}`"), Source::shown);
        let (lower, upper) = (&conflict.layers.0, &conflict.layers.1);
        let message = format!(
            "`{}` of {} and of {} cannot be one: {}",
            conflict.path,
            shown(lower),
            shown(upper),
            conflict.why
        );
        let place = source(upper).or_else(|| source(lower)).map_or(at, |s| &s.at);
        let mut problem = Diagnostic::error("bitops::conflict", message).at(place.clone());
        if let (Some(lower), Some(_)) = (source(lower), source(upper)) {
            problem = problem.related(lower.at.clone(), "the other one");
        }
        problems.push(problem.help(
            "leave it out of one of them: `exclude: [PATH]`; of files that are no Terraform a file of yours at this path counts",
        ));
    }
}

/// The layers of each file, down to those of imports.
pub(super) fn origins(composed: &Composed, below: &[Import]) -> Origins {
    let deep = |path: &str, layer: &String| -> Vec<String> {
        let import = below.iter().find(|i| i.layer.name == *layer);
        let found = import.and_then(|i| i.origins.get(path)).cloned();
        found.unwrap_or_else(|| vec![layer.clone()])
    };
    let all = composed.files.iter();
    all.map(|(path, file)| {
        let layers = file.origin.iter().flat_map(|l| deep(path, l));
        (path.clone(), layers.collect())
    })
    .collect()
}

/// What an imported environment deploys: its own list, else those of what it imports.
pub(super) fn listed(
    said: Option<&Node>,
    below: &[Import],
) -> Option<Vec<(String, String, Location)>> {
    let own = said.and_then(|s| s.get("deployments")).and_then(Node::as_map);
    if let Some(map) = own {
        let entry = |e: &strata_syntax::node::Entry| {
            let plugin = e.value.get("plugin").and_then(Node::as_str)?;
            let at = Location::new(e.value.origin.clone(), e.key_span);
            Some((e.key.clone(), plugin.to_owned(), at))
        };
        return Some(map.entries.iter().filter_map(entry).collect());
    }
    concatenated(below)
}

/// The lists one after the other; of two that name one folder the first says its place. An import that lists nothing
/// has its folders in the usual order. None when no import lists anything.
fn concatenated(imports: &[Import]) -> Option<Vec<(String, String, Location)>> {
    imports.iter().find(|i| i.deployments.is_some())?;
    let mut out: Vec<(String, String, Location)> = Vec::new();
    for import in imports {
        let list = import.deployments.clone().unwrap_or_else(|| {
            let tree = import.layer.tree.as_ref();
            usual(tree, "")
        });
        for entry in list {
            if !out.iter().any(|(key, _, _)| *key == entry.0) {
                out.push(entry);
            }
        }
    }
    Some(out)
}

fn usual(tree: &dyn Tree, folder: &str) -> Vec<(String, String, Location)> {
    let here = layout::folders(tree, folder);
    let there = USUAL.iter().filter(|t| here.contains(t));
    there
        .map(|t| {
            let at = Location::file(format!("{folder}/{t}").trim_start_matches('/').to_owned());
            ((*t).to_owned(), (*t).to_owned(), at)
        })
        .collect()
}

fn inherit(own: &dyn Tree, env: &str, imports: &[Import]) -> Inherited {
    let mut deployments = concatenated(imports);
    if let Some(list) = &mut deployments {
        for entry in usual(own, env) {
            if !list.iter().any(|(key, _, _)| *key == entry.0) {
                list.push(entry);
            }
        }
    }
    let mut charts: Vec<String> = Vec::new();
    for import in imports {
        for chart in layout::folders(import.layer.tree.as_ref(), "helm") {
            if !charts.iter().any(|c| c == chart) {
                charts.push(chart.to_owned());
            }
        }
    }
    Inherited {
        deployments,
        charts,
        masks: imports.iter().flat_map(|i| i.masks.clone()).collect(),
    }
}
