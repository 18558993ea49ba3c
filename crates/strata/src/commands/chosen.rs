//! Which of the applied units a command means; they need not be in the files any more. What the files have is chosen
//! by `Context::selected`.
use super::bench::AppliedBench;
use crate::{args::Named, problem::Problem};
use std::collections::BTreeSet;
use strata_core::name::Address;

/// The units of these environments, of these layers, with these names, among what is `open`.
pub fn chosen(
    bench: &AppliedBench,
    envs: &[String],
    open: BTreeSet<Address>,
    named: &Named,
) -> Result<BTreeSet<Address>, Problem> {
    let mut open = open;
    if !named.layer.is_empty() {
        open.retain(|a| named.layer.contains(&bench.all[a].layer));
    }
    if named.only.is_empty() {
        return Ok(open);
    }
    let mut out = BTreeSet::new();
    for word in &named.only {
        let name = word.trim_matches('+');
        let is =
            |a: &&Address| a.name.as_ref() == name || a.local() == name || a.to_string() == name;
        let found: BTreeSet<Address> = open.iter().filter(is).cloned().collect();
        if found.is_empty() {
            let envs = envs.join(", ");
            return Err(
                Problem::usage(format!("no applied unit `{name}` in {envs}"))
                    .hint("`strata status` shows what is applied"),
            );
        }
        if word.ends_with('+') {
            let uses = |a: &Address, b: &Address| bench.all[a].needs.contains(b);
            out.extend(reached(&open, &found, uses));
        }
        if word.starts_with('+') {
            let serves = |a: &Address, b: &Address| bench.all[b].needs.contains(a);
            out.extend(reached(&open, &found, serves));
        }
        out.extend(found);
    }
    Ok(out)
}

/// What leads to what is found, over any number of steps.
fn reached(
    open: &BTreeSet<Address>,
    found: &BTreeSet<Address>,
    leads: impl Fn(&Address, &Address) -> bool,
) -> BTreeSet<Address> {
    let mut out = found.clone();
    let mut last: Vec<Address> = found.iter().cloned().collect();
    while let Some(to) = last.pop() {
        for from in open.iter().filter(|a| leads(a, &to)) {
            if out.insert(from.clone()) {
                last.push(from.clone());
            }
        }
    }
    out
}
