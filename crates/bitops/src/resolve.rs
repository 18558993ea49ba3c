//! The value of every key of a tool, with where it comes from: a variable, the file, the schema's default.
use crate::{
    Settings,
    schema::{Kind, Leaf, Schema},
};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
};
use strata_syntax::node::{Kind as NodeKind, Node};

/// A value as tools get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, a number as text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// Texts.
    List(Vec<String>),
}

impl Value {
    /// As a process variable: BitOps joins lists with spaces.
    pub fn text(&self) -> String {
        match self {
            Self::Text(t) => t.clone(),
            Self::Flag(b) => b.to_string(),
            Self::List(l) => l.join(" "),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A variable of the caller.
    Variable(String),
    /// The file.
    File(Location),
    /// The schema.
    Default,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The key.
    pub leaf: Leaf,
    /// Its value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// The keys of a deployment that have a value.
#[derive(Clone, Debug, Default)]
pub struct Values(pub Vec<Resolved>);

impl Values {
    /// A key's value.
    pub fn get(&self, key: &str) -> Option<&Resolved> {
        self.0.iter().find(|r| r.leaf.key() == key)
    }
    /// A text that is not empty.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key)
            .map(|r| r.value.text())
            .filter(|t| !t.is_empty())
    }
    /// Is a flag set?
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.get(key).map(|r| &r.value), Some(Value::Flag(true)))
    }
    /// A list.
    pub fn list(&self, key: &str) -> Vec<String> {
        match self.get(key).map(|r| &r.value) {
            Some(Value::List(l)) => l.clone(),
            Some(v) => vec![v.text()],
            None => Vec::new(),
        }
    }
    /// Variables that carry them: each under its name, and again with `BITOPS_` before it.
    pub fn exports(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        for r in &self.0 {
            let (Some(name), text) = (&r.leaf.export, r.value.text()) else {
                continue;
            };
            if !text.is_empty() {
                out.insert(format!("BITOPS_{name}"), text.clone());
                out.insert(name.clone(), text);
            }
        }
        out
    }
    /// Words of the command line, in the schema's order; lists are no words.
    pub fn words(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|r| r.leaf.is_cli())
            .filter_map(|r| match (&r.value, &r.leaf.parameter) {
                (Value::List(_) | Value::Flag(false), _) => None,
                (Value::Flag(true), Some(p)) => Some(format!("--{p}")),
                (Value::Flag(true), None) => None,
                (Value::Text(t), _) if t.is_empty() => None,
                (Value::Text(t), Some(p)) => Some(format!("--{p}={t}")),
                (Value::Text(t), None) => Some(t.clone()),
            })
            .collect()
    }
}

/// Works out all keys of a tool. `config` is what the file says below the tool's name, in today's words.
pub fn values(
    schema: &Schema,
    config: Option<&Node>,
    at: &Location,
    settings: &Settings,
    problems: &mut Vec<Diagnostic>,
) -> Values {
    if let Some(config) = config {
        unknown(schema, config, &mut Vec::new(), problems);
    }
    let mut out = Vec::new();
    for leaf in &schema.leaves {
        let variable = format!("BITOPS_{}_{}", spelled(&schema.root), spelled(leaf.name()));
        let written = config.and_then(|c| leaf.path.iter().try_fold(c, |n, p| n.get(p)));
        let written = written.filter(|n| !n.is_null());
        let found = if let Some(text) = settings.variable(&variable) {
            from_text(leaf, text, &variable, problems)
                .map(|v| (v, Origin::Variable(variable.clone())))
        } else if let Some(node) = written {
            let value = from_node(leaf, node, problems);
            if let Some(value) = &value {
                unheeded(schema, leaf, value, node, problems);
            }
            value.map(|v| (v, Origin::File(node.location())))
        } else {
            let value = leaf
                .default
                .as_ref()
                .and_then(|d| from_node(leaf, d, problems));
            value.map(|v| (v, Origin::Default))
        };
        match found {
            Some((value, origin)) => out.push(Resolved {
                leaf: leaf.clone(),
                value,
                origin,
            }),
            None if leaf.required && written.is_none() => problems.push(
                Diagnostic::error(
                    "bitops::required",
                    format!("`{}.{}` has no value", schema.root, leaf.key()),
                )
                .at(at.clone())
                .help(format!("write it in this file, or set {variable}")),
            ),
            None => {}
        }
    }
    Values(out)
}

fn spelled(word: &str) -> String {
    word.to_uppercase().replace('-', "_")
}

/// BitOps takes the default where a file says `false`, `0` or nothing.
fn unheeded(
    schema: &Schema,
    leaf: &Leaf,
    value: &Value,
    node: &Node,
    problems: &mut Vec<Diagnostic>,
) {
    let falsy = match value {
        Value::Flag(b) => !b,
        Value::Text(t) => t.is_empty() || (leaf.kind == Kind::Number && t == "0"),
        Value::List(l) => l.is_empty(),
    };
    let default = leaf
        .default
        .as_ref()
        .and_then(|d| from_node(leaf, d, &mut Vec::new()));
    let other = default.filter(|d| d != value);
    // helm's plugin reads its files by itself
    if let (true, Some(default)) = (falsy && schema.root != "helm", other) {
        let message = format!(
            "BitOps does not heed this and takes `{}`; strata does as `{}` says",
            default.text(),
            leaf.key()
        );
        problems.push(
            Diagnostic::warning("bitops::differs", message)
                .at(node.location())
                .help("remove the key to keep what BitOps did"),
        );
    }
}

fn wrong(leaf: &Leaf, what: &str) -> Diagnostic {
    Diagnostic::error(
        "bitops::wrong-kind",
        format!("{what} must be {}", leaf.kind.wants()),
    )
}

fn from_text(
    leaf: &Leaf,
    text: &str,
    variable: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let value = match leaf.kind {
        Kind::Text => Some(Value::Text(text.to_owned())),
        Kind::List => Some(Value::List(
            text.split_whitespace().map(str::to_owned).collect(),
        )),
        Kind::Number => text
            .parse::<i64>()
            .ok()
            .map(|_| Value::Text(text.to_owned())),
        Kind::Flag => flag(text).map(Value::Flag),
    };
    if value.is_none() {
        problems.push(wrong(leaf, &format!("the variable {variable}")));
    }
    value
}

/// True or false as YAML 1.1 and shells spell it.
pub fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn from_node(leaf: &Leaf, node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Value> {
    let value = match (&node.kind, leaf.kind) {
        (NodeKind::Scalar(s), Kind::List) => Some(Value::List(vec![s.text.clone()])),
        (NodeKind::Scalar(s), Kind::Text) => Some(Value::Text(s.text.clone())),
        (NodeKind::Scalar(s), Kind::Number) => s
            .text
            .parse::<i64>()
            .ok()
            .map(|_| Value::Text(s.text.clone())),
        (NodeKind::Scalar(s), Kind::Flag) => flag(&s.text).map(Value::Flag),
        (NodeKind::List(items), Kind::List) => {
            let texts: Option<Vec<String>> = items
                .iter()
                .map(|i| i.as_str().map(str::to_owned))
                .collect();
            texts.map(Value::List)
        }
        _ => None,
    };
    if value.is_none() {
        problems.push(wrong(leaf, &format!("`{}`", leaf.key())).at(node.location()));
    }
    value
}

/// Keys that the schema does not have. BitOps ignores them without a word.
fn unknown(schema: &Schema, node: &Node, path: &mut Vec<String>, problems: &mut Vec<Diagnostic>) {
    let Some(map) = node.as_map() else {
        if !node.is_null() {
            problems.push(
                Diagnostic::error(
                    "bitops::wrong-kind",
                    format!("`{}` must be a map of keys", path.join(".")),
                )
                .at(node.location()),
            );
        }
        return;
    };
    for entry in &map.entries {
        path.push(entry.key.clone());
        let leaf = schema.leaves.iter().any(|l| l.path == *path);
        let above = schema
            .leaves
            .iter()
            .any(|l| l.path.len() > path.len() && l.path.starts_with(path));
        if above {
            unknown(schema, &entry.value, path, problems);
        } else if !leaf {
            let known: Vec<String> = schema.leaves.iter().map(Leaf::key).collect();
            let same = known
                .iter()
                .find(|k| k.rsplit('.').next() == Some(entry.key.as_str()));
            let help = same.map(|k| format!("did you mean `{k}`?"));
            let help = help.or_else(|| suggest(&path.join("."), known.iter().map(String::as_str)));
            problems.push(
                Diagnostic::warning(
                    "bitops::unknown-key",
                    format!(
                        "`{}` has no key `{}`; BitOps ignores it, and so does strata",
                        schema.root,
                        path.join(".")
                    ),
                )
                .at(Location::new(entry.value.origin.clone(), entry.key_span))
                .help(help.unwrap_or_else(|| format!("its keys are: {}", known.join(", ")))),
            );
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests;
