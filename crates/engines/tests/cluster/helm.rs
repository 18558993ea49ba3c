//! Helm for real, in a real cluster.
use crate::{
    bench::secret,
    unit::{CHART, OBJECTS, Unit, lines, number, objects, unit, web},
};
use std::{thread, time::Duration};
use strata_core::{
    engine::{Class, Finding, Interrupted, Task, Verb, Verdict},
    proposal::Action,
    value::Value,
};

#[test]
fn from_the_first_plan_to_nothing_left() {
    let Some(unit) = unit("life", &web()) else {
        return;
    };
    let task = |verb, inputs: &str| {
        let mut task = unit.task(verb, inputs, "{}");
        task.inputs.insert("password".into(), secret("env", "PW"));
        task
    };
    let plan = task(Verb::Plan, "{}");
    let proposal = unit.planned("helm-plan", &plan);
    assert_eq!(
        objects(&proposal),
        [
            "ConfigMap helm-life/web",
            "Deployment.apps helm-life/web",
            "Namespace helm-life",
            "Secret helm-life/web",
            "hook ConfigMap web-before",
            "release helm-life/unit"
        ]
    );
    assert_eq!(proposal.worst(), Action::Create);
    assert_eq!(unit.planned("", &plan).digest(), proposal.digest());

    let outputs = unit.bench.applied("helm-apply", &task(Verb::Apply, "{}"));
    assert_eq!(outputs["revision"].value, number(1));
    assert_eq!(outputs["namespace"].value, Value::from("helm-life"));
    let notes = Value::from("Say hello to hunter2-long.");
    assert_eq!(outputs["notes"].value, notes);
    assert!(outputs["notes"].sensitive && !outputs["manifest"].sensitive);
    let ready = [
        "get",
        "deployment/web",
        "-o=jsonpath={.status.readyReplicas}",
    ];
    assert_eq!(unit.kubectl(&ready), "1");
    let url = ["get", "configmap/web", "-o=jsonpath={.data.url}"];
    assert_eq!(unit.kubectl(&url), "https://user:hunter2-long@example");

    assert!(unit.planned("helm-no-change", &plan).is_empty());
    let read = unit
        .bench
        .applied("helm-outputs", &task(Verb::Outputs, "{}"));
    assert_eq!(read, outputs);
    let looked = unit.bench.run("helm-no-drift", &task(Verb::Observe, "{}"));
    assert_eq!(looked, Finding::Observed { drift: vec![] });

    let other = r#"{"greeting": "moin", "replicas": 2}"#;
    let proposal = unit.planned("helm-update", &task(Verb::Plan, other));
    assert_eq!(
        lines(&proposal),
        [
            r#"Update ConfigMap helm-life/web: data.greeting: "hello" -> "moin"; - data.first"#,
            "Update Deployment.apps helm-life/web: spec.replicas: 1 -> 2",
            "Create hook ConfigMap web-before: runs at pre-install, pre-upgrade",
            "Create release helm-life/unit",
        ]
    );
    let outputs = unit.bench.applied("", &task(Verb::Apply, other));
    assert_eq!(outputs["revision"].value, number(2));

    let gone = unit.bench.run("helm-destroy", &task(Verb::Destroy, other));
    assert_eq!(gone, Finding::Gone);
    let left = ["get", "deployment,secret", "-o=name"];
    assert_eq!(unit.kubectl(&left), "");
    let looked = unit.bench.run("", &task(Verb::Observe, other));
    let Finding::Observed { drift } = looked else {
        panic!("{looked:?}")
    };
    assert_eq!(drift[0].action, Action::Delete);
}

#[test]
fn a_chart_that_does_not_render_is_said_with_file_and_line() {
    let mut files = web();
    files.push((
        "templates/more.yaml",
        "a: b\nc: {{ fail \"say the host\" }}\n",
    ));
    let Some(unit) = unit("wrong", &files) else {
        return;
    };
    let failure = unit.failed("helm-not-rendered", &unit.task(Verb::Plan, "{}", "{}"));
    assert_eq!(
        failure.summary,
        "helm upgrade --dry-run: templates/more.yaml, line 2: say the host"
    );
    unit.bench.write("templates/more.yaml", "");
    let many = unit.task(Verb::Plan, r#"{"replicas": 9}"#, "{}");
    let failure = unit.failed("helm-refused-values", &many);
    let said = "at '/replicas': maximum: got 9, want 3";
    assert!(failure.summary.contains(said), "{failure:?}");
    assert_eq!(failure.class, Class::Permanent);
}

#[test]
fn an_upgrade_that_fails_goes_back() {
    let Some(unit) = unit("back", &web()) else {
        return;
    };
    let short = r#"{"timeout": "6s"}"#;
    let bad = r#"{"ready": "false"}"#;
    // the first: nothing is left of it
    let failure = unit.failed("helm-failed-install", &unit.task(Verb::Apply, bad, short));
    let said = "what it had made is removed";
    assert!(failure.summary.contains(said), "{failure:?}");
    let left = ["get", "deployment,secret", "-o=name"];
    assert_eq!(unit.kubectl(&left), "");
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", "{}"));
    let failure = unit.failed("helm-failed-upgrade", &unit.task(Verb::Apply, bad, short));
    let said = "it is back at revision 1";
    assert!(failure.summary.contains(said), "{failure:?}");
    let plan = unit.task(Verb::Plan, "{}", "{}");
    assert!(unit.planned("", &plan).is_empty());
    // who wants to look at it can
    let stays = unit.task(Verb::Apply, bad, r#"{"timeout": "6s", "atomic": false}"#);
    let failure = unit.failed("", &stays);
    assert!(!failure.summary.contains("it is back"), "{failure:?}");
    let proposal = unit.planned("helm-after-failure", &plan);
    let says = |l: &String| l.ends_with("is failed");
    assert!(lines(&proposal).iter().any(says), "{proposal:?}");
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", "{}"));
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
}

#[test]
fn what_the_server_takes_from_helm_and_from_nobody_else_is_no_fault() {
    let env = "command: [sh,";
    let twice = "env: [{name: A, value: \"1\"}, {name: B, value: b}, {name: A, value: \"2\"}]\n        unknwon: field\n        command: [sh,";
    let odd = OBJECTS.replace(env, twice);
    assert_ne!(odd, OBJECTS);
    let mut files = web();
    files.retain(|(path, _)| *path != "templates/objects.yaml");
    files.push(("templates/objects.yaml", &odd));
    let Some(unit) = unit("odd", &files) else {
        return;
    };
    let plan = unit.task(Verb::Plan, "{}", "{}");
    assert!(objects(&unit.planned("", &plan)).contains(&"Deployment.apps helm-odd/web"));
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", "{}"));
    let again = unit.planned("", &plan);
    assert!(again.is_empty(), "{again:?}");
    let looked = unit.run(Verb::Observe);
    assert_eq!(looked, Finding::Observed { drift: vec![] });
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
}

#[test]
fn a_hook_that_fails_speaks_with_its_log() {
    let job = r#"apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: "pre-install"}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: localhost/busybox:1, command: [sh, -c, "echo migration 7 fails; exit 1"]}]
"#;
    let mut files = web();
    files.push(("templates/job.yaml", job));
    let Some(unit) = unit("hook", &files) else {
        return;
    };
    let failure = unit.failed("helm-failed-hook", &unit.task(Verb::Apply, "{}", "{}"));
    let said = "Job.batch helm-hook/migrate failed: BackoffLimitExceeded";
    assert!(failure.summary.contains(said), "{failure:?}");
    let said = "log of main: migration 7 fails";
    assert!(failure.summary.contains(said), "{failure:?}");
    let said = "what it had made is removed";
    assert!(failure.summary.ends_with(said), "{failure:?}");
}

/// Starts helm as the engine does, and kills it when the release is pending.
fn killed(unit: &Unit, values: &[&str], status: &str) {
    let words = [
        "upgrade",
        "--install",
        "--create-namespace",
        "unit",
        ".",
        "--wait",
    ];
    let mut helm = unit.helm(&words);
    for value in values {
        helm.args(["--set-string", value]);
    }
    let mut helm = helm.current_dir(unit.bench.path("source")).spawn().unwrap();
    let label = format!("status={status}");
    let pending = ["get", "secret", "-l", &label, "-o=name"];
    while unit.kubectl(&pending).is_empty() {
        let ended = helm.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before it could be killed");
        thread::sleep(Duration::from_millis(20));
    }
    helm.kill().unwrap();
    helm.wait().unwrap();
    assert!(!unit.kubectl(&pending).is_empty(), "no release is {status}");
}

#[test]
fn a_release_that_was_cut_off_is_restored() {
    let Some(unit) = unit("killed", &web()) else {
        return;
    };
    let recover = || Task {
        interrupted: Some(Interrupted {
            label: "upgrade".into(),
            attempt: 1,
        }),
        ..unit.task(Verb::Recover, "{}", "{}")
    };
    let verdict = |name| match unit.bench.run(name, &recover()) {
        Finding::Recovered(verdict) => verdict,
        other => panic!("{other:?}"),
    };
    assert_eq!(verdict("helm-recover-nothing"), Verdict::NotDone);
    killed(&unit, &["ready=false"], "pending-install");
    assert_eq!(verdict("helm-recover"), Verdict::Partly);
    let plan = unit.task(Verb::Plan, "{}", "{}");
    let apply = unit.task(Verb::Apply, "{}", "{}");
    let proposal = unit.planned("helm-pending-install", &plan);
    assert_eq!(proposal.worst(), Action::Create);
    assert_eq!(
        lines(&proposal).last().unwrap(),
        "Create release helm-killed/unit: revision 1 is pending-install: it is uninstalled first"
    );
    unit.bench.applied("helm-restored-install", &apply);
    assert!(unit.planned("", &plan).is_empty());

    let values = ["ready=false", "greeting=moin"];
    killed(&unit, &values, "pending-upgrade");
    assert_eq!(verdict(""), Verdict::Partly);
    let proposal = unit.planned("helm-pending-upgrade", &plan);
    assert_eq!(
        lines(&proposal).last().unwrap(),
        "Create release helm-killed/unit: revision 2 is pending-upgrade: it is rolled back to revision 1 first"
    );
    let outputs = unit.bench.applied("helm-restored-upgrade", &apply);
    let ran = [
        "cluster", "status", "history", "rollback", "cluster", "upgrade", "cluster", "status",
    ];
    assert_eq!(unit.bench.seen.borrow().labels, ran);
    assert_eq!(outputs["revision"].value, number(4));
    assert!(unit.planned("", &plan).is_empty());
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
}

#[test]
fn a_release_that_was_going_is_taken_away_first() {
    let held = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [helm.example/hold]}\n";
    let Some(unit) = unit(
        "going",
        &[("Chart.yaml", CHART), ("templates/held.yaml", held)],
    ) else {
        return;
    };
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", "{}"));
    let mut helm = unit.helm(&["uninstall", "unit", "--wait"]).spawn().unwrap();
    let going = ["get", "secret", "-l", "status=uninstalling", "-o=name"];
    while unit.kubectl(&going).is_empty() {
        thread::sleep(Duration::from_millis(20));
    }
    helm.kill().unwrap();
    helm.wait().unwrap();
    let plan = unit.task(Verb::Plan, "{}", "{}");
    let proposal = unit.planned("helm-going", &plan);
    assert_eq!(
        lines(&proposal).last().unwrap(),
        "Create release helm-going/unit: revision 1 is uninstalling: it is uninstalled first"
    );
    let patch = r#"{"metadata": {"finalizers": null}}"#;
    let free = ["patch", "configmap", "held", "--type=merge", "-p", patch];
    unit.kubectl(&free);
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", "{}"));
    unit.kubectl(&free);
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
}

#[test]
fn objects_of_nobody_become_part_of_a_release_when_that_is_said() {
    let Some(unit) = unit("owner", &web()) else {
        return;
    };
    let make = ["create", "namespace", "helm-owner"];
    unit.kubectl(&make);
    unit.kubectl(&["create", "configmap", "web", "--from-literal=greeting=hand"]);
    let failure = unit.failed("helm-not-ours", &unit.task(Verb::Plan, "{}", "{}"));
    let said = "`helm: {take-ownership: true}`";
    assert!(failure.summary.ends_with(said), "{failure:?}");
    let take = r#"{"take-ownership": true}"#;
    let proposal = unit.planned("", &unit.task(Verb::Plan, "{}", take));
    let said = r#"data.greeting: "hand" -> "hello""#;
    assert!(lines(&proposal)[0].contains(said), "{proposal:?}");
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", take));
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
}

#[test]
fn tests_of_the_chart_run_after_the_apply() {
    let Some(unit) = unit("test", &web()) else {
        return;
    };
    let tested = r#"{"test": true}"#;
    let bad = r#"{"verdict": "echo it is not there; exit 1"}"#;
    let failure = unit.failed("helm-test-failed", &unit.task(Verb::Apply, bad, tested));
    let said = "log of web-test:\n  asking the web\n  it is not there";
    assert!(failure.summary.ends_with(said), "{failure:?}");
    let again = unit.planned("helm-untested", &unit.task(Verb::Plan, bad, tested));
    let says = |l: &String| l.ends_with("its tests have not succeeded");
    assert!(lines(&again).iter().any(says), "{again:?}");
    unit.bench
        .applied("helm-test", &unit.task(Verb::Apply, "{}", tested));
    let plan = unit.task(Verb::Plan, "{}", tested);
    assert!(unit.planned("", &plan).is_empty());
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.helm.example}
spec:
  group: helm.example
  scope: Namespaced
  names: {kind: Toy, plural: toys, singular: toy}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
";

#[test]
fn a_chart_may_bring_definitions_and_objects_of_them() {
    let toy = "apiVersion: helm.example/v1\nkind: Toy\nmetadata: {name: ball}\n";
    let files = [
        ("Chart.yaml", CHART),
        ("crds/toys.yaml", DEFINITION),
        ("templates/toy.yaml", toy),
    ];
    let Some(unit) = unit("crds", &files) else {
        return;
    };
    let remove = ["delete", "--ignore-not-found", "crd/toys.helm.example"];
    unit.kubectl(&remove);
    let plan = unit.task(Verb::Plan, "{}", "{}");
    let proposal = unit.planned("helm-definitions", &plan);
    assert_eq!(
        objects(&proposal),
        [
            "CustomResourceDefinition.apiextensions.k8s.io toys.helm.example",
            "Namespace helm-crds",
            "Toy.helm.example helm-crds/ball",
            "release helm-crds/unit"
        ]
    );
    assert_eq!(proposal.worst(), Action::Create);
    unit.bench.applied("", &unit.task(Verb::Apply, "{}", "{}"));
    assert!(unit.planned("", &plan).is_empty());
    let destroy = unit.task(Verb::Destroy, "{}", "{}");
    let gone = unit.bench.run("helm-destroy-definitions", &destroy);
    assert_eq!(gone, Finding::Gone);
    let shown = unit.bench.seen.borrow().lines.join("\n");
    assert!(
        shown.contains("crds/toys.yaml stay in the cluster"),
        "{shown}"
    );
    unit.kubectl(&remove);
}

#[test]
fn definitions_need_no_marks_between_them() {
    let other = DEFINITION.replace("toy", "doll").replace("Toy", "Doll");
    let files = [
        ("Chart.yaml", CHART),
        ("crds/a.yaml", DEFINITION),
        ("crds/b.yaml", other.as_str()),
    ];
    let Some(unit) = unit("marks", &files) else {
        return;
    };
    let proposal = unit.planned("", &unit.task(Verb::Plan, "{}", "{}"));
    let doll = "CustomResourceDefinition.apiextensions.k8s.io dolls.helm.example";
    assert!(objects(&proposal).contains(&doll), "{proposal:?}");
}
