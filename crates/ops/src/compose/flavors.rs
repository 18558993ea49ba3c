//! Of several components that provide one contract, an environment has one.
use super::Composition;
use crate::decode::Problems;
use std::collections::BTreeMap;
use strata_core::diagnostic::{Diagnostic, suggest};

/// Leaves one component for every contract: the only one, or the one that the environment picks. Where the choice is
/// wrong, the first one stands for it, so that nothing else is said of who uses the contract.
pub(super) fn pick(
    c: &mut Composition,
    env: usize,
    members: Vec<u32>,
    problems: &mut Problems,
) -> Vec<u32> {
    let mut by_contract: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for v in &members {
        for contract in c.variants[*v as usize].component.provides.keys() {
            by_contract.entry(contract.clone()).or_default().push(*v);
        }
    }
    unknown_contracts(c, env, &by_contract, problems);
    let name = |v: &u32| c.variants[*v as usize].component.name.clone();
    let named =
        |(contract, of): (&String, &Vec<u32>)| (contract.clone(), of.iter().map(name).collect());
    c.envs[env].candidates = by_contract.iter().map(named).collect();
    let mut dropped: Vec<u32> = Vec::new();
    let mut chosen = BTreeMap::new();
    for (contract, providers) in by_contract {
        let pick = of_contract(c, env, &contract, &providers, problems);
        dropped.extend(providers.iter().filter(|v| **v != pick));
        let name = c.variants[pick as usize].component.name.clone();
        chosen.insert(contract, name);
    }
    c.envs[env].chosen = chosen;
    members
        .into_iter()
        .filter(|v| !dropped.contains(v))
        .collect()
}

/// Flavors of contracts that nobody provides.
fn unknown_contracts(
    c: &Composition,
    env: usize,
    by_contract: &BTreeMap<String, Vec<u32>>,
    problems: &mut Problems,
) {
    for (contract, flavor) in &c.envs[env].flavors {
        // a flavor that could not be described would provide it
        if by_contract.contains_key(contract) || c.broken.contains(&flavor.component) {
            continue;
        }
        let names = by_contract.keys().map(String::as_str);
        let help = suggest(contract, names)
            .unwrap_or_else(|| format!("add `provides: {{{contract}: …}}` to a component of it"));
        problems.push(
            Diagnostic::error(
                "flavor::unknown-contract",
                format!("no component provides `{contract}` here"),
            )
            .at(flavor.contract_at.clone())
            .help(help),
        );
    }
}

fn of_contract(
    c: &Composition,
    env: usize,
    contract: &str,
    providers: &[u32],
    problems: &mut Problems,
) -> u32 {
    let name = |v: u32| c.variants[v as usize].component.name.as_str();
    let names: Vec<&str> = providers.iter().map(|v| name(*v)).collect();
    let first = providers[0];
    match c.envs[env].flavors.get(contract) {
        Some(flavor) => {
            let picked = flavor.component.as_str();
            if let Some(v) = providers.iter().find(|v| name(**v) == picked) {
                return *v;
            }
            if !c.broken.contains(picked) {
                problems.push(
                    Diagnostic::error(
                        "flavor::unknown",
                        format!("`{picked}` is no flavor of `{contract}`"),
                    )
                    .at(flavor.at.clone())
                    .help(
                        suggest(picked, names.iter().copied())
                            .unwrap_or_else(|| format!("flavors are: {}", names.join(", "))),
                    ),
                );
            }
        }
        None if providers.len() > 1 => problems.push(
            Diagnostic::error(
                "flavor::not-picked",
                format!(
                    "`{}` has several flavors of `{contract}`: {}",
                    c.envs[env].name,
                    names.join(", ")
                ),
            )
            .at(c.envs[env].at.clone())
            .help(format!("add `flavors: {{{contract}: {}}}`", names[0])),
        ),
        None => {}
    }
    first
}
