//! Finds and reads the files of a platform: `strata.yaml`, environments, contracts, and every component's folder.
mod components;
mod foreign;
mod platform;

pub(crate) use platform::unknown_environment;

use crate::{
    decode::Problems,
    document::{Contract, EnvironmentFile, Platform},
    imports::{Guest, Lock, Origin, Wanted, catalog::Catalog, gather, mount::Mounted},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    engine::DynEngine,
    name::{RESERVED, name_problem},
    span::Location,
    tree::{Tree, TreeFile},
};
use strata_syntax::{kept, node::Node};

/// Engines, in the order in which they are registered.
pub type Engines = [Arc<dyn DynEngine>];

/// A component as the files describe it, before environments override it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Its folder.
    pub folder: String,
    /// Position of its layer.
    pub layer: usize,
    /// Position of its engine.
    pub engine: usize,
    /// Defaults, `strata.yaml` and `component.yaml`, merged.
    pub node: Option<Node>,
    /// Where it is described best.
    pub at: Location,
    /// The environment whose file brings it, when it is not one of the whole platform.
    pub env: Option<Arc<str>>,
    /// Where its files are, when they are not in a folder of its own.
    pub origin: Option<Arc<Origin>>,
}

/// A platform as its files have it.
pub struct Loaded {
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// `strata.yaml`.
    pub platform: Platform,
    /// Environments by name; names that begin with `_` are bases only.
    pub environments: BTreeMap<String, EnvironmentFile>,
    /// Contracts by name.
    pub contracts: BTreeMap<String, Contract>,
    /// Components by name.
    pub components: BTreeMap<Arc<str>, Arc<Source>>,
    /// The folder of an import, with its `/`; empty for the platform itself.
    pub base: String,
    /// What its environments import, by environment.
    pub guests: BTreeMap<String, Vec<Guest>>,
    /// Every import of another repository, with those of imports.
    pub wanted: Vec<Wanted>,
    /// Components that only one environment has, because its file brings them, by environment.
    pub own: BTreeMap<String, Vec<Arc<Source>>>,
    /// Components that an environment takes from elsewhere, or at another version: by environment and name. Nothing
    /// where it was said why that is not to be had.
    pub elsewhere: BTreeMap<(String, Arc<str>), Option<Arc<Source>>>,
    /// Components that are there and could not be described: it was said why, and who uses them is not wrong too.
    pub broken: BTreeSet<String>,
}

/// Name of the file that makes a folder a platform.
pub const ROOT_FILE: &str = "strata.yaml";
/// Name of the file that says what a tool cannot.
pub const COMPONENT_FILE: &str = "component.yaml";

/// Reads a platform, with everything that it imports.
pub fn load(tree: Arc<dyn Tree>, engines: &Engines) -> (Loaded, Problems) {
    load_under(tree, engines, None)
}

/// Reads a platform under another lock than its own.
pub fn load_under(
    tree: Arc<dyn Tree>,
    engines: &Engines,
    lock: Option<&Lock>,
) -> (Loaded, Problems) {
    let mut found = Problems::new();
    let own = match lock {
        Some(_) => Lock::default(),
        None => Lock::of(tree.as_ref(), &mut found),
    };
    let lock = lock.unwrap_or(&own);
    let mut catalog = Catalog::new(tree.clone(), lock, None);
    let (mut loaded, mut problems) = load_at(tree, "", engines, &mut catalog);
    loaded.wanted = catalog.wanted;
    gather::all(&mut loaded, engines, lock, &mut problems);
    // nobody has to mend a lock that nothing needs
    let imports = loaded.environments.values().any(|e| !e.imports.is_empty());
    if imports || !loaded.wanted.is_empty() {
        problems.extend(found);
    }
    (loaded, problems)
}

/// Reads the platform in a folder (`""`, or `FOLDER/`) of a tree, and none of its imports.
pub(crate) fn load_at(
    tree: Arc<dyn Tree>,
    base: &str,
    engines: &Engines,
    catalog: &mut Catalog<'_>,
) -> (Loaded, Problems) {
    let mut problems = Problems::new();
    let root_file = format!("{base}{ROOT_FILE}");
    let mut loaded = Loaded {
        platform: Platform::decode(
            None,
            Location::file(root_file.as_str()),
            &mut Problems::new(),
        ),
        environments: BTreeMap::new(),
        contracts: BTreeMap::new(),
        components: BTreeMap::new(),
        base: base.to_owned(),
        guests: BTreeMap::new(),
        wanted: Vec::new(),
        own: BTreeMap::new(),
        elsewhere: BTreeMap::new(),
        broken: BTreeSet::new(),
        tree: tree.clone(),
    };
    if tree.file(&root_file).is_none() {
        problems.push(
            Diagnostic::error("platform::missing", "there is no `strata.yaml` here")
                .help("run `strata init`, or name the folder with `-C DIR`"),
        );
        return (loaded, problems);
    }
    let root = match parse(tree.as_ref(), &root_file, &mut problems) {
        Parsed::Node(node) if base.is_empty() => node,
        Parsed::Node(node) => foreign::platform(node, &mut problems),
        // without it nothing else means anything
        Parsed::Broken => return (loaded, problems),
    };
    let at = Location::file(root_file.as_str());
    loaded.platform = Platform::decode(root.as_ref(), at, &mut problems);
    problems.extend(twin_of(tree.as_ref(), &root_file));
    platform::check(&loaded.platform, engines, &mut problems);
    loaded.environments = environments(tree.as_ref(), base, &mut problems);
    loaded.contracts = contracts(tree.as_ref(), base, &mut problems);
    components::find(&mut loaded, engines, catalog, &mut problems);
    if !catalog.mounts.is_empty() {
        loaded.tree = Arc::new(Mounted::new(tree.clone(), catalog.mounts.clone()));
    }
    problems.extend(foreign::policies(tree.as_ref(), base));
    platform::check_environments(&loaded, &mut problems);
    let own = loaded.own.values().flatten();
    let all: Vec<&Source> = loaded
        .components
        .values()
        .chain(own)
        .map(AsRef::as_ref)
        .collect();
    unusable(tree.as_ref(), &all, &mut problems);
    (loaded, problems)
}

/// What lies in a folder that matters and cannot be part of the platform: a tool that wants it will miss it.
fn unusable(tree: &dyn Tree, components: &[&Source], problems: &mut Problems) {
    for problem in tree.problems() {
        let Some(at) = &problem.at else { continue };
        let below = |folder: &str| {
            let rest = at.file.strip_prefix(folder);
            !folder.is_empty() && rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        let ours = ["layers", "environments", "contracts", "policy"];
        if ours.into_iter().any(below) || components.iter().any(|c| below(&c.folder)) {
            problems.push(Diagnostic {
                severity: Severity::Warning,
                ..problem.clone()
            });
        }
    }
}

/// What could be made of a file.
enum Parsed {
    /// What it says; nothing where it is empty or not there.
    Node(Option<Node>),
    /// It was said what is wrong with it.
    Broken,
}

fn parse(tree: &dyn Tree, path: &str, problems: &mut Problems) -> Parsed {
    if tree.file(path).is_none() {
        return Parsed::Node(None);
    }
    match kept::yaml(tree, path) {
        Ok((node, found)) => {
            let wrong = !found.is_empty();
            problems.extend(found);
            match node {
                None if wrong => Parsed::Broken,
                node => Parsed::Node(node),
            }
        }
        Err(e) => {
            problems.push(
                Diagnostic::error("file::unreadable", e.to_string()).at(Location::file(path)),
            );
            Parsed::Broken
        }
    }
}

/// Files directly in a folder that end with `.yaml` or `.yml`: name without the ending, path. Of two that differ only
/// in their ending `.yaml` counts, and both are named.
fn yaml_files<'a>(
    tree: &'a dyn Tree,
    folder: &str,
    problems: &mut Problems,
) -> Vec<(&'a str, &'a str)> {
    let prefix = folder.len() + 1;
    let named = |f: &'a TreeFile| {
        let rest = &f.path[prefix..];
        let name = rest
            .strip_suffix(".yaml")
            .or_else(|| rest.strip_suffix(".yml"))?;
        (!name.contains('/')).then_some((name, f.path.as_ref()))
    };
    let found = tree.below(folder).iter().filter_map(named);
    // sorted, so `.yaml` stands before `.yml`
    let (twins, out) = found.partition(|(_, path)| {
        path.strip_suffix(".yml")
            .is_some_and(|stem| tree.file(&format!("{stem}.yaml")).is_some())
    });
    let twins: Vec<(&str, &str)> = twins;
    problems.extend(twins.iter().map(|(_, path)| twin(path)));
    out
}

/// A file `x.yml` beside `x.yaml`.
fn twin(path: &str) -> Diagnostic {
    let stem = path.strip_suffix(".yml").unwrap_or(path);
    let message = format!("`{path}` stands beside `{stem}.yaml`, which says what it says");
    Diagnostic::error("file::twice", message)
        .at(Location::file(path))
        .related(
            Location::file(format!("{stem}.yaml")),
            "only this one is read",
        )
        .help("put both into one file, or rename one")
}

/// A file that has one name only, and is there under the other.
fn misnamed(tree: &dyn Tree, path: &str) -> Option<Diagnostic> {
    let other = format!("{}.yml", path.strip_suffix(".yaml")?);
    let name = path.rsplit('/').next().unwrap_or(path);
    tree.file(&other).map(|_| {
        Diagnostic::error(
            "file::name",
            format!("`{other}` is not read: it is called `{name}`"),
        )
        .at(Location::file(other))
        .help(format!("rename it to `{name}`"))
    })
}

/// A twin of a file that has one name only.
fn twin_of(tree: &dyn Tree, path: &str) -> Option<Diagnostic> {
    let other = format!("{}.yml", path.strip_suffix(".yaml")?);
    tree.file(&other).map(|_| twin(&other))
}

pub(crate) fn environments(
    tree: &dyn Tree,
    base: &str,
    problems: &mut Problems,
) -> BTreeMap<String, EnvironmentFile> {
    let mut out = BTreeMap::new();
    for (name, path) in yaml_files(tree, &format!("{base}environments"), problems) {
        let at = Location::file(path);
        if let Some(why) = name_problem(name) {
            problems.push(
                Diagnostic::error("environment::name", why)
                    .at(at.clone())
                    .help("rename the file"),
            );
            continue;
        }
        let file = match parse(tree, path, problems) {
            Parsed::Node(node) => {
                let node = if base.is_empty() {
                    node
                } else {
                    foreign::environment(node, problems)
                };
                EnvironmentFile::decode(name, node, at, problems)
            }
            Parsed::Broken => EnvironmentFile::broken(name, at),
        };
        out.insert(name.to_owned(), file);
    }
    out
}

fn contracts(tree: &dyn Tree, base: &str, problems: &mut Problems) -> BTreeMap<String, Contract> {
    let mut out = BTreeMap::new();
    for (name, path) in yaml_files(tree, &format!("{base}contracts"), problems) {
        let reserved = RESERVED
            .contains(&name)
            .then(|| format!("`{name}` is a word of expressions"));
        if let Some(why) = name_problem(name).or(reserved) {
            problems.push(
                Diagnostic::error("contract::name", why)
                    .at(Location::file(path))
                    .help("rename the file"),
            );
            continue;
        }
        let at = Location::file(path);
        let contract = match parse(tree, path, problems) {
            Parsed::Node(node) => Contract::decode(name, node.as_ref(), at, problems),
            Parsed::Broken => Contract::broken(name, at),
        };
        out.insert(name.to_owned(), contract);
    }
    out
}
