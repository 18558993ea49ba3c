//! What a module declares, and the order in which its files count.
use super::*;
use strata_core::{span::Location, tree::TreeError, tree::TreeFile};

fn at<'t>(text: &'t str, at: &Location) -> &'t str {
    &text[at.span.start as usize..at.span.end as usize]
}

#[test]
fn variables_outputs_and_providers_say_all_about_themselves() {
    let main = r#"
variable "a" {
  type        = object({ x = optional(string, "d"), y = set(number) })
  nullable    = false
  ephemeral   = true
  sensitive   = true
  description = <<-EOT
    long
  EOT
  validation {
    condition     = var.a.x != ""
    error_message = "No."
  }
  validation {
    condition     = true
    error_message = "Not ${var.a.x}."
  }
}
output "plain" {
  description = "d"
  value       = 1
}
output "leaks" { value = { a = local.hidden } }
output "counted" { value = nonsensitive(length(var.a)) }
output "inner" { value = module.m.out }
locals { hidden = "x-${var.a.x}" }
module "m" {
  source    = "./m"
  version   = "1.0"
  providers = { aws = aws.west }
  given     = var.a
}
provider "aws" {
  alias  = "west"
  region = "eu"
  assume_role {
    role_arn = data.terraform_remote_state.net.outputs.role
  }
}
provider "kubernetes" {
  host = module.m.out
  token = data.aws_eks_cluster_auth.this.token
  cert = aws_eks_cluster.this.ca
}
terraform {
  required_version = "~> 1.5"
  required_providers {
    aws = {
      source                = "hashicorp/aws" # why
      version               = ">= 5, < 6"     // and why not
      configuration_aliases = [aws.west, aws.east]
    }
    odd = { source = "Example.com/Some/Odd" }
  }
  cloud {
    organization = "org"
    workspaces {
      tags    = ["a", "b"]
      project = "p"
    }
  }
}
data "tfe_outputs" "o" {
  organization = "org"
  workspace    = "w"
}
data "terraform_remote_state" "net" {
  backend   = "s3"
  workspace = terraform.workspace
  config    = { bucket = "b", key = "k" }
  defaults  = { role = var.a.x }
}
resource "x_y" "z" {
  provider = odd.west
  a = data.terraform_remote_state.net.outputs["role"]
  b = data.terraform_remote_state.net.outputs.vpc.id
  c = data.tfe_outputs.o.values.k
  d = data.tfe_outputs.o.nonsensitive_values.k
}
"#;
    let inner = "variable \"given\" {}\noutput \"out\" { value = \"a${var.given}\" }\n";
    let m = read_module(
        &MemoryTree::new([("main.tf", main), ("m/main.tf", inner)]),
        "",
    );
    assert!(m.problems.is_empty(), "{:?}", m.problems);
    let a = &m.variables["a"];
    assert!(a.sensitive && a.ephemeral && !a.nullable && !a.optional);
    assert_eq!(
        a.ty.to_string(),
        "object({x = optional(string, \"d\"), y = list(number)})"
    );
    assert_eq!(a.description.as_deref().map(str::trim), Some("long"));
    assert_eq!(a.validations, [Some("No.".to_owned()), None]);
    let sensitive = |name: &str| m.outputs[name].from_sensitive;
    assert!(
        !sensitive("plain") && sensitive("leaks") && !sensitive("counted") && sensitive("inner")
    );
    assert_eq!(m.outputs["inner"].ty.to_string(), "string");
    assert_eq!(at(main, &m.outputs["plain"].at), "output \"plain\"");

    let aws = &m.provider_blocks[0];
    assert_eq!(
        (aws.name.as_str(), aws.alias.as_deref()),
        ("aws", Some("west"))
    );
    assert!(aws.settings["region"].value.is_some());
    assert_eq!(set(&aws.uses), ["data.terraform_remote_state.net"]);
    let kubernetes = set(&m.provider_blocks[1].uses);
    let wanted = [
        "aws_eks_cluster.this",
        "data.aws_eks_cluster_auth.this",
        "module.m.out",
    ];
    assert_eq!(kubernetes, wanted);
    let asked = &m.requirements[0];
    assert_eq!(asked.source, "registry.terraform.io/hashicorp/aws");
    let (version, place) = asked.version.as_ref().unwrap();
    assert_eq!(
        (version.as_str(), at(main, place)),
        (">= 5, < 6", "\">= 5, < 6\"")
    );
    assert_eq!(asked.aliases.len(), 2);
    assert_eq!(m.requirements[1].source, "example.com/some/odd");
    assert_eq!(set(&m.providers), ["aws", "odd", "tfe"]);

    let cloud = m.cloud.as_ref().unwrap();
    assert_eq!(cloud.text(&["organization"]), Some("org"));
    assert_eq!(cloud.text(&["workspaces", "project"]), Some("p"));
    assert_eq!(cloud.tags(), ["a", "b"]);
    let tfe = &m.remote_states[0];
    assert_eq!(
        (tfe.kind.as_str(), tfe.computed, tfe.outputs["k"].len()),
        ("tfe_outputs", false, 2)
    );
    let net = &m.remote_states[1];
    assert_eq!(net.backend.as_deref(), Some("s3"));
    assert!(net.computed && !net.all && net.settings["config"].value.is_some());
    assert_eq!(net.outputs["role"].len(), 2);
    assert_eq!(
        at(main, &net.outputs["vpc"][0]),
        "data.terraform_remote_state.net.outputs.vpc"
    );
    let call = &m.calls[0];
    assert_eq!(call.providers, [("aws".to_owned(), "aws.west".to_owned())]);
    assert_eq!(at(main, &call.source.as_ref().unwrap().1), "\"./m\"");
    assert_eq!(at(main, &call.arguments["given"].at), "given");
}

#[test]
fn overrides_are_merged_and_files_of_tofu_come_first() {
    let base = "variable \"a\" {\n  type = string\n  default = \"x\"\n}\nterraform {\n  backend \"s3\" {}\n  required_providers {\n    x = { source = \"a/x\" }\n    y = { source = \"a/y\" }\n  }\n}\nmodule \"m\" {\n  source = \"./m\"\n  p = 1\n}\nlocals { l = var.a }\noutput \"o\" { value = local.l }\n";
    let over = "variable \"a\" { default = 3 }\nterraform {\n  cloud { workspaces { name = \"w\" } }\n  required_providers {\n    x = { source = \"b/x\" }\n  }\n}\nmodule \"m\" { p = 2 }\nlocals { l = 5 }\n";
    let tree = MemoryTree::new([
        ("d/a.tf", base),
        ("d/a_override.tf", over),
        (
            "d/m/main.tf",
            "variable \"p\" {}\noutput \"p\" { value = var.p }\n",
        ),
        (
            "d/some.tftest.hcl",
            "variables { nope = 1 }\nrun \"x\" {}\n",
        ),
    ]);
    let m = read_module(&tree, "d");
    assert!(!m.incomplete, "{:?}", m.problems);
    let a = &m.variables["a"];
    assert_eq!(a.ty.to_string(), "string");
    assert_eq!(a.default.as_ref().unwrap().to_json().to_string(), "3");
    assert!(m.backend.is_none() && m.cloud.is_some());
    assert_eq!(m.required_providers["x"], "b/x");
    assert_eq!(m.required_providers["y"], "a/y");
    assert_eq!(m.outputs["o"].ty.to_string(), "number");
    assert_eq!(
        m.calls[0].arguments["p"].value.as_ref().unwrap().to_json(),
        2
    );
    assert!(
        problems(&m).iter().all(|p| !p.is_error()),
        "{:?}",
        problems(&m)
    );

    let tree = MemoryTree::new([
        ("a.tf", "variable \"old\" {}\nlocals { x = var.nope }\n"),
        ("a.tofu", "variable \"new\" {}\n"),
    ]);
    let m = read_module(&tree, "");
    assert_eq!(m.variables.keys().collect::<Vec<_>>(), ["new"]);
    assert!(m.incomplete && problems(&m).is_empty());

    // what both programs see alike is checked
    let tree = MemoryTree::new([
        (
            "main.tf",
            "locals { x = var.nope }\noutput \"o\" { value = local.x }\n",
        ),
        ("versions.tf", "terraform { required_version = \"1\" }\n"),
        ("versions.tofu", "terraform { required_version = \"2\" }\n"),
    ]);
    let m = read_module(&tree, "");
    assert_eq!(m.required_version.as_deref(), Some("2"));
    assert!(!m.incomplete && problems(&m).len() == 1);
}

#[test]
fn variable_files_give_values_and_the_last_one_counts() {
    let tree = MemoryTree::new([
        (
            "main.tf",
            "variable \"a\" {}\nvariable \"b\" {}\noutput \"o\" { value = [var.a, var.b] }\n",
        ),
        ("terraform.tfvars", "a = 1\nb = [\n  \"x\", # c\n]\n"),
        ("b.auto.tfvars.json", "{\"a\": 3, \"//\": \"c\"}"),
        ("a.auto.tfvars", "a = 2\n"),
        ("env/dev.tfvars", "a = \"dev\"\nodd = var.x\n"),
    ]);
    let m = read_module(&tree, "");
    let json = |name: &str| {
        m.values_here[name]
            .value
            .as_ref()
            .unwrap()
            .to_json()
            .to_string()
    };
    assert_eq!((json("a"), json("b")), ("3".into(), "[\"x\"]".into()));
    let dev = variable_file(&tree, "env/dev.tfvars");
    assert!(dev.values["a"].value.is_some() && dev.values["odd"].value.is_none());
    assert_eq!(dev.values["odd"].at.span.start, 10);
    assert_eq!(variable_file(&tree, "nope.tfvars").problems.len(), 1);
}

/// Keeps what was derived, and counts what was parsed.
struct Keeps(
    MemoryTree,
    std::sync::Mutex<std::collections::HashMap<String, Vec<u8>>>,
);

impl Tree for Keeps {
    fn files(&self) -> &[TreeFile] {
        self.0.files()
    }
    fn read(&self, path: &str) -> Result<std::sync::Arc<[u8]>, TreeError> {
        self.0.read(path)
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<std::borrow::Cow<'_, [u8]>, TreeError> {
        let key = format!("{form} {}", self.file(path).unwrap().digest);
        let mut kept = self.1.lock().unwrap();
        let made = kept
            .entry(key)
            .or_insert_with(|| make(&self.0.text(path).unwrap()));
        Ok(std::borrow::Cow::Owned(made.clone()))
    }
}

#[test]
fn what_is_kept_is_what_was_read_in_its_own_place() {
    let text = "variable \"a\" {\n  type = string\n  default = \"x\"\n}\nmodule \"m\" {\n  source = \"../b\"\n  n = \"${var.a}-${local.z}\"\n}\nlocals { y = [for x in var.a : { k = x }] }\nodd odd = 1\n";
    let json = "{\"variable\": {\"j\": {\"default\": [1.10]}}, \"output\": {\"o\": {\"value\": \"${var.q}\"}}}";
    let files = [
        ("a/x.tf", text),
        ("b/x.tf", text),
        ("a/j.tf.json", json),
        ("a/terraform.tfvars", "a = 1.50\n"),
    ];
    let tree = Keeps(MemoryTree::new(files), std::sync::Mutex::default());
    for folder in ["a", "b", "a"] {
        let fresh = read_module(&tree.0, folder);
        let kept = read_module(&tree, folder);
        assert_eq!(kept, fresh);
        assert_eq!(problems(&kept), problems(&fresh));
    }
    assert_eq!(
        tree.1.lock().unwrap().len(),
        3,
        "each content is parsed once"
    );
}
