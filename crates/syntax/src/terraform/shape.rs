//! What can be told of an expression without evaluating it.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    ty::Type,
    value::{Number, Value},
};

/// An expression as far as its files show it. Anything that is not certain is [`Unknown`](Shape::Unknown).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// Not known.
    #[default]
    Unknown,
    /// `null`
    Null,
    /// Written out.
    Bool(bool),
    /// Written out; the text is kept.
    Number(String),
    /// Written out.
    Text(String),
    /// A value that has to be computed, of a type that is known.
    Of(Type),
    /// A text made of parts.
    Template(Vec<Shape>),
    /// `var.a.b`, `local.x[0]`, `module.m.out`
    Path(Path),
    /// `[a, b]`
    List(Vec<Shape>),
    /// `{ a = b }`: every key is written out.
    Object(Vec<(String, Shape)>),
    /// `[for … : x]`: any number of such.
    Each(Box<Shape>),
    /// `{ for … : k => x }`: any number of such by key.
    EachByKey(Box<Shape>),
    /// One of two.
    Either(Box<Shape>, Box<Shape>),
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Root {
    /// `var`
    Variable,
    /// `local`
    Local,
    /// `module`
    Module,
    /// `terraform.workspace`
    Workspace,
}

/// A path into something that a module declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// What kind of thing it begins at.
    pub root: Root,
    /// Its name.
    pub name: String,
    /// The way on from there.
    pub steps: Vec<Step>,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `.name` or `["name"]`
    Field(String),
    /// `[0]` or `.0`
    Position(u32),
    /// `[…]` with something that has to be computed.
    Computed,
}

impl Shape {
    /// The value, when it is written out in full.
    pub fn value(&self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(n) => Value::Number(Number(n.clone())),
            Self::Text(t) => Value::String(t.clone()),
            Self::List(items) => Value::List(items.iter().map(Self::value).collect::<Option<_>>()?),
            Self::Object(fields) => Value::Map(
                fields
                    .iter()
                    .map(|(k, v)| Some((k.clone(), v.value()?)))
                    .collect::<Option<BTreeMap<_, _>>>()?,
            ),
            _ => return None,
        })
    }
    /// A value as a shape.
    pub fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(n) => Self::Number(n.0.clone()),
            Value::String(s) => Self::Text(s.clone()),
            Value::List(l) => Self::List(l.iter().map(Self::from_value).collect()),
            Value::Map(m) => Self::Object(
                m.iter()
                    .map(|(k, v)| (k.clone(), Self::from_value(v)))
                    .collect(),
            ),
        }
    }
    /// The text, when it is one that is written out.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            _ => None,
        }
    }
    /// The field of an object.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().rfind(|(k, _)| k == name).map(|(_, v)| v),
            _ => None,
        }
    }
    /// The same without texts longer than somebody would compare: their type is enough.
    pub(super) fn shortened(self) -> Self {
        const LONG: usize = 200;
        let all = |items: Vec<Self>| items.into_iter().map(Self::shortened).collect();
        match self {
            Self::Text(t) if t.len() > LONG => Self::Of(Type::String),
            Self::Template(_) if self.texts() > LONG => Self::Of(Type::String),
            Self::List(items) => Self::List(all(items)),
            Self::Object(fields) => Self::Object(
                fields
                    .into_iter()
                    .map(|(k, v)| (k, v.shortened()))
                    .collect(),
            ),
            Self::Each(x) => Self::Each(Box::new(x.shortened())),
            Self::EachByKey(x) => Self::EachByKey(Box::new(x.shortened())),
            Self::Either(a, b) => Self::Either(Box::new(a.shortened()), Box::new(b.shortened())),
            other => other,
        }
    }
    fn texts(&self) -> usize {
        match self {
            Self::Text(t) => t.len(),
            Self::Template(parts) => parts.iter().map(Self::texts).sum(),
            _ => 0,
        }
    }
}
