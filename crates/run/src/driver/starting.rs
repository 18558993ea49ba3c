//! Which step starts when, and what is settled without a tool: cut-off, saved plans, questions to people.
use super::{
    Act, Address, Basis, Command, Digest, Driver, Event, Failure, Fidelity, Gate, Got, Handle,
    HashMap, Job, Machine, NotReady, Prepared, Proposal, RunError, StoreError, Verb, Verdict, Work,
};

impl Driver<'_> {
    /// Starts what can start.
    pub(super) fn schedule(&mut self) -> Result<(), RunError> {
        loop {
            let commands = self.machine.commands();
            if commands.is_empty() {
                break;
            }
            for (i, command) in commands {
                self.ready.retain(|(r, _)| *r != i);
                if !self.busy.contains(&i) {
                    self.at_once(i, command)?;
                }
            }
        }
        self.ready
            .sort_by_key(|(i, _)| std::cmp::Reverse((self.path[*i], std::cmp::Reverse(*i))));
        let mut waiting = std::mem::take(&mut self.ready).into_iter();
        for (i, command) in waiting.by_ref() {
            if self.busy.len() >= self.parts.parallelism || !self.start(i, &command)? {
                self.ready.push((i, command));
            }
        }
        Ok(())
    }

    /// What needs no tool happens at once; the rest waits for a slot.
    pub(super) fn at_once(&mut self, i: usize, command: Command) -> Result<(), RunError> {
        let unit = self.machine.plan().body.steps[i].unit.clone();
        match command {
            Command::Cancel(why) => self.append(vec![Event::Cancelled { unit, why }], Vec::new()),
            Command::Retry => {
                self.prepared.remove(&i);
                self.append(vec![Event::Retry { unit }], Vec::new())
            }
            Command::Hold(proposal) => {
                let text = "its real plan goes beyond what was approved".to_owned();
                self.append(
                    vec![Event::Held {
                        unit,
                        gate: Gate::Beyond { proposal },
                        text,
                    }],
                    Vec::new(),
                )
            }
            Command::Ask => self.ask(i, &unit),
            Command::Plan => self.plan_without_tool(i, unit),
            Command::Verify
                if self.parts.bench.verified(&unit).is_none() && !self.has_verifiers(i) =>
            {
                self.append(
                    vec![Event::Verified {
                        unit,
                        ok: true,
                        reports: vec![],
                    }],
                    Vec::new(),
                )
            }
            command => {
                self.ready.push((i, command));
                Ok(())
            }
        }
    }

    pub(super) fn has_verifiers(&mut self, i: usize) -> bool {
        let unit = self.machine.plan().body.steps[i].unit.clone();
        self.prepared_for(i, &unit)
            .is_ok_and(|p| !p.task.spec.verify.is_empty())
    }

    pub(super) fn prepared_for(&mut self, i: usize, unit: &Address) -> Result<&Prepared, NotReady> {
        if !self.prepared.contains_key(&i) {
            let prepared = self.parts.bench.prepare(unit)?;
            self.prepared.insert(i, prepared);
        }
        Ok(&self.prepared[&i])
    }

    pub(super) fn ask(&mut self, i: usize, unit: &Address) -> Result<(), RunError> {
        let question = self
            .prepared_for(i, unit)
            .map_err(|e| e.to_string())
            .map(|p| {
                let mut task = p.task.clone();
                task.verb = Verb::Apply;
                task
            });
        let task = match question {
            Ok(task) => task,
            Err(summary) => return self.fail(unit.clone(), Failure::permanent(summary)),
        };
        let engine = (self.parts.engines)(&task.spec.engine);
        let text = match engine.begin(&task, &Got::Open { kept: vec![] }).1 {
            Act::Ask(q) => match q.owner {
                Some(owner) => format!("{owner}: {}", q.text),
                None => q.text,
            },
            _ => String::new(),
        };
        self.append(
            vec![Event::Held {
                unit: unit.clone(),
                gate: Gate::HandOff,
                text,
            }],
            Vec::new(),
        )
    }

    /// Early cut-off and saved plans need no tool; a destroy was planned from what was applied.
    pub(super) fn plan_without_tool(&mut self, i: usize, unit: Address) -> Result<(), RunError> {
        let step = self.machine.plan().body.steps[i].clone();
        let saved = self.machine.plan().saved.get(&unit).cloned();
        let retried = self.machine.steps()[i].retries > 0 || self.machine.steps()[i].attempts > 0;
        self.prepared.remove(&i);
        let mut prepared = match self.parts.bench.prepare(&unit) {
            Ok(p) => p,
            Err(e) => return self.fail(unit, Failure::permanent(e.to_string())),
        };
        let fingerprint = prepared.fingerprint;
        if step.verb == Verb::Destroy {
            prepared.task.verb = Verb::Destroy;
            self.prepared.insert(i, prepared);
            let proposal = step
                .basis
                .proposal()
                .cloned()
                .unwrap_or_else(|| Proposal::opaque("destroy"));
            return self.append(
                vec![Event::Planned {
                    unit,
                    proposal,
                    fingerprint,
                }],
                Vec::new(),
            );
        }
        // planned though nothing had changed: it is too old, has drifted, or somebody asked for it
        let again = matches!(&step.basis, Basis::Exact { fingerprint: planned, .. } if *planned == fingerprint)
            && self.machine.plan().body.baseline.get(&unit) == Some(&fingerprint);
        if !again && self.parts.bench.current(&unit) == Some(fingerprint) {
            let owes = self.parts.bench.verified(&unit) == Some(false);
            self.prepared.insert(i, prepared);
            if !owes {
                return self.append(vec![Event::CutOff { unit, fingerprint }], Vec::new());
            }
            let proposal = Proposal {
                fidelity: Fidelity::Exact,
                changes: vec![],
            };
            let outputs = Digest::of(b"");
            return self.append(
                vec![
                    Event::Planned {
                        unit: unit.clone(),
                        proposal,
                        fingerprint,
                    },
                    Event::Applied {
                        unit,
                        fingerprint,
                        outputs,
                    },
                ],
                Vec::new(),
            );
        }
        if let (
            Basis::Exact {
                proposal,
                fingerprint: planned,
            },
            false,
        ) = (&step.basis, retried)
            && *planned == fingerprint
            && (saved.is_some() || proposal.fidelity != Fidelity::Exact)
        {
            prepared.task.saved = saved;
            self.prepared.insert(i, prepared);
            return self.append(
                vec![Event::Planned {
                    unit,
                    proposal: proposal.clone(),
                    fingerprint,
                }],
                Vec::new(),
            );
        }
        let engine = (self.parts.engines)(&prepared.task.spec.engine);
        let verb = std::mem::replace(&mut prepared.task.verb, Verb::Plan);
        // pure, so it may be asked here: what needs no program needs no thread either
        let (_, act) = engine.begin(&prepared.task, &Got::Open { kept: vec![] });
        prepared.task.verb = verb;
        self.prepared.insert(i, prepared);
        match act {
            Act::Finish(finding) => self.found(i, *finding),
            _ => {
                self.ready.push((i, Command::Plan));
                Ok(())
            }
        }
    }

    /// Gives a command to a thread; `false` when something it needs is in use.
    pub(super) fn start(&mut self, i: usize, command: &Command) -> Result<bool, RunError> {
        let unit = self.machine.plan().body.steps[i].unit.clone();
        let verb = self.machine.plan().body.steps[i].verb;
        let attempts = self.machine.steps()[i].attempts;
        let (work, attempt) = match command {
            Command::Plan => (Work::Verb(Verb::Plan), attempts),
            Command::Apply(attempt) => (Work::Verb(verb), *attempt),
            Command::Verify => (Work::Verify, attempts),
            Command::Recover(attempt) => {
                if let Some(intent) = self.intents.last(i) {
                    (Work::Recover(Box::new(intent)), *attempt)
                } else {
                    self.append(
                        vec![Event::Recovered {
                            unit,
                            verdict: Verdict::NotDone,
                        }],
                        Vec::new(),
                    )?;
                    return Ok(true);
                }
            }
            _ => unreachable!("all other commands happen at once"),
        };
        if matches!(command, Command::Verify) {
            // its verifiers may use outputs that only the apply gave
            self.prepared.remove(&i);
        }
        let mut prepared = match self.prepared_for(i, &unit) {
            Ok(p) => p.clone(),
            Err(e) => {
                self.fail(unit, Failure::permanent(e.to_string()))?;
                return Ok(true);
            }
        };
        if let Work::Recover(intent) = &work
            && let Some(task) = &intent.task
        {
            prepared.task = task.task().map_err(|e| StoreError::Damaged {
                path: "the journal".to_owned(),
                why: format!("the task of {} cannot be read: {e}", intent.handle),
            })?;
        }
        let claims = prepared.claims.clone();
        if claims.iter().any(|c| self.pool.in_use(c)) {
            return Ok(false);
        }
        let handle = Handle {
            run: self.run.clone(),
            unit: unit.clone(),
            attempt,
            // handles of one attempt differ by what they are for
            n: match work {
                Work::Verb(Verb::Plan) => 1_000 * (1 + self.machine.steps()[i].retries),
                Work::Verify => 500_000,
                _ => 0,
            },
            generation: self.leases[unit.env.as_ref()].generation,
        };
        let engine = (self.parts.engines)(&prepared.task.spec.engine);
        let verifier = (self.parts.engines)("verify");
        let now = self.began.elapsed().as_millis() as u64;
        self.since.entry(i).or_insert(now);
        self.busy.insert(i);
        // first the journal, then the deed
        self.flush()?;
        self.pool.start(Job {
            step: i,
            work,
            prepared,
            handle,
            engine,
            verifier,
            claims,
        });
        Ok(true)
    }
}

/// For each step, the time from its start to the end of the run if nothing else limits: its own duration and the
/// longest of what waits for it.
pub(super) fn longest_paths(machine: &Machine, durations: &HashMap<Address, u64>) -> Vec<u64> {
    let steps = &machine.plan().body.steps;
    let mut left: Vec<usize> = (0..steps.len()).map(|i| machine.feeds(i).len()).collect();
    let mut path = vec![0_u64; steps.len()];
    let mut ends: Vec<usize> = (0..steps.len()).filter(|i| left[*i] == 0).collect();
    while let Some(i) = ends.pop() {
        let after = machine.feeds(i).iter().map(|f| path[*f]).max().unwrap_or(0);
        path[i] = after
            + durations
                .get(&steps[i].unit)
                .copied()
                .unwrap_or(1_000)
                .max(1);
        for n in machine.needs(i) {
            left[*n] -= 1;
            if left[*n] == 0 {
                ends.push(*n);
            }
        }
    }
    path
}
