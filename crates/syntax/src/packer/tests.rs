//! Templates as people write them, in HCL and in JSON.
use super::*;
use strata_core::tree::MemoryTree;

#[test]
fn a_template_says_what_it_takes_and_builds() {
    let text = r#"
packer {
  required_version = ">= 1.6"
  required_plugins {
qemu = { source = "github.com/hashicorp/qemu", version = "~> 1" }
  }
}
variable "size" {
  type    = number
  default = 10
}
variable "password" {
  sensitive = true
}
variables {
  region = "eu"
}
source "null" "one" {
  communicator = "none"
}
build {
  sources = ["source.null.one"]
  source "qemu.two" { disk = 1 }
  provisioner "shell" { script = file("x.sh") }
}
"#;
    let t = read_template(
        &MemoryTree::new([
            ("i/a.pkr.hcl", text),
            ("i/x.auto.pkrvars.hcl", "size = 3\n"),
        ]),
        "i",
    );
    assert!(
        t.problems.is_empty() && t.plugins && t.required_version.is_some(),
        "{t:?}"
    );
    assert_eq!(
        t.variables.keys().collect::<Vec<_>>(),
        ["password", "region", "size"]
    );
    assert!(t.variables["password"].sensitive && !t.variables["password"].optional);
    assert!(
        t.sources.contains("null.one")
            && t.builds.contains("null.one")
            && t.builds.contains("qemu.two")
    );
    assert!(t.files.contains("i/x.sh") && t.set_here.contains("size"));
}

#[test]
fn a_template_in_json_is_one_too_and_other_json_is_not() {
    let json = r#"{"variables": {"a": "1", "b": null}, "sensitive-variables": ["b"], "builders": [{"type": "null", "name": "n"}, {"type": "qemu"}]}"#;
    let t = read_template(
        &MemoryTree::new([
            ("t.json", json),
            ("package.json", "{\"x\": 1}"),
            ("bad.json", "{"),
        ]),
        "",
    );
    assert!(t.problems.is_empty());
    assert_eq!(
        t.sources.iter().map(String::as_str).collect::<Vec<_>>(),
        ["n", "qemu"]
    );
    assert!(t.variables["a"].optional && t.variables["b"].sensitive && !t.variables["b"].optional);
}

#[test]
fn hcl_spelled_as_json_is_read_too() {
    let json = r#"{"packer": {"required_version": ">= 1.9", "required_plugins": {}},
        "variable": {"size": {"type": "number", "default": 3}, "key": [{"type": "string", "sensitive": true}], "c": {"default": "${env}"}},
        "source": {"null": {"one": {"communicator": "none"}}},
        "build": [{"sources": ["source.null.one", "source.null.on"], "provisioner": [{"shell": {"script": "a.sh"}}]}]}"#;
    let tree = MemoryTree::new([
        ("i/a.pkr.json", json),
        ("i/x.auto.pkrvars.json", "{\"key\": \"k\"}"),
        ("i/b.sh", ""),
    ]);
    let t = read_template(&tree, "i");
    assert!(t.plugins && t.required_version.is_some() && t.set_here.contains("key"));
    assert_eq!(t.variables["size"].ty, Type::Number);
    assert!(t.variables["key"].sensitive && !t.variables["key"].optional);
    assert!(t.variables["c"].optional && t.variables["c"].default.is_none());
    let found: Vec<String> = problems(&tree, "i", &t)
        .into_iter()
        .map(|p| format!("{}: {}", p.message, p.help.unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            "the template has no source `null.on`: did you mean `null.one`?",
            "the provisioner `shell` names `a.sh`, which is not there: did you mean `b.sh`?"
        ]
    );
}

#[test]
fn what_a_build_names_and_has_not_is_said() {
    let hcl = "source \"null\" \"one\" {}\nbuild {\n  sources = [\"source.null.one\", \"source.null.too\"]\n  provisioner \"shell\" {\n    scripts = [\"setup.sh\", \"${path.root}/x.sh\"]\n  }\n  provisioner \"file\" {\n    source = \"out.txt\"\n    direction = \"download\"\n  }\n}\n";
    let tree = MemoryTree::new([("a.pkr.hcl", hcl)]);
    let found = problems(&tree, "", &read_template(&tree, ""));
    let codes: Vec<&str> = found.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(
        codes,
        ["packer::unknown-source"],
        "a list with a template is unknown: {found:#?}"
    );
    let at = found[0].at.as_ref().unwrap().span;
    assert_eq!(&hcl[at.start as usize..at.end as usize], "source.null.too");
    let older = "{\"min_packer_version\": \"1.6\", \"variables\": {\"home\": \"{{env `HOME`}}\"}, \"builders\": [{\"type\": \"null\"}], \"provisioners\": [{\"type\": \"shell\", \"scripts\": [\"gone.sh\", \"{{user `x`}}\"]}]}";
    let tree = MemoryTree::new([("t.json", older)]);
    let t = read_template(&tree, "");
    assert!(t.variables["home"].optional && t.variables["home"].default.is_none());
    let found = problems(&tree, "", &t);
    assert_eq!(
        (found.len(), found[0].code.as_str()),
        (1, "packer::missing-file")
    );
}
