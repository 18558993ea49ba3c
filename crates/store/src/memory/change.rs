//! Changes of what is applied.
use super::State;
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    name::Address,
    store::{Applied, AppliedChange, StoreError, unsettled},
};

impl State {
    /// All changes or none.
    pub(super) fn change(&mut self, changes: &[AppliedChange]) -> Result<(), StoreError> {
        self.trees.extend(changes.iter().filter_map(|c| match c {
            AppliedChange::Tree(artifact, bytes) => Some((artifact.digest, bytes.clone())),
            _ => None,
        }));
        let refusable = changes.iter().any(|c| matches!(c, AppliedChange::Move(..)));
        let before = refusable.then(|| self.applied.clone());
        let done = changes
            .iter()
            .try_for_each(|c| change(&mut self.applied, c));
        if let (Err(_), Some(before)) = (&done, before) {
            self.applied = before;
        }
        let applied = &self.applied;
        let names = |a: &Applied, d: &Digest| a.tree.as_ref().is_some_and(|t| t.digest == *d);
        self.trees
            .retain(|digest, _| applied.values().any(|a| names(a, digest)));
        done
    }
}

fn change(
    applied: &mut BTreeMap<Address, Applied>,
    change: &AppliedChange,
) -> Result<(), StoreError> {
    match change {
        AppliedChange::Put(put) => {
            applied.insert(put.unit.clone(), (**put).clone());
        }
        AppliedChange::Verified(unit, ok) => {
            if let Some(found) = applied.get_mut(unit) {
                found.verified = Some(*ok);
            }
        }
        AppliedChange::Unsettled(unit) => {
            if let Some(found) = applied.get_mut(unit) {
                found.fingerprint = unsettled();
            }
        }
        AppliedChange::Remove(unit) => {
            applied.remove(unit);
        }
        AppliedChange::Move(from, to) if from != to => {
            let Some(mut moved) = applied.remove(from) else {
                return Ok(());
            };
            moved.unit = to.clone();
            moved.task.unit = to.clone();
            if applied.insert(to.clone(), moved).is_some() {
                return Err(StoreError::Io {
                    doing: format!("move {from} to {to}"),
                    why: format!("{to} is applied already"),
                });
            }
        }
        AppliedChange::Move(..) | AppliedChange::Tree(..) => {}
    }
    Ok(())
}
