//! The first process of a node: a network, mounts and a host name of its own; containerd, kubelet and kube-proxy in
//! them.
use super::{
    image::PAUSE,
    machine::{Parts, XTASK, heed, kubernetes, secret, tell},
    network,
    place::{Cluster, INSIDE},
    task::run as sh,
};
use crate::Failure;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::Ipv4Addr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The hidden command under which this program is that process.
pub const NODE: &str = "__cluster-node";
pub const SOCKET: &str = "/run/containerd/containerd.sock";
/// How long containerd may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the kubelet sets in the whole kernel. It finds files of its own there, which say that all is set.
const TUNABLES: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// In the control plane: starts a node and connects it. It goes on to its end when a line is written.
pub fn begin(parts: &mut Parts, number: u8) -> Result<ChildStdin, Failure> {
    let name = format!("node-{number}");
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--mount", "--uts", "--propagation", "private"])
        .args([XTASK, NODE, &number.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let child = parts.keep(&name, &mut command)?;
    let said = child.stdout.take().ok_or("the node has no output")?;
    let mut go = child.stdin.take().ok_or("the node has no input")?;
    let id = child.id();
    BufReader::new(said).read_line(&mut String::new())?;
    network::plug(number, id)?;
    go.write_all(b"go\n")?;
    Ok(go)
}

/// Makes the node and stays until a part of it ends.
pub fn run(number: &str) -> Result<(), Failure> {
    let number: u8 = number.parse()?;
    let cluster = Cluster::read(Path::new(INSIDE)).ok_or("the cluster has no record")?;
    let node = Node {
        name: format!("node-{number}"),
        address: cluster.addresses.node(number),
        own: Path::new(INSIDE).join(format!("nodes/node-{number}")),
        cluster,
        number,
    };
    fs::write("/proc/sys/kernel/hostname", &node.name)?;
    node.mounts()?;
    tell("network")?;
    heed()?;
    network::node(&node.cluster, number)?;
    let mut parts = Parts::default();
    node.containerd(&mut parts)?;
    heed()?;
    let log = |part| format!("{}-{part}", node.name);
    parts.start(&log("kubelet"), &mut node.kubelet()?)?;
    parts.start(&log("kube-proxy"), &mut node.proxy()?)?;
    Err(parts.until_one_ends())
}

struct Node {
    name: String,
    number: u8,
    address: Ipv4Addr,
    own: PathBuf,
    cluster: Cluster,
}

impl Node {
    /// The usual places of container tools are folders of this node.
    fn mounts(&self) -> Result<(), Failure> {
        for (folder, place) in [("lib", "/var/lib"), ("log", "/var/log")] {
            let folder = self.own.join(folder);
            fs::create_dir_all(&folder)?;
            sh(&format!("mount --bind {} {place}", folder.display()))?;
        }
        for place in ["/run", "/tmp"] {
            sh(&format!("mount -t tmpfs tmpfs {place}"))?;
        }
        for (name, value) in TUNABLES {
            let file = self.own.join("tunables").join(name);
            fs::create_dir_all(file.parent().unwrap_or(&self.own))?;
            fs::write(&file, value)?;
            sh(&format!("mount --bind {} /proc/sys/{name}", file.display()))?;
        }
        // what the kubelet mounts for a pod must appear in its containers
        sh("mount --make-rshared /").map(drop)
    }

    fn containerd(&self, parts: &mut Parts) -> Result<(), Failure> {
        let networks = self.own.join("cni");
        fs::create_dir_all(&networks)?;
        let pods = json!({
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [{
                "type": "bridge",
                "bridge": "cni0",
                "isDefaultGateway": true,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni",
                    "ranges": [[{"subnet": self.cluster.addresses.pods_of(self.number)}]],
                },
            }],
        });
        self.write("cni/pods.conflist", &pods)?;
        let config = self.own.join("containerd.toml");
        let text = format!(
            r#"version = 2
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{}"
"#,
            networks.display()
        );
        fs::write(&config, text)?;
        let mut containerd = Command::new("containerd");
        containerd.arg("--config").arg(config);
        parts.start(&format!("{}-containerd", self.name), &mut containerd)?;
        let until = Instant::now() + PATIENCE;
        while UnixStream::connect(SOCKET).is_err() {
            parts.all_run()?;
            if Instant::now() > until {
                return Err("containerd does not answer".into());
            }
            sleep(Duration::from_millis(50));
        }
        let mut images: Vec<PathBuf> = fs::read_dir(format!("{INSIDE}/images"))?
            .map(|e| Ok(e?.path()))
            .collect::<Result<_, std::io::Error>>()?;
        images.sort();
        for image in images {
            sh(&format!("ctr -n k8s.io images import {}", image.display()))?;
        }
        Ok(())
    }

    fn kubelet(&self) -> Result<Command, Failure> {
        let server = |kind| secret(&format!("{}-server.{kind}", self.name));
        let config = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": false},
                "x509": {"clientCAFile": secret("ca.crt")},
            },
            "tlsCertFile": server("crt"),
            "tlsPrivateKeyFile": server("key"),
            "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
            "clusterDNS": [self.cluster.addresses.control()],
            "clusterDomain": "cluster.local",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": format!("/{}/{}", self.cluster.addresses.cgroup(), self.name),
            "failCgroupV1": false,
            "failSwapOn": false,
            "localStorageCapacityIsolation": false,
            // a test must not depend on how full the machine's disk is
            "evictionHard": {
                "imagefs.available": "0%", "imagefs.inodesFree": "0%",
                "nodefs.available": "0%", "nodefs.inodesFree": "0%",
            },
            // images that were imported cannot be pulled again
            "imageGCHighThresholdPercent": 100,
            "makeIPTablesUtilChains": false,
            "oomScoreAdj": 0,
            "resolvConf": "",
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        });
        let config = self.write("kubelet.json", &config)?;
        let mut kubelet = kubernetes("kubelet");
        kubelet
            .arg(format!("--config={}", config.display()))
            .arg(format!("--hostname-override={}", self.name))
            .arg(format!("--node-ip={}", self.address))
            .arg(format!(
                "--kubeconfig={}",
                self.kubeconfig(&self.name).display()
            ));
        Ok(kubelet)
    }

    fn proxy(&self) -> Result<Command, Failure> {
        let config = json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clientConnection": {"kubeconfig": self.kubeconfig("kube-proxy")},
            "clusterCIDR": self.cluster.addresses.pods(),
            "hostnameOverride": self.name,
            // these would be set for the whole kernel
            "conntrack": {"maxPerCore": 0, "min": 0},
        });
        let config = self.write("kube-proxy.json", &config)?;
        let mut proxy = kubernetes("kube-proxy");
        proxy.arg(format!("--config={}", config.display()));
        Ok(proxy)
    }

    fn kubeconfig(&self, user: &str) -> PathBuf {
        secret(&format!("{user}.kubeconfig"))
    }

    fn write(&self, file: &str, value: &Value) -> Result<PathBuf, Failure> {
        let path = self.own.join(file);
        fs::write(&path, value.to_string())?;
        Ok(path)
    }
}
