//! Tools that hang, and people who press Ctrl-C: nothing stays behind, and `resume` goes on.
use crate::sandbox::{Done, SAY, Sandbox, saying};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    process::Child,
    thread::sleep,
    time::{Duration, Instant},
};

/// Waits for a file to appear, then goes on; starts a child of its own.
const PATIENT: &str = r#"#!/bin/sh
set -eu
echo "begin $STRATA_UNIT" >> "$LEDGER"
sleep 300 &
while [ ! -f "$WORLD/go" ]; do sleep 0.05; done
kill $!
echo "end $STRATA_UNIT" >> "$LEDGER"
echo '{"said": "done"}' > "$STRATA_OUTPUTS"
"#;

fn platform() -> Sandbox {
    Sandbox::new(&[
        ("layers/base/slow/component.yaml", &saying("x")),
        ("layers/base/slow/say.sh", PATIENT),
        (
            "layers/middle/next/component.yaml",
            &saying("'${{ slow.outputs.said }}'"),
        ),
        ("layers/middle/next/say.sh", SAY),
    ])
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).expect("it can be interrupted");
}

fn ended(child: Child) -> Done {
    Done::of(&child.wait_with_output().expect("it ends"))
}

fn go(s: &Sandbox) {
    std::fs::write(s.beside("world/go"), "").expect("a sign to go on");
}

#[test]
fn a_tool_that_hangs_is_stopped_with_its_children() {
    let s = Sandbox::new(&[
        (
            "layers/base/stuck/component.yaml",
            "engine: script\ntimeout: {apply: 2s}\nscript: {apply: [./stuck.sh]}\n",
        ),
        (
            "layers/base/stuck/stuck.sh",
            "#!/bin/sh\nsh -c 'sleep 300; sleep 300' &\nsleep 300; sleep 300\n",
        ),
        ("layers/top/other/component.yaml", &saying("x")),
        ("layers/top/other/say.sh", SAY),
    ]);
    let begun = Instant::now();
    s.ends(10, &["apply", "dev", "--yes"]).says("dev/stuck");
    assert!(
        begun.elapsed() < Duration::from_secs(45),
        "it took {:?}",
        begun.elapsed()
    );
    s.assert_no_process();
    assert_eq!(s.ledger(), ["dev/other"]);
    s.write("layers/base/stuck/stuck.sh", "#!/bin/sh\nexit 0\n");
    s.ends(0, &["apply", "dev", "--yes"]);
}

#[test]
fn one_interrupt_lets_running_tools_end_and_resume_goes_on() {
    let s = platform();
    let run = s.start(&["apply", "dev", "--yes"]);
    s.await_line("begin dev/slow");
    interrupt(&run);
    sleep(Duration::from_millis(300));
    go(&s);
    let done = ended(run);
    assert_eq!(done.code, 130, "{}", done.all());
    assert_eq!(s.ledger(), ["begin dev/slow", "end dev/slow"]);
    assert_eq!(s.state("dev/slow"), "applied");
    s.assert_no_process();
    s.ends(0, &["resume"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger()[2..], ["dev/next"]);
}

#[test]
fn two_interrupts_stop_running_tools_and_resume_goes_on() {
    let s = platform();
    let run = s.start(&["apply", "dev", "--yes"]);
    s.await_line("begin dev/slow");
    interrupt(&run);
    sleep(Duration::from_millis(300));
    interrupt(&run);
    let done = ended(run);
    assert!(
        [130, 11].contains(&done.code),
        "{}: {}",
        done.code,
        done.all()
    );
    s.assert_no_process();
    assert_eq!(s.ledger(), ["begin dev/slow"]);
    go(&s);
    let resumed = s.run(&["resume"]);
    assert_eq!(resumed.code, 0, "{}", resumed.all());
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(
        s.ledger()[1..],
        ["begin dev/slow", "end dev/slow", "dev/next"]
    );
    s.assert_no_process();
}

#[test]
fn a_second_apply_at_the_same_time_is_refused() {
    let s = platform();
    let run = s.start(&["apply", "dev", "--yes"]);
    s.await_line("begin dev/slow");
    s.ends(5, &["apply", "dev", "--yes"]);
    s.ends(0, &["status"]).says("in use by");
    go(&s);
    let done = ended(run);
    assert_eq!(done.code, 0, "{}", done.all());
    assert_eq!(s.ledger().len(), 3);
}
