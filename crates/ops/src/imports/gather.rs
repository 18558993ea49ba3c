//! All imports of a platform, each with its files: those of its environments, then those of what they import.
//!
//! Every import has a place of its own among the files, named by where it is used (`prod.obs`) and not by its version:
//! a new version moves no file that did not change.
mod judge;

pub(crate) use judge::{fetched, not_locked};

use super::{
    VENDOR,
    catalog::Catalog,
    lock::{Lock, What},
    mount::{MOUNTS, Mount, Mounted},
    wish::Wish,
};
use crate::{
    decode::Problems,
    document::EnvironmentFile,
    load::{Engines, Loaded, ROOT_FILE, load_at},
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    repo::{Pin, Repo},
    span::Location,
    tree::Tree,
};

/// An import of an import of an import … ends here.
const DEEPEST: usize = 16;

/// An import with its files.
#[derive(Clone)]
pub struct Guest {
    /// What is wished for.
    pub wish: Wish,
    /// Names of imports that lead to it: `obs`, `obs/inner`.
    pub path: String,
    /// Its state; none for an environment of the same repository.
    pub pin: Option<Pin>,
    /// The platform that it is an environment of; none: the one that imports it.
    pub loaded: Option<Arc<Loaded>>,
    /// What it imports itself.
    pub guests: Vec<Guest>,
}

/// An import of another repository that was met.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The repository.
    pub repo: Repo,
    /// What of it.
    pub what: What,
    /// At which version.
    pub version: String,
    /// What it is, when that is locked.
    pub pin: Option<Pin>,
    /// Must its tag be signed?
    pub signed: bool,
    /// Where it is written.
    pub at: Location,
    /// Names that lead to it, with the environment: `prod/obs`.
    pub path: String,
}

/// What gathering gave.
#[derive(Default)]
pub struct Gathered {
    mounts: Vec<Arc<Mount>>,
    wanted: Vec<Wanted>,
}

/// Gathers the imports of all environments of a platform, under a lock.
pub(crate) fn all(loaded: &mut Loaded, engines: &Engines, lock: &Lock, problems: &mut Problems) {
    if loaded.environments.values().all(|e| e.imports.is_empty()) {
        return;
    }
    let mut gatherer = Gatherer {
        root: loaded.tree.clone(),
        engines,
        lock,
        out: Gathered::default(),
        problems,
        said: HashSet::new(),
        met: BTreeMap::new(),
    };
    let mut guests = BTreeMap::new();
    for name in loaded.environments.keys().filter(|n| !n.starts_with('_')) {
        gatherer.met.clear();
        let here = Here {
            environments: &loaded.environments,
            repo: None,
            commit: "",
            loaded: None,
        };
        let step = (String::new(), String::new(), name.clone());
        let found = gatherer.of(&here, name, name, "", &[step]);
        if !found.is_empty() {
            guests.insert(name.clone(), found);
        }
    }
    let Gathered { mounts, wanted } = gatherer.out;
    loaded.guests = guests;
    loaded.wanted.extend(wanted);
    if !mounts.is_empty() {
        loaded.tree = Arc::new(Mounted::new(loaded.tree.clone(), mounts));
    }
}

/// The folder of a vendored state: the last part of the repository's name and the commit.
pub fn vendored(pin: &Pin) -> String {
    let key = pin.repo.key().trim_end_matches('/');
    let last = key.rsplit(['/', ':']).next().unwrap_or_default();
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = last.chars().map(plain).collect();
    format!("{VENDOR}/{name}-{}", pin.short())
}

/// The environments among which a name is looked for, and whose they are.
struct Here<'a> {
    environments: &'a BTreeMap<String, EnvironmentFile>,
    repo: Option<&'a Repo>,
    commit: &'a str,
    loaded: Option<Arc<Loaded>>,
}

/// Repository, commit and environment: what a circle is made of.
type Step = (String, String, String);

struct Gatherer<'a> {
    root: Arc<dyn Tree>,
    engines: &'a Engines,
    lock: &'a Lock,
    out: Gathered,
    problems: &'a mut Problems,
    /// Places of which it was said what is wrong.
    said: HashSet<(Location, String)>,
    /// In one environment of ours: repository and environment with the commit and where that came from.
    met: BTreeMap<(String, String), (String, String, Location)>,
}

impl Gatherer<'_> {
    fn say(&mut self, problem: Diagnostic) {
        let at = problem.at.clone().unwrap_or_else(|| Location::file(""));
        if self.said.insert((at, problem.message.clone())) {
            self.problems.push(problem);
        }
    }

    /// What an environment imports: its own list, over those that it takes over.
    fn wishes(here: &Here<'_>, env: &str, open: &mut Vec<String>) -> Vec<Wish> {
        let Some(file) = here.environments.get(env) else {
            return Vec::new();
        };
        let mut out: Vec<Wish> = Vec::new();
        open.push(env.to_owned());
        for base in file
            .carries
            .iter()
            .filter(|b| !open.contains(b))
            .cloned()
            .collect::<Vec<_>>()
        {
            for wish in Self::wishes(here, &base, open) {
                out.retain(|w| w.alias != wish.alias);
                out.push(wish);
            }
        }
        open.pop();
        for wish in &file.imports {
            out.retain(|w| w.alias != wish.alias);
            out.push(wish.clone());
        }
        out
    }

    fn of(
        &mut self,
        here: &Here<'_>,
        env: &str,
        root_env: &str,
        above: &str,
        chain: &[Step],
    ) -> Vec<Guest> {
        let mut out = Vec::new();
        for wish in Self::wishes(here, env, &mut Vec::new()) {
            let path = if above.is_empty() {
                wish.alias.clone()
            } else {
                format!("{above}/{}", wish.alias)
            };
            if chain.len() > DEEPEST {
                self.say(
                    Diagnostic::error(
                        "import::depth",
                        format!("imports of imports go deeper than {DEEPEST}"),
                    )
                    .at(wish.at.clone())
                    .help("import what is needed directly"),
                );
                continue;
            }
            let guest = match wish.repo.clone() {
                None => self.same_repo(here, wish, root_env, path, chain),
                Some(repo) => self.other_repo(here, repo, wish, root_env, path, chain),
            };
            out.extend(guest);
        }
        out
    }

    /// An environment of the repository that names it.
    fn same_repo(
        &mut self,
        here: &Here<'_>,
        wish: Wish,
        root_env: &str,
        path: String,
        chain: &[Step],
    ) -> Option<Guest> {
        let key = here.repo.map(|r| r.key().to_owned()).unwrap_or_default();
        let step = (key, here.commit.to_owned(), wish.environment.clone());
        self.known(here.environments, &wish, None)?;
        self.no_circle(chain, &step, &wish)?;
        let mut chain = chain.to_vec();
        chain.push(step);
        let guests = self.of(here, &wish.environment, root_env, &path, &chain);
        Some(Guest {
            wish,
            path,
            pin: None,
            loaded: here.loaded.clone(),
            guests,
        })
    }

    fn other_repo(
        &mut self,
        here: &Here<'_>,
        repo: Repo,
        wish: Wish,
        root_env: &str,
        path: String,
        chain: &[Step],
    ) -> Option<Guest> {
        let version = wish.version.clone()?;
        let seen = match here.repo {
            Some(from) => from.seen_from(repo.text()),
            None => Ok(repo),
        };
        let repo = match seen {
            Ok(repo) => repo,
            Err(not) => {
                let problem = Diagnostic::error("import::repo", not.why);
                self.say(problem.at(wish.at.clone()).help(not.help));
                return None;
            }
        };
        let what = What::Environment(wish.environment.clone());
        let found = self.lock.find(&repo, &what, &version).cloned();
        let unsigned = found
            .as_ref()
            .is_some_and(|e| wish.signed && e.signed.is_none());
        let entry = found.filter(|_| !unsigned);
        self.out.wanted.push(Wanted {
            repo: repo.clone(),
            what,
            version: version.clone(),
            pin: entry.as_ref().map(|e| e.pin.clone()),
            signed: wish.signed,
            at: wish.at.clone(),
            path: format!("{root_env}/{path}"),
        });
        let Some(entry) = entry else {
            let what = format!("`{}` of {repo} at {version}", wish.environment);
            self.say(not_locked(&what, unsigned).at(wish.at.clone()));
            return None;
        };
        let pin = entry.pin.clone();
        let step = (
            repo.key().to_owned(),
            pin.commit.clone(),
            wish.environment.clone(),
        );
        self.no_circle(chain, &step, &wish)?;
        self.one_commit(&pin, &wish, &path)?;
        let inner = self.files(&entry, &wish)?;
        let prefix = format!("{MOUNTS}/{root_env}.{}", path.replace('/', "."));
        let mount = Arc::new(Mount::new(inner, &prefix, &format!("{path}@{version}")));
        if mount.file(&format!("{prefix}/{ROOT_FILE}")).is_none() {
            self.say(
                Diagnostic::error(
                    "import::no-platform",
                    format!("{repo} at {version} has no `strata.yaml`"),
                )
                .at(wish.at.clone())
                .help("only operations repos can be imported; a single component is named by its `source:`"),
            );
            return None;
        }
        let tree: Arc<dyn Tree> = mount.clone();
        let name = format!("{root_env}.{}", path.replace('/', "."));
        let mut catalog = Catalog::new(self.root.clone(), self.lock, Some((repo.clone(), name)));
        let base = format!("{prefix}/");
        let (loaded, found) = load_at(tree, &base, self.engines, &mut catalog);
        self.out.mounts.push(mount);
        self.out.mounts.append(&mut catalog.mounts);
        self.out.wanted.append(&mut catalog.wanted);
        // said with the import's name, also where a text names a file
        let called = format!("{path}@{version}:");
        self.problems.extend(found.into_iter().map(|mut p| {
            p.message = p.message.replace(&base, &called);
            p.help = p.help.map(|help| help.replace(&base, &called));
            if p.at.is_none() {
                p.message = format!("`{path}@{version}`: {}", p.message);
                p.at = Some(wish.at.clone());
            }
            p
        }));
        let loaded = Arc::new(loaded);
        self.known(&loaded.environments, &wish, Some((&repo, &version)))?;
        let there = Here {
            environments: &loaded.environments,
            repo: Some(&repo),
            commit: &pin.commit,
            loaded: Some(loaded.clone()),
        };
        let mut chain = chain.to_vec();
        chain.push(step);
        let guests = self.of(&there, &wish.environment, root_env, &path, &chain);
        Some(Guest {
            wish,
            path,
            pin: Some(pin),
            loaded: Some(loaded),
            guests,
        })
    }
}
