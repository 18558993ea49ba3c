//! A tree of YAML or JSON that keeps what was written: lexeme, style, tag, span and file.
use std::sync::Arc;
use strata_core::{
    span::{Location, Span},
    value::{Number, Term, Value},
};

/// The file that a node comes from.
pub type Origin = Arc<str>;

/// One node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
    /// Its tag, such as `!Ref`.
    pub tag: Option<String>,
    /// Its file.
    pub origin: Origin,
}

/// Kinds of nodes.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A scalar as it was written.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// Its text without quotes and escapes.
    pub text: String,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// As a block (`|` or `>`).
    Block,
}

/// A mapping in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// One entry of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Map {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|e| e.key == key).map(|e| &e.value)
    }
}

impl Node {
    /// Where it stands, with its file.
    pub fn location(&self) -> Location {
        Location::new(self.origin.clone(), self.span)
    }
    /// The text of a scalar, whatever it would mean.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(s) => Some(&s.text),
            _ => None,
        }
    }
    /// Is it null (`null`, `~`, or nothing at all)?
    pub fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar(s) => s.style == Style::Plain && matches!(s.text.as_str(), "" | "~" | "null" | "Null" | "NULL"),
            _ => false,
        }
    }
    /// Its value in the core schema of YAML 1.2: `no`, `on` and `012` are texts; numbers keep their characters.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(s) => scalar(s, self.is_null()),
            Kind::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Kind::Map(map) => Value::Map(map.entries.iter().map(|e| (e.key.clone(), e.value.to_value())).collect()),
        }
    }
    /// The same as a term.
    pub fn to_term(&self) -> Term {
        self.to_value().into()
    }
}

fn scalar(s: &Scalar, null: bool) -> Value {
    if null {
        return Value::Null;
    }
    if s.style == Style::Plain {
        match s.text.as_str() {
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            text if is_number(text) => return Value::Number(Number(text.to_owned())),
            _ => {}
        }
    }
    Value::String(s.text.clone())
}

/// A number as JSON spells it.
pub fn is_number(text: &str) -> bool {
    let t = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let digits = |t: &[u8]| t.iter().take_while(|b| b.is_ascii_digit()).count();
    let n = digits(t);
    if n == 0 || (n > 1 && t[0] == b'0') {
        return false;
    }
    let mut t = &t[n..];
    if let [b'.', rest @ ..] = t {
        let n = digits(rest);
        if n == 0 {
            return false;
        }
        t = &rest[n..];
    }
    if let [b'e' | b'E', rest @ ..] = t {
        let rest = match rest {
            [b'+' | b'-', r @ ..] => r,
            r => r,
        };
        return digits(rest) > 0 && digits(rest) == rest.len();
    }
    t.is_empty()
}

/// One tree over another: maps merge deeply, lists and scalars replace, null removes.
pub fn merge(base: &Node, over: &Node) -> Node {
    let (Kind::Map(below), Kind::Map(above)) = (&base.kind, &over.kind) else { return over.clone() };
    let mut entries: Vec<Entry> = Vec::with_capacity(below.entries.len() + above.entries.len());
    for e in &below.entries {
        match above.entries.iter().find(|o| o.key == e.key) {
            Some(o) if o.value.is_null() => {}
            Some(o) => entries.push(Entry {
                key: e.key.clone(),
                key_span: o.key_span,
                value: merge(&e.value, &o.value),
            }),
            None => entries.push(e.clone()),
        }
    }
    for o in &above.entries {
        if below.get(&o.key).is_none() && !o.value.is_null() {
            entries.push(o.clone());
        }
    }
    Node { span: over.span, kind: Kind::Map(Map { entries }), tag: over.tag.clone(), origin: over.origin.clone() }
}
