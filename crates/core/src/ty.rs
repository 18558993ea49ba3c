//! Types of inputs and outputs: Terraform's type grammar, and "unknown" for what nobody declared.
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// A type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Not known: everything fits.
    #[default]
    Any,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list or a set.
    List(Box<Type>),
    /// A map.
    Map(Box<Type>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// An object: the type of each field and whether it may be missing.
    Object(BTreeMap<String, Field>),
    /// A file kept by digest; a consumer gets its path.
    Artifact,
}

/// A field of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its type.
    pub ty: Type,
    /// May it be missing?
    #[serde(default)]
    pub optional: bool,
}

impl Type {
    /// May a value of this type stand where `want` is expected? Scalars convert as Terraform converts them.
    pub fn fits(&self, want: &Self) -> bool {
        match (self, want) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(a), Self::List(b)) | (Self::Map(a), Self::Map(b)) => a.fits(b),
            (Self::Tuple(a), Self::List(b)) => a.iter().all(|t| t.fits(b)),
            (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.fits(y))
            }
            (Self::List(_), Self::Tuple(_)) => true,
            (Self::Object(a), Self::Map(b)) => a.values().all(|f| f.ty.fits(b)),
            (Self::Map(a), Self::Object(b)) => b.values().all(|f| a.fits(&f.ty)),
            (Self::Object(a), Self::Object(b)) => b.iter().all(|(k, want)| match a.get(k) {
                Some(have) => have.ty.fits(&want.ty) && (want.optional || !have.optional),
                None => want.optional,
            }),
            // a number or a bool becomes a text; a text may be a number, which only its value tells
            (Self::Number | Self::Bool | Self::Artifact, Self::String) => true,
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("unknown"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Artifact => f.write_str("artifact"),
            Self::List(t) => write!(f, "list({t})"),
            Self::Map(t) => write!(f, "map({t})"),
            Self::Tuple(ts) => {
                f.write_str("tuple([")?;
                for (i, t) in ts.iter().enumerate() {
                    write!(f, "{}{t}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("])")
            }
            Self::Object(fields) => {
                f.write_str("object({")?;
                for (i, (name, field)) in fields.iter().enumerate() {
                    let sep = if i > 0 { ", " } else { "" };
                    if field.optional {
                        write!(f, "{sep}{name} = optional({})", field.ty)?;
                    } else {
                        write!(f, "{sep}{name} = {}", field.ty)?;
                    }
                }
                f.write_str("})")
            }
        }
    }
}
