//! Finds the components: folders of `layers` and entries of `strata.yaml`, each with its layer and its engine.
mod elsewhere;
mod folders;
mod own;

use super::{
    COMPONENT_FILE, Engines, Loaded, Parsed, ROOT_FILE, Source, misnamed, parse,
    platform::{engine_names, unknown_engine},
    twin_of,
};
use crate::{
    decode::{Problems, expected, text},
    document::{Platform, platform::unknown_layer},
    imports::catalog::Catalog,
};
use std::{collections::BTreeSet, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    name::{RESERVED, name_problem},
    span::Location,
    tree::Tree,
};
use strata_syntax::node::{Kind, Node, merge};

/// A folder that is a component, before its description is read.
struct Found<'a> {
    name: &'a str,
    folder: String,
    layer: Option<String>,
    entry: Option<&'a Node>,
    /// Does only one environment have it?
    own: bool,
    at: Location,
}

/// Finds and describes all.
pub(super) fn find(
    loaded: &mut Loaded,
    engines: &Engines,
    catalog: &mut Catalog<'_>,
    problems: &mut Problems,
) {
    let tree = loaded.tree.clone();
    let platform = loaded.platform.clone();
    let base = loaded.base.clone();
    let mut finder = Finder {
        tree: &tree,
        base: &base,
        platform: &platform,
        engines,
        catalog,
        strangers: BTreeSet::new(),
    };
    let all = finder.all(loaded, problems);
    for found in &all {
        let Some(source) = finder.describe(found, None, problems) else {
            loaded.broken.insert(found.name.to_owned());
            continue;
        };
        if let Some(other) = loaded.components.get(found.name) {
            problems.push(
                Diagnostic::error(
                    "component::twice",
                    format!("there are two components `{}`", found.name),
                )
                .at(source.at)
                .related(other.at.clone(), "the other one")
                .help("names are unique in a platform; rename one of the two folders"),
            );
            continue;
        }
        loaded
            .components
            .insert(source.name.clone(), Arc::new(source));
    }
    own::find(loaded, &mut finder, problems);
    elsewhere::find(loaded, &mut finder, &all, problems);
}

fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.kind {
        Kind::Map(map) => map.get(key),
        _ => None,
    }
}

struct Finder<'a, 'l> {
    tree: &'a Arc<dyn Tree>,
    /// The folder that paths begin at: empty, or with its `/`.
    base: &'a str,
    platform: &'a Platform,
    engines: &'a Engines,
    /// Files of components that come from elsewhere.
    catalog: &'a mut Catalog<'l>,
    /// Folders of `layers` that are no layer: said once.
    strangers: BTreeSet<String>,
}

impl<'a> Finder<'a, '_> {
    fn all(&self, loaded: &mut Loaded, problems: &mut Problems) -> Vec<Found<'a>> {
        let mut found = folders::in_layers(self.tree.as_ref(), self.base);
        let inside: Vec<&str> = found.iter().map(|f| f.name).collect();
        for (name, at, node) in &self.platform.components {
            let path = field(node, "path").filter(|n| !n.is_null());
            let layer = field(node, "layer").and_then(text);
            let written = path.and_then(text);
            // an entry without a path describes a component of the `layers` folder further
            if written.is_none()
                && let Some(known) = found.iter_mut().find(|f| f.name == name.as_str())
            {
                known.entry = Some(node);
                known.layer = layer.or_else(|| known.layer.take());
                continue;
            }
            let wrong = match written.map(|w| (place_of(self.base, &w), w)) {
                Some((Some(folder), _)) => {
                    found.push(Found {
                        name,
                        folder,
                        layer,
                        entry: Some(node),
                        own: false,
                        at: at.clone(),
                    });
                    continue;
                }
                Some((None, written)) => Diagnostic::error(
                    "component::outside",
                    format!("`{written}` is outside of the platform's folder"),
                )
                .at_opt(path.map(Node::location))
                .help("paths are relative to the folder of `strata.yaml`"),
                // people need no folder, and what comes from elsewhere has one there
                None if field(node, "source").is_some_and(|n| !n.is_null())
                    || field(node, "engine").and_then(Node::as_str) == Some("hand-off") =>
                {
                    found.push(Found {
                        name,
                        folder: String::new(),
                        layer,
                        entry: Some(node),
                        own: false,
                        at: at.clone(),
                    });
                    continue;
                }
                None => Diagnostic::error(
                    "component::no-path",
                    format!("there is no component `{name}` in `layers/`"),
                )
                .at(at.clone())
                .help(suggest(name, inside.iter().copied()).unwrap_or_else(|| {
                    "name its folder with `path:`, or make it in `layers/LAYER/`".to_owned()
                })),
            };
            problems.push(wrong);
            loaded.broken.insert(name.clone());
        }
        found
    }

    /// A component; with what one environment says of it, as that environment has it.
    fn describe(
        &mut self,
        found: &Found<'_>,
        over: Option<(&str, &Node)>,
        problems: &mut Problems,
    ) -> Option<Source> {
        let name = found.name;
        let why = if found.own {
            name.split('/').find_map(name_problem)
        } else {
            name_problem(name)
        };
        if let Some(why) = why {
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
        let Parsed::Node(own) = parse(self.tree.as_ref(), &file, problems) else {
            return None;
        };
        if own.is_some() {
            problems.extend(twin_of(self.tree.as_ref(), &file));
        } else if let Some(problem) = misnamed(self.tree.as_ref(), &file) {
            problems.push(problem);
            return None;
        }
        let at = match &own {
            Some(_) => Location::file(file.as_str()),
            None => found.at.clone(),
        };
        if let Some(at) = own.as_ref().and_then(|n| n.key_location("path")) {
            problems.push(
                Diagnostic::error(
                    "component::misplaced-key",
                    "`path` cannot stand in `component.yaml`",
                )
                .at(at)
                .help(format!(
                    "write it in `strata.yaml`, under `components: {{{name}: …}}`"
                )),
            );
        }
        let node = match (found.entry, own) {
            (Some(entry), Some(own)) => Some(merge(entry, &own)),
            (Some(entry), None) => Some(entry.clone()),
            (None, own) => own,
        };
        let (layer, layer_name) = self.layer_of(found, node.as_ref(), &at, problems)?;
        let place = self.place(found, node.as_ref(), over, problems).ok()?;
        let explicit = node.as_ref().and_then(|n| field(n, "engine"));
        let theirs = place.as_ref().and_then(|p| p.below.as_ref()?.get("engine"));
        let (tree, folder) = match &place {
            Some(place) => (&place.files.tree, place.files.folder.as_str()),
            None => (self.tree, found.folder.as_str()),
        };
        let written = if file.is_empty() { ROOT_FILE } else { &file };
        let explicit = explicit.or(theirs);
        let engine = self.engine_of((tree.as_ref(), folder, written), explicit, &at, problems)?;
        if tree.below(folder).is_empty() && self.engines[engine].name() != "hand-off" {
            let path = node.as_ref().and_then(|n| field(n, "path"));
            problems.push(
                Diagnostic::error(
                    "component::missing-folder",
                    format!("the folder `{folder}` of `{name}` is missing or empty"),
                )
                .at(path.map_or(at, Node::location))
                .help("correct `path:`, or make the folder"),
            );
            return None;
        }
        let folder = folder.to_owned();
        let node = self.with_defaults(node, &layer_name, self.engines[engine].name());
        let (below, origin) = match place {
            Some(place) => (place.below, Some(Arc::new(place.files.origin))),
            None => (None, None),
        };
        Some(Source {
            name: name.into(),
            folder,
            layer,
            engine,
            node: match (below, node) {
                (Some(below), Some(node)) => Some(merge(&below, &node)),
                (below, node) => node.or(below),
            },
            at,
            env: None,
            origin,
        })
    }

    fn layer_of(
        &mut self,
        found: &Found<'_>,
        node: Option<&Node>,
        at: &Location,
        problems: &mut Problems,
    ) -> Option<(usize, String)> {
        let written = node.and_then(|n| field(n, "layer"));
        let Some(name) = written.and_then(text).or_else(|| found.layer.clone()) else {
            problems.push(
                Diagnostic::error(
                    "component::no-layer",
                    format!("component `{}` has no layer", found.name),
                )
                .at(at.clone())
                .help("add `layer: NAME`"),
            );
            return None;
        };
        if let Some(layer) = self.platform.layer(&name) {
            return Some((layer, name));
        }
        // without layers it was said what is wrong with them
        let said = self.platform.layers.is_empty()
            || (written.is_none() && !self.strangers.insert(name.clone()));
        if !said {
            let at = written.map_or(at.clone(), Node::location);
            problems.push(unknown_layer(&name, at, &self.platform.layers));
        }
        None
    }

    fn with_defaults(&self, node: Option<Node>, layer: &str, engine: &str) -> Option<Node> {
        let mut base: Option<Node> = None;
        for rule in &self.platform.defaults {
            if rule.fits(layer, engine) {
                base = Some(base.map_or_else(|| rule.node.clone(), |b| merge(&b, &rule.node)));
            }
        }
        match (base, node) {
            (Some(base), Some(node)) => Some(merge(&base, &node)),
            (base, node) => base.or(node),
        }
    }

    fn engine_of(
        &self,
        (tree, folder, file): (&dyn Tree, &str, &str),
        explicit: Option<&Node>,
        at: &Location,
        problems: &mut Problems,
    ) -> Option<usize> {
        if let Some(node) = explicit {
            let Some(word) = text(node) else {
                problems.push(expected(node, "`engine` of a component", "a text"));
                return None;
            };
            let mut all = self.engines.iter();
            let position = all.position(|e| e.name() == word && word != "verify");
            if position.is_none() {
                problems.push(unknown_engine(&word, node.location(), self.engines));
            }
            return position;
        }
        let fits: Vec<(usize, &str)> = self
            .engines
            .iter()
            .enumerate()
            .filter_map(|(i, e)| e.recognise(tree, folder).map(|file| (i, file)))
            .collect();
        let folder = tree.shown(folder);
        let (code, message, help) = match fits.as_slice() {
            [(i, _)] => return Some(*i),
            [] => (
                "component::no-engine",
                format!("no engine fits the folder `{folder}`"),
                format!(
                    "add `engine: NAME` to `{file}`; engines are: {}",
                    engine_names(self.engines).collect::<Vec<_>>().join(", ")
                ),
            ),
            several => {
                let list: Vec<String> = several
                    .iter()
                    .map(|(i, file)| format!("{} (`{file}`)", self.engines[*i].name()))
                    .collect();
                (
                    "component::two-engines",
                    format!("the folder `{folder}` fits {}", list.join(" and ")),
                    format!(
                        "add `engine: {}` to `{file}`",
                        self.engines[several[0].0].name()
                    ),
                )
            }
        };
        problems.push(Diagnostic::error(code, message).at(at.clone()).help(help));
        None
    }
}

/// The folder of a path; `None` when it leaves the platform's.
fn place_of(base: &str, written: &str) -> Option<String> {
    let folder = strata_core::tree::join("", written.trim_end_matches('/'))?;
    Some(format!("{base}{folder}").trim_end_matches('/').to_owned())
}
