//! Files that set variables: `terraform.tfvars`, `*.auto.tfvars`, and those of `-var-file`.
use super::{facts::ValueFacts, files, shape::Shape};
use crate::{hcl, node::Origin};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
    tree::Tree,
    value::Value,
};

/// A value that a variable file gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetValue {
    /// The value; nothing where it could not be read.
    pub value: Option<Value>,
    /// Where the name stands.
    pub at: Location,
}

/// What a variable file sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariableFile {
    /// Values by the name of the variable.
    pub values: BTreeMap<String, SetValue>,
    /// What could not be read, as warnings.
    pub problems: Vec<Diagnostic>,
}

/// Reads a variable file, in HCL or, by its name, in JSON. One that is not there sets nothing and says so.
pub fn variable_file(tree: &dyn Tree, path: &str) -> VariableFile {
    let facts = files::values(tree, path);
    let file: Origin = Origin::from(path);
    let values = facts.values.into_iter().map(|(name, at, shape)| {
        let set = SetValue {
            value: shape.value(),
            at: Location::new(file.clone(), at),
        };
        (name, set)
    });
    VariableFile {
        values: values.collect(),
        problems: facts.problems,
    }
}

/// The facts of a variable file.
pub(super) fn facts(origin: &Origin, text: &str) -> ValueFacts {
    if origin.ends_with(".json") {
        return json(origin, text);
    }
    let (body, problems) = hcl::body(origin, text);
    let values = body.attributes.iter().map(|a| {
        let value = hcl::literal(a.text);
        let shape = value.as_ref().map(Shape::from_value);
        (a.name.to_owned(), a.name_span, shape.unwrap_or_default())
    });
    ValueFacts {
        values: values.collect(),
        problems,
    }
}

fn json(origin: &Origin, text: &str) -> ValueFacts {
    let (node, problems) = crate::json::parse(origin, text);
    let Some(node) = node.filter(|_| problems.iter().all(|p| p.code != "json::syntax")) else {
        let at = Location::new(origin.clone(), Span::default());
        return ValueFacts {
            problems: vec![hcl::unreadable(at, "this file")],
            ..ValueFacts::default()
        };
    };
    let entries = node.as_map().into_iter().flat_map(|m| &m.entries);
    let values = entries.filter(|e| e.key != "//").map(|e| {
        (
            e.key.clone(),
            e.key_span,
            Shape::from_value(&e.value.to_value()),
        )
    });
    ValueFacts {
        values: values.collect(),
        problems: Vec::new(),
    }
}
