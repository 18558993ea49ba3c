//! Terraform for real, with the built-in resource that needs no provider.
use crate::bench::{Bench, options, secret, tool};
use std::collections::BTreeMap;
use strata_core::{
    engine::{Artifact, Finding, Task, Verb},
    proposal::{Action, Fidelity, Proposal},
    spec::UnitSpec,
    value::{Number, Output, Value},
};

const MODULE: &str = r#"
variable "size" { type = number }
variable "password" {
  type      = string
  sensitive = true
}
variable "leak" {
  type    = string
  default = ""
}
resource "terraform_data" "a" {
  input = { size = var.size, password = var.password, leak = "x-${var.leak}" }
}
resource "terraform_data" "b" {
  for_each = toset(["one", "two"])
  input    = "${each.key}-${var.size}"
}
output "id" { value = terraform_data.a.id }
output "size" { value = var.size }
output "leaked" { value = var.leak }
output "big" { value = 123456789012345678901234567890 }
"#;

const PASSWORD: &str = r#"
output "password" {
  value     = var.password
  sensitive = true
}
"#;

fn bench(files: &[(&str, &str)]) -> Option<Bench> {
    let mut bench = Bench::new("terraform", tool("terraform")?, files);
    bench.secrets = BTreeMap::from([
        ("env:PW".into(), "hunter2-long".into()),
        ("env:LEAK".into(), "topsecret".into()),
    ]);
    Some(bench)
}

fn task(bench: &Bench, verb: Verb, size: u32) -> Task {
    let mut task = bench.task(
        verb,
        &UnitSpec::default(),
        &format!(r#"{{"size": {size}}}"#),
    );
    task.inputs.insert("password".into(), secret("env", "PW"));
    task.inputs.insert("leak".into(), secret("env", "LEAK"));
    task
}

fn planned(
    bench: &Bench,
    name: &str,
    task: &Task,
) -> (Proposal, Artifact, BTreeMap<String, Output>) {
    match bench.run(name, task) {
        Finding::Planned {
            proposal,
            saved,
            predicted,
        } => (proposal, saved.unwrap(), predicted),
        other => panic!("{other:?}"),
    }
}

fn apply(bench: &Bench, name: &str, task: &Task) -> BTreeMap<String, Output> {
    let (_, saved, _) = planned(
        bench,
        "",
        &Task {
            verb: Verb::Plan,
            platform: String::new(),
            ..task.clone()
        },
    );
    bench.applied(
        name,
        &Task {
            verb: Verb::Apply,
            platform: String::new(),
            saved: Some(saved),
            ..task.clone()
        },
    )
}

#[test]
fn from_the_first_plan_to_nothing_left() {
    let Some(bench) = bench(&[("main.tf", MODULE)]) else {
        return;
    };
    let (proposal, saved, predicted) =
        planned(&bench, "terraform-plan", &task(&bench, Verb::Plan, 3));
    assert_eq!(bench.seen.borrow().labels, ["init", "plan", "show"]);
    assert_eq!(proposal.fidelity, Fidelity::Exact);
    let objects: Vec<&str> = proposal.changes.iter().map(|c| c.object.as_str()).collect();
    assert_eq!(
        objects,
        [
            "terraform_data.a",
            "terraform_data.b[\"one\"]",
            "terraform_data.b[\"two\"]"
        ]
    );
    assert_eq!(proposal.worst(), Action::Create);
    // known, not secret: only the size and the big number; the id does not exist yet
    assert_eq!(predicted.keys().collect::<Vec<_>>(), ["big", "size"]);
    assert!(saved.sensitive);

    let again = planned(&bench, "", &task(&bench, Verb::Plan, 3)).0;
    assert_eq!(
        proposal.digest(),
        again.digest(),
        "the same plan has the same digest"
    );
    assert_eq!(
        bench.seen.borrow().labels,
        ["plan", "show"],
        "init only when needed"
    );

    let outputs = bench.applied(
        "terraform-apply",
        &Task {
            saved: Some(saved.clone()),
            ..task(&bench, Verb::Apply, 3)
        },
    );
    assert_eq!(
        bench.seen.borrow().labels,
        ["apply"],
        "outputs come with the apply when none is sensitive"
    );
    assert_eq!(
        outputs["big"].value,
        Value::Number(Number("123456789012345678901234567890".into()))
    );
    assert_eq!(outputs["size"].ty.as_ref().unwrap().to_string(), "number");

    let none = planned(&bench, "terraform-no-change", &task(&bench, Verb::Plan, 3)).0;
    assert!(none.is_empty(), "{none:?}");
    let read = bench.applied("terraform-outputs", &task(&bench, Verb::Outputs, 3));
    assert_eq!(read, outputs);

    let Finding::Failed(stale) = bench.run(
        "terraform-stale",
        &Task {
            saved: Some(saved),
            ..task(&bench, Verb::Apply, 3)
        },
    ) else {
        panic!()
    };
    assert!(stale.stale, "{stale:?}");

    assert_eq!(
        bench.run("terraform-destroy", &task(&bench, Verb::Destroy, 3)),
        Finding::Gone
    );
    let after = planned(&bench, "", &task(&bench, Verb::Plan, 3)).0;
    assert_eq!(after.changes.len(), 3, "everything would be made anew");
}

#[test]
fn no_secret_is_shown_wherever_it_went() {
    let Some(mut bench) = bench(&[("main.tf", MODULE), ("password.tf", PASSWORD)]) else {
        return;
    };
    let (first, _, predicted) = planned(&bench, "", &task(&bench, Verb::Plan, 3));
    let outputs = apply(
        &bench,
        "terraform-apply-sensitive",
        &task(&bench, Verb::Apply, 3),
    );
    assert_eq!(bench.seen.borrow().labels, ["apply", "output"]);
    assert_eq!(outputs["password"].value, Value::from("hunter2-long"));
    assert!(outputs["password"].sensitive);

    // both secrets are rotated: the old ones are in the state and nowhere else
    bench.secrets = BTreeMap::from([
        ("env:PW".into(), "hunter3-long".into()),
        ("env:LEAK".into(), "nextsecret".into()),
    ]);
    let second = planned(&bench, "terraform-update", &task(&bench, Verb::Plan, 4)).0;
    assert_eq!(second.worst(), Action::Update);
    let lines = |p: &Proposal| {
        p.changes
            .iter()
            .flat_map(|c| c.detail.clone())
            .collect::<Vec<_>>()
    };
    assert!(
        lines(&second).contains(&"~ input.size: 3 → 4".to_owned()),
        "{:?}",
        lines(&second)
    );
    assert!(
        lines(&first).contains(&"+ input.password: (sensitive)".to_owned()),
        "{:?}",
        lines(&first)
    );
    let said = format!(
        "{first:?}{second:?}{predicted:?}{}",
        bench.seen.borrow().lines.join("\n")
    );
    assert!(
        !["hunter", "topsecret", "nextsecret"]
            .iter()
            .any(|secret| said.contains(secret)),
        "{said}"
    );
}

#[test]
fn outputs_alone_are_a_change() {
    let Some(bench) = bench(&[("main.tf", "output \"x\" { value = 1 }\n")]) else {
        return;
    };
    let spec = UnitSpec::default();
    let task = bench.task(Verb::Plan, &spec, "{}");
    let first = planned(&bench, "", &task).0;
    assert_eq!(
        (first.changes[0].object.as_str(), first.worst()),
        ("output.x", Action::Create)
    );
    apply(&bench, "", &task);
    bench.write("main.tf", "output \"x\" { value = 2 }\n");
    let second = planned(&bench, "terraform-outputs-only", &task).0;
    assert_eq!(
        (second.changes[0].object.as_str(), second.worst()),
        ("output.x", Action::Update)
    );
    assert_eq!(second.changes[0].detail, ["1 → 2"]);
}

#[test]
fn drift_is_what_the_state_no_longer_has() {
    let Some(bench) = bench(&[("main.tf", MODULE)]) else {
        return;
    };
    apply(&bench, "", &task(&bench, Verb::Apply, 3));
    let observe = |name: &str| match bench.run(name, &task(&bench, Verb::Observe, 3)) {
        Finding::Observed { drift } => drift,
        other => panic!("{other:?}"),
    };
    // an output expression that changed is no drift
    bench.write("more.tf", "output \"more\" { value = var.size + 1 }\n");
    assert_eq!(observe("terraform-no-drift"), []);
}

#[test]
fn a_workspace_is_made_and_selected() {
    let Some(bench) = bench(&[("main.tf", "output \"w\" { value = terraform.workspace }\n")])
    else {
        return;
    };
    let spec = UnitSpec {
        options: options(r#"{"workspace":"blue","parallelism":3}"#),
        ..UnitSpec::default()
    };
    let task = bench.task(Verb::Plan, &spec, "{}");
    let (_, saved, predicted) = planned(&bench, "terraform-workspace", &task);
    assert_eq!(
        bench.seen.borrow().labels,
        ["init", "workspace", "workspace", "plan", "show"]
    );
    assert_eq!(predicted["w"].value, Value::from("blue"));
    bench.applied(
        "",
        &Task {
            verb: Verb::Apply,
            platform: String::new(),
            saved: Some(saved),
            ..task.clone()
        },
    );
    assert!(
        bench
            .path("state/workspaces/blue/terraform.tfstate")
            .is_file(),
        "never in the work folder"
    );
}

#[test]
fn a_backend_of_the_component_is_used() {
    let Some(bench) = bench(&[("main.tf", "output \"x\" { value = 1 }\n")]) else {
        return;
    };
    let place = bench.path("elsewhere.tfstate");
    let backend = format!(
        r#"{{"backend":{{"local":{{"path":"{}"}}}}}}"#,
        place.display()
    );
    let spec = UnitSpec {
        options: options(&backend),
        ..UnitSpec::default()
    };
    apply(&bench, "", &bench.task(Verb::Apply, &spec, "{}"));
    assert!(place.is_file());
}

#[test]
fn its_own_words_say_what_is_wrong() {
    let Some(bench) = bench(&[(
        "main.tf",
        "resource \"terraform_data\" \"x\" {\n  input = var.nope\n}\n",
    )]) else {
        return;
    };
    let Finding::Failed(failure) = bench.run(
        "terraform-invalid",
        &bench.task(Verb::Plan, &UnitSpec::default(), "{}"),
    ) else {
        panic!()
    };
    assert!(
        failure.summary.starts_with(
            "terraform plan: Reference to undeclared input variable (main.tf:2): An input"
        ),
        "{failure:?}"
    );
}

#[test]
fn a_lost_terraform_folder_is_made_again() {
    let Some(bench) = bench(&[("main.tf", MODULE)]) else {
        return;
    };
    planned(&bench, "", &task(&bench, Verb::Plan, 3));
    // kept, but of no use: as after an update of the tool under the same version
    for entry in std::fs::read_dir(bench.path("kept")).unwrap() {
        let kept = entry.unwrap().path().join(".terraform");
        std::fs::remove_dir_all(&kept).unwrap();
        std::fs::create_dir(&kept).unwrap();
    }
    planned(&bench, "terraform-init-again", &task(&bench, Verb::Plan, 3));
    assert_eq!(bench.seen.borrow().labels, ["plan", "init", "plan", "show"]);
}
