//! A Packer template, read from its own files: what it takes, and what it builds.
use crate::{
    hcl::{self, Block},
    node::{Node, Origin},
    terraform::Variable,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    tree::{Tree, join},
    ty::Type,
};

/// A template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackerTemplate {
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Sources as `type.name`; in a JSON template the builders.
    pub sources: BTreeSet<String>,
    /// Sources that `build` blocks use, as `type.name`.
    pub builds: BTreeSet<String>,
    /// Variables that the folder's own `*.auto.pkrvars.hcl` files set.
    pub set_here: BTreeSet<String>,
    /// Files and folders that functions read, relative to the platform's root.
    pub files: BTreeSet<String>,
    /// What it can read that its files do not show.
    pub uncovered: BTreeSet<String>,
    /// `required_version`
    pub required_version: Option<String>,
    /// Does it ask for plug-ins?
    pub plugins: bool,
    /// Some of it could not be read.
    pub incomplete: bool,
    /// What could not be read, as warnings.
    pub problems: Vec<Diagnostic>,
}

/// Reads the template in a folder: `*.pkr.hcl`, or JSON with `builders`.
pub fn read_template(tree: &dyn Tree, folder: &str) -> PackerTemplate {
    let mut reader = Reader {
        folder,
        out: PackerTemplate::default(),
    };
    for (path, name) in crate::terraform::direct(tree, folder) {
        let wanted = [".pkr.hcl", ".auto.pkrvars.hcl", ".json"]
            .iter()
            .any(|s| name.ends_with(s));
        if !wanted {
            continue;
        }
        let file = Origin::from(path);
        match tree.text(path) {
            Ok(text) if name.ends_with(".pkr.hcl") => reader.hcl(&file, &text),
            Ok(text) if name.ends_with(".auto.pkrvars.hcl") => {
                let (body, problems) = hcl::body(&file, &text);
                reader.unreadable(problems);
                reader
                    .out
                    .set_here
                    .extend(body.attributes.iter().map(|a| a.name.to_owned()));
            }
            Ok(text) => reader.json(&file, &text),
            // other JSON is none of the template's
            Err(_) if name.ends_with(".json") => {}
            Err(e) => {
                let mut problem = hcl::unreadable(Location::file(file), "this file");
                problem.message = format!("{e}; what it declares is unknown");
                reader.unreadable([problem]);
            }
        }
    }
    reader.out
}

struct Reader<'a> {
    folder: &'a str,
    out: PackerTemplate,
}

impl Reader<'_> {
    fn unreadable(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        let before = self.out.problems.len();
        self.out.problems.extend(problems);
        self.out.incomplete |= self.out.problems.len() > before;
    }

    fn hcl(&mut self, file: &Origin, text: &str) {
        let found = hcl::uses(text);
        for used in found.files {
            match join(self.folder, &used.path) {
                Some(path) => drop(self.out.files.insert(path)),
                None => drop(
                    self.out
                        .uncovered
                        .insert(format!("{}(\"{}\")", used.function, used.path)),
                ),
            }
        }
        self.out.uncovered.extend(found.computed);
        self.out.uncovered.extend(found.changing);
        let (blocks, problems) = hcl::blocks(file, text);
        self.unreadable(problems);
        for block in &blocks {
            self.block(block, text);
        }
    }

    fn block(&mut self, block: &Block, text: &str) {
        let (body, problems) = block.read(text);
        match block.ident.as_str() {
            "packer" => {
                self.unreadable(problems);
                self.out.plugins |= body.blocks.iter().any(|b| b.ident == "required_plugins");
                self.out.required_version = body
                    .text("required_version")
                    .or(self.out.required_version.take());
            }
            "source" => drop(self.out.sources.insert(block.labels.join("."))),
            "build" => {
                self.unreadable(problems);
                let listed = body.value("sources");
                if let Some(strata_core::value::Value::List(items)) = &listed {
                    let names = items.iter().filter_map(|v| v.as_str());
                    self.out
                        .builds
                        .extend(names.map(|n| n.strip_prefix("source.").unwrap_or(n).to_owned()));
                }
                let inner = body
                    .blocks
                    .iter()
                    .filter(|b| b.ident == "source")
                    .map(Block::label);
                self.out
                    .builds
                    .extend(inner.map(|n| n.strip_prefix("source.").unwrap_or(n).to_owned()));
            }
            "variable" => {
                self.unreadable(problems);
                let variable = Variable {
                    ty: body
                        .attribute("type")
                        .map_or(Type::Any, |a| crate::ty::parse(a.text).unwrap_or_default()),
                    optional: body.attribute("default").is_some(),
                    default: body.value("default"),
                    sensitive: body.is_true("sensitive"),
                    description: body.text("description"),
                    at: block.location(),
                };
                self.out
                    .variables
                    .insert(block.label().to_owned(), variable);
            }
            // every attribute is a variable with a default
            "variables" => {
                self.unreadable(problems);
                for a in &body.attributes {
                    let at = Location::new(block.origin.clone(), a.name_span);
                    let variable = Variable {
                        ty: Type::Any,
                        optional: true,
                        default: hcl::literal(a.text),
                        sensitive: false,
                        description: None,
                        at,
                    };
                    self.out.variables.insert(a.name.to_owned(), variable);
                }
            }
            _ => {}
        }
    }

    /// A template of the older kind.
    fn json(&mut self, file: &Origin, text: &str) {
        let (Some(node), _) = crate::json::parse(file, text) else {
            return;
        };
        let Some(builders) = node.get("builders").and_then(Node::as_list) else {
            return;
        };
        for builder in builders {
            let name = builder
                .get("name")
                .or_else(|| builder.get("type"))
                .and_then(Node::as_str);
            self.out.sources.extend(name.map(str::to_owned));
            self.out.builds.extend(name.map(str::to_owned));
        }
        let hidden = node
            .get("sensitive-variables")
            .and_then(Node::as_list)
            .unwrap_or_default();
        for entry in node
            .get("variables")
            .and_then(Node::as_map)
            .into_iter()
            .flat_map(|m| &m.entries)
        {
            let default = Some(&entry.value).filter(|v| !v.is_null());
            let variable = Variable {
                ty: Type::String,
                optional: default.is_some(),
                default: default.map(Node::to_value),
                sensitive: hidden
                    .iter()
                    .any(|h| h.as_str() == Some(entry.key.as_str())),
                description: None,
                at: Location::new(file.clone(), entry.key_span),
            };
            self.out.variables.insert(entry.key.clone(), variable);
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert!(
            t.variables["a"].optional && t.variables["b"].sensitive && !t.variables["b"].optional
        );
    }
}
