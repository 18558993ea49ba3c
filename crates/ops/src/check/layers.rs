//! An input of a lower layer that comes from a higher one.
use crate::{compose::Composition, decode::Problems};
use std::collections::HashSet;
use strata_core::diagnostic::Diagnostic;

/// Warns, or under `layer-order: strict` refuses.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (i, unit) in c.units.iter().enumerate() {
        let own = &c.variant(unit).component;
        for dep in unit.deps.iter().filter(|d| d.data) {
            let other = &c.variant(&c.units[dep.unit as usize]).component;
            if other.layer <= own.layer || !seen.insert((&own.name, &other.name)) {
                continue;
            }
            let name = |l: usize| &c.loaded.platform.layers[l].layer.name;
            let text = format!(
                "`{}` of layer `{}` takes an input from `{}` of the higher layer `{}`",
                own.name,
                name(own.layer),
                other.name,
                name(other.layer)
            );
            let problem = if c.loaded.platform.strict {
                Diagnostic::error("layer::upward", text)
            } else {
                Diagnostic::warning("layer::upward", text)
            };
            problems.push(
                problem
                    .at(c.edge(i, dep.unit as usize).unwrap_or(own.at.clone()))
                    .help("move one of them to another layer"),
            );
        }
    }
}
