//! What is deployed in which order, where an environment takes others.
use super::{Import, Listed};
use crate::layout::{self, CONFIG, USUAL};
use std::collections::BTreeSet;
use strata_core::span::Location;
use strata_syntax::node::{Entry, Node};

/// What an imported environment deploys: its own list, else those of what it imports.
pub fn listed(said: Option<&Node>, below: &[Import]) -> Option<Vec<Listed>> {
    let Some(map) = said
        .and_then(|s| s.get("deployments"))
        .and_then(Node::as_map)
    else {
        return concatenated(below);
    };
    let entry = |e: &Entry| {
        let plugin = e.value.get("plugin").and_then(Node::as_str)?;
        let at = Location::new(e.value.origin.clone(), e.key_span);
        Some((e.key.clone(), plugin.to_owned(), at))
    };
    Some(map.entries.iter().filter_map(entry).collect())
}

/// The lists one after the other; of two that name one folder the first says its place. An import that lists nothing
/// has its folders in the usual order. None when no import lists anything.
fn concatenated(imports: &[Import]) -> Option<Vec<Listed>> {
    imports.iter().find(|i| i.deployments.is_some())?;
    let mut out: Vec<Listed> = Vec::new();
    for import in imports {
        let usual = || {
            let folders = layout::folders(import.layer.tree.as_ref(), "");
            usual(
                &folders.into_iter().map(str::to_owned).collect(),
                &import.at,
            )
        };
        for entry in import.deployments.clone().unwrap_or_else(usual) {
            if !out.iter().any(|(key, ..)| *key == entry.0) {
                out.push(entry);
            }
        }
    }
    Some(out)
}

fn usual(folders: &BTreeSet<String>, at: &Location) -> Vec<Listed> {
    let there = USUAL.iter().filter(|t| folders.contains(**t));
    there
        .map(|t| ((*t).to_owned(), (*t).to_owned(), at.clone()))
        .collect()
}

/// The order of an environment that says none itself: that of what it takes, then what only it has.
pub fn deployments(
    imports: &[Import],
    folders: &BTreeSet<String>,
    env: &str,
) -> Option<Vec<Listed>> {
    let mut list = concatenated(imports)?;
    let at = Location::file(format!("{env}/{CONFIG}"));
    for entry in usual(folders, &at) {
        let named = |key: &str| key.split('/').next() == Some(entry.0.as_str());
        if !list.iter().any(|(key, ..)| named(key)) {
            list.push(entry);
        }
    }
    Some(list)
}
