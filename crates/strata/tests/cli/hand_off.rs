//! Steps that people do: the run does everything else, waits without holding anything, and goes on.
use crate::sandbox::{SAY, Sandbox, saying};
use std::fs;

fn platform() -> Sandbox {
    Sandbox::new(&[
        (
            "layers/base/budget/component.yaml",
            "engine: hand-off\noutputs: {account: string, limit: number, token: {type: string, sensitive: true}}\nhand-off: {owner: finance@example.org, lead-time: 10d, ask: 'Open the account.'}\n",
        ),
        (
            "layers/middle/child/component.yaml",
            &saying("'${{ budget.outputs.account }}'"),
        ),
        ("layers/middle/child/say.sh", SAY),
        ("layers/top/other/component.yaml", &saying("x")),
        ("layers/top/other/say.sh", SAY),
    ])
}

#[test]
fn a_hand_off_stops_what_depends_on_it_and_resume_goes_on() {
    let s = platform();
    s.ends(4, &["apply", "dev", "--yes"])
        .says("finance@example.org");
    assert_eq!(s.ledger(), ["dev/other"]);
    let owed = s.ends(0, &["hand-off", "list", "--format", "json"]).json();
    assert_eq!(owed[0]["unit"], "dev/budget");
    assert_eq!(owed[0]["state"], "owed");
    assert_eq!(owed[0]["owner"], "finance@example.org");
    s.ends(4, &["resume"]);

    let token = s.beside("token");
    fs::write(&token, "very-private-token\n").expect("a file");
    let token = format!("token={}", token.display());
    let evidence = s.beside("letter");
    fs::write(&evidence, "signed").expect("a file");
    let evidence = evidence.to_str().expect("a path as text").to_owned();
    let done = s.ends(
        0,
        &[
            "hand-off",
            "done",
            "dev/budget",
            "--output",
            "account=111",
            "--output",
            "limit=500",
            "--output-from",
            &token,
            "--evidence",
            &evidence,
        ],
    );
    done.never_says("very-private-token");
    s.ends(0, &["resume"]);
    assert_eq!(s.ledger(), ["dev/other", "dev/child"]);
    assert_eq!(s.outputs("dev/child")["said"], "111");
    assert_eq!(s.outputs("dev/budget")["limit"], 500);
    assert_eq!(s.outputs("dev/budget")["token"], "very-private-token");
    s.ends(5, &["outputs", "dev/budget", "token"]);
    s.ends(0, &["outputs", "dev"])
        .never_says("very-private-token");
    assert!(s.stored_with("very-private-token").is_empty());
    let again = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_refused() {
    let s = platform();
    s.ends(4, &["apply", "dev", "--yes"]);
    let done = |more: &[&str]| {
        let mut args = vec!["hand-off", "done", "dev/budget"];
        args.extend(more);
        s.ends(2, &args)
    };
    done(&["--output", "account=111"])
        .says("limit")
        .says("token");
    done(&["--output", "acount=111"])
        .says("acount")
        .says("account");
    done(&["--output", "limit=lots"])
        .says("limit")
        .says("number");
    let clear = "token=clear-on-the-command-line";
    s.ends(5, &["hand-off", "done", "dev/budget", "--output", clear])
        .says("--output-from");
    s.ends(2, &["hand-off", "done", "dev/other"])
        .says("not a hand-off");
    assert_eq!(s.state("dev/budget"), "not applied");
    assert!(s.stored_with("clear-on-the-command-line").is_empty());
}

#[test]
fn an_answer_before_the_first_apply_counts() {
    let s = Sandbox::new(&[
        (
            "layers/base/budget/component.yaml",
            "engine: hand-off\noutputs: {account: string}\nhand-off: {owner: finance@example.org, ask: 'Open it.'}\n",
        ),
        (
            "layers/middle/child/component.yaml",
            &saying("'${{ budget.outputs.account }}'"),
        ),
        ("layers/middle/child/say.sh", SAY),
    ]);
    s.ends(
        0,
        &["hand-off", "done", "dev/budget", "--output", "account=7"],
    );
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/child")["said"], "7");
}

#[test]
fn an_answer_that_is_too_old_is_asked_for_again_and_not_taken_for_unchanged() {
    let s = Sandbox::new(&[(
        "layers/base/budget/component.yaml",
        "engine: hand-off\noutputs: {account: string}\nhand-off: {owner: finance@example.org, expires: 1ms, ask: 'Open the account.'}\n",
    )]);
    s.ends(4, &["apply", "dev", "--yes"]);
    s.ends(
        0,
        &["hand-off", "done", "dev/budget", "--output", "account=111"],
    );
    s.ends(0, &["resume"]);
    s.ends(0, &["plan", "dev", "--out", "p"]).says("expired");
    // also by another process than the one that planned
    s.ends(4, &["apply", "dev", "p", "--yes"])
        .says("finance@example.org");
}
