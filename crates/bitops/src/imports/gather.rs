//! Every entry of every environment with its files, and those of the entries that it has itself, under the lock.
mod judge;

use super::{Gathered, Import, Shared, Source, config, fold, join, list};
use crate::{Settings, merge::Layer};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::Diagnostic,
    repo::{Pin, Repo},
    span::Location,
    tree::{Below, Tree},
};
use strata_ops::imports::{
    Lock, Wanted, Wish,
    gather::vendored,
    lock::What,
    mount::{MOUNTS, Mount},
};

/// An entry of an entry of an entry … ends here.
const DEEPEST: usize = 16;

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
        gatherer.environment(env);
    }
    gatherer.out
}

/// The repo that an entry stands in.
#[derive(Clone)]
pub struct Here {
    /// Its files.
    pub tree: Arc<dyn Tree>,
    /// Its folder in the tree: empty, or the mount's with `/`.
    pub folder: String,
    /// The folder of its defaults.
    pub default: String,
    repo: Option<Repo>,
    commit: String,
    /// May what it brings run scripts?
    hooks: bool,
    /// What who imports it leaves out.
    exclude: Vec<String>,
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
    /// What the environment of ours lists itself, by repository and environment: nearest wins.
    direct: BTreeMap<(String, String), Wish>,
    env: String,
}

impl Gatherer<'_> {
    fn environment(&mut self, env: &str) {
        self.met.clear();
        env.clone_into(&mut self.env);
        let here = Here {
            tree: self.root.clone(),
            folder: String::new(),
            default: self.settings.default_folder().to_owned(),
            repo: None,
            commit: String::new(),
            hooks: true,
            exclude: Vec::new(),
        };
        // who reads the environment says what is wrong with its text
        let file = config(self.root.as_ref(), "", &here.default, env, &mut Vec::new());
        let own = list(file.as_ref(), self.problems);
        let key = |w: &Wish| {
            (
                w.repo.as_ref().map(|r| r.key().to_owned()),
                w.environment.clone(),
            )
        };
        let direct = own.iter().map(|w| (key(w), w.clone()));
        self.direct = direct
            .filter_map(|((repo, env), w)| Some(((repo?, env), w)))
            .collect();
        let chain = [(String::new(), String::new(), env.to_owned())];
        let found = self.of(&here, own, "", &chain);
        if !found.is_empty() {
            self.out.imports.insert(env.to_owned(), found);
        }
    }

    fn of(&mut self, here: &Here, all: Vec<Wish>, above: &str, chain: &[Step]) -> Vec<Import> {
        let mut out = Vec::new();
        for wish in all {
            let name = self.name(&wish, above);
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
            out.extend(self.one(here, &wish, name, chain));
        }
        out
    }

    /// What an entry and its layer are called. One that is called like our environment, or like the folder of defaults,
    /// takes its repo's name before its own: their layers must be told apart.
    fn name(&self, wish: &Wish, above: &str) -> String {
        if !above.is_empty() {
            return format!("{above}.{}", wish.alias);
        }
        let taken = |name: &str| {
            let other = |w: &Wish| w.alias == name && w.alias != wish.alias;
            name == self.env
                || name == self.settings.default_folder()
                || self.direct.values().any(other)
        };
        let mut name = wish.alias.clone();
        while taken(&name) {
            let key = wish.repo.as_ref().map_or("own", Repo::key);
            let last = key.trim_end_matches('/').rsplit(['/', ':']).next();
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let last: String = last.unwrap_or_default().chars().map(plain).collect();
            name = format!("{last}-{name}");
        }
        name
    }

    fn one(&mut self, here: &Here, wish: &Wish, name: String, chain: &[Step]) -> Option<Import> {
        let (there, pin) = match wish.repo.clone() {
            None => {
                let mut there = here.clone();
                let own = wish.exclude.iter().map(|(pattern, _)| pattern.clone());
                there.exclude.extend(own);
                (there, None)
            }
            Some(repo) => {
                let (there, pin) = self.other_repo(here, repo, wish, &name, chain.len() > 1)?;
                (there, Some(pin))
            }
        };
        let key = there.repo.as_ref().map(|r| r.key().to_owned());
        let step = (
            key.unwrap_or_default(),
            there.commit.clone(),
            wish.environment.clone(),
        );
        self.no_circle(chain, &step, wish)?;
        if !self.once(&step, wish, &name) {
            return None;
        }
        self.known(&there, wish)?;
        let source = Source {
            env: self.env.clone(),
            default: format!("{name}.{}", there.default),
            name,
            pin: pin.clone().or_else(|| self.pin_of(&there)),
            environment: wish.environment.clone(),
            hooks: there.hooks,
            at: wish.at.clone(),
        };
        self.out.sources.push(source.clone());
        let mut chain = chain.to_vec();
        chain.push(step.clone());
        let mut found = Vec::new();
        let (tree, folder) = (there.tree.as_ref(), there.folder.as_str());
        let said = config(tree, folder, &there.default, &wish.environment, &mut found);
        let inner = list(said.as_ref(), &mut found);
        self.problems.extend(found);
        let below = self.of(&there, inner, &source.name, &chain);
        if pin.is_some() {
            self.shared(&there, &source, step);
        }
        if there.repo.is_some() {
            self.ignored(said.as_ref());
        }
        match fold::fold(&there, wish, &source, said.as_ref(), &there.exclude, &below) {
            Ok((import, composed)) => {
                let sources = &self.out.sources;
                join::conflicts(&composed, &self.env, &wish.at, sources, self.problems);
                Some(import)
            }
            Err(e) => {
                let problem = Diagnostic::error("file::unreadable", e.to_string());
                self.problems.push(problem.at(wish.at.clone()));
                None
            }
        }
    }

    /// Folders of its root that its files may name.
    fn shared(&mut self, there: &Here, source: &Source, (repo, commit, _): Step) {
        let state = (repo, commit);
        let all = self.out.shared.entry(self.env.clone()).or_default();
        if let Some(known) = all.iter_mut().find(|s| s.state == state) {
            known.exclude.push(there.exclude.clone());
            return;
        }
        all.push(Shared {
            state,
            layer: Layer {
                name: source.name.clone(),
                tree: there.tree.clone(),
                folder: there.folder.trim_end_matches('/').to_owned(),
                foreign: true,
            },
            exclude: vec![there.exclude.clone()],
        });
    }

    /// The state that a repo was read at, for an entry that names no repo itself.
    fn pin_of(&self, there: &Here) -> Option<Pin> {
        let repo = there.repo.as_ref()?;
        let same = |p: &&Pin| p.repo.key() == repo.key() && p.commit == there.commit;
        let mut pins = self.out.sources.iter().filter_map(|s| s.pin.as_ref());
        pins.find(same).cloned()
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
                self.problems
                    .push(problem.at(wish.at.clone()).help(not.help));
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
            signed: false,
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
        // who lists it directly says at which version, what may run and what is left out
        let direct = (repo.key().to_owned(), wish.environment.clone());
        let near = self.direct.get(&direct).filter(|_| nested);
        if let Some(version) = near.and_then(|w| w.version.as_ref())
            && let Some(locked) = self.lock.find(&repo, &what, version)
            && locked.pin.commit != pin.commit
        {
            return None;
        }
        let mut exclude = here.exclude.clone();
        let patterns = near.unwrap_or(wish).exclude.iter();
        exclude.extend(patterns.map(|(pattern, _)| pattern.clone()));
        let hooks = near.map_or(wish.hooks && here.hooks, |w| w.hooks);
        let inner = self.files(&pin, &entry.at, wish)?;
        let prefix = format!("{MOUNTS}/{}.{name}", self.env);
        let mount = Arc::new(Mount::new(inner, &prefix, &format!("{name}@{version}")));
        self.out.mounts.push(mount.clone());
        let usual = "_default";
        let set = self.settings.default_folder();
        let has = |folder: &str| !mount.below(&format!("{prefix}/{folder}")).is_empty();
        let default = if has(set) { set } else { usual }.to_owned();
        let there = Here {
            tree: mount,
            folder: format!("{prefix}/"),
            default,
            repo: Some(repo),
            commit: pin.commit.clone(),
            hooks,
            exclude,
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
                format!(
                    "the files in `{folder}` have the digest {found}, and the lock names {named}"
                ),
            )
            .help("run `strata import vendor` to write them again; change imports where they come from")
        };
        self.problems.push(
            problem
                .at(wish.at.clone())
                .related(locked.clone(), "the lock"),
        );
        None
    }
}
