//! `default-environments`: environments of other repos, as the lowest layers of one of ours.
//!
//! - this file: each entry with its files, and those of the entries that it has itself, under the lock.
//! - [`join`]: their files below ours, the order of their deployments, their masks.
//! - [`trust`]: what another repo's files may not do without being allowed: scripts, states in a place of theirs.
//!
//! It decides nothing about commits: that is the lock's part. An entry is folded before it is used: what its repo takes
//! from elsewhere, then that repo's own `_default`, then the environment.
pub mod join;
pub mod trust;

use crate::{
    Settings,
    environment::read as read_yaml,
    layout::{self, CONFIG},
    merge::{Layer, compose},
    overlay::Overlay,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    repo::{Pin, Repo},
    span::Location,
    tree::{MemoryTree, Tree, TreeFile},
};
use strata_ops::imports::{
    Lock, Wanted, Wish,
    gather::vendored,
    lock::What,
    mount::{Below, MOUNTS, Mount},
    wish::{fits, wishes},
};
use strata_syntax::node::Node;

/// The key.
pub const KEY: &str = "default-environments";
/// An entry of an entry of an entry … ends here.
const DEEPEST: usize = 16;

/// An entry, as it is shown.
#[derive(Clone, Debug)]
pub struct Source {
    /// The environment of ours that takes it.
    pub env: String,
    /// Names that lead to it, with dots: `eks`, `eks.base`. Its layers are called so.
    pub name: String,
    /// Whose it is; none for an environment of this repo.
    pub pin: Option<Pin>,
    /// The environment there.
    pub environment: String,
    /// May its scripts run?
    pub hooks: bool,
    /// Where it is asked for.
    pub at: Location,
}

impl Source {
    /// Is it another repo's?
    pub const fn is_foreign(&self) -> bool {
        self.pin.is_some()
    }
    /// For people.
    pub fn shown(&self) -> String {
        match &self.pin {
            Some(pin) => format!("`{}` of {} at {}", self.environment, pin.repo, pin.version),
            None => format!("`{}` of this repo", self.environment),
        }
    }
}

/// Layers that each file is made of, lowest first, by path.
pub type Origins = BTreeMap<String, Vec<String>>;

/// An entry with its files, folded.
pub struct Import {
    layer: Layer,
    origins: Origins,
    /// What it and its own entries deploy, in order: folder, plugin, where that is said; none where nobody says it.
    deployments: Option<Vec<(String, String, Location)>>,
    masks: Vec<Node>,
}

/// Everything that the environments of a repo take from elsewhere.
#[derive(Default)]
pub struct Gathered {
    /// The entries of each environment, lowest first.
    pub imports: BTreeMap<String, Vec<Import>>,
    /// All of them, with those of entries.
    pub sources: Vec<Source>,
    /// What has to be in the lock.
    pub wanted: Vec<Wanted>,
    /// Trees at their places among our files.
    pub mounts: Vec<Arc<Mount>>,
    /// Trees whose folders of the root that begin with `_` come too, by name, lowest first.
    roots: Vec<(String, Layer)>,
}

/// The list of an environment, at the top of its file or below `bitops:`.
pub fn list(file: Option<&Node>, problems: &mut Vec<Diagnostic>) -> Vec<Wish> {
    let top = file.and_then(|n| n.get(KEY));
    let below = file
        .and_then(|n| n.get("bitops"))
        .and_then(|n| n.get(KEY));
    if let (Some(top), Some(below)) = (top, below) {
        problems.push(
            Diagnostic::error("bitops::wrong-kind", format!("`{KEY}` stands in two places"))
                .at(below.location())
                .related(top.location(), "the other one")
                .help("keep one of them"),
        );
        return Vec::new();
    }
    let Some(list) = top.or(below).filter(|n| !n.is_null()) else {
        return Vec::new();
    };
    let found = wishes(list, problems);
    for item in list.as_list().into_iter().flatten() {
        for key in ["layer", "values"] {
            if let Some(node) = item.get(key) {
                problems.push(
                    Diagnostic::warning(
                        "bitops::unknown-key",
                        format!("an entry of `{KEY}` has no key `{key}`; it is ignored"),
                    )
                    .at(node.location())
                    .help("give values in files of this environment, such as `terraform.tfvars`"),
                );
            }
        }
    }
    found
}

/// Gathers what environments take from elsewhere.
pub fn gather(
    tree: &Arc<dyn Tree>,
    environments: &[String],
    settings: &Settings,
    lock: &Lock,
    problems: &mut Vec<Diagnostic>,
) -> Gathered {
    let mut gatherer = Gatherer {
        root: tree,
        lock,
        settings,
        out: Gathered::default(),
        problems,
        met: BTreeMap::new(),
        direct: BTreeMap::new(),
        env: String::new(),
    };
    for env in environments {
        gatherer.met.clear();
        gatherer.env.clone_from(env);
        let here = Here {
            tree: tree.clone(),
            folder: String::new(),
            repo: None,
            commit: String::new(),
            hooks: true,
        };
        let file = read_yaml(tree.as_ref(), &format!("{env}/{CONFIG}"), &mut Vec::new());
        let own = list(file.as_ref(), &mut Vec::new());
        let direct = own.iter().filter_map(|w| {
            let repo = w.repo.as_ref()?.key().to_owned();
            Some(((repo, w.environment.clone()), w.version.clone()?))
        });
        gatherer.direct = direct.collect();
        let chain = [(String::new(), String::new(), env.clone())];
        let found = gatherer.of(&here, env, "", &chain);
        if !found.is_empty() {
            gatherer.out.imports.insert(env.clone(), found);
        }
    }
    gatherer.out
}

/// The repo that an entry stands in.
#[derive(Clone)]
struct Here {
    tree: Arc<dyn Tree>,
    /// Its folder in the tree: empty, or the mount's with `/`.
    folder: String,
    repo: Option<Repo>,
    commit: String,
    /// May what it brings run scripts?
    hooks: bool,
}

/// Repository, commit and environment: what a circle is made of.
type Step = (String, String, String);

struct Gatherer<'a> {
    root: &'a Arc<dyn Tree>,
    lock: &'a Lock,
    settings: &'a Settings,
    out: Gathered,
    problems: &'a mut Vec<Diagnostic>,
    /// In one environment of ours: repository and environment with the commit, the name and where it is asked for.
    met: BTreeMap<(String, String), (String, String, Location)>,
    /// What the environment of ours lists itself: nearest wins.
    direct: BTreeMap<(String, String), String>,
    env: String,
}

impl Gatherer<'_> {
    fn of(&mut self, here: &Here, env: &str, above: &str, chain: &[Step]) -> Vec<Import> {
        let path = format!("{}{env}/{CONFIG}", here.folder);
        let mut found = Vec::new();
        let file = read_yaml(here.tree.as_ref(), &path, &mut found);
        if above.is_empty() {
            // who reads the environment says this too
            found.clear();
        }
        let all = list(file.as_ref(), &mut found);
        self.problems.extend(found);
        let mut out = Vec::new();
        for wish in all {
            let name = if above.is_empty() {
                wish.alias.clone()
            } else {
                format!("{above}.{}", wish.alias)
            };
            if chain.len() > DEEPEST {
                self.problems.push(
                    Diagnostic::error(
                        "import::depth",
                        format!("imports of imports go deeper than {DEEPEST}"),
                    )
                    .at(wish.at.clone())
                    .help("import what is needed directly"),
                );
                continue;
            }
            out.extend(self.one(here, wish, name, chain));
        }
        out
    }

    fn one(&mut self, here: &Here, wish: Wish, name: String, chain: &[Step]) -> Option<Import> {
        let (there, pin) = match wish.repo.clone() {
            None => (here.clone(), None),
            Some(repo) => {
                let (there, pin) = self.other_repo(here, repo, &wish, &name, chain.len() > 1)?;
                (there, Some(pin))
            }
        };
        let key = there.repo.as_ref().map(|r| r.key().to_owned());
        let step = (
            key.unwrap_or_default(),
            there.commit.clone(),
            wish.environment.clone(),
        );
        self.no_circle(chain, &step, &wish)?;
        if pin.is_some() && !self.once(&step, &wish, &name) {
            return None;
        }
        self.known(&there, &wish)?;
        let root = pin.is_some();
        self.out.sources.push(Source {
            env: self.env.clone(),
            name: name.clone(),
            pin: pin.or_else(|| self.pin_of(&there)),
            environment: wish.environment.clone(),
            hooks: there.hooks,
            at: wish.at.clone(),
        });
        let mut chain = chain.to_vec();
        chain.push(step.clone());
        let below = self.of(&there, &wish.environment, &name, &chain);
        if root {
            let layer = Layer {
                name: name.clone(),
                tree: there.tree.clone(),
                folder: there.folder.trim_end_matches('/').to_owned(),
                foreign: true,
            };
            self.out.roots.push((format!("{} {}", step.0, step.1), layer));
        }
        self.folded(&there, &wish, name, below)
    }

    /// The state that a repo was read at, for an entry that names no repo itself.
    fn pin_of(&self, there: &Here) -> Option<Pin> {
        let repo = there.repo.as_ref()?;
        let same = |p: &&Pin| p.repo.key() == repo.key() && p.commit == there.commit;
        let pins = self.out.sources.iter().filter_map(|s| s.pin.as_ref());
        pins.into_iter().find(same).cloned()
    }

    fn other_repo(
        &mut self,
        here: &Here,
        repo: Repo,
        wish: &Wish,
        name: &str,
        nested: bool,
    ) -> Option<(Here, Pin)> {
        let version = wish.version.clone()?;
        let seen = match &here.repo {
            Some(from) => from.seen_from(repo.text()),
            None => Ok(repo),
        };
        let repo = match seen {
            Ok(repo) => repo,
            Err(not) => {
                let problem = Diagnostic::error("import::repo", not.why);
                self.problems.push(problem.at(wish.at.clone()).help(not.help));
                return None;
            }
        };
        let what = What::Environment(wish.environment.clone());
        let entry = self.lock.find(&repo, &what, &version).cloned();
        self.out.wanted.push(Wanted {
            repo: repo.clone(),
            what: what.clone(),
            version: version.clone(),
            pin: entry.as_ref().map(|e| e.pin.clone()),
            at: wish.at.clone(),
            path: format!("{}/{}", self.env, name.replace('.', "/")),
        });
        let Some(entry) = entry else {
            self.problems.push(
                Diagnostic::error(
                    "import::not-locked",
                    format!(
                        "`{}` of {repo} at {version} is not in `strata.lock`",
                        wish.environment
                    ),
                )
                .at(wish.at.clone())
                .help("run `strata import lock`"),
            );
            return None;
        };
        let pin = entry.pin.clone();
        let direct = (repo.key().to_owned(), wish.environment.clone());
        if let Some(near) = self.direct.get(&direct).filter(|_| nested) {
            // who lists it directly says at which version; the one of an import does not count then
            let near = self.lock.find(&repo, &what, near);
            if near.is_some_and(|e| e.pin.commit != pin.commit) {
                return None;
            }
        }
        let inner = self.files(&pin, &entry.at, wish)?;
        let prefix = format!("{MOUNTS}/{}.{name}", self.env);
        let mount = Arc::new(Mount::new(inner, &prefix, &format!("{name}@{version}")));
        self.out.mounts.push(mount.clone());
        let there = Here {
            tree: mount,
            folder: format!("{prefix}/"),
            repo: Some(repo),
            commit: pin.commit.clone(),
            hooks: wish.hooks && here.hooks,
        };
        Some((there, pin))
    }

    /// The files of a state: from where they are vendored, else from the cache.
    fn files(&mut self, pin: &Pin, locked: &Location, wish: &Wish) -> Option<Arc<dyn Tree>> {
        let folder = vendored(pin);
        let problem = if self.root.below(&folder).is_empty() {
            match self.root.foreign(pin) {
                Ok(tree) => return Some(tree),
                Err(e) => Diagnostic::error("import::unavailable", e.to_string())
                    .help("run `strata import lock` where the repository can be reached"),
            }
        } else {
            let below = Below::new(self.root.clone(), &folder);
            let digest = below.digest();
            if digest == pin.digest {
                return Some(Arc::new(below));
            }
            let (found, named) = (digest.short(), pin.digest.short());
            Diagnostic::error(
                "import::digest",
                format!("the files in `{folder}` have the digest {found}, and the lock names {named}"),
            )
            .help("run `strata import vendor` to write them again; change imports where they come from")
        };
        self.problems
            .push(problem.at(wish.at.clone()).related(locked.clone(), "the lock"));
        None
    }

    fn no_circle(&mut self, chain: &[Step], step: &Step, wish: &Wish) -> Option<()> {
        let Some(first) = chain.iter().position(|s| s == step) else {
            return Some(());
        };
        let name = |(repo, _, env): &Step| format!("{repo} {env}").trim_start().to_owned();
        let mut names: Vec<String> = chain[first..].iter().map(name).collect();
        names.push(name(step));
        self.problems.push(
            Diagnostic::error(
                "import::cycle",
                format!("environments import each other: {}", names.join(" → ")),
            )
            .at(wish.at.clone())
            .help("take one of these imports away"),
        );
        None
    }

    /// Is it met for the first time? The same commit lies at its lowest place; another one cannot lie there too.
    fn once(&mut self, step: &Step, wish: &Wish, name: &str) -> bool {
        let key = (step.0.clone(), step.2.clone());
        let Some((commit, other, at)) = self.met.get(&key) else {
            let met = (step.1.clone(), name.to_owned(), wish.at.clone());
            self.met.insert(key, met);
            return true;
        };
        if *commit != step.1 {
            let (a, b) = (&commit[..12.min(commit.len())], &step.1[..12.min(step.1.len())]);
            self.problems.push(
                Diagnostic::error(
                    "import::two-commits",
                    format!(
                        "`{}` of {} is imported at two commits: {a} as `{other}`, {b} as `{name}`",
                        step.2, step.0
                    ),
                )
                .at(wish.at.clone())
                .related(at.clone(), "the other one")
                .help("give both the same version"),
            );
        }
        false
    }

    /// Is there such an environment?
    fn known(&mut self, there: &Here, wish: &Wish) -> Option<()> {
        let env = &wish.environment;
        let whole = format!("{}{env}", there.folder);
        if !there.tree.below(&whole).is_empty() {
            return Some(());
        }
        let base = there.folder.trim_end_matches('/');
        let looks = |name: &&str| {
            let folder = format!("{}{name}", there.folder);
            let inside = layout::folders(there.tree.as_ref(), &folder);
            !name.starts_with(['_', '.'])
                && (there.tree.file(&format!("{folder}/{CONFIG}")).is_some()
                    || inside.iter().any(|f| layout::USUAL.contains(f)))
        };
        let names = layout::folders(there.tree.as_ref(), base);
        let names: Vec<&str> = names.into_iter().filter(looks).collect();
        let help = suggest(env, names.iter().copied()).unwrap_or_else(|| match names.as_slice() {
            [] => "it has none".to_owned(),
            names => format!("it has: {}", names.join(", ")),
        });
        let whose = there.repo.as_ref().map_or_else(
            || "this repository".to_owned(),
            |r| format!("{r} at {}", wish.version.as_deref().unwrap_or_default()),
        );
        self.problems.push(
            Diagnostic::error(
                "import::environment",
                format!("{whose} has no environment `{env}`"),
            )
            .at(wish.at.clone())
            .help(help),
        );
        None
    }

    /// How another repo runs is no affair of ours.
    fn ignored(&mut self, there: &Here, env: &str) {
        let path = format!("{}{env}/{CONFIG}", there.folder);
        let file = read_yaml(there.tree.as_ref(), &path, &mut Vec::new());
        let said = file.as_ref().and_then(|n| n.get("bitops"));
        for key in ["plugins", "fail_fast", "run_mode", "default_folder"] {
            if let Some(node) = said.and_then(|n| n.get(key)) {
                self.problems.push(
                    Diagnostic::note(
                        "import::ignored",
                        format!("`{key}` of an import is not obeyed: what stands here counts"),
                    )
                    .at(node.location()),
                );
            }
        }
    }

    /// An entry as one layer: what it takes itself, its repo's defaults, its environment.
    fn folded(
        &mut self,
        there: &Here,
        wish: &Wish,
        name: String,
        below: Vec<Import>,
    ) -> Option<Import> {
        let folder = format!("{}{}", there.folder, wish.environment);
        let default = format!("{}{}", there.folder, self.settings.default_folder());
        let config = format!("{folder}/{CONFIG}");
        let charts = |chart: &str| {
            let path = format!("helm/{chart}");
            let inner = |i: &Import| !i.layer.tree.below(&path).is_empty();
            !there.tree.below(&format!("{folder}/{path}")).is_empty() || below.iter().any(inner)
        };
        let wanted = |base: &str, path: &str| {
            let chart = path.strip_prefix("helm/").and_then(|r| r.split_once('/'));
            path != CONFIG
                && (base == folder || chart.is_none_or(|(chart, _)| charts(chart)))
                && !wish.exclude.iter().any(|(pattern, _)| excluded(pattern, path))
        };
        let layer = |name: String, base: &str| Layer {
            name,
            tree: Arc::new(Picked::new(there.tree.clone(), base, &|p| wanted(base, p))),
            folder: base.to_owned(),
            foreign: false,
        };
        let mut layers: Vec<Layer> = below
            .iter()
            .map(|i| Layer {
                tree: Arc::new(Picked::new(i.layer.tree.clone(), "", &|p| wanted(&folder, p))),
                ..i.layer.clone()
            })
            .collect();
        layers.push(layer(format!("{name}.{}", self.settings.default_folder()), &default));
        layers.push(layer(name.clone(), &folder));
        let composed = match compose(&layers) {
            Ok(composed) => composed,
            Err(e) => {
                let problem = Diagnostic::error("file::unreadable", e.to_string());
                self.problems.push(problem.at(wish.at.clone()));
                return None;
            }
        };
        join::conflicts(&composed, &self.env, &wish.at, &self.out.sources, self.problems);
        if there.repo.is_some() {
            self.ignored(there, &wish.environment);
        }
        let origins = join::origins(&composed, &below);
        let made = composed
            .files
            .into_iter()
            .map(|(path, f)| (path, (f.bytes.to_vec(), f.executable)))
            .collect();
        let empty: Arc<dyn Tree> = Arc::new(MemoryTree::default());
        let file = read_yaml(there.tree.as_ref(), &config, &mut Vec::new());
        let said = file.as_ref().and_then(|n| n.get("bitops"));
        let mut masks: Vec<Node> = below.iter().flat_map(|i| i.masks.clone()).collect();
        let own = said.and_then(|s| s.get("logging")).and_then(|l| l.get("masks"));
        masks.extend(own.and_then(Node::as_list).into_iter().flatten().cloned());
        let tree: Arc<dyn Tree> = Arc::new(Overlay::new(empty, made));
        Some(Import {
            deployments: join::listed(said, &below),
            masks,
            origins,
            layer: Layer {
                name,
                tree,
                folder: String::new(),
                foreign: there.repo.is_some(),
            },
        })
    }
}

/// A pattern means a path, or a folder with all that is in it.
fn excluded(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    fits(pattern, path) || fits(&format!("{pattern}/*"), path)
}

/// Some files of a tree.
pub(crate) struct Picked {
    tree: Arc<dyn Tree>,
    files: Vec<TreeFile>,
}

impl Picked {
    /// Those below a folder whose path from there is wanted.
    pub(crate) fn new(tree: Arc<dyn Tree>, folder: &str, wanted: &dyn Fn(&str) -> bool) -> Self {
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let files = tree.below(folder).iter().filter(|f| wanted(&f.path[skip..]));
        let files = files.cloned().collect();
        Self { tree, files }
    }
}

impl Tree for Picked {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, strata_core::tree::TreeError> {
        self.tree.read(path)
    }
}
