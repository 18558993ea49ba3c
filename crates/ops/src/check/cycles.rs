//! Units that wait for each other, with the path.
use crate::{compose::Composition, decode::Problems};
use std::collections::HashSet;
use strata_core::{diagnostic::Diagnostic, span::Location};

/// Adds an error for every group of units that wait for each other.
pub fn check(c: &Composition, problems: &mut Problems) {
    const NEW: u8 = 0;
    const OPEN: u8 = 1;
    const CLOSED: u8 = 2;
    let mut state = vec![NEW; c.units.len()];
    let mut said: HashSet<Location> = HashSet::new();
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
            // under `strict` an input from above is wrong in itself, and said as that
            let layer = |u: usize| c.variant(&c.units[u]).component.layer;
            if c.loaded.platform.strict && dep.data && layer(to) > layer(*unit) {
                continue;
            }
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
                    // one reference closes a circle in every environment and for every instance
                    let places: Vec<Location> = (0..circle.len()).map(place).collect();
                    if places.iter().any(|p| said.contains(p)) {
                        continue;
                    }
                    said.extend(places.iter().cloned());
                    problems.push(problem(&path, &places, |i| {
                        format!("{} waits for {} here", name(circle[i]), name(next(i)))
                    }));
                }
                _ => {}
            }
        }
    }
}

fn problem(path: &[String], places: &[Location], why: impl Fn(usize) -> String) -> Diagnostic {
    let (message, help) = match path {
        [one, _] => (
            format!("{one} waits for itself"),
            "take this reference or `after` entry away",
        ),
        _ => (
            format!("units wait for each other: {}", path.join(" → ")),
            "take one of these references or `after` entries away",
        ),
    };
    let first = Diagnostic::error("graph::cycle", message)
        .at(places[0].clone())
        .help(help);
    let others = places.iter().enumerate().skip(1);
    others.fold(first, |problem, (i, at)| {
        problem.related(at.clone(), why(i))
    })
}
