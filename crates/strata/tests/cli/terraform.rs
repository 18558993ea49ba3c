//! Real Terraform or OpenTofu, with the provider that is built in.
use crate::sandbox::{Sandbox, terraform_here};

const UP: &str = r#"
variable "word" { type = string }
variable "noise" {
  type    = string
  default = "quiet"
}
resource "terraform_data" "it" { input = var.word }
resource "terraform_data" "noise" { input = var.noise }
output "word" { value = terraform_data.it.output }
"#;
const DOWN: &str = r#"
variable "word" { type = string }
resource "terraform_data" "it" {
  input            = var.word
  triggers_replace = var.word
}
output "heard" { value = terraform_data.it.output }
"#;

fn two(environment: &str) -> Sandbox {
    Sandbox::new(&[
        ("environments/dev.yaml", environment),
        ("layers/base/up/main.tf", UP),
        (
            "layers/base/up/component.yaml",
            "inputs: {word: '${{ values.word }}', noise: '${{ values.noise }}'}\n",
        ),
        ("layers/middle/down/main.tf", DOWN),
        (
            "layers/middle/down/component.yaml",
            "inputs: {word: '${{ up.outputs.word }}'}\n",
        ),
    ])
}

/// Events of the last run, one JSON a line.
fn last_events(s: &Sandbox) -> String {
    let runs = s.ends(0, &["history", "--format", "json"]).json();
    let run = runs[0]["run"].as_str().expect("a run").to_owned();
    s.ends(0, &["history", &run, "--format", "json"]).out
}

#[test]
fn a_module_that_needs_an_output_is_deferred_then_applied() {
    if !terraform_here() {
        return;
    }
    let s = two("values: {word: one, noise: a}\n");
    s.ends(0, &["plan", "dev"])
        .says("1 exact")
        .says("1 deferred");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/down")["heard"], "one");
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    s.ends(0, &["drift", "dev"]);
    s.ends(0, &["destroy", "dev", "--yes"]);
    assert_eq!(s.outputs("dev"), serde_json::json!({}));
}

/// A run that holds `dev/down`, which would be replaced, until somebody says yes.
fn held() -> Sandbox {
    let s = two("values: {word: one, noise: a}\n");
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit("environments/dev.yaml", "one", "two");
    s.ends(4, &["apply", "dev", "--yes"]).says("dev/down");
    assert_eq!(s.outputs("dev/up")["word"], "two");
    assert_eq!(s.outputs("dev/down")["heard"], "one");
    s
}

#[test]
fn a_plan_beyond_what_was_approved_is_held_until_somebody_approves_it() {
    if !terraform_here() {
        return;
    }
    let s = held();
    s.ends(0, &["resume", "--approve", "dev/down"]);
    assert_eq!(s.outputs("dev/down")["heard"], "two");
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
}

#[test]
fn a_resume_without_approval_changes_nothing_about_what_is_held() {
    if !terraform_here() {
        return;
    }
    let s = held();
    s.ends(4, &["resume"]);
    assert_eq!(s.outputs("dev/down")["heard"], "one");
    s.ends(0, &["resume", "--approve", "dev/down"]);
    assert_eq!(s.outputs("dev/down")["heard"], "two");
}

#[test]
fn a_plan_that_was_refused_leaves_the_unit_as_it_was() {
    if !terraform_here() {
        return;
    }
    let s = held();
    s.ends(10, &["resume", "--refuse", "dev/down"]);
    assert_eq!(s.outputs("dev/down")["heard"], "one");
}

#[test]
fn what_is_protected_is_not_replaced() {
    if !terraform_here() {
        return;
    }
    let s = Sandbox::new(&[
        ("environments/dev.yaml", "values: {word: one}\n"),
        ("layers/base/kept/main.tf", DOWN),
        (
            "layers/base/kept/component.yaml",
            "inputs: {word: '${{ values.word }}'}\nprotect: [replace]\n",
        ),
    ]);
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit("environments/dev.yaml", "one", "two");
    let done = s.ends(5, &["apply", "dev", "--yes"]);
    done.says("it is protected against `replace`, and `terraform_data.it` would be replaced");
    assert_eq!(s.outputs("dev/kept")["heard"], "one");
    s.edit(
        "layers/base/kept/component.yaml",
        "protect: [replace]\n",
        "",
    );
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/kept")["heard"], "two");
}

#[test]
fn a_consumer_of_an_equal_output_does_not_run() {
    if !terraform_here() {
        return;
    }
    let s = two("values: {word: one, noise: a}\ngates: {replan: any}\n");
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit("environments/dev.yaml", "noise: a", "noise: b");
    s.ends(0, &["apply", "dev", "--yes"]);
    let events = last_events(&s);
    let about_down: Vec<&str> = events.lines().filter(|l| l.contains("dev/down")).collect();
    assert!(
        about_down.iter().all(|l| !l.contains("\"intent\"")),
        "{about_down:#?}"
    );
}

#[test]
fn a_sensitive_output_is_nowhere_in_clear_but_in_the_state_of_the_tool() {
    if !terraform_here() {
        return;
    }
    const PRIVATE: &str = "Pr1vate-9f3b-value";
    let s = Sandbox::new(&[
        (
            "layers/base/made/main.tf",
            "variable \"seed\" {\n  type      = string\n  sensitive = true\n}\nresource \"terraform_data\" \"it\" { input = var.seed }\noutput \"password\" {\n  value     = terraform_data.it.output\n  sensitive = true\n}\n",
        ),
        (
            "layers/base/made/component.yaml",
            "inputs: {seed: '${{ secret(\"file:../seed\") }}'}\n",
        ),
        (
            "layers/middle/user/component.yaml",
            "engine: script\ninputs: {password: '${{ made.outputs.password }}'}\nscript: {apply: [./use.sh]}\n",
        ),
        (
            "layers/middle/user/use.sh",
            "#!/bin/sh\ncat \"$STRATA_INPUTS\"\ncat \"$STRATA_INPUTS\" > \"$WORLD/used\"\n",
        ),
    ]);
    std::fs::write(s.beside("seed"), PRIVATE).expect("a secret");
    s.ends(0, &["plan", "dev", "--out", "saved"])
        .never_says(PRIVATE);
    let done = s.ends(0, &["apply", "dev", "--yes"]);
    done.never_says(PRIVATE);
    let used = std::fs::read_to_string(s.beside("world/used")).expect("the script ran");
    assert!(used.contains(PRIVATE), "the tool itself gets it");
    s.ends(0, &["outputs", "dev"]).never_says(PRIVATE);
    s.ends(0, &["outputs", "dev", "--format", "json"])
        .never_says(PRIVATE);
    s.ends(5, &["outputs", "dev/made", "password"])
        .never_says(PRIVATE);
    let shown = s.ends(0, &["outputs", "dev/made", "password", "--reveal"]);
    assert_eq!(shown.out.trim(), PRIVATE);
    assert!(!last_events(&s).contains(PRIVATE));
    let saved = std::fs::read_to_string(s.root().join("saved")).expect("the plan");
    assert!(!saved.contains(PRIVATE));
    let left: Vec<String> = s
        .stored_with(PRIVATE)
        .into_iter()
        .map(|p| p.display().to_string())
        .filter(|p| !p.contains(".tfstate"))
        .collect();
    assert!(left.is_empty(), "in clear in {left:?}");
}

#[test]
fn one_state_for_two_environments_is_an_error() {
    let s = Sandbox::new(&[
        ("environments/qa.yaml", "values: {}\n"),
        (
            "layers/base/net/main.tf",
            "terraform {\n  backend \"local\" { path = \"/var/lib/somewhere/one.tfstate\" }\n}\noutput \"id\" { value = \"x\" }\n",
        ),
    ]);
    let done = s.ends(3, &["check"]);
    done.says("unit::shared-identity")
        .says("dev/net")
        .says("qa/net");
}

#[test]
fn a_reader_of_a_state_that_changes_is_deferred_and_runs_when_what_it_reads_changed() {
    if !terraform_here() {
        return;
    }
    let s = Sandbox::new(&[
        (
            "environments/dev.yaml",
            "values: {word: one, noise: a}\ngates: {replan: update}\n",
        ),
        (
            "layers/base/up/component.yaml",
            "inputs: {word: '${{ values.word }}', noise: '${{ values.noise }}'}\n",
        ),
    ]);
    let state = s.beside("up.tfstate");
    let state = state.display();
    s.write(
        "layers/base/up/main.tf",
        &format!("terraform {{\n  backend \"local\" {{\n    path = \"{state}\"\n  }}\n}}\n{UP}"),
    );
    s.write(
        "layers/middle/down/main.tf",
        &format!(
            r#"
data "terraform_remote_state" "up" {{
  backend = "local"
  config  = {{ path = "{state}" }}
}}
resource "terraform_data" "it" {{ input = data.terraform_remote_state.up.outputs.word }}
output "heard" {{ value = terraform_data.it.output }}
"#
        ),
    );
    // no file of the platform says that `down` needs `up`: its module does
    s.ends(0, &["plan", "dev"])
        .says("1 exact")
        .says("1 deferred");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/down")["heard"], "one");
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    // a plan against the state as it is would say that nothing changes
    s.edit("environments/dev.yaml", "word: one", "word: two");
    s.ends(0, &["plan", "dev"])
        .says("1 exact")
        .says("1 deferred");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/down")["heard"], "two");
    // what it does not read does not concern it
    s.edit("environments/dev.yaml", "noise: a", "noise: b");
    s.ends(0, &["apply", "dev", "--yes"])
        .says("1 changed, 1 unchanged");
    s.edit("layers/middle/down/main.tf", "outputs.word", "outputs.wrod");
    s.ends(3, &["check"])
        .says("state::unknown-output")
        .says("did you mean `word`?");
}

#[test]
fn the_type_of_an_output_is_learnt_at_apply() {
    if !terraform_here() {
        return;
    }
    let s = two("values: {word: one, noise: a}\n");
    s.write(
        "layers/middle/down/main.tf",
        "variable \"word\" { type = list(string) }\noutput \"heard\" { value = var.word }\n",
    );
    // what a resource makes has no type in the files
    s.ends(0, &["check"]).says("0 of 1 wire has a known type");
    s.ends(0, &["apply", "dev", "--only", "up", "--yes"]);
    let done = s.ends(0, &["check"]);
    done.says("input::recorded-type")
        .says("is a list(string), and the last apply gave a string")
        .says("1 of 1 wire has a known type, 1 of them learnt at the last apply");
}

/// Reads a state far away, but never does: enough for its credentials to be of use.
const READER: &str = r#"
data "terraform_remote_state" "far" {
  count   = 0
  backend = "s3"
  config  = { bucket = "far", key = "far", region = "eu-central-1" }
}
resource "terraform_data" "it" {
  provisioner "local-exec" {
    command = "echo profile=$AWS_PROFILE secret=$AWS_SECRET_ACCESS_KEY other=$OTHER_TOKEN"
  }
}
"#;

#[test]
fn what_its_plug_ins_read_passes_through_to_a_tool_and_to_no_other() {
    if !terraform_here() {
        return;
    }
    let s = Sandbox::new(&[
        ("environments/dev.yaml", "values: {}\n"),
        ("layers/base/reader/main.tf", READER),
        ("layers/base/plain/main.tf", "output \"a\" { value = 1 }\n"),
    ]);
    let with = |args: &[&str]| {
        let mut command = s.command(args);
        command.envs([
            ("AWS_PROFILE", "someone"),
            ("AWS_SECRET_ACCESS_KEY", "s3cr3t-of-aws"),
            ("OTHER_TOKEN", "0ther-t0ken"),
        ]);
        let out = command.output().expect("strata starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(out.status.success(), "{}", text(&out.stderr));
        text(&out.stdout) + &text(&out.stderr)
    };
    let plan = with(&["plan", "dev"]);
    assert!(
        plan.contains("AWS_PROFILE to dev/reader; AWS_SECRET_ACCESS_KEY to dev/reader"),
        "{plan}"
    );
    assert!(
        !plan.contains("dev/plain;") && !plan.contains("OTHER_TOKEN"),
        "{plan}"
    );
    assert!(
        !plan.contains("s3cr3t-of-aws") && !plan.contains("someone"),
        "{plan}"
    );
    with(&["apply", "dev", "--yes"]);
    let shown = |unit: &str| {
        let line = "echo profile=$AWS_PROFILE secret=$AWS_SECRET_ACCESS_KEY other=$OTHER_TOKEN";
        with(&["exec", unit, "--", "sh", "-c", line])
    };
    // a credential that the tool prints is taken out
    assert_eq!(
        shown("dev/reader"),
        "profile=someone secret=(secret) other=\n"
    );
    assert_eq!(shown("dev/plain"), "profile= secret= other=\n");
    with(&["destroy", "dev", "--yes"]);
    // without them there is nothing to name
    let plan = s.ends(0, &["plan", "dev"]).out;
    assert!(!plan.contains("passed on to tools"), "{plan}");
}
