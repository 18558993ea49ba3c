//! `strata unlock`: says who holds an environment; takes the lease once so that a dead holder's is gone.
use super::run;
use crate::{args::Global, context::Context, problem::Problem};
use strata_core::exit;

/// Runs it.
pub fn run(global: &Global, env: &str) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let store = cx.store()?;
    let envs = [env.to_owned()];
    // a living holder is never robbed: its process has to be ended first
    let leases = run::take(store.as_ref(), &envs, "unlock")?;
    run::release(store.as_ref(), &leases);
    match run::cut_off(store.as_ref(), &envs)? {
        Some(r) => eprintln!(
            "{env} is free; the run {} was cut off: strata resume {env}",
            r.run
        ),
        None => eprintln!("{env} is free"),
    }
    Ok(exit::DONE)
}
