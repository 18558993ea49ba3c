//! `default-environments`: the examples of the request as they are written, with repositories of our own behind the
//! addresses that they name. Git is told where those are (`url.….insteadOf`), as a company's mirror would be.
mod layers;
mod locked;
mod refusals;
mod trust;

use super::with_programs;
use crate::{
    imports::remote::{Repo, serve_git, serve_http},
    sandbox::{Done, Sandbox, ansible_here, terraform_here},
};
use std::fs;

const FIVE: &str = "\
default-environments:
- repo: https://github.com/bitops-operations-repos/kubernetes
  environment: eks
  version: 1.0.0
- repo: https://github.com/bitops-operations-repos/observability
  environment: promStack
  version: 1.2.0
- repo: https://github.com/bitops-operations-repos/observability
  environment: grafanaStack
  version: 1.1.0
- repo: https://github.com/bitops-operations-repos/k8s-ingress
  environment: nginx
  version: 1.0.0
- repo: https://github.com/bitops-operations-repos/k8s-service-mesh
  environment: istio
  version: 1.0.5
";

const STACKSTORM: &str = "\
- repo: https://github.com/bitops-operations-repos/stackstorm
  environment: ha-k8s
  version: 1.0.0
";

const VMS: &str = "\
default-environments:
- repo: https://github.com/bitops-operations-repos/stackstorm
  environment: ha-vm-aws
  version: 1.0.0
";

const CONFIG: &str = "terraform:\n  cli: {stack-action: apply}\n";

/// Machines, as far as they can be had here, and where to find them.
const VM: &str = r#"
variable "names" { default = ["st2-a", "st2-b"] }
output "names" { value = var.names }
resource "terraform_data" "vm" {
  triggers_replace = var.names
  provisioner "local-exec" {
    command = "printf 'all:\n  hosts:\n    ${join(": {ansible_connection: local}\\n    ", var.names)}: {ansible_connection: local}\n' > inventory.yaml"
  }
}
"#;

const PLAYBOOK: &str = "\
- hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - ansible.builtin.lineinfile:
        path: \"{{ lookup('env', 'LEDGER') }}\"
        line: \"{{ inventory_hostname }} is provisioned\"
";

/// A repo of the catalog.
fn catalog(s: &Sandbox, name: &str) -> Repo {
    Repo::new(&s.beside(&format!("catalog/{name}")))
}

fn chart(repo: &Repo, env: &str, name: &str, values: &str) {
    let at = |file: &str| format!("{env}/helm/{name}/{file}");
    repo.write(
        &at("bitops.config.yaml"),
        "helm:\n  cli: {namespace: apps}\n  options: {k8s: {fetch: {kubeconfig: false}}}\n",
    );
    repo.write(
        &at("Chart.yaml"),
        &format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n"),
    );
    repo.write(&at("values.yaml"), values);
}

/// An empty operations repo, and the catalog behind the addresses of the request.
fn consumer() -> Sandbox {
    let s = Sandbox::empty();
    let kubernetes = catalog(&s, "kubernetes");
    kubernetes.write(
        "eks/terraform/bitops.config.yaml",
        "terraform:\n  cli: {stack-action: apply}\n",
    );
    kubernetes.write(
        "eks/terraform/main.tf",
        "variable \"size\" { default = \"small\" }\nresource \"terraform_data\" \"cluster\" { input = var.size }\n",
    );
    kubernetes.commit("1.0.0");
    let observability = catalog(&s, "observability");
    chart(&observability, "grafanaStack", "grafana", "replicas: 1\n");
    chart(&observability, "grafanaStack", "loki", "replicas: 1\n");
    observability.commit("1.1.0");
    chart(&observability, "grafanaStack", "grafana", "replicas: 99\n");
    chart(
        &observability,
        "promStack",
        "prometheus",
        "replicas: 1\nretention: 3d\n",
    );
    observability.commit("1.2.0");
    let ingress = catalog(&s, "k8s-ingress");
    chart(&ingress, "nginx", "nginx", "replicas: 1\n");
    ingress.commit("1.0.0");
    let mesh = catalog(&s, "k8s-service-mesh");
    chart(&mesh, "istio", "istio", "replicas: 1\n");
    // some tag with a `v`
    mesh.commit("v1.0.5");
    let stackstorm = catalog(&s, "stackstorm");
    chart(&stackstorm, "ha-k8s", "stackstorm", "replicas: 3\n");
    let vms = |path: &str, text: &str| stackstorm.write(&format!("ha-vm-aws/{path}"), text);
    vms("terraform/bitops.config.yaml", CONFIG);
    vms("terraform/main.tf", VM);
    vms("ansible/bitops.config.yaml", "ansible: {}\n");
    vms(
        "ansible/ansible.cfg",
        "[defaults]\ninventory = ../terraform/inventory.yaml\n",
    );
    vms("ansible/playbook.yaml", PLAYBOOK);
    stackstorm.commit("1.0.0");
    redirected(&s);
    s
}

/// Over folders, by git's own transport for files.
fn redirected(s: &Sandbox) {
    let base = format!("file://{}", s.beside("catalog").display());
    redirected_to(s, &base);
}

/// Git's settings of the user, as a company's mirror would be set.
fn redirected_to(s: &Sandbox, base: &str) {
    let home = s.beside("home");
    fs::create_dir_all(&home).expect("a home");
    let config =
        format!("[url \"{base}/\"]\n  insteadOf = https://github.com/bitops-operations-repos/\n");
    fs::write(home.join(".gitconfig"), config).expect("git's settings");
}

/// With programs that only say who they are: a plan asks nothing else of them.
fn with_tools(s: Sandbox) -> Sandbox {
    with_programs(s, &[("helm", super::HELM)])
}

/// Names of the plan's units, in its order.
fn units(plan: &Done) -> Vec<String> {
    let json = plan.json();
    let steps = json["body"]["steps"].as_array().expect("steps");
    let name = |s: &serde_json::Value| s["unit"].as_str().expect("a unit").to_owned();
    steps.iter().map(name).collect()
}

#[test]
fn the_first_example_of_the_request_works_as_it_is_written() {
    let s = with_tools(consumer());
    s.write("prod/bitops.config.yaml", FIVE);
    s.ends(3, &["check"]).says("import::not-locked");
    s.ends(0, &["import", "lock"])
        .says("prod/eks: https://github.com/bitops-operations-repos/kubernetes 1.0.0 is")
        .says("prod/istio: https://github.com/bitops-operations-repos/k8s-service-mesh 1.0.5 is");
    s.ends(0, &["check"]);
    s.ends(0, &["plan", "prod"])
        .says("prod/grafanaStack: files in prod/helm/grafana, prod/helm/loki from https://github.com/bitops-operations-repos/observability at 1.1.0");
    let plan = s.ends(0, &["plan", "prod", "--format", "json"]);
    // terraform before helm; charts in the order of the list
    let expected = [
        "prod/terraform",
        "prod/helm/prometheus",
        "prod/helm/grafana",
        "prod/helm/loki",
        "prod/helm/nginx",
        "prod/helm/istio",
    ];
    assert_eq!(units(&plan), expected);
    if !terraform_here() {
        return;
    }
    s.ends(0, &["apply", "prod", "--yes"]);
    let order = ["prometheus", "grafana", "loki", "nginx", "istio"];
    assert_eq!(upgraded(&s), order);
    // each environment of one repo at the version that its entry names
    let values = s
        .root()
        .join(".strata/work/prod/+bitops/prod/helm/grafana/values.yaml");
    let values = fs::read_to_string(values).expect("its values");
    assert_eq!(values, "replicas: 1\n");
    s.ends(0, &["apply", "prod", "--yes"]).says("nothing to do");
    s.ends(0, &["destroy", "prod", "--yes"]);
}

/// The releases that helm made, in order.
fn upgraded(s: &Sandbox) -> Vec<String> {
    let of = |line: String| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let deploys = words
            .nth(1)
            .is_some_and(|w| w == "upgrade" || w == "install");
        deploys.then(|| words.next())?
    };
    s.ledger().into_iter().filter_map(of).collect()
}

#[test]
fn the_second_example_adds_one_entry() {
    let s = with_tools(consumer());
    let real = terraform_here();
    s.write("prod/bitops.config.yaml", FIVE);
    s.ends(0, &["import", "lock"]);
    if real {
        s.ends(0, &["apply", "prod", "--yes"]);
    }
    let before = upgraded(&s).len();
    s.write("prod/bitops.config.yaml", &format!("{FIVE}{STACKSTORM}"));
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    let plan = s.ends(0, &["plan", "prod", "--format", "json"]);
    let units = units(&plan);
    assert_eq!(units.first().expect("units"), "prod/terraform");
    assert_eq!(units.last().expect("units"), "prod/helm/stackstorm");
    assert_eq!(units.len(), 7);
    if real {
        s.ends(0, &["apply", "prod", "--yes"]);
        assert_eq!(upgraded(&s)[before..], ["stackstorm"]);
        s.ends(0, &["apply", "prod", "--yes"]).says("nothing to do");
        s.ends(0, &["destroy", "prod", "--yes"]);
    }
}

#[test]
fn the_third_example_makes_machines_and_provisions_them() {
    let s = consumer();
    s.write("vms/bitops.config.yaml", VMS);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    let plan = s.ends(0, &["plan", "vms", "--format", "json"]);
    assert_eq!(units(&plan), ["vms/terraform", "vms/ansible"]);
    if !terraform_here() || !ansible_here() {
        return;
    }
    s.ends(0, &["apply", "vms", "--yes"]);
    assert_eq!(s.ledger(), ["st2-a is provisioned", "st2-b is provisioned"]);
    s.ends(0, &["apply", "vms", "--yes"]).says("nothing to do");
    // a file of the consumer's changes what it takes
    s.write("vms/terraform/terraform.tfvars", "names = [\"st2-c\"]\n");
    s.ends(0, &["apply", "vms", "--yes"]);
    assert_eq!(s.ledger().last().expect("a line"), "st2-c is provisioned");
    s.ends(0, &["destroy", "vms", "--yes"]);
}

#[test]
fn bitops_deploy_runs_an_example_too() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    let s = consumer();
    s.write("vms/bitops.config.yaml", VMS);
    super::deploy(&s, 1, &[super::of("vms")]).says("import::not-locked");
    s.ends(0, &["import", "lock"]);
    super::deploy(&s, 0, &[super::of("vms")]);
    assert_eq!(s.ledger(), ["st2-a is provisioned", "st2-b is provisioned"]);
}

#[test]
fn every_transport_of_git_brings_the_same() {
    let s = consumer();
    s.write("prod/bitops.config.yaml", &format!("{FIVE}{STACKSTORM}"));
    s.ends(0, &["import", "lock"]);
    let lock = s.root().join("strata.lock");
    let expected = fs::read_to_string(&lock).expect("the lock");
    let catalog = s.beside("catalog");
    let git =
        serve_git(&catalog).map(|server| (format!("git://127.0.0.1:{}", server.port), server));
    let web = serve_http(&catalog, None)
        .map(|server| (format!("http://127.0.0.1:{}", server.port), server));
    for (base, _server) in git.into_iter().chain(web) {
        redirected_to(&s, &base);
        fs::remove_file(&lock).expect("the lock");
        fs::remove_dir_all(s.beside("home/.cache")).expect("the cache");
        s.ends(0, &["import", "lock"]);
        assert_eq!(
            fs::read_to_string(&lock).expect("the lock"),
            expected,
            "{base}"
        );
        s.ends(0, &["check"]);
    }
}

/// One entry of one repo `base`, which has an environment `eks` with this in it.
fn one(files: &[(&str, &str)], more: &str) -> (Sandbox, Repo) {
    let s = Sandbox::empty();
    let base = catalog(&s, "base");
    for (path, text) in files {
        base.write(path, text);
    }
    base.commit("1.0");
    redirected(&s);
    s.write("prod/bitops.config.yaml", &entry("base", "eks", more));
    (s, base)
}

fn entry(repo: &str, env: &str, more: &str) -> String {
    format!("default-environments:\n{}", item(repo, env, more))
}

fn item(repo: &str, env: &str, more: &str) -> String {
    format!(
        "- repo: https://github.com/bitops-operations-repos/{repo}\n  environment: {env}\n  version: 1.0\n{more}"
    )
}
