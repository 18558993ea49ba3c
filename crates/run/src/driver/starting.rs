//! Which step starts when, and what is settled without a tool: cut-off, saved plans, questions to people.
use super::{
    Act, Address, Basis, Command, Digest, Driver, Event, Failure, Fidelity, Gate, Got, Handle, Job,
    NotReady, Prepared, Proposal, RunError, Verb, Verdict, Work,
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
            Command::Cancel(why) => self.append(&[Event::Cancelled { unit, why }], &[]),
            Command::Retry => {
                self.prepared.remove(&i);
                self.append(&[Event::Retry { unit }], &[])
            }
            Command::Hold(proposal) => {
                let text = "its real plan goes beyond what was approved".to_owned();
                self.append(
                    &[Event::Held {
                        unit,
                        gate: Gate::Beyond { proposal },
                        text,
                    }],
                    &[],
                )
            }
            Command::Ask => self.ask(i, &unit),
            Command::Plan => self.plan_without_tool(i, unit),
            Command::Verify
                if self.parts.bench.verified(&unit).is_none() && !self.has_verifiers(i) =>
            {
                self.append(
                    &[Event::Verified {
                        unit,
                        ok: true,
                        reports: vec![],
                    }],
                    &[],
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
            &[Event::Held {
                unit: unit.clone(),
                gate: Gate::HandOff,
                text,
            }],
            &[],
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
                &[Event::Planned {
                    unit,
                    proposal,
                    fingerprint,
                }],
                &[],
            );
        }
        if self.parts.bench.current(&unit) == Some(fingerprint) {
            let owes = self.parts.bench.verified(&unit) == Some(false);
            self.prepared.insert(i, prepared);
            if !owes {
                return self.append(&[Event::CutOff { unit, fingerprint }], &[]);
            }
            let proposal = Proposal {
                fidelity: Fidelity::Exact,
                changes: vec![],
            };
            let outputs = Digest::of(b"");
            return self.append(
                &[
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
                &[],
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
                &[Event::Planned {
                    unit,
                    proposal: proposal.clone(),
                    fingerprint,
                }],
                &[],
            );
        }
        self.prepared.insert(i, prepared);
        self.ready.push((i, Command::Plan));
        Ok(())
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
                if let Some(intent) = self.intents.last(&unit) {
                    (Work::Recover(Box::new(intent)), *attempt)
                } else {
                    self.append(
                        &[Event::Recovered {
                            unit,
                            verdict: Verdict::NotDone,
                        }],
                        &[],
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
            prepared.task = (**task).clone();
        }
        let claims = prepared.claims.clone();
        if !self.pool.free(&claims) {
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
