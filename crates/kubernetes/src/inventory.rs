//! What was applied, as an ApplySet (KEP-3659): a ConfigMap in the cluster, the parent, and a label on every member.
//!
//! Beside what the KEP asks, the parent holds a list of all members with their UIDs. Only what this list names, and what
//! still carries the label and that UID, is ever removed: a label alone can be copied by anybody.
use crate::object::{GroupKind, Key, key, uid};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// On the parent: the set's id.
pub const ID: &str = "applyset.kubernetes.io/id";
/// On a member: the id of its set.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// Whose set it is, for people.
pub const UNIT: &str = "strata.dev/unit";
/// The key of the list of members.
const MEMBERS: &str = "members";

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// `apps/v1`: the version under which it was applied.
    pub api: String,
    /// `Deployment`
    pub kind: String,
    /// Its namespace; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The UID it was given.
    pub uid: String,
}

impl Member {
    /// From an object as the server has it.
    pub fn of(json: &Json) -> Self {
        let key = key(json);
        Self {
            api: json["apiVersion"].as_str().unwrap_or_default().to_owned(),
            kind: key.what.kind,
            namespace: key.namespace,
            name: key.name,
            uid: uid(json).to_owned(),
        }
    }
    /// What names it.
    pub fn key(&self) -> Key {
        Key {
            what: GroupKind {
                group: crate::object::group_of(&self.api).to_owned(),
                kind: self.kind.clone(),
            },
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// A set of applied objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The name of its parent.
    pub name: String,
    /// The namespace of its parent.
    pub namespace: String,
    /// Whose it is: the unit's address.
    pub unit: String,
    /// What it lists.
    pub members: BTreeSet<Member>,
}

impl Inventory {
    /// An empty one for a unit of a platform.
    pub fn new(platform: &str, unit: &str, namespace: &str) -> Self {
        let digest = Sha256::digest(format!("{platform}\0{unit}"));
        let short: String = digest.iter().take(5).map(|b| format!("{b:02x}")).collect();
        let mut readable: String = unit
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .take(40)
            .collect();
        readable = readable.trim_matches('-').to_owned();
        Self {
            name: format!("strata-{readable}-{short}"),
            namespace: namespace.to_owned(),
            unit: unit.to_owned(),
            members: BTreeSet::new(),
        }
    }
    /// Its id, as the KEP computes it from its parent.
    pub fn id(&self) -> String {
        let text = format!("{}.{}.ConfigMap.", self.name, self.namespace);
        format!(
            "applyset-{}-v1",
            URL_SAFE_NO_PAD.encode(Sha256::digest(text))
        )
    }
    /// Its parent as an object. `more` are kinds and namespaces of objects that are about to become members.
    pub fn parent<'a>(&self, more: impl Iterator<Item = &'a Key>) -> Json {
        let keys: Vec<Key> = self
            .members
            .iter()
            .map(Member::key)
            .chain(more.cloned())
            .collect();
        let kinds: BTreeSet<String> = keys.iter().map(|k| k.what.to_string()).collect();
        let namespaces: BTreeSet<&str> = keys
            .iter()
            .map(|k| k.namespace.as_str())
            .filter(|n| !n.is_empty() && *n != self.namespace)
            .collect();
        let list = |of: Vec<&str>| of.join(",");
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {ID: self.id(), "app.kubernetes.io/managed-by": "strata"},
                "annotations": {
                    TOOLING: concat!("strata/v", env!("CARGO_PKG_VERSION")),
                    KINDS: list(kinds.iter().map(String::as_str).collect()),
                    NAMESPACES: list(namespaces.into_iter().collect()),
                    UNIT: self.unit,
                },
            },
            "data": {MEMBERS: serde_json::to_string(&self.members).expect("plain data")},
        })
    }
    /// Takes the members from its parent. An error for a parent that is somebody else's or was changed by hand.
    pub fn read(&mut self, parent: &Json) -> Result<(), String> {
        let what = format!("the inventory ConfigMap {}/{}", self.namespace, self.name);
        let id = parent["metadata"]["labels"][ID].as_str();
        if id != Some(self.id().as_str()) {
            return Err(format!("{what} has no label `{ID}` of this unit"));
        }
        let members = parent["data"][MEMBERS].as_str().unwrap_or("[]");
        self.members =
            serde_json::from_str(members).map_err(|e| format!("{what} cannot be read: {e}"))?;
        Ok(())
    }
    /// Members that are not among the wanted objects.
    pub fn surplus<'a>(&'a self, wanted: &'a BTreeSet<Key>) -> impl Iterator<Item = &'a Member> {
        self.members.iter().filter(|m| !wanted.contains(&m.key()))
    }
    /// May this live object be removed as that member? Why not, when not.
    pub fn owns(&self, member: &Member, live: &Json) -> Result<(), String> {
        if uid(live) != member.uid {
            return Err("it was deleted and made again by somebody else".to_owned());
        }
        match live["metadata"]["labels"][PART_OF].as_str() {
            Some(id) if id == self.id() => Ok(()),
            Some(_) => Err("it has been taken over by another set".to_owned()),
            None => Err(format!("its label `{PART_OF}` is gone")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(uid: &str, part_of: &str) -> Json {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n", "uid": uid, "labels": {PART_OF: part_of}}})
    }

    #[test]
    fn a_parent_keeps_its_members() {
        let mut inventory = Inventory::new("p", "dev/shop[\"eu\"]", "n");
        assert!(
            inventory.name.starts_with("strata-dev-shop--eu-"),
            "{}",
            inventory.name
        );
        inventory.members.insert(Member::of(&live("u1", "")));
        let parent = inventory.parent(std::iter::empty());
        assert_eq!(parent["metadata"]["annotations"][KINDS], "Deployment.apps");
        assert_eq!(parent["metadata"]["annotations"][NAMESPACES], "");
        let mut read = Inventory::new("p", "dev/shop[\"eu\"]", "n");
        read.read(&parent).unwrap();
        assert_eq!(read, inventory);
        assert_ne!(
            Inventory::new("q", "dev/shop", "n").id(),
            Inventory::new("p", "dev/shop", "n").id()
        );
        let mut other = Inventory::new("p", "dev/other", "n");
        assert!(other.read(&parent).is_err());
    }

    #[test]
    fn the_id_is_the_one_of_the_kep() {
        let mut inventory = Inventory::new("p", "u", "default");
        inventory.name = "example".into();
        // printf example.default.ConfigMap. | sha256sum | xxd -r -p | basenc --base64url, without padding
        assert!(inventory.id().starts_with("applyset-") && inventory.id().ends_with("-v1"));
        assert_eq!(inventory.id().len(), "applyset--v1".len() + 43);
    }

    #[test]
    fn only_what_is_still_ours_may_be_removed() {
        let mut inventory = Inventory::new("p", "u", "n");
        let id = inventory.id();
        let member = Member::of(&live("u1", &id));
        inventory.members.insert(member.clone());
        let wanted = BTreeSet::new();
        assert_eq!(inventory.surplus(&wanted).count(), 1);
        assert_eq!(inventory.owns(&member, &live("u1", &id)), Ok(()));
        assert!(
            inventory
                .owns(&member, &live("u2", &id))
                .unwrap_err()
                .contains("made again")
        );
        assert!(
            inventory
                .owns(&member, &live("u1", "other"))
                .unwrap_err()
                .contains("taken over")
        );
        let wanted = [member.key()].into();
        assert_eq!(inventory.surplus(&wanted).count(), 0);
    }
}
