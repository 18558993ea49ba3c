//! The first process of a cluster, PID 1 of its namespace: it makes the world in which the cluster runs, starts the
//! control plane and the nodes, and stays. When it ends, however it ends, the kernel ends everything that it started.
use super::{
    network, node,
    place::{Cluster, INSIDE},
    program::Built,
    task::{self, run as sh},
};
use crate::Failure;
use nix::sys::wait::{WaitStatus, wait};
use std::{
    fs,
    io::{BufRead as _, Write as _, stdin, stdout},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The hidden command under which this program is that process.
pub const MACHINE: &str = "__cluster-machine";
/// Where the programs are in the cluster's mounts: Kubernetes, the name server, this one.
const PROGRAM: &str = "/mnt/kubernetes";
const NAMES: &str = "/mnt/coredns";
pub const XTASK: &str = "/mnt/xtask";
/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// The files that a cluster is given, by their names in its folder.
pub fn given(built: &Built) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let [pause, busybox] = &built.images[..] else {
        return Err("there are not two images".into());
    };
    Ok(vec![
        ("xtask", std::env::current_exe()?),
        ("kubernetes", built.program.clone()),
        ("coredns", built.names.clone()),
        ("images/pause.tar", pause.clone()),
        ("images/busybox.tar", busybox.clone()),
    ])
}

/// Makes the cluster in `folder` and stays until a part of it ends. `files` are pairs of what [`given`] says.
pub fn run(folder: &Path, files: &[&str]) -> Result<(), Failure> {
    let cluster = Cluster::read(folder).ok_or("the cluster has no record")?;
    mounts(folder, files)?;
    network::control(&cluster)?;
    tell("network")?;
    heed()?;
    network::uplink()?;
    let mut parts = Parts::default();
    parts.start("etcd", &mut etcd())?;
    parts.start("kube-apiserver", &mut api_server(&cluster))?;
    let mut nodes = Vec::new();
    for i in 1..=cluster.nodes {
        nodes.push(node::begin(&mut parts, i)?);
    }
    wait_for_api(&mut parts)?;
    parts.start("kube-controller-manager", &mut controller_manager())?;
    parts.start("kube-scheduler", &mut scheduler())?;
    parts.start("coredns", &mut names()?)?;
    for mut node in nodes {
        node.write_all(b"go\n")?;
    }
    tell("ready")?;
    Err(parts.until_one_ends())
}

/// The machine's files are read only and the cluster's folder is writable: nothing can be left elsewhere.
fn mounts(folder: &Path, files: &[&str]) -> Result<(), Failure> {
    for pair in files.chunks_exact(2) {
        let place = folder.join(pair[0]);
        fs::create_dir_all(place.parent().unwrap_or(folder))?;
        fs::File::create(&place)?;
        task::finish(Command::new("mount").arg("--bind").arg(pair[1]).arg(place))?;
    }
    sh(&format!("mount --rbind {} {INSIDE}", folder.display()))?;
    for place in ["/run", "/tmp"] {
        sh(&format!("mount -t tmpfs tmpfs {place}"))?;
    }
    sh("mount -o remount,bind,ro /").map(drop)
}

/// A word to who started us. When it is gone, so is the reason to go on.
pub fn tell(word: &str) -> Result<(), Failure> {
    let mut out = stdout();
    writeln!(out, "{word}")?;
    Ok(out.flush()?)
}

/// Waits for the word of who started us.
pub fn heed() -> Result<(), Failure> {
    let mut line = String::new();
    if stdin().lock().read_line(&mut line)? == 0 {
        return Err("who started this is gone".into());
    }
    Ok(())
}

/// What runs, by name.
#[derive(Default)]
pub struct Parts(Vec<(String, Child)>);

impl Parts {
    /// Starts a part; what it says goes to its log.
    pub fn start(&mut self, name: &str, command: &mut Command) -> Result<(), Failure> {
        command.stdin(Stdio::null()).stdout(log(name)?);
        self.keep(name, command).map(drop)
    }

    /// Starts a part whose input and output are the caller's.
    pub fn keep(&mut self, name: &str, command: &mut Command) -> Result<&mut Child, Failure> {
        let child = command
            .stderr(log(name)?)
            .spawn()
            .map_err(|e| format!("{name}: {e}"))?;
        self.0.push((name.to_owned(), child));
        Ok(&mut self.0.last_mut().expect("it was added").1)
    }

    /// An error when one has ended.
    pub fn all_run(&mut self) -> Result<(), Failure> {
        for (name, child) in &mut self.0 {
            if let Some(status) = child.try_wait()? {
                return Err(format!("{name} ended: {status}").into());
            }
        }
        Ok(())
    }

    /// Waits, and takes in processes whose parent has ended.
    pub fn until_one_ends(&mut self) -> Failure {
        loop {
            let status = match wait() {
                Ok(status) => status,
                Err(e) => return e.into(),
            };
            if let WaitStatus::Exited(..) | WaitStatus::Signaled(..) = status {
                let pid = status.pid().map(nix::unistd::Pid::as_raw);
                let ended = |(_, c): &&(String, Child)| i32::try_from(c.id()).ok() == pid;
                if let Some((name, _)) = self.0.iter().find(ended) {
                    return format!("{name} ended: {status:?}").into();
                }
            }
        }
    }
}

fn log(name: &str) -> Result<fs::File, Failure> {
    let path = format!("{INSIDE}/log/{name}.log");
    fs::File::create(&path).map_err(|e| format!("{path}: {e}").into())
}

/// A part of Kubernetes.
pub fn kubernetes(part: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg0(part);
    command
}

/// A file with a key, a certificate or both.
pub fn secret(file: &str) -> PathBuf {
    Path::new(INSIDE).join("secrets").join(file)
}

/// `--FLAG=secrets/FILE` for each.
fn secrets(command: &mut Command, files: &[(&str, &str)]) {
    for (flag, file) in files {
        command.arg(format!("--{flag}={}", secret(file).display()));
    }
}

/// Only the API server is in its network, so it needs no certificates.
fn etcd() -> Command {
    let mut etcd = kubernetes("etcd");
    etcd.args([
        "--name=etcd",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=etcd=http://127.0.0.1:2380",
    ]);
    etcd.arg(format!("--data-dir={INSIDE}/etcd"));
    etcd
}

fn api_server(cluster: &Cluster) -> Command {
    let at = cluster.addresses;
    let mut api = kubernetes("kube-apiserver");
    api.args([
        "--etcd-servers=http://127.0.0.1:2379",
        "--secure-port=6443",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        // beside those that are on by default
        "--enable-admission-plugins=NodeRestriction",
        // it has no kube-proxy: webhooks and aggregated APIs are reached at the pods behind their service
        "--enable-aggregator-routing=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--kubelet-preferred-address-types=InternalIP",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
    ]);
    api.arg(format!("--advertise-address={}", at.control()));
    api.arg(format!("--service-cluster-ip-range={}", at.services()));
    secrets(
        &mut api,
        &[
            ("client-ca-file", "ca.crt"),
            ("tls-cert-file", "apiserver.crt"),
            ("tls-private-key-file", "apiserver.key"),
            ("service-account-key-file", "service-accounts.pub"),
            ("service-account-signing-key-file", "service-accounts.key"),
            ("kubelet-certificate-authority", "ca.crt"),
            ("kubelet-client-certificate", "apiserver-kubelet.crt"),
            ("kubelet-client-key", "apiserver-kubelet.key"),
            ("requestheader-client-ca-file", "front-proxy-ca.crt"),
            ("proxy-client-cert-file", "front-proxy.crt"),
            ("proxy-client-key-file", "front-proxy.key"),
        ],
    );
    api
}

fn controller_manager() -> Command {
    let mut manager = kubernetes("kube-controller-manager");
    manager.args([
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        "--flex-volume-plugin-dir=/tmp/volume-plugins",
    ]);
    let own = "kube-controller-manager.kubeconfig";
    secrets(
        &mut manager,
        &[
            ("kubeconfig", own),
            ("authentication-kubeconfig", own),
            ("authorization-kubeconfig", own),
            ("service-account-private-key-file", "service-accounts.key"),
            ("root-ca-file", "ca.crt"),
            ("client-ca-file", "ca.crt"),
            ("cluster-signing-cert-file", "ca.crt"),
            ("cluster-signing-key-file", "ca.key"),
            ("requestheader-client-ca-file", "front-proxy-ca.crt"),
        ],
    );
    manager
}

/// Names of services, for pods. It answers nothing else: there is nobody whom it could ask.
fn names() -> Result<Command, Failure> {
    let config = Path::new(INSIDE).join("Corefile");
    let zone = format!(
        ".:53 {{\n errors\n loadbalance\n kubernetes cluster.local in-addr.arpa {{\n  kubeconfig {}\n  ttl 1\n }}\n}}\n",
        secret("coredns.kubeconfig").display()
    );
    fs::write(&config, zone)?;
    let mut names = Command::new(NAMES);
    names.arg("-conf").arg(config);
    Ok(names)
}

fn scheduler() -> Command {
    let mut scheduler = kubernetes("kube-scheduler");
    scheduler.args(["--bind-address=127.0.0.1", "--leader-elect=false"]);
    let own = "kube-scheduler.kubeconfig";
    secrets(
        &mut scheduler,
        &[
            ("kubeconfig", own),
            ("authentication-kubeconfig", own),
            ("authorization-kubeconfig", own),
        ],
    );
    scheduler
}

/// Until `/readyz` says so.
fn wait_for_api(parts: &mut Parts) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    loop {
        parts.all_run()?;
        let mut ask = kubernetes("kubectl");
        ask.env("KUBECONFIG", secret("admin.kubeconfig"));
        let out = task::output(ask.args(["get", "--raw", "/readyz"]))?;
        if out.status.success() {
            return Ok(());
        }
        if Instant::now() > until {
            let said = String::from_utf8_lossy(&out.stderr);
            return Err(format!("the API server is not ready: {}", said.trim_end()).into());
        }
        sleep(Duration::from_millis(250));
    }
}
