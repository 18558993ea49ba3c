//! Values that somebody gives a chart, against its schema: only a certain "no" is a "no". What a schema says beyond types
//! is not looked at, and what has to be there may come from elsewhere.
use super::schema::{Schema, shape};
use crate::{
    kept,
    node::{Kind, Node},
    said::{entries, is_literal, place, within},
};
use std::collections::BTreeMap;
use strata_core::{diagnostic::suggest, span::Location, tree::Tree, ty::Type};

/// The deepest nesting that is compared.
const DEEPEST: usize = 24;

/// A value that the chart refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its path: `image.tag`.
    pub path: String,
    /// Why, as the end of a sentence.
    pub why: String,
    /// What was probably meant.
    pub near: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// The values that the schema of a chart refuses; none where it has no schema that can be read.
pub fn refused(tree: &dyn Tree, folder: &str, values: &Node) -> Vec<Refused> {
    let path = within(folder, "values.schema.json");
    let mut out = Vec::new();
    if tree.file(&path).is_none() {
        return out;
    }
    let Ok((Some(node), problems)) = kept::json(tree, &path) else {
        return out;
    };
    if !problems.is_empty() {
        return out;
    }
    let schema = Schema::new(&node);
    let known: BTreeMap<&str, Type> = schema
        .properties()
        .into_iter()
        .map(|p| (p.entry.key.as_str(), p.ty))
        .collect();
    for entry in entries(Some(values)) {
        match known.get(entry.key.as_str()) {
            Some(ty) => walk(&entry.value, ty, &entry.key, DEEPEST, &mut out),
            None if schema.is_closed() && is_literal(&entry.key) => out.push(Refused {
                path: entry.key.clone(),
                why: "is a value that the chart does not know".to_owned(),
                near: suggest(&entry.key, known.keys().copied()),
                at: place(entry),
            }),
            None => {}
        }
    }
    out
}

fn walk(node: &Node, want: &Type, path: &str, depth: usize, out: &mut Vec<Refused>) {
    // null takes a default away; what is put in later may be anything
    let open = node.is_null() || node.tag.is_some() || *want == Type::Any;
    if depth == 0 || open {
        return;
    }
    match (&node.kind, want) {
        (Kind::List(items), Type::List(inner)) => {
            for (i, item) in items.iter().enumerate() {
                walk(item, inner, &format!("{path}[{i}]"), depth - 1, out);
            }
        }
        (Kind::Map(map), Type::Map(inner)) => {
            for e in &map.entries {
                walk(
                    &e.value,
                    inner,
                    &format!("{path}.{}", e.key),
                    depth - 1,
                    out,
                );
            }
        }
        (Kind::Map(map), Type::Object(fields)) => {
            for e in &map.entries {
                if let Some(field) = fields.get(&e.key) {
                    walk(
                        &e.value,
                        &field.ty,
                        &format!("{path}.{}", e.key),
                        depth - 1,
                        out,
                    );
                }
            }
        }
        (Kind::Scalar(s), want) => {
            let have = shape(node);
            if is_literal(&s.text) && have != Type::Any && have != *want {
                out.push(other(node, &have, want, path));
            }
        }
        (Kind::List(_), want) => {
            out.push(other(node, &Type::List(Box::default()), want, path));
        }
        (Kind::Map(_), want) => {
            out.push(other(node, &Type::Map(Box::default()), want, path));
        }
    }
}

fn other(node: &Node, have: &Type, want: &Type, path: &str) -> Refused {
    Refused {
        path: path.to_owned(),
        why: format!("is {}, not {}", a_kind(have), a_kind(want)),
        near: None,
        at: node.location(),
    }
}

fn a_kind(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "a bool",
        Type::Number => "a number",
        Type::String | Type::Artifact => "a text",
        Type::List(_) | Type::Tuple(_) => "a list",
        Type::Map(_) | Type::Object(_) => "a map",
        Type::Any => "a value",
    }
}
