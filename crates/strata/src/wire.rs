//! The one list that says which engines, stores, executors and sources there are.
use crate::problem::Problem;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use strata_adapters::{
    process::{Config, ProcessExecutor},
    redact::Mask,
    secrets::Secrets,
    source::{DirectoryTree, ImportCache, RevisionTree},
};
use strata_core::{
    digest::Digest, engine::DynEngine, executor::Executor, secret::SecretStore, store::Store,
    tree::Tree,
};
use strata_store::sqlite::{Options, SqliteStore};

/// The hidden command under which the program is its own supervisor.
pub const SUPERVISE: &str = "__supervise";

/// Runs as the supervisor of a run.
pub fn supervise(dir: Option<OsString>) -> ExitCode {
    match dir {
        Some(dir) => strata_adapters::supervisor::main(Path::new(&dir)),
        None => ExitCode::from(strata_core::exit::USAGE),
    }
}

/// The hidden command under which the program is a session with a cluster.
pub const KUBERNETES: &str = strata_core::cluster::COMMAND;

/// Runs as a session with a cluster.
pub fn kubernetes(args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(strata_kubernetes::session::main(args))
}

/// All engines.
pub fn engines() -> Vec<Arc<dyn DynEngine>> {
    strata_engines::all().into_iter().map(Arc::from).collect()
}

/// The files below a platform's folder. What is learnt of them is kept beside its state, or in the user's cache when
/// there is no state yet: a look writes nothing into a repo.
pub fn tree(root: &Path, state: &Path, offline: bool) -> Result<Arc<dyn Tree>, Problem> {
    let cache = if state.is_dir() {
        Some(state.to_owned())
    } else {
        user_cache(root)
    };
    let files = cache.as_ref().map(|c| c.join("files"));
    let tree = DirectoryTree::open(root, files.as_deref())
        .map_err(|e| Problem::new(strata_core::exit::ERROR, e.to_string()))?;
    let tree = match cache {
        Some(cache) => tree.with_derived(&cache.join("derived"), build()),
        None => tree,
    };
    Ok(match import_cache(root, offline) {
        Some(imports) => Arc::new(tree.with_imports(imports)),
        None => Arc::new(tree),
    })
}

/// Where what other repositories hold is kept: `$STRATA_CACHE`, else `imports` in the user's cache.
pub fn import_cache(root: &Path, offline: bool) -> Option<ImportCache> {
    let dir = match std::env::var_os("STRATA_CACHE").filter(|v| !v.is_empty()) {
        Some(dir) => root.join(dir),
        None => cache_home()?.join("strata").join("imports"),
    };
    Some(ImportCache::new(&dir, root, offline))
}

/// `$XDG_CACHE_HOME`, else `~/.cache`.
fn cache_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .filter(|p| p.is_absolute())
}

/// The files of a platform at a revision of its git repository.
pub fn revision(
    root: &Path,
    revision: &str,
    today: Arc<dyn Tree>,
) -> Result<Arc<dyn Tree>, Problem> {
    RevisionTree::open(root, revision, today)
        .map(|t| Arc::new(t) as Arc<dyn Tree>)
        .map_err(|e| Problem::usage(format!("cannot look at {revision}: {e}")))
}

/// A folder for a platform in `$XDG_CACHE_HOME/strata`, else `~/.cache/strata`.
fn user_cache(root: &Path) -> Option<PathBuf> {
    let base = cache_home()?;
    let name = Digest::of(root.as_os_str().as_encoded_bytes()).to_string();
    let folder = base.join("strata").join(&name[..16]);
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// Changes with every build of this program.
fn build() -> Digest {
    use std::os::unix::fs::MetadataExt as _;
    let this = std::env::current_exe().and_then(|p| p.metadata());
    let stat = this.map(|m| (m.ino(), m.size(), m.mtime(), m.mtime_nsec()));
    Digest::of_json(&(env!("CARGO_PKG_VERSION"), stat.ok()))
}

/// The store of a platform; made when it is not there.
pub fn store(state: &Path) -> Result<Arc<dyn Store>, Problem> {
    let identity = std::env::var_os("STRATA_KEY_FILE").map(PathBuf::from);
    Ok(Arc::new(SqliteStore::open_with(
        state,
        &Options {
            identity,
            blob_budget: None,
        },
    )?))
}

/// Where secrets come from.
pub fn secrets(root: &Path, store: &Arc<dyn Store>) -> Arc<dyn SecretStore> {
    Arc::new(Secrets::new(store.clone(), root.to_owned()))
}

/// Where tools run.
pub fn executor(
    state: &Path,
    run: &str,
    secrets: Arc<dyn SecretStore>,
    store: Arc<dyn Store>,
    mask: Option<Mask>,
) -> Result<Arc<dyn Executor>, Problem> {
    let program = std::env::current_exe().map_err(|e| Problem::io("find this program", &e))?;
    let config = Config {
        state_dir: state.to_owned(),
        program,
        run: run.to_owned(),
        secrets,
        blobs: store,
        environment: strata_adapters::process::environment(),
        private: None,
        mask,
    };
    Ok(Arc::new(ProcessExecutor::new(config)?))
}

/// Removes what runs left behind that are not to be kept.
pub fn forget_runs(state: &Path, keep: &dyn Fn(&str) -> bool) {
    // it only costs room: the next run tries again
    let _ = strata_adapters::process::forget_runs(state, keep);
}

/// Ctrl-C and its kin as a number.
pub fn interrupts() -> Result<strata_adapters::interrupt::Interrupts, Problem> {
    strata_adapters::interrupt::Interrupts::listen()
        .map_err(|e| Problem::io("listen for signals", &e))
}
