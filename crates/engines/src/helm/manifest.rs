//! The objects of a release, read from its manifest, and what differs between two manifests of it.
//!
//! Not here: what the cluster has. That is asked of a session.
use super::release::Hook;
use crate::mask::{Leaf, SENSITIVE, Secrets, leaves, masked};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    proposal::{Action, Change},
    value::Value,
};

/// Lines of detail for one object.
const MOST_LINES: usize = 40;
/// The annotation by which helm leaves an object alone when it goes from the chart or with the release.
const POLICY: &str = "helm.sh/resource-policy";

/// The annotation that makes an object a hook.
const HOOK: &str = "helm.sh/hook";

/// Kinds whose objects are in no namespace, as far as charts have them. Of others the cluster knows.
const GLOBAL: &[&str] = &[
    "APIService",
    "CSIDriver",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// How the line begins that says so of an object that stays.
pub const STAYS: &str = "stays in the cluster";

/// What names an object: group and kind, namespace, name.
pub type Key = (String, String, String);

/// An object of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// All of it.
    pub json: Json,
}

impl Object {
    fn text<'a>(json: &'a Json, key: &str) -> &'a str {
        json.get(key).and_then(Json::as_str).unwrap_or_default()
    }
    /// `Deployment.apps`
    fn what(&self) -> String {
        let kind = Self::text(&self.json, "kind");
        match Self::text(&self.json, "apiVersion").split_once('/') {
            Some((group, _)) => format!("{kind}.{group}"),
            None => kind.to_owned(),
        }
    }
    /// What names it, whatever its version. An object that says no namespace is in the release's, unless its kind has
    /// none.
    pub fn key(&self, namespace: &str) -> Key {
        let metadata = &self.json["metadata"];
        let what = self.what();
        let kind = what.split('.').next().unwrap_or_default();
        let namespace = match Self::text(metadata, "namespace") {
            _ if GLOBAL.contains(&kind) => "",
            "" => namespace,
            said => said,
        };
        let name = Self::text(metadata, "name").to_owned();
        (what, namespace.to_owned(), name)
    }
    /// What it is as a hook, if it is one.
    pub fn hook(&self) -> Option<Hook> {
        let events = self.json["metadata"]["annotations"][HOOK].as_str()?;
        Some(Hook {
            name: Self::text(&self.json["metadata"], "name").to_owned(),
            kind: Self::text(&self.json, "kind").to_owned(),
            events: events.split(',').map(|e| e.trim().to_owned()).collect(),
            ..Hook::default()
        })
    }
    /// Does helm leave it when it goes?
    fn stays(&self) -> bool {
        self.json["metadata"]["annotations"][POLICY] == "keep"
    }
    /// What of it is a secret by its kind.
    fn marks(&self) -> Json {
        let mut marks = Map::new();
        if self.what() == "Secret" {
            for part in ["data", "stringData"] {
                let entries = self.json[part].as_object().into_iter().flatten();
                let entries = entries.map(|(k, _)| (k.clone(), Json::Bool(true)));
                marks.insert(part.to_owned(), Json::Object(entries.collect()));
            }
        }
        Json::Object(marks)
    }
    /// Without what must not be shown.
    fn shown(&self, secrets: &Secrets) -> Json {
        masked(&self.json, &self.marks(), secrets)
    }
    /// A digest of it and of what is changed in it, that tells nothing of secrets.
    pub fn digest(&self, paths: &[String], secrets: &Secrets) -> Digest {
        Digest::of_json(&(Value::from_json(self.shown(secrets)), paths))
    }
    fn leaves(&self, secrets: &Secrets) -> BTreeMap<String, Leaf> {
        leaves(&self.json, &self.marks(), &Json::Null, secrets)
    }
}

/// A key for people: `Deployment.apps shop/web`.
pub fn shown(key: &Key) -> String {
    match key {
        (what, namespace, name) if namespace.is_empty() => format!("{what} {name}"),
        (what, namespace, name) => format!("{what} {namespace}/{name}"),
    }
}

/// The objects of a manifest, in its order; those of lists too.
pub fn objects(text: &str) -> Result<Vec<Object>, String> {
    let (documents, problems) = strata_syntax::yaml::documents(&"manifest".into(), text);
    if problems
        .iter()
        .any(strata_core::diagnostic::Diagnostic::is_error)
    {
        // not what it says, nor where: a line of it may hold a secret
        return Err("the manifest that helm made is no YAML that can be read".to_owned());
    }
    let mut objects = Vec::new();
    for document in documents {
        let json = document.to_value().to_json();
        let is_list = Object::text(&json, "kind").ends_with("List");
        match json.get("items").and_then(Json::as_array) {
            Some(items) if is_list => {
                objects.extend(items.iter().map(|json| Object { json: json.clone() }));
            }
            _ if json.is_object() => objects.push(Object { json }),
            _ => {}
        }
    }
    Ok(objects)
}

/// A digest of objects that tells nothing of their secrets.
pub fn digest(objects: &[Object], secrets: &Secrets) -> Digest {
    let shown: Vec<Value> = objects
        .iter()
        .map(|o| Value::from_json(o.shown(secrets)))
        .collect();
    Digest::of_json(&shown)
}

/// What an upgrade from one manifest to another changes, object by object.
pub fn compare(old: &[Object], new: &[Object], namespace: &str, secrets: &Secrets) -> Vec<Change> {
    let by_key = |objects: &[Object]| -> BTreeMap<Key, Object> {
        let key = |o: &Object| (o.key(namespace), o.clone());
        objects.iter().map(key).collect()
    };
    let (old, new) = (by_key(old), by_key(new));
    let mut changes: Vec<Change> = new
        .iter()
        .filter_map(|(key, object)| change(key, old.get(key), object, secrets))
        .collect();
    for (key, object) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        let stays = object.stays();
        changes.push(Change {
            object: shown(key),
            action: if stays {
                Action::Update
            } else {
                Action::Delete
            },
            after: None,
            detail: if stays {
                vec![format!(
                    "stays in the cluster, no longer managed (`{POLICY}: keep`)"
                )]
            } else {
                vec![]
            },
        });
    }
    changes
}

fn change(key: &Key, old: Option<&Object>, new: &Object, secrets: &Secrets) -> Option<Change> {
    let detail = lines(old, new, secrets);
    let equal = old.is_some_and(|old| old.json == new.json);
    (!equal).then(|| Change {
        object: shown(key),
        action: if old.is_some() {
            Action::Update
        } else {
            Action::Create
        },
        after: Some(new.digest(&[], secrets)),
        detail,
    })
}

/// A line for each part that differs; for a new object only its image, as there is nothing to compare with.
fn lines(old: Option<&Object>, new: &Object, secrets: &Secrets) -> Vec<String> {
    let Some(old) = old else {
        return Vec::new();
    };
    let (before, after) = (old.leaves(secrets), new.leaves(secrets));
    let mut lines = Vec::new();
    for (path, leaf) in &after {
        match before.get(path) {
            Some(old) if old.raw == leaf.raw => {}
            Some(old) if old.shown == SENSITIVE || leaf.shown == SENSITIVE => {
                lines.push(format!("{path}: changed (hidden)"));
            }
            Some(old) => lines.push(format!("{path}: {} -> {}", old.shown, leaf.shown)),
            None => lines.push(format!("+ {path}: {}", hidden(&leaf.shown))),
        }
    }
    // what went may have been a secret of earlier inputs, which nobody knows any more
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    lines.extend(gone.map(|path| format!("- {path}")));
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn hidden(shown: &str) -> &str {
    if shown == SENSITIVE {
        "(hidden)"
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::value::{SecretRef, Term};

    const OLD: &str = "---\n# Source: web/templates/a.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, paused: true, template: {spec: {containers: [{name: web, image: 'a:1'}]}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: old-value}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, annotations: {helm.sh/resource-policy: keep}}\n";
    const NEW: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2, template: {spec: {containers: [{name: web, image: 'a:2'}]}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: new-value}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: other}\ndata: {a: 'pass=hunter2-long'}\n";

    fn shown_of(changes: &[Change]) -> Vec<String> {
        let line = |c: &Change| format!("{:?} {}: {}", c.action, c.object, c.detail.join("; "));
        changes.iter().map(line).collect()
    }

    #[test]
    fn objects_are_compared_one_by_one() {
        let (old, new) = (objects(OLD).unwrap(), objects(NEW).unwrap());
        assert_eq!(
            shown_of(&compare(&old, &new, "default", &Secrets::default())),
            [
                "Create ConfigMap other/new: ",
                "Update Deployment.apps default/web: spec.replicas: 1 -> 2; spec.template.spec.containers[0].image: \"a:1\" -> \"a:2\"; - spec.paused",
                "Update Secret default/s: stringData.k: changed (hidden)",
                "Delete ConfigMap default/gone: ",
                "Update PersistentVolumeClaim default/data: stays in the cluster, no longer managed (`helm.sh/resource-policy: keep`)",
            ]
        );
        assert!(compare(&new, &new, "default", &Secrets::default()).is_empty());
    }

    #[test]
    fn no_secret_is_in_a_line_or_a_digest() {
        let secret = Term::Secret(SecretRef {
            store: "env".into(),
            key: "P".into(),
            path: vec![],
        });
        let inputs = BTreeMap::from([("password".to_owned(), secret)]);
        let value = |text: &str| {
            BTreeMap::from([("password".to_owned(), serde_json::json!({"value": text}))])
        };
        let manifest = |p: &str| {
            objects(&format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: 'pass={p}'}}\n"
            ))
            .unwrap()
        };
        let (one, two) = (manifest("hunter2-long"), manifest("swordfish-long"));
        let old = Secrets::of_inputs(&inputs, &value("hunter2-long"));
        let new = Secrets::of_inputs(&inputs, &value("swordfish-long"));
        let changes = compare(&one, &two, "default", &new);
        assert_eq!(
            shown_of(&changes),
            ["Update ConfigMap default/c: data.a: changed (hidden)"]
        );
        assert_eq!(digest(&one, &old), digest(&two, &new));
    }

    #[test]
    fn what_is_no_yaml_is_said() {
        assert!(objects("a: [").is_err());
        assert_eq!(objects("---\n---\n# nothing\n").unwrap(), []);
        let list =
            "kind: List\napiVersion: v1\nitems: [{kind: A, apiVersion: v1, metadata: {name: x}}]";
        assert_eq!(shown(&objects(list).unwrap()[0].key("n")), "A n/x");
    }
}
