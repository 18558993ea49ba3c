//! Finds and reads the files of a platform: `strata.yaml`, environments, contracts, and every component's folder.
use crate::{
    decode::{Problems, text},
    document::{Contract, EnvironmentFile, Platform, platform::unknown_layer},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::{Diagnostic, Severity, suggest},
    engine::DynEngine,
    name::{RESERVED, name_problem},
    span::Location,
    tree::Tree,
};
use strata_syntax::{
    kept,
    node::{Kind, Node, merge},
};

/// Engines, in the order in which they are registered.
pub type Engines = [Arc<dyn DynEngine>];

/// A component as the files describe it, before environments override it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Its folder.
    pub folder: String,
    /// Position of its layer.
    pub layer: usize,
    /// Position of its engine.
    pub engine: usize,
    /// Defaults, `strata.yaml` and `component.yaml`, merged.
    pub node: Option<Node>,
    /// Where it is described best.
    pub at: Location,
}

/// A platform as its files have it.
pub struct Loaded {
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// `strata.yaml`.
    pub platform: Platform,
    /// Environments by name; names that begin with `_` are bases only.
    pub environments: BTreeMap<String, EnvironmentFile>,
    /// Contracts by name.
    pub contracts: BTreeMap<String, Contract>,
    /// Components by name.
    pub components: BTreeMap<Arc<str>, Arc<Source>>,
}

/// Name of the file that makes a folder a platform.
pub const ROOT_FILE: &str = "strata.yaml";
/// Name of the file that says what a tool cannot.
pub const COMPONENT_FILE: &str = "component.yaml";

/// Reads a platform.
pub fn load(tree: Arc<dyn Tree>, engines: &Engines) -> (Loaded, Problems) {
    let mut problems = Problems::new();
    let root = parse(tree.as_ref(), ROOT_FILE, &mut problems);
    if tree.file(ROOT_FILE).is_none() {
        problems.push(
            Diagnostic::error("platform::missing", "there is no `strata.yaml` here")
                .help("run `strata init`, or name the folder with `-C DIR`"),
        );
    }
    let platform = Platform::decode(root.as_ref(), Location::file(ROOT_FILE), &mut problems);
    let environments = environments(tree.as_ref(), &mut problems);
    let contracts = contracts(tree.as_ref(), &mut problems);
    let components = components(tree.as_ref(), &platform, engines, &mut problems);
    unusable(tree.as_ref(), &components, &mut problems);
    (
        Loaded {
            tree,
            platform,
            environments,
            contracts,
            components,
        },
        problems,
    )
}

/// What lies in a folder that matters and cannot be part of the platform: a tool that wants it will miss it.
fn unusable(
    tree: &dyn Tree,
    components: &BTreeMap<Arc<str>, Arc<Source>>,
    problems: &mut Problems,
) {
    for problem in tree.problems() {
        let Some(at) = &problem.at else { continue };
        let below = |folder: &str| {
            let rest = at.file.strip_prefix(folder);
            !folder.is_empty() && rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        let ours = ["layers", "environments", "contracts", "policy"];
        if ours.into_iter().any(below) || components.values().any(|c| below(&c.folder)) {
            problems.push(Diagnostic {
                severity: Severity::Warning,
                ..problem.clone()
            });
        }
    }
}

fn parse(tree: &dyn Tree, path: &str, problems: &mut Problems) -> Option<Node> {
    tree.file(path)?;
    match kept::yaml(tree, path) {
        Ok((node, found)) => {
            problems.extend(found);
            node
        }
        Err(e) => {
            problems.push(
                Diagnostic::error("file::unreadable", e.to_string()).at(Location::file(path)),
            );
            None
        }
    }
}

/// Files directly in a folder that end with `.yaml` or `.yml`: name without the ending, path.
fn yaml_files<'a>(tree: &'a dyn Tree, folder: &str) -> Vec<(&'a str, &'a str)> {
    let prefix = folder.len() + 1;
    tree.below(folder)
        .iter()
        .filter_map(|f| {
            let rest = &f.path[prefix..];
            let name = rest
                .strip_suffix(".yaml")
                .or_else(|| rest.strip_suffix(".yml"))?;
            (!name.contains('/')).then_some((name, f.path.as_ref()))
        })
        .collect()
}

fn environments(tree: &dyn Tree, problems: &mut Problems) -> BTreeMap<String, EnvironmentFile> {
    let mut out = BTreeMap::new();
    for (name, path) in yaml_files(tree, "environments") {
        let at = Location::file(path);
        if let Some(why) = name_problem(name) {
            problems.push(
                Diagnostic::error("environment::name", why)
                    .at(at.clone())
                    .help("rename the file"),
            );
            continue;
        }
        let node = parse(tree, path, problems);
        out.insert(
            name.to_owned(),
            EnvironmentFile::decode(name, node, at, problems),
        );
    }
    out
}

fn contracts(tree: &dyn Tree, problems: &mut Problems) -> BTreeMap<String, Contract> {
    let mut out = BTreeMap::new();
    for (name, path) in yaml_files(tree, "contracts") {
        if let Some(why) = name_problem(name) {
            problems.push(
                Diagnostic::error("contract::name", why)
                    .at(Location::file(path))
                    .help("rename the file"),
            );
            continue;
        }
        let node = parse(tree, path, problems);
        out.insert(
            name.to_owned(),
            Contract::decode(name, node.as_ref(), Location::file(path), problems),
        );
    }
    out
}

/// A folder that is a component, before its description is read.
struct Found<'a> {
    name: &'a str,
    folder: String,
    layer: Option<String>,
    entry: Option<&'a Node>,
    at: Location,
}

fn components(
    tree: &dyn Tree,
    platform: &Platform,
    engines: &Engines,
    problems: &mut Problems,
) -> BTreeMap<Arc<str>, Arc<Source>> {
    let mut out: BTreeMap<Arc<str>, Arc<Source>> = BTreeMap::new();
    let mut found = in_layers(tree);
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for (name, at, node) in &platform.components {
        let folder = field(node, "path")
            .and_then(text)
            .map(|p| p.trim_end_matches('/').to_owned());
        let layer = field(node, "layer").and_then(text);
        listed.insert(name);
        // an entry without a path describes a component of the `layers` folder further
        if let Some(known) = found
            .iter_mut()
            .find(|f| f.name == name.as_str() && folder.is_none())
        {
            known.entry = Some(node);
            known.layer = layer.or_else(|| known.layer.take());
            continue;
        }
        let folder = match folder.map(|f| (strata_core::tree::join("", &f), f)) {
            Some((Some(folder), _)) => folder,
            Some((None, written)) => {
                problems.push(
                    Diagnostic::error(
                        "component::outside",
                        format!("`{written}` is outside of the platform's folder"),
                    )
                    .at(field(node, "path").expect("just read").location()),
                );
                continue;
            }
            None => String::new(),
        };
        found.push(Found {
            name,
            folder,
            layer,
            entry: Some(node),
            at: at.clone(),
        });
    }
    for f in found {
        let Some(source) = describe(tree, platform, engines, &f, problems) else {
            continue;
        };
        if let Some(other) = out.get(f.name) {
            problems.push(
                Diagnostic::error(
                    "component::twice",
                    format!("there are two components `{}`", f.name),
                )
                .at(source.at)
                .related(other.at.clone(), "the other one")
                .help("names are unique in a platform; rename one of the two folders"),
            );
            continue;
        }
        out.insert(source.name.clone(), Arc::new(source));
    }
    out
}

/// Folders `layers/LAYER/NAME`; names that begin with `_` are not components.
fn in_layers(tree: &dyn Tree) -> Vec<Found<'_>> {
    let mut out: Vec<Found<'_>> = Vec::new();
    for file in tree.below("layers") {
        let mut parts = file.path.splitn(4, '/').skip(1);
        let (Some(layer), Some(name), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if layer.starts_with('_') || name.starts_with('_') {
            continue;
        }
        let folder = &file.path[..7 + layer.len() + 1 + name.len()];
        if out.last().is_some_and(|f| f.folder == folder) {
            continue;
        }
        out.push(Found {
            name,
            folder: folder.to_owned(),
            layer: Some(layer.to_owned()),
            entry: None,
            at: Location::file(file.path.as_ref()),
        });
    }
    out
}

fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.kind {
        Kind::Map(map) => map.get(key),
        _ => None,
    }
}

fn describe(
    tree: &dyn Tree,
    platform: &Platform,
    engines: &Engines,
    found: &Found<'_>,
    problems: &mut Problems,
) -> Option<Source> {
    let name = found.name;
    if let Some(why) = name_problem(name) {
        problems.push(
            Diagnostic::error("component::name", why)
                .at(found.at.clone())
                .help("rename the folder"),
        );
        return None;
    }
    if RESERVED.contains(&name) {
        problems.push(
            Diagnostic::error(
                "component::reserved",
                format!("`{name}` is a word of expressions"),
            )
            .at(found.at.clone())
            .help("give the component another name"),
        );
        return None;
    }
    let file = if found.folder.is_empty() {
        String::new()
    } else {
        format!("{}/{COMPONENT_FILE}", found.folder)
    };
    let own = parse(tree, &file, problems);
    let mut node = match (found.entry, own) {
        (Some(entry), Some(own)) => Some(merge(entry, &own)),
        (Some(entry), None) => Some(entry.clone()),
        (None, own) => own,
    };
    let at = node
        .as_ref()
        .map_or_else(|| found.at.clone(), Node::location);
    let layer_at = node.as_ref().and_then(|n| field(n, "layer"));
    let layer_name = layer_at.and_then(text).or_else(|| found.layer.clone());
    let Some(layer_name) = layer_name else {
        problems.push(
            Diagnostic::error(
                "component::no-layer",
                format!("component `{name}` has no layer"),
            )
            .at(at)
            .help("add `layer: NAME`"),
        );
        return None;
    };
    let Some(layer) = platform.layer(&layer_name) else {
        let at = layer_at.map_or(at, Node::location);
        problems.push(unknown_layer(&layer_name, at, &platform.layers));
        return None;
    };
    let explicit = node.as_ref().and_then(|n| field(n, "engine"));
    let engine = engine_of(tree, engines, found, explicit, &at, problems)?;
    if tree.below(&found.folder).is_empty() && engines[engine].name() != "hand-off" {
        problems.push(
            Diagnostic::error(
                "component::missing-folder",
                format!(
                    "the folder `{}` of `{name}` is missing or empty",
                    found.folder
                ),
            )
            .at(at)
            .help("correct `path:`, or make the folder"),
        );
        return None;
    }
    let engine_name = engines[engine].name();
    let mut base: Option<Node> = None;
    for rule in &platform.defaults {
        let fits = |names: &Option<Vec<String>>, own: &str| {
            names.as_ref().is_none_or(|l| l.iter().any(|n| n == own))
        };
        if fits(&rule.layers, &layer_name) && fits(&rule.engines, engine_name) {
            base = Some(base.map_or_else(|| rule.node.clone(), |b| merge(&b, &rule.node)));
        }
    }
    if let Some(base) = base {
        node = Some(node.map_or_else(|| base.clone(), |n| merge(&base, &n)));
    }
    Some(Source {
        name: name.into(),
        folder: found.folder.clone(),
        layer,
        engine,
        node,
        at,
    })
}

fn engine_of(
    tree: &dyn Tree,
    engines: &Engines,
    found: &Found<'_>,
    explicit: Option<&Node>,
    at: &Location,
    problems: &mut Problems,
) -> Option<usize> {
    let names = || engines.iter().map(|e| e.name()).filter(|n| *n != "verify");
    if let Some(node) = explicit {
        let word = text(node).unwrap_or_default();
        let position = engines
            .iter()
            .position(|e| e.name() == word && word != "verify");
        if position.is_none() {
            problems.push(
                Diagnostic::error(
                    "component::unknown-engine",
                    format!("there is no engine `{word}`"),
                )
                .at(node.location())
                .help(suggest(&word, names()).unwrap_or_else(|| {
                    format!("engines are: {}", names().collect::<Vec<_>>().join(", "))
                })),
            );
        }
        return position;
    }
    let fits: Vec<(usize, &str)> = engines
        .iter()
        .enumerate()
        .filter_map(|(i, e)| e.recognise(tree, &found.folder).map(|file| (i, file)))
        .collect();
    match fits.as_slice() {
        [(i, _)] => Some(*i),
        [] => {
            problems.push(
                Diagnostic::error(
                    "component::no-engine",
                    format!("no engine fits the folder `{}`", found.folder),
                )
                .at(at.clone())
                .help(format!(
                    "add `engine: NAME` to `{}/{COMPONENT_FILE}`; engines are: {}",
                    found.folder,
                    names().collect::<Vec<_>>().join(", ")
                )),
            );
            None
        }
        several => {
            let list: Vec<String> = several
                .iter()
                .map(|(i, file)| format!("{} (`{file}`)", engines[*i].name()))
                .collect();
            problems.push(
                Diagnostic::error(
                    "component::two-engines",
                    format!("the folder `{}` fits {}", found.folder, list.join(" and ")),
                )
                .at(at.clone())
                .help(format!(
                    "add `engine: {}` to `{}/{COMPONENT_FILE}`",
                    engines[several[0].0].name(),
                    found.folder
                )),
            );
            None
        }
    }
}
