//! A platform with a real cluster under it, and an outsider who does things to the cluster behind its back.
use crate::sandbox::{Done, Sandbox};
use std::{
    fs,
    io::{Read as _, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
};

/// A platform and its cluster.
pub struct Ground {
    /// The platform.
    pub platform: Sandbox,
    /// Its namespace, which only this test uses.
    pub space: String,
    kubeconfig: PathBuf,
}

/// What a variable says, or a word about why a test is skipped; `what` is what it should say.
pub fn told(variable: &str, what: &str) -> Option<String> {
    let said = std::env::var(variable).ok();
    if said.is_none() {
        eprintln!("skipped: `{variable}` names no {what} (setup/kubernetes-test.sh does)");
    }
    said
}

/// The kubeconfig in a variable.
pub fn cluster(variable: &str) -> Option<PathBuf> {
    told(variable, "kubeconfig").map(PathBuf::from)
}

/// The address at which pods with Flux reach this machine.
pub fn flux() -> Option<String> {
    told(
        "STRATA_TEST_FLUX",
        "address at which Flux's pods reach this machine",
    )
}

impl Ground {
    /// A platform with these files. `NS` in them stands for the namespace of the test.
    pub fn new(name: &str, files: &[(&str, &str)]) -> Option<Self> {
        let kubeconfig = cluster("STRATA_TEST_CLUSTER")?;
        let space = format!("t-{name}");
        let platform = Sandbox::empty();
        platform.write(
            "strata.yaml",
            &format!(
                "platform: demo\nid: t-{name}\nlayers: [top]\ndefaults:\n  - {{layer: top, cluster: '${{{{ secret(\"file:kubeconfig\") }}}}'}}\n"
            ),
        );
        platform.write("environments/dev.yaml", "values: {}\n");
        let ground = Self {
            platform,
            space,
            kubeconfig,
        };
        ground.give(&fs::read_to_string(&ground.kubeconfig).expect("a kubeconfig"));
        for (path, text) in files {
            ground.write(path, text);
        }
        ground.forget();
        Some(ground)
    }
    /// With a namespace that was made by somebody else.
    pub fn with_space(name: &str, files: &[(&str, &str)]) -> Option<Self> {
        let ground = Self::new(name, files)?;
        ground.does(&["create", "namespace", &ground.space]);
        Some(ground)
    }
    /// What an earlier run of the same test left.
    fn forget(&self) {
        let all = [
            "delete",
            "namespace",
            &self.space,
            "--ignore-not-found",
            "--timeout=60s",
        ];
        self.does(&all);
    }
    /// The kubeconfig of the platform.
    pub fn give(&self, kubeconfig: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.platform.write("kubeconfig", kubeconfig);
        let path = self.platform.root().join("kubeconfig");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
    }
    /// Writes a file of the platform.
    pub fn write(&self, path: &str, text: &str) {
        self.platform.write(path, &text.replace("NS", &self.space));
    }
    /// Replaces text in a file of the platform.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        self.platform.edit(path, from, to);
    }
    /// Runs the program.
    pub fn ends(&self, code: i32, args: &[&str]) -> Done {
        self.platform.ends(code, args)
    }
    /// Runs the program until it says all of this, each time ending with this code: how soon a cluster gets so far that
    /// there is something to be said is its own affair, and no test's.
    pub fn ends_saying(&self, code: i32, args: &[&str], says: &[&str]) {
        const MOST: usize = 20;
        for _ in 1..MOST {
            let all = self.platform.ends(code, args).all();
            if says.iter().all(|text| all.contains(text)) {
                return;
            }
        }
        let last = self.platform.ends(code, args);
        for text in says {
            last.says(text);
        }
    }
    /// Somebody else does this with `kubectl`, and it has to work.
    pub fn does(&self, args: &[&str]) -> String {
        let (done, said) = self.tries(args, "");
        assert!(done, "kubectl {}: {said}", args.join(" "));
        said
    }
    /// Somebody else applies this.
    pub fn puts(&self, text: &str) {
        let text = text.replace("NS", &self.space);
        let (done, said) = self.tries(&["apply", "-f", "-"], &text);
        assert!(done, "{said}");
    }
    /// Somebody else tries this; whether it worked, and what was said.
    pub fn tries(&self, args: &[&str], input: &str) -> (bool, String) {
        let mut child = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl is there");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        let out = child.wait_with_output().expect("it ends");
        let said = [out.stdout, out.stderr].concat();
        (
            out.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }
    /// A field of an object, as text; empty when there is none.
    pub fn field(&self, kind: &str, name: &str, path: &str) -> String {
        self.field_in(&self.space, kind, name, path)
    }
    /// The same of an object in another namespace.
    pub fn field_in(&self, space: &str, kind: &str, name: &str, path: &str) -> String {
        let path = format!("jsonpath={{{path}}}");
        let get = ["-n", space, "get", kind, name, "--ignore-not-found"];
        self.does(&[get.as_slice(), &["-o", &path]].concat())
    }
    /// Somebody else changes fields of an object.
    pub fn meddles(&self, space: &str, kind: &str, name: &str, patch: &str) {
        let named = ["-n", space, "patch", kind, name, "--type=merge"];
        self.does(&[named.as_slice(), &["--field-manager=somebody", "-p", patch]].concat());
    }
    /// Is an object there?
    pub fn has(&self, kind: &str, name: &str) -> bool {
        !self.field(kind, name, ".metadata.uid").is_empty()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = self.tries(
            &[
                "delete",
                "namespace",
                &self.space,
                "--ignore-not-found",
                "--wait=false",
            ],
            "",
        );
    }
}

/// The text of a file.
pub fn text(path: &std::path::Path) -> String {
    let mut text = String::new();
    let mut file = fs::File::open(path).expect("a file");
    file.read_to_string(&mut text).expect("text");
    text
}

/// A component of objects in the namespace of the test.
pub const COMPONENT: &str = "engine: kubectl\nkubectl: {namespace: NS, wait: 60s}\n";

/// The namespace itself.
pub const SPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: NS}\n";

/// A ConfigMap.
pub fn config(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: {value}}}\n")
}

/// A Deployment whose pods run a command.
pub fn deployment(name: &str, replicas: u32, image: &str, command: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {{name: main, image: '{image}', imagePullPolicy: IfNotPresent, command: [sh, -c, '{command}']}}
"
    )
}

/// An image that is on every node of a test cluster.
pub const IMAGE: &str = "localhost/busybox:1";
