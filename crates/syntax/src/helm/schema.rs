//! JSON Schemas and the shape of values as types. What they say beyond types is not checked here.
use crate::{
    node::{Kind, Map, Node, Scalar, Style},
    said::items,
    scalar,
};
use strata_core::ty::{Field, Fields, Type};

/// How deeply schemas are followed; a schema that names itself ends here as unknown.
const DEEPEST: usize = 24;
/// How many parts of a schema are looked at: references make much of little.
const MOST: usize = 20_000;

/// A schema, with the document that its references mean.
pub(super) struct Schema<'n> {
    root: &'n Node,
    left: std::cell::Cell<usize>,
}

impl<'n> Schema<'n> {
    pub fn new(root: &'n Node) -> Self {
        Self {
            root,
            left: std::cell::Cell::new(MOST),
        }
    }
    /// What the schema of a chart says of each of its values: type, description, and whether it must be there.
    pub fn properties(&self) -> Vec<Property<'n>> {
        let root = self.follow(self.root, DEEPEST);
        let required = names(root.get("required"));
        let map = root.get("properties").and_then(Node::as_map);
        map.into_iter()
            .flat_map(|m| &m.entries)
            .map(|entry| Property {
                entry,
                ty: self.ty(&entry.value, DEEPEST),
                required: required.contains(&entry.key.as_str()),
                schema: self.follow(&entry.value, DEEPEST),
            })
            .collect()
    }
    /// Are other values than the named ones refused?
    pub fn is_closed(&self) -> bool {
        let root = self.follow(self.root, DEEPEST);
        let refused = root.get("additionalProperties").and_then(Node::as_bool) == Some(false);
        refused && root.get("patternProperties").is_none()
    }
    /// What a local reference means.
    fn follow(&self, node: &'n Node, depth: usize) -> &'n Node {
        let Some(text) = node.get("$ref").and_then(Node::as_str) else {
            return node;
        };
        let found = text.strip_prefix("#/").and_then(|path| {
            path.split('/')
                .try_fold(self.root, |n, p| n.get(&unescaped(p)))
        });
        match found {
            Some(found) if depth > 0 => self.follow(found, depth - 1),
            _ => node,
        }
    }

    /// The type that a schema asks for.
    pub fn ty(&self, node: &'n Node, depth: usize) -> Type {
        if depth == 0 || self.left.get() == 0 {
            return Type::Any;
        }
        self.left.set(self.left.get() - 1);
        let node = self.follow(node, depth);
        if ["$ref", "anyOf", "oneOf", "allOf", "not"]
            .iter()
            .any(|key| node.get(key).is_some())
        {
            return Type::Any;
        }
        match kind(node) {
            Some("string") => Type::String,
            Some("number" | "integer") => Type::Number,
            Some("boolean") => Type::Bool,
            Some("array") => {
                let item = node.get("items").filter(|n| n.as_map().is_some());
                Type::List(Box::new(item.map_or(Type::Any, |n| self.ty(n, depth - 1))))
            }
            Some("object") => self.object(node, depth),
            _ => Type::Any,
        }
    }
    fn object(&self, node: &'n Node, depth: usize) -> Type {
        let properties = node.get("properties").and_then(Node::as_map);
        let patterns = node.get("patternProperties").is_some();
        match (properties, node.get("additionalProperties")) {
            (Some(map), _) if !map.is_empty() && !patterns => {
                let required = names(node.get("required"));
                let fields = map.entries.iter().map(|e| {
                    let field = Field {
                        ty: self.ty(&e.value, depth - 1),
                        // what `values.yaml` gives may fill it, so it is never missing for sure
                        optional: !required.contains(&e.key.as_str()),
                        default: None,
                    };
                    (e.key.clone(), field)
                });
                Type::Object(fields.collect())
            }
            (None, Some(more)) if more.as_map().is_some() && !patterns => {
                Type::Map(Box::new(self.ty(more, depth - 1)))
            }
            _ => Type::Map(Box::new(Type::Any)),
        }
    }
}

/// One value that a schema names.
pub(super) struct Property<'n> {
    pub entry: &'n crate::node::Entry,
    pub ty: Type,
    pub required: bool,
    pub schema: &'n Node,
}

/// The one type that a schema names, null left out.
fn kind(node: &Node) -> Option<&str> {
    let named = node.get("type");
    let kinds: Vec<&str> = match named.map(|n| &n.kind) {
        Some(Kind::Scalar(s)) => vec![s.text.as_str()],
        Some(Kind::List(list)) => list
            .iter()
            .filter_map(Node::as_str)
            .filter(|t| *t != "null")
            .collect(),
        _ => {
            // without a type, values that are all texts say it
            let values = items(node.get("enum"));
            let text = |n: &Node| matches!(&n.kind, Kind::Scalar(s) if s.style != Style::Plain);
            return (!values.is_empty() && values.iter().all(text)).then_some("string");
        }
    };
    match kinds.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

fn names(node: Option<&Node>) -> Vec<&str> {
    items(node).iter().filter_map(Node::as_str).collect()
}

/// A part of a JSON pointer.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/")
        .replace("~0", "~")
        .replace("%24", "$")
}

/// What the defaults of a chart show of a value's type: nothing where they are empty, since empty stands for anything.
pub(super) fn shape(node: &Node) -> Type {
    match &node.kind {
        Kind::Scalar(s) => scalar_shape(s, node.tag.is_some()),
        Kind::List(list) if list.is_empty() => Type::Any,
        Kind::List(_) => Type::List(Box::new(Type::Any)),
        Kind::Map(map) if map.is_empty() => Type::Any,
        Kind::Map(map) => fields_of(map),
    }
}

fn fields_of(map: &Map) -> Type {
    let fields: Fields = map
        .entries
        .iter()
        .map(|e| (e.key.clone(), Field::optional(shape(&e.value))))
        .collect();
    Type::Object(fields)
}

/// Empty texts stand for anything, blocks for YAML in a text, and Helm reads YAML 1.1, where more words are bools and
/// more digits are numbers.
fn scalar_shape(scalar: &Scalar, tagged: bool) -> Type {
    use strata_core::value::Value;
    if tagged || scalar.text.is_empty() || scalar.style == Style::Block {
        return Type::Any;
    }
    if scalar.style != Style::Plain {
        return Type::String;
    }
    match scalar::resolve(&scalar.text) {
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(text) => {
            let odd = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
            let word = matches!(
                text.to_lowercase().as_str(),
                "y" | "n" | "yes" | "no" | "on" | "off"
            );
            if odd || word { Type::Any } else { Type::String }
        }
        _ => Type::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn schemas_say_types_and_what_they_leave_open_is_unknown() {
        let text = r##"{"properties": {
            "a": {"type": "string"}, "b": {"type": ["integer", "null"]}, "c": {"type": ["string", "integer"]},
            "d": {"type": "array", "items": {"$ref": "#/definitions/port"}}, "e": {"oneOf": [{"type": "string"}]},
            "f": {"enum": ["x", "y"]}, "g": {"type": "object", "additionalProperties": {"type": "string"}},
            "h": {"$ref": "#/$defs/self"}, "i": true, "j": {"$ref": "https://x/y"}},
            "definitions": {"port": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}, "m": {"type": "boolean"}}}},
            "$defs": {"self": {"type": "object", "properties": {"again": {"$ref": "#/$defs/self"}, "twice": {"$ref": "#/$defs/self"}}}},
            "required": ["a"], "additionalProperties": false}"##;
        let node = crate::json::parse(&Arc::from("s.json"), text).0.unwrap();
        let schema = Schema::new(&node);
        let found = schema.properties();
        let shown: Vec<String> = found.iter().map(|p| p.ty.to_string()).collect();
        assert_eq!(
            (&shown[..7], &shown[8..]),
            (
                &[
                    "string",
                    "number",
                    "unknown",
                    "list(object({m = optional(bool), n = number}))",
                    "unknown",
                    "string",
                    "map(string)"
                ]
                .map(str::to_owned)[..],
                &["unknown", "unknown"].map(str::to_owned)[..]
            )
        );
        assert!(found[0].required && !found[1].required && schema.is_closed());
    }

    #[test]
    fn defaults_show_kinds_and_empty_ones_show_nothing() {
        let text = "a: 1\nb: x\nc: true\nd: ''\ne: {}\nf: []\ng:\nh: [1]\ni: {j: 'k'}\nl: yes\nm: 012\nn: |\n  a: b\no: 1.2.3\n";
        let node = crate::yaml::parse(&Arc::from("v"), text).0.unwrap();
        assert_eq!(
            shape(&node).to_string(),
            "object({a = optional(number), b = optional(string), c = optional(bool), d = optional(unknown), e = optional(unknown), f = optional(unknown), g = optional(unknown), h = optional(list(unknown)), i = optional(object({j = optional(string)})), l = optional(unknown), m = optional(unknown), n = optional(unknown), o = optional(unknown)})"
        );
    }
}
