//! Components that one environment brings: entries of its file with a `path`.
use super::{Finder, Found, field, place_of};
use crate::{
    decode::{Problems, text},
    load::{Loaded, Source},
};
use std::sync::Arc;
use strata_core::{diagnostic::Diagnostic, span::Location};
use strata_syntax::node::Node;

/// Components that the file of one environment brings with `path:`. Their names may have several parts, as in
/// `terraform/network`; another environment may bring another one of the same name.
pub(super) fn find(loaded: &mut Loaded, finder: &mut Finder<'_, '_>, problems: &mut Problems) {
    let base = loaded.base.clone();
    let mut all: Vec<(String, Vec<Arc<Source>>)> = Vec::new();
    for (env, file) in &loaded.environments {
        let entries = file.node.as_ref().and_then(|n| field(n, "components"));
        let Some(map) = entries.and_then(Node::as_map) else {
            continue;
        };
        let mut sources = Vec::new();
        for entry in &map.entries {
            let written = field(&entry.value, "path");
            let Some(path) = written.filter(|n| !n.is_null()) else {
                continue;
            };
            let at = Location::new(entry.value.origin.clone(), entry.key_span);
            let Some(folder) = text(path).and_then(|w| place_of(&base, &w)) else {
                problems.push(outside(path));
                continue;
            };
            let found = Found {
                name: &entry.key,
                folder,
                layer: None,
                entry: Some(&entry.value),
                own: true,
                at: at.clone(),
            };
            let Some(source) = finder.describe(&found, None, problems) else {
                loaded.broken.insert(entry.key.clone());
                continue;
            };
            if let Some(other) = loaded.components.get(entry.key.as_str()) {
                problems.push(
                    Diagnostic::error(
                        "component::twice",
                        format!("there are two components `{}`", entry.key),
                    )
                    .at(at)
                    .related(other.at.clone(), "the other one")
                    .help("take `path:` away to say more of that one, or rename this one"),
                );
                continue;
            }
            let env = Some(env.as_str().into());
            sources.push(Arc::new(Source { env, ..source }));
        }
        all.push((env.clone(), sources));
    }
    loaded
        .own
        .extend(all.into_iter().filter(|(_, s)| !s.is_empty()));
}

/// The message for a path that leaves the platform.
fn outside(path: &Node) -> Diagnostic {
    let written = path.as_str().unwrap_or_default();
    Diagnostic::error(
        "component::outside",
        format!("`{written}` is outside of the platform's folder"),
    )
    .at(path.location())
    .help("paths are relative to the folder of `strata.yaml`")
}
