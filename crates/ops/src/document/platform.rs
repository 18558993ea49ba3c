//! `strata.yaml`: the platform, its layers, defaults and components that lie elsewhere.
use crate::decode::{Fields, Problems, expected, text};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    layer::{self, Layer},
    name::name_problem,
    span::Location,
};
use strata_syntax::node::{Kind, Node};

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
    pub environments: Option<Vec<String>>,
    /// Instances of its components that have none.
    pub instances: Option<Node>,
}

/// Which program an engine uses.
#[derive(Clone, Debug, Default)]
pub struct ToolChoice {
    /// The program, when not the engine's own choice.
    pub program: Option<String>,
    /// The version it must have, as written.
    pub version: Option<(String, Location)>,
}

/// Defaults for some components.
#[derive(Clone, Debug)]
pub struct DefaultRule {
    /// Only in these layers.
    pub layers: Option<Vec<String>>,
    /// Only for these engines.
    pub engines: Option<Vec<String>>,
    /// What they get.
    pub node: Node,
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
        if let Some(why) = name_problem(&name) {
            problems.push(
                Diagnostic::error("platform::name", why)
                    .at_opt(f.get("platform").map(Node::location)),
            );
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
            layers: layers(f.get("layers"), problems),
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
    for (engine, _, node) in f.entries("tools", problems) {
        let f = Fields::of(Some(node), "a tool", &["program", "version"], problems);
        let version = f
            .text("version", problems)
            .zip(f.get("version").map(Node::location));
        out.insert(
            engine.to_owned(),
            ToolChoice {
                program: f.text("program", problems),
                version,
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
        Some(match &node.kind {
            Kind::List(items) => items.iter().filter_map(text).collect(),
            _ => text(&node).into_iter().collect::<Vec<_>>(),
        })
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

const LAYER_KEYS: &[&str] = &[
    "name",
    "number",
    "before",
    "after",
    "owner",
    "lifecycle",
    "rate-of-change",
    "source-of-truth",
    "description",
    "environments",
    "instances",
];

fn layers(node: Option<&Node>, problems: &mut Problems) -> Vec<PlatformLayer> {
    let Some(node) = node else {
        return plain(layer::preset("osi").unwrap_or_default());
    };
    match &node.kind {
        Kind::Scalar(_) => preset(node, problems),
        Kind::List(items) => {
            let mut out = Vec::new();
            for item in items {
                add(&mut out, item, problems);
            }
            out
        }
        Kind::Map(_) => {
            let f = Fields::of(
                Some(node),
                "`layers`",
                &["preset", "add", "set", "remove"],
                problems,
            );
            let mut out = f
                .get("preset")
                .map(|n| preset(n, problems))
                .unwrap_or_default();
            for (name, at) in f.texts("remove", problems).unwrap_or_default() {
                match out.iter().position(|l| l.layer.name == name) {
                    Some(i) => drop(out.remove(i)),
                    None => problems.push(unknown_layer(&name, at, &out)),
                }
            }
            for item in f.items("add", problems) {
                add(&mut out, item, problems);
            }
            for (name, at, node) in f.entries("set", problems) {
                match out.iter().position(|l| l.layer.name == name) {
                    Some(i) => {
                        let f = Fields::of(Some(node), "a layer", LAYER_KEYS, problems);
                        describe(&mut out[i], &f, problems);
                    }
                    None => problems.push(unknown_layer(name, at, &out)),
                }
            }
            out
        }
    }
}

fn plain(layers: Vec<Layer>) -> Vec<PlatformLayer> {
    layers
        .into_iter()
        .map(|layer| PlatformLayer {
            layer,
            environments: None,
            instances: None,
        })
        .collect()
}

fn preset(node: &Node, problems: &mut Problems) -> Vec<PlatformLayer> {
    let name = text(node).unwrap_or_default();
    if let Some(layers) = layer::preset(&name) {
        return plain(layers);
    }
    let names = layer::PRESETS.iter().map(|(n, _)| *n);
    problems.push(
        Diagnostic::error(
            "platform::unknown-preset",
            format!("there is no preset `{name}`"),
        )
        .at(node.location())
        .help(
            suggest(&name, names.clone()).unwrap_or_else(|| {
                format!("presets are: {}", names.collect::<Vec<_>>().join(", "))
            }),
        ),
    );
    Vec::new()
}

/// The message for a layer that is not there.
pub fn unknown_layer(name: &str, at: Location, layers: &[PlatformLayer]) -> Diagnostic {
    let names = layers.iter().map(|l| l.layer.name.as_str());
    Diagnostic::error(
        "platform::unknown-layer",
        format!("there is no layer `{name}`"),
    )
    .at(at)
    .help(
        suggest(name, names.clone())
            .unwrap_or_else(|| format!("layers are: {}", names.collect::<Vec<_>>().join(", "))),
    )
}

/// A new layer: a name, or a map with its name and where it stands.
fn add(out: &mut Vec<PlatformLayer>, node: &Node, problems: &mut Problems) {
    if let Some(name) = text(node) {
        out.push(PlatformLayer {
            layer: Layer {
                name,
                ..Layer::default()
            },
            environments: None,
            instances: None,
        });
        return;
    }
    let f = Fields::of(Some(node), "a layer", LAYER_KEYS, problems);
    let Some(name) = f.text("name", problems) else {
        problems.push(expected(node, "a layer", "a name, or a map with `name:`"));
        return;
    };
    let mut new = PlatformLayer {
        layer: Layer {
            name,
            ..Layer::default()
        },
        environments: None,
        instances: None,
    };
    describe(&mut new, &f, problems);
    let beside = |key: &str, problems: &mut Problems| {
        let name = f.text(key, problems)?;
        let at = out.iter().position(|l| l.layer.name == name);
        if at.is_none() {
            problems.push(unknown_layer(
                &name,
                f.get(key).expect("just read").location(),
                out,
            ));
        }
        at
    };
    let at = beside("before", problems).or_else(|| beside("after", problems).map(|i| i + 1));
    out.insert(at.unwrap_or(out.len()), new);
}

fn describe(layer: &mut PlatformLayer, f: &Fields<'_>, problems: &mut Problems) {
    let l = &mut layer.layer;
    for (key, slot) in [
        ("number", &mut l.number),
        ("owner", &mut l.owner),
        ("lifecycle", &mut l.lifecycle),
        ("rate-of-change", &mut l.rate_of_change),
        ("source-of-truth", &mut l.source_of_truth),
        ("description", &mut l.description),
    ] {
        if let Some(text) = f.text(key, problems) {
            *slot = Some(text);
        }
    }
    if let Some(envs) = f.texts("environments", problems) {
        layer.environments = Some(envs.into_iter().map(|(t, _)| t).collect());
    }
    if let Some(node) = f.get("instances") {
        layer.instances = Some(node.clone());
    }
}
