//! Units that wait for each other, with the path.
use crate::{compose::Composition, decode::Problems};
use strata_core::diagnostic::Diagnostic;

/// Adds an error for every group of units that wait for each other.
pub fn check(c: &Composition, problems: &mut Problems) {
    const NEW: u8 = 0;
    const OPEN: u8 = 1;
    const CLOSED: u8 = 2;
    let mut state = vec![NEW; c.units.len()];
    for root in 0..c.units.len() {
        if state[root] != NEW {
            continue;
        }
        // depth first without recursion: unit and the next of its dependencies
        let mut stack: Vec<(usize, usize)> = vec![(root, 0)];
        state[root] = OPEN;
        while let Some((unit, next)) = stack.last_mut() {
            let Some(dep) = c.units[*unit].deps.get(*next) else {
                state[*unit] = CLOSED;
                stack.pop();
                continue;
            };
            *next += 1;
            let to = dep.unit as usize;
            match state[to] {
                NEW => {
                    state[to] = OPEN;
                    stack.push((to, 0));
                }
                OPEN => {
                    let from = stack.iter().position(|(u, _)| *u == to).unwrap_or(0);
                    let mut path: Vec<String> = stack[from..]
                        .iter()
                        .map(|(u, _)| c.units[*u].address.to_string())
                        .collect();
                    path.push(c.units[to].address.to_string());
                    let at = c.variant(&c.units[to]).component.at.clone();
                    let mut problem = Diagnostic::error(
                        "graph::cycle",
                        format!("units wait for each other: {}", path.join(" → ")),
                    )
                    .at(at)
                    .help("take one of these references or `after` entries away");
                    for (unit, _) in stack[from..].iter().skip(1) {
                        let other = &c.units[*unit];
                        let at = c.variant(other).component.at.clone();
                        problem = problem.related(at, format!("{} is here", other.address));
                    }
                    problems.push(problem);
                }
                _ => {}
            }
        }
    }
}
