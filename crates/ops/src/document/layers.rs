//! `layers:` of `strata.yaml`: a preset, a list, or a preset with changes.
use super::platform::PlatformLayer;
use crate::decode::{Fields, Problems, expected, text};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    layer::{self, Layer},
    span::Location,
};
use strata_syntax::node::{Kind, Node};

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

/// From `layers:`, lowest first.
pub(super) fn layers(node: Option<&Node>, problems: &mut Problems) -> Vec<PlatformLayer> {
    let Some(node) = node else {
        return plain(layer::preset("osi").unwrap_or_default());
    };
    match &node.kind {
        Kind::Scalar(_) => preset(node, problems),
        Kind::List(items) => {
            if items.is_empty() {
                problems.push(expected(node, "`layers`", "a list of one layer or more"));
            }
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
    let f = match &node.kind {
        Kind::Scalar(_) => Fields::of(None, "a layer", LAYER_KEYS, problems),
        _ => Fields::of(Some(node), "a layer", LAYER_KEYS, problems),
    };
    let named = text(node).map(|name| (name, node.location()));
    let named = named.or_else(|| {
        f.text("name", problems)
            .zip(f.get("name").map(Node::location))
    });
    let Some((name, at)) = named else {
        problems.push(expected(node, "a layer", "a name, or a map with `name:`"));
        return;
    };
    if out.iter().any(|l| l.layer.name == name) {
        problems.push(
            Diagnostic::error(
                "platform::layer-twice",
                format!("there are two layers `{name}`"),
            )
            .at(at)
            .help("keep one of them"),
        );
        return;
    }
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
        layer.environments = Some(envs);
    }
    if let Some(node) = f.get("instances") {
        layer.instances = Some(node.clone());
    }
}
