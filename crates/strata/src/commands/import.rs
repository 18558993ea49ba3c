//! `strata import`: which commits other repositories are locked to, and their files.
mod files;
mod vendor;

use crate::{
    args::{Global, Import},
    context::{Context, write_file},
    problem::Problem,
    view::diagnostics,
    wire,
};
use serde_json::{Value as Json, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};
use strata_adapters::source::{ImportCache, ImportError, Reference};
use strata_core::{diagnostic::Diagnostic, exit, repo::Pin, span::Location, tree::Tree};
use strata_ops::{
    imports::{Entry, LOCK_FILE, Lock, Wanted},
    load::Loaded,
};

/// Imports of imports end somewhere; a lock is whole after as many looks as they are deep.
const ROUNDS: usize = 20;

/// What is wrong with a list of BitOps, of which nothing would be wanted then.
const LISTS: &[&str] = &[
    "bitops::wrong-kind",
    "file::wrong-kind",
    "file::unknown-key",
];

/// What is judged of an import that is locked.
const JUDGED: &[&str] = &[
    "import::layer",
    "import::hooks",
    "import::backend",
    "import::destroys",
];

/// Runs it.
pub fn run(global: &Global, what: &Import) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let tree = wire::tree(&cx.root, &cx.state_dir(), global.offline)?;
    let here = Here::new(cx, tree)?;
    match what {
        Import::Lock => here.lock(None),
        Import::Update { name } => here.lock(Some(name)),
        Import::Outdated => here.outdated(),
        Import::Vendor { to } => here.vendor(to.as_deref()),
        Import::Verify => here.verify(),
    }
}

/// A platform, its lock, and the cache of other repositories.
pub(super) struct Here {
    pub(super) cx: Context,
    tree: Arc<dyn Tree>,
    pub(super) cache: ImportCache,
    pub(super) lock: Lock,
}

/// What was locked.
pub(super) struct Locked {
    path: String,
    wanted: Wanted,
    before: Option<Pin>,
    now: Pin,
    branch: bool,
}

/// Why something of another repository is not to be had, and what to do.
pub(super) fn refused(e: &ImportError) -> Problem {
    let problem = Problem::new(exit::FAILED, e.to_string());
    match e {
        ImportError::Git(_) => problem.hint("install git, and see that it is on PATH"),
        ImportError::Unreachable { repo, .. } if repo.starts_with("oci://") => problem.hint(
            "check the address; logins are those of `docker login`, or in a pipeline STRATA_OCI_TOKEN_HOST (such as STRATA_OCI_TOKEN_GHCR_IO), a token or USER:PASSWORD",
        ),
        ImportError::Unreachable { .. } => problem.hint(
            "check the address and that `git ls-remote` can read it; in a pipeline, set STRATA_GIT_TOKEN_HOST (such as STRATA_GIT_TOKEN_GITHUB_COM) or give it an ssh key",
        ),
        ImportError::NoVersion { has, .. } if !has.is_empty() => {
            problem.hint(format!("it has: {}", has.join(", ")))
        }
        ImportError::NoVersion { .. } => problem.hint("it has neither a tag nor a branch"),
        ImportError::Signature { .. } => Problem {
            code: exit::DENIED,
            ..problem.hint("ask its owner for a signed tag; whom git knows, `gpg --import KEY` or `gpg.ssh.allowedSignersFile` says")
        },
        ImportError::Offline { .. } => problem.hint("run it again without --offline"),
        ImportError::Content(_) | ImportError::Cache { .. } => problem,
    }
}

impl Here {
    /// The platform with these files.
    pub(super) fn new(cx: Context, tree: Arc<dyn Tree>) -> Result<Self, Problem> {
        let cache = wire::import_cache(&cx.root, cx.global.offline).ok_or_else(|| {
            Problem::new(exit::ERROR, "there is no folder for a cache")
                .hint("set HOME, XDG_CACHE_HOME or STRATA_CACHE to an absolute path")
        })?;
        let mut problems = Vec::new();
        let lock = Lock::of(tree.as_ref(), &mut problems);
        if problems.iter().any(Diagnostic::is_error) {
            diagnostics::print(&problems, tree.as_ref(), cx.color);
            return Err(Problem::invalid(&problems));
        }
        Ok(Self {
            cx,
            tree,
            cache,
            lock,
        })
    }

    fn load(&self, lock: &Lock) -> (Loaded, Vec<Diagnostic>) {
        self.cx.load_under(&self.tree, lock)
    }

    /// Every import under a lock; what else is wrong with imports ends the command.
    fn wanted(&self, lock: &Lock, open: bool) -> Result<Vec<Wanted>, Problem> {
        let (loaded, problems) = self.load(lock);
        let stops = |p: &&Diagnostic| {
            p.is_error()
                && (["import::", "yaml::"].iter().any(|c| p.code.starts_with(c))
                    || self.cx.bitops.is_some() && LISTS.contains(&p.code.as_str()))
                && !(open && ["import::not-locked", "import::digest"].contains(&p.code.as_str()))
                && !JUDGED.contains(&p.code.as_str())
        };
        let wrong: Vec<Diagnostic> = problems.iter().filter(stops).cloned().collect();
        if !wrong.is_empty() {
            diagnostics::print(&wrong, loaded.tree.as_ref(), self.cx.color);
            return Err(Problem::invalid(&wrong));
        }
        Ok(loaded.wanted)
    }

    fn place(&self, at: &Location) -> String {
        let text = self.tree.text(&at.file).unwrap_or_default();
        let (line, _) = strata_core::span::line_column(&text, at.span.start);
        format!("{}:{line}", self.tree.shown(&at.file))
    }

    /// Locks what is not locked; with names also what they mean, anew.
    fn lock(self, anew: Option<&[String]>) -> Result<u8, Problem> {
        let mut lock = self.lock.clone();
        if let Some(names) = anew {
            self.release(names, &mut lock)?;
        }
        let done = self.fill(&mut lock)?;
        // what is wrong only now that all is known
        let wanted = self.wanted(&lock, false)?;
        self.unmoved(&wanted, &done)?;
        let used: BTreeSet<String> = wanted
            .iter()
            .filter_map(|w| Some(key(w.pin.as_ref()?, &w.what)))
            .collect();
        lock.retain(|e| used.contains(&key(&e.pin, &e.what)));
        let before = self.lock.entries().map(|e| key(&e.pin, &e.what));
        let gone = before.filter(|k| !used.contains(k)).count();
        let path = self.cx.root.join(LOCK_FILE);
        let text = lock.text();
        let old = fs::read_to_string(&path).unwrap_or_default();
        if old != text && !(lock.is_empty() && old.is_empty()) {
            write_file(&path, text.as_bytes())?;
        }
        self.report(&done, &lock, gone);
        Ok(exit::DONE)
    }

    /// Adds to a lock what is wanted and not in it, imports of imports too.
    pub(super) fn fill(&self, lock: &mut Lock) -> Result<Vec<Locked>, Problem> {
        let before: BTreeMap<String, Pin> = self
            .lock
            .entries()
            .map(|e| (key(&e.pin, &e.what), e.pin.clone()))
            .collect();
        let mut done: Vec<Locked> = Vec::new();
        let mut wanted = self.wanted(lock, true)?;
        for _ in 0..ROUNDS {
            let open: Vec<Wanted> = wanted.iter().filter(|w| w.pin.is_none()).cloned().collect();
            if open.is_empty() {
                break;
            }
            for w in open {
                let known = lock.find(&w.repo, &w.what, &w.version);
                if known.is_some_and(|e| !w.signed || e.signed.is_some()) {
                    continue;
                }
                // what is locked stays what it is, also when a signature is asked for later
                let (pin, branch) = match known {
                    Some(known) => (known.pin.clone(), false),
                    None => self.resolve(&w)?,
                };
                lock.put(Entry {
                    what: w.what.clone(),
                    pin: pin.clone(),
                    signed: self.signer(&w, &pin)?,
                    at: w.at.clone(),
                });
                done.push(Locked {
                    path: w.path.clone(),
                    before: before.get(&key(&pin, &w.what)).cloned(),
                    wanted: w,
                    now: pin,
                    branch,
                });
            }
            wanted = self.wanted(lock, true)?;
        }
        Ok(done)
    }

    fn release(&self, names: &[String], lock: &mut Lock) -> Result<(), Problem> {
        let wanted = self.wanted(lock, true)?;
        let means = |w: &Wanted, name: &str| {
            let inside = w.path.split_once('/').map_or("", |(_, p)| p);
            w.path == name || inside == name || inside.rsplit('/').next() == Some(name)
        };
        for name in names {
            if !wanted.iter().any(|w| means(w, name)) {
                let all: Vec<&str> = wanted.iter().map(|w| w.path.as_str()).collect();
                return Err(Problem::usage(format!("there is no import `{name}`"))
                    .hint(format!("imports are: {}", all.join(", "))));
            }
        }
        let of: BTreeSet<String> = wanted
            .iter()
            .filter(|w| names.is_empty() || names.iter().any(|n| means(w, n)))
            .filter_map(|w| Some(key(w.pin.as_ref()?, &w.what)))
            .collect();
        lock.retain(|e| !of.contains(&key(&e.pin, &e.what)));
        Ok(())
    }

    fn resolve(&self, w: &Wanted) -> Result<(Pin, bool), Problem> {
        let at = || format!("{} wants it at {}", w.path, self.place(&w.at));
        let found = self
            .cache
            .resolve(&w.repo, &w.version)
            .map_err(|e| refused(&e).hint(at()))?;
        let fetched = self
            .cache
            .commit(&w.repo, &found.commit, found.reference.as_deref())
            .map_err(|e| refused(&e).hint(at()))?;
        let pin = Pin {
            repo: w.repo.clone(),
            version: w.version.clone(),
            commit: found.commit,
            digest: fetched.digest,
        };
        Ok((pin, found.kind == Reference::Branch))
    }

    /// Who signed the tag of a state, where that is asked for.
    fn signer(&self, w: &Wanted, pin: &Pin) -> Result<Option<String>, Problem> {
        if !w.signed {
            return Ok(None);
        }
        let found = self.cache.signer(&w.repo, &w.version, &pin.commit);
        let at = || format!("{} wants it signed at {}", w.path, self.place(&w.at));
        found.map(Some).map_err(|e| refused(&e).hint(at()))
    }

    /// A tag that is another commit now is refused until somebody asks for it.
    fn unmoved(&self, wanted: &[Wanted], done: &[Locked]) -> Result<(), Problem> {
        if self.cx.global.offline {
            return Ok(());
        }
        for w in wanted {
            let Some(pin) = &w.pin else { continue };
            if done.iter().any(|d| d.now == *pin) {
                continue;
            }
            if let Some(now) = self.moved(w, pin)? {
                return Err(Problem::new(
                    exit::DENIED,
                    format!(
                        "the tag `{}` of {} moved: it was {} when it was locked, and is {now} now",
                        w.version, w.repo, pin.commit
                    ),
                )
                .hint(format!(
                    "ask its owner why; `strata import update {}` takes the new one",
                    w.path
                )));
            }
        }
        Ok(())
    }

    /// The commit of a tag that is not the locked one.
    fn moved(&self, w: &Wanted, pin: &Pin) -> Result<Option<String>, Problem> {
        let found = self
            .cache
            .resolve(&w.repo, &w.version)
            .map_err(|e| refused(&e))?;
        Ok((found.kind == Reference::Tag && found.commit != pin.commit).then_some(found.commit))
    }

    fn report(&self, done: &[Locked], lock: &Lock, gone: usize) {
        if self.cx.json() {
            let all: Vec<Json> = lock
                .entries()
                .map(|e| {
                    let new = done.iter().any(|d| d.now == e.pin);
                    json!({"repo": e.pin.repo.text(), "version": e.pin.version, "commit": e.pin.commit,
                        "digest": e.pin.digest.to_string(), "new": new})
                })
                .collect();
            print_json(&json!({ "imports": all, "removed": gone }));
            return;
        }
        for d in done {
            let was = match &d.before {
                Some(b) if b.commit != d.now.commit => format!(", was {}", b.short()),
                _ => String::new(),
            };
            let entry = lock.find(&d.wanted.repo, &d.wanted.what, &d.wanted.version);
            let signed = match entry.and_then(|e| e.signed.as_ref()) {
                Some(who) => format!(", signed by {who}"),
                None => String::new(),
            };
            println!(
                "{}: {} {} is {}{was}{signed}",
                d.path,
                d.wanted.repo,
                d.wanted.version,
                d.now.short()
            );
            if d.branch {
                eprintln!(
                    "warning: `{}` of {} is a branch: it moves; a tag does not",
                    d.wanted.version, d.wanted.repo
                );
            }
        }
        let n = lock.entries().count();
        let changed = match (done.len(), gone) {
            (0, 0) => "nothing changed".to_owned(),
            (new, gone) => format!("{new} locked anew, {gone} taken away"),
        };
        eprintln!("{LOCK_FILE}: {n} imports; {changed}");
    }
}

fn key(pin: &Pin, what: &strata_ops::imports::lock::What) -> String {
    format!("{} {what:?} {}", pin.repo.key(), pin.version)
}

fn print_json(value: &Json) {
    println!(
        "{}",
        serde_json::to_string_pretty(value).expect("plain data")
    );
}
