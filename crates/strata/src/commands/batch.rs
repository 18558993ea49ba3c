//! Reading runs of the command line: plan, observe, verify, outputs on many units at once.
use crate::{context::Context, problem::Problem, view::progress::Progress, wire};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use strata_core::{
    engine::Finding, executor::Executor, executor::Handle, name::Address, store::Store,
};
use strata_plan::prepared::Prepared;
use strata_run::{
    batch::Batch,
    pool::{Job, Work},
};

/// Runs batches for one command.
pub struct Reader<'a> {
    cx: &'a Context,
    store: Arc<dyn Store>,
    executor: Option<Arc<dyn Executor>>,
    run: String,
    parallelism: usize,
    /// Somebody may want to read what a tool said.
    failed: bool,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // ends the supervisor, so that nothing is running there
        let started = self.executor.take().is_some();
        if started && !self.failed {
            wire::forget_runs(&self.cx.state_dir(), &|run| run != self.run);
        }
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

impl<'a> Reader<'a> {
    /// Nothing is started until there is work.
    pub fn open(
        cx: &'a Context,
        store: &Arc<dyn Store>,
        parallelism: usize,
    ) -> Result<Self, Problem> {
        Ok(Self {
            cx,
            store: store.clone(),
            executor: None,
            run: format!("read-{}", super::run::new_id()),
            parallelism: parallelism.max(1),
            failed: false,
        })
    }
    /// Runs all; answers in their order.
    pub fn run(&mut self, work: Vec<(Prepared, Work)>) -> Result<Vec<(Address, Finding)>, Problem> {
        if work.is_empty() {
            return Ok(Vec::new());
        }
        if self.executor.is_none() {
            let secrets = wire::secrets(&self.cx.root, &self.store);
            let state = self.cx.state_dir();
            self.executor = Some(wire::executor(
                &state,
                &self.run,
                secrets,
                self.store.clone(),
                self.cx.mask(),
            )?);
        }
        let executor = self.executor.clone().expect("just made");
        let verifier = self.cx.engine("verify");
        let round = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        let jobs = work
            .into_iter()
            .enumerate()
            .map(|(step, (prepared, work))| Job {
                step,
                work,
                handle: Handle {
                    run: self.run.clone(),
                    unit: prepared.task.unit.clone(),
                    attempt: round,
                    n: 0,
                    generation: 0,
                },
                engine: self.cx.engine(&prepared.task.spec.engine),
                verifier: verifier.clone(),
                claims: prepared.claims.clone(),
                prepared,
            })
            .collect();
        let mut progress = Progress::reading(self.cx.color, self.cx.json());
        let interrupts = wire::interrupts()?;
        let answers = Batch {
            executor,
            parallelism: self.parallelism,
            interrupted: &|| interrupts.asked(),
            watch: &mut |notice| progress.notice(notice),
        }
        .run(jobs);
        progress.finish();
        self.failed |= answers.iter().any(|(_, f)| matches!(f, Finding::Failed(_)));
        if interrupts.asked() > 0 {
            return Err(Problem::new(
                strata_core::exit::CANCELLED,
                "stopped; nothing was changed",
            ));
        }
        Ok(answers)
    }
}
