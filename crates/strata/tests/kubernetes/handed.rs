//! Flux, with its real controllers and a real repository; Argo CD, whose controller the test plays by its documented API.
use crate::ground::{Ground, SPACE};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// A repository that this machine serves over HTTP.
pub struct Repository {
    pub tree: PathBuf,
    bare: PathBuf,
    pub url: String,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Repository {
    /// With one file; `address` is where pods reach this machine.
    pub fn new(address: &str, path: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bare = folder.path().join("app.git");
        let web = folder.path().join("web/cgi-bin");
        fs::create_dir_all(&web).expect("a folder");
        git(
            folder.path(),
            &["init", "-q", "--bare", "-b", "main", "app.git"],
        );
        git(folder.path(), &["clone", "-q", "app.git", "tree"]);
        let script = format!(
            "#!/bin/sh\nexport GIT_PROJECT_ROOT='{}' GIT_HTTP_EXPORT_ALL=1\nexec git http-backend\n",
            folder.path().display()
        );
        fs::write(web.join("git"), script).expect("a script");
        let mode = Command::new("chmod")
            .arg("755")
            .arg(web.join("git"))
            .status();
        assert!(mode.expect("chmod is there").success());
        let free = TcpListener::bind((address, 0)).expect("the cluster reaches this address");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let server = Command::new("busybox")
            .args(["httpd", "-f", "-p", &format!("{address}:{port}"), "-h"])
            .arg(folder.path().join("web"))
            .spawn()
            .expect("busybox is there");
        let repository = Self {
            tree: folder.path().join("tree"),
            bare,
            url: format!("http://{address}:{port}/cgi-bin/git/app.git"),
            server,
            _folder: folder,
        };
        repository.commit(path, text);
        repository
    }
    /// The repository itself, which has no work tree.
    pub fn path(&self) -> &Path {
        &self.bare
    }
    /// Commits and publishes; gives the commit.
    pub fn commit(&self, path: &str, text: &str) -> String {
        let file = self.tree.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
        git(&self.tree, &["add", "."]);
        git(&self.tree, &["commit", "-q", "-m", "change"]);
        git(&self.tree, &["push", "-q", "origin", "HEAD:main"]);
        git(&self.tree, &["rev-parse", "HEAD"])
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub fn git(folder: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(args)
        .output()
        .expect("git is there");
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "git {args:?}: {error}");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page, namespace: NS}\ndata: {who: '${who}'}\n";

#[test]
fn flux_applies_a_repository_and_what_of_it_is_not_ready_is_named() {
    let Some(address) = std::env::var("STRATA_TEST_FLUX").ok() else {
        eprintln!(
            "skipped: `STRATA_TEST_FLUX` says no address at which pods with Flux reach this machine (setup/kubernetes-test.sh does)"
        );
        return;
    };
    let Some(g) = Ground::with_space("flux", &[("word", "sesame-open")]) else {
        return;
    };
    let repository = Repository::new(&address, "base/page.yaml", &CONFIG.replace("NS", &g.space));
    g.write(
        "layers/top/app/component.yaml",
        &format!(
            "engine: flux\nflux: {{source: {{git: '{}', branch: main}}, path: ./base, namespace: NS, wait: 2m}}\ninputs: {{who: '${{{{ secret(\"file:word\") }}}}'}}\n",
            repository.url
        ),
    );
    g.ends(0, &["plan", "dev"])
        .says("GitRepository.source.toolkit.fluxcd.io")
        .never_says("sesame-open");
    g.ends(0, &["apply", "dev", "--yes"])
        .never_says("sesame-open");
    assert_eq!(g.field("configmap", "page", ".data.who"), "sesame-open");
    let head = git(&repository.tree, &["rev-parse", "HEAD"]);
    g.ends(0, &["outputs", "dev/app", "revision"])
        .says(&format!("main@sha1:{head}"));
    g.ends(0, &["drift", "dev"]);

    // a commit that cannot get ready
    let bad = crate::ground::deployment("bad", 1, "localhost/none:1", "true")
        .replace("IfNotPresent", "Never");
    let bad = bad.replace(
        "{name: bad}",
        &format!("{{name: bad, namespace: {}}}", g.space),
    );
    repository.commit("base/bad.yaml", &bad);
    g.edit("layers/top/app/component.yaml", "wait: 2m", "wait: 15s");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("Kustomization.kustomize.toolkit.fluxcd.io t-flux/app is not ready")
        .says("Deployment.apps t-flux/bad")
        .says("ErrImageNeverPull");
    // and one that can
    git(&repository.tree, &["rm", "-q", "base/bad.yaml"]);
    g.edit("layers/top/app/component.yaml", "wait: 15s", "wait: 2m");
    let good = repository.commit(
        "base/more.yaml",
        &CONFIG.replace("NS", &g.space).replace("page", "more"),
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/app", "revision"]).says(&good);
    assert!(g.has("configmap", "more") && !g.has("deployment", "bad"));

    // a change by hand is drift, and who made it is said
    g.does(&[
        "-n",
        &g.space,
        "patch",
        "gitrepository",
        "app",
        "--type=merge",
        "--field-manager=somebody",
        "-p",
        "{\"spec\":{\"interval\":\"1h\"}}",
    ]);
    g.ends(6, &["drift", "dev"])
        .says("spec.interval")
        .says("somebody");
    g.ends(0, &["apply", "dev", "--refresh", "--yes"]);
    assert_eq!(g.field("gitrepository", "app", ".spec.interval"), "10m");

    // nothing moves while it is suspended
    g.edit(
        "layers/top/app/component.yaml",
        "path: ./base",
        "suspend: true, path: ./base",
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    repository.commit(
        "base/page.yaml",
        &CONFIG.replace("NS", &g.space).replace("who:", "whom:"),
    );
    g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.who"), "sesame-open");
    g.edit("layers/top/app/component.yaml", "suspend: true, ", "");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.whom"), "sesame-open");

    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("kustomization", "app") && !g.has("configmap", "page"));
}

/// The definition of Applications, as far as the test needs it: as in Argo CD, their status is no resource of its own.
const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Application, plural: applications, singular: application}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// Plays Argo CD's controller: looks when it is asked to, syncs when it is told to.
struct Controller {
    over: Arc<AtomicBool>,
    works: Option<JoinHandle<()>>,
}

impl Controller {
    fn new(kubeconfig: PathBuf, space: String, synced: &'static str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let works = thread::spawn(move || {
            let kubectl = |args: &[&str]| {
                let out = Command::new("kubectl")
                    .arg("--kubeconfig")
                    .arg(&kubeconfig)
                    .args(["-n", &space])
                    .args(args)
                    .output()
                    .expect("kubectl is there");
                String::from_utf8_lossy(&out.stdout).into_owned()
            };
            let patch = |fields: &str| {
                kubectl(&[
                    "patch",
                    "application",
                    "app",
                    "--type=merge",
                    "--field-manager=argocd",
                    "-p",
                    fields,
                ])
            };
            while !until.load(Ordering::Relaxed) {
                let app = kubectl(&[
                    "get",
                    "application",
                    "app",
                    "--ignore-not-found",
                    "-o",
                    "json",
                ]);
                let app: serde_json::Value = serde_json::from_str(&app).unwrap_or_default();
                if app["metadata"]["annotations"]["argocd.argoproj.io/refresh"].is_string() {
                    patch(
                        r#"{"metadata": {"annotations": {"argocd.argoproj.io/refresh": null}}, "status": {"sync": {"status": "OutOfSync", "revision": "0123abc"}, "health": {"status": "Missing"}, "operationState": null}}"#,
                    );
                } else if app["operation"]["sync"]["revision"] == "0123abc" {
                    patch(synced);
                }
                if app["metadata"]["deletionTimestamp"].is_string() {
                    patch(r#"{"metadata": {"finalizers": null}}"#);
                }
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self {
            over,
            works: Some(works),
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
fn argocd_is_told_to_look_and_to_sync_and_its_errors_are_read() {
    let component = "engine: argocd\nargocd: {source: {git: 'https://git.example/app.git', tag: 1.0.0}, path: base, namespace: NS, target-namespace: NS, wait: 60s}\n";
    let Some(g) = Ground::with_space(
        "argo",
        &[
            ("layers/top/app/component.yaml", component),
            ("layers/top/app/README.md", SPACE),
        ],
    ) else {
        return;
    };
    g.puts(DEFINITION);
    g.does(&[
        "wait",
        "--for=condition=Established",
        "crd/applications.argoproj.io",
        "--timeout=30s",
    ]);
    let kubeconfig = g.platform.root().join("kubeconfig");
    let good = r#"{"operation": null, "status": {"sync": {"status": "Synced", "revision": "0123abc"}, "health": {"status": "Healthy"}}}"#;
    let controller = Controller::new(kubeconfig.clone(), g.space.clone(), good);
    g.ends(0, &["plan", "dev"]).says("Application.argoproj.io");
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/app", "revision"])
        .says("0123abc");
    drop(controller);

    let bad = r#"{"operation": null, "status": {"operationState": {"phase": "Failed", "message": "namespaces is forbidden"}, "resources": [{"kind": "ConfigMap", "version": "v1", "namespace": "t-argo", "name": "lost"}]}}"#;
    let controller = Controller::new(kubeconfig.clone(), g.space.clone(), bad);
    g.edit("layers/top/app/component.yaml", "tag: 1.0.0", "tag: 2.0.0");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("Application.argoproj.io t-argo/app failed: its sync failed: namespaces is forbidden")
        .says("ConfigMap t-argo/lost is not there");
    g.ends(0, &["destroy", "dev", "--yes"]);
    drop(controller);

    // an Application is no place for a secret
    g.write("word", "sesame-open");
    g.write(
        "layers/top/app/component.yaml",
        &format!("{component}inputs: {{key: '${{{{ secret(\"file:word\") }}}}'}}\n"),
    );
    g.ends(10, &["apply", "dev", "--yes"])
        .says("the input `key` is secret")
        .never_says("sesame-open");
    g.does(&["delete", "crd", "applications.argoproj.io"]);
}
