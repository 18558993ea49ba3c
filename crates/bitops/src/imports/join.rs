//! What is taken from elsewhere, below an environment: its files, the order of what it deploys, its masks.
use super::{
    Gathered, Import, Listed, Origins, Picked, Shared, Source, excluded,
    order::deployments,
    rooted::Rooted,
    values::{self, Last},
};
use crate::{
    Settings, defaults,
    layout::{self, CONFIG},
    merge::{Composed, Layer, compose},
    overlay::Overlay,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    tree::{ROOTS, Tree},
};
use strata_ops::imports::mount::Mounted;
use strata_syntax::node::Node;

/// What an environment stands on.
pub struct Basis {
    /// The files as its deployments find them.
    pub tree: Arc<dyn Tree>,
    /// The files of its layers, as they were before they were joined: where pieces lie.
    pub layers: Arc<dyn Tree>,
    /// Where its root lies among all files; empty where it is the root.
    pub root: String,
    /// What its files are made of, of those that are not plainly its own.
    pub origins: Origins,
    /// Layers whose file gave way to that of a higher one, by path.
    pub replaced: BTreeMap<String, Vec<String>>,
    /// Files of values that helm is given behind all others, in order, by the chart's folder; paths from the
    /// environment's folder.
    pub last: BTreeMap<String, Vec<String>>,
    /// What is deployed in which order; none where the usual order counts.
    pub deployments: Option<Vec<Listed>>,
    /// Charts in the order of the layers that bring them first.
    pub charts: Vec<String>,
    /// Masks of logs.
    pub masks: Vec<Node>,
}

/// The files of a repo with what it takes from elsewhere.
pub struct Joined {
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// The rest, by environment.
    pub basis: BTreeMap<String, Basis>,
}

type Made = BTreeMap<String, (Vec<u8>, bool)>;

/// Joins: what is taken from elsewhere, the defaults above it, the environment above those.
pub fn join(
    own: &Arc<dyn Tree>,
    environments: &[String],
    gathered: &Gathered,
    settings: &Settings,
    problems: &mut Vec<Diagnostic>,
) -> Joined {
    let base: Arc<dyn Tree> = if gathered.mounts.is_empty() {
        own.clone()
    } else {
        Arc::new(Mounted::new(own.clone(), gathered.mounts.clone()))
    };
    let mut all = Made::new();
    let mut shown = BTreeMap::new();
    let mut roots = Vec::new();
    let mut basis = BTreeMap::new();
    for env in environments {
        let imports = gathered.imports.get(env).map_or(&[][..], Vec::as_slice);
        let shared = gathered.shared.get(env).map_or(&[][..], Vec::as_slice);
        let mut of = Of {
            own: &base,
            env,
            sources: &gathered.sources,
            default: settings.default_folder(),
            made: Made::new(),
            origins: Origins::new(),
            replaced: BTreeMap::new(),
            last: Last::new(),
            problems,
        };
        let folders = of.environment(imports);
        let last = std::mem::take(&mut of.last);
        let inside = std::mem::take(&mut of.made);
        of.shared(shared);
        let (beside, origins, replaced) = (of.made, of.origins, of.replaced);
        let names = shown_as(&origins, base.as_ref());
        let mut root = String::new();
        let mut tree = base.clone();
        if !beside.is_empty() {
            root = format!("{ROOTS}/{env}");
            let both = inside.clone().into_iter().chain(beside).collect();
            tree = Arc::new(Overlay::named(base.clone(), both, names.clone()));
            roots.push((root.clone(), tree.clone()));
        }
        all.extend(inside);
        shown.extend(names);
        let found = Basis {
            tree,
            layers: base.clone(),
            root,
            origins,
            replaced,
            last,
            deployments: deployments(imports, &folders, env),
            charts: imports.iter().flat_map(|i| i.charts.clone()).collect(),
            masks: imports.iter().flat_map(|i| i.masks.clone()).collect(),
        };
        basis.insert(env.clone(), found);
    }
    let tree: Arc<dyn Tree> = if all.is_empty() {
        base
    } else {
        Arc::new(Overlay::named(base, all, shown))
    };
    let tree: Arc<dyn Tree> = if roots.is_empty() {
        tree
    } else {
        Arc::new(Rooted::new(tree, roots))
    };
    for found in basis.values_mut().filter(|b| b.root.is_empty()) {
        found.tree = tree.clone();
    }
    Joined { tree, basis }
}

/// How people are shown files that nobody wrote at their place.
fn shown_as(origins: &Origins, tree: &dyn Tree) -> BTreeMap<String, String> {
    let name = |(path, pieces): (&String, &Vec<crate::merge::Piece>)| {
        let shown = match pieces.as_slice() {
            [one] if one.path == *path => return None,
            [one] => tree.shown(&one.path).into_owned(),
            _ => format!("{path} (merged)"),
        };
        Some((path.clone(), shown))
    };
    origins.iter().filter_map(name).collect()
}

/// The join of one environment.
struct Of<'a> {
    own: &'a Arc<dyn Tree>,
    env: &'a str,
    sources: &'a [Source],
    default: &'a str,
    made: Made,
    origins: Origins,
    replaced: BTreeMap<String, Vec<String>>,
    last: Last,
    problems: &'a mut Vec<Diagnostic>,
}

impl Of<'_> {
    fn layer(&self, folder: &str) -> Layer {
        Layer {
            name: folder.to_owned(),
            tree: self.own.clone(),
            folder: folder.to_owned(),
            foreign: false,
        }
    }

    /// Its own files; gives the folders in it.
    fn environment(&mut self, imports: &[Import]) -> BTreeSet<String> {
        let here = || layout::folders(self.own.as_ref(), self.env);
        let brought = |chart: &str| imports.iter().any(|i| i.charts.iter().any(|c| c == chart));
        let default = defaults::layer(self.own, self.default, self.env, &brought);
        if imports.is_empty() && default.tree.files().is_empty() {
            return here().into_iter().map(str::to_owned).collect();
        }
        let mut layers: Vec<Layer> = imports.iter().map(|i| i.layer.clone()).collect();
        layers.push(default);
        layers.push(self.layer(self.env));
        let at = Location::file(format!("{}/{CONFIG}", self.env));
        let found = compose(&layers).and_then(|mut composed| {
            let last = match imports {
                // helm is given the files of both
                [] => Last::new(),
                imports => values::last(&layers, imports, &mut composed)?,
            };
            Ok((composed, last))
        });
        let composed = match found {
            Ok((composed, last)) => {
                self.last = last;
                composed
            }
            Err(e) => {
                let problem = Diagnostic::error("file::unreadable", e.to_string());
                self.problems.push(problem.at(at));
                return BTreeSet::new();
            }
        };
        let ours = |layer: &str| layer == self.default || layer == self.env;
        for c in composed
            .conflicts
            .iter()
            .filter(|c| ours(&c.layers.0) && ours(&c.layers.1))
        {
            defaults::conflict(self.own.as_ref(), self.default, self.env, c, self.problems);
        }
        conflicts(&composed, self.env, &at, self.sources, self.problems);
        if imports.is_empty() && !composed.conflicts.is_empty() {
            return here().into_iter().map(str::to_owned).collect();
        }
        defaults::taken(&composed, self.default, self.env, self.problems);
        self.put(&composed, self.env, imports);
        let folder = |path: &String| Some(path.split_once('/')?.0.to_owned());
        composed.files.keys().filter_map(folder).collect()
    }

    /// Takes over what is not plainly ours.
    fn put(&mut self, composed: &Composed, folder: &str, imports: &[Import]) {
        for (path, lower, _) in &composed.replaced {
            let at = format!("{folder}/{path}");
            self.replaced.entry(at).or_default().push(lower.clone());
        }
        let mut deep = origins(composed, imports);
        for (path, file) in &composed.files {
            let at = format!("{folder}/{path}");
            let pieces = deep.remove(path).unwrap_or_default();
            if file.plain && pieces.iter().all(|p| p.path == at) {
                continue;
            }
            self.origins.insert(at.clone(), pieces);
            self.made.insert(at, (file.bytes.to_vec(), file.executable));
        }
    }

    /// Folders of the root that begin with `_`: scripts and modules that files of an environment name.
    fn shared(&mut self, all: &[Shared]) {
        let mut names = BTreeSet::new();
        for shared in all {
            let folders = layout::folders(shared.layer.tree.as_ref(), &shared.layer.folder);
            // defaults are folded where they belong
            let defaults = [self.default, "_default"];
            let wanted = |f: &&str| f.starts_with('_') && !defaults.contains(f);
            names.extend(folders.into_iter().filter(wanted).map(str::to_owned));
        }
        for name in names {
            let mut layers: Vec<Layer> = all.iter().map(|s| picked(s, &name)).collect();
            layers.push(self.layer(&name));
            let Ok(mut composed) = compose(&layers) else {
                continue;
            };
            for conflict in &mut composed.conflicts {
                conflict.path = format!("{name}/{}", conflict.path);
            }
            let at = Location::file(format!("{}/{CONFIG}", self.env));
            conflicts(&composed, self.env, &at, self.sources, self.problems);
            self.put(&composed, &name, &[]);
        }
    }
}

/// One folder of the root of another repo, without what every entry leaves out.
fn picked(shared: &Shared, name: &str) -> Layer {
    let base = if shared.layer.folder.is_empty() {
        name.to_owned()
    } else {
        format!("{}/{name}", shared.layer.folder)
    };
    let wanted = |path: &str| {
        let path = format!("{name}/{path}");
        let leaves_out = |patterns: &Vec<String>| patterns.iter().any(|p| excluded(p, &path));
        !shared.exclude.iter().all(leaves_out)
    };
    Layer {
        tree: Arc::new(Picked::new(shared.layer.tree.clone(), &base, &wanted)),
        folder: base,
        ..shared.layer.clone()
    }
}

/// Says what cannot be folded, with both origins.
pub fn conflicts(
    composed: &Composed,
    env: &str,
    at: &Location,
    sources: &[Source],
    problems: &mut Vec<Diagnostic>,
) {
    let source = |layer: &str| sources.iter().find(|s| s.env == env && s.has(layer));
    for conflict in &composed.conflicts {
        let (lower, upper) = (&conflict.layers.0, &conflict.layers.1);
        if source(lower).is_none() && source(upper).is_none() {
            // both are ours
            continue;
        }
        let shown = |layer: &str| match source(layer) {
            Some(source) if source.default == *layer => {
                format!("the defaults of {}", source.shown())
            }
            Some(source) => source.shown(),
            None => format!("`{layer}`"),
        };
        // the upper file stays beside the lower one under a name that nobody wrote
        let renamed = [format!(".{upper}_override.tf"), format!(".{upper}.tf")];
        let mut names = renamed
            .iter()
            .filter_map(|n| conflict.path.strip_suffix(n.as_str()));
        let path = names.next().unwrap_or(&conflict.path);
        let message = format!(
            "`{path}` of {} and of {} cannot be one: {}",
            shown(lower),
            shown(upper),
            conflict.why
        );
        let place = source(upper)
            .or_else(|| source(lower))
            .map_or(at, |s| &s.at);
        let mut problem = Diagnostic::error("bitops::conflict", message).at(place.clone());
        if let (Some(lower), Some(upper)) = (source(lower), source(upper))
            && lower.name != upper.name
        {
            problem = problem.related(lower.at.clone(), "the other one");
        }
        problems.push(problem.help(if conflict.path.ends_with(".tf") {
            "leave it out of one of them with `exclude: [PATH]`"
        } else {
            "leave it out of one of them with `exclude: [PATH]`, or write a file of yours at this path: it counts"
        }));
    }
}

/// What each file is made of, down to what imports are made of.
pub fn origins(composed: &Composed, below: &[Import]) -> Origins {
    let deep = |piece: &crate::merge::Piece| {
        let import = below.iter().find(|i| i.layer.name == piece.layer);
        let found = import.and_then(|i| i.origins.get(&piece.path)).cloned();
        found.unwrap_or_else(|| vec![piece.clone()])
    };
    let of = |(path, file): (&String, &crate::merge::File)| {
        (path.clone(), file.origin.iter().flat_map(deep).collect())
    };
    composed.files.iter().map(of).collect()
}
