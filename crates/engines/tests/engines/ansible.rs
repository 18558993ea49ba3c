//! Ansible for real, on this machine only.
use crate::bench::{Bench, options, secret, tool};
use std::collections::BTreeMap;
use strata_core::{
    engine::{Class, Finding, Task, Verb},
    proposal::{Action, Fidelity},
    spec::{OutputFrom, OutputSpec, UnitSpec},
    ty::Type,
    value::Value,
};

const SITE: &str = r#"
- name: Web
  hosts: web
  gather_facts: false
  tasks:
    - name: Make a file
      ansible.builtin.copy:
        content: "port {{ http_port }} {{ password }}\n"
        dest: "{{ place }}/conf"
        mode: '0600'
    - name: Fail when asked to
      ansible.builtin.command: "sh -c 'echo no disk >&2; exit 3'"
      when: boom | default(false)
    - name: Hand on
      run_once: true
      ansible.builtin.set_stats:
        data: {url: "http://x:{{ http_port }}", password: "{{ password }}", other: 1}
    - name: Hand on by host
      ansible.builtin.set_stats:
        data: {names: "{{ inventory_hostname }}"}
        per_host: true
- name: Empty on purpose
  hosts: spare
  tasks: []
"#;
const RESET: &str = r#"
- hosts: web
  gather_facts: false
  tasks:
    - ansible.builtin.file: {path: "{{ place }}/conf", state: absent}
"#;

const INVENTORY: &str = r#""inventory": {
  "web": {"hosts": ["w1", "w2"], "vars": {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}},
  "spare": {"hosts": {}}}"#;

fn bench(files: &[(&str, &str)]) -> Option<Bench> {
    let mut bench = Bench::new("ansible", tool("ansible")?, files);
    bench.secrets.insert("env:PW".into(), "s3cret-word".into());
    Some(bench)
}

fn spec(block: &str) -> UnitSpec {
    let output = |ty, sensitive| OutputSpec {
        ty,
        from: OutputFrom::Engine,
        sensitive,
    };
    let outputs = BTreeMap::from([
        ("url".to_owned(), output(Type::String, false)),
        ("password".to_owned(), output(Type::String, true)),
        (
            "names".to_owned(),
            output(Type::Map(Box::new(Type::String)), false),
        ),
    ]);
    UnitSpec {
        engine: "ansible".into(),
        options: options(block),
        outputs,
        ..UnitSpec::default()
    }
}

fn task(bench: &Bench, verb: Verb, spec: &UnitSpec) -> Task {
    let inputs = format!(
        r#"{{"http_port": 8080, "place": "{}"}}"#,
        bench.path("state").display()
    );
    let mut task = bench.task(verb, spec, &inputs);
    task.inputs.insert("password".into(), secret("env", "PW"));
    task
}

fn failure(bench: &Bench, name: &str, task: &Task) -> strata_core::engine::Failure {
    match bench.run(name, task) {
        Finding::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn from_the_first_plan_to_nothing_left() {
    let Some(bench) = bench(&[("site.yml", SITE), ("reset.yml", RESET)]) else {
        return;
    };
    let spec = spec(&format!(
        r#"{{"plan": "check", "destroy": "reset.yml", {INVENTORY}}}"#
    ));
    let Finding::Planned {
        proposal,
        predicted,
        ..
    } = bench.run("ansible-check", &task(&bench, Verb::Plan, &spec))
    else {
        panic!()
    };
    assert_eq!(
        (proposal.fidelity, proposal.worst()),
        (Fidelity::Advisory, Action::Update)
    );
    assert!(predicted.is_empty(), "outputs never come from check mode");
    assert!(!bench.path("state/conf").exists());

    let outputs = bench.applied("ansible-apply", &task(&bench, Verb::Apply, &spec));
    assert_eq!(
        outputs.len(),
        3,
        "stats that nobody declared are not handed on"
    );
    assert_eq!(outputs["url"].value, Value::from("http://x:8080"));
    assert_eq!(outputs["password"].value, Value::from("s3cret-word"));
    assert!(outputs["password"].sensitive);
    assert_eq!(
        outputs["names"].value.at(&["w2".into()]),
        Some(&Value::from("w2"))
    );
    let said = bench.seen.borrow().lines.join("\n");
    assert!(
        said.contains("changed: Make a file") && !said.contains("s3cret"),
        "{said}"
    );

    let observe = task(&bench, Verb::Observe, &spec);
    assert_eq!(
        bench.run("ansible-no-drift", &observe),
        Finding::Observed { drift: vec![] }
    );
    std::fs::write(bench.path("state/conf"), "else").unwrap();
    let Finding::Observed { drift } = bench.run("ansible-drift", &observe) else {
        panic!()
    };
    assert!(
        drift.iter().any(|c| c.object.ends_with("Make a file")),
        "{drift:?}"
    );

    assert_eq!(
        bench.run("ansible-destroy", &task(&bench, Verb::Destroy, &spec)),
        Finding::Gone
    );
    assert!(!bench.path("state/conf").exists());
}

#[test]
fn hosts_that_are_not_there_are_no_success() {
    let Some(bench) = bench(&[("site.yml", SITE)]) else {
        return;
    };
    let typo = spec(&format!("{{{}}}", INVENTORY.replace("\"web\"", "\"wep\"")));
    let why = failure(
        &bench,
        "ansible-no-hosts",
        &task(&bench, Verb::Apply, &typo),
    );
    assert_eq!(
        (why.summary.as_str(), why.class),
        ("`site.yml`: no hosts match `web`", Class::Permanent)
    );
    let none = spec(r#"{"inventory": {"web": {"hosts": {}}, "spare": {"hosts": {}}}}"#);
    assert_eq!(
        failure(&bench, "", &task(&bench, Verb::Apply, &none)).summary,
        "`site.yml` ran on no host"
    );
}

#[test]
fn the_task_that_failed_is_named() {
    let Some(bench) = bench(&[
        ("site.yml", SITE),
        ("bad.yml", "- hosts: web\n  taskz: []\n"),
    ]) else {
        return;
    };
    let spec = spec(&format!("{{{INVENTORY}}}"));
    let mut task = task(&bench, Verb::Apply, &spec);
    task.inputs
        .insert("boom".into(), strata_core::value::Term::Bool(true));
    let why = failure(&bench, "ansible-failed", &task).summary;
    assert!(
        why.contains(": Fail when asked to: non-zero return code; no disk (and 1 more)"),
        "{why}"
    );
    task.spec.options.insert(
        "playbook".into(),
        strata_core::value::Term::String("bad.yml".into()),
    );
    let why = failure(&bench, "", &task).summary;
    assert!(
        why.starts_with("`bad.yml`: 'taskz' is not a valid attribute for a Play"),
        "{why}"
    );
}

#[test]
fn hosts_out_of_reach_are_tried_again() {
    let Some(bench) = bench(&[("site.yml", SITE)]) else {
        return;
    };
    let inventory = r#"{"ssh": {"key": "k", "certificate": "c", "known-hosts": "h"},
        "inventory": {"web": {"hosts": {"w1": "127.0.0.1"}, "vars": {"ansible_port": 1}}, "spare": []}}"#;
    let why = failure(
        &bench,
        "ansible-unreachable",
        &task(&bench, Verb::Apply, &spec(inventory)),
    );
    assert_eq!(why.class, Class::Transient);
    assert!(
        why.summary
            .contains("w1: Make a file: Failed to connect to the host via ssh"),
        "{}",
        why.summary
    );
}
