//! `strata.yaml`: the platform, its layers, defaults and components that lie elsewhere.
use crate::decode::{Fields, Problems, expected, text};
use std::collections::BTreeMap;
use strata_core::{diagnostic::Diagnostic, layer::Layer, name::name_problem, span::Location};
use strata_syntax::node::{Kind, Node};

pub use super::layers::unknown_layer;

/// Keys of `strata.yaml`.
pub const KEYS: &[&str] = &[
    "platform",
    "id",
    "layers",
    "layer-order",
    "store",
    "tools",
    "backend",
    "credentials",
    "defaults",
    "components",
    "external",
    "moved",
    "passthrough",
    "policy",
];

/// A layer with what its components get from it.
#[derive(Clone, Debug)]
pub struct PlatformLayer {
    /// The layer.
    pub layer: Layer,
    /// Environments of its components that name none.
    pub environments: Option<Vec<(String, Location)>>,
    /// Instances of its components that have none.
    pub instances: Option<Node>,
}

/// Which program an engine uses.
#[derive(Clone, Debug)]
pub struct ToolChoice {
    /// The program, when not the engine's own choice.
    pub program: Option<String>,
    /// The version it must have, as written.
    pub version: Option<(String, Location)>,
    /// Where it is chosen.
    pub at: Location,
}

impl Default for ToolChoice {
    fn default() -> Self {
        Self {
            program: None,
            version: None,
            at: Location::file(""),
        }
    }
}

/// Defaults for some components.
#[derive(Clone, Debug)]
pub struct DefaultRule {
    /// Only in these layers.
    pub layers: Option<Vec<(String, Location)>>,
    /// Only for these engines.
    pub engines: Option<Vec<(String, Location)>>,
    /// What they get.
    pub node: Node,
}

impl DefaultRule {
    /// Does it apply to components of this layer and engine?
    pub fn fits(&self, layer: &str, engine: &str) -> bool {
        let named = |names: &Option<Vec<(String, Location)>>, own: &str| {
            names
                .as_ref()
                .is_none_or(|l| l.iter().any(|(n, _)| n == own))
        };
        named(&self.layers, layer) && named(&self.engines, engine)
    }
}

/// `strata.yaml`.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Its name.
    pub name: String,
    /// Its id: the key in every store.
    pub id: String,
    /// Layers, lowest first.
    pub layers: Vec<PlatformLayer>,
    /// Do layers run strictly one after the other?
    pub strict: bool,
    /// Tools by engine.
    pub tools: BTreeMap<String, ToolChoice>,
    /// The backend of Terraform roots that have none.
    pub backend: Option<Node>,
    /// Defaults, in order.
    pub defaults: Vec<DefaultRule>,
    /// Components named here.
    pub components: Vec<(String, Location, Node)>,
    /// Variables that pass through to every tool.
    pub passthrough: Vec<String>,
    /// The file.
    pub at: Location,
}

impl Platform {
    /// Names of its layers, from the bottom.
    pub fn layer_names(&self) -> Vec<&str> {
        self.layers.iter().map(|l| l.layer.name.as_str()).collect()
    }
    /// From the file.
    pub fn decode(node: Option<&Node>, at: Location, problems: &mut Problems) -> Self {
        let f = Fields::of(node, "`strata.yaml`", KEYS, problems);
        for (key, why) in [
            (
                "credentials",
                "pass the variables that the tools read themselves, with `passthrough:` where needed",
            ),
            (
                "external",
                "record the values in an environment's `values:`",
            ),
            (
                "policy",
                "remove it: policies are the files `policy/*.rego`",
            ),
            (
                "store",
                "remove it: the store is in `.strata` beside `strata.yaml`",
            ),
            (
                "moved",
                "keep the old name, or `strata forget` the old unit and `strata adopt` the new one",
            ),
        ] {
            if let Some(n) = f.get(key) {
                problems.push(not_yet(n, key, why));
            }
        }
        let name = f.text("platform", problems).unwrap_or_else(|| {
            problems.push(
                Diagnostic::error(
                    "platform::no-name",
                    "`strata.yaml` does not name its platform",
                )
                .at(at.clone())
                .help("add `platform: NAME`, or run `strata init`"),
            );
            String::new()
        });
        if let Some(why) = name_problem(&name)
            && let Some(node) = f.get("platform")
        {
            problems.push(Diagnostic::error("platform::name", why).at(node.location()));
        }
        let strict = match f.text("layer-order", problems).as_deref() {
            None | Some("edges") => false,
            Some("strict") => true,
            Some(_) => {
                problems.push(expected(
                    f.get("layer-order").expect("just read"),
                    "`layer-order`",
                    "`edges` or `strict`",
                ));
                false
            }
        };
        Self {
            id: f.text("id", problems).unwrap_or_else(|| name.clone()),
            name,
            layers: super::layers::layers(f.get("layers"), problems),
            strict,
            tools: tools(&f, problems),
            backend: f.get("backend").cloned(),
            defaults: f
                .items("defaults", problems)
                .iter()
                .map(|n| default_rule(n, problems))
                .collect(),
            components: f
                .entries("components", problems)
                .into_iter()
                .map(|(k, at, n)| (k.to_owned(), at, n.clone()))
                .collect(),
            passthrough: f
                .texts("passthrough", problems)
                .unwrap_or_default()
                .into_iter()
                .map(|(t, _)| t)
                .collect(),
            at,
        }
    }
    /// Position of a layer.
    pub fn layer(&self, name: &str) -> Option<usize> {
        self.layers.iter().position(|l| l.layer.name == name)
    }
}

/// A key that the format has and this version does not obey: said, never ignored.
pub fn not_yet(node: &Node, key: &str, instead: &str) -> Diagnostic {
    Diagnostic::error(
        "file::not-yet",
        format!("this version of strata does not know `{key}` yet"),
    )
    .at(node.location())
    .help(instead.to_owned())
}

fn tools(f: &Fields<'_>, problems: &mut Problems) -> BTreeMap<String, ToolChoice> {
    let mut out = BTreeMap::new();
    for (engine, at, node) in f.entries("tools", problems) {
        let f = Fields::of(Some(node), "a tool", &["program", "version"], problems);
        let version = f
            .text("version", problems)
            .zip(f.get("version").map(Node::location));
        out.insert(
            engine.to_owned(),
            ToolChoice {
                program: f.text("program", problems),
                version,
                at,
            },
        );
    }
    out
}

fn default_rule(node: &Node, problems: &mut Problems) -> DefaultRule {
    let mut rest = node.clone();
    let mut take = |key: &str| {
        let Kind::Map(map) = &mut rest.kind else {
            return None;
        };
        let i = map.entries.iter().position(|e| e.key == key)?;
        let node = map.entries.remove(i).value;
        let items = match &node.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&node),
        };
        let named = items.iter().filter_map(|n| Some((text(n)?, n.location())));
        Some(named.collect::<Vec<_>>())
    };
    let (layers, engines) = (take("layer"), take("engine"));
    if !matches!(node.kind, Kind::Map(_)) {
        problems.push(expected(
            node,
            "an entry of `defaults`",
            "a map of keys and values",
        ));
    }
    DefaultRule {
        layers,
        engines,
        node: rest,
    }
}
