//! What engines found becomes events: applied, gone, verified, failed.
use super::{
    Address, Applied, AppliedChange, BTreeMap, Digest, Driver, Ended, Event, ExecutorError,
    Failure, Finding, Gate, Output, Report, RunError, Timing, Verdict, Work, session,
};

impl Driver<'_> {
    pub(super) fn done(
        &mut self,
        i: usize,
        work: &Work,
        ended: Result<Ended, ExecutorError>,
    ) -> Result<(), RunError> {
        let finding = match ended {
            Ok(Ended::Finding(finding)) => finding,
            Ok(Ended::Ask(q)) => {
                Finding::Failed(Failure::permanent(format!("it asks: {}", q.text)))
            }
            Err(e) => Finding::Failed(session::failure_of(&e)),
        };
        let unit = self.machine.plan().body.steps[i].unit.clone();
        if let (Work::Recover(intent), Finding::Recovered(Verdict::Unknown)) = (work, &finding) {
            let gate = Gate::Unsure {
                attempt: intent.handle.attempt,
            };
            let text = format!(
                "nobody knows whether `{}` ran; look, then answer",
                intent.label
            );
            return self.append(vec![Event::Held { unit, gate, text }], Vec::new());
        }
        self.found(i, finding)
    }

    /// Turns a finding into events.
    pub(super) fn found(&mut self, i: usize, finding: Finding) -> Result<(), RunError> {
        let unit = self.machine.plan().body.steps[i].unit.clone();
        match finding {
            Finding::Planned {
                proposal, saved, ..
            } => {
                let prepared = self
                    .prepared
                    .get_mut(&i)
                    .expect("a planned step is prepared");
                prepared.task.saved = saved;
                let fingerprint = prepared.fingerprint;
                self.append(
                    vec![Event::Planned {
                        unit,
                        proposal,
                        fingerprint,
                    }],
                    Vec::new(),
                )
            }
            Finding::Applied { outputs } => self.was_applied(i, unit, outputs, Vec::new()),
            Finding::Gone => {
                self.finished_step(i);
                let fingerprint = self.prepared[&i].fingerprint;
                self.parts.bench.removed(&unit);
                let _ = self.parts.executor.forget(&unit);
                let gone = Event::Applied {
                    unit: unit.clone(),
                    fingerprint,
                    outputs: Digest::of(b""),
                };
                let ok = Event::Verified {
                    unit: unit.clone(),
                    ok: true,
                    reports: vec![],
                };
                self.append(vec![gone, ok], vec![AppliedChange::Remove(unit)])
            }
            Finding::Recovered(verdict) => {
                self.prepared.remove(&i);
                self.append(vec![Event::Recovered { unit, verdict }], Vec::new())
            }
            Finding::Verified(report) => self.was_verified(i, unit, vec![report]),
            Finding::Observed { .. } => self.fail(
                unit,
                Failure::permanent("an engine answered another question"),
            ),
            Finding::Failed(failure) => {
                self.finished_step(i);
                self.fail(unit, failure)
            }
        }
    }

    /// `events`: what comes before it in the same transaction.
    pub(super) fn was_applied(
        &mut self,
        i: usize,
        unit: Address,
        outputs: BTreeMap<String, Output>,
        mut events: Vec<Event>,
    ) -> Result<(), RunError> {
        // verifiers get it anew, with the outputs
        let prepared = match self.prepared.remove(&i) {
            Some(prepared) => Ok(prepared),
            None => self.parts.bench.prepare(&unit),
        };
        let prepared = match prepared {
            Ok(p) => p,
            Err(e) => return self.fail(unit, Failure::permanent(e.to_string())),
        };
        let packed = self.parts.bench.pack(&prepared).ok();
        let (tree, packed) = packed.map(AppliedChange::tree).unzip();
        let has_verifiers = !prepared.task.spec.verify.is_empty();
        let mut task = prepared.task;
        task.saved = None;
        let applied = Applied {
            unit: unit.clone(),
            layer: prepared.layer,
            fingerprint: prepared.fingerprint,
            parts: prepared.parts,
            outputs,
            task,
            tree,
            needs: prepared.needs,
            identities: prepared.identities,
            protect: prepared.protect,
            verified: has_verifiers.then_some(false),
            at: (self.parts.now)(),
        };
        let digest = Digest::of_json(
            &applied
                .outputs
                .iter()
                .filter(|(_, o)| !o.sensitive)
                .collect::<Vec<_>>(),
        );
        self.parts.bench.applied(&applied);
        events.push(Event::Applied {
            unit: unit.clone(),
            fingerprint: prepared.fingerprint,
            outputs: digest,
        });
        if !has_verifiers {
            self.finished_step(i);
            events.push(Event::Verified {
                unit,
                ok: true,
                reports: vec![],
            });
        }
        let changes = packed
            .into_iter()
            .chain([AppliedChange::Put(Box::new(applied))])
            .collect();
        self.append(events, changes)
    }

    pub(super) fn was_verified(
        &mut self,
        i: usize,
        unit: Address,
        reports: Vec<Report>,
    ) -> Result<(), RunError> {
        self.finished_step(i);
        let ok = reports.iter().all(|r| r.ok);
        let change = AppliedChange::Verified(unit.clone(), ok);
        self.append(vec![Event::Verified { unit, ok, reports }], vec![change])
    }

    pub(super) fn fail(&mut self, unit: Address, failure: Failure) -> Result<(), RunError> {
        let Failure {
            class,
            summary,
            stale,
        } = failure;
        // its files may become again what they were: that is not how it is
        let half_way = self.machine.is_half_way(&unit);
        let unsettled = half_way.then(|| AppliedChange::Unsettled(unit.clone()));
        self.append(
            vec![Event::Failed {
                unit,
                class,
                stale,
                summary,
            }],
            unsettled.into_iter().collect(),
        )
    }

    pub(super) fn finished_step(&mut self, i: usize) {
        if let Some(from) = self.since.remove(&i) {
            let unit = self.machine.plan().body.steps[i].unit.clone();
            self.timings.push(Timing {
                unit,
                from,
                to: self.began.elapsed().as_millis() as u64,
            });
        }
    }
}
