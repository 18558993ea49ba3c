//! Verifiers for real: a command, a server on the loop-back, a scan of two rules.
use crate::bench::{Bench, options};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::Command,
};
use strata_core::{
    engine::{Failure, Finding, Report, Task, Tool, Verb},
    spec::UnitSpec,
    value::{Term, Value},
};

const XCCDF: &str = include_str!("scap/xccdf.xml");
const OVAL: &str = include_str!("scap/oval.xml");

fn bench(files: &[(&str, &str)]) -> Bench {
    Bench::new("verify", Tool::default(), files)
}

fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    assert!(
        there || std::env::var_os("STRATA_REQUIRE_TOOLS").is_none(),
        "{program} is required"
    );
    if !there {
        eprintln!("skipped: {program} is not there");
    }
    there
}

fn task(bench: &Bench, entry: &str) -> Task {
    let value: Value = serde_json::from_str(entry).unwrap();
    let spec = UnitSpec {
        verify: vec![value.into()],
        ..UnitSpec::default()
    };
    bench.task(Verb::Verify, &spec, r#"{"port": 1}"#)
}

fn report(bench: &Bench, name: &str, entry: &str) -> Report {
    match bench.run(name, &task(bench, entry)) {
        Finding::Verified(report) => report,
        other => panic!("{other:?}"),
    }
}

fn failure(bench: &Bench, entry: &str) -> Failure {
    match bench.run("", &task(bench, entry)) {
        Finding::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_says_whether_it_is_so() {
    let bench = bench(&[(
        "t.sh",
        "#!/bin/sh\ngrep -q '\"url\"' $STRATA_RECORDED || { echo no url; exit 1; }\necho fine\n",
    )]);
    let entry = r#"{"command": ["./t.sh"]}"#;
    let no = report(&bench, "verify-command", entry);
    assert_eq!((no.ok, no.summary.as_str()), (false, "exit code 1: no url"));
    let mut with = task(&bench, entry);
    with.recorded = options(r#"{"url": "x"}"#);
    let Finding::Verified(yes) = bench.run("", &with) else {
        panic!()
    };
    assert_eq!((yes.ok, yes.summary.as_str()), (true, "fine"));
    assert!(
        failure(&bench, r#"{"command": ["./gone.sh"]}"#)
            .summary
            .starts_with("the verifier could not be started")
    );
}

#[test]
fn a_command_can_have_variables_and_private_files_of_its_own() {
    let bench = bench(&[(
        "t.sh",
        "#!/bin/sh\n[ \"$(stat -c %a \"$KEY\")\" = 600 ] || { echo open; exit 1; }\necho \"$GREETING $1 $(cat \"$KEY\")\"\n",
    )]);
    let entry = r#"{"command": {"run": ["./t.sh", "you"], "env": {"GREETING": "hello"}, "files": {"KEY": "inside"}}}"#;
    let said = report(&bench, "", entry);
    assert_eq!((said.ok, said.summary.as_str()), (true, "hello you inside"));
}

#[test]
fn an_entry_that_cannot_be_meant_is_refused() {
    let why = |entry: &str| failure(&bench(&[]), entry).summary;
    assert_eq!(
        why(r#"{"command": {"env": {}}}"#),
        "verifier 1: `command` needs `run`: a program and its arguments"
    );
    assert_eq!(
        why(r#"{"command": {"run": ["t"], "files": {"A=B": "x"}}}"#),
        "verifier 1: `A=B` of `command.files` is no name of a variable"
    );
    assert_eq!(
        why(r#"{"htp": {}}"#),
        "verifier 1: there is no verifier `htp`; there are `command`, `http` and `openscap`"
    );
    assert_eq!(
        why(r#"{"http": {"url": "file:///etc/passwd"}}"#)
            .split(';')
            .next()
            .unwrap(),
        "verifier 1: `http.url` has to begin with `http://` or `https://`"
    );
    assert_eq!(
        why(r#"{"openscap": {"profile": "x"}}"#),
        "verifier 1: `openscap` needs `root` or `archive`"
    );
    assert_eq!(
        why(r#"{"openscap": {"profile": "x", "root": "/r"}}"#),
        "verifier 1: `openscap` needs `min-score` or `fail-on`, or it could never fail"
    );
    let spec = |json: &str| UnitSpec {
        verify: vec![Term::from(serde_json::from_str::<Value>(json).unwrap())],
        ..UnitSpec::default()
    };
    let problems =
        strata_engines::verify::problems(&spec(r#"{"http": {"url": "http://x", "statsu": 1}}"#));
    assert_eq!(problems[0].message, "`http` has no key `statsu`");
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `status`?"));
}

/// Answers with these statuses and bodies, one after the other, the last one again and again.
fn server(answers: &'static [(u16, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|l| !l.is_empty()))
            {}
            let (status, body) = answers[n.min(answers.len() - 1)];
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    port
}

#[test]
fn a_server_is_waited_for_and_its_answer_is_read() {
    if !has("curl") {
        return;
    }
    let bench = bench(&[]);
    let entry = |port: u16, more: &str| {
        format!(
            r#"{{"http": {{"url": "http://web.test:{port}/", "resolve": ["web.test:{port}:127.0.0.1"], {more}}}}}"#
        )
    };
    let port = server(&[(503, "starting"), (200, "not yet"), (200, "hello")]);
    let yes = report(
        &bench,
        "verify-http",
        &entry(port, r#""within": "60s", "contains": "hello""#),
    );
    assert!(yes.ok, "{yes:?}");
    assert_eq!(
        bench.seen.borrow().labels,
        ["http", "wait", "http"],
        "errors are retried by curl, wrong bodies by us"
    );
    let port = server(&[(404, "")]);
    let no = report(
        &bench,
        "verify-http-wrong",
        &entry(port, r#""status": 200"#),
    );
    assert!(
        !no.ok && no.summary.ends_with("answered 404, not 200"),
        "{no:?}"
    );
    assert!(report(&bench, "", &entry(server(&[(404, "")]), r#""status": 404"#)).ok);
    let nobody = report(&bench, "", r#"{"http": {"url": "http://127.0.0.1:1/"}}"#);
    assert!(
        !nobody.ok && nobody.summary.contains("Failed to connect"),
        "{nobody:?}"
    );
}

#[test]
fn a_scan_is_judged_by_score_severity_and_waivers() {
    if !has("oscap") {
        return;
    }
    let bench = bench(&[
        ("scap/xccdf.xml", XCCDF),
        ("scap/oval.xml", OVAL),
        ("tree/etc/motd", "hi\n"),
    ]);
    let entry = |more: &str| {
        format!(
            r#"{{"openscap": {{"profile": "standard", "datastream": "scap/xccdf.xml", "root": "tree", {more}}}}}"#
        )
    };
    let half = report(&bench, "verify-openscap", &entry(r#""min-score": 50"#));
    assert!(half.ok && half.report.is_some(), "{half:?}");
    assert_eq!(half.detail, ["fail (low): issue"]);
    assert!(!report(&bench, "", &entry(r#""min-score": 51"#)).ok);
    assert!(report(&bench, "", &entry(r#""fail-on": "medium""#)).ok);
    assert!(!report(&bench, "", &entry(r#""fail-on": "low""#)).ok);

    let waived = |expires: &str| {
        entry(&format!(
            r#""fail-on": "low", "waive": [{{"rule": "issue", "reason": "no console", "expires": "{expires}"}}]"#
        ))
    };
    let today = report(&bench, "verify-openscap-waived", &waived("2999-12-31"));
    assert!(today.ok, "{today:?}");
    assert_eq!(today.detail, ["waived until 2999-12-31: issue: no console"]);
    let late = report(&bench, "", &waived("2020-01-01"));
    assert!(
        !late.ok && late.detail.contains(&"waiver expired: issue".to_owned()),
        "{late:?}"
    );
    let why = failure(
        &bench,
        &entry(r#""fail-on": "low", "waive": [{"rule": "issue"}]"#),
    )
    .summary;
    assert_eq!(why, "verifier 1: `waive` needs `reason`");
}

#[test]
fn a_packed_tree_is_unpacked_scanned_and_removed() {
    if !has("oscap") || !has("tar") || !has("zstd") {
        return;
    }
    let bench = bench(&[
        ("scap/xccdf.xml", XCCDF),
        ("scap/oval.xml", OVAL),
        ("tree/etc/motd", "hi\n"),
    ]);
    let (tree, archive) = (bench.path("source/tree"), bench.path("state/tree.tar.zst"));
    let packed = Command::new("tar")
        .arg("--zstd")
        .arg("-cf")
        .arg(&archive)
        .arg("-C")
        .arg(tree)
        .arg(".")
        .status();
    assert!(packed.unwrap().success());
    let entry = format!(
        r#"{{"openscap": {{"profile": "standard", "datastream": "./scap/xccdf.xml", "archive": "{}", "min-score": 50}}}}"#,
        archive.display()
    );
    assert!(report(&bench, "", &entry).ok);
    assert_eq!(bench.seen.borrow().labels, ["unpack", "oscap", "remove"]);
    assert!(!bench.path("work/.strata-scan").exists());
}

#[test]
fn the_content_is_found_by_the_tree_itself() {
    if !has("oscap") {
        return;
    }
    let os = "ID=debian\nVERSION_ID=\"99\"\n";
    let bench = bench(&[("tree/etc/os-release", os)]);
    let why = failure(
        &bench,
        r#"{"openscap": {"profile": "standard", "root": "tree", "min-score": 1}}"#,
    )
    .summary;
    assert_eq!(bench.seen.borrow().labels, ["os-release", "oscap"]);
    assert!(why.contains("ssg-debian99-ds.xml"), "{why}");
}
