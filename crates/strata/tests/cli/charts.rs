//! Charts of the catalog's core services, with what they have to be given; and the makers' definitions of what they hold.
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use strata_kubernetes::object::{self, Object};

/// Each chart with the inputs that it cannot do without, and some that it can.
pub const CHARTS: &[(&str, &str)] = &[
    (
        "alertmanager",
        "{image: 'localhost/alertmanager:1', default: chat, severities: {critical: duty}, heartbeat: {receiver: watch},
          receivers: {chat: {webhook: 'http://192.0.2.1/chat'}, watch: {webhook: 'http://192.0.2.1/watch'},
            duty: {email: duty@example.org, configs: {pagerduty_configs: [{routing_key: s3cret-key}]}}},
          mail: {smarthost: 'mail.example.org:587', from: alarms@example.org, username: alarms, password: s3cret-word}}",
    ),
    (
        "blackbox-exporter",
        "{image: 'localhost/blackbox-exporter:1', modules: {tls: {prober: tcp, tcp: {tls: true}}}}",
    ),
    (
        "elastic",
        "{version: 9.1.5, nodes: 3, storage: {class: fast}, images: {kibana: 'localhost/kibana:9'}}",
    ),
    (
        "fluentd",
        "{image: 'localhost/fluentd:1', exclude: [kube-system], elasticsearch: {url: 'https://192.0.2.1:9200', user: fluentd, password: s3cret-word, ca: PEM}}",
    ),
    (
        "grafana",
        "{image: 'localhost/grafana:1', adminPassword: s3cret-word, dashboards: {more: {title: More}}}",
    ),
    ("node-exporter", "{image: 'localhost/node-exporter:1'}"),
    (
        "prometheus",
        "{image: 'localhost/prometheus:1', prober: 'blackbox-exporter:9115', for: {ServiceDown: 7s},
          alertmanagers: ['alertmanager:9093'], groups: [{name: own, rules: [{alert: Own, expr: 'up == 2'}]}]}",
    ),
];

/// Definitions in modules of their makers: the folder of `service-image` that pins the module, the module, the file.
pub const ISTIO: (&str, &str, &str) = (
    "istiod",
    "istio.io/istio",
    "manifests/charts/base/files/crd-all.gen.yaml",
);
/// As [`ISTIO`].
pub const ELASTIC: (&str, &str, &str) = (
    "elastic-operator",
    "github.com/elastic/cloud-on-k8s/v3",
    "config/crds/v1/all-crds.yaml",
);

/// A folder of the core services' repository.
pub fn of_the_catalog(folder: &str) -> PathBuf {
    let catalog =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/cluster-services/layers");
    catalog.join(folder)
}

/// The helm of the machine, or the one that was built for clusters of tests.
fn helm() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/helm");
    let found = ["helm".into(), built].into_iter().find(|program| {
        let version = Command::new(program).arg("version").output();
        version.is_ok_and(|o| o.status.success())
    });
    if found.is_none() {
        eprintln!("skipped: there is no helm (`cargo xtask cluster build` makes one)");
    }
    found
}

/// What helm makes of a chart, or what it says is wrong; nothing without helm.
pub fn rendered(chart: &str, values: &str) -> Option<Result<String, String>> {
    let mut child = Command::new(helm()?)
        .args([
            "template",
            chart,
            "--kube-version",
            "1.34.4",
            "--values",
            "-",
        ])
        .arg(of_the_catalog("cluster-services").join(chart))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("helm starts");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(values.as_bytes()).expect("it reads");
    drop(stdin);
    let done = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(if done.status.success() {
        Ok(text(&done.stdout))
    } else {
        Err(text(&done.stderr))
    })
}

/// The objects of a text.
pub fn objects(name: &str, text: &str) -> Vec<Object> {
    object::read(name, text, &object::Inputs::new()).unwrap_or_else(|e| panic!("{name}: {e:?}"))
}

/// The file of definitions of a module, at the version that `go.mod` pins; nothing where the module cannot be had.
pub fn definitions((folder, module, file): (&str, &str, &str)) -> Option<PathBuf> {
    let pinned = of_the_catalog("image/service-image/go").join(folder);
    let go = |args: &[&str]| {
        let mut go = Command::new("go");
        go.current_dir(&pinned)
            .env("GOFLAGS", "-mod=mod")
            .args(args);
        let done = go.output().ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    };
    let found = go(&["mod", "download", module])
        .and_then(|_| go(&["list", "-m", "-f", "{{.Dir}}", module]))
        .map(|dir| Path::new(&dir).join(file))
        .filter(|path| fs::metadata(path).is_ok());
    if found.is_none() {
        eprintln!("skipped: module {module} cannot be had, and its definitions are in it");
    }
    found
}
