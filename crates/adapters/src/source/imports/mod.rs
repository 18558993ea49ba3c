//! What other repositories hold at a commit: fetched once, kept by content, shared by all platforms of a user.
//!
//! - of a registry of artifacts a manifest is what a commit is of git ([`registry`]).
//! - `git/KEY.git`: a bare repository for every address, with the commits that were needed and no others;
//!   `git/KEY.lock` is held while one fetches, by git itself too, so that two runs never fetch the same commit.
//! - `trees/COMMIT`: the files of a commit ([`pack`]), written beside and renamed. What is there is whole: who reads
//!   it takes no lock and starts no git.
//!
//! A program that is killed leaves at most files that nobody looks at. It decides nothing: which commit is wanted, a
//! lock file says.
mod git;
mod pack;
mod registry;
mod remote;
mod signature;
mod versions;

pub use versions::{Reference, Resolved};

use super::{derived::Derived, directory::SKIPPED, revision::RevisionError};
use crate::{durable, lock::FileLock};
use git::{bring, contents, mirror};
use pack::{Filled, PackTree};
use registry::Registry;
use remote::Remote;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use strata_core::{
    digest::Digest,
    repo::{Pin, Reach, Repo, is_commit},
    tree::{Tree, TreeError, TreeFile, join},
};

/// How long one waits for another who fetches from the same repository.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Something of another repository is not to be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no git.
    #[error("`git` cannot be started: {0}")]
    Git(String),
    /// The repository does not answer, or refuses.
    #[error("{repo} cannot be read: {why}")]
    Unreachable {
        /// Which.
        repo: String,
        /// What git said.
        why: String,
    },
    /// It has no such version.
    #[error("{repo} has no tag, branch or commit `{version}`")]
    NoVersion {
        /// Which repository.
        repo: String,
        /// The version.
        version: String,
        /// Versions that it has, the nearest first.
        has: Vec<String>,
    },
    /// Its tag is not signed by somebody whom git knows.
    #[error("the tag `{version}` of {repo} is not accepted: {why}")]
    Signature {
        /// Which repository.
        repo: String,
        /// The tag.
        version: String,
        /// What is wrong with it.
        why: String,
    },
    /// The network is not to be used.
    #[error("{what} is not in the cache")]
    Offline {
        /// What is missing.
        what: String,
    },
    /// What came is not what was asked for.
    #[error("{0}")]
    Content(String),
    /// A file of the cache cannot be read or written.
    #[error("cannot {doing}: {why}")]
    Cache {
        /// What was done.
        doing: String,
        /// Why it failed.
        why: String,
    },
}

fn cache(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> ImportError {
    let doing = format!("{doing} `{}`", path.display());
    move |e| ImportError::Cache {
        doing,
        why: e.to_string(),
    }
}

impl From<RevisionError> for ImportError {
    fn from(e: RevisionError) -> Self {
        Self::Content(e.to_string())
    }
}

/// The cache of other repositories.
#[derive(Debug)]
pub struct ImportCache {
    dir: PathBuf,
    root: PathBuf,
    offline: bool,
    derived: Option<Arc<Derived>>,
    open: Mutex<HashMap<String, Arc<PackTree>>>,
    known: Mutex<BTreeMap<String, Arc<versions::Refs>>>,
}

/// Files of a commit with the digest of all.
#[derive(Clone)]
pub struct Fetched {
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// Digest of paths, modes and contents.
    pub digest: Digest,
}

impl ImportCache {
    /// In a folder, which is made when something is written. Relative folders of repositories begin at `root`.
    pub fn new(dir: &Path, root: &Path, offline: bool) -> Self {
        Self {
            dir: dir.to_owned(),
            root: root.to_owned(),
            offline,
            derived: None,
            open: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The same, with a place for what is made of files.
    pub(super) fn remembering(mut self, derived: Arc<Derived>) -> Self {
        self.derived = Some(derived);
        self
    }

    /// The files that a lock names; fetched when they are not here and the network may be used.
    pub fn tree(&self, pin: &Pin) -> Result<Arc<dyn Tree>, TreeError> {
        let foreign = |why: String| TreeError::Foreign {
            what: format!("{} at {} ({})", pin.repo, pin.version, pin.short()),
            why,
        };
        let found = self
            .files(&pin.repo, &pin.commit, None)
            .map_err(|e| foreign(e.to_string()))?;
        if found.digest != pin.digest {
            return Err(foreign(format!(
                "its files have the digest {}, and the lock names {}",
                found.digest.short(),
                pin.digest.short()
            )));
        }
        Ok(found)
    }

    /// The files of a commit, with their digest.
    pub fn commit(
        &self,
        repo: &Repo,
        commit: &str,
        reference: Option<&str>,
    ) -> Result<Fetched, ImportError> {
        let tree = self.files(repo, commit, reference)?;
        Ok(Fetched {
            digest: tree.digest,
            tree,
        })
    }

    /// Is a commit here already?
    pub fn has(&self, commit: &str) -> bool {
        self.kept(commit).is_some()
    }

    /// Forgets a commit, so that it is fetched again.
    pub fn forget(&self, commit: &str) -> Result<(), ImportError> {
        let path = self.place(commit);
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(commit);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(cache("remove", &path)(e)),
            _ => Ok(()),
        }
    }

    fn place(&self, commit: &str) -> PathBuf {
        self.dir.join("trees").join(commit)
    }

    fn kept(&self, commit: &str) -> Option<Arc<PackTree>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(commit) {
            return Some(known.clone());
        }
        if !is_commit(commit) {
            return None;
        }
        let tree = PackTree::open(&self.place(commit), self.derived.clone())?;
        let tree = Arc::new(tree);
        open.insert(commit.to_owned(), tree.clone());
        Some(tree)
    }

    fn files(
        &self,
        repo: &Repo,
        commit: &str,
        reference: Option<&str>,
    ) -> Result<Arc<PackTree>, ImportError> {
        if !is_commit(commit) {
            return Err(ImportError::Content(format!("`{commit}` is no commit")));
        }
        if let Some(known) = self.kept(commit) {
            return Ok(known);
        }
        if self.offline {
            return Err(ImportError::Offline {
                what: format!("{repo} at commit {}", &commit[..12]),
            });
        }
        let (bare, lock) = self.locked(repo)?;
        // somebody else may have fetched it while we waited
        if let Some(known) = self.kept(commit) {
            return Ok(known);
        }
        let files = match Registry::of(repo) {
            Some(registry) => registry.contents(commit)?,
            None => {
                let remote = Remote::new(repo, &self.root);
                mirror(&remote, &bare, &lock)?;
                bring(&remote, &bare, &lock, commit, reference)?;
                contents(&bare, commit, repo)?
            }
        };
        let trees = self.dir.join("trees");
        durable::folder(&trees).map_err(cache("make", &trees))?;
        let place = self.place(commit);
        pack::write(&place, &files).map_err(cache("write", &place))?;
        drop(lock);
        self.kept(commit)
            .ok_or_else(|| ImportError::Content(format!("{} cannot be read back", place.display())))
    }

    /// The right to fetch from an address, and the place of its bare repository.
    fn locked(&self, repo: &Repo) -> Result<(PathBuf, FileLock), ImportError> {
        let all = self.dir.join("git");
        durable::folder(&all).map_err(cache("make", &all))?;
        // what is relative is another repository from another root
        let key = match repo.reach() {
            Reach::Folder(_) => Remote::new(repo, &self.root).url().to_owned(),
            _ => repo.key().to_owned(),
        };
        let key = Digest::of(key.as_bytes()).to_string()[..32].to_owned();
        let at = all.join(format!("{key}.lock"));
        let lock = FileLock::wait(&at, PATIENCE)
            .map_err(cache("lock", &at))?
            .ok_or_else(|| ImportError::Cache {
                doing: format!("wait for `{}`", at.display()),
                why: "somebody else has been fetching from the same repository for 15 minutes"
                    .to_owned(),
            })?;
        Ok((all.join(format!("{key}.git")), lock))
    }
}

/// Files as they came.
#[derive(Default)]
struct Files {
    /// May it be executed, and its content; by path.
    plain: BTreeMap<String, (bool, Arc<[u8]>)>,
    /// Links, with where they lead.
    links: Vec<(String, Option<String>)>,
}

/// The files of a pack, sorted by path; a path and what is wrong with it.
fn filled(files: Files) -> Result<Vec<Filled>, (String, &'static str)> {
    let Files { mut plain, links } = files;
    let mut linked = Vec::new();
    for (path, target) in links {
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        let Some(inside) = target.as_deref().and_then(|t| join(folder, t)) else {
            return Err((path, "is a link that leads out of the repository"));
        };
        // a link to a file is that file; one to a folder or to nothing is no file
        if let Some(file) = plain.get(&inside) {
            linked.push((path, file.clone()));
        }
    }
    plain.extend(linked);
    let one = |(path, (executable, bytes)): (String, (bool, Arc<[u8]>))| Filled {
        file: TreeFile {
            path: path.into(),
            digest: Digest::of(&bytes),
            executable,
            size: bytes.len() as u64,
        },
        bytes,
    };
    Ok(plain.into_iter().map(one).collect())
}
