//! A run as its journal tells it: what each unit did when, and what came of it.
use std::collections::HashMap;
use strata_core::{
    engine::{Report, Verdict},
    event::{Event, Gate, Recorded},
    name::Address,
    plan::Plan,
    proposal::Proposal,
};
use strata_run::simulate::{Task, slowest_path};

/// What a unit was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It was applied or destroyed.
    Acting,
    /// Its verifiers ran.
    Verifying,
    /// It waited for people.
    Waiting,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it did.
    pub doing: Doing,
    /// From: milliseconds since 1970.
    pub from: u64,
    /// To.
    pub to: u64,
    /// Did it fail, or was it cut off?
    pub failed: bool,
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing happened to it.
    NotBegun,
    /// It was equal to what was applied.
    Unchanged,
    /// It is done.
    Done,
    /// It is applied, and its verifiers did not pass.
    NotVerified,
    /// It failed.
    Failed,
    /// It waits for people.
    Waits,
    /// Somebody said no.
    Refused,
    /// It was left out because of others.
    Skipped,
}

impl Fate {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotBegun => "not begun",
            Self::Unchanged => "unchanged",
            Self::Done => "done",
            Self::NotVerified => "applied, not verified",
            Self::Failed => "failed",
            Self::Waits => "waits",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
        }
    }
}

/// One unit of the run.
#[derive(Clone, Debug)]
pub struct UnitTime {
    /// What became of it.
    pub fate: Fate,
    /// What it did when, in order.
    pub bars: Vec<Bar>,
    /// Why it failed, waits or was skipped.
    pub why: String,
    /// What its verifiers said last.
    pub reports: Vec<Report>,
    /// What was planned for real at its turn.
    pub proposal: Option<Proposal>,
    open: Option<(Doing, u64)>,
}

impl UnitTime {
    fn new() -> Self {
        Self {
            fate: Fate::NotBegun,
            bars: vec![],
            why: String::new(),
            reports: vec![],
            proposal: None,
            open: None,
        }
    }
    fn begin(&mut self, doing: Doing, at: u64) {
        if self.open.is_none() {
            self.open = Some((doing, at));
        }
    }
    fn end(&mut self, at: u64, failed: bool) {
        if let Some((doing, from)) = self.open.take()
            && (at > from || failed || doing == Doing::Acting)
        {
            self.bars.push(Bar {
                doing,
                from,
                to: at,
                failed,
            });
        }
    }
    /// Milliseconds of its own work.
    pub fn work(&self) -> u64 {
        let bars = self.bars.iter().filter(|b| b.doing != Doing::Waiting);
        bars.map(|b| b.to - b.from).sum()
    }
}

/// One unit with these bars, for tests of what draws them.
#[cfg(test)]
pub fn for_tests(bars: Vec<Bar>, fate: Fate) -> Vec<UnitTime> {
    let mut unit = UnitTime::new();
    unit.bars = bars;
    unit.fate = fate;
    vec![unit]
}

/// A whole run.
pub struct Timeline {
    /// Its units, in the order of the plan.
    pub units: Vec<UnitTime>,
    /// The first event: milliseconds since 1970.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// The chain of units that took longest, first to last.
    pub slowest: Vec<usize>,
}

/// Reads the events of a run, those of all its environments in the order of their times.
pub fn read(plan: &Plan, events: &[Recorded]) -> Timeline {
    let steps = &plan.body.steps;
    let numbers: HashMap<&Address, usize> = steps
        .iter()
        .enumerate()
        .map(|(i, s)| (&s.unit, i))
        .collect();
    let mut units: Vec<UnitTime> = steps.iter().map(|_| UnitTime::new()).collect();
    let from = events.first().map_or(0, |e| e.at);
    let mut last = from;
    for e in events {
        // clocks may be set back; time in a run is not
        let at = e.at.max(last);
        if let Event::RunTaken { .. } = &e.event {
            // whoever drove it before was gone from its last event on
            for unit in &mut units {
                if unit.open.is_some_and(|(doing, _)| doing != Doing::Waiting) {
                    unit.end(last, true);
                }
            }
        }
        last = at;
        if let Some(i) = e.event.unit().and_then(|u| numbers.get(u)) {
            step(&mut units[*i], &e.event, at);
        }
    }
    for unit in &mut units {
        unit.end(last, false);
    }
    let tasks: Vec<Task> = steps
        .iter()
        .zip(&units)
        .map(|(s, u)| Task {
            duration: u.work(),
            needs: s
                .needs
                .iter()
                .filter_map(|n| numbers.get(n).copied())
                .collect(),
        })
        .collect();
    let slowest = slowest_path(&tasks)
        .into_iter()
        .filter(|i| tasks[*i].duration > 0)
        .collect();
    Timeline {
        units,
        from,
        to: last,
        slowest,
    }
}

fn step(unit: &mut UnitTime, event: &Event, at: u64) {
    match event {
        Event::Planned { proposal, .. } => {
            unit.proposal = Some(proposal.clone());
            unit.begin(Doing::Acting, at);
        }
        Event::Intent { .. } => unit.begin(Doing::Acting, at),
        Event::Applied { .. } => {
            unit.end(at, false);
            unit.fate = Fate::Done;
            unit.begin(Doing::Verifying, at);
        }
        Event::CutOff { .. } => {
            unit.open = None;
            unit.fate = Fate::Unchanged;
        }
        Event::Verified { ok, reports, .. } => {
            unit.end(at, !ok);
            unit.fate = if *ok { Fate::Done } else { Fate::NotVerified };
            unit.reports.clone_from(reports);
            if !ok {
                let failed = reports.iter().filter(|r| !r.ok);
                let said: Vec<&str> = failed.map(|r| r.summary.as_str()).collect();
                unit.why = said.join("; ");
            }
        }
        Event::Failed { summary, .. } => {
            unit.end(at, true);
            unit.fate = Fate::Failed;
            unit.why.clone_from(summary);
        }
        Event::Held { text, .. } => {
            unit.end(at, false);
            unit.begin(Doing::Waiting, at);
            unit.fate = Fate::Waits;
            unit.why.clone_from(text);
        }
        Event::Answered { yes, by, gate, .. } => {
            unit.end(at, false);
            unit.why.clear();
            if !yes {
                unit.fate = Fate::Refused;
                unit.why = format!("by {by}");
            } else if *gate != Gate::HandOff {
                unit.fate = Fate::NotBegun;
            }
        }
        Event::Retry { .. } => {
            unit.fate = Fate::NotBegun;
            unit.why.clear();
        }
        Event::Recovered { verdict, .. } if *verdict != Verdict::Unknown => {
            unit.begin(Doing::Acting, at);
        }
        Event::Cancelled { why, .. } => {
            unit.end(at, false);
            unit.fate = Fate::Skipped;
            unit.why.clone_from(why);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
