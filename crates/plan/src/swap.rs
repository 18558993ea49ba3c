//! What the swap of a flavor means: which units come, which are left behind, who is given other values, in which order.
use crate::graph;
use std::collections::BTreeSet;
use strata_core::name::Address;
use strata_ops::{compose::Composition, scope::identity_task};

/// The swap of one flavor in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The environment.
    pub env: String,
    /// The contract.
    pub contract: String,
    /// Component that provides it today; `None` when none is picked.
    pub from: Option<String>,
    /// Component that would provide it.
    pub to: String,
    /// Units of the one that provides it today.
    pub leaving: Vec<Address>,
    /// Units of the one that would.
    pub coming: Vec<Address>,
    /// Identities that both have: the new one takes the old one's place instead of standing beside it.
    pub in_place: Vec<String>,
    /// Leaving units that are protected against destruction: they hold what cannot be made again.
    pub protected: Vec<Address>,
    /// Units that are given outputs through the contract, in the order in which they would run.
    pub consumers: Vec<Address>,
}

/// Every contract that has another provider in `new` than in `old`.
pub fn swaps(old: &Composition, new: &Composition) -> Vec<Swap> {
    let mut out = Vec::new();
    for e in new.environments() {
        let Some(before) = old.env_named(&e.name).map(|i| &old.envs[i]) else {
            continue;
        };
        for (contract, to) in &e.chosen {
            let from = before.chosen.get(contract);
            if from != Some(to) {
                out.push(swap(old, new, &e.name, contract, from, to));
            }
        }
    }
    out
}

fn units(c: &Composition, env: &str, component: &str) -> Vec<usize> {
    let here = |i: &usize| {
        let a = &c.units[*i].address;
        a.env.as_ref() == env && a.name.as_ref() == component
    };
    (0..c.units.len()).filter(here).collect()
}

fn addresses(c: &Composition, units: &[usize]) -> Vec<Address> {
    units.iter().map(|i| c.units[*i].address.clone()).collect()
}

fn identities(c: &Composition, units: &[usize]) -> BTreeSet<String> {
    units
        .iter()
        .flat_map(|i| {
            let unit = &c.units[*i];
            c.engine(unit)
                .identities(&identity_task(c, *i), &c.variant(unit).interface)
        })
        .collect()
}

fn swap(
    old: &Composition,
    new: &Composition,
    env: &str,
    contract: &str,
    from: Option<&String>,
    to: &str,
) -> Swap {
    let leaving = from.map(|f| units(old, env, f)).unwrap_or_default();
    let coming = units(new, env, to);
    let both = |i: &usize| {
        old.variant(&old.units[*i])
            .component
            .protect
            .iter()
            .any(|p| p == "destroy")
    };
    let protected: Vec<usize> = leaving.iter().copied().filter(both).collect();
    let given = |i: &usize| {
        let deps = &new.units[*i].deps;
        deps.iter()
            .any(|d| d.data && coming.contains(&(d.unit as usize)))
    };
    let consumers: Vec<usize> = graph::order(new).into_iter().filter(given).collect();
    Swap {
        env: env.to_owned(),
        contract: contract.to_owned(),
        from: from.cloned(),
        to: to.to_owned(),
        in_place: identities(old, &leaving)
            .intersection(&identities(new, &coming))
            .cloned()
            .collect(),
        protected: addresses(old, &protected),
        leaving: addresses(old, &leaving),
        coming: addresses(new, &coming),
        consumers: addresses(new, &consumers),
    }
}
