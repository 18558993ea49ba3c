//! Resources that need each other before they exist.
use super::{By, Template};
use crate::cycle::cycles;
use std::collections::BTreeMap;
use strata_core::diagnostic::Diagnostic;

pub(super) fn problems(template: &Template, out: &mut Vec<Diagnostic>) {
    let names: Vec<&str> = template.resources.keys().map(String::as_str).collect();
    let index: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (*n, i)).collect();
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for r in template.references.iter().filter(|r| !r.loose) {
        let from = r.from.as_deref().and_then(|f| index.get(f));
        let orders = !matches!(r.by, By::Condition | By::Mapping);
        if let (Some(from), Some(to), true) = (from, index.get(r.name.as_str()), orders) {
            edges[*from].push(*to);
        }
    }
    for cycle in cycles(&edges) {
        let mut shown: Vec<&str> = cycle.iter().map(|i| names[*i]).collect();
        shown.push(shown[0]);
        let message = format!("resources need each other: `{}`", shown.join("` → `"));
        let (from, to) = (shown[0], shown[1]);
        let step = template
            .references
            .iter()
            .find(|r| !r.loose && r.from.as_deref() == Some(from) && r.name == to);
        out.push(
            Diagnostic::error("cloudformation::cycle", message)
                .at_opt(step.map(|r| r.at.clone()))
                .help("take one of these references away"),
        );
    }
}
