//! What `strata.yaml` names that is not there: engines, layers, environments.
use super::{Engines, Loaded};
use crate::{
    decode::Problems,
    document::platform::{Platform, unknown_layer},
};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
};

/// Names of the engines that a component may have. Those of BitOps are left out: what names them is made, not typed.
pub(super) fn engine_names(engines: &Engines) -> impl Iterator<Item = &'static str> + Clone {
    let names = engines.iter().map(|e| e.name());
    names.filter(|n| *n != "verify" && !n.starts_with("bitops-"))
}

/// The message for an engine that is not there.
pub(super) fn unknown_engine(word: &str, at: Location, engines: &Engines) -> Diagnostic {
    let names = engine_names(engines);
    Diagnostic::error(
        "component::unknown-engine",
        format!("there is no engine `{word}`"),
    )
    .at(at)
    .help(
        suggest(word, names.clone())
            .unwrap_or_else(|| format!("engines are: {}", names.collect::<Vec<_>>().join(", "))),
    )
}

/// Tools and defaults for engines and layers that are not there would never be used.
pub(super) fn check(platform: &Platform, engines: &Engines, problems: &mut Problems) {
    let known = |name: &str| engine_names(engines).any(|n| n == name);
    for (engine, tool) in &platform.tools {
        if !known(engine) {
            let message = format!("`tools` names `{engine}`, which is no engine");
            let help = unknown_engine(engine, tool.at.clone(), engines).help;
            problems.push(
                Diagnostic::error("platform::unknown-tool", message)
                    .at(tool.at.clone())
                    .help_opt(help),
            );
        }
    }
    for rule in &platform.defaults {
        for (engine, at) in rule.engines.iter().flatten() {
            if !known(engine) {
                problems.push(unknown_engine(engine, at.clone(), engines));
            }
        }
        for (layer, at) in rule.layers.iter().flatten() {
            if platform.layer(layer).is_none() && !platform.layers.is_empty() {
                problems.push(unknown_layer(layer, at.clone(), &platform.layers));
            }
        }
    }
}

/// Layers whose components would be in environments that are not there.
pub(super) fn check_environments(loaded: &Loaded, problems: &mut Problems) {
    for layer in &loaded.platform.layers {
        for (name, at) in layer.environments.iter().flatten() {
            problems.extend(unknown_environment(name, at, &loaded.environments));
        }
    }
}

/// The message for an environment that a component or a layer names and that is not there.
pub(crate) fn unknown_environment<T>(
    name: &str,
    at: &Location,
    environments: &BTreeMap<String, T>,
) -> Option<Diagnostic> {
    if environments.contains_key(name) && !name.starts_with('_') {
        return None;
    }
    let names: Vec<&str> = environments
        .keys()
        .map(String::as_str)
        .filter(|n| !n.starts_with('_'))
        .collect();
    let list = format!("environments are: {}", names.join(", "));
    Some(
        Diagnostic::error(
            "environment::unknown",
            format!("there is no environment `{name}`"),
        )
        .at(at.clone())
        .help(suggest(name, names.iter().copied()).unwrap_or(list)),
    )
}
