//! What was made of a tree's files and is used again as long as the tree is.
use std::{
    any::Any,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

/// Things by key.
#[derive(Default)]
pub(super) struct Shared(Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>);

impl Shared {
    /// The thing of a key, made when it is not there. Two threads may both make it; one of the two stays.
    pub fn get(
        &self,
        key: &str,
        make: &dyn Fn() -> Arc<dyn Any + Send + Sync>,
    ) -> Arc<dyn Any + Send + Sync> {
        let known = || {
            self.0
                .lock()
                .expect("nobody panics with it")
                .get(key)
                .cloned()
        };
        known().unwrap_or_else(|| {
            // made without the lock: what makes it may ask for others
            let made = make();
            let mut all = self.0.lock().expect("nobody panics with it");
            all.entry(key.to_owned()).or_insert(made).clone()
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
