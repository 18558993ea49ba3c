//! Values as far as they are known.
//!
//! A [`Term`] is what flows between units before everything is known: it may have holes and it names secrets
//! without holding them. A [`Value`] is what a tool may be given. There is no third thing, so no placeholder
//! can reach a tool.
use crate::{name::Address, ty::Type};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A decimal number as text (`1.10`, `123456789012345678901234567890`): the numbers of Terraform are not `f64`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Number(pub String);

/// A value that is known in full.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A map or an object.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// As JSON; numbers keep their text where JSON can spell it.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Self::Null => J::Null,
            Self::Bool(b) => J::Bool(*b),
            Self::Number(n) => number_to_json(n),
            Self::String(s) => J::String(s.clone()),
            Self::List(l) => J::Array(l.iter().map(Self::to_json).collect()),
            Self::Map(m) => J::Object(m.iter().map(|(k, v)| (k.clone(), v.to_json())).collect()),
        }
    }
    /// From JSON.
    pub fn from_json(json: serde_json::Value) -> Self {
        use serde_json::Value as J;
        match json {
            J::Null => Self::Null,
            J::Bool(b) => Self::Bool(b),
            J::Number(n) => Self::Number(Number(n.to_string())),
            J::String(s) => Self::String(s),
            J::Array(l) => Self::List(l.into_iter().map(Self::from_json).collect()),
            J::Object(m) => Self::Map(
                m.into_iter()
                    .map(|(k, v)| (k, Self::from_json(v)))
                    .collect(),
            ),
        }
    }
    /// The text of a scalar as a process variable would carry it; `None` for lists, maps and null.
    pub fn scalar_text(&self) -> Option<String> {
        match self {
            Self::Bool(b) => Some(b.to_string()),
            Self::Number(n) => Some(n.0.clone()),
            Self::String(s) => Some(s.clone()),
            _ => None,
        }
    }
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }
    /// A part of it: fields and list positions.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |v, p| match v {
            Self::Map(m) => m.get(p),
            Self::List(l) => l.get(p.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

fn number_to_json(n: &Number) -> serde_json::Value {
    serde_json::from_str::<serde_json::Number>(&n.0).map_or_else(
        |_| serde_json::Value::String(n.0.clone()),
        serde_json::Value::Number,
    )
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.to_owned())
    }
}
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            self.to_json().serialize(s)
        } else {
            Kinds::serialize(self, s)
        }
    }
}
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            serde_json::Value::deserialize(d).map(Self::from_json)
        } else {
            Kinds::deserialize(d)
        }
    }
}

/// A [`Value`] in forms that do not say of what kind the next thing is.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Value")]
enum Kinds {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

/// One output of one unit, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutputRef {
    /// The unit that has it.
    pub unit: Address,
    /// The output, then fields or positions inside it.
    pub path: Vec<String>,
}

/// Names a secret without holding it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretRef {
    /// `env`, `file`, `generate`, or `output` for a sensitive output of a unit.
    pub store: String,
    /// The variable, the path, the name, or for `output` the unit's address and output as `ADDRESS#OUTPUT`.
    pub key: String,
    /// Fields inside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
}

/// A value as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Term {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Term>),
    /// A map or an object.
    Map(BTreeMap<String, Term>),
    /// Parts of one text, some of them secrets: joined just before a tool gets it.
    Text(Vec<Term>),
    /// Foretold by an upstream plan, not yet real.
    Predicted {
        /// What it will be.
        value: Box<Term>,
        /// Who says so.
        by: OutputRef,
    },
    /// Not known.
    Hole {
        /// What it will be like.
        ty: Type,
        /// Who will fill it.
        filled_by: OutputRef,
    },
    /// Read just before use; never in a plan, event or digest.
    Secret(SecretRef),
}

/// How much of a term is known; the weakest of several is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Knowledge {
    /// All of it.
    Exact,
    /// What an upstream plan foretells.
    Conditional,
    /// Some of it exists only later.
    Deferred,
}

impl Term {
    /// How much of it is known.
    pub fn knowledge(&self) -> Knowledge {
        match self {
            Self::Hole { .. } => Knowledge::Deferred,
            Self::Predicted { value, .. } => value.knowledge().max(Knowledge::Conditional),
            Self::List(l) | Self::Text(l) => weakest(l.iter()),
            Self::Map(m) => weakest(m.values()),
            _ => Knowledge::Exact,
        }
    }
    /// Does a secret stand in it?
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Predicted { value, .. } => value.is_secret(),
            Self::List(l) | Self::Text(l) => l.iter().any(Self::is_secret),
            Self::Map(m) => m.values().any(Self::is_secret),
            _ => false,
        }
    }
    /// Every hole in it, in order.
    pub fn holes(&self) -> Vec<&OutputRef> {
        fn go<'a>(t: &'a Term, out: &mut Vec<&'a OutputRef>) {
            match t {
                Term::Hole { filled_by, .. } => out.push(filled_by),
                Term::Predicted { value, .. } => go(value, out),
                Term::List(l) | Term::Text(l) => l.iter().for_each(|t| go(t, out)),
                Term::Map(m) => m.values().for_each(|t| go(t, out)),
                _ => {}
            }
        }
        let mut out = Vec::new();
        go(self, &mut out);
        out
    }
    /// The value it is, with `secret` called for every secret; an error for a hole or a prediction.
    pub fn resolve<E>(
        &self,
        secret: &mut impl FnMut(&SecretRef) -> Result<Value, E>,
    ) -> Result<Value, Unresolved<E>> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(n) => Value::Number(n.clone()),
            Self::String(s) => Value::String(s.clone()),
            Self::List(l) => Value::List(
                l.iter()
                    .map(|t| t.resolve(secret))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(m) => Value::Map(
                m.iter()
                    .map(|(k, t)| Ok((k.clone(), t.resolve(secret)?)))
                    .collect::<Result<_, Unresolved<E>>>()?,
            ),
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    let value = part.resolve(secret)?;
                    match value.scalar_text() {
                        Some(t) => text.push_str(&t),
                        None => text.push_str(&value.to_json().to_string()),
                    }
                }
                Value::String(text)
            }
            Self::Secret(s) => secret(s).map_err(Unresolved::Secret)?,
            Self::Predicted { by, .. } | Self::Hole { filled_by: by, .. } => {
                return Err(Unresolved::Open(by.clone()));
            }
        })
    }
    /// The value it is, when no secret, hole or prediction stands in it.
    pub fn plain(&self) -> Option<Value> {
        self.resolve(&mut |_| Err(())).ok()
    }
}

fn weakest<'a>(terms: impl Iterator<Item = &'a Term>) -> Knowledge {
    terms.map(Term::knowledge).max().unwrap_or(Knowledge::Exact)
}

/// Why a term is not a value yet.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved<E> {
    /// A secret could not be read.
    #[error(transparent)]
    Secret(E),
    /// It depends on an output that does not exist yet.
    #[error("{0:?} is not known yet")]
    Open(OutputRef),
}

impl From<Value> for Term {
    fn from(v: Value) -> Self {
        match v {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(b),
            Value::Number(n) => Self::Number(n),
            Value::String(s) => Self::String(s),
            Value::List(l) => Self::List(l.into_iter().map(Into::into).collect()),
            Value::Map(m) => Self::Map(m.into_iter().map(|(k, v)| (k, v.into())).collect()),
        }
    }
}

/// An output as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its value.
    pub value: Value,
    /// Kept encrypted, never shown.
    #[serde(default)]
    pub sensitive: bool,
    /// Its type as the tool states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ty: Option<Type>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        for text in ["123456789012345678901234567890", "1.10", "0.1", "-3"] {
            let v: Value = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&v).unwrap(), text);
        }
    }

    #[test]
    fn a_text_with_a_secret_is_joined_late() {
        let s = SecretRef {
            store: "env".into(),
            key: "PW".into(),
            path: vec![],
        };
        let t = Term::Text(vec![Term::String("pw=".into()), Term::Secret(s)]);
        assert!(t.is_secret() && t.plain().is_none());
        let v = t.resolve(&mut |_| Ok::<_, ()>(Value::from("x"))).unwrap();
        assert_eq!(v, Value::from("pw=x"));
    }

    #[test]
    fn the_weakest_part_decides() {
        let by = OutputRef {
            unit: Address::new("e", "u"),
            path: vec!["o".into()],
        };
        let hole = Term::Hole {
            ty: Type::Any,
            filled_by: by.clone(),
        };
        let p = Term::Predicted {
            value: Box::new(Term::Null),
            by,
        };
        assert_eq!(
            Term::List(vec![Term::Null, p.clone()]).knowledge(),
            Knowledge::Conditional
        );
        assert_eq!(Term::List(vec![p, hole]).knowledge(), Knowledge::Deferred);
    }
}
