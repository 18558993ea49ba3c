//! What lies where before the first invocation of a session, and how places, arguments and variables are said.
use super::Artifact;
use crate::{digest::Digest, value::Term};
use serde::{Deserialize, Serialize};

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// The component's folder inside the unit's work folder (a copy of what its fingerprint covers, at the same relative path).
    Work,
    /// The root of the work folder: stands for the platform's root.
    Tree,
    /// 0700, in memory where possible, removed with the session.
    Private,
    /// Durable, 0700, one per unit; goes when the unit is destroyed.
    State,
    /// Shared by all units of the platform.
    Cache,
}

/// A path that means the same on this machine and in a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Where it begins.
    pub root: Root,
    /// The rest, with `/`, never leaving the root.
    pub path: String,
}

impl Place {
    /// In the component's folder.
    pub fn work(path: impl Into<String>) -> Self {
        Self {
            root: Root::Work,
            path: path.into(),
        }
    }
    /// In the private folder of the session.
    pub fn private(path: impl Into<String>) -> Self {
        Self {
            root: Root::Private,
            path: path.into(),
        }
    }
    /// In the durable folder of the unit.
    pub fn state(path: impl Into<String>) -> Self {
        Self {
            root: Root::State,
            path: path.into(),
        }
    }
    /// In the cache of the platform.
    pub fn cache(path: impl Into<String>) -> Self {
        Self {
            root: Root::Cache,
            path: path.into(),
        }
    }
}

/// One argument. No variant holds a secret: "no secret in an argument list" is a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arg {
    /// As it stands.
    Text(String),
    /// A path.
    Path(Place),
    /// A text followed by a path, as in `-var-file=` + path.
    Joined(String, Place),
}

impl From<&str> for Arg {
    fn from(s: &str) -> Self {
        Self::Text(s.to_owned())
    }
}
impl From<String> for Arg {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

/// A process variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvValue {
    /// A text.
    Text(String),
    /// A path.
    Path(Place),
    /// A term, resolved just in time; may name secrets.
    Term(Term),
}

/// The content of a generated file, rendered just in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// A text.
    Text(String),
    /// The text that a term resolves to; a map or list as JSON.
    Term(Term),
    /// A term as JSON. May name secrets, then only under [`Root::Private`].
    Json(Term),
    /// A kept file.
    Artifact(Artifact),
}

/// A file to write before the first invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// Where.
    pub at: Place,
    /// What.
    pub content: Content,
    /// Its mode, such as `0o600`.
    pub mode: u32,
}

/// What has to lie where before the first invocation of a session, besides the unit's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Files to write.
    pub generated: Vec<Generated>,
    /// Folders in the work folder that survive between sessions while their key is equal (`.terraform`).
    pub keep: Vec<Keep>,
    /// All units of the environment that give this name work in one folder, one at a time. Files of the platform are
    /// made right at the beginning of every session; what tools wrote beside them stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
    /// A folder of the platform that stands for its root in the work folder: paths of files are as from there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub root: String,
    /// Folders of the platform that lie there too, though the unit's fingerprint does not cover them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

/// A folder that survives between sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Relative to the component's folder.
    pub path: String,
    /// Another key: the folder is removed first.
    pub key: Digest,
}
