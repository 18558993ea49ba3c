//! A plan that destroys: from what was applied, not from what the files say today, in reverse.
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    engine::Verb,
    name::Address,
    plan::{Basis, Body, Plan, Step},
    proposal::{Action, Change, Envelope, Fidelity, Proposal},
    store::Applied,
};

/// Why units cannot be destroyed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Protected units.
    pub protected: Vec<Address>,
    /// Units elsewhere that use what would be destroyed: the user, what it uses.
    pub used: Vec<(Address, Address)>,
}

/// The plan, or why not. `all`: every applied unit of the platform. `chosen`: those to destroy. `force`: protected
/// units that a person named.
pub fn plan(
    platform: &str,
    envs: &[String],
    all: &BTreeMap<Address, Applied>,
    chosen: &BTreeSet<Address>,
    force: &BTreeSet<Address>,
) -> Result<Plan, Refusal> {
    let mut refusal = Refusal::default();
    for unit in chosen {
        if all[unit].protect.iter().any(|p| p == "destroy") && !force.contains(unit) {
            refusal.protected.push(unit.clone());
        }
    }
    for (unit, applied) in all.iter().filter(|(u, _)| !chosen.contains(*u)) {
        for used in applied.needs.iter().filter(|n| chosen.contains(*n)) {
            refusal.used.push((unit.clone(), used.clone()));
        }
    }
    if refusal != Refusal::default() {
        return Err(refusal);
    }
    let mut steps = Vec::new();
    let mut baseline = BTreeMap::new();
    for unit in order(all, chosen) {
        let applied = &all[&unit];
        baseline.insert(unit.clone(), applied.fingerprint);
        // who needs it goes first
        let needs: Vec<Address> = chosen
            .iter()
            .filter(|other| all[*other].needs.contains(&unit))
            .cloned()
            .collect();
        let proposal = Proposal {
            fidelity: Fidelity::Exact,
            changes: vec![Change {
                object: unit.to_string(),
                action: Action::Delete,
                after: None,
                detail: vec![],
            }],
        };
        steps.push(Step {
            layer: applied.layer.clone(),
            engine: applied.task.spec.engine.clone(),
            verb: Verb::Destroy,
            basis: Basis::Exact {
                proposal,
                fingerprint: applied.fingerprint,
            },
            envelope: Envelope {
                worst: Action::Wait,
                opaque: true,
            },
            needs,
            reason: "destroy".to_owned(),
            content: applied.fingerprint,
            unit,
        });
    }
    Ok(Plan::new(Body {
        format: crate::schedule::FORMAT,
        platform: platform.to_owned(),
        environments: envs.to_vec(),
        verb: Verb::Destroy,
        steps,
        baseline,
    }))
}

/// Users before what they use.
fn order(all: &BTreeMap<Address, Applied>, chosen: &BTreeSet<Address>) -> Vec<Address> {
    let mut users: BTreeMap<&Address, usize> = chosen.iter().map(|u| (u, 0)).collect();
    for unit in chosen {
        for n in all[unit].needs.iter().filter(|n| chosen.contains(*n)) {
            *users.get_mut(n).expect("chosen") += 1;
        }
    }
    let mut ready: BTreeSet<&Address> = users
        .iter()
        .filter(|(_, n)| **n == 0)
        .map(|(u, _)| *u)
        .collect();
    let mut out = Vec::new();
    while let Some(unit) = ready.pop_last() {
        out.push(unit.clone());
        for n in all[unit].needs.iter().filter_map(|n| chosen.get(n)) {
            let left = users.get_mut(n).expect("chosen");
            *left -= 1;
            if *left == 0 {
                ready.insert(n);
            }
        }
    }
    out
}
