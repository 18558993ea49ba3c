//! The four words for how much of a unit's plan is known: exact, conditional, assumed, deferred.
use crate::sandbox::{Sandbox, saying, terraform_here};
use serde_json::Value as Json;

/// An output that Terraform's plan knows, and one that only its apply knows.
const UP: &str = r#"
variable "word" { type = string }
resource "terraform_data" "it" { input = var.word }
output "known" { value = "it-${var.word}" }
output "made" { value = terraform_data.it.id }
"#;
const DOWN: &str = r#"
variable "word" { type = string }
resource "terraform_data" "it" { input = var.word }
output "heard" { value = var.word }
"#;

fn chain(output: &str) -> Sandbox {
    Sandbox::new(&[
        (
            "environments/dev.yaml",
            "values: {word: one}\ngates: {replan: update}\n",
        ),
        ("layers/base/up/main.tf", UP),
        (
            "layers/base/up/component.yaml",
            "inputs: {word: '${{ values.word }}'}\n",
        ),
        ("layers/middle/down/main.tf", DOWN),
        (
            "layers/middle/down/component.yaml",
            &format!("inputs: {{word: '${{{{ up.outputs.{output} }}}}'}}\n"),
        ),
        ("layers/top/last/main.tf", DOWN),
        (
            "layers/top/last/component.yaml",
            "inputs: {word: '${{ down.outputs.heard }}'}\n",
        ),
    ])
}

/// Basis and proposed actions of a unit in a plan of `dev`.
fn step(s: &Sandbox, unit: &str) -> (String, Vec<String>) {
    let plan = s.ends(0, &["plan", "dev", "--format", "json"]).json();
    let steps = plan["body"]["steps"].as_array().expect("steps").clone();
    let step = steps.iter().find(|x| x["unit"] == unit).expect("a step");
    let changes = step["proposal"]["changes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |v: &Json| v.as_str().unwrap_or_default().to_owned();
    (
        text(&step["basis"]),
        changes.iter().map(|c| text(&c["action"])).collect(),
    )
}

fn is(basis: &str, actions: &[&str]) -> (String, Vec<String>) {
    let actions = actions.iter().map(|a| (*a).to_owned()).collect();
    (basis.to_owned(), actions)
}

#[test]
fn what_an_upstream_plan_foretells_makes_a_conditional_plan() {
    if !terraform_here() {
        return;
    }
    let s = chain("known");
    assert_eq!(step(&s, "dev/up"), is("exact", &["create"]));
    // through two units, before anything exists
    assert_eq!(step(&s, "dev/down"), is("conditional", &["create"]));
    assert_eq!(step(&s, "dev/last"), is("conditional", &["create"]));
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/last")["heard"], "it-one");
    s.edit("environments/dev.yaml", "word: one", "word: two");
    assert_eq!(step(&s, "dev/down"), is("conditional", &["update"]));
    s.ends(0, &["plan", "dev"])
        .says("if dev/up.known will be as its plan says");
    s.ends(0, &["apply", "dev", "--yes"]).says("2 conditional");
    assert_eq!(s.outputs("dev/last")["heard"], "it-two");
}

#[test]
fn what_never_existed_is_deferred_and_what_may_change_is_assumed() {
    if !terraform_here() {
        return;
    }
    let s = chain("made");
    assert_eq!(step(&s, "dev/down"), is("deferred", &[]));
    s.ends(0, &["apply", "dev", "--yes"]);
    let made = s.outputs("dev/up")["made"].clone();
    // its id stays when the resource is updated in place, but the plan of `up` does not say that `down` may rely on it
    s.edit("environments/dev.yaml", "word: one", "word: two");
    let (basis, actions) = step(&s, "dev/down");
    assert!(basis == "assumed" || basis == "conditional", "{basis}");
    assert!(actions.is_empty());
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/last")["heard"], made);
}

#[test]
fn an_assumption_that_does_not_hold_is_planned_again_within_the_envelope() {
    if !terraform_here() {
        return;
    }
    let s = chain("known");
    s.write(
        "layers/base/up/component.yaml",
        &saying("'${{ values.word }}'"),
    );
    s.write("layers/base/up/say.sh", crate::sandbox::SAY);
    std::fs::remove_file(s.root().join("layers/base/up/main.tf")).unwrap();
    s.edit(
        "layers/middle/down/component.yaml",
        "outputs.known",
        "outputs.said",
    );
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit("environments/dev.yaml", "word: one", "word: two");
    // nobody can foretell what a script says: as it was, nothing would happen
    assert_eq!(step(&s, "dev/down"), is("assumed", &[]));
    assert_eq!(step(&s, "dev/last"), is("assumed", &[]));
    s.ends(0, &["plan", "dev"])
        .says("if dev/up.said stays as it is")
        .says("2 assumed");
    // an own change is planned for real with what is assumed
    s.edit(
        "layers/middle/down/main.tf",
        "input = var.word",
        "input = \"${var.word}!\"",
    );
    assert_eq!(step(&s, "dev/down"), is("assumed", &["update"]));
    // at its turn it is planned again: an update is within `replan: update`
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/last")["heard"], "two");
    // and beyond `create-only` it is held
    s.edit(
        "environments/dev.yaml",
        "replan: update",
        "replan: create-only",
    );
    s.edit("environments/dev.yaml", "word: two", "word: three");
    s.ends(4, &["apply", "dev", "--yes"]).says("dev/down");
}

#[test]
fn a_conditional_plan_that_fails_is_deferred() {
    if !terraform_here() {
        return;
    }
    let s = chain("known");
    // a condition on a file that only the upstream apply makes
    s.write(
        "layers/middle/down/main.tf",
        &DOWN.replace(
            "{ input = var.word }",
            "{\n  input = fileexists(\"/nowhere/x\") ? 1 : file(\"/nowhere/x\")\n}",
        ),
    );
    assert_eq!(step(&s, "dev/down"), is("deferred", &[]));
}
