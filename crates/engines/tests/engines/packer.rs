//! Packer for real, with builders that make no machine.
use crate::bench::{Bench, options, secret, tool};
use std::collections::BTreeMap;
use strata_core::{
    engine::{Finding, Task, Verb},
    proposal::{Action, Fidelity},
    spec::{OutputFrom, OutputSpec, UnitSpec},
    ty::Type,
    value::{Term, Value},
};

const TEMPLATE: &str = r#"
variable "name" { type = string }
variable "size" { type = number }
variable "password" {
  type      = string
  sensitive = true
}
source "null" "a" { communicator = "none" }
source "null" "b" { communicator = "none" }
build {
  sources = ["source.null.a", "source.null.b"]
  provisioner "shell-local" {
    inline = ["mkdir -p out", "echo image ${var.name}, ${var.size} > out/x.img", "echo said ${var.password}"]
  }
}
"#;

fn bench(template: &str) -> Option<Bench> {
    let mut bench = Bench::new(
        "packer",
        tool("packer")?,
        &[
            ("image.pkr.hcl", template),
            ("gone.sh", "#!/bin/sh\ntrue\n"),
        ],
    );
    bench.secrets.insert("env:PW".into(), "s3cret-word".into());
    Some(bench)
}

fn task(bench: &Bench, verb: Verb) -> Task {
    let outputs = BTreeMap::from([(
        "image".to_owned(),
        OutputSpec {
            ty: Type::Artifact,
            from: OutputFrom::File("out/x.img".into()),
            sensitive: false,
        },
    )]);
    let options = options(r#"{"only": ["null.a"]}"#);
    let spec = UnitSpec {
        engine: "packer".into(),
        options,
        outputs,
        ..UnitSpec::default()
    };
    let mut task = bench.task(verb, &spec, r#"{"name": "x", "size": 2}"#);
    task.inputs.insert("password".into(), secret("env", "PW"));
    task
}

#[test]
fn from_the_first_plan_to_nothing_left() {
    let Some(bench) = bench(TEMPLATE) else { return };
    let Finding::Planned { proposal, .. } = bench.run("packer-validate", &task(&bench, Verb::Plan))
    else {
        panic!()
    };
    assert_eq!(
        (proposal.fidelity, proposal.worst()),
        (Fidelity::Opaque, Action::Run)
    );

    let outputs = bench.applied("packer-build", &task(&bench, Verb::Apply));
    assert_eq!(
        outputs["artifacts"].value.at(&["null.a".into()]),
        Some(&Value::from("Null"))
    );
    assert_eq!(
        outputs["image"].value.at(&["file".into()]),
        Some(&Value::from("x.img"))
    );
    let said = bench.seen.borrow().lines.join("\n");
    assert!(
        said.contains("null.a: said ***") && !said.contains("s3cret") && !said.contains("null.b"),
        "{said}"
    );

    // what is kept goes with the unit; what is elsewhere only the component can remove
    assert_eq!(bench.run("", &task(&bench, Verb::Destroy)), Finding::Gone);
    let mut own = task(&bench, Verb::Destroy);
    own.spec.options.insert(
        "destroy".into(),
        Term::List(vec![Term::String("./gone.sh".into())]),
    );
    assert_eq!(bench.run("", &own), Finding::Gone);
    assert_eq!(bench.seen.borrow().labels, ["destroy"]);
}

#[test]
fn its_own_words_say_what_is_wrong() {
    let Some(bench) = bench(&TEMPLATE.replace("mkdir -p out", "exit 3")) else {
        return;
    };
    let Finding::Failed(failure) = bench.run("packer-failed", &task(&bench, Verb::Apply)) else {
        panic!()
    };
    assert!(
        failure
            .summary
            .starts_with("packer build: null.a: Script exited with non-zero exit status: 3"),
        "{failure:?}"
    );
    bench.write(
        "image.pkr.hcl",
        "build {\n  sources = [\"source.null.nope\"]\n}\n",
    );
    let Finding::Failed(failure) = bench.run("", &task(&bench, Verb::Plan)) else {
        panic!()
    };
    assert!(
        failure.summary.starts_with("packer validate: "),
        "{failure:?}"
    );
}
