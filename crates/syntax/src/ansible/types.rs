//! What a playbook's files say of a variable: a value that holds for every host, a type.
use crate::{node::Node, said::entries};
use strata_core::{
    ty::{Field, Type},
    value::Value,
};

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

/// A type as an argument specification writes it. A text, where none is said.
pub fn argument_type(node: &Node) -> Type {
    let of = |key: &str| node.get(key).and_then(Node::as_str);
    match of("type") {
        Some("list") => {
            let item = match of("elements") {
                Some("dict") => fields(node),
                Some(name) => named(name),
                None => Type::Any,
            };
            Type::List(Box::new(item))
        }
        Some("dict") => fields(node),
        Some(name) => named(name),
        None if node.get("type").is_some() => Type::Any,
        None => Type::String,
    }
}

fn named(name: &str) -> Type {
    match name {
        "str" | "path" => Type::String,
        "int" | "float" => Type::Number,
        "bool" => Type::Bool,
        "list" => Type::List(Box::new(Type::Any)),
        "dict" => Type::Map(Box::new(Type::Any)),
        _ => Type::Any,
    }
}

/// The options of a map; one without options is any map.
fn fields(node: &Node) -> Type {
    let options = entries(node.get("options"));
    if options.is_empty() {
        return Type::Map(Box::new(Type::Any));
    }
    let fields = options.iter().map(|e| {
        let is = |key: &str| e.value.get(key).and_then(Node::as_bool) == Some(true);
        let field = Field {
            ty: argument_type(&e.value),
            optional: !is("required") || e.value.get("default").is_some(),
            default: None,
        };
        (e.key.clone(), field)
    });
    Type::Object(fields.collect())
}
