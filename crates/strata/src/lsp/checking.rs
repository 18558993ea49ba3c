//! Reads platforms on a thread of its own: one at a time, always the newest text.
use super::{Event, overlay::Memo, overlay::Overlay};
use crate::{policy, wire};
use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};
use strata_core::{diagnostic::Diagnostic, engine::DynEngine, tree::Tree as _};
use strata_ops::{check::recorded, compose::Composition, load::ROOT_FILE};
use strata_plan::recorded::Recorded;

/// A platform to read.
pub struct Job {
    /// Its folder.
    pub root: PathBuf,
    /// Which text it is.
    pub generation: u64,
    /// Open documents below the folder, by their path in it.
    pub texts: BTreeMap<String, Arc<str>>,
    /// What was made of texts before.
    pub memo: Arc<Memo>,
    /// Is it the first look? What it makes is kept for commands too.
    pub first: bool,
}

/// A platform as it was read.
pub struct Done {
    /// Its folder.
    pub root: PathBuf,
    /// Which text it was.
    pub generation: u64,
    /// `None`: there is no platform.
    pub checked: Option<Arc<Checked>>,
}

/// A platform, composed and checked.
pub struct Checked {
    /// Composed.
    pub c: Composition,
    /// What was found.
    pub problems: Vec<Diagnostic>,
}

/// Deeply nested files are read on this thread.
const STACK: usize = 32 << 20;

/// Starts the thread; jobs go in, [`Event::Checked`] come out.
pub fn start(
    engines: Vec<Arc<dyn DynEngine>>,
    events: mpsc::Sender<Event>,
) -> io::Result<mpsc::Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::Builder::new().stack_size(STACK).spawn(move || {
        for job in jobs {
            let (root, generation) = (job.root.clone(), job.generation);
            // a fault in a reader must not end the editor's session; the next text may be read
            let checked =
                catch_unwind(AssertUnwindSafe(|| read(job, &engines))).unwrap_or_default();
            let done = Done {
                root,
                generation,
                checked,
            };
            if events.send(Event::Checked(done)).is_err() {
                return;
            }
        }
    })?;
    Ok(sender)
}

fn read(job: Job, engines: &[Arc<dyn DynEngine>]) -> Option<Arc<Checked>> {
    let below = wire::tree(&job.root, &job.root.join(".strata"), true).ok()?;
    job.memo.turn();
    let tree = Arc::new(Overlay::new(below, job.texts, job.memo));
    tree.file(ROOT_FILE)?;
    let (c, mut problems) = strata_ops::read(tree.clone(), engines);
    let sound = !problems.iter().any(Diagnostic::is_error);
    problems.extend(policy::check(&c, sound));
    if let Some(learnt) = recorded_in(&job.root) {
        problems.extend(recorded::check(&c, &learnt));
    }
    if job.first {
        tree.keep_derived();
    }
    Some(Arc::new(Checked { c, problems }))
}

/// What the last apply of a platform left, where something was applied.
pub fn recorded_in(root: &Path) -> Option<Recorded> {
    let state = root.join(".strata");
    if !state.join("store.db").exists() {
        return None;
    }
    let store = wire::store(&state).ok()?;
    Some(Recorded::new(store.applied_rows(None).ok()?))
}
