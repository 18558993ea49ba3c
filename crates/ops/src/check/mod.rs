//! Rules over a composition. One file per rule; each gathers everything it finds.
mod contracts;
mod cycles;
mod identities;
mod inputs;
pub use inputs::EXTERNAL;
mod layers;

use crate::{compose::Composition, decode::Problems};

/// A rule: looks at a composition, adds what it finds.
pub type Rule = fn(&Composition, &mut Problems);

/// All rules, in the order in which they run.
pub const RULES: &[(&str, Rule)] = &[
    ("cycles", cycles::check),
    ("inputs", inputs::check),
    ("contracts", contracts::check),
    ("identities", identities::check),
    ("layers", layers::check),
];

/// Runs all rules.
pub fn check(c: &Composition) -> Problems {
    let mut problems = Problems::new();
    for (_, rule) in RULES {
        rule(c, &mut problems);
    }
    problems
}
