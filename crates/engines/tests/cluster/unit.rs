//! A unit of Helm in a namespace of its own, and the chart that the tests look at.
use crate::bench::{Bench, options, secret, tool};
use std::process::{Command, Stdio};
use strata_core::{
    engine::{Failure, Finding, Task, Verb},
    proposal::{Change, Fidelity, Proposal},
    spec::UnitSpec,
    value::{Number, Value},
};

/// The smallest chart.
pub const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const VALUES: &str =
    "greeting: hello\npassword: none\nreplicas: 1\nready: \"true\"\nverdict: \"true\"\n";
const SCHEMA: &str = r#"{"properties": {"replicas": {"type": "integer", "maximum": 3}, "greeting": {"type": "string"}}}"#;
/// What it makes.
pub const OBJECTS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  greeting: {{ .Values.greeting | quote }}
  url: "https://user:{{ .Values.password }}@example"
  {{- if eq .Values.greeting "hello" }}
  first: "yes"
  {{- end }}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: {{ .Values.password | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: localhost/busybox:1
        command: [sh, -c, "echo starting; exec sleep 1000"]
        readinessProbe: {exec: {command: [{{ .Values.ready | quote }}]}, periodSeconds: 1}
"#;
const HOOK: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: web-before, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
"#;
const TEST: &str = r#"apiVersion: v1
kind: Pod
metadata: {name: web-test, annotations: {helm.sh/hook: test}}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers: [{name: test, image: localhost/busybox:1, command: [sh, -c, "echo asking the web; {{ .Values.verdict }}"]}]
"#;

/// A unit in a namespace of its own.
pub struct Unit {
    pub bench: Bench,
    pub namespace: String,
}

/// One with these files; `None` after saying why the test is skipped.
pub fn unit(name: &str, files: &[(&str, &str)]) -> Option<Unit> {
    if std::env::var_os("STRATA_TEST_CLUSTER").is_none() {
        eprintln!(
            "skipped: STRATA_TEST_CLUSTER does not name the kubeconfig of a cluster for tests"
        );
        return None;
    }
    assert!(
        crate::session::itself().is_file(),
        "these tests need the program: cargo build -p strata"
    );
    let mut bench = Bench::new("helm", tool("helm")?, files);
    let kubeconfig = std::env::var("STRATA_TEST_CLUSTER").unwrap();
    bench.secrets = [
        ("env:PW".to_owned(), "hunter2-long".to_owned()),
        (
            "env:CLUSTER".to_owned(),
            std::fs::read_to_string(kubeconfig).unwrap(),
        ),
    ]
    .into();
    let unit = Unit {
        bench,
        namespace: format!("helm-{name}"),
    };
    // what an earlier run of the test left
    assert_eq!(unit.run(Verb::Destroy), Finding::Gone);
    let namespace = unit.namespace.clone();
    unit.kubectl(&["delete", "namespace", "--ignore-not-found", &namespace]);
    Some(unit)
}

/// A chart with all that the tests look at.
pub fn web<'a>() -> Vec<(&'a str, &'a str)> {
    vec![
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("values.schema.json", SCHEMA),
        ("templates/objects.yaml", OBJECTS),
        ("templates/hook.yaml", HOOK),
        ("templates/test.yaml", TEST),
        (
            "templates/NOTES.txt",
            "Say {{ .Values.greeting }} to {{ .Values.password }}.\n",
        ),
    ]
}

impl Unit {
    pub fn task(&self, verb: Verb, inputs: &str, more: &str) -> Task {
        let mut given = options(r#"{"create-namespace": true, "timeout": "60s"}"#);
        let namespace = Value::from(self.namespace.as_str());
        given.insert("namespace".into(), namespace.into());
        given.extend(options(more));
        let spec = UnitSpec {
            engine: "helm".into(),
            options: given,
            cluster: Some(secret("env", "CLUSTER")),
            ..UnitSpec::default()
        };
        self.bench.task(verb, &spec, inputs)
    }
    pub fn run(&self, verb: Verb) -> Finding {
        self.bench.run("", &self.task(verb, "{}", "{}"))
    }
    pub fn planned(&self, name: &str, task: &Task) -> Proposal {
        match self.bench.run(name, task) {
            Finding::Planned { proposal, .. } => {
                assert_eq!(proposal.fidelity, Fidelity::Exact);
                proposal
            }
            other => panic!("{other:?}\n{}", self.bench.seen.borrow().lines.join("\n")),
        }
    }
    pub fn failed(&self, name: &str, task: &Task) -> Failure {
        match self.bench.run(name, task) {
            Finding::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }
    pub fn kubectl(&self, args: &[&str]) -> String {
        let out = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(std::env::var_os("STRATA_TEST_CLUSTER").unwrap())
            .args(["--namespace", &self.namespace])
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{said}");
        String::from_utf8(out.stdout).unwrap()
    }
    pub fn helm(&self, args: &[&str]) -> Command {
        let mut command = Command::new("helm");
        command
            .arg("--kubeconfig")
            .arg(std::env::var_os("STRATA_TEST_CLUSTER").unwrap())
            .args(["--namespace", &self.namespace])
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

pub fn lines(proposal: &Proposal) -> Vec<String> {
    let line = |c: &Change| {
        let line = format!("{:?} {}: {}", c.action, c.object, c.detail.join("; "));
        line.trim_end_matches([':', ' ']).to_owned()
    };
    proposal.changes.iter().map(line).collect()
}

/// What of a proposal changes at all.
pub fn objects(proposal: &Proposal) -> Vec<&str> {
    proposal.changes.iter().map(|c| c.object.as_str()).collect()
}

pub fn number(n: u32) -> Value {
    Value::Number(Number(n.to_string()))
}
