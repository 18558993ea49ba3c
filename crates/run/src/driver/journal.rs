//! What a run writes. Events are folded in as they happen and wait in an outbox, so that those of one moment are one
//! transaction; nothing outside of this process happens before they are written.
use super::{Driver, Notice, Outcome, RunError, Timing};
use std::sync::Arc;
use strata_core::{
    event::Event,
    executor::{ExecutorError, Stop},
    store::{AppliedChange, StoreError},
};

/// So many entries are written at the latest.
const MOST: usize = 256;

/// Events of one unit that belong together, with what they change.
pub(super) struct Entry {
    env: Arc<str>,
    events: Vec<Event>,
    changes: Vec<AppliedChange>,
}

impl Driver<'_> {
    /// Says that the run begins, or that this process goes on with it.
    pub fn open(&mut self, resumed: bool) -> Result<(), RunError> {
        let (plan, verb) = (self.machine.plan().digest, self.machine.plan().body.verb);
        let envs: Vec<String> = self.leases.keys().cloned().collect();
        for (i, env) in envs.iter().enumerate() {
            let generation = self.leases[env].generation;
            let event = if resumed {
                Event::RunTaken { generation }
            } else {
                Event::RunStarted {
                    plan,
                    generation,
                    verb,
                }
            };
            let lease = self.leases.get_mut(env).expect("its own key");
            self.parts
                .store
                .append(lease, &self.run, std::slice::from_ref(&event), &[], true)?;
            if i == 0 {
                self.machine.apply(&event)?;
            }
            (self.parts.watch)(&Notice::Event(&event));
        }
        Ok(())
    }

    pub(super) fn close(mut self) -> Result<Outcome, RunError> {
        self.flush()?;
        let end = if self.machine.settled() {
            Event::RunFinished
        } else {
            Event::Parked
        };
        for env in self.leases.keys().cloned().collect::<Vec<_>>() {
            let lease = self.leases.get_mut(&env).expect("its own key");
            self.parts
                .store
                .append(lease, &self.run, std::slice::from_ref(&end), &[], true)?;
        }
        self.machine.apply(&end)?;
        (self.parts.watch)(&Notice::Event(&end));
        let took = |t: &Timing| (t.unit.to_string(), (t.to - t.from).to_string());
        let took: Vec<(String, String)> = self.timings.iter().map(took).collect();
        let facts: Vec<(&str, &str)> = took.iter().map(|(k, v)| (&**k, &**v)).collect();
        self.parts.store.note("duration", &facts)?;
        for lease in self.leases.values() {
            self.parts.store.release(lease)?;
        }
        Ok(Outcome {
            machine: self.machine,
            timings: self.timings,
            elapsed: self.began.elapsed().as_millis() as u64,
        })
    }

    pub(super) fn cancel(&mut self, now: bool) -> Result<(), RunError> {
        self.flush()?;
        let event = Event::CancelRequested { now };
        for env in self.leases.keys().cloned().collect::<Vec<_>>() {
            let lease = self.leases.get_mut(&env).expect("its own key");
            self.parts
                .store
                .append(lease, &self.run, std::slice::from_ref(&event), &[], false)?;
        }
        self.machine.apply(&event)?;
        (self.parts.watch)(&Notice::Event(&event));
        // what still has to be done about running steps is said anew
        self.ready.clear();
        self.parts
            .executor
            .stop(if now { Stop::Now } else { Stop::Drain });
        Ok(())
    }

    /// Takes events of one unit into account and puts them into the outbox.
    pub(super) fn append(
        &mut self,
        events: Vec<Event>,
        changes: Vec<AppliedChange>,
    ) -> Result<(), RunError> {
        for event in &events {
            self.machine.apply(event)?;
        }
        let env = &events[0].unit().expect("events of units").env;
        self.outbox.push(Entry {
            env: env.clone(),
            events,
            changes,
        });
        if self.outbox.len() < MOST {
            return Ok(());
        }
        self.flush()
    }

    /// Writes the outbox, in its order; then those who wait for it go on. Entries of several environments are several
    /// transactions, and a later one never stands in the journal without those before it.
    pub(super) fn flush(&mut self) -> Result<(), RunError> {
        let written = self.write();
        for reply in self.replies.drain(..) {
            // when nobody listens any more the run is over
            let _ = reply.send(match &written {
                Ok(()) => Ok(()),
                Err(RunError::Store(StoreError::Fenced(_))) => Err(ExecutorError::Fenced),
                Err(e) => Err(ExecutorError::Other(e.to_string())),
            });
        }
        written
    }

    fn write(&mut self) -> Result<(), RunError> {
        let mut entries = std::mem::take(&mut self.outbox).into_iter().peekable();
        while let Some(mut entry) = entries.next() {
            while let Some(next) = entries.next_if(|next| next.env == entry.env) {
                entry.events.extend(next.events);
                entry.changes.extend(next.changes);
            }
            let lease = self
                .leases
                .get_mut(&*entry.env)
                .expect("a plan writes only in its environments");
            let (store, run) = (&self.parts.store, &self.run);
            store.append(lease, run, &entry.events, &entry.changes, false)?;
            for event in &entry.events {
                (self.parts.watch)(&Notice::Event(event));
            }
        }
        Ok(())
    }
}
