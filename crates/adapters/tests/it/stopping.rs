//! Time limits, stops, stragglers, daemons, fences.
use crate::{
    bench,
    bench::{Bench, run},
    is_alive, pid_in, sh, until,
};
use std::{fs, time::Duration};
use strata_core::{
    engine::{Effect, Exit, Got, Recovery, Signal},
    executor::{Executor, ExecutorError, Line, Reattached, Stop},
};

fn exit(got: &Got) -> &Exit {
    match got {
        Got::Exit { exit, .. } => exit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tool_that_hangs_is_ended_with_everything_it_started() {
    let (_dir, bench) = bench();
    let at = bench.root.display();
    // the leader ignores the first two signals; a grandchild has a session of its own
    let mut i = sh(&format!(
        "trap '' INT TERM; sh -c 'echo $$ > {at}/child; sleep 1000' & \
         setsid sh -c 'echo $$ > {at}/away; sleep 1000' & \
         echo $$ > {at}/leader; while :; do sleep 1; done"
    ));
    i.limit = 1500;
    i.stop = vec![
        (Signal::Interrupt, 100),
        (Signal::Terminate, 100),
        (Signal::Kill, 0),
    ];
    let (got, _) = bench.run(&i);
    assert_eq!(exit(&got), &Exit::TimedOut);
    for name in ["leader", "child", "away"] {
        let pid = pid_in(&bench.root.join(name)).unwrap();
        assert!(!is_alive(pid), "{name}");
    }
}

#[test]
fn a_tool_is_asked_before_it_is_killed() {
    let (_dir, bench) = bench();
    let mut i = sh("trap 'echo asked; exit 7' INT; echo ready; while :; do sleep 0.05; done");
    i.limit = 1500;
    i.stop = vec![(Signal::Interrupt, 60_000), (Signal::Kill, 0)];
    let (got, lines) = bench.run(&i);
    assert_eq!(exit(&got), &Exit::TimedOut);
    assert_eq!(lines, ["ready", "asked"]);
}

#[test]
fn what_a_tool_leaves_behind_is_ended() {
    let (_dir, bench) = bench();
    let at = bench.root.display();
    let script = format!(
        "sh -c 'echo $$ > {at}/same; sleep 1000' & \
         setsid -f sh -c 'echo $$ > {at}/away; trap \"\" TERM; sleep 1000; sleep 1000' ; \
         while [ ! -s {at}/same ] || [ ! -s {at}/away ]; do sleep 0.05; done; echo end"
    );
    let (got, lines) = bench.run(&sh(&script));
    assert_eq!((got.code(), lines), (Some(0), vec!["end".to_owned()]));
    for name in ["same", "away"] {
        assert!(!is_alive(pid_in(&bench.root.join(name)).unwrap()), "{name}");
    }
}

#[test]
fn a_daemon_that_is_wanted_stays() {
    let (_dir, bench) = bench();
    let pid_file = bench.root.join("daemon");
    let mut i = sh(&format!(
        "setsid -f sh -c 'echo $$ > {0}; exec sleep 1000' < /dev/null > /dev/null 2>&1; \
         while [ ! -s {0} ]; do sleep 0.05; done",
        pid_file.display()
    ));
    i.effect = Effect::Writes(Recovery::Rerun);
    i.leaves_processes = true;
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let (got, _) = run(session.as_mut(), &i, 1).unwrap();
    assert_eq!(got.code(), Some(0));
    let pid = pid_in(&pid_file).unwrap();
    // other tools of the run end beside it, and so does the run
    run(session.as_mut(), &sh("sleep 1000 & exit 0"), 2).unwrap();
    drop(session);
    drop(executor);
    assert!(is_alive(pid));
    // its lock is free, so nobody waits for it
    let told = bench.executor().reattach(&Bench::handle(1, 1)).unwrap();
    assert!(matches!(told, Reattached::Lost | Reattached::Ended(_)));
    assert!(is_alive(pid));
    let id = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn stop_now_ends_running_tools_and_lets_none_start() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let ready = bench.root.join("ready");
    let script = format!("echo x > {}; sleep 1000", ready.display());
    std::thread::scope(|scope| {
        let ran = scope.spawn(|| run(session.as_mut(), &sh(&script), 1));
        until("the tool is at work", || ready.exists());
        executor.stop(Stop::Now);
        let (got, _) = ran.join().unwrap().unwrap();
        assert_eq!(exit(&got), &Exit::Stopped);
    });
    let (got, _) = run(session.as_mut(), &sh("echo no"), 2).unwrap();
    assert_eq!(exit(&got), &Exit::Stopped);
    assert!(executor.open(bench.spec()).is_err());
}

#[test]
fn drain_lets_a_tool_end_and_its_result_be_read() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let (ready, go) = (bench.root.join("ready"), bench.root.join("go"));
    let mut write = sh(&format!(
        "echo x > {}; while [ ! -e {} ]; do sleep 0.02; done",
        ready.display(),
        go.display()
    ));
    write.effect = Effect::Writes(Recovery::Rerun);
    std::thread::scope(|scope| {
        let ran = scope.spawn(|| run(session.as_mut(), &write, 1));
        until("the tool is at work", || ready.exists());
        executor.stop(Stop::Drain);
        fs::write(&go, "").unwrap();
        let (got, _) = ran.join().unwrap().unwrap();
        assert_eq!(got.code(), Some(0));
    });
    let (got, _) = run(session.as_mut(), &sh("echo output"), 2).unwrap();
    assert_eq!(got.code(), Some(0), "what it wrote may still be read");
    let (got, _) = run(session.as_mut(), &write, 3).unwrap();
    assert_eq!(exit(&got), &Exit::Stopped);
}

#[test]
fn an_old_generation_starts_nothing() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let mut write = sh("echo x >> ../../ran");
    write.effect = Effect::Writes(Recovery::Rerun);
    let mut handle = Bench::handle(1, 1);
    handle.generation = 5;
    session.run(&write, &handle, &mut |_: Line<'_>| {}).unwrap();
    // somebody else took the lease: what the store writes, and what their executor writes
    for file in ["locks/dev.generation", "runs/r1/dev/generation"] {
        let path = bench.state_dir().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = fs::read(&path).ok();
        fs::write(&path, "6\n").unwrap();
        handle.n += 1;
        let refused = session.run(&write, &handle, &mut |_: Line<'_>| {});
        assert!(matches!(refused, Err(ExecutorError::Fenced)), "{refused:?}");
        assert!(!bench.attempt_dir(1, handle.n).join("started").exists());
        match before {
            Some(before) => fs::write(&path, before).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    // a new program of the old owner does not even ask
    fs::create_dir_all(bench.state_dir().join("locks")).unwrap();
    fs::write(bench.state_dir().join("locks/dev.generation"), "6").unwrap();
    drop(session);
    let late = bench.executor();
    let mut session = bench.open(&late);
    handle.n = 50;
    let refused = session.run(&write, &handle, &mut |_: Line<'_>| {});
    assert!(matches!(refused, Err(ExecutorError::Fenced)));
    let ran = bench.state_dir().join("work/dev/a/ran");
    assert!(!ran.exists(), "the work folder was made anew");
}

#[test]
fn an_attempt_is_never_started_twice() {
    let (_dir, bench) = bench();
    let count = bench.root.join("count");
    let mut write = sh(&format!("echo x >> {}", count.display()));
    write.effect = Effect::Writes(Recovery::Ask);
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    run(session.as_mut(), &write, 1).unwrap();
    let again = run(session.as_mut(), &write, 1);
    assert!(
        again
            .unwrap_err()
            .to_string()
            .contains("never started twice")
    );
    // one that was found not to have started never does either
    let told = executor.reattach(&Bench::handle(1, 2)).unwrap();
    assert!(matches!(told, Reattached::NeverStarted));
    assert!(run(session.as_mut(), &write, 2).is_err());
    assert_eq!(fs::read_to_string(&count).unwrap().lines().count(), 1);
}

#[test]
fn tools_of_several_units_run_side_by_side() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (executor, bench) = (&executor, &bench);
            scope.spawn(move || {
                let mut spec = bench.spec();
                spec.unit = strata_core::name::Address::new("dev", format!("u{n}"));
                let mut handle = Bench::handle(1, 1);
                handle.unit = spec.unit.clone();
                let (mut session, _) = executor.open(spec).unwrap();
                for round in 1..=5 {
                    handle.n = round;
                    let mut lines = Vec::new();
                    let i = sh(&format!("echo {n}.{round}; sleep 1000 & exit {round}"));
                    let got = session.run(&i, &handle, &mut |l: Line<'_>| {
                        lines.push(l.text.to_owned());
                    });
                    assert_eq!(got.unwrap().code(), Some(round.cast_signed()));
                    assert_eq!(lines, [format!("{n}.{round}")]);
                }
            });
        }
    });
}

#[test]
fn one_session_of_a_unit_at_a_time() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let session = bench.open(&executor);
    let opened = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            drop(bench.open(&executor));
            opened.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        std::thread::sleep(Duration::from_millis(200));
        assert!(!opened.load(std::sync::atomic::Ordering::SeqCst));
        drop(session);
    });
    assert!(opened.load(std::sync::atomic::Ordering::SeqCst));
}
