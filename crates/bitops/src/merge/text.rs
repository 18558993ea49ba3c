//! Two files of the same path as one text, where their kind allows it.
use crate::first;
use hcl_edit::structure::{Body, Structure};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::value::Value;
use strata_syntax::{
    node::{Kind, Node, overlay},
    yaml,
};

/// What two files come to.
pub enum Merged {
    /// One that says what both say.
    Both(String),
    /// The upper one alone.
    Upper,
    /// They contradict each other: why.
    Never(String),
}

/// Two contents of the same path.
pub fn merged(path: &str, lower: &[u8], upper: &[u8]) -> Merged {
    let name = path.rsplit('/').next().unwrap_or_default();
    let (Ok(lower), Ok(upper)) = (std::str::from_utf8(lower), std::str::from_utf8(upper)) else {
        return Merged::Upper;
    };
    let both = if name == ".terraform.lock.hcl" {
        return locks(lower, upper);
    } else if name.ends_with(".tfvars") {
        attributes(lower, upper)
    } else if name.ends_with(".json") {
        json(lower, upper)
    } else if name.ends_with(".yaml") || name.ends_with(".yml") {
        maps(path, lower, upper)
    } else {
        None
    };
    both.map_or(Merged::Upper, Merged::Both)
}

/// Maps of YAML. Lists, tags, templates and files of several documents are not merged: nobody could say what they mean.
fn maps(path: &str, lower: &str, upper: &str) -> Option<String> {
    let read = |text: &str| {
        let origin: Arc<str> = path.into();
        let (nodes, problems) = yaml::documents(&origin, text);
        let [node] = nodes.as_slice() else {
            return None;
        };
        let map = problems.is_empty() && matches!(node.kind, Kind::Map(_)) && !tagged(node);
        (map && node.get("AWSTemplateFormatVersion").is_none()).then(|| node.clone())
    };
    let (mut lower, mut upper) = (read(lower)?, read(upper)?);
    if path.ends_with(crate::layout::CONFIG) {
        // else an old key of one layer and its new name of the other would both survive
        (lower, upper) = (modern(lower), modern(upper));
    }
    Some(yaml::emit(&overlay(&lower, &upper).to_value()))
}

fn modern(mut node: Node) -> Node {
    if let Kind::Map(map) = &mut node.kind {
        for entry in &mut map.entries {
            entry.value = first::modern(&entry.key, &entry.value, &mut Vec::new());
        }
    }
    node
}

fn tagged(node: &Node) -> bool {
    node.tag.is_some()
        || match &node.kind {
            Kind::Scalar(_) => false,
            Kind::List(items) => items.iter().any(tagged),
            Kind::Map(map) => map.entries.iter().any(|e| tagged(&e.value)),
        }
}

/// Objects deeply, CloudFormation's parameters by their key.
fn json(lower: &str, upper: &str) -> Option<String> {
    let read = |text: &str| serde_json::from_str(text).ok().map(Value::from_json);
    let both = match (read(lower)?, read(upper)?) {
        (Value::Map(lower), Value::Map(upper)) => Value::Map(deep(lower, upper)),
        (Value::List(lower), Value::List(upper)) => Value::List(parameters(lower, upper)?),
        _ => return None,
    };
    let mut text = serde_json::to_string_pretty(&both.to_json()).ok()?;
    text.push('\n');
    Some(text)
}

fn deep(
    mut lower: BTreeMap<String, Value>,
    upper: BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    for (key, value) in upper {
        let value = match (lower.remove(&key), value) {
            (Some(Value::Map(below)), Value::Map(above)) => Value::Map(deep(below, above)),
            (_, value) => value,
        };
        lower.insert(key, value);
    }
    lower
}

fn parameters(lower: Vec<Value>, upper: Vec<Value>) -> Option<Vec<Value>> {
    let key = |v: &Value| match v {
        Value::Map(m) => m
            .get("ParameterKey")
            .and_then(Value::as_str)
            .map(str::to_owned),
        _ => None,
    };
    let mut out = lower;
    if !out.iter().chain(&upper).all(|v| key(v).is_some()) {
        return None;
    }
    for value in upper {
        match out.iter_mut().find(|o| key(o) == key(&value)) {
            Some(old) => *old = value,
            None => out.push(value),
        }
    }
    Some(out)
}

/// Variable files: a value of the upper one replaces that of the lower.
fn attributes(lower: &str, upper: &str) -> Option<String> {
    let (lower, upper): (Body, Body) = (lower.parse().ok()?, upper.parse().ok()?);
    let has = |name: &str| upper.attributes().any(|a| a.key.as_str() == name);
    let mut out = Body::new();
    for structure in &lower {
        match structure {
            Structure::Attribute(a) if has(a.key.as_str()) => {}
            structure => out.push(structure.clone()),
        }
    }
    for structure in &upper {
        out.push(structure.clone());
    }
    let text = out.to_string();
    Some(if text.ends_with('\n') {
        text
    } else {
        text + "\n"
    })
}

/// Lock files of Terraform: every provider once.
fn locks(lower: &str, upper: &str) -> Merged {
    let (Ok(lower), Ok(upper)) = (lower.parse::<Body>(), upper.parse::<Body>()) else {
        return Merged::Upper;
    };
    let label =
        |block: &hcl_edit::structure::Block| block.labels.first().map(|l| l.as_str().to_owned());
    let version = |block: &hcl_edit::structure::Block| {
        let attribute = block.body.get_attribute("version")?;
        attribute.value.as_str().map(str::to_owned)
    };
    let mut out = lower.clone();
    for block in upper.blocks() {
        match lower.blocks().find(|b| label(b) == label(block)) {
            None => out.push(block.clone()),
            Some(other) if version(other) == version(block) => {}
            Some(other) => {
                return Merged::Never(format!(
                    "the provider {} is locked at {} and at {}",
                    label(block).unwrap_or_default(),
                    version(other).unwrap_or_default(),
                    version(block).unwrap_or_default()
                ));
            }
        }
    }
    Merged::Both(out.to_string())
}
