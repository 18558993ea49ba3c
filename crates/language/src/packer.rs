//! A Packer template, read from its own files: what it takes, and which builds it has.
use crate::hcl::{attributes, blocks, is_true, literal};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree, ty::Type, value::Value};

/// A template.
#[derive(Clone, Debug, Default)]
pub struct PackerTemplate {
    /// Variables by name.
    pub variables: BTreeMap<String, crate::terraform::Variable>,
    /// Sources as `type.name`.
    pub sources: BTreeSet<String>,
    /// Does it ask for plug-ins?
    pub plugins: bool,
    /// Some of it could not be read.
    pub incomplete: bool,
    /// What could not be read.
    pub problems: Vec<Diagnostic>,
}

/// Reads the template in a folder: `*.pkr.hcl`, or JSON with `builders`.
pub fn read_template(tree: &dyn Tree, folder: &str) -> PackerTemplate {
    let mut t = PackerTemplate::default();
    let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
    for file in tree.below(folder).iter().filter(|f| !f.path[skip..].contains('/')) {
        let path = file.path.as_ref();
        if path.ends_with(".pkr.hcl") {
            let Ok(text) = tree.text(path) else { continue };
            hcl(path, &text, &mut t);
        } else if path.ends_with(".json") {
            json(tree, path, &mut t);
        }
    }
    t
}

fn hcl(path: &str, text: &str, t: &mut PackerTemplate) {
    for b in blocks(&Arc::from(path), text) {
        match b.ident {
            "packer" => t.plugins |= b.text.contains("required_plugins"),
            "source" => drop(t.sources.insert(b.labels.join("."))),
            "variable" => match b.parse() {
                Ok(parsed) => {
                    let a = attributes(&parsed);
                    let ty = a.get("type").and_then(|e| crate::ty::parse(e.to_string().trim()).ok()).unwrap_or_default();
                    let description = match a.get("description").and_then(|e| literal(e)) {
                        Some(Value::String(s)) => Some(s),
                        _ => None,
                    };
                    let variable = crate::terraform::Variable {
                        ty,
                        optional: a.contains_key("default"),
                        default: a.get("default").and_then(|e| literal(e)),
                        sensitive: is_true(a.get("sensitive")),
                        description,
                        at: b.at.clone(),
                    };
                    t.variables.insert(b.labels.first().cloned().unwrap_or_default(), variable);
                }
                Err(problem) => {
                    t.incomplete = true;
                    t.problems.push(problem);
                }
            },
            // every attribute of `variables` is one with a default
            "variables" => {
                if let Ok(parsed) = b.parse() {
                    for (name, e) in attributes(&parsed) {
                        let variable = crate::terraform::Variable {
                            ty: Type::Any,
                            optional: true,
                            default: literal(e),
                            sensitive: false,
                            description: None,
                            at: b.at.clone(),
                        };
                        t.variables.insert(name.to_owned(), variable);
                    }
                }
            }
            _ => {}
        }
    }
}

fn json(tree: &dyn Tree, path: &str, t: &mut PackerTemplate) {
    let Some(json) = tree.read(path).ok().and_then(|b| serde_json::from_slice::<serde_json::Value>(&b).ok()) else { return };
    let Some(builders) = json.get("builders").and_then(|b| b.as_array()) else { return };
    for b in builders {
        if let Some(kind) = b.get("type").and_then(|k| k.as_str()) {
            t.sources.insert(b.get("name").and_then(|n| n.as_str()).unwrap_or(kind).to_owned());
        }
    }
    let sensitive: Vec<&str> = json
        .get("sensitive-variables")
        .and_then(|s| s.as_array())
        .map(|s| s.iter().filter_map(|v| v.as_str()).collect())
        .unwrap_or_default();
    for (name, default) in json.get("variables").and_then(|v| v.as_object()).into_iter().flatten() {
        let variable = crate::terraform::Variable {
            ty: Type::String,
            optional: !default.is_null(),
            default: (!default.is_null()).then(|| Value::from_json(default.clone())),
            sensitive: sensitive.contains(&name.as_str()),
            description: None,
            at: Location::file(path),
        };
        t.variables.insert(name.clone(), variable);
    }
}
