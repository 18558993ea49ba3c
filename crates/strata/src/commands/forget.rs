//! `strata forget`: take a unit out of the store without destroying it.
use super::run;
use crate::{args::Global, context::Context, problem::Problem, view::ask};
use strata_core::{exit, name::Address, store::AppliedChange};

/// Runs it.
pub fn run(global: &Global, units: &[String], yes: bool) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let store = cx.store()?;
    let mut addresses: Vec<Address> = Vec::new();
    for text in units {
        let unit: Address = text
            .parse()
            .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))?;
        if store.applied(&unit)?.is_none() {
            return Err(Problem::usage(format!("{unit} is not applied")));
        }
        addresses.push(unit);
    }
    let list = addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if !yes && !ask::confirm(&format!("Forget {list}? What it made stays."))? {
        return Err(Problem::new(exit::CANCELLED, "not forgotten"));
    }
    let mut envs: Vec<String> = addresses.iter().map(|a| a.env.to_string()).collect();
    envs.sort();
    envs.dedup();
    let mut leases = run::take(store.as_ref(), &envs, "forget")?;
    for unit in addresses {
        let lease = leases
            .get_mut(unit.env.as_ref())
            .expect("its own environment");
        store.append(
            lease,
            "forget",
            &[],
            &[AppliedChange::Remove(unit.clone())],
            true,
        )?;
        eprintln!("forgot {unit}");
    }
    run::release(store.as_ref(), &leases);
    Ok(exit::DONE)
}
