//! A HelmRelease where Flux's helm-controller is not in the cluster: the test plays that one, by what the real one (1.4.5)
//! was seen to do; the charts are fetched by the real source-controller. `flux.rs` has the tests with the real one.
use crate::{
    flux::{COMPONENT, RELEASE, ground, is_played, sources},
    ground::Ground,
    repository::Repository,
    shelves::Chart,
};
use serde_json::{Value as Json, json};
use std::{
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: helmreleases.helm.toolkit.fluxcd.io}
spec:
  group: helm.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: HelmRelease, plural: helmreleases, singular: helmrelease}
  versions:
  - name: v2
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// Plays the controller: answers at once with what it had, makes the chart, and hears of what was fetched only later.
struct Controller {
    over: Arc<AtomicBool>,
    works: Option<JoinHandle<()>>,
}

impl Controller {
    fn new(g: &Ground) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (until, space) = (over.clone(), g.space.clone());
        let kubeconfig = g.platform.root().join("kubeconfig");
        let works = thread::spawn(move || {
            let mut late = 0;
            while !until.load(Ordering::Relaxed) {
                looks(&kubeconfig, &space, &mut late);
                thread::sleep(Duration::from_millis(200));
            }
        });
        Self {
            over,
            works: Some(works),
        }
    }
}

/// How many times it looks before it hears of a chart.
const LATE: u32 = 10;

fn looks(kubeconfig: &PathBuf, space: &str, late: &mut u32) {
    let kubectl = |args: &[&str]| {
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(kubeconfig);
        let out = kubectl.args(["-n", space]).args(args).output();
        String::from_utf8_lossy(&out.expect("kubectl is there").stdout).into_owned()
    };
    let read = |kind: &str, name: &str| -> Json {
        let args = ["get", kind, name, "--ignore-not-found", "-o", "json"];
        serde_json::from_str(&kubectl(&args)).unwrap_or_default()
    };
    let patch = |kind: &str, name: &str, part: &[&str], fields: &Json| {
        let fields = fields.to_string();
        kubectl(&[&["patch", kind, name, "--type=merge", "-p", &fields], part].concat())
    };
    let says = |status: &Json| {
        let status = json!({"status": status});
        patch("helmrelease", "shop", &["--subresource=status"], &status)
    };
    let release = read("helmrelease", "shop");
    if !release["spec"].is_object() {
        return;
    }
    let named = format!("{space}-shop");
    let chart = read("helmchart", &named);
    let fetched = &chart["status"]["artifact"]["revision"];
    let status = &release["status"];
    let asked = &release["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"];
    let ready = |yes: bool| json!([{"type": "Ready", "status": if yes { "True" } else { "False" }, "reason": "SourceNotReady", "message": "its chart is not ready"}]);
    if asked.is_string() && *asked != status["lastHandledReconcileAt"] {
        let wanted = &release["spec"]["chart"]["spec"];
        if chart["spec"].is_object() {
            patch("helmchart", &named, &[], &json!({"spec": wanted}));
        } else {
            let mut spec = wanted.clone();
            spec["interval"] = "10m".into();
            let chart = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart", "metadata": {"name": named}, "spec": spec});
            let file = kubeconfig.with_file_name("played.json");
            std::fs::write(&file, chart.to_string()).expect("a file");
            kubectl(&["create", "-f", &file.display().to_string()]);
        }
        *late = 0;
        let had = status["lastAttemptedRevision"].is_string();
        let answer = json!({"lastHandledReconcileAt": asked, "observedGeneration": release["metadata"]["generation"], "conditions": ready(had)});
        says(&answer);
    } else if fetched.is_string() && *fetched != status["lastAttemptedRevision"] {
        *late += 1;
        if *late >= LATE {
            says(&json!({"lastAttemptedRevision": fetched, "conditions": ready(true)}));
        }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(works) = self.works.take() {
            let _ = works.join();
        }
    }
}

#[test]
fn a_release_that_says_it_is_ready_too_early_is_waited_for() {
    let Some((g, address)) = ground("early", false) else {
        return;
    };
    if !is_played(&g) {
        eprintln!("skipped: Flux's helm-controller is in the cluster");
        return;
    }
    g.puts(DEFINITION);
    g.does(&[
        "wait",
        "--for=condition=Established",
        "crd/helmreleases.helm.toolkit.fluxcd.io",
        "--timeout=30s",
    ]);
    let repository = Repository::new(&address, "README.md", "charts\n");
    Chart::new(&repository.tree, "0.1.0");
    let [(kind, chart, source), ..] = sources(&repository.url, "", "");
    let from =
        format!("chart: {{spec: {{chart: {chart}, sourceRef: {{kind: {kind}, name: app}}}}}}");
    g.write(
        COMPONENT,
        "engine: flux\nflux: {namespace: NS, wait: 2m}\ninputs: {who: somebody}\n",
    );
    g.write("layers/top/app/source.yaml", &source);
    g.write(
        "layers/top/app/release.yaml",
        &RELEASE.replace("CHART", &from),
    );
    let controller = Controller::new(&g);
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        repository.commit("web/Chart.yaml", &Chart::named(version));
        g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
        g.ends(0, &["outputs", "dev/app", "revisions"])
            .says(&format!("{{\"shop\":\"{version}\"}}"));
    }
    // a chart that is not there: what is said of it, and not only that it is not ready
    g.edit(
        "layers/top/app/release.yaml",
        "chart: ./web",
        "chart: ./lost",
    );
    g.edit(COMPONENT, "wait: 2m", "wait: 8s");
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "HelmChart.source.toolkit.fluxcd.io t-early/t-early-shop",
            "lost",
        ],
    );
    g.ends(0, &["destroy", "dev", "--yes"]);
    drop(controller);
    g.does(&["delete", "crd", "helmreleases.helm.toolkit.fluxcd.io"]);
}
