//! What an earlier process was doing when it ended: the last intent of every unit.
use std::collections::HashMap;
use strata_core::{
    engine::Recovery,
    event::{Event, TaskText},
    executor::Handle,
    name::Address,
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
    /// The task of the attempt.
    pub task: Option<TaskText>,
}

/// The last intent of every unit of a run.
#[derive(Clone, Debug, Default)]
pub struct Intents(HashMap<Address, Intent>);

impl Intents {
    /// Takes one event into account.
    pub fn note(&mut self, event: &Event) {
        let Event::Intent {
            unit,
            handle,
            label,
            recovery,
            state,
            task,
        } = event
        else {
            return;
        };
        let task = match (task, self.0.remove(unit)) {
            (Some(task), _) => Some(task.clone()),
            (None, Some(before)) if before.handle.attempt == handle.attempt => before.task,
            _ => None,
        };
        let (handle, label, state) = (handle.clone(), label.clone(), state.clone());
        self.0.insert(
            unit.clone(),
            Intent {
                handle,
                label,
                recovery: *recovery,
                state,
                task,
            },
        );
    }
    /// The last intent of a unit.
    pub fn last(&self, unit: &Address) -> Option<Intent> {
        self.0.get(unit).cloned()
    }
}
