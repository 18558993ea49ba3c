//! Who may make what a tool missed when it planned: a namespace, a kind, whatever comes with another unit of the same plan.
use crate::schedule::{Item, Proposals, Standing};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{name::Address, proposal::Fidelity, value::OutputRef};
use strata_ops::compose::Composition;

/// What a unit may wait for whose tool misses something: units that it comes after, and that this plan changes.
pub fn makers(
    c: &Composition,
    items: &[Item],
    proposals: &Proposals,
    unit: &Address,
) -> Vec<OutputRef> {
    let at: BTreeMap<usize, &Item> = items.iter().map(|i| (i.unit, i)).collect();
    let mut open: Vec<usize> = c.position(unit).into_iter().collect();
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    let mut found = BTreeSet::new();
    while let Some(item) = open.pop().and_then(|next| at.get(&next)) {
        for need in item.needs.iter().filter(|n| seen.insert(**n)) {
            open.push(*need);
        }
    }
    for position in seen {
        let address = &c.units[position].address;
        let changes = match at.get(&position).map(|i| &i.standing) {
            Some(Standing::Known(..)) => {
                proposals.known.get(address).is_none_or(|(proposal, _)| {
                    !proposal.changes.is_empty() || proposal.fidelity != Fidelity::Exact
                })
            }
            Some(Standing::Deferred(_) | Standing::Foreseen(_) | Standing::Waits(..)) => true,
            _ => false,
        };
        if changes && address != unit {
            found.insert(address.clone());
        }
    }
    let of = |unit| OutputRef {
        unit,
        path: Vec::new(),
    };
    found.into_iter().map(of).collect()
}
