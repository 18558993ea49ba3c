//! Two units with one state, release or stack: the second would overwrite the first.
use crate::{compose::Composition, decode::Problems, scope::identity_task};
use std::collections::HashMap;
use strata_core::diagnostic::Diagnostic;

/// Adds an error for every identity that two units share.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (i, unit) in c.units.iter().enumerate() {
        let v = c.variant(unit);
        // local state is kept by unit, so only what the files fix can be shared
        if v.interface.facts.is_empty() && v.component.options.is_empty() {
            continue;
        }
        let task = identity_task(c, i);
        for identity in c.engine(unit).identities(&task, &v.interface) {
            if let Some(other) = owners.insert(identity.clone(), i) {
                let (a, b) = (&c.units[other].address, &unit.address);
                problems.push(
                    Diagnostic::error("unit::shared-identity", format!("{a} and {b} are the same thing: {identity}"))
                        .at(v.component.at.clone())
                        .help("give each its own state, for example with `terraform: {workspace: '${{ env.name }}'}`"),
                );
            }
        }
    }
}
