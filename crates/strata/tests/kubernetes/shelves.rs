//! Where charts and artifacts are fetched from, served by this machine at the address at which pods reach it: a folder over
//! HTTP, and a registry.
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// A server on a port of its own.
pub struct Shelf {
    /// `ADDRESS:PORT`
    pub at: String,
    server: Child,
    folder: tempfile::TempDir,
}

impl Shelf {
    /// A folder over HTTP: a repository of charts, as Helm has them.
    pub fn folder(address: &str) -> Self {
        Self::begin(address, |at, folder| {
            let mut busybox = Command::new("busybox");
            busybox.args(["httpd", "-f", "-p", at, "-h"]).arg(folder);
            busybox
        })
    }
    /// A registry without TLS.
    pub fn registry(address: &str) -> Self {
        Self::begin(address, |at, folder| {
            let config = format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '{at}'}}\n",
                folder.join("blobs").display()
            );
            let file = folder.join("config.yml");
            fs::write(&file, config).expect("a file");
            let mut registry = Command::new("docker-registry");
            registry.arg("serve").arg(file);
            registry.stdout(Stdio::null()).stderr(Stdio::null());
            registry
        })
    }
    fn begin(address: &str, server: impl Fn(&str, &Path) -> Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind((address, 0)).expect("the cluster reaches this address");
        let at = free.local_addr().expect("an address").to_string();
        drop(free);
        let server = server(&at, folder.path()).spawn().expect("it is there");
        let tries = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(50));
            TcpStream::connect(&at).is_ok()
        });
        assert!(tries, "nobody listens at {at}");
        Self { at, server, folder }
    }
    /// Adds a version of the chart to a folder that is served.
    pub fn adds(&self, chart: &Chart, version: &str) {
        chart.package(version, self.folder.path());
        helm(&["repo", "index", "."], self.folder.path());
    }
    /// Pushes a version of the chart to a registry, as `charts/web`.
    pub fn takes_chart(&self, chart: &Chart, version: &str) {
        let packed = chart.package(version, self.folder.path());
        let to = format!("oci://{}/charts", self.at);
        helm(&["push", &packed, &to, "--plain-http"], self.folder.path());
    }
    /// Pushes a folder as Flux does (`flux push artifact`); gives the digest of what is there then.
    pub fn takes(&self, name: &str, tag: &str, folder: &Path) -> String {
        let packed = self.folder.path().join("layer");
        runs(
            Command::new("tar")
                .arg("-czf")
                .arg(&packed)
                .arg("-C")
                .arg(folder)
                .arg("."),
        );
        let empty = self.folder.path().join("config");
        fs::write(&empty, "{}").expect("a file");
        let described = |kind: &str, file: &Path| {
            let size = fs::metadata(file).expect("a file").len();
            let digest = self.blob(name, file);
            format!("{{\"mediaType\": \"{kind}\", \"digest\": \"{digest}\", \"size\": {size}}}")
        };
        let manifest = format!(
            "{{\"schemaVersion\": 2, \"mediaType\": \"{MANIFEST}\", \"config\": {}, \"layers\": [{}]}}",
            described("application/vnd.cncf.flux.config.v1+json", &empty),
            described("application/vnd.cncf.flux.content.v1.tar+gzip", &packed)
        );
        let file = self.folder.path().join("manifest");
        fs::write(&file, manifest).expect("a file");
        let to = format!("http://{}/v2/{name}/manifests/{tag}", self.at);
        puts(&to, MANIFEST, &file);
        digest(&file)
    }
    fn blob(&self, name: &str, file: &Path) -> String {
        let begin = format!("http://{}/v2/{name}/blobs/uploads/", self.at);
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-o", "/dev/null", "-w", "%header{location}"]);
        let to = runs(curl.args(["-X", "POST", &begin]));
        let digest = digest(file);
        puts(
            &format!("{to}&digest={digest}"),
            "application/octet-stream",
            file,
        );
        digest
    }
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

impl Drop for Shelf {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn puts(url: &str, kind: &str, file: &Path) {
    let kind = format!("Content-Type: {kind}");
    let mut curl = Command::new("curl");
    let data = format!("@{}", file.display());
    runs(curl.args(["-sf", "-X", "PUT", "-H", &kind, "--data-binary", &data, url]));
}

fn digest(file: &Path) -> String {
    let said = runs(Command::new("sha256sum").arg(file));
    format!("sha256:{}", &said[..64])
}

fn helm(args: &[&str], folder: &Path) {
    runs(
        Command::new("helm")
            .args(args)
            .current_dir(folder)
            .env("HELM_CONFIG_HOME", folder.join(".helm"))
            .env("HELM_CACHE_HOME", folder.join(".helm"))
            .env("HELM_DATA_HOME", folder.join(".helm")),
    );
}

fn runs(command: &mut Command) -> String {
    let out = command.output().expect("it is there");
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{command:?}: {error}");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// A chart `web`: a page, a Deployment, and a hook where a value asks for one.
pub struct Chart {
    /// Its folder.
    pub folder: PathBuf,
}

/// Its files.
const CHART: [(&str, &str); 3] = [
    (
        "templates/all.yaml",
        "
apiVersion: v1
kind: ConfigMap
metadata: {name: page}
data: {who: '{{ .Values.who }}', version: '{{ .Chart.Version }}'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: main, image: '{{ .Values.image }}', imagePullPolicy: Never, command: [sh, -c, 'while :; do sleep 1; done']}
{{- if .Values.hook }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-delete-policy: before-hook-creation}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: 'localhost/busybox:1', imagePullPolicy: Never, command: [sh, -c, '{{ .Values.hook }}']}
{{- end }}
",
    ),
    ("values.yaml", "who: nobody\nimage: 'localhost/busybox:1'\nhook: ''\n"),
    (
        "values.schema.json",
        "{\"type\": \"object\", \"properties\": {\"who\": {\"type\": \"string\"}}}\n",
    ),
];

impl Chart {
    /// In a folder, at a version.
    pub fn new(folder: &Path, version: &str) -> Self {
        let chart = Self {
            folder: folder.join("web"),
        };
        fs::create_dir_all(chart.folder.join("templates")).expect("a folder");
        for (name, text) in CHART {
            fs::write(chart.folder.join(name), text).expect("a file");
        }
        fs::write(chart.folder.join("Chart.yaml"), Self::named(version)).expect("a file");
        chart
    }
    /// The text of `Chart.yaml`.
    pub fn named(version: &str) -> String {
        format!("apiVersion: v2\nname: web\nversion: {version}\n")
    }
    fn package(&self, version: &str, to: &Path) -> String {
        fs::write(self.folder.join("Chart.yaml"), Self::named(version)).expect("a file");
        let folder = self.folder.display().to_string();
        helm(&["package", &folder], to);
        format!("web-{version}.tgz")
    }
}
