//! What an earlier process was doing when it ended: the last intent of every unit.
use crate::{driver::RunError, machine::Machine, status::Status};
use std::collections::{HashMap, hash_map::Entry};
use strata_core::{
    engine::Recovery,
    event::{Event, Recorded, TaskText},
    executor::Handle,
    store::{Store, StoreError},
};

/// The last invocation of an attempt that was announced.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Its handle.
    pub handle: Handle,
    /// What it is called.
    pub label: String,
    /// What to do when nobody knows whether it ran.
    pub recovery: Recovery,
    /// The engine's state at it.
    pub state: String,
    /// Position in the journal of the first one of its attempt, which brought the task.
    pub first: u64,
    /// The task of the attempt.
    pub task: Option<TaskText>,
}

/// The last intent of every step of a run that has not been applied since.
#[derive(Clone, Debug, Default)]
pub struct Intents(HashMap<usize, Intent>);

impl Intents {
    /// Takes an event about a step into account.
    fn note(&mut self, step: usize, recorded: Recorded) {
        let (handle, label, recovery, state, task) = match recorded.event {
            Event::Intent {
                handle,
                label,
                recovery,
                state,
                task,
                ..
            } => (handle, label, recovery, state, task),
            // it came to its end: nobody will ask what became of it
            Event::Applied { .. } => return drop(self.0.remove(&step)),
            _ => return,
        };
        let mut intent = Intent {
            first: recorded.seq,
            handle,
            label,
            recovery,
            state,
            task,
        };
        match self.0.entry(step) {
            Entry::Occupied(mut before) => {
                let before = before.get_mut();
                if before.handle.attempt == intent.handle.attempt {
                    intent.first = before.first;
                }
                *before = intent;
            }
            Entry::Vacant(place) => drop(place.insert(intent)),
        }
    }
    /// The last intent of a step.
    pub fn last(&self, step: usize) -> Option<Intent> {
        self.0.get(&step).cloned()
    }
    /// Keeps those whose outcome nobody knows, with the tasks of their attempts.
    fn settle(&mut self, store: &dyn Store, machine: &Machine) -> Result<(), StoreError> {
        self.0.retain(|step, _| {
            let status = &machine.steps()[*step].status;
            matches!(status, Status::Running { .. } | Status::Unsure { .. })
        });
        for intent in self.0.values_mut() {
            intent.task = store.task(&intent.handle.unit.env, intent.first)?;
        }
        Ok(())
    }
}

/// Reads a run from the journals of its environments: how far every step got, and what was being done. `counts` says
/// which events the machine takes into account.
pub fn read(
    store: &dyn Store,
    (run, envs): (&str, &[String]),
    machine: &mut Machine,
    counts: &dyn Fn(&Event) -> bool,
) -> Result<Intents, RunError> {
    let mut intents = Intents::default();
    let mut folded = Ok(());
    for env in envs {
        store.each_event(env, Some(run), 0, &mut |recorded| {
            if folded.is_err() || !counts(&recorded.event) {
                return;
            }
            match machine.apply(&recorded.event) {
                Ok(Some(step)) => intents.note(step, recorded),
                Ok(None) => {}
                Err(illegal) => folded = Err(illegal),
            }
        })?;
    }
    folded?;
    intents.settle(store, machine)?;
    Ok(intents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::name::Address;

    fn intent(seq: u64, attempt: u32, n: u32) -> Recorded {
        let unit = Address::new("dev", "a");
        let event = Event::Intent {
            unit: unit.clone(),
            handle: Handle {
                run: "r".into(),
                unit,
                attempt,
                n,
                generation: 1,
            },
            label: "apply".into(),
            recovery: Recovery::Probe,
            state: String::new(),
            task: None,
        };
        Recorded {
            seq,
            run: "r".into(),
            at: 0,
            event,
        }
    }

    #[test]
    fn the_last_intent_knows_where_its_attempt_began() {
        let mut intents = Intents::default();
        let mut after = |recorded| {
            intents.note(5, recorded);
            let last = intents.last(5).unwrap();
            (last.handle.attempt, last.handle.n, last.first)
        };
        assert_eq!(after(intent(3, 1, 1)), (1, 1, 3));
        assert_eq!(after(intent(4, 1, 2)), (1, 2, 3));
        assert_eq!(after(intent(9, 2, 1)), (2, 1, 9));
        assert_eq!(after(intent(12, 2, 2)), (2, 2, 9));
    }
}
