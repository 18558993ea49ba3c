//! What the server knows of a platform, and what it owes for it.
use super::{checking::Checked, overlay::Memo, protocol::Request};
use lsp_types::Diagnostic;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long nothing must be typed before files are read again.
const PAUSE: Duration = Duration::from_millis(120);

/// A platform.
#[derive(Default)]
pub struct Platform {
    /// As it was read last.
    pub checked: Option<Arc<Checked>>,
    /// As it was read last with every file readable: names are looked up in it while a file is half typed.
    pub good: Option<Arc<Checked>>,
    /// What was said, by file.
    pub published: BTreeMap<String, Vec<Diagnostic>>,
    /// Requests that wait until it is read.
    pub waiting: Vec<Request>,
    /// What was made of texts.
    pub memo: Arc<Memo>,
    /// Counts changes.
    pub generation: u64,
    /// Is it being read?
    pub running: bool,
    /// When it is to be read.
    pub due: Option<Instant>,
}

impl Platform {
    /// Something changed: it is read after a pause.
    pub fn changed(&mut self) {
        self.generation += 1;
        self.due = Some(Instant::now() + PAUSE);
    }
    /// It is read as soon as possible.
    pub fn hurry(&mut self) {
        self.due = self.due.map(|due| due.min(Instant::now()));
    }
    /// Is what is known what the editor shows?
    pub fn is_fresh(&self) -> bool {
        self.checked.is_some() && !self.running && self.due.is_none()
    }
    /// It was read.
    pub fn take(&mut self, checked: Arc<Checked>) {
        let half_typed =
            |p: &strata_core::diagnostic::Diagnostic| p.is_error() && p.code.starts_with("yaml::");
        if self.good.is_none() || !checked.problems.iter().any(half_typed) {
            self.good = Some(checked.clone());
        }
        self.checked = Some(checked);
    }
}
