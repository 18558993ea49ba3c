//! Units whose inputs may change in this very plan: what can be said of them now, and on which condition.
//!
//! No value is invented. An input is what an upstream plan foretells (*conditional*), or what was recorded at the last
//! apply (*assumed*); where neither exists the unit stays *deferred*. Each is planned again at its turn.
use crate::{
    prepare::{Facts, complete, fingerprint},
    prepared::Prepared,
};
use std::collections::BTreeSet;
use strata_core::{digest::Digest, value::OutputRef};
use strata_ops::{compose::Composition, scope::Outputs as _};

/// What a unit would do if its inputs are what they seem to be.
pub struct Foreseen {
    /// Inputs whose value may turn out to be another.
    pub inputs: Vec<OutputRef>,
    /// Does every one come from an upstream plan (or is one a recorded value that may change)?
    pub foretold: bool,
    /// Fingerprint with these inputs.
    pub fingerprint: Digest,
    /// Ready for its tool; `None` when it would be as it was last applied.
    pub prepared: Option<Box<Prepared>>,
}

/// Looks ahead at a unit that waits for others. `pending`: units that this plan changes; `facts` hold what their plans
/// foretell. `None`: some input never existed.
pub fn foresee(
    c: &Composition,
    unit: usize,
    pending: &[bool],
    again: bool,
    facts: &Facts<'_>,
) -> Option<Foreseen> {
    // what its tool reads of another's state is what lies there when it looks, not what will
    if c.units[unit].state.iter().any(|e| pending[e.unit as usize]) {
        return None;
    }
    let mut inputs = BTreeSet::new();
    let mut foretold = true;
    for (upstream, output) in c.given(unit) {
        if !pending[upstream] {
            continue;
        }
        let address = &c.units[upstream].address;
        let known = facts.recorded.outputs(address)?;
        let names: Vec<String> = match output {
            Some(name) => vec![name],
            None => known.keys().cloned().collect(),
        };
        for name in names {
            known.get(&name)?;
            foretold &= facts.recorded.is_foretold(address, &name);
            inputs.insert(OutputRef {
                unit: address.clone(),
                path: vec![name],
            });
        }
    }
    let known = fingerprint(c, unit, facts).ok()?;
    let digest = known.fingerprint;
    let row = facts.recorded.row(&c.units[unit].address);
    let same = !again && row.is_some_and(|r| r.fingerprint == digest);
    Some(Foreseen {
        inputs: inputs.into_iter().collect(),
        foretold,
        fingerprint: digest,
        prepared: (!same).then(|| Box::new(complete(c, unit, facts, known))),
    })
}
