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
    secrets::Secrets,
    source::DirectoryTree,
};
use strata_core::{
    engine::DynEngine, executor::Executor, secret::SecretStore, store::Store, tree::Tree,
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

/// All engines.
pub fn engines() -> Vec<Arc<dyn DynEngine>> {
    strata_engines::all().into_iter().map(Arc::from).collect()
}

/// The files below a platform's folder.
pub fn tree(root: &Path, state: &Path) -> Result<Arc<dyn Tree>, Problem> {
    let cache = state.is_dir().then(|| state.join("files"));
    DirectoryTree::open(root, cache.as_deref())
        .map(|t| Arc::new(t) as Arc<dyn Tree>)
        .map_err(|e| Problem::new(strata_core::exit::ERROR, e.to_string()))
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
    };
    Ok(Arc::new(ProcessExecutor::new(config)?))
}

/// Ctrl-C and its kin as a number.
pub fn interrupts() -> Result<strata_adapters::interrupt::Interrupts, Problem> {
    strata_adapters::interrupt::Interrupts::listen()
        .map_err(|e| Problem::io("listen for signals", &e))
}
