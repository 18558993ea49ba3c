//! Types of inputs and outputs: Terraform's type grammar, and "unknown" for what nobody declared.
use crate::value::Value;
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    Object(Fields),
    /// A file kept by digest; a consumer gets its path.
    Artifact,
}

/// The fields of an object type by name.
pub type Fields = LiteMap<String, Field>;

/// A field of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its type.
    pub ty: Type,
    /// May it be missing?
    #[serde(default)]
    pub optional: bool,
    /// What stands there when it is missing, where that is written out: `optional(type, default)`.
    #[serde(default)]
    pub default: Option<Box<Value>>,
}

impl Field {
    /// One that has to be there.
    pub const fn required(ty: Type) -> Self {
        Self {
            ty,
            optional: false,
            default: None,
        }
    }
    /// One that may be missing.
    pub const fn optional(ty: Type) -> Self {
        Self {
            ty,
            optional: true,
            default: None,
        }
    }
}

impl Type {
    /// Does a value of this type stand where `want` is expected? Scalars convert as Terraform converts them; a text is no
    /// number, whatever it says.
    pub fn fits(&self, want: &Self) -> bool {
        self.fits_with(want, false)
    }
    /// Can a value of this type stand where `want` is expected? A text may turn out to be a number or a bool.
    pub fn could_fit(&self, want: &Self) -> bool {
        self.fits_with(want, true)
    }
    /// With its article.
    pub fn named(&self) -> String {
        let article = match self {
            Self::Object(_) | Self::Artifact | Self::Any => "an",
            _ => "a",
        };
        format!("{article} {self}")
    }
    /// As people say it of a value, with its article: a tuple of equal items is a list.
    pub fn said(&self) -> String {
        self.spoken().named()
    }
    /// The type of a value that its tool has converted to this one: what was missing is there, with its default or as
    /// null.
    #[must_use]
    pub fn settled(&self) -> Self {
        let boxed = |t: &Self| Box::new(t.settled());
        match self {
            Self::List(t) => Self::List(boxed(t)),
            Self::Map(t) => Self::Map(boxed(t)),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Self::settled).collect()),
            Self::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(k, f)| (k.clone(), Field::required(f.ty.settled())))
                    .collect(),
            ),
            other => other.clone(),
        }
    }
    fn spoken(&self) -> Self {
        let boxed = |t: &Self| Box::new(t.spoken());
        match self {
            Self::Tuple(items) if items.windows(2).all(|w| w[0] == w[1]) => {
                Self::List(items.first().map_or_else(Box::default, boxed))
            }
            Self::List(t) => Self::List(boxed(t)),
            Self::Map(t) => Self::Map(boxed(t)),
            Self::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(k, f)| {
                        let (ty, f) = (f.ty.spoken(), f.clone());
                        (k.clone(), Field { ty, ..f })
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }
    fn fits_with(&self, want: &Self, texts: bool) -> bool {
        match (self, want) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(a), Self::List(b)) | (Self::Map(a), Self::Map(b)) => a.fits_with(b, texts),
            (Self::Tuple(a), Self::List(b)) => a.iter().all(|t| t.fits_with(b, texts)),
            (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.fits_with(y, texts))
            }
            (Self::List(_), Self::Tuple(_)) => true,
            (Self::Object(a), Self::Map(b)) => a.values().all(|f| f.ty.fits_with(b, texts)),
            (Self::Map(a), Self::Object(b)) => b.values().all(|f| a.fits_with(&f.ty, texts)),
            (Self::Object(a), Self::Object(b)) => b.iter().all(|(k, want)| match a.get(k) {
                Some(have) => {
                    have.ty.fits_with(&want.ty, texts) && (want.optional || !have.optional)
                }
                None => want.optional,
            }),
            // a number or a bool becomes a text; a text may be a number, which only its value tells
            (Self::Number | Self::Bool | Self::Artifact, Self::String) => true,
            (Self::String, Self::Number | Self::Bool) => texts,
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
                    match (field.optional, &field.default) {
                        (false, _) => write!(f, "{sep}{name} = {}", field.ty)?,
                        (true, None) => write!(f, "{sep}{name} = optional({})", field.ty)?,
                        (true, Some(default)) => {
                            let default = default.to_json();
                            write!(f, "{sep}{name} = optional({}, {default})", field.ty)?;
                        }
                    }
                }
                f.write_str("})")
            }
        }
    }
}
