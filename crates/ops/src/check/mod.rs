//! Rules over a composition. One file per rule; each gathers everything it finds.
mod cluster;
mod contracts;
mod cycles;
mod distinct;
mod fit;
mod identities;
mod imports;
pub use imports::{brings_scripts, brought};
mod inputs;
pub use inputs::EXTERNAL;
mod layers;
mod misfits;
mod places;
pub mod recorded;
mod secrets;
mod types;
mod values;

use crate::{compose::Composition, decode::Problems};

/// A rule: looks at a composition, adds what it finds.
pub type Rule = fn(&Composition, &mut Problems);

/// All rules, in the order in which they run.
pub const RULES: &[(&str, Rule)] = &[
    ("cycles", cycles::check),
    ("inputs", inputs::check),
    ("values", values::check),
    ("contracts", contracts::check),
    ("identities", identities::check),
    ("layers", layers::check),
    ("imports", imports::check),
    ("cluster", cluster::check),
];

/// A rule about one unit: it looks only at units that differ in types.
type UnitRule = fn(&Composition, usize, &mut Problems);

const UNIT_RULES: &[UnitRule] = &[types::check, secrets::check];

/// Runs all rules.
pub fn check(c: &Composition) -> Problems {
    let mut problems = Problems::new();
    for (_, rule) in RULES {
        rule(c, &mut problems);
    }
    // the same place may be wrong in several environments: whoever shows it says it once
    for unit in distinct::distinct(c) {
        for rule in UNIT_RULES {
            rule(c, unit, &mut problems);
        }
    }
    problems
}
