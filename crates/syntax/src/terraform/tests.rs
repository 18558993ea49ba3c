//! What is read of a module.
use super::*;
use std::collections::BTreeSet;
use strata_core::tree::{MemoryTree, Tree};

mod declared;
mod shapes;
mod wrong;

fn set(of: &BTreeSet<String>) -> Vec<&str> {
    of.iter().map(String::as_str).collect()
}

#[test]
fn a_module_says_what_it_takes_gives_and_reads() {
    let main = r#"
variable "cidr" {
  type = string
}
variable "zones" {
  description = "where"
  type        = list(string)
  default     = ["a", "b"]
}
variable "version_text" {
  type      = number
  default   = 1.10
  sensitive = true
}
output "id" {
  value     = { for k, v in x : k =>
    "x-${var.cidr}}" }
  sensitive = true
}
output "name" { value = "n" }
module "m" {
  source = "../mod"
}
module "far" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.0.0"
}
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0", configuration_aliases = [aws.other] }
    old = "~> 1"
  }
  backend "s3" {
    bucket = "b"
    key    = "k"
    region = var.nope
  }
}
locals {
  f = file("${path.module}/x.txt")
  w = terraform.workspace
}
resource "google_x" "y" {
  provisioner "local-exec" {
    command = "true"
  }
}
resource "terraform_data" "z" {}
"#;
    let inner = "data \"http\" \"x\" {}\nvariable \"inner\" {}\nlocals {\n  a = file(\"${path.module}/in.txt\")\n  b = file(\"root.txt\")\n}\nmodule \"deeper\" {\n  source = \"./deep\"\n}\n";
    let tree = MemoryTree::new([
        ("infra/main.tf", main),
        ("infra/other.tf.bak", "variable \"no\" {}"),
        ("infra/.hidden.tf", "variable \"no\" {}"),
        ("infra/sub/no.tf", "variable \"no\" {}"),
        ("infra/terraform.tfvars", "cidr = \"10.0.0.0/8\"\n"),
        ("infra/x.auto.tfvars.json", "{\"zones\": []}"),
        ("infra/unused.tfvars", "version_text = 1\n"),
        ("mod/main.tf", inner),
        (
            "mod/deep/main.tf",
            "resource \"tls_key\" \"k\" {}\nmodule \"back\" {\n  source = \"../\"\n}\n",
        ),
    ]);
    let m = read_module(&tree, "infra");
    assert!(!m.incomplete && m.problems.is_empty(), "{:?}", m.problems);
    assert_eq!(
        m.variables.keys().collect::<Vec<_>>(),
        ["cidr", "version_text", "zones"]
    );
    assert!(m.variables["zones"].optional && !m.variables["cidr"].optional);
    assert_eq!(m.variables["zones"].ty.to_string(), "list(string)");
    assert_eq!(
        m.variables["zones"]
            .default
            .as_ref()
            .unwrap()
            .to_json()
            .to_string(),
        "[\"a\",\"b\"]"
    );
    assert_eq!(m.variables["zones"].description.as_deref(), Some("where"));
    assert_eq!(
        m.variables["version_text"]
            .default
            .as_ref()
            .unwrap()
            .to_json()
            .to_string(),
        "1.10"
    );
    assert!(m.variables["version_text"].sensitive);
    assert!(m.outputs["id"].sensitive && !m.outputs["name"].sensitive);
    let backend = m.backend.as_ref().unwrap();
    assert_eq!((backend.kind.as_str(), backend.literal().len()), ("s3", 2));
    assert_eq!(m.required_version.as_deref(), Some(">= 1.5"));
    assert_eq!(m.required_providers["aws"], "hashicorp/aws ~> 5.0");
    assert_eq!(m.required_providers["old"], "~> 1");
    assert_eq!(set(&m.providers), ["aws", "google", "http", "old", "tls"]);
    assert_eq!(set(&m.modules), ["mod", "mod/deep"]);
    assert_eq!(set(&m.remote_modules), ["terraform-aws-modules/vpc/aws"]);
    assert_eq!(
        set(&m.files),
        ["infra/root.txt", "infra/x.txt", "mod/in.txt"]
    );
    assert_eq!(set(&m.data_blocks), ["http.x"]);
    assert_eq!(set(&m.set_here), ["cidr", "zones"]);
    assert!(m.local_exec && m.reads_workspace && !m.remote_state);
    assert!(m.uncovered.contains("data http.x") && m.uncovered.contains("local-exec"));
    assert!(m.uncovered.contains("module terraform-aws-modules/vpc/aws"));
}

#[test]
fn what_cannot_be_read_loses_only_itself_and_is_a_warning() {
    let tree = MemoryTree::new([
        (
            "a/x.tf",
            "variable \"a\" {\n  default = = 1\n}\nvariable \"b\" {}\n",
        ),
        ("a/y.tf.json", "{\"variable\": "),
        (
            "a/z.tf",
            "variable \"c\" {\n  type = {\n\nvariable \"d\" {\n}\n",
        ),
    ]);
    let m = read_module(&tree, "a");
    assert!(
        m.incomplete && m.problems.iter().all(|p| !p.is_error()) && m.problems.len() >= 3,
        "{:?}",
        m.problems
    );
    assert!(m.variables.contains_key("b") && m.variables.contains_key("d"));
}

#[test]
fn a_file_that_is_no_text_is_said() {
    struct Broken(MemoryTree);
    impl Tree for Broken {
        fn files(&self) -> &[strata_core::tree::TreeFile] {
            self.0.files()
        }
        fn read(&self, _: &str) -> Result<std::sync::Arc<[u8]>, strata_core::tree::TreeError> {
            Ok(std::sync::Arc::from([0xff, 0xfe].as_slice()))
        }
    }
    let m = read_module(&Broken(MemoryTree::new([("a/x.tf", "")])), "a");
    assert!(m.incomplete && m.problems[0].message.contains("a/x.tf"));
}

#[test]
fn json_files_say_the_same() {
    let json = r#"{
	"variable": {"a": {"type": "list(string)", "default": [1.10]}, "b": [{"sensitive": true}]},
	"output": {"o": {"value": "${file(\"${path.module}/t.txt\")}", "sensitive": true}},
	"resource": {"aws_x": {"y": {"provisioner": [{"local-exec": {"command": "x"}}]}}},
	"data": {"terraform_remote_state": {"s": {}}},
	"module": {"m": {"source": "./m"}},
	"terraform": {"cloud": {"workspaces": {"name": "w"}}, "required_version": "1", "required_providers": {"tls": {"source": "hashicorp/tls"}}}
}"#;
    let tree = MemoryTree::new([("main.tf.json", json), ("m/x.tf", "")]);
    let m = read_module(&tree, "");
    assert!(m.problems.is_empty(), "{:?}", m.problems);
    assert_eq!(
        m.variables["a"]
            .default
            .as_ref()
            .unwrap()
            .to_json()
            .to_string(),
        "[1.10]"
    );
    assert!(
        m.variables["b"].sensitive && m.outputs["o"].sensitive && m.local_exec && m.remote_state
    );
    assert_eq!(m.cloud.unwrap().text(&["workspaces", "name"]), Some("w"));
    assert_eq!(set(&m.modules), ["m"]);
    assert_eq!(set(&m.files), ["t.txt"]);
    assert_eq!(set(&m.providers), ["aws", "tls"]);
    let at = m.variables["a"].at.span;
    assert_eq!(&json[at.start as usize..at.end as usize], "\"a\"");
    let backend = MemoryTree::new([(
        "main.tf.json",
        r#"{"terraform": [{"backend": {"s3": {"key": "k", "x": "${y}"}}}]}"#,
    )]);
    let backend = read_module(&backend, "").backend.unwrap();
    assert_eq!((backend.kind.as_str(), backend.literal().len()), ("s3", 1));
}
