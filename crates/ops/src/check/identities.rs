//! Two units with one state, release or stack: the second would overwrite the first.
use crate::{compose::Composition, decode::Problems, scope::identity_task};
use std::collections::HashMap;
use strata_core::{diagnostic::Diagnostic, span::Location};

/// How many units a message names.
const NAMED: usize = 4;

/// Adds an error for every identity that several units share.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut order: Vec<String> = Vec::new();
    let mut owners: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, unit) in c.units.iter().enumerate() {
        let v = c.variant(unit);
        // local state is kept by unit, so only what the files fix can be shared
        let fixed = !v.interface.facts.is_empty() || !v.component.options.is_empty();
        if !fixed && c.loaded.platform.backend.is_none() {
            continue;
        }
        let task = identity_task(c, i);
        for identity in c.engine(unit).identities(&task, &v.interface) {
            let units = owners.entry(identity.clone()).or_default();
            if units.is_empty() {
                order.push(identity);
            }
            units.push(i);
        }
    }
    for identity in order {
        if let [_, _, ..] = owners[&identity].as_slice() {
            problems.push(shared(c, &identity, &owners[&identity]));
        }
    }
}

fn shared(c: &Composition, identity: &str, units: &[usize]) -> Diagnostic {
    let name = |i: usize| c.units[i].address.to_string();
    let mut names: Vec<String> = units.iter().take(NAMED).map(|i| name(*i)).collect();
    let last = match units.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!("{more} more"),
        _ => names.pop().unwrap_or_default(),
    };
    if let Some(release) = identity.strip_prefix("helm-release:") {
        let message = format!(
            "{} and {last} have one release: {release}",
            names.join(", ")
        );
        let help = "give each its own: `helm: {release: …}`, or another `namespace`";
        return with_places(c, units, message, help);
    }
    let state = identity.strip_prefix("terraform-state:");
    let state = match state.unwrap_or(identity).split_once('#') {
        Some((place, workspace)) => format!("{place}, workspace {workspace}"),
        None => state.unwrap_or(identity).to_owned(),
    };
    let message = format!("{} and {last} have one state: {state}", names.join(", "));
    let help = "give each its own, for example with `terraform: {workspace: '${{ env.name }}'}`";
    with_places(c, units, message, help)
}

fn with_places(c: &Composition, units: &[usize], message: String, help: &str) -> Diagnostic {
    let name = |i: usize| c.units[i].address.to_string();
    let at = |i: usize| c.variant(&c.units[i]).component.at.clone();
    let here = at(units[units.len() - 1]);
    let mut problem = Diagnostic::error("unit::shared-identity", message)
        .at(here.clone())
        .help(help);
    let mut said: Vec<Location> = vec![here];
    for unit in units.iter().take(NAMED) {
        if !said.contains(&at(*unit)) {
            said.push(at(*unit));
            problem = problem.related(at(*unit), name(*unit));
        }
    }
    problem
}
