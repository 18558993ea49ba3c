//! What is wrong with policies is said, and nothing hangs or ends the program.
use crate::{ask, marked, sources, unit};
use serde_json::json;
use std::time::{Duration, Instant};
use strata_policy::{Policies, code};

#[test]
fn rego_that_is_wrong_is_said_with_its_place() {
    for (text, word, message) in [
        (
            "package main\ndeny contains msg if {\n  msg := := 1\n}\n",
            ":",
            "",
        ),
        (
            "package main\ndeny[msg] {\n  msg := \n}\n",
            "{",
            "expecting",
        ),
        ("deny contains 1\n", "deny", "package"),
        (
            "package main\ndeny contains msg if { msg := nothing }\n",
            "nothing",
            "nothing",
        ),
        (
            "package main\ndeny contains msg if { msg := missing(1) }\n",
            "missing",
            "missing",
        ),
    ] {
        let (mut all, mut problems) = Policies::load(sources(&[("policy/a.rego", text)]));
        if problems.is_empty() {
            problems = all.ask(&unit(json!({}))).problems;
        }
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].code.starts_with("policy::"), "{problems:?}");
        assert!(problems[0].message.contains(message), "{problems:?}");
        assert!(marked(&problems[0], text).starts_with(word), "{problems:?}");
    }
}

#[test]
fn a_rule_that_gives_no_messages_is_wrong_and_not_silent() {
    for (text, what) in [
        (
            "package main\ndeny if input.unit.x\n",
            "gives true, not a set",
        ),
        (
            "package main\ndefault deny := false\n\ndeny := true if input.unit.y\n",
            "gives false, not a set",
        ),
        ("package main\ndeny := \"no\"\n", "gives a text, not a set"),
        (
            "package main\ndeny[msg] if { msg := \"x\" }\n",
            "gives an object, not a set",
        ),
        (
            "package main\ndeny contains 7\n",
            "gives a number as a message",
        ),
        (
            "package main\ndeny contains {\"message\": \"x\"}\n",
            "without `msg`",
        ),
    ] {
        let said = ask(text, json!({"x": true}));
        assert_eq!(said.problems.len(), 1, "{text}: {said:?}");
        assert_eq!(said.problems[0].code, code::RESULT);
        assert!(
            said.problems[0].message.contains(what),
            "{:?}",
            said.problems
        );
    }
}

#[test]
fn a_rule_that_does_not_end_is_stopped_and_asked_no_more() {
    let text = "package main\ndeny contains \"x\" if {\n  some a in numbers.range(1, 3000)\n  some b in numbers.range(1, 3000)\n  some c in numbers.range(1, 3000)\n  a * b * c < 0\n}\nwarn contains \"w\"\n";
    let limit = Duration::from_millis(100);
    let (mut all, problems) = Policies::limited(sources(&[("policy/a.rego", text)]), limit);
    assert_eq!(problems, []);
    let begun = Instant::now();
    let said = all.ask(&unit(json!({})));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(said.problems.len(), 1);
    assert!(said.problems[0].message.contains("takes too long"));
    assert_eq!(said.problems[0].code, code::EVALUATION);
    assert!(marked(&said.problems[0], text).starts_with("deny contains"));
    assert_eq!(said.findings.len(), 1, "other rules are asked");
    assert_eq!(all.ask(&unit(json!({}))).problems, [], "said once");
}

#[test]
fn recursion_is_an_error() {
    let text = "package main\ndeny contains \"x\" if count(deny) == 0\n";
    let (mut all, mut problems) = Policies::load(sources(&[("policy/a.rego", text)]));
    problems.extend(all.ask(&unit(json!({}))).problems);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("recursion"), "{problems:?}");
}

#[test]
fn nesting_and_long_lines_are_errors_and_no_crash() {
    let deep = format!(
        "package main\nx := {}1{}\n",
        "[\n".repeat(50_000),
        "]\n".repeat(50_000)
    );
    let long = format!("package main\nx := \"{}\"\n", "a".repeat(100_000));
    let many = format!("package main\n{}", "x := 1\n".repeat(100_000));
    for text in [deep, long, many] {
        let (_, problems) = Policies::load(sources(&[("policy/a.rego", &text)]));
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].code, code::SYNTAX);
    }
}
