//! Units of other engines that meet at a cluster: Terraform with its real Kubernetes provider, and with a repository that
//! Flux reads.
use crate::{
    ground::{Ground, text},
    repository::{Repository, git},
    sandbox::terraform_here,
};
use std::process::Command;

/// Kubernetes' provider, configured from variables and nothing else.
const MODULE: &str = r#"terraform {
  required_providers {
    kubernetes = {
      source  = "strata.test/hashicorp/kubernetes"
      version = "1.13.4"
    }
  }
}

variable "endpoint" { type = string }
variable "ca" { type = string }
variable "certificate" {
  type      = string
  sensitive = true
}
variable "key" {
  type      = string
  sensitive = true
}
variable "word" { type = string }

provider "kubernetes" {
  load_config_file       = false
  host                   = var.endpoint
  cluster_ca_certificate = var.ca
  client_certificate     = var.certificate
  client_key             = var.key
}

resource "kubernetes_config_map" "page" {
  metadata {
    name      = "page"
    namespace = "NS"
  }
  data = { word = var.word }
}

output "made" { value = kubernetes_config_map.page.metadata[0].uid }
"#;

/// A field of the one cluster or user of a kubeconfig, decoded if it is in base64.
fn part(kubeconfig: &std::path::Path, path: &str) -> String {
    let out = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args([
            "config",
            "view",
            "--raw",
            "-o",
            &format!("go-template={{{{{path}}}}}"),
        ])
        .output()
        .expect("kubectl is there");
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).expect("text")
}

#[test]
fn a_provider_of_terraform_waits_for_the_cluster_of_the_same_plan() {
    let what = "folder with Terraform's Kubernetes provider";
    let Some(mirror) = crate::ground::told("STRATA_TEST_PROVIDERS", what) else {
        return;
    };
    if !terraform_here() {
        return;
    }
    let Some(g) = Ground::with_space("across", &[]) else {
        return;
    };
    std::fs::write(
        g.platform.beside("home/.terraformrc"),
        format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n"
        ),
    )
    .expect("Terraform's configuration");
    // the cluster's unit: what it gives is known once it has been applied
    let kubeconfig = g.platform.root().join("kubeconfig");
    let of = |path: &str| part(&kubeconfig, path);
    let user = "(index .users 0).user";
    let outputs = serde_json::json!({
        "endpoint": of("(index .clusters 0).cluster.server"),
        "ca": of("base64decode (index (index .clusters 0).cluster \"certificate-authority-data\")"),
        "certificate": of(&format!("base64decode (index {user} \"client-certificate-data\")")),
        "key": of(&format!("base64decode (index {user} \"client-key-data\")")),
    });
    g.platform
        .write("layers/top/k/outputs.json", &outputs.to_string());
    g.platform.write(
        "layers/top/k/give.sh",
        "#!/bin/sh\nexec cp outputs.json \"$STRATA_OUTPUTS\"\n",
    );
    g.write(
        "layers/top/k/component.yaml",
        "engine: script\ncluster: null\nscript: {apply: [./give.sh]}\noutputs:\n  endpoint: string\n  ca: string\n  certificate: {type: string, sensitive: true}\n  key: {type: string, sensitive: true}\n",
    );
    g.write("layers/top/page/main.tf", MODULE);
    g.write(
        "layers/top/page/component.yaml",
        "cluster: null\ninputs:\n  endpoint: '${{ k.outputs.endpoint }}'\n  ca: '${{ k.outputs.ca }}'\n  certificate: '${{ k.outputs.certificate }}'\n  key: '${{ k.outputs.key }}'\n  word: first\n",
    );
    // nothing is guessed: Terraform is not asked for a plan against a cluster that nobody knows
    g.ends(0, &["plan", "dev"])
        .says("deferred")
        .says("waits for outputs of dev/k")
        .never_says("kubernetes_config_map");
    assert!(!g.has("configmap", "page"));
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.word"), "first");
    assert_eq!(
        g.platform.outputs("dev/page")["made"].as_str(),
        Some(g.field("configmap", "page", ".metadata.uid").as_str())
    );
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    // now that it is known, the plan is exact
    g.edit(
        "layers/top/page/component.yaml",
        "word: first",
        "word: second",
    );
    g.ends(0, &["plan", "dev"])
        .says("kubernetes_config_map.page")
        .says("second");
    // what somebody did to it is seen through the provider
    g.edit(
        "layers/top/page/component.yaml",
        "word: second",
        "word: first",
    );
    let patch = r#"{"data":{"word":"meddled"}}"#;
    g.does(&["-n", &g.space, "patch", "configmap", "page", "-p", patch]);
    g.ends(6, &["drift", "dev"]).says("meddled");
    g.ends(0, &["apply", "dev", "--yes", "--refresh"]);
    assert_eq!(g.field("configmap", "page", ".data.word"), "first");
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("configmap", "page"));
    let key = outputs["key"].as_str().expect("a key");
    let line = key.lines().nth(1).expect("a line of it");
    let found = g.platform.stored_with(line);
    let given = ["kubeconfig", "outputs.json"];
    let ours = |p: &std::path::PathBuf| given.iter().any(|n| p.ends_with(n));
    assert!(
        found.iter().all(ours),
        "a key is stored in clear: {found:?}"
    );
    assert!(!text(&kubeconfig).is_empty());
}

#[test]
fn what_terraform_commits_is_what_flux_takes() {
    let Some(address) = crate::ground::flux() else {
        return;
    };
    if !terraform_here() {
        return;
    }
    let Some(g) = Ground::with_space("edge", &[]) else {
        return;
    };
    let repository = Repository::new(&address, "README", "configuration, written by Terraform\n");
    g.write("layers/top/config/main.tf", COMMITS);
    g.platform.write("layers/top/config/commit.sh", COMMIT);
    g.write(
        "layers/top/config/component.yaml",
        &format!(
            "cluster: null\ninputs: {{repository: '{}', word: first}}\n",
            repository.path().display()
        ),
    );
    g.write(
        "layers/top/app/component.yaml",
        &format!(
            "engine: flux\nflux: {{source: {{git: '{}', tag: '${{{{ config.outputs.tag }}}}'}}, path: ./base, namespace: NS, wait: 2m}}\n",
            repository.url
        ),
    );
    g.ends(0, &["graph", "dev"]).says("config").says("app");
    // Terraform's plan says what the tag will be: what Flux is told is planned with it
    g.ends(0, &["plan", "dev"])
        .says("1 exact")
        .says("1 conditional");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.word"), "first");
    let tag = g.platform.outputs("dev/config")["tag"].clone();
    let tag = tag.as_str().expect("a tag");
    let commit = git(repository.path(), &["rev-parse", tag]);
    g.ends(0, &["outputs", "dev/app", "revision"]).says(&commit);
    // one change of configuration goes through both, in order
    g.edit(
        "layers/top/config/component.yaml",
        "word: first",
        "word: second",
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.word"), "second");
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("configmap", "page"));
}

/// Writes a file into a repository and names the tag under which it lies there: by content, so that whoever takes it sees
/// that it changed.
const COMMITS: &str = r#"variable "repository" { type = string }
variable "word" { type = string }

locals {
  page = yamlencode({
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "page", namespace = "NS" }
    data       = { word = var.word }
  })
  tag = "config-${substr(sha256(local.page), 0, 12)}"
}

resource "terraform_data" "page" {
  triggers_replace = local.page
  provisioner "local-exec" {
    command     = "./commit.sh"
    working_dir = path.module
    environment = { REPOSITORY = var.repository, PAGE = local.page, TAG = local.tag }
  }
}

# what its name will be is known before it is there
output "tag" {
  value      = local.tag
  depends_on = [terraform_data.page]
}
"#;
const COMMIT: &str = r#"#!/bin/sh
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q "$REPOSITORY" "$work"
cd "$work"
mkdir -p base
printf '%s' "$PAGE" >base/page.yaml
git add .
git -c user.name=terraform -c user.email=terraform@example.org commit -q -m "$TAG"
git tag "$TAG"
git push -q origin HEAD:main "$TAG"
"#;

#[test]
fn a_cluster_that_the_platform_swaps_is_followed() {
    let Some(other) = crate::ground::cluster("STRATA_TEST_OTHER_CLUSTER") else {
        return;
    };
    let Some(g) = Ground::with_space("follow", &[]) else {
        return;
    };
    let of = |kubeconfig: &std::path::Path| {
        let part = |path: &str| part(kubeconfig, path);
        serde_json::json!({
            "endpoint": part("(index .clusters 0).cluster.server"),
            "ca": part("base64decode (index (index .clusters 0).cluster \"certificate-authority-data\")"),
            "kubeconfig": text(kubeconfig),
        })
        .to_string()
    };
    let elsewhere = |args: &[&str]| {
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(&other).args(args);
        kubectl.output().expect("kubectl is there")
    };
    let made = ["-n", &g.space, "get", "configmap", "page", "-o", "name"];
    // what an earlier run left
    elsewhere(&["delete", "namespace", &g.space, "--ignore-not-found"]);
    let kubeconfig = g.platform.root().join("kubeconfig");
    g.platform
        .write("layers/top/k/outputs.json", &of(&kubeconfig));
    g.platform.write(
        "layers/top/k/give.sh",
        "#!/bin/sh\nexec cp outputs.json \"$STRATA_OUTPUTS\"\n",
    );
    g.write(
        "layers/top/k/component.yaml",
        "engine: script\ncluster: null\nscript: {apply: [./give.sh]}\noutputs: {endpoint: string, ca: string, kubeconfig: {type: string, sensitive: true}}\n",
    );
    g.write(
        "layers/top/web/component.yaml",
        "engine: kubectl\nkubectl: {namespace: NS, wait: 60s}\ncluster: '${{ k.outputs }}'\n",
    );
    g.write(
        "layers/top/web/page.yaml",
        &format!(
            "{}---\n{}",
            crate::ground::SPACE,
            crate::ground::config("page", "x")
        ),
    );
    g.does(&["delete", "namespace", &g.space]);
    g.ends(0, &["apply", "dev", "--yes"]);
    assert!(g.has("configmap", "page"));
    assert!(!elsewhere(&made).status.success());
    // the unit that makes the cluster makes another one
    g.platform.write("layers/top/k/outputs.json", &of(&other));
    g.ends(0, &["apply", "dev", "--yes"])
        .says("a cluster that was made since");
    assert!(elsewhere(&made).status.success());
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    g.ends(0, &["drift", "dev"]);
    // an account of its own for each: the first cluster's objects are not looked for in the second
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!elsewhere(&made).status.success());
    // whoever writes another kubeconfig by hand is refused, as ever
    let by_hand = "engine: kubectl\nkubectl: {namespace: NS, wait: 60s}\n";
    g.write("layers/top/web/component.yaml", by_hand);
    g.ends(0, &["apply", "dev", "--yes"]);
    g.give(&text(&other));
    g.ends(10, &["apply", "dev", "--yes", "--refresh"])
        .says("leads to another cluster than the one this was applied to");
}
