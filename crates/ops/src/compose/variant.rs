//! A component as some environments have it: decoded once for all that do not override it.
use super::Composition;
use crate::{
    decode::Problems,
    document::component::{Component, Identity},
    load::{COMPONENT_FILE, Engines, ROOT_FILE, Source},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    interface::Interface,
    span::Location,
    spec::UnitSpec,
    tree::{Tree, TreeFile, digest_of},
};
use strata_syntax::{expr::Reference, node::merge};

/// A component as some environments have it.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its description.
    pub component: Component,
    /// Position of its engine.
    pub engine: usize,
    /// What its tool takes and gives.
    pub interface: Arc<Interface>,
    /// Its files.
    pub closure: Arc<Closure>,
    /// Names that its late fields use.
    pub uses: Vec<Use>,
}

/// A name that a field uses.
#[derive(Clone, Debug)]
pub struct Use {
    /// Which.
    pub reference: Reference,
    /// Where.
    pub at: Location,
    /// Under which key.
    pub key: &'static str,
}

/// The files that a component may see.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Their paths, sorted.
    pub files: Vec<Arc<str>>,
    /// Digest of paths, modes and contents.
    pub digest: Digest,
}

/// Variants that were made.
pub struct Variants {
    plain: HashMap<Arc<str>, u32>,
    seen: HashSet<Arc<str>>,
    /// Names of the engines that a component may have.
    engines: Vec<&'static str>,
}

impl Variants {
    /// None yet.
    pub fn new(engines: &Engines) -> Self {
        Self {
            plain: HashMap::new(),
            seen: HashSet::new(),
            engines: engines
                .iter()
                .map(|e| e.name())
                .filter(|n| *n != "verify")
                .collect(),
        }
    }
    /// The variant of a component in an environment.
    pub fn of(
        &mut self,
        c: &mut Composition,
        source: &Source,
        env: usize,
        problems: &mut Problems,
    ) -> u32 {
        let over = c.envs[env]
            .overrides
            .get(source.name.as_ref())
            .map(|(_, n)| n.clone());
        if over.is_none()
            && let Some(known) = self.plain.get(&source.name)
        {
            return *known;
        }
        let merged = match (&source.node, &over) {
            (Some(base), Some(over)) => Some(merge(base, over)),
            _ => None,
        };
        let node = merged.as_ref().or(over.as_ref()).or(source.node.as_ref());
        // what the component itself has wrong was said with the first variant
        let first = self.seen.insert(source.name.clone());
        let engine = &c.engines[source.engine];
        let identity = Identity {
            name: &source.name,
            folder: &source.folder,
            engine: engine.name(),
            options: engine.options(),
            layer: source.layer,
            engines: &self.engines,
            at: source.at.clone(),
        };
        let mut found = Problems::new();
        let component = Component::decode(&identity, node, &mut found);
        let (interface, more) = engine.interface(c.loaded.tree.as_ref(), &bare_spec(&component));
        let here = component.at.clone();
        let placed = |p: Diagnostic| {
            if p.at.is_none() {
                p.at(here.clone())
            } else {
                p
            }
        };
        found.extend(more.into_iter().map(placed));
        if let Some(verify) = c.engines.iter().find(|e| e.name() == "verify")
            && !component.verify.is_empty()
        {
            let (_, wrong) = verify.interface(c.loaded.tree.as_ref(), &verify_spec(&component));
            let at = component.verify[0].at.clone();
            found.extend(
                wrong
                    .into_iter()
                    .map(|p| if p.at.is_none() { p.at(at.clone()) } else { p }),
            );
        }
        let tree = c.loaded.tree.as_ref();
        let at_root = component.folder.is_empty() && engine.recognise(tree, "").is_some();
        let closure = closure(tree, &component, at_root, &interface, &mut found);
        found.retain(|p| first || !problems.contains(p));
        problems.extend(found);
        let uses = component
            .late_fields()
            .flat_map(|(key, field)| {
                field
                    .references(PLAIN)
                    .into_iter()
                    .map(move |(reference, at)| Use { reference, at, key })
            })
            .collect();
        let variant = Variant {
            component,
            engine: source.engine,
            interface: Arc::new(interface),
            closure: Arc::new(closure),
            uses,
        };
        let position = c.variants.len() as u32;
        c.variants.push(variant);
        if over.is_none() {
            self.plain.insert(source.name.clone(), position);
        }
        position
    }
}

/// Names that never stand for a unit.
const PLAIN: &[&str] = &[
    "values", "env", "secret", "each", "unit", "flavors", "file", "platform",
];

/// What can be told of a component's verifiers before anything runs.
pub fn verify_spec(component: &Component) -> UnitSpec {
    UnitSpec {
        verify: component
            .verify
            .iter()
            .map(crate::field::Field::outline)
            .collect(),
        ..UnitSpec::default()
    }
}

/// What an engine needs to read interfaces: what stands in the files, with holes where expressions do.
fn bare_spec(component: &Component) -> UnitSpec {
    let outline = |(k, f): (&String, &crate::field::Field)| (k.clone(), f.outline());
    UnitSpec {
        engine: component.engine.clone(),
        folder: component.folder.clone(),
        options: component.options.iter().map(outline).collect(),
        outputs: component
            .outputs
            .iter()
            .map(|(k, (_, o))| (k.clone(), o.clone()))
            .collect(),
        observe: component.observe.clone(),
        ..UnitSpec::default()
    }
}

/// The component's own folder (of the platform's root only the files in it), what its tool says it reads, and what it declares with `reads:`.
fn closure(
    tree: &dyn Tree,
    component: &Component,
    at_root: bool,
    interface: &Interface,
    problems: &mut Problems,
) -> Closure {
    let own = format!("{}/{COMPONENT_FILE}", component.folder);
    let mut files: Vec<&TreeFile> = Vec::new();
    if !component.folder.is_empty() {
        let all = tree.below(&component.folder);
        files.extend(all.iter().filter(|f| f.path.as_ref() != own));
    } else if at_root {
        // what lies in folders belongs to others; what of it this one needs, its tool or `reads` says
        let all = tree.files().iter();
        files.extend(all.filter(|f| !f.path.contains('/') && f.path.as_ref() != ROOT_FILE));
    }
    let others = !interface.reads.is_empty() || !component.reads.is_empty();
    for path in &interface.reads {
        files.extend(tree.file(path));
        files.extend(tree.below(path));
    }
    for (pattern, at) in &component.reads {
        let matched = matching(tree, &component.folder, pattern);
        if matched.is_empty() {
            problems.push(
                Diagnostic::error("component::reads", format!("`{pattern}` names no file"))
                    .at(at.clone())
                    .help(
                        "paths are relative to the component's folder; `**` stands for any folders",
                    ),
            );
        }
        files.extend(matched);
    }
    if others {
        files.sort_unstable();
        files.dedup();
    }
    Closure {
        digest: digest_of(files.iter().copied()),
        files: files.into_iter().map(|f| f.path.clone()).collect(),
    }
}

/// Files that a pattern names: a file, a folder with everything below, or `*` and `**`.
fn matching<'a>(tree: &'a dyn Tree, folder: &str, pattern: &str) -> Vec<&'a TreeFile> {
    let split = pattern
        .find(['*', '?'])
        .map(|i| pattern[..i].rfind('/').map_or(0, |s| s + 1));
    let (fixed, rest) = match split {
        Some(at) => (pattern[..at].trim_end_matches('/'), &pattern[at..]),
        None => (pattern.trim_end_matches('/'), ""),
    };
    let Some(base) = strata_core::tree::join(folder, fixed) else {
        return Vec::new();
    };
    if rest.is_empty() {
        return tree
            .file(&base)
            .into_iter()
            .chain(tree.below(&base))
            .collect();
    }
    let skip = if base.is_empty() { 0 } else { base.len() + 1 };
    tree.below(&base)
        .iter()
        .filter(|f| glob(rest.as_bytes(), f.path[skip..].as_bytes()))
        .collect()
}

/// `*` within a folder, `**` across folders, `?` one character.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => {
            glob(rest, text)
                || text
                    .iter()
                    .enumerate()
                    .any(|(i, b)| *b == b'/' && glob(rest, &text[i + 1..]))
        }
        [b'*', b'*'] => true,
        [b'*', rest @ ..] => {
            let end = text.iter().position(|b| *b == b'/').unwrap_or(text.len());
            (0..=end).any(|i| glob(rest, &text[i..]))
        }
        [b'?', rest @ ..] => text.first().is_some_and(|b| *b != b'/') && glob(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_follow_folders() {
        let g = |p: &str, t: &str| glob(p.as_bytes(), t.as_bytes());
        assert!(
            g("**", "a/b") && g("*.tf", "x.tf") && g("**/*.tf", "a/b/x.tf") && g("**/*.tf", "x.tf")
        );
        assert!(!g("*.tf", "a/x.tf") && !g("?", "/") && g("a?c", "abc"));
    }
}
