//! Objects of Kubernetes as JSON, with where each is written.
mod apart;
mod read;
mod scalar;

pub use apart::apart;
pub use read::{Inputs, read};

use serde_json::Value as Json;
use std::fmt;

/// A group and a kind: what an object is, whatever its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind {
    /// `apps`; empty for the core.
    pub group: String,
    /// `Deployment`
    pub kind: String,
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            f.write_str(&self.kind)
        } else {
            write!(f, "{}.{}", self.kind, self.group)
        }
    }
}

/// What names one object in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is.
    pub what: GroupKind,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.what)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// All of it.
    pub json: Json,
    /// File and line, for messages.
    pub at: String,
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// The group of an `apiVersion`.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The version of an `apiVersion`.
pub fn version_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or(api_version, |(_, v)| v)
}

/// Group and kind of an object.
pub fn what(json: &Json) -> GroupKind {
    GroupKind {
        group: group_of(text(json, "apiVersion")).to_owned(),
        kind: text(json, "kind").to_owned(),
    }
}

/// What names an object.
pub fn key(json: &Json) -> Key {
    Key {
        what: what(json),
        namespace: text(&json["metadata"], "namespace").to_owned(),
        name: text(&json["metadata"], "name").to_owned(),
    }
}

/// The UID that the server gave it.
pub fn uid(json: &Json) -> &str {
    text(&json["metadata"], "uid")
}

impl Object {
    /// `apps/v1`
    pub fn api_version(&self) -> &str {
        text(&self.json, "apiVersion")
    }
    /// `Deployment`
    pub fn kind(&self) -> &str {
        text(&self.json, "kind")
    }
    /// What names it.
    pub fn key(&self) -> Key {
        key(&self.json)
    }
    /// Is it the definition of a kind?
    pub fn is_definition(&self) -> bool {
        self.kind() == "CustomResourceDefinition"
            && group_of(self.api_version()) == "apiextensions.k8s.io"
    }
    /// Is it a namespace?
    pub fn is_namespace(&self) -> bool {
        self.kind() == "Namespace" && self.api_version() == "v1"
    }
    /// Puts it into a namespace.
    pub fn set_namespace(&mut self, namespace: &str) {
        self.json["metadata"]["namespace"] = Json::from(namespace);
    }
    /// Leaves of items with one name in a list only the last: it is the one that counts, and a server-side apply takes no
    /// two.
    pub fn name_items_once(&mut self) {
        name_once(&mut self.json);
    }
    /// Gives it a label.
    pub fn label(&mut self, key: &str, value: &str) {
        let metadata = &mut self.json["metadata"];
        if !metadata["labels"].is_object() {
            metadata["labels"] = Json::Object(serde_json::Map::new());
        }
        metadata["labels"][key] = Json::from(value);
    }
}

/// See [`Object::name_items_once`].
pub fn name_once(json: &mut Json) {
    match json {
        Json::Object(map) => map.values_mut().for_each(name_once),
        Json::Array(items) => {
            items.iter_mut().for_each(name_once);
            let names: Vec<String> = items
                .iter()
                .map(|item| text(item, "name").to_owned())
                .collect();
            let mut at = 0;
            items.retain(|_| {
                at += 1;
                names[at - 1].is_empty() || !names[at..].contains(&names[at - 1])
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_items_with_one_name_the_last_is_left() {
        let json = json!({"env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}], "args": ["x", "x"]});
        let mut object = Object {
            json,
            at: String::new(),
        };
        object.name_items_once();
        let want = json!({"env": [{"name": "B"}, {"name": "A", "value": "2"}], "args": ["x", "x"]});
        assert_eq!(object.json, want);
    }
}
