//! What a plan says of our own environment: which variables tools are handed because what they use reads them. Names
//! only, and nothing that is approved: another machine may have others.
use std::collections::BTreeMap;
use strata_core::plan::Plan;
use strata_ops::{
    compose::Composition,
    scope::{Outputs, resolve},
    variables::read_by_plugins,
};

/// Units that are named with one variable.
const MOST_NAMED: usize = 3;

/// The note, where a variable is set and reaches a tool of this plan.
pub(super) fn note(c: &Composition, plan: &Plan, recorded: &dyn Outputs) -> Option<String> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for step in plan.pending() {
        let Some(i) = c.position(&step.unit) else {
            continue;
        };
        let Ok(resolved) = resolve(c, i, recorded) else {
            continue;
        };
        let unit = &c.units[i];
        let inputs: Vec<String> = resolved.inputs.into_keys().collect();
        let tree = c.loaded.tree.as_ref();
        let engine = c.engine(unit).as_ref();
        for passed in read_by_plugins(engine, tree, &resolved.spec, &inputs) {
            if std::env::var_os(&passed.name).is_some_and(|value| !value.is_empty()) {
                let units = users.entry(passed.name).or_default();
                units.push(step.unit.to_string());
            }
        }
    }
    let said: Vec<String> = users.iter().map(|(name, units)| to(name, units)).collect();
    (!said.is_empty()).then(|| format!("passed on to tools from here: {}", said.join("; ")))
}

fn to(name: &str, units: &[String]) -> String {
    let named = units[..units.len().min(MOST_NAMED)].join(", ");
    match units.len().saturating_sub(MOST_NAMED) {
        0 => format!("{name} to {named}"),
        more => format!("{name} to {named} and {more} more"),
    }
}
