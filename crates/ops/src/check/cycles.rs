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
                    let circle: Vec<usize> = stack[from..].iter().map(|(u, _)| *u).collect();
                    let name = |u: usize| c.units[u].address.to_string();
                    let next = |i: usize| circle[(i + 1) % circle.len()];
                    let mut path: Vec<String> = circle.iter().map(|u| name(*u)).collect();
                    path.push(name(to));
                    let place = |i: usize| {
                        let at = || c.variant(&c.units[circle[i]]).component.at.clone();
                        c.edge(circle[i], next(i)).unwrap_or_else(at)
                    };
                    let mut problem = Diagnostic::error(
                        "graph::cycle",
                        format!("units wait for each other: {}", path.join(" → ")),
                    )
                    .at(place(0))
                    .help("take one of these references or `after` entries away");
                    for (i, unit) in circle.iter().enumerate().skip(1) {
                        let why = format!("{} waits for {} here", name(*unit), name(next(i)));
                        problem = problem.related(place(i), why);
                    }
                    problems.push(problem);
                }
                _ => {}
            }
        }
    }
}
