//! The sections of one template.
use super::{By, Nested, Output, Parameter, Reference, Resource, Shared, Template, parse, uses};
use crate::{
    node::{Entry, Node},
    said::{Said, entries, items, parent, place, resolve, texts},
};
use strata_core::{
    span::Location,
    tree::Tree,
    ty::Type,
    value::{Number, Value},
};

const CONSTRAINTS: [&str; 5] = [
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
];

pub(super) fn read(tree: &dyn Tree, path: &str) -> Template {
    let mut out = Template {
        path: path.to_owned(),
        ..Template::default()
    };
    let Some(root) = parse(tree, path) else {
        out.open = true;
        return out;
    };
    for entry in entries(root.get("Parameters")) {
        out.parameters.insert(entry.key.clone(), parameter(entry));
    }
    let names = |key: &str| {
        entries(root.get(key))
            .iter()
            .map(|e| (e.key.clone(), place(e)))
    };
    out.conditions.extend(names("Conditions"));
    out.mappings.extend(names("Mappings"));
    out.transforms = texts(root.get("Transform"));
    for item in items(root.get("Transform")) {
        out.transforms.extend(Said::under(item, "Name"));
    }
    out.transforms
        .extend(root.get("Transform").and_then(|t| Said::under(t, "Name")));
    let known =
        |t: &Said| t.text.starts_with("AWS::Serverless") || t.text == "AWS::LanguageExtensions";
    out.open = !out.transforms.iter().all(known) || root.get("Modules").is_some();
    for entry in entries(root.get("Resources")) {
        if entry.key.starts_with("Fn::") {
            out.open = true;
            continue;
        }
        out.resource(entry);
    }
    for entry in entries(root.get("Outputs")) {
        if entry.key.starts_with("Fn::") {
            out.open = true;
            continue;
        }
        let export = entry.value.get("Export").and_then(|e| e.get("Name"));
        let output = Output {
            export: export.and_then(shared),
            condition: Said::under(&entry.value, "Condition"),
            description: text(&entry.value, "Description"),
            at: place(entry),
        };
        out.conditional(output.condition.as_ref(), None);
        out.outputs.insert(entry.key.clone(), output);
    }
    uses::gather(tree, &root, &mut out);
    out
}

impl Template {
    fn resource(&mut self, entry: &Entry) {
        let node = &entry.value;
        // a module of some other tool stands for more than one resource
        let named = node
            .get("Type")
            .filter(|n| n.tag.is_none())
            .and_then(Node::as_str);
        self.open |= !named.is_some_and(|kind| kind.contains("::"));
        let resource = Resource {
            kind: text(node, "Type").unwrap_or_default(),
            condition: Said::under(node, "Condition"),
            at: place(entry),
        };
        self.conditional(resource.condition.as_ref(), Some(&entry.key));
        for said in texts(node.get("DependsOn")) {
            self.references.push(Reference {
                by: By::DependsOn,
                name: said.text,
                attribute: None,
                from: Some(entry.key.clone()),
                loose: resource.condition.is_some(),
                at: said.at,
            });
        }
        let properties = node.get("Properties");
        let url = match resource.kind.as_str() {
            "AWS::CloudFormation::Stack" => Some("TemplateURL"),
            "AWS::Serverless::Application" => Some("Location"),
            _ => None,
        };
        if let (Some(key), Some(properties)) = (url, properties) {
            let nested = nested(&self.path, &entry.key, key, properties);
            self.nested.push(nested);
        }
        self.resources.insert(entry.key.clone(), resource);
    }
    fn conditional(&mut self, condition: Option<&Said>, from: Option<&str>) {
        if let Some(said) = condition {
            self.references.push(Reference {
                by: By::Condition,
                name: said.text.clone(),
                attribute: None,
                from: from.map(str::to_owned),
                loose: true,
                at: said.at.clone(),
            });
        }
    }
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

/// A name that stacks share: a text, or a substitution without values of its own.
pub(super) fn shared(node: &Node) -> Option<Shared> {
    let (substituted, inner) = match uses::call(node) {
        Some(("Sub", inner)) => (true, inner),
        Some(_) => return None,
        None => (false, node),
    };
    let text = inner.as_list().and_then(|l| l.first()).unwrap_or(inner);
    let name = Said::of(text)?;
    let literal = !substituted || !name.text.contains("${");
    Some(Shared { name, literal })
}

fn nested(path: &str, resource: &str, key: &str, properties: &Node) -> Nested {
    let url = properties
        .get(key)
        .filter(|n| n.tag.is_none())
        .and_then(Said::of);
    let given = properties.get("Parameters");
    let computed = given.is_some_and(|n| {
        n.as_map().is_none()
            || uses::call(n).is_some()
            || n.as_map()
                .is_some_and(|m| m.keys().any(|k| k.starts_with("Fn::")))
    });
    let local = url
        .as_ref()
        .filter(|u| !u.text.contains("://") && !u.text.starts_with('/'));
    Nested {
        resource: resource.to_owned(),
        path: local.and_then(|u| resolve(parent(path), &u.text)),
        url,
        parameters: (!computed).then(|| entries(given).iter().map(Said::key).collect()),
    }
}

fn parameter(entry: &Entry) -> Parameter {
    let node = &entry.value;
    let declared = text(node, "Type").unwrap_or_default();
    let ty = type_of(&declared);
    let said = node.get("Default").and_then(|n| {
        Some(Said {
            text: n.as_str()?.to_owned(),
            at: n.location(),
        })
    });
    let default = said.as_ref().map(|s| default(&s.text, &ty));
    let constraints = CONSTRAINTS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), node.get(key)?.to_value())));
    Parameter {
        default,
        default_said: said,
        allowed: items(node.get("AllowedValues"))
            .iter()
            .filter_map(Said::of)
            .collect(),
        constraints: constraints.collect(),
        no_echo: node
            .get("NoEcho")
            .and_then(Node::as_str)
            .is_some_and(|t| t.eq_ignore_ascii_case("true")),
        description: text(node, "Description"),
        at: place(entry),
        declared,
        ty,
    }
}

/// A parameter's type. One that is read from the parameter store is given by its name there, a text.
fn type_of(declared: &str) -> Type {
    let list = |t| Type::List(Box::new(t));
    match declared {
        "String" => Type::String,
        "Number" => Type::Number,
        "CommaDelimitedList" => list(Type::String),
        "List<Number>" => list(Type::Number),
        _ if declared.starts_with("AWS::") => Type::String,
        _ if declared.starts_with("List<") => list(Type::String),
        _ => Type::Any,
    }
}

/// A default, which is always written as a text.
fn default(text: &str, ty: &Type) -> Value {
    let number = |t: &str| {
        if crate::scalar::is_number(t) {
            Value::Number(Number(t.to_owned()))
        } else {
            Value::from(t)
        }
    };
    match ty {
        Type::Number => number(text),
        Type::List(_) if text.trim().is_empty() => Value::List(Vec::new()),
        Type::List(item) => {
            let one = |t: &str| match **item {
                Type::Number => number(t),
                _ => Value::from(t),
            };
            Value::List(text.split(',').map(|t| one(t.trim())).collect())
        }
        _ => Value::from(text),
    }
}

/// Where a part of a scalar's text stands in the file; exact where it is found there as it is.
pub(super) fn find(tree: &dyn Tree, node: &Node, needle: &str) -> Location {
    let whole = node.location();
    let Ok(text) = tree.text(&whole.file) else {
        return whole;
    };
    let range = whole.span.start as usize..whole.span.end as usize;
    match text.get(range).and_then(|t| t.find(needle)) {
        Some(found) => {
            let start = whole.span.start + found as u32;
            let span = strata_core::span::Span::new(start, start + needle.len() as u32);
            Location::new(whole.file, span)
        }
        None => whole,
    }
}
