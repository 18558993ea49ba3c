//! Order of units: what comes before what.
use std::{cmp::Reverse, collections::BinaryHeap};
use strata_ops::compose::Composition;

/// Positions of all units so that each comes after what it waits for; among those that could come next, the
/// lowest position first. Units in a cycle are left out.
pub fn order(c: &Composition) -> Vec<usize> {
    let mut feeds: Vec<Vec<u32>> = vec![Vec::new(); c.units.len()];
    let mut waiting: Vec<usize> = Vec::with_capacity(c.units.len());
    for (i, u) in c.units.iter().enumerate() {
        waiting.push(u.deps.len());
        for d in &u.deps {
            feeds[d.unit as usize].push(i as u32);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..waiting.len())
        .filter(|i| waiting[*i] == 0)
        .map(Reverse)
        .collect();
    let mut out = Vec::with_capacity(waiting.len());
    while let Some(Reverse(i)) = ready.pop() {
        out.push(i);
        for f in &feeds[i] {
            waiting[*f as usize] -= 1;
            if waiting[*f as usize] == 0 {
                ready.push(Reverse(*f as usize));
            }
        }
    }
    out
}
