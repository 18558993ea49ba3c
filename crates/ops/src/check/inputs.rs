//! Inputs that a tool does not know, inputs that nobody gives. Their types: `types`.
use crate::{
    compose::{Composition, Variant},
    decode::Problems,
};
use std::collections::HashSet;
use strata_core::diagnostic::{Diagnostic, suggest};

/// The word for an input that is set in the tool's own remote workspace.
pub const EXTERNAL: &str = "external";

/// Checks every variant that has a unit, once.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for unit in &c.units {
        if seen.insert(unit.variant) {
            variant(c.variant(unit), problems);
        }
    }
}

fn variant(v: &Variant, problems: &mut Problems) {
    let name = &v.component.name;
    let declared = &v.interface.inputs;
    for (key, field) in &v.component.inputs {
        if !declared.contains_key(key) && !v.interface.open_inputs {
            problems.push(
                Diagnostic::error("input::unknown", format!("`{name}` has no input `{key}`"))
                    .at(field.at.clone())
                    .help(
                        suggest(key, declared.keys().map(String::as_str)).unwrap_or_else(|| {
                            if declared.is_empty() {
                                "its tool declares no inputs".to_owned()
                            } else {
                                format!(
                                    "its inputs are: {}",
                                    declared.keys().cloned().collect::<Vec<_>>().join(", ")
                                )
                            }
                        }),
                    ),
            );
        }
    }
    for (key, input) in declared {
        if !input.optional && !v.component.inputs.contains_key(key) {
            let mut problem = Diagnostic::error(
                "input::missing",
                format!("nobody gives `{name}` its input `{key}`"),
            )
            .at(v.component.at.clone())
            .help(format!(
                "add `inputs: {{{key}: …}}` to the component, or a default to its tool"
            ));
            if let Some(at) = &input.at {
                problem = problem.related(at.clone(), "declared here");
            }
            problems.push(problem);
        }
    }
}
