//! Policy from the command line: what it sees, what it says, and what it stops.
use crate::sandbox::{SAY, Sandbox, saying};

const WORDS: &str = "package main
deny_word contains {\"msg\": msg, \"ticket\": \"P-1\"} if {
  input.unit.inputs.word == \"bad\"
  msg := sprintf(\"%v says a bad word\", [input.unit.address])
}
warn contains \"a long word\" if count(input.unit.inputs.word) > 8
";

fn sandbox(word: &str, policy: &str) -> Sandbox {
    Sandbox::new(&[
        ("layers/base/a/component.yaml", &saying(word)),
        ("layers/base/a/say.sh", SAY),
        ("policy/main.rego", policy),
    ])
}

#[test]
fn a_denial_stops_check_plan_and_apply_with_5() {
    let s = sandbox("bad", WORDS);
    for args in [
        &["check"][..],
        &["plan", "dev"],
        &["plan", "dev", "--out", "p"],
        &["apply", "dev", "--yes"],
    ] {
        s.ends(5, args)
            .says("dev/a: dev/a says a bad word (data.main.deny_word) [policy::deny]")
            .says("layers/base/a/component.yaml")
            .says("policy/main.rego:2")
            .says("denied by this rule")
            .says("ticket: P-1")
            .says("policy denies this: 1 finding");
    }
    assert!(s.ledger().is_empty() && !s.root().join("p").exists());
    s.edit("layers/base/a/component.yaml", "word: bad", "word: good");
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
}

#[test]
fn a_warning_is_said_and_stops_nothing() {
    let s = sandbox("extraordinary", WORDS);
    s.ends(0, &["check"])
        .says("a long word (data.main.warn) [policy::warn]");
    let plan = s.ends(0, &["plan", "dev"]);
    assert_eq!(
        plan.err.matches("dev/a: a long word").count(),
        1,
        "{}",
        plan.err
    );
    let apply = s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(apply.err.matches("dev/a: a long word").count(), 1);
    s.ends(0, &["plan", "dev"]).never_says("a long word");
}

#[test]
fn rules_see_what_a_plan_would_do() {
    let policy = "package main
import rego.v1
deny contains msg if {
  input.kind == \"plan\"
  some change in input.step.changes
  change.action == \"run\"
  msg := sprintf(\"%v: %v is %v\", [change.object, change.action, input.step.fidelity])
}
";
    let s = sandbox("good", policy);
    s.ends(0, &["check"]);
    s.ends(5, &["plan", "dev"])
        .says("will run")
        .says("is opaque");
    s.ends(5, &["apply", "dev", "--yes"]);
    assert!(s.ledger().is_empty());
    let input = s.ends(0, &["policy", "input", "dev/a", "--plan"]).json();
    assert_eq!(input["kind"], "plan");
    assert_eq!(input["step"]["basis"], "exact");
    assert_eq!(input["step"]["changes"][0]["action"], "run");
    assert_eq!(input["step"]["worst"], "run");
}

#[test]
fn what_was_planned_before_a_policy_came_is_asked_again() {
    let s = sandbox("bad", "package main\n");
    s.ends(0, &["plan", "dev", "--out", "p"]);
    s.write("policy/main.rego", WORDS);
    s.ends(5, &["apply", "dev", "p", "--yes"])
        .says("says a bad word");
    assert!(s.ledger().is_empty());
}

#[test]
fn a_deferred_unit_is_asked_about_at_its_turn() {
    let policy = "package main
deny contains \"loud\" if {
  input.kind == \"plan\"
  input.unit.name == \"b\"
  input.step.basis == \"exact\"
  input.unit.inputs.word == \"LOUD\"
}
";
    let s = sandbox("LOUD", policy);
    s.write(
        "layers/middle/b/component.yaml",
        &saying("'${{ a.outputs.said }}'"),
    );
    s.write("layers/middle/b/say.sh", SAY);
    s.ends(0, &["plan", "dev"]).says("deferred");
    s.ends(5, &["apply", "dev", "--yes"])
        .says("denied by policy: loud (data.main.deny)")
        .says("[policy::deny]");
    assert_eq!(s.ledger(), ["dev/a"]);
    // now it is known before anything runs
    s.ends(5, &["plan", "dev"]).says("loud");
}

#[test]
fn rules_never_see_a_secret() {
    let quiet = "#!/bin/sh\nprintf '{\"said\": \"made-0815\"}' > \"$STRATA_OUTPUTS\"\n";
    let s = Sandbox::new(&[
        (
            "layers/base/a/component.yaml",
            "engine: script\ninputs: {word: '${{ secret(\"env:PW\") }}', made: '${{ secret(\"generate:x\") }}', text: 'pw=${{ secret(\"env:PW\") }}'}\noutputs: {said: {type: string, sensitive: true}}\nscript: {apply: [./say.sh]}\n",
        ),
        ("layers/base/a/say.sh", quiet),
        (
            "layers/middle/b/component.yaml",
            &saying("'${{ a.outputs.said }}'"),
        ),
        ("layers/middle/b/say.sh", quiet),
        (
            "policy/main.rego",
            "package main\nwarn contains sprintf(\"%v %v\", [input.unit.address, input.unit.inputs])\n",
        ),
    ]);
    let run = |args: &[&str]| {
        let output = s.command(args).env("PW", "hunter2-4711").output();
        crate::sandbox::Done::of(&output.expect("strata starts"))
    };
    let input = run(&["policy", "input", "dev/a"]);
    let json = input.json();
    assert_eq!(json["unit"]["inputs"]["word"]["$secret"]["key"], "PW");
    assert_eq!(json["unit"]["inputs"]["text"]["$text"][0], "pw=");
    assert_eq!(
        json["unit"]["declares"]["outputs"]["said"]["sensitive"],
        true
    );
    for args in [
        &["check"][..],
        &["plan", "dev"],
        &["policy", "input", "dev/a", "--plan"],
        &["apply", "dev", "--yes"],
        &["policy", "input", "dev/b", "--plan"],
    ] {
        let done = run(args);
        assert_eq!(done.code, 0, "{}", done.all());
        done.never_says("hunter2-4711").never_says("made-0815");
    }
    let after = run(&["policy", "input", "dev/b", "--plan"]).json();
    assert_eq!(
        after["unit"]["inputs"]["word"]["$secret"]["store"],
        "output"
    );
}

#[test]
fn what_is_not_known_is_marked() {
    let s = sandbox("good", "package main\n");
    s.write(
        "layers/middle/b/component.yaml",
        &saying("'${{ a.outputs.said }}'"),
    );
    s.write("layers/middle/b/say.sh", SAY);
    let word = |plan: bool| {
        let args = ["policy", "input", "dev/b", "--plan"];
        let json = s.ends(0, &args[..if plan { 4 } else { 3 }]).json();
        json["unit"]["inputs"]["word"].clone()
    };
    assert_eq!(word(false)["$unknown"]["output"], "dev/a.said");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(word(true), "good");
    s.ends(2, &["policy", "input", "dev/bb"])
        .says("did you mean `dev/b`?");
}

#[test]
fn rules_about_the_whole_platform_name_a_unit() {
    let policy = "package platform.words
deny contains {\"msg\": \"too many\", \"unit\": input.units[0].address} if count(input.units) > 1
";
    let s = sandbox("good", policy);
    s.ends(0, &["check"]);
    s.write("layers/middle/b/component.yaml", &saying("good"));
    s.write("layers/middle/b/say.sh", SAY);
    s.ends(5, &["check"])
        .says("dev/a: too many (data.platform.words.deny)");
    s.ends(5, &["apply", "dev", "--yes"]);
    assert!(s.ledger().is_empty());
}

#[test]
fn policies_that_are_wrong_let_nothing_pass() {
    let s = sandbox(
        "good",
        "package main\ndeny contains msg if {\n  msg := \n}\n",
    );
    s.write("policy/data.yaml", "- 1\n");
    for args in [&["check"][..], &["plan", "dev"], &["apply", "dev", "--yes"]] {
        s.ends(3, args)
            .says("[policy::syntax]")
            .says("policy/main.rego:3")
            .says("[policy::data]")
            .says("policy/data.yaml");
    }
    s.ends(3, &["policy", "test"]).says("no test was run");
    assert!(s.ledger().is_empty());
}

#[test]
fn exceptions_are_shown_and_data_is_read() {
    let s = sandbox(
        "bad",
        &format!("{WORDS}exception contains [\"word\"] if input.unit.name in data.excepted\n"),
    );
    s.write("policy/lists/excepted.yaml", "excepted: [a]\n");
    s.ends(0, &["check"])
        .says("note: dev/a: dev/a says a bad word")
        .says("[policy::exception]");
    s.ends(0, &["apply", "dev", "--yes"]);
    let json = s.ends(0, &["check", "--format", "json"]).json();
    assert_eq!(json["diagnostics"][0]["code"], "policy::exception");
}

#[test]
fn tests_of_policies_run() {
    let s = sandbox("good", WORDS);
    let tests = |bad: &str| {
        format!(
            "package main\ntest_bad if count(deny_word) == {bad} with input as {{\"unit\": {{\"address\": \"x\", \"inputs\": {{\"word\": \"bad\"}}}}}}\ntest_good if {{\n  print(\"looked\")\n  count(deny_word) == 0 with input as {{}}\n}}\ntodo_test_more if false\n"
        )
    };
    s.ends(0, &["policy", "test"]).says("0 tests: 0 passed");
    s.write("policy/main_test.rego", &tests("1"));
    s.ends(0, &["check"]);
    s.ends(0, &["policy", "test"])
        .says("3 tests: 2 passed, 1 skipped")
        .never_says("test_good");
    s.ends(0, &["policy", "test", "-v"])
        .says("passed   data.main.test_good  policy/main_test.rego:3")
        .says("looked");
    s.write("policy/main_test.rego", &tests("2"));
    s.ends(10, &["policy", "test"])
        .says("failed   data.main.test_bad  policy/main_test.rego:2");
    let json = s.ends(10, &["policy", "test", "--format", "json"]).json();
    assert_eq!((&json["failed"], &json["passed"]), (&1.into(), &1.into()));
    assert_eq!(json["tests"][0]["verdict"], "failed");
    // what stands in tests is asked of nothing else
    s.write("policy/x_test.rego", "package x\ndeny contains \"never\"\n");
    s.ends(0, &["check"]);
}

#[test]
fn a_denial_stops_a_destroy_also_of_what_is_in_no_file_any_more() {
    let policy = "package main
deny contains msg if {
  input.kind == \"plan\"
  input.step.verb == \"destroy\"
  some change in input.step.changes
  change.action == \"delete\"
  input.unit.inputs.word != \"good\"
  msg := sprintf(\"%v of layer %v, engine %v, environment %v\", [input.unit.inputs.word, input.unit.layer.name, input.unit.engine, input.environment.name])
}
";
    let s = sandbox("gold", policy);
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    // it is asked about what was applied, whatever the files say now
    s.edit("layers/base/a/component.yaml", "word: gold", "word: good");
    s.ends(5, &["destroy", "dev", "--yes"])
        .says("will be destroyed")
        .says("dev/a: gold of layer base, engine script, environment dev (data.main.deny) [policy::deny]")
        .says("policy denies this: 1 finding");
    assert_eq!(s.ledger(), ["dev/a"]);
    // an orphan is in no file
    std::fs::remove_dir_all(s.root().join("layers/base/a")).expect("it was there");
    s.ends(5, &["destroy", "dev", "--orphans", "--yes"])
        .says("dev/a: gold of layer base, engine script, environment dev");
    // policies that are wrong let nothing pass
    s.write(
        "policy/main.rego",
        "package main\ndeny contains msg if {\n  msg := \n}\n",
    );
    s.ends(3, &["destroy", "dev", "--yes"])
        .says("[policy::syntax]");
    // an exception is a way out that is seen
    s.write(
        "policy/main.rego",
        &policy.replace("deny contains", "deny_gold contains"),
    );
    s.write(
        "policy/except.rego",
        "package main\nexception contains [\"gold\"] if input.step.verb == \"destroy\"\n",
    );
    s.ends(0, &["destroy", "dev", "--yes"])
        .says("[policy::exception]");
    assert_eq!(s.outputs("dev"), serde_json::json!({}));
}

#[test]
fn a_destroy_shows_rules_no_secret_either() {
    let s = Sandbox::new(&[
        (
            "layers/base/a/component.yaml",
            "engine: script\ninputs: {word: '${{ secret(\"env:PW\") }}'}\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
        ),
        (
            "layers/base/a/say.sh",
            "#!/bin/sh\nprintf '{\"said\": \"x\"}' > \"$STRATA_OUTPUTS\"\n",
        ),
        (
            "policy/main.rego",
            "package main\nwarn contains sprintf(\"%v %v\", [input.unit.address, input.unit]) if input.step.verb == \"destroy\"\n",
        ),
    ]);
    let run = |args: &[&str]| {
        let output = s.command(args).env("PW", "hunter2-4711").output();
        crate::sandbox::Done::of(&output.expect("strata starts"))
    };
    assert_eq!(run(&["apply", "dev", "--yes"]).code, 0);
    std::fs::remove_dir_all(s.root().join("layers/base/a")).expect("it was there");
    let done = run(&["destroy", "dev", "--yes"]);
    assert_eq!(done.code, 0, "{}", done.all());
    done.says("policy::warn").never_says("hunter2-4711");
}
