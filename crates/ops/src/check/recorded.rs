//! What the files leave unknown and the last apply told: outputs without a declared type.
//!
//! Not a rule of `check` over files: what it finds depends on what was applied here, so it only warns.
use super::fit::{Misfit, fit};
use crate::{
    compose::Composition,
    decode::Problems,
    field::coerce,
    scope::{self, Outputs},
};
use strata_core::{diagnostic::Diagnostic, ty::Type};

/// How many references to outputs have a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All references to outputs of units.
    pub wires: usize,
    /// Those whose type is declared or follows from the files.
    pub declared: usize,
    /// Those of which only the last apply tells the type.
    pub learnt: usize,
}

/// Counts what is known of every wire.
pub fn coverage(c: &Composition, recorded: &dyn Outputs) -> Coverage {
    let mut out = Coverage::default();
    for unit in 0..c.units.len() {
        for (upstream, output) in c.given(unit) {
            let Some(output) = output else { continue };
            out.wires += 1;
            let of = &c.units[upstream];
            let v = c.variant(of);
            let own = v.component.outputs.get(&output).map(|(_, o)| &o.ty);
            let ty = own.or_else(|| v.interface.outputs.get(&output).map(|o| &o.ty));
            if ty.is_some_and(|t| *t != Type::Any) {
                out.declared += 1;
            } else if recorded
                .outputs(&of.address)
                .is_some_and(|o| o.contains_key(&output))
            {
                out.learnt += 1;
            }
        }
    }
    out
}

/// Inputs that would not fit if every output were what it was at the last apply.
pub fn check(c: &Composition, recorded: &dyn Outputs) -> Problems {
    let mut problems = Problems::new();
    for i in 0..c.units.len() {
        let v = c.variant(&c.units[i]);
        for (key, field) in &v.component.inputs {
            let Some(input) = v.interface.inputs.get(key) else {
                continue;
            };
            if field.is_constant() || input.ty == Type::Any {
                continue;
            }
            let by_files =
                scope::eval_late(c, i, field).map(|t| fit(&coerce(t, &input.ty), &input.ty));
            let by_apply = scope::eval_with(c, i, field, recorded);
            let by_apply = by_apply.map(|t| fit(&coerce(t, &input.ty), &input.ty));
            if let (Ok(None), Ok(Some(Misfit::Type { have, want, .. }))) = (by_files, by_apply) {
                let mut problem = Diagnostic::warning(
                    "input::recorded-type",
                    format!(
                        "`{key}` of `{}` is a {want}, and the last apply gave a {have}",
                        c.units[i].address
                    ),
                )
                .at(field.at.clone())
                .help("declare the type of the output, or correct the reference");
                if let Some(at) = &input.at {
                    problem = problem.related(at.clone(), "declared here");
                }
                problems.push(problem);
            }
        }
    }
    problems
}
