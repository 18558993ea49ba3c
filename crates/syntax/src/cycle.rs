//! Cycles in a graph of numbered things.

/// One cycle for every group of things that need each other, from its lowest member back to itself; each thing once.
/// A loop of its own stack, since graphs come from files and may be deep.
pub fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; edges.len()];
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..edges.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let Some(&to) = edges[*at].get(*next) else {
                marks[*at] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match marks.get(to) {
                Some(Mark::New) => {
                    marks[to] = Mark::Open;
                    path.push((to, 0));
                }
                Some(Mark::Open) => {
                    let from = path.iter().position(|(n, _)| *n == to).unwrap_or(0);
                    let mut cycle: Vec<usize> = path[from..].iter().map(|(n, _)| *n).collect();
                    let lowest = (0..cycle.len()).min_by_key(|i| cycle[*i]).unwrap_or(0);
                    cycle.rotate_left(lowest);
                    let known = found.iter().flatten().any(|n| cycle.contains(n));
                    if !known {
                        found.push(cycle);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cycle_is_found_once_and_a_diamond_is_none() {
        assert_eq!(
            cycles(&[vec![1, 2], vec![3], vec![3], vec![]]),
            Vec::<Vec<usize>>::new()
        );
        assert_eq!(
            cycles(&[vec![1], vec![2], vec![1], vec![3, 9]]),
            [vec![1, 2], vec![3]]
        );
        let long: Vec<Vec<usize>> = (0..100_000).map(|i| vec![(i + 1) % 100_000]).collect();
        assert_eq!(cycles(&long).len(), 1);
    }
}
