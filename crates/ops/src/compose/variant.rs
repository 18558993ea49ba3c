//! A component as some environments have it: decoded once for all that do not override it.
use super::{Composition, guests, promised};
use crate::{
    decode::Problems,
    document::component::{Component, Identity},
    imports::{Origin, source},
    load::{COMPONENT_FILE, Engines, Loaded, ROOT_FILE, Source, unknown_environment},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    glob,
    interface::Interface,
    span::Location,
    spec::UnitSpec,
    tree::{Tree, TreeFile, digest_of, rooted},
};
use strata_syntax::{
    expr::Reference,
    node::{Node, merge},
};

/// A component as some environments have it.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its description.
    pub component: Component,
    /// Position of its engine.
    pub engine: usize,
    /// Position of an environment that has it so.
    pub env: u32,
    /// What its tool takes and gives.
    pub interface: Arc<Interface>,
    /// Its files.
    pub closure: Arc<Closure>,
    /// Files that verifiers of its contracts need besides: no part of what it is.
    pub suite: Vec<Arc<str>>,
    /// Where its files come from, when they are not in a folder of its own.
    pub origin: Option<Arc<Origin>>,
    /// Names that its late fields use.
    pub uses: Vec<Use>,
}

/// A name that a field uses. One under `provides` makes nothing wait for it but those who take the contract.
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
    /// What engines said of a component, by what they were told of it.
    read: HashMap<Arc<str>, Vec<(UnitSpec, Arc<Interface>, Problems)>>,
    /// Names of the engines that a component may have.
    engines: Vec<&'static str>,
}

impl Variants {
    /// None yet.
    pub fn new(engines: &Engines) -> Self {
        Self {
            plain: HashMap::new(),
            seen: HashSet::new(),
            read: HashMap::new(),
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
            .filter(|_| source.env.is_none())
            .map(|(_, n)| n.clone());
        if over.is_none()
            && source.env.is_none()
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
        let loaded = c.loaded_of(env).clone();
        let engine = &c.engines[source.engine];
        let identity = Identity {
            name: &source.name,
            folder: &source.folder,
            engine: engine.name(),
            options: engine.options(),
            layer: guests::layer(c, env, source.layer).unwrap_or_default(),
            engines: &self.engines,
            at: source.at.clone(),
        };
        let mut found = Problems::new();
        found.extend(misplaced(node, source));
        let ours = guests::without_backend(c, env, node, &mut found);
        let mut component = Component::decode(&identity, ours.as_ref().or(node), &mut found);
        let (interface, more) = self.interface(c, &loaded, source, bare_spec(&component));
        // where its block is wrong, its engine has not seen all of it
        let whole = !component.misread;
        let more = more.into_iter().filter(|p| whole || p.at.is_some());
        found.extend(more.map(|p| placed(&component, p)));
        if let Some(verify) = c.engines.iter().find(|e| e.name() == "verify") {
            for (field, outline) in component.verify.iter().zip(verify_spec(&component).verify) {
                let spec = UnitSpec {
                    verify: vec![outline],
                    ..UnitSpec::default()
                };
                let (_, wrong) = verify.interface(loaded.tree.as_ref(), &spec);
                found.extend(wrong.into_iter().map(|p| p.at(field.at.clone())));
            }
        }
        let suite = promised::verifiers(&loaded, &mut component);
        for (name, at) in component.environments.iter().flatten() {
            found.extend(unknown_environment(name, at, &loaded.environments));
        }
        let tree = seen(&loaded, source);
        let at_root = component.folder.is_empty() && engine.recognise(tree, "").is_some();
        let closure = closure(tree, &component, at_root, &interface, &mut found);
        found.retain(|p| first || !problems.contains(p));
        problems.extend(found);
        let promised = component.provides.values().flat_map(|(_, f)| f.values());
        let promised = promised.map(|field| ("provides", field, MAPPED));
        let late = component
            .late_fields()
            .map(|(key, field)| (key, field, PLAIN));
        let uses = late
            .chain(promised)
            .flat_map(|(key, field, skip)| {
                let used = field.references(skip).into_iter();
                used.map(move |(reference, at)| Use { reference, at, key })
            })
            .collect();
        let variant = Variant {
            component,
            engine: source.engine,
            env: env as u32,
            interface,
            closure: Arc::new(closure),
            suite,
            origin: source.origin.clone(),
            uses,
        };
        let position = c.variants.len() as u32;
        c.variants.push(variant);
        if over.is_none() && source.env.is_none() {
            self.plain.insert(source.name.clone(), position);
        }
        position
    }

    /// What a component takes and gives; an environment that only gives other inputs reads no file again.
    fn interface(
        &mut self,
        c: &Composition,
        loaded: &Loaded,
        source: &Source,
        spec: UnitSpec,
    ) -> (Arc<Interface>, Problems) {
        let name = source.name.as_ref();
        if !c.envs.iter().any(|e| e.overrides.contains_key(name)) {
            let engine = &c.engines[source.engine];
            let (interface, problems) = engine.interface(seen(loaded, source), &spec);
            return (Arc::new(interface), problems);
        }
        let known = self.read.entry(source.name.clone()).or_default();
        if let Some((_, interface, problems)) = known.iter().find(|(s, ..)| *s == spec) {
            return (interface.clone(), problems.clone());
        }
        let engine = &c.engines[source.engine];
        let (interface, problems) = engine.interface(seen(loaded, source), &spec);
        let interface = Arc::new(interface);
        known.push((spec, interface.clone(), problems.clone()));
        (interface, problems)
    }
}

/// The files that a component's tool may see: what comes from a catalog sees its own repository and nothing of ours.
fn seen<'a>(loaded: &'a Loaded, source: &'a Source) -> &'a dyn Tree {
    let foreign = source.origin.as_ref().filter(|o| o.pin.is_some());
    foreign.map_or(loaded.tree.as_ref(), |o| o.tree.as_ref())
}

/// `source`, `version` or `hooks` where nobody looks for the files.
fn misplaced(node: Option<&Node>, source: &Source) -> Option<Diagnostic> {
    // what is no description at all was said to be none
    let said = source::written(Some(node.filter(|n| n.as_map().is_some())?));
    let done = source.origin.as_ref().map(|o| o.written.clone());
    let done = done.unwrap_or_default();
    let i = (0..said.len()).find(|i| said[*i] != done[*i])?;
    let key = source::KEYS[i];
    let at = node.and_then(|n| n.key_location(key));
    let message = format!("`{key}` of a component cannot be said here");
    Some(
        Diagnostic::error("import::source", message)
            .at_opt(at)
            .help(source::WHERE),
    )
}

/// Names that never stand for a unit.
pub(super) const PLAIN: &[&str] = &[
    "values", "env", "secret", "each", "unit", "flavors", "file", "platform",
];

/// The same in what a contract is made of: `self` is looked at with the contract.
pub(super) const MAPPED: &[&str] = &[
    "values", "env", "secret", "each", "unit", "flavors", "file", "platform", "self",
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

/// An engine knows no places, but of which option it speaks.
fn placed(component: &Component, mut problem: Diagnostic) -> Diagnostic {
    let option = problem.option.take();
    if problem.at.is_some() {
        return problem;
    }
    let field = option.and_then(|option| component.options.get(&option));
    let at = field.map_or(&component.at, |field| &field.at).clone();
    problem.at(at)
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

/// What lies below a root of an environment is the same as below the platform's: it comes and goes with what is taken
/// from elsewhere.
fn digest(component: &Component, files: &[&TreeFile]) -> Digest {
    if rooted(&component.folder).0.is_empty() {
        return digest_of(files.iter().copied());
    }
    let inside = |f: &&TreeFile| TreeFile {
        path: rooted(&f.path).1.into(),
        ..(*f).clone()
    };
    let files: Vec<TreeFile> = files.iter().map(inside).collect();
    digest_of(&files)
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
        let matched = glob::matching(tree, &component.folder, pattern);
        let (message, help) = match &matched {
            None => (
                format!("`{pattern}` is outside of the platform's folder"),
                "only files of the platform can be read: copy it, or give it with `files:`",
            ),
            Some(files) if files.is_empty() => (
                format!("`{pattern}` names no file"),
                "paths are relative to the component's folder; `**` stands for any folders",
            ),
            Some(found) => {
                files.extend(found);
                continue;
            }
        };
        problems.push(
            Diagnostic::error("component::reads", message)
                .at(at.clone())
                .help(help),
        );
    }
    if others {
        files.sort_unstable();
        files.dedup();
    }
    Closure {
        digest: digest(component, &files),
        files: files.into_iter().map(|f| f.path.clone()).collect(),
    }
}
