//! A run as a fold over its events, and what to do next. Pure: the same plan and events give the same commands.
//!
//! Only steps that an event touched are looked at again, so a run of ten thousand steps stays linear.
use crate::status::{Illegal, Status};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use strata_core::{
    digest::Digest,
    engine::{Class, Verb},
    event::{Event, Gate},
    name::Address,
    plan::{Basis, Plan},
    proposal::{Proposal, covers},
};

/// What to do next about a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Plan it for real, with real inputs; or find that nothing has to be done.
    Plan,
    /// The real plan goes beyond the approval.
    Hold(Digest),
    /// Execute it: attempt number.
    Apply(u32),
    /// People have to do it.
    Ask,
    /// Find out what became of an interrupted attempt.
    Recover(u32),
    /// Run its verifiers.
    Verify,
    /// Once more.
    Retry,
    /// It will not run: why.
    Cancel(String),
}

/// One step as far as it got.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Where it stands.
    pub status: Status,
    /// Attempts so far.
    pub attempts: u32,
    /// Retries so far.
    pub retries: u32,
    /// What it was planned to do, really.
    pub proposal: Option<Proposal>,
    /// Fingerprint of what is or was applied.
    pub fingerprint: Option<Digest>,
    /// The last failure, for people.
    pub failure: Option<String>,
    /// What a person approved beyond the plan.
    pub approved: Option<Digest>,
    /// Did this run change something here?
    pub changed: bool,
    waiting: usize,
}

/// A run: its plan, and how far every step got.
pub struct Machine {
    plan: Plan,
    index: HashMap<Address, usize>,
    needs: Vec<Vec<usize>>,
    feeds: Vec<Vec<usize>>,
    steps: Vec<Progress>,
    dirty: BTreeSet<usize>,
    unsettled: usize,
    retries: u32,
    /// The user wants it to end; `Some(true)`: at once.
    pub cancel: Option<bool>,
    /// `RunFinished` was said.
    pub finished: bool,
    /// Another plan took its place.
    pub superseded: bool,
    /// Generation by environment, of the last start or take-over.
    pub generation: BTreeMap<String, u64>,
}

impl Machine {
    /// A run in which nothing has happened. `retries`: how often a transient failure is tried again.
    pub fn new(plan: Plan, retries: u32) -> Self {
        let index: HashMap<Address, usize> = plan
            .body
            .steps
            .iter()
            .enumerate()
            .map(|(i, s)| (s.unit.clone(), i))
            .collect();
        let needs: Vec<Vec<usize>> = plan
            .body
            .steps
            .iter()
            .map(|s| {
                s.needs
                    .iter()
                    .filter_map(|n| index.get(n).copied())
                    .collect()
            })
            .collect();
        let mut feeds = vec![Vec::new(); needs.len()];
        for (i, ns) in needs.iter().enumerate() {
            for n in ns {
                feeds[*n].push(i);
            }
        }
        let steps: Vec<Progress> = plan
            .body
            .steps
            .iter()
            .map(|s| {
                let (status, fingerprint) = match &s.basis {
                    Basis::Unchanged { fingerprint } => (Status::Done, Some(*fingerprint)),
                    Basis::Unverified { fingerprint } => (Status::Applied, Some(*fingerprint)),
                    _ => (Status::Pending, None),
                };
                Progress {
                    status,
                    attempts: 0,
                    retries: 0,
                    proposal: None,
                    fingerprint,
                    failure: None,
                    approved: None,
                    changed: false,
                    waiting: 0,
                }
            })
            .collect();
        let mut machine = Self {
            plan,
            index,
            needs,
            feeds,
            steps,
            dirty: BTreeSet::new(),
            unsettled: 0,
            retries,
            cancel: None,
            finished: false,
            superseded: false,
            generation: BTreeMap::new(),
        };
        for i in 0..machine.steps.len() {
            machine.steps[i].waiting = machine.needs[i]
                .iter()
                .filter(|n| machine.steps[**n].status != Status::Done)
                .count();
            if !machine.steps[i].status.settled() {
                machine.unsettled += 1;
                machine.dirty.insert(i);
            }
        }
        machine
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
    /// How far every step got, in the order of the plan.
    pub fn steps(&self) -> &[Progress] {
        &self.steps
    }
    /// Position of a unit in the plan.
    pub fn position(&self, unit: &Address) -> Option<usize> {
        self.index.get(unit).copied()
    }
    /// Positions of the steps that a step waits for.
    pub fn needs(&self, step: usize) -> &[usize] {
        &self.needs[step]
    }
    /// Positions of the steps that wait for a step.
    pub fn feeds(&self, step: usize) -> &[usize] {
        &self.feeds[step]
    }
    /// Has every step come to an end?
    pub const fn settled(&self) -> bool {
        self.unsettled == 0
    }
    /// Steps that wait at a gate.
    pub fn held(&self) -> impl Iterator<Item = (usize, &Gate)> {
        self.steps
            .iter()
            .enumerate()
            .filter_map(|(i, s)| match &s.status {
                Status::Held { gate } => Some((i, gate)),
                _ => None,
            })
    }

    /// Did a step of this unit begin to change something, and not come to its end?
    pub fn is_half_way(&self, unit: &Address) -> bool {
        let step = self.position(unit).map(|i| &self.steps[i]);
        step.is_some_and(|s| s.attempts > 0 && !s.changed)
    }

    /// Takes one event into account. Says which step it was about.
    pub fn apply(&mut self, event: &Event) -> Result<Option<usize>, Illegal> {
        match event {
            Event::RunStarted { .. } | Event::Parked => {}
            Event::RunTaken { .. } => {
                for i in 0..self.steps.len() {
                    self.advance(i, event)?;
                }
            }
            Event::CancelRequested { now } => {
                self.cancel = Some(self.cancel.unwrap_or(false) || *now);
                self.wake_all();
            }
            Event::Superseded { .. } => self.superseded = true,
            Event::RunFinished => self.finished = true,
            event => {
                let unit = event.unit().expect("all other events name a unit");
                // an event about a unit of another plan is not of this run
                let Some(i) = self.position(unit) else {
                    return Ok(None);
                };
                self.advance(i, event)?;
                self.note(i, event);
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    fn note(&mut self, i: usize, event: &Event) {
        let s = &mut self.steps[i];
        match event {
            Event::Planned {
                proposal,
                fingerprint,
                ..
            } => {
                s.proposal = Some(proposal.clone());
                s.fingerprint = Some(*fingerprint);
            }
            Event::CutOff { fingerprint, .. } => s.fingerprint = Some(*fingerprint),
            Event::Intent { handle, .. } => s.attempts = s.attempts.max(handle.attempt),
            Event::Applied { fingerprint, .. } => {
                s.fingerprint = Some(*fingerprint);
                s.changed = true;
            }
            Event::Failed { summary, .. } => s.failure = Some(summary.clone()),
            Event::Verified {
                ok: false, reports, ..
            } => {
                s.failure = reports
                    .iter()
                    .find(|r| !r.ok)
                    .map(|r| format!("{}: {}", r.verifier, r.summary));
            }
            Event::Cancelled { why, .. } => s.failure = Some(why.clone()),
            Event::Retry { .. } => s.retries += 1,
            Event::Answered {
                gate: Gate::Beyond { proposal },
                yes: true,
                ..
            } => s.approved = Some(*proposal),
            _ => {}
        }
    }

    fn advance(&mut self, i: usize, event: &Event) -> Result<(), Illegal> {
        let attempts = self.steps[i].attempts;
        let was = std::mem::replace(&mut self.steps[i].status, Status::Pending);
        let (was_done, was_settled) = (was == Status::Done, was.settled());
        let now = was.next(event, attempts)?;
        let (done, settled) = (now == Status::Done, now.settled());
        self.steps[i].status = now;
        match (was_settled, settled) {
            (false, true) => self.unsettled -= 1,
            (true, false) => self.unsettled += 1,
            _ => {}
        }
        self.dirty.insert(i);
        if done != was_done || settled != was_settled {
            for f in self.feeds[i].clone() {
                if done && !was_done {
                    self.steps[f].waiting -= 1;
                } else if was_done && !done {
                    self.steps[f].waiting += 1;
                }
                self.dirty.insert(f);
            }
        }
        Ok(())
    }

    fn wake_all(&mut self) {
        for (i, s) in self.steps.iter().enumerate() {
            if !s.status.settled() {
                self.dirty.insert(i);
            }
        }
    }

    /// What to do about the steps that changed since the last call, lowest position first. A command stands until
    /// an event answers it.
    pub fn commands(&mut self) -> Vec<(usize, Command)> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty
            .into_iter()
            .filter_map(|i| self.command(i).map(|c| (i, c)))
            .collect()
    }

    fn command(&self, i: usize) -> Option<Command> {
        let s = &self.steps[i];
        let step = &self.plan.body.steps[i];
        match &s.status {
            Status::Unsure { attempt } => Some(Command::Recover(*attempt)),
            Status::Applied if self.cancel != Some(true) => Some(Command::Verify),
            Status::Failed {
                class: Class::Transient,
                stale: false,
            } if s.retries < self.retries => self.cancel.is_none().then_some(Command::Retry),
            Status::Failed { stale: true, .. } if s.retries < self.retries.max(3) => {
                self.cancel.is_none().then_some(Command::Retry)
            }
            Status::Pending | Status::Planned { .. } => {
                // nothing more begins; a resume goes on with it
                if self.cancel.is_some() {
                    return None;
                }
                if let Some(dead) = self.dead_upstream(i) {
                    return Some(Command::Cancel(format!("{dead} is not there")));
                }
                match &s.status {
                    Status::Pending if s.waiting > 0 => None,
                    Status::Pending if step.engine == "hand-off" && step.verb == Verb::Apply => {
                        Some(Command::Ask)
                    }
                    Status::Pending => Some(Command::Plan),
                    Status::Planned { proposal, approved } => {
                        let real = s.proposal.as_ref().expect("a planned step has a proposal");
                        if *approved
                            || s.approved == Some(*proposal)
                            || covers(step.basis.proposal(), step.envelope, real)
                        {
                            Some(Command::Apply(s.attempts + 1))
                        } else {
                            Some(Command::Hold(*proposal))
                        }
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The upstream that ended otherwise than done, and will not be retried.
    fn dead_upstream(&self, i: usize) -> Option<&Address> {
        self.needs[i]
            .iter()
            .find(|n| {
                let s = &self.steps[**n];
                s.status.settled()
                    && s.status != Status::Done
                    && !matches!(self.command(**n), Some(Command::Retry))
            })
            .map(|n| &self.plan.body.steps[*n].unit)
    }
}
