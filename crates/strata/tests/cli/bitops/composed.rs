//! `default-environments`: the examples of the request as they are written, with repositories of our own behind the
//! addresses that they name. Git is told where those are (`url.….insteadOf`), as a company's mirror would be.
use super::with_programs;
use crate::{
    imports::remote::Repo,
    sandbox::{Done, Sandbox},
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

/// A repo of the catalog.
fn catalog(s: &Sandbox, name: &str) -> Repo {
    Repo::new(&s.beside(&format!("catalog/{name}")))
}

fn chart(repo: &Repo, env: &str, name: &str, values: &str) {
    let at = |file: &str| format!("{env}/helm/{name}/{file}");
    repo.write(
        &at("bitops.config.yaml"),
        "helm:\n  cli: {namespace: apps}\n",
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
    stackstorm.write("ha-vm-aws/terraform/bitops.config.yaml", "terraform: {}\n");
    stackstorm.write(
        "ha-vm-aws/terraform/main.tf",
        "resource \"terraform_data\" \"vm\" {}\n",
    );
    stackstorm.write("ha-vm-aws/ansible/bitops.config.yaml", "ansible: {}\n");
    stackstorm.write(
        "ha-vm-aws/ansible/playbook.yaml",
        "- hosts: localhost\n  gather_facts: false\n  tasks: []\n",
    );
    stackstorm.commit("1.0.0");
    redirected(&s);
    s
}

fn redirected(s: &Sandbox) {
    let home = s.beside("home");
    fs::create_dir_all(&home).expect("a home");
    let config = format!(
        "[url \"file://{}/\"]\n  insteadOf = https://github.com/bitops-operations-repos/\n",
        s.beside("catalog").display()
    );
    fs::write(home.join(".gitconfig"), config).expect("git's settings");
}

/// With programs that only say who they are: a plan asks nothing else of them.
fn with_tools(s: Sandbox) -> Sandbox {
    with_programs(s, &[("helm", super::HELM)])
}

/// Names of the plan's units, in its order.
fn units(plan: &Done) -> Vec<String> {
    let json = plan.json();
    let steps = json["plan"]["steps"]
        .as_array()
        .or(json["steps"].as_array());
    let steps = steps.expect("steps");
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
}

#[test]
fn the_other_two_examples_work_as_they_are_written() {
    let s = with_tools(consumer());
    s.write("prod/bitops.config.yaml", &format!("{FIVE}{STACKSTORM}"));
    s.write("vms/bitops.config.yaml", VMS);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    let plan = s.ends(0, &["plan", "prod", "--format", "json"]);
    assert_eq!(units(&plan).last().expect("units"), "prod/helm/stackstorm");
    let plan = s.ends(0, &["plan", "vms", "--format", "json"]);
    assert_eq!(units(&plan), ["vms/terraform", "vms/ansible"]);
}
