//! Ctrl-C and its kin as a number that a run looks at: nothing is ended here.
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::{Handle, Signals},
};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Counts the times that the user asked to stop. One per process.
pub struct Interrupts {
    asked: Arc<AtomicU8>,
    signals: Handle,
}

impl Interrupts {
    /// Takes over interrupt (Ctrl-C), terminate and hang-up from their default, which would end the process at once.
    pub fn listen() -> std::io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let asked = Arc::new(AtomicU8::new(0));
        let (handle, count) = (signals.handle(), asked.clone());
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for _ in signals.forever() {
                    let more = |n: u8| Some((n + 1).min(2));
                    let _ = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
                }
            })?;
        Ok(Self {
            asked,
            signals: handle,
        })
    }
    /// 0: nobody asked; 1: let running tools come to their end; 2: stop them too.
    pub fn asked(&self) -> u8 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.signals.close();
    }
}
