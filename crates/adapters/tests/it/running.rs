//! What a tool sees, and what becomes of what it leaves.
use crate::{
    bench,
    bench::{Bench, run, secret},
    sh,
};
use std::{collections::BTreeMap, fs};
use strata_core::{
    digest::Digest,
    engine::{
        Arg, Channel, Collect, Content, Effect, EnvValue, Exit, Generated, Got, Invocation, Keep,
        Place, Recovery, Workspace,
    },
    executor::{Executor, ExecutorError},
    name::Address,
    value::{Number, OutputRef, Term, Value},
};

#[test]
fn output_exit_and_files_come_back() {
    let (_dir, bench) = bench();
    let mut i =
        sh("echo out; echo err >&2; echo '{\"x\":1}' > \"$PRIV\"; printf kept > file; exit 3");
    i.env.insert(
        "PRIV".into(),
        EnvValue::Path(Place::private("outputs.json")),
    );
    i.stdout = Channel::Both(100);
    i.collect = vec![
        Collect::Read {
            name: "o".into(),
            at: Place::private("outputs.json"),
            max: 100,
        },
        Collect::Keep {
            name: "k".into(),
            at: Place::work("file"),
            sensitive: false,
        },
        Collect::Keep {
            name: "none".into(),
            at: Place::work("none"),
            sensitive: false,
        },
    ];
    let (got, mut lines) = bench.run(&i);
    lines.sort();
    assert_eq!(lines, ["err", "out"]);
    assert_eq!(got.code(), Some(3));
    assert_eq!(got.stdout(), b"out\n");
    assert_eq!(got.read("o").unwrap(), b"{\"x\":1}\n");
    let Got::Exit { kept, .. } = got else {
        panic!()
    };
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["k"]);
    assert_eq!(kept["k"].digest, Digest::of(b"kept"));
    let log = fs::read_to_string(bench.attempt_dir(1, 1).join("log")).unwrap();
    assert_eq!(log.lines().count(), 2);
}

#[test]
fn the_environment_is_clean() {
    let (_dir, bench) = bench();
    let ours: BTreeMap<String, String> = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/h"),
        ("https_proxy", "http://p:1"),
        ("EDITOR", "vi"),
        ("AWS_PROFILE", "x"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    let executor = bench.executor_with(ours);
    let mut spec = bench.spec();
    spec.passthrough = vec![strata_core::need::Passed::named("AWS_PROFILE")];
    spec.env
        .insert("N".into(), Term::Number(Number("1.10".into())));
    spec.env
        .insert("LIST".into(), Term::List(vec![Term::Bool(true)]));
    spec.env.insert("HOME".into(), Term::Null);
    spec.secret_files
        .insert("KUBECONFIG".into(), secret("kube"));
    let (mut session, _) = executor.open(spec).unwrap();
    let mut i = sh("env | sort; cat \"$KUBECONFIG\" | wc -c; stat -c %a \"$KUBECONFIG\"; pwd");
    i.env
        .insert("STATE".into(), EnvValue::Path(Place::state("")));
    i.env.insert(
        "JOINED".into(),
        EnvValue::Term(Term::Text(vec![Term::String("a=".into()), secret("b")])),
    );
    let (_, lines) = run(session.as_mut(), &i, 1).unwrap();
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|l| Some(l.split_once('=')?.0))
        .collect();
    let want = [
        "AWS_PROFILE",
        "JOINED",
        "KUBECONFIG",
        "LIST",
        "N",
        "PATH",
        "PWD",
        "STATE",
        "STRATA_HANDLE",
        "https_proxy",
    ];
    assert_eq!(
        names
            .iter()
            .filter(|n| !["_", "SHLVL", "OLDPWD"].contains(n))
            .collect::<Vec<_>>(),
        want.iter().collect::<Vec<_>>()
    );
    for line in ["N=1.10", "LIST=[true]", "JOINED=a=(secret)", "17", "600"] {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:?}");
    }
    // no other platform of the machine has this mark
    let mark = |l: &&String| l.starts_with("STRATA_HANDLE=r1/dev/a#1.1@");
    assert_eq!(lines.iter().filter(mark).count(), 1);
    let state = format!("STATE={}", bench.state_dir().join("state/dev/a").display());
    assert!(lines.contains(&state));
    let cwd = bench.state_dir().join("work/dev/a/layers/a");
    assert_eq!(lines.last().unwrap(), &cwd.display().to_string());
}

#[test]
fn generated_files_hold_what_terms_say() {
    let (_dir, bench) = bench();
    let artifact =
        strata_core::store::Store::put_blob(bench.store.as_ref(), b"image", false).unwrap();
    let reference = Term::Map(BTreeMap::from([
        (
            "strata-artifact".to_owned(),
            Term::String(artifact.digest.to_string()),
        ),
        ("file".to_owned(), Term::String("x.qcow2".into())),
    ]));
    let json = Term::Map(BTreeMap::from([
        ("image".to_owned(), reference),
        ("pw".to_owned(), secret("db")),
        ("n".to_owned(), Term::Number(Number("1.10".into()))),
    ]));
    let file = |at, content| Generated {
        at,
        content,
        mode: 0o600,
    };
    let mut spec = bench.spec();
    spec.workspace = Workspace {
        generated: vec![
            file(Place::private("inputs.json"), Content::Json(json.clone())),
            file(Place::private("key"), Content::Term(secret("ssh"))),
            file(
                Place::work("deep/override.tf"),
                Content::Text("text".into()),
            ),
            file(Place::private("plan"), Content::Artifact(artifact)),
        ],
        keep: vec![],
        shared: None,
        root: String::new(),
        beside: vec![],
    };
    let executor = bench.executor();
    let (mut session, _) = executor.open(spec).unwrap();
    let mut i = sh(
        "cat \"$P/inputs.json\" \"$P/key\" deep/override.tf \"$P/plan\"; stat -c %a \"$P\" \"$P/key\" >&2",
    );
    i.env.insert("P".into(), EnvValue::Path(Place::private("")));
    i.stdout = Channel::Answer(10_000);
    let (got, lines) = run(session.as_mut(), &i, 1).unwrap();
    let blob = bench.store.blobs.join(Digest::of(b"image").to_string());
    let want = format!(
        "{{\"image\":\"{}\",\"n\":1.10,\"pw\":\"db-s3cr3t-value\"}}ssh-s3cr3t-valuetextimage",
        blob.display()
    );
    assert_eq!(String::from_utf8_lossy(got.stdout()), want);
    assert_eq!(lines, ["700", "600"]);

    let mut spec = bench.spec();
    spec.workspace.generated = vec![file(Place::work("open.json"), Content::Json(json))];
    drop(session);
    let opened = executor.open(spec).map(|_| ());
    assert!(
        opened
            .unwrap_err()
            .to_string()
            .contains("would not be private")
    );
}

#[test]
fn what_is_not_known_never_reaches_a_tool() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let filled_by = OutputRef {
        unit: Bench::unit(),
        path: vec!["id".into()],
    };
    let mut spec = bench.spec();
    spec.env.insert(
        "X".into(),
        Term::Hole {
            ty: strata_core::ty::Type::Any,
            filled_by,
        },
    );
    let opened = executor.open(spec).map(|_| ());
    assert!(matches!(opened, Err(ExecutorError::Open(o)) if o == "dev/a.id"));
    let mut spec = bench.spec();
    spec.env.insert("X".into(), secret("missing"));
    let opened = executor.open(spec).map(|_| ());
    assert!(matches!(opened, Err(ExecutorError::Secret(_))));
}

#[test]
fn a_program_that_cannot_start_is_explained() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let cases = [
        ("no-such-program-at-all", "is not on PATH"),
        ("./plain.txt", "is not executable"),
        ("./none.sh", "does not exist in the work folder"),
        ("./broken.sh", "interpreter"),
    ];
    for (n, (program, says)) in (1..).zip(cases) {
        let mut i = Invocation::new("test", program, []);
        i.effect = Effect::Writes(Recovery::Rerun);
        let (got, _) = run(session.as_mut(), &i, n).unwrap();
        let Got::Exit {
            exit: Exit::NotStarted(why),
            ..
        } = got
        else {
            panic!("{got:?}")
        };
        assert!(why.contains(says) && why.contains(program), "{why}");
    }
    let work = bench.state_dir().join("work/dev/a/layers/a");
    fs::write(work.join("raw"), "no first line").unwrap();
    std::os::unix::fs::symlink("raw", work.join("bin")).unwrap();
    let i = Invocation::new("test", "/bin/sh", ["-c".into(), "chmod +x raw".into()]);
    run(session.as_mut(), &i, 8).unwrap();
    let (got, _) = run(session.as_mut(), &Invocation::new("test", "./raw", []), 9).unwrap();
    let Got::Exit {
        exit: Exit::NotStarted(why),
        ..
    } = got
    else {
        panic!("{got:?}")
    };
    assert!(why.contains("#!/usr/bin/env bash"), "{why}");
}

#[test]
fn a_kept_folder_is_there_again_and_the_rest_is_not() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let open = |key: &str| {
        let mut spec = bench.spec();
        spec.workspace.keep = vec![Keep {
            path: ".terraform".into(),
            key: Digest::of(key.as_bytes()),
        }];
        executor.open(spec).unwrap()
    };
    let kept = |got: Got| match got {
        Got::Open { kept } => kept,
        other => panic!("{other:?}"),
    };
    let (mut session, got) = open("1");
    assert!(kept(got).is_empty());
    run(
        session.as_mut(),
        &sh("mkdir .terraform junk; echo x > .terraform/f; echo edited > plain.txt"),
        1,
    )
    .unwrap();
    drop(session);
    let (mut session, got) = open("1");
    assert_eq!(kept(got), [".terraform"]);
    let (_, lines) = run(
        session.as_mut(),
        &sh("cat .terraform/f plain.txt; ls -d junk"),
        2,
    )
    .unwrap();
    assert_eq!(lines[..2], ["x", "plain"]);
    assert!(lines[2].contains("No such file"));
    drop(session);
    let (_session, got) = open("2");
    assert!(kept(got).is_empty());
    assert!(
        !bench
            .state_dir()
            .join("work/dev/a/layers/a/.terraform")
            .exists()
    );
}

#[test]
fn a_lot_of_output_and_long_lines_are_no_problem() {
    let (_dir, bench) = bench();
    let mut i = sh("seq 1 200000; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end");
    i.stdout = Channel::Both(1000);
    let (got, lines) = bench.run(&i);
    assert_eq!(lines.len(), 200_002);
    assert_eq!(lines[199_999], "200000");
    assert!(lines[200_000].ends_with("(cut)") && lines[200_001] == "end");
    assert_eq!(got.stdout().len(), 1000);
    assert!(got.tail().ends_with("end"));
}

#[test]
fn standard_input_is_empty() {
    let (_dir, bench) = bench();
    let (got, lines) = bench.run(&sh("cat; echo done"));
    assert_eq!((got.code(), lines), (Some(0), vec!["done".to_owned()]));
}

#[test]
fn forget_removes_what_is_kept() {
    let (_dir, bench) = bench();
    let executor = bench.executor();
    let mut session = bench.open(&executor);
    let mut i = sh("echo x > \"$S/f\"");
    i.env.insert("S".into(), EnvValue::Path(Place::state("")));
    run(session.as_mut(), &i, 1).unwrap();
    drop(session);
    assert!(bench.state_dir().join("state/dev/a/f").exists());
    executor.forget(&Bench::unit()).unwrap();
    assert!(!bench.state_dir().join("state/dev/a").exists());
    assert_eq!(
        fs::read_dir(bench.state_dir().join("work/dev"))
            .unwrap()
            .count(),
        0
    );
    executor.forget(&Bench::unit()).unwrap();
}

#[test]
fn arguments_are_given_as_they_are() {
    let (_dir, bench) = bench();
    let args = ["a b", "$HOME", "'", "", "*"].map(|a| Arg::Text(a.to_owned()));
    let mut all: Vec<Arg> = vec!["%s|".into()];
    all.extend(args);
    all.push(Arg::Joined("-out=".into(), Place::work("x")));
    let (_, lines) = bench.run(&Invocation::new("test", "printf", all));
    let x = bench.state_dir().join("work/dev/a/layers/a/x");
    assert_eq!(lines, [format!("a b|$HOME|'||*|-out={}|", x.display())]);
    assert_eq!(Value::from("x").as_str(), Some("x"));
}

#[test]
fn what_sessions_share_is_used_by_one_at_a_time() {
    let (_dir, bench) = bench();
    // each finds the folder gone and leaves it gone
    let mut i = sh(
        "mkdir -p \"$SHARED\" && mkdir \"$SHARED/taken\" && sleep 0.02 && rmdir \"$SHARED/taken\"",
    );
    i.env
        .insert("SHARED".to_owned(), EnvValue::Path(Place::cache("shared")));
    i.alone_with = Some(Place::cache("shared"));
    let codes: Vec<Option<i32>> = std::thread::scope(|s| {
        let one = |n: u32| {
            let (bench, i) = (&bench, &i);
            s.spawn(move || {
                // an executor of its own, as another process has
                let executor = bench.executor();
                let mut spec = bench.spec();
                spec.unit = Address::new("dev", format!("u{n}"));
                let (mut session, _) = executor.open(spec).unwrap();
                let (got, _) = run(session.as_mut(), i, n).unwrap();
                got.code()
            })
        };
        let all: Vec<_> = (1..9).map(one).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(codes, [Some(0); 8]);
}
