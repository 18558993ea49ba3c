//! The answer on standard output, the words of a failure on standard error.
use crate::fault::Fault;
use std::io::Write as _;
use strata_core::cluster::{Answer, SAID};

/// An answer that only says that it failed.
pub(super) fn failed(fault: &Fault) -> Answer {
    tell(fault);
    Answer {
        failed: Some(fault.class),
        ..Answer::default()
    }
}

/// Says why something failed, where secrets are taken out.
pub(super) fn tell(fault: &Fault) {
    for line in fault.lines.iter().flat_map(|l| l.lines()) {
        eprintln!("{SAID}{line}");
    }
}

/// Gives the answer; the exit code.
pub(super) fn send(answer: &Answer) -> u8 {
    let text = serde_json::to_string(answer).expect("plain data");
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => u8::from(answer.failed.is_some()),
        Err(_) => 1,
    }
}
