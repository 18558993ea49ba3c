//! Ctrl-C as a number. The only test that sends signals to this process.
use crate::until;
use rustix::process::{Signal, getpid, kill_process};
use strata_adapters::interrupt::Interrupts;

#[test]
fn the_first_drains_and_the_second_stops() {
    let interrupts = Interrupts::listen().unwrap();
    assert_eq!(interrupts.asked(), 0);
    for (signal, level) in [(Signal::INT, 1), (Signal::TERM, 2), (Signal::INT, 2)] {
        kill_process(getpid(), signal).unwrap();
        until("the signal is counted", || interrupts.asked() == level);
    }
}
