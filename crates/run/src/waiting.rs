//! Jobs that wait for their turn: in order, and those that wait for a claim beside them, so that nobody looks at a job
//! again before what it waits for is free. Starts nothing.
use std::collections::{HashMap, VecDeque};

/// What waits. A claim that somebody waits for is held, or one who waits for it stands in the queue.
pub(crate) struct Waiting<T> {
    queue: VecDeque<(T, Vec<String>)>,
    parked: HashMap<String, VecDeque<(T, Vec<String>)>>,
}

impl<T> Waiting<T> {
    /// Jobs with what each claims, in their order.
    pub(crate) fn new(jobs: impl IntoIterator<Item = (T, Vec<String>)>) -> Self {
        Self {
            queue: jobs.into_iter().collect(),
            parked: HashMap::new(),
        }
    }
    /// The next job of which nothing is in use.
    pub(crate) fn next(&mut self, in_use: impl Fn(&str) -> bool) -> Option<T> {
        while let Some((job, claims)) = self.queue.pop_front() {
            let Some(held) = claims.iter().find(|c| in_use(c)).cloned() else {
                return Some(job);
            };
            // who waits behind it for what is free must not wait for it
            let free: Vec<String> = claims.iter().filter(|c| !in_use(c)).cloned().collect();
            self.parked
                .entry(held)
                .or_default()
                .push_back((job, claims));
            free.iter().for_each(|c| self.released(c));
        }
        None
    }
    /// A claim is free again: who waits for it longest is next.
    pub(crate) fn released(&mut self, claim: &str) {
        if let Some(first) = self.parked.get_mut(claim).and_then(VecDeque::pop_front) {
            self.queue.push_front(first);
        }
    }
    /// Nothing more is started.
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.parked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Waiting;
    use std::collections::HashSet;

    /// Runs all with so many at once, the oldest ending first; the order in which they started.
    fn order(jobs: &[&[&str]], most: usize) -> Vec<usize> {
        let claims = |i: usize| jobs[i].iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut waiting = Waiting::new((0..jobs.len()).map(|i| (i, claims(i))));
        let (mut running, mut out): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        loop {
            while running.len() < most {
                let held: HashSet<String> = running.iter().flat_map(|i| claims(*i)).collect();
                let Some(next) = waiting.next(|c| held.contains(c)) else {
                    break;
                };
                assert!(claims(next).iter().all(|c| !held.contains(c)));
                running.push(next);
                out.push(next);
            }
            if running.is_empty() {
                return out;
            }
            for claim in claims(running.remove(0)) {
                waiting.released(&claim);
            }
        }
    }

    #[test]
    fn who_waits_for_a_claim_lets_others_pass_and_comes_before_who_came_later() {
        let one = ["a"];
        assert_eq!(order(&[&one, &one, &[], &one, &[]], 2), [0, 2, 1, 4, 3]);
    }

    #[test]
    fn nobody_is_forgotten() {
        // every way to claim up to two of three things, for five jobs, with one to three at once
        let ways: [&[&str]; 7] = [
            &[],
            &["a"],
            &["b"],
            &["c"],
            &["a", "b"],
            &["b", "c"],
            &["c", "a"],
        ];
        for n in 0..7_usize.pow(5) {
            let jobs: Vec<&[&str]> = (0..5).map(|k| ways[n / 7_usize.pow(k) % 7]).collect();
            for most in 1..=3 {
                let mut all = order(&jobs, most);
                all.sort_unstable();
                assert_eq!(all, [0, 1, 2, 3, 4], "{jobs:?} with {most} at once");
            }
        }
    }
}
