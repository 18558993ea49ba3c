//! The catalog of this repo: its flavors fit, can be taken one by one, and what they are made of is what tools read.
use crate::sandbox::{Sandbox, ansible_here, copied, tagged, terraform_here};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the catalog's README tells to do: the contract copied, flavors by `source`.
#[test]
fn flavors_of_the_catalog_can_be_taken_one_by_one() {
    let s = Sandbox::empty();
    let catalog = s.beside("strata");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    fs::create_dir(&catalog).expect("made");
    let copy = |from: &Path, to: &Path| {
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(from).arg(to);
        assert!(copy.status().expect("cp is there").success());
    };
    copy(&from, &catalog);
    tagged(&catalog);
    for part in ["contracts", "conformance"] {
        copy(&from.join("kubernetes").join(part), &s.root());
    }
    let flavor = |name: &str, rest: &str| {
        let source = format!("../strata//catalog/kubernetes/layers/kubernetes/{name}");
        s.write(
            &format!("layers/kubernetes/{name}/component.yaml"),
            &format!("source: {source}\nversion: 1.0.0\n{rest}"),
        );
    };
    s.write(
        "strata.yaml",
        "platform: shop
layers: {preset: bigbang}
defaults:
- layer: kubernetes
  inputs: {cluster_name: '${{ env.name }}', kubernetes_version: 1.34.4, pod_cidr: 10.244.0.0/16, service_cidr: 10.96.0.0/16}
- {layer: applications, files: {KUBECONFIG: '${{ kubernetes-cluster.outputs.kubeconfig }}'}}
",
    );
    s.write(
        "environments/dev.yaml",
        "flavors: {kubernetes-cluster: k3s}\n",
    );
    s.write(
        "environments/prod.yaml",
        "flavors: {kubernetes-cluster: eks}\n",
    );
    flavor(
        "eks",
        "inputs: {region: eu-central-1, subnet_ids: [a, b], node_groups: {workers: {count: 3, machine: m6i.large}}}\n",
    );
    flavor(
        "k3s",
        "inputs: {api_host: 192.0.2.11, token: '${{ secret(\"generate:cluster-token\") }}', program_sha256: 0a1b}
ansible:
  inventory: {control_plane: {hosts: {control-1: 192.0.2.11}}, workers: {hosts: {worker-1: 192.0.2.21}}}
  ssh: {key: '${{ secret(\"env:MACHINES_SSH_KEY\") }}'}
",
    );
    flavor(
        "kind",
        "hooks: allow\ninputs: {workers: 1, image: kindest/node}\n",
    );
    s.write(
        "layers/applications/web/component.yaml",
        "engine: script\nscript: {apply: [./web.sh]}\ninputs: {api: '${{ kubernetes-cluster.outputs.endpoint }}'}\n",
    );
    s.write("layers/applications/web/web.sh", "#!/bin/sh\n");
    s.ends(0, &["import", "lock"]);
    let done = s.ends(0, &["check", "--all-flavors"]);
    done.says("4 flavors that could be picked instead: each fits");
}

/// Every flavor of the catalog fits wherever it could be picked.
#[test]
fn every_flavor_of_the_catalog_fits() {
    let s = copied("catalog/kubernetes");
    let others = folders(&s.root().join("layers/kubernetes")).len() - 1;
    let environments = fs::read_dir(s.root().join("environments")).expect("environments");
    let environments = environments.filter(|e| {
        let name = e.as_ref().expect("an entry").file_name();
        !name.to_string_lossy().starts_with('_')
    });
    let picks = others * environments.count();
    let done = s.ends(0, &["check", "--all-flavors"]);
    done.says(&format!(
        "{picks} flavors that could be picked instead: each fits"
    ));
    // one that could not stand in for the others is found though nobody picks it
    s.edit(
        "layers/kubernetes/eks/variables.tf",
        "variable \"service_cidr\" {\n  type = string",
        "variable \"service_cidr\" {\n  type = list(string)",
    );
    let done = s.ends(3, &["check", "--all-flavors"]);
    done.says("contract::missing-input").says("`service_cidr`");
}

/// What tools can judge of a flavor without the world: Ansible its playbooks, Terraform its style.
#[test]
fn tools_read_the_flavors_of_the_catalog() {
    let s = copied("catalog/kubernetes");
    for folder in folders(&s.root().join("layers/kubernetes")) {
        let playbooks = ["site.yml", "reset.yml"].into_iter();
        for playbook in playbooks.filter(|p| folder.join(p).exists() && ansible_here()) {
            let inventory = ["--syntax-check", "-i", "control_plane,workers,", playbook];
            accepts(&folder, "ansible-playbook", &inventory);
        }
        if folder.join("main.tf").exists() && terraform_here() {
            let mut programs = ["terraform", "tofu"].into_iter();
            let program = programs.find(|t| Command::new(t).arg("version").output().is_ok());
            let style = ["fmt", "-check", "-diff"];
            accepts(&folder, program.expect("one of them is there"), &style);
        }
    }
}

/// What Ansible fills for the tools that it runs, and what that must say.
const FILL: &str = r#"
- hosts: all
  connection: local
  gather_facts: false
  vars:
    cluster_name: dev
    kubernetes_version: 1.34.4
    pod_cidr: 10.244.0.0/16
    service_cidr: 10.96.0.0/16
    api_host: 192.0.2.10
    cni: canal
    cis: true
  tasks:
    - ansible.builtin.set_fact: {join_token: abcdef.0123456789abcdef, ca_hash: 0a1b, certificate_key: 2c3d}
    - ansible.builtin.template: {src: '{{ item }}', dest: '{{ out }}/{{ item | replace("/", "_") }}-{{ inventory_hostname }}'}
      loop:
        - kubeadm/roles/control_plane/templates/kubeadm.yaml.j2
        - kubeadm/roles/control_plane/templates/join.yaml.j2
        - kubeadm/roles/worker/templates/join.yaml.j2
        - k3s/roles/k3s/templates/config.yaml.j2
        - rke2/roles/rke2/templates/config.yaml.j2
"#;
/// Reads all that was filled, and gives it as one JSON object by file.
const READ: &str = r"
import json, pathlib, sys, yaml
print(json.dumps({f.name: list(yaml.safe_load_all(f.read_text())) for f in pathlib.Path(sys.argv[1]).iterdir()}))
";

#[test]
fn what_is_filled_for_the_tools_of_the_catalog_is_what_they_read() {
    if !ansible_here() {
        return;
    }
    let s = copied("catalog/kubernetes");
    let flavors = s.root().join("layers/kubernetes");
    let out = s.beside("filled");
    fs::create_dir(&out).expect("made");
    fs::write(flavors.join("fill.yml"), FILL).expect("written");
    fs::write(
        flavors.join("hosts"),
        "[control_plane]\nc1 ansible_host=192.0.2.11\nc2 ansible_host=192.0.2.12\n[workers]\nw1 ansible_host=192.0.2.21\n",
    )
    .expect("written");
    let dest = format!("out={}", out.display());
    accepts(
        &flavors,
        "ansible-playbook",
        &["-i", "hosts", "-e", &dest, "fill.yml"],
    );
    // those of scripts are filled by the scripts' own code
    let inputs = s.beside("inputs.json");
    fs::write(
        &inputs,
        r#"{"cluster_name": "dev: #1", "kubernetes_version": "1.34.4", "pod_cidr": "10.244.0.0/16", "service_cidr": "10.96.0.0/16",
            "base_domain": "example.org", "machine_cidr": "10.0.0.0/16", "region": "x", "control_plane_machine": "large",
            "ssh_public_key": "ssh-ed25519 A", "pull_secret": "{\"auths\": {}}", "konvoy_version": "v1.8.4", "ssh_user": "root"}"#,
    )
    .expect("written");
    for (flavor, file, more) in [
        ("kind", "kind.yaml", "nodes=[{'role': 'worker'}]"),
        (
            "openshift",
            "install-config.yaml",
            "worker_count=3, worker_machine='m'",
        ),
        ("konvoy", "cluster.yaml", "api_endpoint='192.0.2.10:6443'"),
        (
            "konvoy",
            "inventory.yaml",
            "api_endpoint='a', control_plane_hosts={'a': {}}, worker_hosts={}, key_file='/k'",
        ),
    ] {
        let done = Command::new("python3")
            .current_dir(flavors.join(flavor))
            .env("STRATA_INPUTS", &inputs)
            .env("STRATA_STATE", s.beside("tmp"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args([
                "-c",
                &format!("from cluster import fill; print(fill('{file}', {more}))"),
            ])
            .output()
            .expect("python3 is there");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        fs::write(out.join(file), done.stdout).expect("written");
    }
    let read = Command::new("python3")
        .args(["-c", READ])
        .arg(&out)
        .output()
        .expect("python3 is there");
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let all: serde_json::Value = serde_json::from_slice(&read.stdout).expect("JSON");
    let first = &all["kubeadm_roles_control_plane_templates_kubeadm.yaml.j2-c1"];
    assert_eq!(first[0]["kind"], "InitConfiguration");
    assert_eq!(
        first[0]["localAPIEndpoint"]["advertiseAddress"],
        "192.0.2.11"
    );
    assert_eq!(first[1]["networking"]["podSubnet"], "10.244.0.0/16");
    assert_eq!(first[1]["kubernetesVersion"], "v1.34.4");
    let sans = &first[1]["apiServer"]["certSANs"];
    assert_eq!(
        sans,
        &serde_json::json!(["192.0.2.10", "192.0.2.11", "192.0.2.12"])
    );
    let more = &all["kubeadm_roles_control_plane_templates_join.yaml.j2-c2"][0];
    assert_eq!(more["kind"], "JoinConfiguration");
    assert!(more["controlPlane"].is_object());
    let worker = &all["kubeadm_roles_worker_templates_join.yaml.j2-w1"][0];
    assert!(worker["controlPlane"].is_null() && worker["discovery"].is_object());
    for flavor in ["k3s", "rke2"] {
        let of = |host: &str| {
            let file = format!("{flavor}_roles_{flavor}_templates_config.yaml.j2-{host}");
            all[&file][0].clone()
        };
        assert_eq!(of("c1")["service-cidr"], "10.96.0.0/16");
        assert_eq!(of("c1")["server"], serde_json::Value::Null);
        assert!(
            of("c2")["server"]
                .as_str()
                .expect("a text")
                .contains("192.0.2.11")
        );
        assert!(
            of("w1")["server"]
                .as_str()
                .expect("a text")
                .contains("192.0.2.10")
        );
        assert_eq!(of("w1")["cluster-cidr"], serde_json::Value::Null);
    }
    assert_eq!(all["kind.yaml"][0]["name"], "dev: #1");
    assert_eq!(
        all["kind.yaml"][0]["networking"]["podSubnet"],
        "10.244.0.0/16"
    );
    let install = &all["install-config.yaml"][0];
    assert_eq!(install["pullSecret"], "{\"auths\": {}}");
    assert_eq!(install["networking"]["serviceNetwork"][0], "10.96.0.0/16");
    let konvoy = &all["cluster.yaml"][0]["spec"]["kubernetes"];
    assert_eq!(konvoy["networking"]["serviceSubnet"], "10.96.0.0/16");
    assert_eq!(
        all["inventory.yaml"][0]["all"]["vars"]["ansible_user"],
        "root"
    );
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).expect("a folder");
    let paths = entries.map(|e| e.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|p| p.is_dir()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn accepts(folder: &Path, program: &str, args: &[&str]) {
    let done = Command::new(program)
        .current_dir(folder)
        .args(args)
        .output()
        .expect("the tool is there");
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: {said}", folder.display());
}

/// The example of Big Bang beside the catalog's repositories, as its demonstration puts them.
#[test]
fn the_example_of_big_bang_fits_the_catalog() {
    let s = Sandbox::empty();
    let place = s.beside("bigbang");
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut assemble = Command::new(repo.join("setup/bigbang.sh"));
    assert!(
        assemble
            .arg(&place)
            .status()
            .expect("bash is there")
            .success()
    );
    let ops = place.join("ops");
    let ops = ops.to_str().expect("text");
    s.ends(0, &["-C", ops, "import", "update"]);
    s.ends(0, &["-C", ops, "check"]).says("everything fits");
    // what differs between the environments is the cluster, and nothing above it
    let sources = |environment: &str| {
        let file = format!("{ops}/environments/{environment}.yaml");
        fs::read_to_string(file).expect("a file")
    };
    let (dev, qa) = (sources("dev"), sources("qa"));
    for above in [
        "cluster-services",
        "applications",
        "service-image",
        "customers",
    ] {
        assert!(!dev.contains(above) && !qa.contains(above), "{above}");
    }
}

/// A flavor is taken by its folder alone, so what its scripts share is in each: the same, or a mending misses one.
#[test]
fn scripts_that_flavors_share_are_the_same_in_each() {
    let flavors =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/kubernetes/layers/kubernetes");
    let text =
        |name: &str| fs::read_to_string(flavors.join(name).join("cluster.py")).expect("a script");
    for other in ["konvoy", "openshift"] {
        assert_eq!(text("kind"), text(other), "{other}");
    }
}
