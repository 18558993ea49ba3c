//! What the swap of a flavor means, for people.
use std::fmt::Write as _;
use strata_core::name::Address;
use strata_plan::swap::Swap;

/// One paragraph for each.
pub fn text(swaps: &[Swap]) -> String {
    let mut out = String::new();
    for s in swaps {
        let from = s.from.as_deref().unwrap_or("nothing");
        let _ = writeln!(
            out,
            "{} in {}: {} in the place of {from}",
            s.contract, s.env, s.to
        );
        if s.in_place.is_empty() {
            let stays = match s.leaving.as_slice() {
                [] => String::new(),
                units => format!("; {} stays as it is", list(units)),
            };
            let _ = writeln!(out, "  side by side: {} is made{stays}", list(&s.coming));
        } else {
            let _ = writeln!(
                out,
                "  in place: both are {}; forget the old unit before the new one is applied",
                s.in_place.join(", ")
            );
        }
        for unit in &s.protected {
            let _ = writeln!(
                out,
                "  {unit} is protected: what it holds has to be carried over before it is destroyed"
            );
        }
        if !s.consumers.is_empty() {
            let _ = writeln!(out, "  given other values: {}", list(&s.consumers));
        }
        let mut order = vec![format!("apply {}", list(&s.coming))];
        if !s.consumers.is_empty() {
            order.push(format!("then {}", list(&s.consumers)));
        }
        if !s.leaving.is_empty() && s.in_place.is_empty() {
            order.push(format!(
                "last `strata destroy {} --orphans`: {}",
                s.env,
                list(&s.leaving)
            ));
        }
        let _ = writeln!(out, "  order: {}", order.join("; "));
    }
    out
}

fn list(units: &[Address]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = units.iter().take(SHOWN).map(ToString::to_string).collect();
    if units.len() > SHOWN {
        names.push(format!("{} more", units.len() - SHOWN));
    }
    names.join(", ")
}
