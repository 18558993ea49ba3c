//! The time of day as the journal has it. Never used to decide who may act.
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since 1970; 0 on a machine whose clock stands before that.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as u64)
}
