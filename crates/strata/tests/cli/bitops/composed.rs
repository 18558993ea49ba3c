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

const CONFIG: &str = "terraform:\n  cli: {stack-action: apply}\n";

#[test]
fn later_entries_defaults_and_the_environment_win_in_this_order() {
    if !crate::sandbox::terraform_here() {
        return;
    }
    let layers = ["a", "b", "c", "d", "e"];
    let names = layers.map(|n| {
        format!("variable \"{n}\" {{ type = string }}\noutput \"{n}\" {{ value = var.{n} }}\n")
    });
    let (s, base) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", &names.concat()),
            // each layer says what it is, in all that it and lower ones may still say
            (
                "_default/terraform/terraform.tfvars",
                "a = \"its default\"\nb = \"its default\"\nc = \"its default\"\nd = \"its default\"\ne = \"its default\"\n",
            ),
            (
                "eks/terraform/terraform.tfvars",
                "b = \"eks\"\nc = \"eks\"\nd = \"eks\"\ne = \"eks\"\n",
            ),
            (
                "more/terraform/terraform.tfvars",
                "c = \"more\"\nd = \"more\"\ne = \"more\"\n",
            ),
        ],
        &item("base", "more", ""),
    );
    s.write(
        "_default/terraform/terraform.tfvars",
        "d = \"our default\"\ne = \"our default\"\n",
    );
    s.write("prod/terraform/terraform.tfvars", "e = \"prod\"\n");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["apply", "prod", "--yes"]);
    let got = s.outputs("prod/terraform");
    // `more` has its repo's default under it too
    let said = layers.map(|n| got[n].as_str().expect("a text").to_owned());
    assert_eq!(
        said,
        ["its default", "its default", "more", "our default", "prod"]
    );
    s.ends(0, &["explain", "prod/terraform"])
        .says("prod/terraform/terraform.tfvars")
        .says("`eks` of https://github.com/bitops-operations-repos/base at 1.0");
    drop(base);
    s.ends(0, &["destroy", "prod", "--yes"]);
}

#[test]
fn hooks_of_another_repo_run_only_when_they_are_allowed() {
    let hook = "eks/terraform/bitops.before-deploy.d/tell.sh";
    let (s, _) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", "output \"a\" { value = 1 }\n"),
            (hook, "#!/bin/bash\necho theirs >> \"$LEDGER\"\n"),
        ],
        "",
    );
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("prod/terraform/bitops.before-deploy.d/tell.sh");
    s.ends(3, &["plan", "prod"]);
    assert!(s.ledger().is_empty());
    s.write(
        "prod/bitops.config.yaml",
        &entry("base", "eks", "  exclude: ['*/bitops.before-deploy.d']\n"),
    );
    s.ends(0, &["check"]);
    s.write(
        "prod/bitops.config.yaml",
        &entry("base", "eks", "  hooks: allow\n"),
    );
    s.ends(0, &["check"]);
    if !crate::sandbox::terraform_here() {
        return;
    }
    s.ends(0, &["plan", "prod"])
        .says("its scripts run: prod/terraform/bitops.before-deploy.d/tell.sh");
    // what runs before the tool runs for its plan too
    assert_eq!(s.ledger(), ["theirs"]);
    s.ends(0, &["apply", "prod", "--yes"]);
    assert!(s.ledger().len() > 1);
}

#[test]
fn a_backend_of_another_repo_needs_one_of_ours() {
    let (s, _) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            (
                "eks/terraform/main.tf",
                "terraform {\n  backend \"s3\" {\n    bucket = \"theirs\"\n    key = \"k\"\n  }\n}\n",
            ),
        ],
        "",
    );
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::backend")
        .says("backend_override.tf");
    let ours = |keys: &str| format!("terraform:\n  cli: {{backend-config: [{keys}]}}\n");
    s.write("prod/terraform/bitops.config.yaml", &ours("bucket=ours"));
    s.ends(3, &["check"]).says("import::backend");
    s.write(
        "prod/terraform/bitops.config.yaml",
        &ours("bucket=ours, key=k"),
    );
    s.ends(0, &["check"]);
    s.write("prod/terraform/bitops.config.yaml", CONFIG);
    s.write(
        "prod/terraform/backend_override.tf",
        "terraform {\n  backend \"local\" {}\n}\n",
    );
    s.ends(0, &["check"]);
}

#[test]
fn two_repos_with_one_file_are_an_error_until_it_is_ours() {
    let (s, _) = one(
        &[
            ("eks/ansible/bitops.config.yaml", "ansible: {}\n"),
            (
                "eks/ansible/playbook.yaml",
                "- hosts: localhost\n  tasks: []\n",
            ),
        ],
        &item("other", "vms", ""),
    );
    let other = catalog(&s, "other");
    other.write("vms/ansible/bitops.config.yaml", "ansible: {}\n");
    other.write("vms/ansible/playbook.yaml", "- hosts: all\n  tasks: []\n");
    other.commit("1.0");
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("bitops::conflict")
        .says("`eks` of https://github.com/bitops-operations-repos/base at 1.0")
        .says("`vms` of https://github.com/bitops-operations-repos/other at 1.0");
    s.write(
        "prod/ansible/playbook.yaml",
        "- hosts: localhost\n  tasks: []\n",
    );
    s.ends(0, &["check"]);
}

#[test]
fn what_cannot_be_taken_is_said() {
    let (s, base) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", ""),
        ],
        "",
    );
    s.write("prod/bitops.config.yaml", &entry("base", "ekss", ""));
    s.ends(3, &["import", "lock"])
        .says("import::environment")
        .says("eks");
    assert!(!s.root().join("strata.lock").exists());
    let both = entry("base", "eks", "");
    s.write(
        "prod/bitops.config.yaml",
        &format!("{both}bitops:\n  {}", both.replace('\n', "\n  ")),
    );
    s.ends(3, &["check"])
        .says("bitops::wrong-kind")
        .says("stands in two places");
    let credentials = both.replace("https://", "https://me:pw@");
    s.write("prod/bitops.config.yaml", &credentials);
    s.ends(3, &["check"])
        .says("import::credentials")
        .never_says("pw");
    // below `bitops:` it is the same
    s.write(
        "prod/bitops.config.yaml",
        &format!("bitops:\n  {}", both.replace('\n', "\n  ")),
    );
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    // an environment that imports itself
    base.write(
        "eks/bitops.config.yaml",
        &entry("base", "eks", "").replace("1.0", "main"),
    );
    base.commit_only();
    s.write("prod/bitops.config.yaml", &both.replace("1.0", "main"));
    s.ends(3, &["import", "lock"])
        .says("import::cycle")
        .says(" → ");
}

#[test]
fn entries_of_entries_come_below_them_and_shared_folders_come_too() {
    let (s, base) = one(
        &[
            (
                "eks/bitops.config.yaml",
                "default-environments:\n- environment: common\nbitops:\n  logging: {masks: [{search: secret, replace: '***'}]}\n  fail_fast: false\n",
            ),
            ("eks/terraform/bitops.config.yaml", CONFIG),
            (
                "eks/terraform/main.tf",
                "output \"size\" { value = var.size }\noutput \"zone\" { value = var.zone }\n",
            ),
            ("eks/terraform/terraform.tfvars", "size = \"large\"\n"),
            (
                "common/terraform/variables.tf",
                "variable \"size\" {}\nvariable \"zone\" {}\n",
            ),
            (
                "common/terraform/terraform.tfvars",
                "size = \"small\"\nzone = \"a\"\n",
            ),
            ("_modules/net/main.tf", "output \"net\" { value = 1 }\n"),
        ],
        "",
    );
    s.write("prod/terraform/use.tf", "module \"net\" { source = \"../../_modules/net\" }\noutput \"net\" { value = module.net.net }\n");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"])
        .says("`fail_fast` of an import is not obeyed");
    // vendored, the files need neither the repos nor a cache
    s.ends(0, &["import", "vendor"]);
    fs::remove_dir_all(base.dir()).expect("the repo");
    fs::remove_dir_all(s.beside("home/.cache")).expect("the cache");
    s.ends(0, &["import", "verify", "--offline"]);
    s.ends(0, &["check", "--offline"]);
    if !crate::sandbox::terraform_here() {
        return;
    }
    s.ends(0, &["apply", "prod", "--yes"]);
    let got = s.outputs("prod/terraform");
    assert_eq!(
        (got["size"].as_str(), got["zone"].as_str()),
        (Some("large"), Some("a"))
    );
    assert_eq!(got["net"], 1);
}
