//! What becomes of tools when our program, the supervisor or both are killed.
use crate::{
    bench,
    bench::{Bench, Case, secret},
    is_alive, pid_in, sh, until,
};
use rustix::process::{Pid, Signal as Sig, kill_process};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};
use strata_core::{
    engine::{Channel, Collect, Effect, EnvValue, Exit, Got, Invocation, Place, Recovery, Signal},
    executor::{Executor, Reattached},
};

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Sig::KILL).unwrap();
}

/// Another program that runs one invocation as attempt 1.
fn start(bench: &Bench, invocation: &Invocation) -> Child {
    let case = Case {
        root: bench.root.clone(),
        invocation: invocation.clone(),
        attempt: 1,
        env: BTreeMap::from([("PW".to_owned(), secret("db"))]),
    };
    let file = bench.root.join("case.json");
    fs::write(&file, serde_json::to_vec(&case).unwrap()).unwrap();
    let mut command = Command::new(&bench.program);
    command
        .arg("run")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

fn die(mut program: Child) {
    kill(program.id());
    program.wait().unwrap();
}

fn writing(script: &str) -> Invocation {
    let mut i = sh(script);
    i.effect = Effect::Writes(Recovery::Probe);
    i.stop = vec![
        (Signal::Interrupt, 500),
        (Signal::Terminate, 500),
        (Signal::Kill, 0),
    ];
    i
}

/// The supervisor of an attempt, from its record.
fn supervisor(attempt: &Path) -> u32 {
    let record = fs::read(attempt.join("started")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    u32::try_from(record["supervisor"]["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn a_tool_dies_with_our_program_and_the_record_says_stopped() {
    let (_dir, bench) = bench();
    let at = bench.root.display();
    let i = writing(&format!(
        "trap 'echo asked > {at}/asked; exit 1' INT; \
         setsid sh -c 'echo $$ > {at}/away; sleep 1000' & \
         echo $$ > {at}/leader; while :; do sleep 0.05; done"
    ));
    let program = start(&bench, &i);
    let (leader, away) = (bench.root.join("leader"), bench.root.join("away"));
    until("the tool is at work", || {
        pid_in(&leader).is_some() && pid_in(&away).is_some()
    });
    die(program);
    // resuming waits until the tool has come to its end
    let executor = bench.executor();
    let told = executor.reattach(&Bench::handle(1, 1)).unwrap();
    assert!(
        matches!(told, Reattached::Stopped(Exit::Stopped)),
        "{told:?}"
    );
    assert!(bench.root.join("asked").exists(), "it was asked first");
    for file in [leader, away] {
        assert!(!is_alive(pid_in(&file).unwrap()), "{}", file.display());
    }
    let record = fs::read_to_string(bench.attempt_dir(1, 1).join("exit")).unwrap();
    assert!(record.contains("\"stopped\""), "{record}");
    // and the same answer for ever
    let told = executor.reattach(&Bench::handle(1, 1)).unwrap();
    assert!(matches!(told, Reattached::Stopped(Exit::Stopped)));
}

#[test]
fn a_tool_that_had_ended_is_told_in_full() {
    let (_dir, bench) = bench();
    let at = bench.root.display();
    // the tool kills the program that runs it, and comes to its end before anybody can stop it
    let mut i = writing(&format!(
        "trap '' INT TERM; echo \"pw is $PW\"; echo result > \"$OUT\"; printf kept > file; \
         echo $$ > {at}/leader; while [ ! -e {at}/go ]; do sleep 0.02; done; echo last"
    ));
    i.stdout = Channel::Both(1000);
    i.env
        .insert("OUT".into(), EnvValue::Path(Place::private("out.json")));
    i.collect = vec![
        Collect::Read {
            name: "r".into(),
            at: Place::private("out.json"),
            max: 100,
        },
        Collect::Keep {
            name: "k".into(),
            at: Place::work("file"),
            sensitive: false,
        },
    ];
    let mut program = start(&bench, &i);
    until("the tool is at work", || {
        pid_in(&bench.root.join("leader")).is_some()
    });
    // frozen, it cannot take the answer; then it dies with the answer untold
    let id = Pid::from_raw(i32::try_from(program.id()).unwrap()).unwrap();
    kill_process(id, Sig::STOP).unwrap();
    fs::write(bench.root.join("go"), "").unwrap();
    let exit = bench.attempt_dir(1, 1).join("exit");
    until("the record of its end", || exit.exists());
    kill(program.id());
    program.wait().unwrap();

    // a plan in between does not take away what is needed
    let other = bench.executor();
    drop(bench.open(&other));
    let told = bench.executor().reattach(&Bench::handle(1, 1)).unwrap();
    let Reattached::Ended(got) = told else {
        panic!("{told:?}")
    };
    assert_eq!(got.code(), Some(0));
    assert_eq!(got.stdout(), b"pw is db-s3cr3t-value\nlast\n");
    assert_eq!(got.tail(), "pw is (secret)\nlast");
    assert_eq!(got.read("r").unwrap(), b"result\n");
    let Got::Exit { kept, .. } = *got else {
        panic!()
    };
    assert_eq!(kept["k"].size, 4);
    let log = fs::read_to_string(bench.attempt_dir(1, 1).join("log")).unwrap();
    assert_eq!(log, "pw is (secret)\nlast\n");
}

#[test]
fn when_everything_is_killed_the_outcome_is_unknown() {
    let (_dir, bench) = bench();
    let at = bench.root.display();
    let i = writing(&format!(
        "echo $$ > {at}/leader; sleep 1000; echo never > {at}/never"
    ));
    let program = start(&bench, &i);
    let leader = bench.root.join("leader");
    until("the tool is at work", || pid_in(&leader).is_some());
    kill(supervisor(&bench.attempt_dir(1, 1)));
    die(program);
    let tool = pid_in(&leader).unwrap();
    // whoever resumes ends what is still at work
    let told = bench.executor().reattach(&Bench::handle(1, 1)).unwrap();
    assert!(matches!(told, Reattached::Lost), "{told:?}");
    until("the tool is gone", || !is_alive(tool));
    assert!(!bench.root.join("never").exists());
}

#[test]
fn when_only_the_supervisor_is_killed_the_run_says_so_and_goes_on() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let leader = bench.root.join("leader");
    let i = writing(&format!("echo $$ > {}; sleep 1000", leader.display()));
    std::thread::scope(|scope| {
        let ran = scope.spawn(|| crate::bench::run(session.as_mut(), &i, 1));
        until("the tool is at work", || pid_in(&leader).is_some());
        kill(supervisor(&bench.attempt_dir(1, 1)));
        let error = ran.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("nobody knows"), "{error}");
    });
    let tool = pid_in(&leader).unwrap();
    until("the tool is gone", || !is_alive(tool));
    let (got, lines) = crate::bench::run(session.as_mut(), &sh("echo again"), 2).unwrap();
    assert_eq!((got.code(), lines), (Some(0), vec!["again".to_owned()]));
}

#[test]
fn after_a_restart_of_the_machine_nobody_knows_what_has_no_record() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    crate::bench::run(session.as_mut(), &writing("true"), 1).unwrap();
    drop(session);
    // the same life of the machine: its record would be there
    let told = |attempt| executor.reattach(&Bench::handle(attempt, 1)).unwrap();
    assert!(matches!(told(7), Reattached::NeverStarted));
    let env = bench.state_dir().join("runs/r1/dev");
    let generation = Bench::handle(1, 1).generation;
    fs::write(env.join(format!("life.{generation}")), "another life").unwrap();
    assert!(matches!(told(8), Reattached::Lost));
}

#[test]
fn what_was_never_started_is_told_so() {
    let (_dir, bench) = bench();
    let told = bench.executor().reattach(&Bench::handle(7, 1)).unwrap();
    assert!(matches!(told, Reattached::NeverStarted));
}

#[test]
fn private_folders_of_a_dead_program_are_removed_by_the_next() {
    let (_dir, bench) = bench();
    let place = bench.root.join("place");
    let mut i = sh(&format!("echo \"$P\" > {}; sleep 1000", place.display()));
    i.env.insert("P".into(), EnvValue::Path(Place::private("")));
    let program = start(&bench, &i);
    until("the tool is at work", || {
        fs::read_to_string(&place).is_ok_and(|t| t.ends_with('\n'))
    });
    let private = fs::read_to_string(&place).unwrap();
    let private = Path::new(private.trim());
    assert!(private.is_dir());
    die(program);
    let executor = bench.executor();
    let session = bench.open(&executor);
    assert!(!private.exists());
    drop(session);
}

#[test]
fn ending_an_orphan_leaves_the_same_handle_of_another_platform_alone() {
    let ((_a, one), (_b, two)) = (bench(), bench());
    let at = |bench: &Bench| bench.root.join("leader");
    let start_in = |bench: &Bench| {
        let i = writing(&format!("echo $$ > {}; sleep 1000", at(bench).display()));
        let program = start(bench, &i);
        until("the tool is at work", || pid_in(&at(bench)).is_some());
        program
    };
    let (dead, other) = (start_in(&one), start_in(&two));
    kill(supervisor(&one.attempt_dir(1, 1)));
    die(dead);
    one.executor().reattach(&Bench::handle(1, 1)).unwrap();
    until("the tool is gone", || !is_alive(pid_in(&at(&one)).unwrap()));
    assert!(
        is_alive(pid_in(&at(&two)).unwrap()),
        "it is of another platform"
    );
    die(other);
    two.executor().reattach(&Bench::handle(1, 1)).unwrap();
}
