//! Components whose files come from elsewhere: by `source:`, for all environments or as one of them says.
use super::{Finder, Found};
use crate::{
    compose::merged_environment,
    decode::Problems,
    imports::{
        catalog::{Files, obeyed, reaches},
        source::{self, Refused},
    },
    load::{COMPONENT_FILE, Loaded, Parsed, parse},
};
use std::sync::Arc;
use strata_core::{diagnostic::Diagnostic, span::Location};
use strata_syntax::node::{Node, merge};

/// The files of a component and what they say of it.
pub(super) struct Elsewhere {
    /// The files.
    pub files: Files,
    /// What lies below all that is said here.
    pub below: Option<Node>,
}

impl Finder<'_, '_> {
    /// Where the files of a component are, when they are elsewhere.
    pub(super) fn place(
        &mut self,
        found: &Found<'_>,
        node: Option<&Node>,
        over: Option<(&str, &Node)>,
        problems: &mut Problems,
    ) -> Result<Option<Elsewhere>, Refused> {
        let merged = match (node, over) {
            (Some(node), Some((_, over))) => Some(merge(node, over)),
            (None, Some((_, over))) => Some(over.clone()),
            (node, None) => node.cloned(),
        };
        let Some(mut sourced) = source::read(merged.as_ref(), problems)? else {
            return Ok(None);
        };
        // scripts of one repository were allowed, and this is another one
        let says = |key: &str| over.is_some_and(|(_, over)| over.get(key).is_some());
        sourced.hooks &= !says("source") || says("hooks");
        self.leftover(found, &sourced.at, problems);
        let env = over.map(|(env, _)| env);
        let own = (self.tree.clone(), self.base);
        let files = self
            .catalog
            .files(&sourced, (found.name, env), own, problems);
        let mut files = files.ok_or(Refused)?;
        files.origin.written = source::written(merged.as_ref());
        let file = format!("{}/{COMPONENT_FILE}", files.folder);
        let Parsed::Node(below) = parse(files.tree.as_ref(), &file, problems) else {
            return Err(Refused);
        };
        let engines: Vec<&str> = self.engines.iter().map(|e| e.name()).collect();
        let below = obeyed(below, &engines, problems);
        let foreign = below.as_ref().filter(|_| files.origin.pin.is_some());
        if foreign.is_some_and(|below| reaches(below, problems)) {
            return Err(Refused);
        }
        Ok(Some(Elsewhere { files, below }))
    }

    /// Files beside a `component.yaml` with a `source` would be used by nobody.
    fn leftover(&self, found: &Found<'_>, at: &Location, problems: &mut Problems) {
        if found.folder.is_empty() {
            return;
        }
        let skip = found.folder.len() + 1;
        let unused = self.tree.below(&found.folder).iter().find(|f| {
            let inside = &f.path[skip..];
            inside != COMPONENT_FILE && !inside.to_ascii_lowercase().ends_with(".md")
        });
        problems.extend(unused.map(|file| {
            Diagnostic::warning(
                "import::source",
                format!("`{}` is not used: the files come from `source`", file.path),
            )
            .at(at.clone())
            .help("remove it, or take `source:` away")
        }));
    }
}

/// Components that an environment takes from another source, or at another version, than the rest.
pub(super) fn find(
    loaded: &mut Loaded,
    finder: &mut Finder<'_, '_>,
    all: &[Found<'_>],
    problems: &mut Problems,
) {
    let says = |node: &Node| source::KEYS.iter().any(|key| node.get(key).is_some());
    let any = loaded.environments.values().any(|e| {
        let entries = e.node.as_ref().and_then(|n| n.get("components"));
        let map = entries.and_then(Node::as_map);
        map.is_some_and(|m| m.entries.iter().any(|e| says(&e.value)))
    });
    if !any {
        return;
    }
    let names: Vec<String> = loaded.environments.keys().cloned().collect();
    for env in names.iter().filter(|n| !n.starts_with('_')) {
        let Some(node) = merged_environment(loaded, env) else {
            continue;
        };
        let Some(entries) = node.get("components").and_then(Node::as_map) else {
            continue;
        };
        for entry in entries.entries.iter().filter(|e| says(&e.value)) {
            let Some(found) = all.iter().find(|f| f.name == entry.key) else {
                continue;
            };
            let mut new = Problems::new();
            let described = finder.describe(found, Some((env, &entry.value)), &mut new);
            new.retain(|p| !problems.contains(p));
            problems.extend(new);
            if described.is_none() {
                loaded.broken.insert(entry.key.clone());
            }
            let key = (env.clone(), Arc::from(entry.key.as_str()));
            loaded.elsewhere.insert(key, described.map(Arc::new));
        }
    }
}
