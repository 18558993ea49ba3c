//! One tree for what stands in YAML and JSON files: text as it was written, and where.
//!
//! Not a value: a scalar keeps its text and how it was quoted, so that the type of an input can decide what `1.10` is.
use crate::scalar;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use strata_core::{
    span::{Location, Span},
    value::{Term, Value},
};

/// The path of the file in which something stands, relative to the platform's root.
pub type Origin = Arc<str>;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Where it stands in its file.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
    /// Its tag (`!Ref`), when it has one that the core schema doesn't know.
    pub tag: Option<String>,
    /// Its file. Not part of what is kept of it: the same text may stand in several files.
    #[serde(skip)]
    pub origin: Origin,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A text, a number, a bool or null, as it was written.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A scalar as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scalar {
    /// Its text: quotes gone, escapes resolved, lines folded.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where in `text` and where in the file a stretch without escapes begins; empty: one stretch after the quote.
    pub(crate) stretches: Vec<(u32, u32)>,
    /// An expression in it was cut off by YAML, and that was said already.
    pub(crate) cut: bool,
}

impl Scalar {
    /// From a text and how it was written.
    pub fn new(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
            stretches: Vec::new(),
            cut: false,
        }
    }
    /// What it means: a plain one by the core schema, any other is a text.
    pub fn value(&self) -> Value {
        match self.style {
            Style::Plain => scalar::resolve(&self.text),
            _ => Value::String(self.text.clone()),
        }
    }
    /// Does it mean "nothing"?
    pub fn is_null(&self) -> bool {
        self.style == Style::Plain && scalar::is_null(&self.text)
    }
}

/// A map in the order of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Map {
    /// Its entries; no two have the same key.
    pub entries: Vec<Entry>,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands, in the file of the value.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Map {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }
    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key)
    }
    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.key.as_str())
    }
    /// Has it no entry?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Node {
    /// A scalar that stands nowhere in particular: for what a program adds to what a user wrote.
    pub fn scalar(origin: Origin, span: Span, text: impl Into<String>, style: Style) -> Self {
        Self {
            span,
            kind: Kind::Scalar(Scalar::new(text, style)),
            tag: None,
            origin,
        }
    }
    /// A map from entries.
    pub fn map(origin: Origin, span: Span, entries: Vec<Entry>) -> Self {
        Self {
            span,
            kind: Kind::Map(Map { entries }),
            tag: None,
            origin,
        }
    }
    /// The same in another file.
    pub(crate) fn set_origin(&mut self, origin: &Origin) {
        self.origin = origin.clone();
        match &mut self.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|n| n.set_origin(origin)),
            Kind::Map(map) => map
                .entries
                .iter_mut()
                .for_each(|e| e.value.set_origin(origin)),
        }
    }
    /// Where it stands.
    pub fn location(&self) -> Location {
        Location::new(self.origin.clone(), self.span)
    }
    /// Where the key of one of its entries stands.
    pub fn key_location(&self, key: &str) -> Option<Location> {
        let entry = self.as_map()?.entry(key)?;
        Some(Location::new(entry.value.origin.clone(), entry.key_span))
    }
    /// The text of a scalar, whatever it means (`1.10`, `no`, `~`).
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(s) => Some(&s.text),
            _ => None,
        }
    }
    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }
    /// The map.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }
    /// The value of a key, when it is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }
    /// Is it a scalar that means "nothing"?
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(s) if s.is_null())
    }
    /// A bool, when it is one by the core schema.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Scalar(s) => match s.value() {
                Value::Bool(b) => Some(b),
                _ => None,
            },
            _ => None,
        }
    }
    /// What it means by the core schema. Tags are not looked at.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(s) => s.value(),
            Kind::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Kind::Map(map) => Value::Map(
                map.entries
                    .iter()
                    .map(|e| (e.key.clone(), e.value.to_value()))
                    .collect::<BTreeMap<_, _>>(),
            ),
        }
    }
    /// The same as a term; expressions in it are not evaluated.
    pub fn to_term(&self) -> Term {
        match &self.kind {
            Kind::Scalar(s) => s.value().into(),
            Kind::List(items) => Term::List(items.iter().map(Self::to_term).collect()),
            Kind::Map(map) => Term::Map(
                map.entries
                    .iter()
                    .map(|e| (e.key.clone(), e.value.to_term()))
                    .collect(),
            ),
        }
    }
    /// The place in the file of a byte of a scalar's text; exact unless the scalar is a folded one.
    pub fn place(&self, offset: u32) -> u32 {
        let Kind::Scalar(scalar) = &self.kind else {
            return self.span.start;
        };
        let found = scalar
            .stretches
            .partition_point(|(text, _)| *text <= offset);
        let (text, file) = match found.checked_sub(1) {
            Some(i) => scalar.stretches[i],
            None => (
                0,
                self.span.start + u32::from(matches!(scalar.style, Style::Single | Style::Double)),
            ),
        };
        (file + (offset - text)).min(self.span.end.max(self.span.start))
    }
}

/// How many entries are looked through one by one; more are looked up.
pub(crate) const FEW: usize = 16;

/// Finds entries of a map, also of a large one.
enum Lookup<'m> {
    Few(&'m Map),
    Many(HashMap<&'m str, &'m Entry>),
}

impl<'m> Lookup<'m> {
    fn new(map: &'m Map) -> Self {
        if map.entries.len() <= FEW {
            return Self::Few(map);
        }
        Self::Many(map.entries.iter().map(|e| (e.key.as_str(), e)).collect())
    }
    fn entry(&self, key: &str) -> Option<&'m Entry> {
        match self {
            Self::Few(map) => map.entry(key),
            Self::Many(entries) => entries.get(key).copied(),
        }
    }
}

/// What `over` makes of `base`: maps merge deeply, lists and scalars replace, an explicit null removes the key.
/// Every part keeps its own place.
#[must_use]
pub fn merge(base: &Node, over: &Node) -> Node {
    merged(base, over, false)
}

/// The same, but what `null` removes stays `null`, for what is merged later below.
pub fn overlay(base: &Node, over: &Node) -> Node {
    merged(base, over, true)
}

fn merged(base: &Node, over: &Node, keep: bool) -> Node {
    let (Kind::Map(below), Kind::Map(above)) = (&base.kind, &over.kind) else {
        return over.clone();
    };
    let (lower, upper) = (Lookup::new(below), Lookup::new(above));
    let mut entries: Vec<Entry> = Vec::with_capacity(below.entries.len() + above.entries.len());
    for entry in &below.entries {
        match upper.entry(&entry.key) {
            None => entries.push(entry.clone()),
            Some(by) if by.value.is_null() && !keep => {}
            Some(by) => entries.push(Entry {
                key: by.key.clone(),
                key_span: by.key_span,
                value: merged(&entry.value, &by.value, keep),
            }),
        }
    }
    let new = |e: &&Entry| (keep || !e.value.is_null()) && lower.entry(&e.key).is_none();
    entries.extend(above.entries.iter().filter(new).cloned());
    Node {
        span: over.span,
        kind: Kind::Map(Map { entries }),
        tag: over.tag.clone(),
        origin: over.origin.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn node(file: &str, text: &str) -> Node {
        let (node, problems) = yaml::parse(&Arc::from(file), text);
        assert!(problems.is_empty(), "{problems:?}");
        node.unwrap()
    }

    #[test]
    fn maps_merge_deeply_lists_replace_and_null_removes() {
        let base = node(
            "base.yaml",
            "a: {x: 1, y: 2}\nb: [1, 2]\nc: keep\nd: gone\n",
        );
        let over = node(
            "over.yaml",
            "a: {y: 3, z: 4}\nb: [9]\nd: ~\ne: new\nf: null\n",
        );
        let merged = merge(&base, &over);
        let json = merged.to_value().to_json().to_string();
        assert_eq!(
            json,
            r#"{"a":{"x":1,"y":3,"z":4},"b":[9],"c":"keep","e":"new"}"#
        );
    }

    #[test]
    fn every_part_keeps_its_place_when_merged() {
        let base = node("base.yaml", "a: {x: 1}\n");
        let over = node("over.yaml", "# hello\na: {y: 3}\n");
        let merged = merge(&base, &over);
        let a = merged.get("a").unwrap();
        assert_eq!(
            a.get("x").unwrap().location(),
            Location::new("base.yaml", Span::new(7, 8))
        );
        assert_eq!(
            a.get("y").unwrap().location(),
            Location::new("over.yaml", Span::new(15, 16))
        );
        assert_eq!(
            a.key_location("y").unwrap(),
            Location::new("over.yaml", Span::new(12, 13))
        );
    }

    #[test]
    fn numbers_keep_their_text_and_quoted_ones_are_texts() {
        let v = node("f", "a: 1.10\nb: '1.10'\nc: 012\nd: no\ne: !!str 7\n").to_value();
        assert_eq!(
            v.to_json().to_string(),
            r#"{"a":1.10,"b":"1.10","c":"012","d":"no","e":"7"}"#
        );
    }
}
