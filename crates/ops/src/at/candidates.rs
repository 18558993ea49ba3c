//! The keys and the values that fit a place of a document, from the same lists that read the files.
use super::{
    document::{Document, Subject},
    elsewhere,
    outline::Step,
    view::View,
};
use crate::document::meaning::{self, Meaning};
use strata_core::{interface::Input, layer};

/// Something that could stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// As it is written.
    pub name: String,
    /// Its type, or where it comes from, in a few words.
    pub detail: Option<String>,
    /// What it means.
    pub about: Option<String>,
}

fn plain(name: impl Into<String>) -> Candidate {
    Candidate {
        name: name.into(),
        detail: None,
        about: None,
    }
}

fn detailed(name: impl Into<String>, detail: impl Into<String>) -> Candidate {
    Candidate {
        detail: Some(detail.into()),
        ..plain(name)
    }
}

fn listed(list: &[Meaning]) -> Vec<Candidate> {
    let one = |(key, text): &Meaning| Candidate {
        about: Some((*text).to_owned()),
        ..plain(*key)
    };
    list.iter().map(one).collect()
}

fn words(list: &[&str]) -> Vec<Candidate> {
    list.iter().map(|w| plain(*w)).collect()
}

/// A path as patterns read it: keys as they are, `-` for an item.
fn pattern(path: &[Step]) -> Vec<&str> {
    path.iter().map(Step::word).collect()
}

/// Keys of the map at a path.
pub fn keys(
    view: &View<'_>,
    document: &Document,
    subject: &Subject,
    path: &[Step],
) -> Vec<Candidate> {
    let path = pattern(path);
    if let Subject::Component(name) = subject {
        return component_keys(view, document, name.as_deref(), &path);
    }
    match (document, path.as_slice()) {
        (Document::Platform, []) => listed(meaning::PLATFORM),
        (Document::Platform, ["tools"]) => engines(view),
        (Document::Platform, ["tools", _]) => listed(meaning::TOOL),
        (Document::Platform, ["layers"]) => listed(meaning::LAYERS),
        (Document::Platform, ["layers", "-"] | ["layers", "add", "-"] | ["layers", "set", _]) => {
            listed(meaning::LAYER)
        }
        (Document::Platform, ["layers", "set"]) => layers(view),
        (Document::Platform | Document::Environment(_), ["components"]) => components(view),
        (Document::Environment(_), []) => listed(meaning::ENVIRONMENT),
        (Document::Environment(_), ["flavors"]) => contracts(view),
        (Document::Environment(_), ["imports", "-"]) => listed(meaning::IMPORT),
        (Document::Environment(_), ["gates"]) => listed(meaning::GATES),
        (Document::Contract(_), []) => listed(meaning::CONTRACT),
        (Document::Contract(_), ["outputs", _]) => output_keys(false),
        (Document::Contract(_), ["verify", "-"]) => listed(meaning::VERIFIERS),
        _ => Vec::new(),
    }
}

fn output_keys(from: bool) -> Vec<Candidate> {
    let mut keys = listed(meaning::OUTPUT);
    keys.retain(|k| from || k.name != "from");
    keys
}

fn component_keys(
    view: &View<'_>,
    document: &Document,
    name: Option<&str>,
    path: &[&str],
) -> Vec<Candidate> {
    let engine_options = |engine: &str| {
        let found = view.c.engines.iter().find(|e| e.name() == engine);
        found.map_or_else(Vec::new, |e| listed(e.options()))
    };
    match path {
        [] => {
            let mut keys = listed(meaning::COMPONENT);
            // where a component is, is said in `strata.yaml`; a rule of `defaults` needs no folder
            keys.retain(|k| {
                k.name != "path" || (document == &Document::Platform && name.is_some())
            });
            let own = view.its_variant().map(|v| v.component.engine.as_str());
            keys.extend(
                engines(view)
                    .into_iter()
                    .filter(|e| own.is_none_or(|o| o == e.name)),
            );
            keys
        }
        ["inputs"] => {
            let v = view.its_variant();
            let inputs = v.into_iter().flat_map(|v| &v.interface.inputs);
            inputs
                .map(|(name, input)| self::input(name, input))
                .collect()
        }
        ["outputs", _] => output_keys(true),
        ["outputs", _, "from"] => listed(meaning::FROM),
        ["provides"] => contracts(view),
        ["provides", contract] => {
            let promised = view.c.loaded.contracts.get(*contract);
            let outputs = promised.into_iter().flat_map(|p| &p.outputs);
            outputs
                .map(|(name, o)| detailed(name, o.ty.to_string()))
                .collect()
        }
        ["verify", "-"] => listed(meaning::VERIFIERS),
        ["timeout"] => listed(meaning::TIMEOUT),
        ["retry"] => listed(meaning::RETRY),
        [engine] => engine_options(engine),
        _ => Vec::new(),
    }
}

/// An input as its tool declares it.
fn input(name: &str, input: &Input) -> Candidate {
    let mut detail = input.ty.to_string();
    if !input.optional {
        detail.push_str(", required");
    }
    if input.sensitive {
        detail.push_str(", sensitive");
    }
    Candidate {
        name: name.to_owned(),
        detail: Some(detail),
        about: input.description.clone(),
    }
}

/// Values of the key, or items of the list, at a path.
pub fn values(
    view: &View<'_>,
    document: &Document,
    subject: &Subject,
    path: &[Step],
) -> Vec<Candidate> {
    let path = pattern(path);
    // an item is worth what a single one would be
    let path = path.strip_suffix(&["-"]).unwrap_or(&path);
    if let Subject::Component(name) = subject {
        return component_values(view, name.as_deref(), path);
    }
    match (document, path) {
        (Document::Platform, ["layers"] | ["layers", "preset"]) => layer::PRESETS
            .iter()
            .map(|(name, _)| plain(*name))
            .collect(),
        (Document::Platform, ["layer-order"]) => words(&["edges", "strict"]),
        (Document::Platform, ["layers", "remove"] | ["layers", .., "before" | "after"]) => {
            layers(view)
        }
        (Document::Platform, ["layers", .., "environments"]) => environments(view, false),
        (Document::Environment(own), ["extends"]) => others(environments(view, true), own),
        (Document::Environment(own), ["uses"]) => others(environments(view, false), own),
        (Document::Environment(_), ["shared"]) => words(&["true", "false"]),
        (Document::Environment(own), ["imports", "-", key]) => match *key {
            "repo" => elsewhere::repositories(view),
            "environment" => others(elsewhere::environments(view), own),
            "version" => elsewhere::versions(view),
            "layer" => layers(view),
            "exclude" => elsewhere::components(view),
            "hooks" => words(&["allow", "deny"]),
            "signed" => words(&["true", "false"]),
            _ => Vec::new(),
        },
        (Document::Environment(_), ["gates", "replan"]) => words(&["create-only", "update", "any"]),
        (Document::Environment(_), ["flavors", contract]) => {
            let env = view.env.map(|e| &view.c.envs[e]);
            let candidates = env.and_then(|e| e.candidates.get(*contract));
            candidates.into_iter().flatten().map(plain).collect()
        }
        (Document::Contract(_), ["outputs", _] | ["outputs", _, "type"]) => types(),
        (Document::Contract(_), ["outputs", _, "sensitive"]) => words(&["true", "false"]),
        _ => Vec::new(),
    }
}

fn component_values(view: &View<'_>, name: Option<&str>, path: &[&str]) -> Vec<Candidate> {
    match path {
        ["layer"] => layers(view),
        ["engine"] => engines(view),
        ["source"] => elsewhere::sources(view),
        ["version"] => elsewhere::versions(view),
        ["hooks"] => words(&["allow", "deny"]),
        ["environments"] => environments(view, false),
        ["after"] => {
            let mut all = components(view);
            all.extend(contracts(view));
            if let Some(name) = name {
                all = others(all, name);
            }
            let layers = layers(view).into_iter().map(|l| Candidate {
                name: format!("layer:{}", l.name),
                ..l
            });
            all.extend(layers);
            all
        }
        ["protect"] => words(&["destroy", "replace"]),
        ["suspend" | "enabled" | "leaves-processes" | "signed"] | ["outputs", _, "sensitive"] => {
            words(&["true", "false"])
        }
        ["outputs", _] | ["outputs", _, "type"] => types(),
        ["outputs", _, "from"] => words(&["stats"]),
        ["retry", "on"] => words(&["transient"]),
        _ => Vec::new(),
    }
}

/// What the key at the end of a path means.
pub fn about_key(
    view: &View<'_>,
    document: &Document,
    subject: &Subject,
    parent: &[Step],
    key: &str,
) -> Option<Candidate> {
    keys(view, document, subject, parent)
        .into_iter()
        .find(|c| c.name == key)
}

fn others(list: Vec<Candidate>, own: &str) -> Vec<Candidate> {
    list.into_iter().filter(|c| c.name != own).collect()
}

fn types() -> Vec<Candidate> {
    words(&[
        "string",
        "number",
        "bool",
        "any",
        "artifact",
        "list(string)",
        "map(string)",
    ])
}

fn engines(view: &View<'_>) -> Vec<Candidate> {
    let names = view.c.engines.iter().map(|e| e.name());
    names
        .filter(|n| *n != "verify")
        .map(|n| detailed(n, "engine"))
        .collect()
}

fn layers(view: &View<'_>) -> Vec<Candidate> {
    let layers = view.c.loaded.platform.layers.iter();
    layers
        .map(|l| Candidate {
            about: l.layer.description.clone(),
            ..detailed(&l.layer.name, "layer")
        })
        .collect()
}

fn components(view: &View<'_>) -> Vec<Candidate> {
    let loaded = &view.c.loaded;
    let all = loaded.components.values();
    all.map(|s| {
        let engine = view.c.engines.get(s.engine).map_or("", |e| e.name());
        let layer = loaded.platform.layers.get(s.layer);
        let layer = layer.map_or("", |l| l.layer.name.as_str());
        detailed(s.name.as_ref(), format!("{engine}, layer {layer}"))
    })
    .collect()
}

fn contracts(view: &View<'_>) -> Vec<Candidate> {
    let all = view.c.loaded.contracts.values();
    all.map(|c| detailed(&c.name, format!("contract, version {}", c.version)))
        .collect()
}

fn environments(view: &View<'_>, bases: bool) -> Vec<Candidate> {
    let names = view.c.loaded.environments.keys();
    names
        .filter(|n| bases || !n.starts_with('_'))
        .map(|n| detailed(n, "environment"))
        .collect()
}
