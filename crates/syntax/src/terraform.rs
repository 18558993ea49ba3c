//! A Terraform or OpenTofu root module, read from its own files: what it takes, gives, and reads.
use crate::hcl::{Block, attributes, blocks, calls, is_true, literal};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    tree::{Tree, join},
    ty::Type,
    value::Value,
};

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its type.
    pub ty: Type,
    /// Has it a default?
    pub optional: bool,
    /// The default, where it is written out.
    pub default: Option<Value>,
    /// Is it sensitive?
    pub sensitive: bool,
    /// What it says about itself.
    pub description: Option<String>,
    /// Where it is declared.
    pub at: Location,
}

/// An output.
#[derive(Clone, Debug)]
pub struct ModuleOutput {
    /// Is it sensitive?
    pub sensitive: bool,
    /// Where it is declared.
    pub at: Location,
}

/// A root module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, ModuleOutput>,
    /// Kind and literal settings of its `backend` block.
    pub backend: Option<(String, BTreeMap<String, Value>)>,
    /// The workspace name of its `cloud` block, empty when it has none.
    pub cloud: Option<String>,
    /// Providers that it requires, by local name.
    pub providers: BTreeSet<String>,
    /// Folders of local modules, followed, relative to the platform's root.
    pub modules: BTreeSet<String>,
    /// Files and folders that functions read, relative to the platform's root.
    pub files: BTreeSet<String>,
    /// What it can read that its files do not show.
    pub uncovered: BTreeSet<String>,
    /// Variables that the folder's own tfvars files set.
    pub set_here: BTreeSet<String>,
    /// Does it read `terraform.workspace`?
    pub reads_workspace: bool,
    /// Does it read other states?
    pub remote_state: bool,
    /// Some block could not be read, so there may be more.
    pub incomplete: bool,
    /// What could not be read.
    pub problems: Vec<Diagnostic>,
}

/// Reads the root module in a folder.
pub fn read_module(tree: &dyn Tree, folder: &str) -> Module {
    let mut m = Module::default();
    let mut seen = BTreeSet::new();
    folder_files(tree, folder, true, &mut m, &mut seen);
    for file in direct(tree, folder) {
        let name = file.rsplit('/').next().unwrap_or(file);
        if name == "terraform.tfvars" || name.ends_with(".auto.tfvars") {
            tfvars(tree, file, &mut m);
        } else if (name == "terraform.tfvars.json" || name.ends_with(".auto.tfvars.json"))
            && let Some(serde_json::Value::Object(o)) =
                tree.read(file).ok().and_then(|b| serde_json::from_slice(&b).ok())
            {
                m.set_here.extend(o.into_iter().map(|(k, _)| k));
            }
    }
    m
}

/// Files directly in a folder.
fn direct<'a>(tree: &'a dyn Tree, folder: &str) -> Vec<&'a str> {
    let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
    tree.below(folder).iter().map(|f| f.path.as_ref()).filter(|p| !p[skip..].contains('/')).collect()
}

fn tfvars(tree: &dyn Tree, file: &str, m: &mut Module) {
    let Ok(text) = tree.text(file) else { return };
    match hcl_edit::parser::parse_body(&text) {
        Ok(body) => m.set_here.extend(body.attributes().map(|a| a.key.as_str().to_owned())),
        Err(_) => {
            m.incomplete = true;
            m.problems.push(
                Diagnostic::warning("terraform::unreadable", "this file could not be read; what it sets is unknown")
                    .at(Location::file(file)),
            );
        }
    }
}

fn folder_files(tree: &dyn Tree, folder: &str, root: bool, m: &mut Module, seen: &mut BTreeSet<String>) {
    if !seen.insert(folder.to_owned()) {
        return;
    }
    for file in direct(tree, folder) {
        if file.ends_with(".tf.json") || file.ends_with(".tofu.json") {
            json_file(tree, folder, file, root, m, seen);
            continue;
        }
        if !(file.ends_with(".tf") || file.ends_with(".tofu")) {
            continue;
        }
        let text = match tree.text(file) {
            Ok(text) => text,
            Err(e) => {
                m.incomplete = true;
                m.problems.push(Diagnostic::warning("terraform::unreadable", e.to_string()).at(Location::file(file)));
                continue;
            }
        };
        scan(folder, &text, m);
        for block in blocks(&Arc::from(file), &text) {
            one(tree, folder, &block, root, m, seen);
        }
    }
}

/// What functions and expressions in a text read.
fn scan(folder: &str, text: &str, m: &mut Module) {
    for function in ["file", "templatefile", "filebase64", "filesha256", "filemd5", "fileset"] {
        for path in calls(text, function) {
            let inside = path.strip_prefix("${path.module}/").or_else(|| path.strip_prefix("${path.root}/")).unwrap_or(path);
            if inside.contains("${") {
                m.uncovered.insert(format!("{function}(\"{path}\")"));
            } else {
                match join(folder, inside) {
                    Some(path) => drop(m.files.insert(path)),
                    None => drop(m.uncovered.insert(format!("{function}(\"{path}\")"))),
                }
            }
        }
    }
    m.reads_workspace |= text.contains("terraform.workspace");
    for (what, word) in [("timestamp()", "timestamp()"), ("local-exec", "\"local-exec\""), ("abspath", "abspath(")] {
        if text.contains(word) {
            m.uncovered.insert(what.to_owned());
        }
    }
}

fn one(tree: &dyn Tree, folder: &str, b: &Block<'_>, root: bool, m: &mut Module, seen: &mut BTreeSet<String>) {
    match b.ident {
        "data" => {
            let kind = b.labels.first().cloned().unwrap_or_default();
            m.remote_state |= kind == "terraform_remote_state" || kind == "tfe_outputs";
            m.uncovered.insert(format!("data {}", b.labels.join(".")));
            provider_of(&kind, m);
        }
        "resource" => provider_of(b.labels.first().map_or("", String::as_str), m),
        "variable" | "output" | "terraform" | "module" => {
            let parsed = match b.parse() {
                Ok(block) => block,
                Err(problem) => {
                    m.incomplete = true;
                    m.problems.push(problem);
                    return;
                }
            };
            let a = attributes(&parsed);
            let name = b.labels.first().cloned().unwrap_or_default();
            let text = |key: &str| match a.get(key).and_then(|e| literal(e)) {
                Some(Value::String(s)) => Some(s),
                _ => None,
            };
            match b.ident {
                "variable" if root => {
                    let ty = a.get("type").map_or(Type::Any, |e| {
                        crate::ty::parse(e.to_string().trim()).unwrap_or(Type::Any)
                    });
                    let variable = Variable {
                        ty,
                        optional: a.contains_key("default"),
                        default: a.get("default").and_then(|e| literal(e)),
                        sensitive: is_true(a.get("sensitive")),
                        description: text("description"),
                        at: b.at.clone(),
                    };
                    m.variables.insert(name, variable);
                }
                "output" if root => {
                    let output = ModuleOutput { sensitive: is_true(a.get("sensitive")), at: b.at.clone() };
                    m.outputs.insert(name, output);
                }
                "module" => {
                    if let Some(source) = text("source") {
                        module(tree, folder, &source, m, seen);
                    }
                }
                "terraform" if root => settings(&parsed, m),
                _ => {}
            }
        }
        _ => {}
    }
}

/// The provider that a resource type belongs to; the built-in one needs no plug-in.
fn provider_of(kind: &str, m: &mut Module) {
    let provider = kind.split('_').next().unwrap_or_default();
    if !provider.is_empty() && provider != "terraform" {
        m.providers.insert(provider.to_owned());
    }
}

fn module(tree: &dyn Tree, folder: &str, source: &str, m: &mut Module, seen: &mut BTreeSet<String>) {
    if !source.starts_with("./") && !source.starts_with("../") {
        m.uncovered.insert(format!("module {source}"));
        return;
    }
    match join(folder, source) {
        Some(path) => {
            m.modules.insert(path.clone());
            folder_files(tree, &path, false, m, seen);
        }
        None => drop(m.uncovered.insert(format!("module {source}"))),
    }
}

fn settings(block: &hcl_edit::structure::Block, m: &mut Module) {
    for inner in block.body.blocks() {
        match inner.ident.as_str() {
            "backend" => {
                let kind = inner.labels.first().map(|l| l.as_str().to_owned()).unwrap_or_default();
                let set = attributes(inner).into_iter().filter_map(|(k, e)| Some((k.to_owned(), literal(e)?))).collect();
                m.backend = Some((kind, set));
            }
            "cloud" => {
                let name = inner
                    .body
                    .blocks()
                    .filter(|b| b.ident.as_str() == "workspaces")
                    .find_map(|b| attributes(b).get("name").and_then(|e| literal(e)));
                m.cloud = Some(match name {
                    Some(Value::String(s)) => s,
                    _ => String::new(),
                });
            }
            "required_providers" => m.providers.extend(
                inner.body.attributes().map(|a| a.key.as_str().to_owned()).filter(|p| p != "terraform"),
            ),
            _ => {}
        }
    }
}

/// The JSON form: the same words as keys.
fn json_file(tree: &dyn Tree, folder: &str, file: &str, root: bool, m: &mut Module, seen: &mut BTreeSet<String>) {
    let json: Option<serde_json::Value> = tree.read(file).ok().and_then(|b| serde_json::from_slice(&b).ok());
    let Some(json) = json else {
        m.incomplete = true;
        m.problems.push(
            Diagnostic::warning("terraform::unreadable", "this file could not be read; what it declares is unknown")
                .at(Location::file(file)),
        );
        return;
    };
    let object = |key: &str| json.get(key).and_then(|v| v.as_object()).cloned().unwrap_or_default();
    scan(folder, &json.to_string(), m);
    if root {
        for (name, v) in object("variable") {
            let default = v.get("default").cloned().map(Value::from_json);
            let variable = Variable {
                ty: v.get("type").and_then(|t| t.as_str()).and_then(|t| crate::ty::parse(t).ok()).unwrap_or_default(),
                optional: default.is_some(),
                default,
                sensitive: v.get("sensitive") == Some(&true.into()),
                description: v.get("description").and_then(|d| d.as_str()).map(str::to_owned),
                at: Location::file(file),
            };
            m.variables.insert(name, variable);
        }
        for (name, v) in object("output") {
            let output =
                ModuleOutput { sensitive: v.get("sensitive") == Some(&true.into()), at: Location::file(file) };
            m.outputs.insert(name, output);
        }
        if let Some(backend) = json.pointer("/terraform/backend").and_then(|b| b.as_object())
            && let Some((kind, set)) = backend.iter().next()
        {
            let set = set.as_object().cloned().unwrap_or_default();
            m.backend = Some((kind.clone(), set.into_iter().map(|(k, v)| (k, Value::from_json(v))).collect()));
        }
    }
    for (kind, _) in object("resource") {
        provider_of(&kind, m);
    }
    for (_, v) in object("module") {
        if let Some(source) = v.get("source").and_then(|s| s.as_str()) {
            module(tree, folder, source, m, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn a_module_says_what_it_takes_and_gives() {
        let tree = MemoryTree::new([
            (
                "infra/main.tf",
                "variable \"cidr\" {\n  type = string\n}\nvariable \"zones\" {\n  type    = list(string)\n  default = [\"a\"]\n}\n\
                 # output \"no\" {}\noutput \"id\" {\n  value     = \"x-${var.cidr}}\"\n  sensitive = true\n}\n\
                 module \"m\" {\n  source = \"../mod\"\n}\nterraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"k\"\n  }\n}\n\
                 locals {\n  t = <<-EOT\n    variable \"fake\" {\n  EOT\n  f = file(\"${path.module}/x.txt\")\n}\n",
            ),
            ("mod/main.tf", "data \"http\" \"x\" {}\nvariable \"inner\" {}\n"),
        ]);
        let m = read_module(&tree, "infra");
        assert_eq!(m.variables.keys().collect::<Vec<_>>(), ["cidr", "zones"]);
        assert!(m.variables["zones"].optional && !m.variables["cidr"].optional);
        assert_eq!(m.variables["zones"].ty.to_string(), "list(string)");
        assert!(m.outputs["id"].sensitive);
        assert_eq!(m.backend.as_ref().unwrap().0, "s3");
        assert!(m.modules.contains("mod") && m.files.contains("infra/x.txt"));
        assert!(m.uncovered.contains("data http.x"));
    }

    #[test]
    fn a_block_that_cannot_be_read_loses_only_itself() {
        let tree = MemoryTree::new([("a/x.tf", "variable \"a\" {\n  default = = 1\n}\nvariable \"b\" {}\n")]);
        let m = read_module(&tree, "a");
        assert_eq!(m.variables.keys().collect::<Vec<_>>(), ["b"]);
        assert!(m.incomplete && m.problems.len() == 1 && !m.problems[0].is_error());
    }
}
