//! The schedule that given durations allow: what a run is measured against.
//!
//! List scheduling with the driver's own rule (longest remaining path first), without any cost of its own.
use std::collections::BinaryHeap;

/// One step to schedule.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// How long it takes.
    pub duration: u64,
    /// Positions of the steps before it.
    pub needs: Vec<usize>,
}

/// When all tasks are done with so many slots, in the unit of the durations.
pub fn makespan(tasks: &[Task], slots: usize) -> u64 {
    let mut feeds = vec![Vec::new(); tasks.len()];
    let mut waiting: Vec<usize> = tasks.iter().map(|t| t.needs.len()).collect();
    for (i, t) in tasks.iter().enumerate() {
        for n in &t.needs {
            feeds[*n].push(i);
        }
    }
    let path = paths(tasks, &feeds);
    let mut ready: BinaryHeap<(u64, std::cmp::Reverse<usize>)> = (0..tasks.len())
        .filter(|i| waiting[*i] == 0)
        .map(|i| (path[i], std::cmp::Reverse(i)))
        .collect();
    // ends of what runs, earliest first
    let mut running: BinaryHeap<std::cmp::Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut now = 0;
    loop {
        while running.len() < slots.max(1) {
            let Some((_, std::cmp::Reverse(i))) = ready.pop() else {
                break;
            };
            running.push(std::cmp::Reverse((now + tasks[i].duration, i)));
        }
        let Some(std::cmp::Reverse((end, i))) = running.pop() else {
            return now;
        };
        now = end;
        for f in &feeds[i] {
            waiting[*f] -= 1;
            if waiting[*f] == 0 {
                ready.push((path[*f], std::cmp::Reverse(*f)));
            }
        }
    }
}

/// The slowest chain of tasks, first to last: what to make faster.
pub fn slowest_path(tasks: &[Task]) -> Vec<usize> {
    let mut feeds = vec![Vec::new(); tasks.len()];
    for (i, t) in tasks.iter().enumerate() {
        for n in &t.needs {
            feeds[*n].push(i);
        }
    }
    let path = paths(tasks, &feeds);
    let mut chain = Vec::new();
    let mut at = (0..tasks.len())
        .filter(|i| tasks[*i].needs.is_empty())
        .max_by_key(|i| path[*i]);
    while let Some(i) = at {
        chain.push(i);
        at = feeds[i].iter().copied().max_by_key(|f| path[*f]);
    }
    chain
}

fn paths(tasks: &[Task], feeds: &[Vec<usize>]) -> Vec<u64> {
    let mut left: Vec<usize> = feeds.iter().map(Vec::len).collect();
    let mut path = vec![0; tasks.len()];
    let mut ends: Vec<usize> = (0..tasks.len()).filter(|i| left[*i] == 0).collect();
    while let Some(i) = ends.pop() {
        path[i] = tasks[i].duration + feeds[i].iter().map(|f| path[*f]).max().unwrap_or(0);
        for n in &tasks[i].needs {
            left[*n] -= 1;
            if left[*n] == 0 {
                ends.push(*n);
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(duration: u64, needs: &[usize]) -> Task {
        Task {
            duration,
            needs: needs.to_vec(),
        }
    }

    #[test]
    fn three_equal_jobs_on_two_slots_take_two_rounds() {
        let jobs = vec![task(5, &[]), task(5, &[]), task(5, &[])];
        assert_eq!(makespan(&jobs, 2), 10);
        assert_eq!(makespan(&jobs, 3), 5);
    }

    #[test]
    fn the_longest_chain_goes_first() {
        // one long chain and two short jobs: starting a short one first on one of two slots would delay nothing,
        // but starting both would
        let jobs = vec![task(1, &[]), task(1, &[]), task(4, &[]), task(4, &[2])];
        assert_eq!(makespan(&jobs, 2), 8);
        assert_eq!(slowest_path(&jobs), [2, 3]);
    }
}
