//! Which `after:` of a proposal the platform would know by itself: it is composed as it would be written, and who reads the
//! state of another waits for it anyway.
use crate::{lsp::Overlay, wire};
use std::{collections::BTreeMap, sync::Arc};
use strata_adopt::Proposal;
use strata_core::tree::Tree;
use strata_ops::compose::{Composition, Unit};

/// Leaves out the lines that state edges give.
pub(super) fn by_states(proposal: &mut Proposal, tree: &Arc<dyn Tree>) {
    let texts: BTreeMap<String, Arc<str>> = proposal
        .files(Some("proposed"))
        .into_iter()
        .map(|(path, text)| (path, Arc::from(text)))
        .collect();
    let overlay = Overlay::new(tree.clone(), texts, Arc::default());
    let (c, _) = strata_ops::read(Arc::new(overlay), &wire::engines());
    proposal.leave_out(&|name, env, to| {
        let mut units = c
            .units
            .iter()
            .filter(|u| u.address.name.as_ref() == name)
            .filter(|u| env.is_none_or(|env| env == u.address.env.as_ref()))
            .peekable();
        units.peek().is_some() && units.all(|u| reads(&c, u, to))
    });
}

/// Does a unit read the states of all that an entry of `after` names?
fn reads(c: &Composition, unit: &Unit, to: &str) -> bool {
    let target = match to.split_once('/') {
        Some((env, name)) => c.env_named(env).and_then(|env| c.lookup_here(env, name)),
        None => c.lookup(unit.env as usize, to),
    };
    let read = |other: u32| unit.state.iter().any(|edge| edge.unit == other);
    target.is_some_and(|t| t.named.count > 0 && t.named.units().all(read))
}
