//! The core services of the catalog on a real cluster: the server takes all that their charts hold, and what can be built
//! here serves. `STRATA_TEST_ISTIOD`, `STRATA_TEST_ISTIO_PROXY` and
//! `STRATA_TEST_ELASTIC` are folders as `setup/service.sh` prints them, whose images
//! are on the nodes.
use crate::{
    charts::{CHARTS, of_the_catalog},
    ground::{Ground, IMAGE},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::Duration,
};

/// A platform with components of the catalog, and what its environment says of them.
fn ground(name: &str, components: &[&str], said: &str) -> Option<Ground> {
    if Command::new("helm").arg("version").output().is_err() {
        eprintln!("skipped: there is no helm (`cargo xtask cluster build` makes one)");
        return None;
    }
    let ground = Ground::new(name, &[])?;
    for component in components {
        let to = ground.platform.root().join("layers/top");
        fs::create_dir_all(&to).expect("a folder");
        let mut copy = Command::new("cp");
        copy.arg("-r")
            .arg(of_the_catalog("cluster-services").join(component))
            .arg(to);
        assert!(copy.status().expect("cp is there").success());
    }
    ground.write("environments/dev.yaml", &format!("components:\n{said}"));
    Some(ground)
}

/// What was built of a service; or a word about why a test is skipped.
fn built(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: `{variable}` names no folder that setup/service.sh printed");
    }
    path
}

/// The name of its image, by digest.
fn reference(built: &Path) -> String {
    let text = fs::read_to_string(built.join("outputs.json")).expect("outputs");
    let outputs: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    outputs["reference"].as_str().expect("a text").to_owned()
}

/// Puts a chart of what was built beside a component, and says where.
fn with_chart(ground: &Ground, component: &str, chart: &Path) {
    let to = format!("layers/top/{component}/chart.tgz");
    fs::copy(chart, ground.platform.root().join(to)).expect("a chart");
}

/// Tries until it is refused, for a minute: a webhook may serve a moment later.
fn refused(ground: &Ground, text: &str, word: &str) {
    let mut last = String::new();
    for _ in 0..60 {
        let (done, said) = ground.tries(&["apply", "--dry-run=server", "-f", "-"], text);
        if !done && said.contains(word) {
            return;
        }
        last = said;
        sleep(Duration::from_secs(1));
    }
    panic!("expected {word:?}, last: {last}");
}

#[test]
fn the_server_takes_each_chart_of_the_core_services() {
    // the one that needs definitions has a test of its own
    let charts = CHARTS.iter().filter(|(name, _)| *name != "elastic");
    let names: Vec<&str> = charts.clone().map(|(name, _)| *name).collect();
    let said: String = charts
        .map(|(name, values)| {
            let values = values.replace('\n', " ");
            format!(
                "  {name}: {{inputs: {values}, helm: {{namespace: NS, create-namespace: true}}}}\n"
            )
        })
        .collect();
    let Some(g) = ground("services", &names, &said) else {
        return;
    };
    let plan = g.ends(0, &["plan", "dev"]);
    plan.never_says("s3cret");
    for object in [
        "DaemonSet.apps t-services/fluentd",
        "DaemonSet.apps t-services/node-exporter",
        "Deployment.apps t-services/grafana",
        "Deployment.apps t-services/prometheus",
        "Deployment.apps t-services/alertmanager",
        "Deployment.apps t-services/blackbox-exporter",
    ] {
        plan.says(object);
    }
}

const SERVICE: &str = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: default}
spec:
  hosts: [web]
  http: [{route: [{destination: {host: web}, weight: WEIGHT}]}]
";

/// What istiod is told where proxies are plain Envoy: no filter that only Istio's own build of it has.
const PLAIN: &str = ", env: {PILOT_ENABLE_ALPN_FILTER: 'false', PILOT_ENABLE_METADATA_EXCHANGE: 'false'}, telemetry: {enabled: false}";

const MESHED: &str = "apiVersion: v1
kind: Namespace
metadata: {name: NS, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: NS, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: 'IMAGE', imagePullPolicy: IfNotPresent, command: [sh, -c, 'mkdir /www; echo hello-mesh >/www/index.html; exec httpd -f -p 8080 -h /www']}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NS}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: friend, namespace: NS}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: 'IMAGE', imagePullPolicy: IfNotPresent, command: [sleep, '1000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: stranger, namespace: NS, annotations: {sidecar.istio.io/inject: 'false'}, labels: {sidecar.istio.io/inject: 'false'}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: 'IMAGE', imagePullPolicy: IfNotPresent, command: [sleep, '1000']}]
";

fn pods_speak_by_mutual_tls_and_strangers_are_refused(g: &Ground) {
    g.puts(&MESHED.replace("IMAGE", IMAGE));
    let space = format!("--namespace={}", g.space);
    g.does(&[
        "wait",
        &space,
        "--for=condition=Ready",
        "--timeout=120s",
        "pod",
        "--all",
    ]);
    let address = g.field("service", "web", ".spec.clusterIP");
    let asked = format!(
        "(printf 'GET / HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | timeout 5 nc {address} 80"
    );
    let ask = |who: &str| {
        g.tries(
            &["exec", &space, who, "-c", "main", "--", "sh", "-c", &asked],
            "",
        )
        .1
    };
    // proxies hear of a new service a moment later
    let heard = (0..30).any(|_| {
        sleep(Duration::from_secs(1));
        ask("friend").contains("hello-mesh")
    });
    assert!(heard, "{}", ask("friend"));
    // in clear, by one without a proxy: the same request is not answered
    let said = ask("stranger");
    assert!(
        !said.contains("HTTP/1.1 200") && !said.contains("hello-mesh"),
        "{said}"
    );
    // and it is the policy that says so
    g.puts("apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: NS}\nspec: {mtls: {mode: PERMISSIVE}}\n");
    let heard = (0..30).any(|_| {
        sleep(Duration::from_secs(1));
        ask("stranger").contains("hello-mesh")
    });
    assert!(heard, "{}", ask("stranger"));
}

#[test]
fn istiod_serves_and_refuses_what_is_wrong() {
    let Some(istiod) = built("STRATA_TEST_ISTIOD") else {
        return;
    };
    let proxy = built("STRATA_TEST_ISTIO_PROXY");
    let sidecars = proxy.as_deref().map_or_else(String::new, |p| {
        let image = reference(p);
        format!(
            "{PLAIN}, global: {{proxy: {{image: '{image}'}}, proxy_init: {{image: '{image}'}}}}"
        )
    });
    let said = format!(
        "  istio-base: {{helm: {{chart: chart.tgz}}}}\n  istiod: {{after: [istio-base], helm: {{chart: chart.tgz}}, inputs: {{image: '{}'{sidecars}}}}}\n  mesh: {{inputs: {{istiod: '${{{{ istiod.outputs.release }}}}'}}}}\n",
        reference(&istiod)
    );
    let Some(g) = ground("istio", &["istio-base", "istiod", "mesh"], &said) else {
        return;
    };
    with_chart(&g, "istio-base", &istiod.join("definitions.tgz"));
    with_chart(&g, "istiod", &istiod.join("chart.tgz"));
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/istiod", "root"])
        .says("BEGIN CERTIFICATE");
    refused(&g, &SERVICE.replace("WEIGHT", "-1"), "denied the request");
    g.does(&[
        "get",
        "--namespace",
        "istio-system",
        "peerauthentication/default",
    ]);
    let (done, said) = g.tries(
        &["apply", "--dry-run=server", "-f", "-"],
        &SERVICE.replace("WEIGHT", "100"),
    );
    assert!(done, "{said}");
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    if proxy.is_some() {
        pods_speak_by_mutual_tls_and_strangers_are_refused(&g);
    }
    g.ends(0, &["destroy", "dev", "--yes"]);
    g.does(&["delete", "namespace", "istio-system", "--timeout=100s"]);
}

#[test]
fn the_operator_of_elastic_makes_users_and_certificates_and_refuses_what_is_wrong() {
    let Some(operator) = built("STRATA_TEST_ELASTIC") else {
        return;
    };
    let reference = reference(&operator);
    let (repository, digest) = reference.split_once('@').expect("a digest");
    let said = format!(
        "  elastic-operator: {{helm: {{chart: chart.tgz}}, inputs: {{image: {{repository: '{repository}', tag: built, digest: '{digest}'}}}}}}\n  elastic: {{inputs: {{operator: '${{{{ elastic-operator.outputs.release }}}}'}}}}\n"
    );
    let Some(g) = ground("elastic", &["elastic-operator", "elastic"], &said) else {
        return;
    };
    with_chart(&g, "elastic-operator", &operator.join("chart.tgz"));
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/elastic", "url"])
        .says("https://elastic-es-http.logging.svc:9200");
    // what it makes of them, but for pods that run: their images cannot be had. It serves when the kubelet has handed it
    // the certificate that it made for itself
    for made in [
        "statefulset/elastic-es-default",
        "secret/elastic-es-elastic-user",
        "secret/elastic-es-http-certs-public",
    ] {
        g.does(&[
            "wait",
            "--for=create",
            "--timeout=180s",
            "--namespace=logging",
            made,
        ]);
    }
    let old = "apiVersion: elasticsearch.k8s.elastic.co/v1
kind: Elasticsearch
metadata: {name: old, namespace: logging}
spec: {version: 5.0.0, nodeSets: [{name: default, count: 1}]}
";
    refused(&g, old, "Unsupported version");
    g.ends(0, &["destroy", "dev", "--yes"]);
    g.does(&[
        "delete",
        "namespace",
        "logging",
        "elastic-system",
        "--timeout=100s",
    ]);
}
