//! The life of a platform: init, check, plan, apply, outputs, drift, destroy; and the exit codes on the way.
use crate::sandbox::{SAY, Sandbox, saying};
use std::fs;

fn one() -> Sandbox {
    Sandbox::new(&[
        ("environments/dev.yaml", "values: {word: hello}\n"),
        (
            "layers/base/hello/component.yaml",
            &saying("'${{ values.word }}'"),
        ),
        ("layers/base/hello/say.sh", SAY),
    ])
}

#[test]
fn what_init_makes_is_checked_applied_and_destroyed() {
    let s = Sandbox::empty();
    s.ends(0, &["init", "--name", "shop"]);
    assert!(s.root().join("strata.yaml").is_file());
    s.ends(0, &["check"]).says("everything fits");
    assert!(!s.root().join(".strata").exists(), "check writes nothing");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ends(0, &["outputs", "dev/hello", "said"]).out, "hello\n");
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    s.ends(0, &["destroy", "dev", "--yes"]);
    assert_eq!(s.state("dev/hello"), "not applied");
    assert_eq!(s.outputs("dev"), serde_json::json!({}));
    s.ends(2, &["init"]).says("already");
}

#[test]
fn a_second_apply_starts_no_tool_and_a_changed_value_starts_one() {
    let s = one();
    let first = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert_eq!(first, ["dev/hello"]);
    let second = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(second.is_empty(), "{second:?}");
    s.edit("environments/dev.yaml", "hello", "bye");
    let third = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert_eq!(third, ["dev/hello"]);
    assert_eq!(s.outputs("dev/hello")["said"], "bye");
}

#[test]
fn after_a_failure_half_way_files_that_are_as_they_were_are_applied_again() {
    let s = one();
    s.ends(0, &["apply", "dev", "--yes"]);
    // it changes something, and fails
    let broken = SAY.replace("#!/bin/sh\n", "#!/bin/sh\ntrap 'exit 1' EXIT\n");
    assert_ne!(broken, SAY);
    s.write("layers/base/hello/say.sh", &broken);
    s.ends(10, &["apply", "dev", "--yes"]);
    s.write("layers/base/hello/say.sh", SAY);
    s.ends(0, &["plan", "dev"])
        .says("its last apply failed half way");
    let again = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert_eq!(again, ["dev/hello"]);
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    // what never began leaves it as it was
    s.edit("layers/base/hello/component.yaml", "say.sh", "gone.sh");
    s.ends(3, &["apply", "dev", "--yes"]);
    s.edit("layers/base/hello/component.yaml", "gone.sh", "say.sh");
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
}

#[test]
fn destroy_leaves_nothing_recorded_and_runs_in_reverse() {
    let s = Sandbox::new(&[
        ("layers/base/low/say.sh", SAY),
        ("layers/top/high/say.sh", SAY),
    ]);
    let undo = "#!/bin/sh\necho \"undo $STRATA_UNIT\" >> \"$LEDGER\"\n";
    for (at, word) in [
        ("base/low", "low"),
        ("top/high", "'${{ low.outputs.said }}'"),
    ] {
        let text = saying(word).replace("say.sh]", "say.sh], destroy: [./undo.sh]");
        s.write(&format!("layers/{at}/component.yaml"), &text);
        s.write(&format!("layers/{at}/undo.sh"), undo);
    }
    s.ends(0, &["apply", "dev", "--yes"]);
    let undone = s.wrote(|| drop(s.ends(0, &["destroy", "dev", "--yes"])));
    assert_eq!(undone, ["undo dev/high", "undo dev/low"]);
    assert_eq!(s.outputs("dev"), serde_json::json!({}));
    for (unit, state) in s.states() {
        assert_eq!(state, "not applied", "{unit}");
    }
    s.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn a_saved_plan_is_applied_as_it_is() {
    let s = one();
    s.ends(0, &["plan", "dev", "--out", "saved"]);
    assert!(s.ledger().is_empty(), "a plan applies nothing");
    s.ends(0, &["apply", "dev", "saved", "--yes"]);
    assert_eq!(s.ledger(), ["dev/hello"]);
}

#[test]
fn a_stale_saved_plan_is_refused_and_names_the_unit() {
    let s = one();
    s.ends(0, &["plan", "dev", "--out", "saved"]);
    s.edit("environments/dev.yaml", "hello", "bye");
    s.ends(5, &["apply", "dev", "saved", "--yes"])
        .says("stale")
        .says("dev/hello");
    s.edit("environments/dev.yaml", "bye", "hello");
    s.ends(0, &["apply", "dev", "--yes"]);
    s.ends(5, &["apply", "dev", "saved", "--yes"])
        .says("dev/hello");
    assert_eq!(s.ledger().len(), 1);
}

#[test]
fn a_saved_plan_that_was_changed_is_refused() {
    let s = one();
    s.ends(0, &["plan", "dev", "--out", "saved"]);
    s.edit("saved", "dev/hello", "dev/other");
    s.ends(5, &["apply", "dev", "saved", "--yes"])
        .says("changed");
    assert!(s.ledger().is_empty());
}

#[test]
fn only_the_expected_digest_is_applied() {
    let s = one();
    let plan = s.ends(0, &["plan", "dev", "--format", "json"]).json();
    let digest = plan["digest"].as_str().expect("a digest").to_owned();
    let other = "0".repeat(digest.len());
    s.ends(5, &["apply", "dev", "--yes", "--expect", &other])
        .says(&digest);
    assert!(s.ledger().is_empty());
    s.ends(0, &["apply", "dev", "--yes", "--expect", &digest]);
    assert_eq!(s.ledger(), ["dev/hello"]);
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_applied() {
    let s = one();
    s.ends(4, &["apply", "dev"]).says("--yes");
    assert!(s.ledger().is_empty());
}

#[test]
fn pending_changes_have_an_exit_code_of_their_own() {
    let s = one();
    s.ends(7, &["plan", "dev", "--exit-code"]);
    s.ends(0, &["plan", "dev"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    s.ends(0, &["plan", "dev", "--exit-code"]);
}

#[test]
fn drift_is_found_and_repaired() {
    let s = Sandbox::new(&[
        (
            "layers/base/thing/component.yaml",
            "engine: script\nscript: {apply: [./make.sh], check: [./look.sh]}\n",
        ),
        (
            "layers/base/thing/make.sh",
            "#!/bin/sh\necho made > \"$WORLD/file\"\n",
        ),
        (
            "layers/base/thing/look.sh",
            "#!/bin/sh\ntest -f \"$WORLD/file\" || { echo 'the file is gone'; exit 1; }\n",
        ),
    ]);
    s.ends(0, &["apply", "dev", "--yes"]);
    s.ends(0, &["drift", "dev"]);
    fs::remove_file(s.beside("world/file")).expect("it was made");
    s.ends(6, &["drift", "dev"])
        .says("dev/thing")
        .says("the file is gone");
    s.ends(0, &["apply", "dev", "--yes", "--refresh"]);
    assert!(s.beside("world/file").is_file());
    s.ends(0, &["drift", "dev"]);
}

#[test]
fn a_failed_unit_holds_only_its_dependents() {
    let s = Sandbox::new(&[
        ("layers/base/bad/component.yaml", &saying("x")),
        (
            "layers/base/bad/say.sh",
            "#!/bin/sh\necho 'no such luck' >&2\nexit 1\n",
        ),
        (
            "layers/middle/child/component.yaml",
            &saying("'${{ bad.outputs.said }}'"),
        ),
        ("layers/middle/child/say.sh", SAY),
        ("layers/top/other/component.yaml", &saying("x")),
        ("layers/top/other/say.sh", SAY),
    ]);
    s.ends(10, &["apply", "dev", "--yes"]).says("no such luck");
    assert_eq!(s.ledger(), ["dev/other"]);
    s.write("layers/base/bad/say.sh", SAY);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), ["dev/other", "dev/bad", "dev/child"]);
}

#[test]
fn a_wrong_command_line_ends_with_usage() {
    let s = one();
    s.ends(2, &["aply"]);
    s.ends(2, &["apply", "nowhere", "--yes"]).says("nowhere");
    s.ends(2, &["plan", "dev", "--only", "nothing"]);
    s.ends(2, &["outputs", "dev"]);
}

#[test]
fn a_protected_unit_is_not_destroyed_by_the_way() {
    let s = Sandbox::new(&[
        (
            "layers/base/kept/component.yaml",
            &(saying("x") + "protect: [destroy]\n"),
        ),
        ("layers/base/kept/say.sh", SAY),
    ]);
    s.ends(0, &["apply", "dev", "--yes"]);
    s.ends(5, &["destroy", "dev", "--yes"]).says("dev/kept");
    assert_eq!(s.state("dev/kept"), "applied");
    s.ends(0, &["destroy", "dev", "--yes", "--protected", "dev/kept"]);
    assert_eq!(s.state("dev/kept"), "not applied");
}

#[test]
fn the_platform_is_found_upward_and_named_by_a_flag() {
    let s = one();
    let elsewhere = s.root();
    let done = s
        .command(&[
            "-C",
            elsewhere.join("layers/base").to_str().expect("text"),
            "check",
        ])
        .current_dir(s.beside("home"))
        .output()
        .expect("strata starts");
    assert!(done.status.success());
    let lost = Sandbox::empty();
    let said = lost.run(&["check"]);
    assert_ne!(said.code, 0);
    said.says("strata.yaml");
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let s = Sandbox::new(&[
        ("layers/base/vpc/component.yaml", &saying("x")),
        ("layers/base/vpc/say.sh", SAY),
    ]);
    // the pipe is closed before anything is written
    for args in [
        &["graph", "dev"][..],
        &["explain", "dev/vpc"],
        &["completions", "bash"],
    ] {
        let mut child = s.command(args).spawn().expect("strata starts");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success() && !err.contains("panicked"),
            "{args:?}: {err}"
        );
    }
    let mut child = s.start(&["apply", "dev", "--yes", "--format", "json"]);
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert!(child.wait().expect("it ends").success());
    assert_eq!(s.state("dev/vpc"), "applied");
    // a disk that is full is no reader that went away
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let done = s
        .command(&["graph", "dev"])
        .stdout(full)
        .output()
        .expect("strata starts");
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("the output could not be written"));
}

#[test]
fn old_runs_keep_their_events_and_lose_the_logs_of_their_tools() {
    let s = one();
    for i in 0..25 {
        s.write(
            "environments/dev.yaml",
            &format!("values: {{word: w{i}}}\n"),
        );
        s.ends(0, &["apply", "dev", "--yes"]);
    }
    let folders = fs::read_dir(s.root().join(".strata/runs"))
        .expect("runs")
        .count();
    assert!((20..=21).contains(&folders), "{folders}");
    let runs = s
        .ends(0, &["history", "--limit", "100", "--format", "json"])
        .json();
    let runs = runs.as_array().expect("runs");
    assert_eq!(runs.len(), 25);
    let first = runs[24]["run"].as_str().expect("a run").to_owned();
    assert!(s.ends(0, &["history", &first]).out.contains("dev/hello"));
}

#[test]
fn what_a_run_came_to_has_the_layers_in_their_order() {
    // the lower one ends after the upper one
    let wait = "#!/bin/sh\nuntil grep -q dev/web \"$LEDGER\"; do sleep 0.1; done\n";
    let s = Sandbox::new(&[
        (
            "layers/base/net/component.yaml",
            "engine: script\nscript: {apply: [./wait.sh]}\n",
        ),
        ("layers/base/net/wait.sh", wait),
        ("layers/top/web/component.yaml", &saying("one")),
        ("layers/top/web/say.sh", SAY),
    ]);
    let said = s.ends(0, &["apply", "dev", "--yes"]).err;
    let (_, layers) = said.split_once("time by layer:").expect("layers");
    let names: Vec<&str> = layers
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .take(2)
        .collect();
    assert_eq!(names, ["base", "top"], "{said}");
}
