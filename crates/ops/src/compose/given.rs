//! Which outputs a unit is given, behind names, instances and contracts.
use super::{Composition, Target};
use strata_syntax::expr::{Root, Step};

impl Composition {
    /// The outputs that a unit is given: of which unit, and which; `None` for all of it.
    pub fn given(&self, unit: usize) -> Vec<(usize, Option<String>)> {
        let c = self;
        let u = &c.units[unit];
        let mut out = Vec::new();
        for reference in &c.variant(u).uses {
            let Some((target, units)) = c.target_of(u, reference) else {
                continue;
            };
            let mut steps = reference.reference.steps.iter();
            let outputs = |s: &Step| matches!(s, Step::Field(f) | Step::Key(f) if f == "outputs");
            let output = if steps.any(outputs) {
                named(steps.next())
            } else {
                None
            };
            for upstream in units {
                let upstream = upstream as usize;
                match behind(c, &target, upstream, output.as_deref()) {
                    Some(names) => out.extend(names.into_iter().map(|n| (upstream, Some(n)))),
                    None => out.push((upstream, output.clone())),
                }
            }
        }
        out
    }
}

fn named(step: Option<&Step>) -> Option<String> {
    match step {
        Some(Step::Field(name) | Step::Key(name)) => Some(name.clone()),
        _ => None,
    }
}

/// The component's own outputs behind an output of a contract; `None` when no contract is asked.
fn behind(
    c: &Composition,
    target: &Target,
    provider: usize,
    output: Option<&str>,
) -> Option<Vec<String>> {
    let contract = target.contract.as_ref()?;
    let (_, fields) = c
        .variant(&c.units[provider])
        .component
        .provides
        .get(contract)?;
    let own = fields
        .iter()
        .filter(|(name, _)| output.is_none_or(|o| o == *name))
        .flat_map(|(_, field)| field.references(&[]))
        .filter(|(r, _)| matches!(&r.root, Root::Name(n) if n == "self"))
        .filter_map(|(r, _)| named(r.steps.first()));
    Some(own.collect())
}
