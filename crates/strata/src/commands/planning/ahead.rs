//! Plans units ahead of their turn: with what the plans of others foretell, or with what was recorded last.
use super::{FilesBench, Reader, protected};
use crate::problem::Problem;
use std::collections::BTreeMap;
use strata_core::{
    engine::Finding,
    name::Address,
    value::{Output, Term},
};
use strata_ops::compose::Composition;
use strata_plan::{
    foresee::foresee,
    recorded::Recorded,
    schedule::{Item, Proposals, Standing},
};
use strata_run::pool::Work;

/// A plan foretells outputs. A sensitive value is not passed on before it is recorded.
pub(super) fn foretell(
    recorded: &mut Recorded,
    unit: &Address,
    predicted: BTreeMap<String, Output>,
) {
    let plain = predicted.into_iter().filter(|(_, o)| !o.sensitive);
    let terms: BTreeMap<String, Term> = plain.map(|(k, o)| (k, o.value.into())).collect();
    if !terms.is_empty() {
        recorded.foretell(unit.clone(), terms);
    }
}

/// Looks at every deferred unit, in rounds: a unit is looked at when all that it is given from has been.
pub(super) fn look(
    reader: &mut Reader<'_>,
    c: &Composition,
    items: &mut [Item],
    bench: &mut FilesBench<'_>,
    proposals: &mut Proposals,
) -> Result<(), Problem> {
    let mut pending = vec![false; c.units.len()];
    for item in items.iter() {
        pending[item.unit] = matches!(
            item.standing,
            Standing::Known(..)
                | Standing::Deferred(_)
                | Standing::Waits(..)
                | Standing::Blocked(_)
        );
    }
    let deferred = |i: &usize| matches!(items[*i].standing, Standing::Deferred(_));
    let mut waiting: Vec<usize> = (0..items.len()).filter(deferred).collect();
    let mut open = vec![false; c.units.len()];
    waiting.iter().for_each(|i| open[items[*i].unit] = true);
    while !waiting.is_empty() {
        let blocked = |i: &usize| {
            let deps = &c.units[items[*i].unit].deps;
            deps.iter().any(|d| d.data && open[d.unit as usize])
        };
        let (rest, ready): (Vec<usize>, Vec<usize>) = waiting.into_iter().partition(blocked);
        if ready.is_empty() {
            break;
        }
        let mut work = Vec::new();
        let mut asked = BTreeMap::new();
        for i in ready {
            let unit = items[i].unit;
            open[unit] = false;
            let address = &c.units[unit].address;
            let again = bench.again.contains(address);
            let Some(foreseen) = foresee(c, unit, &pending, again, &bench.facts()) else {
                continue;
            };
            match &foreseen.prepared {
                Some(prepared) => {
                    work.push((
                        (**prepared).clone(),
                        Work::Verb(strata_core::engine::Verb::Plan),
                    ));
                    asked.insert(address.clone(), (i, foreseen));
                }
                None => items[i].standing = Standing::Foreseen(foreseen),
            }
        }
        for (unit, finding) in reader.run(work)? {
            let Some((i, foreseen)) = asked.remove(&unit) else {
                continue;
            };
            // a plan that fails may only lack what does not exist yet: the unit stays deferred
            if let Finding::Planned {
                proposal,
                predicted,
                ..
            } = finding
                && protected(c, &unit, &proposal).is_none()
            {
                foretell(&mut bench.recorded, &unit, predicted);
                proposals.known.insert(unit, (proposal, None));
                items[i].standing = Standing::Foreseen(foreseen);
            }
        }
        waiting = rest;
    }
    Ok(())
}
