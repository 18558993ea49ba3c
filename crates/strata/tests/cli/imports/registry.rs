//! Components from a registry of OCI artifacts: Debian's `docker-registry`, filled by curl as its protocol says.
use super::remote::{Server, free_port};
use crate::sandbox::Sandbox;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// `me` with the password `s3cret`.
const USERS: &str = "me:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";

/// A registry in a folder; nobody but `me` gets in when it is closed.
struct Registry {
    host: String,
    folder: PathBuf,
    login: Option<&'static str>,
    _server: Server,
}

impl Registry {
    fn start(folder: &Path, closed: bool) -> Option<Self> {
        let port = free_port();
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("users"), USERS).expect("a file");
        let mut config = json!({
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": folder.join("data")}},
            "http": {"addr": format!("127.0.0.1:{port}")},
        });
        if closed {
            config["auth"] = json!({"htpasswd": {"realm": "test", "path": folder.join("users")}});
        }
        // JSON is YAML
        fs::write(folder.join("config.yml"), config.to_string()).expect("a file");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.join("config.yml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            assert!(
                std::env::var_os("STRATA_REQUIRE_TOOLS").is_none(),
                "docker-registry is not installed"
            );
            eprintln!("skipped: docker-registry is not installed");
            return None;
        };
        Some(Self {
            host: format!("127.0.0.1:{port}"),
            folder: folder.to_owned(),
            login: closed.then_some("me:s3cret"),
            _server: Server::of(child, port),
        })
    }

    fn curl(&self, args: &[&str]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--fail"]);
        if let Some(login) = self.login {
            curl.args(["-u", login]);
        }
        let done = curl.args(args).output().expect("curl is there");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("text")
    }

    /// Puts what a file holds; its digest.
    fn blob(&self, name: &str, file: &Path) -> String {
        let digest = format!(
            "sha256:{:x}",
            Sha256::digest(fs::read(file).expect("a file"))
        );
        let url = format!("http://{}/v2/{name}/blobs/uploads/", self.host);
        let head = self.curl(&["-X", "POST", "-D", "-", "-o", "/dev/null", &url]);
        let begins = |l: &&str| l.to_ascii_lowercase().starts_with("location:");
        let location = head.lines().find(begins).expect("a place")[9..].trim();
        let at = format!("{location}&digest={digest}");
        let data = format!("@{}", file.display());
        let kind = "Content-Type: application/octet-stream";
        self.curl(&["-X", "PUT", "-H", kind, "--data-binary", &data, &at]);
        digest
    }

    /// Makes a folder an artifact, as `flux push artifact` and `oras push` do.
    fn push(&self, name: &str, tag: &str, from: &Path) {
        let archive = self.folder.join("layer.tgz");
        let done = Command::new("tar")
            .arg("-C")
            .arg(from)
            .arg("-czf")
            .arg(&archive)
            .arg(".")
            .status();
        assert!(done.expect("tar is there").success());
        let config = self.folder.join("config.json");
        fs::write(&config, "{}").expect("a file");
        let size = |p: &Path| fs::metadata(p).expect("a file").len();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.blob(name, &config),
                "size": size(&config),
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": self.blob(name, &archive),
                "size": size(&archive),
            }],
        });
        let file = self.folder.join("manifest.json");
        fs::write(&file, manifest.to_string()).expect("a file");
        let url = format!("http://{}/v2/{name}/manifests/{tag}", self.host);
        let data = format!("@{}", file.display());
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json";
        self.curl(&["-X", "PUT", "-H", kind, "--data-binary", &data, &url]);
    }
}

/// A folder with a script that says a word.
fn part(s: &Sandbox, word: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = s.beside("artifact");
    let folder = dir.join("parts/say");
    fs::create_dir_all(&folder).expect("a folder");
    let script = folder.join("say.sh");
    fs::write(
        &script,
        format!("#!/bin/sh\nprintf '{{\"said\": \"{word}\"}}' > \"$STRATA_OUTPUTS\"\n"),
    )
    .expect("a file");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    fs::write(
        folder.join("component.yaml"),
        "engine: script\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
    )
    .expect("a file");
    dir
}

fn platform(host: &str) -> Sandbox {
    Sandbox::new(&[(
        "layers/base/voice/component.yaml",
        &format!("source: oci://{host}/team/parts//parts/say\nversion: 1.0.0\nhooks: allow\n"),
    )])
}

#[test]
fn an_artifact_of_a_registry_is_a_component() {
    let beside = Sandbox::empty();
    let Some(registry) = Registry::start(&beside.beside("registry"), false) else {
        return;
    };
    registry.push("team/parts", "1.0.0", &part(&beside, "one"));
    let s = platform(&registry.host);
    s.ends(3, &["check"]).says("import::not-locked");
    s.ends(0, &["import", "lock"]).says(&format!(
        "voice: oci://{}/team/parts 1.0.0 is",
        registry.host
    ));
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/voice")["said"], "one");
    // what is locked stays, whatever becomes of the tag, and is believed only with its digest
    registry.push("team/parts", "1.0.0", &part(&beside, "moved"));
    registry.push("team/parts", "1.1.0", &part(&beside, "two"));
    s.ends(0, &["import", "outdated"]).says("1.0.0 → 1.1.0");
    s.ends(5, &["import", "lock"]).says("moved");
    fs::remove_dir_all(s.beside("home/.cache")).expect("the cache");
    // the manifest is fetched by its digest: the tag is another one by now
    s.ends(0, &["apply", "dev", "--yes", "--replace", "voice"]);
    assert_eq!(s.outputs("dev/voice")["said"], "one");
}

#[test]
fn a_registry_is_shown_the_login_that_docker_knows_and_nobody_else_sees_it() {
    let beside = Sandbox::empty();
    let Some(registry) = Registry::start(&beside.beside("registry"), true) else {
        return;
    };
    registry.push("team/parts", "1.0.0", &part(&beside, "one"));
    let s = platform(&registry.host);
    s.ends(10, &["import", "lock"]).says("it needs a login");
    let login = |auth: &str| {
        let config = json!({"auths": {registry.host.clone(): {"auth": auth}}});
        let folder = s.beside("home/.docker");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.json"), config.to_string()).expect("a file");
    };
    // me:wrong
    login("bWU6d3Jvbmc=");
    s.ends(10, &["import", "lock"])
        .says("does not accept the login")
        .never_says("wrong");
    // me:s3cret
    login("bWU6czNjcmV0");
    s.ends(0, &["import", "lock"]);
    s.edit("layers/base/voice/component.yaml", "1.0.0", "1.0.1");
    s.ends(10, &["import", "lock"]).says("it has: 1.0.0");
    s.edit("layers/base/voice/component.yaml", "1.0.1", "1.0.0");
    s.ends(0, &["import", "lock"]);
    let lock = fs::read_to_string(s.root().join("strata.lock")).expect("a lock");
    assert!(!lock.contains("s3cret") && !lock.contains("bWU6"), "{lock}");
}
