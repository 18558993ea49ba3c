//! A component like one that is there: a copy of its folder, and of what `strata.yaml` and environments say of it.
use super::Proposal;
use crate::{args::Add, problem::Problem};
use std::collections::BTreeMap;
use strata_core::{diagnostic::suggest, span::Span, tree::Tree};
use strata_ops::load::{COMPONENT_FILE, Loaded, ROOT_FILE, Source};
use strata_syntax::{node::Node, yaml::edit};

/// What `--like` asks for.
pub fn propose(
    loaded: &Loaded,
    tree: &dyn Tree,
    other: &str,
    wanted: &Add,
) -> Result<Proposal, Problem> {
    let Some(source) = loaded.components.get(other) else {
        let names = loaded.components.keys().map(AsRef::as_ref);
        return Err(
            Problem::usage(format!("there is no component `{other}`")).hint(
                suggest(other, names).unwrap_or_else(|| {
                    "components that only one environment has are not copied".to_owned()
                }),
            ),
        );
    };
    let entry = loaded.platform.components.iter().find(|c| c.0 == other);
    let mut proposal = Proposal {
        copy_of: Some(other.to_owned()),
        ..Proposal::default()
    };
    let mut changes: Vec<(Span, String)> = Vec::new();
    if let Some(folder) = folder(source) {
        let to = target(loaded, &folder, entry.is_some(), wanted)?;
        if let Some(path) = entry.and_then(|(.., node)| node.get("path")) {
            changes.push((path.span, to.clone()));
        }
        proposal.folder = Some((to, copied(tree, &folder)?));
    }
    if let Some((.., node)) = entry {
        if let Some(layer) = &wanted.layer {
            changes.push(relayered(node, layer)?);
        }
        line(
            tree,
            ROOT_FILE,
            other,
            &wanted.name,
            &changes,
            &mut proposal,
        )?;
    } else if let Some(layer) = &wanted.layer
        && proposal.folder.is_none()
    {
        return Err(Problem::usage(format!(
            "`{other}` cannot be put into `{layer}`"
        )));
    }
    for file in loaded.environments.values() {
        let said = file
            .node
            .as_ref()
            .and_then(|n| n.get("components")?.get(other));
        if said.is_some() {
            line(tree, &file.at.file, other, &wanted.name, &[], &mut proposal)?;
        }
    }
    Ok(proposal)
}

/// The folder that is a component's own.
fn folder(source: &Source) -> Option<String> {
    if source.origin.is_none() {
        return (!source.folder.is_empty()).then(|| source.folder.clone());
    }
    // its files are elsewhere, and it may have a folder that says so
    let own = source.at.file.strip_suffix(COMPONENT_FILE)?;
    Some(own.trim_end_matches('/').to_owned())
}

/// Where the copy goes: beside the other one, or into a layer.
fn target(loaded: &Loaded, folder: &str, entry: bool, wanted: &Add) -> Result<String, Problem> {
    let inside = |s: &&std::sync::Arc<Source>| {
        s.folder
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some(inner) = loaded.components.values().find(inside) {
        return Err(Problem::usage(format!(
            "`{folder}` holds the component `{}` too, and is not copied",
            inner.name
        )));
    }
    match (&wanted.layer, folder.rsplit_once('/')) {
        (Some(layer), _) if !entry => Ok(format!("layers/{layer}/{}", wanted.name)),
        (_, Some((above, _))) => Ok(format!("{above}/{}", wanted.name)),
        (_, None) => Ok(wanted.name.clone()),
    }
}

/// The files of a folder. What a tool keeps of what it made is no part of a copy.
fn copied(tree: &dyn Tree, folder: &str) -> Result<BTreeMap<String, (Vec<u8>, bool)>, Problem> {
    let mut out = BTreeMap::new();
    for file in tree.below(folder) {
        let inside = &file.path[folder.len() + 1..];
        let name = inside.rsplit('/').next().unwrap_or(inside);
        if name.ends_with(".tfstate") || name.contains(".tfstate.") {
            continue;
        }
        let bytes = tree
            .read(&file.path)
            .map_err(|e| Problem::new(strata_core::exit::ERROR, e.to_string()))?;
        out.insert(inside.to_owned(), (bytes.to_vec(), file.executable));
    }
    Ok(out)
}

fn relayered(node: &Node, layer: &str) -> Result<(Span, String), Problem> {
    let said = node.get("layer").ok_or_else(|| {
        Problem::usage("its layer is said by its folder").hint("leave `--layer` out")
    })?;
    Ok((said.span, layer.to_owned()))
}

/// The line of a file, once more.
fn line(
    tree: &dyn Tree,
    path: &str,
    other: &str,
    name: &str,
    changes: &[(Span, String)],
    proposal: &mut Proposal,
) -> Result<(), Problem> {
    let text = tree
        .text(path)
        .map_err(|e| Problem::new(strata_core::exit::ERROR, e.to_string()))?;
    let new = edit::again(&text, "components", other, name, changes).ok_or_else(|| {
        Problem::usage(format!("`{path}` is written in a way that is not edited")).hint(format!(
            "copy what it says of `{other}` to `{name}` yourself, and say `--like` of it then"
        ))
    })?;
    proposal.edits.insert(path.to_owned(), new);
    Ok(())
}
