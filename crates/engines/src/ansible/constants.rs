//! What a playbook's files say of a variable: a value that holds for every host, a type.
use strata_core::{ty::Type, value::Value};
use strata_syntax::node::Node;

/// A value that holds for every host: no template, nothing from a vault.
pub fn constant(node: &Node) -> Option<Value> {
    fn plain(value: &Value) -> bool {
        match value {
            Value::String(text) => !text.contains("{{") && !text.contains("{%"),
            Value::List(list) => list.iter().all(plain),
            Value::Map(map) => map.values().all(plain),
            _ => true,
        }
    }
    let value = node.to_value();
    (node.tag.is_none() && plain(&value)).then_some(value)
}

/// A type as an argument specification writes it.
pub fn argument_type(node: &Node) -> Type {
    let named = |name: Option<&str>| match name {
        Some("str" | "path") | None => Type::String,
        Some("int" | "float") => Type::Number,
        Some("bool") => Type::Bool,
        Some("list") => Type::List(Box::new(Type::Any)),
        Some("dict") => Type::Map(Box::new(Type::Any)),
        Some(_) => Type::Any,
    };
    match (
        node.get("type").and_then(Node::as_str),
        node.get("elements").and_then(Node::as_str),
    ) {
        (Some("list"), Some(elements)) => Type::List(Box::new(named(Some(elements)))),
        (name, _) => named(name),
    }
}
