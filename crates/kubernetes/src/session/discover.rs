//! Which kinds a cluster serves: asked once, in two requests where the server can (aggregated discovery), else once for
//! each version that is used.
use super::api::{Api, encode};
use crate::{
    fault::{Fault, Refusal},
    object::{GroupKind, Key},
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use strata_core::cluster::Answer;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// How a kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    /// Its version.
    pub version: String,
    /// `deployments`
    pub plural: String,
    /// Are its objects in namespaces?
    pub namespaced: bool,
}

/// All that a cluster serves. The versions of a kind are in the server's order: the best first.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    by_kind: BTreeMap<GroupKind, Vec<Served>>,
}

impl Kinds {
    /// Asks. `used` are API versions (`apps/v1`) that matter when the server cannot tell all at once.
    pub(super) async fn discover(api: &Api, used: &BTreeSet<String>) -> Result<Self, Refusal> {
        let mut kinds = Self::default();
        for root in ["/api", "/apis"] {
            let json = api.look(root, AGGREGATED).await?;
            if json["kind"] == "APIGroupDiscoveryList" {
                kinds.aggregated(&json);
                continue;
            }
            for version in used.iter().filter(|v| v.contains('/') == (root == "/apis")) {
                match api
                    .look(&format!("{root}/{version}"), "application/json")
                    .await
                {
                    Ok(json) => kinds.version(version, &json),
                    Err(refusal) if refusal.is_missing() => {}
                    Err(refusal) => return Err(refusal),
                }
            }
        }
        Ok(kinds)
    }

    fn aggregated(&mut self, json: &Json) {
        for group in json["items"].as_array().into_iter().flatten() {
            let name = group["metadata"]["name"].as_str().unwrap_or_default();
            for version in group["versions"].as_array().into_iter().flatten() {
                let number = version["version"].as_str().unwrap_or_default();
                for resource in version["resources"].as_array().into_iter().flatten() {
                    let kind = resource["responseKind"]["kind"]
                        .as_str()
                        .unwrap_or_default();
                    let namespaced = resource["scope"] == "Namespaced";
                    self.add(
                        name,
                        number,
                        kind,
                        resource["resource"].as_str(),
                        namespaced,
                    );
                }
            }
        }
    }
    fn version(&mut self, version: &str, json: &Json) {
        for resource in json["resources"].as_array().into_iter().flatten() {
            let plural = resource["name"].as_str().filter(|n| !n.contains('/'));
            let kind = resource["kind"].as_str().unwrap_or_default();
            let group = crate::object::group_of(version);
            let number = crate::object::version_of(version);
            self.add(group, number, kind, plural, resource["namespaced"] == true);
        }
    }
    fn add(
        &mut self,
        group: &str,
        version: &str,
        kind: &str,
        plural: Option<&str>,
        namespaced: bool,
    ) {
        let Some(plural) = plural.filter(|_| !kind.is_empty()) else {
            return;
        };
        let what = GroupKind {
            group: group.to_owned(),
            kind: kind.to_owned(),
        };
        self.by_kind.entry(what).or_default().push(Served {
            version: version.to_owned(),
            plural: plural.to_owned(),
            namespaced,
        });
    }

    /// How a kind is served in a version.
    pub(super) fn exactly(&self, what: &GroupKind, version: &str) -> Option<&Served> {
        self.by_kind
            .get(what)?
            .iter()
            .find(|s| s.version == version)
    }
    /// How a kind is served, in whatever version.
    pub(super) fn any(&self, what: &GroupKind) -> Option<&Served> {
        self.by_kind.get(what)?.first()
    }
    /// What serves a kind today: other versions, or groups with a kind of that name.
    pub(super) fn instead_of(&self, what: &GroupKind) -> Vec<String> {
        let spell = |what: &GroupKind, s: &Served| match what.group.as_str() {
            "" => s.version.clone(),
            group => format!("{group}/{}", s.version),
        };
        let same = self.by_kind.iter().filter(|(w, _)| w.kind == what.kind);
        let (own, others): (Vec<_>, Vec<_>) = same.partition(|(w, _)| w.group == what.group);
        let list = if own.is_empty() { others } else { own };
        list.into_iter()
            .flat_map(|(w, all)| all.iter().map(move |s| spell(w, s)))
            .collect()
    }
    /// Every version and every kind, as charts ask for them: `apps/v1`, `apps/v1/Deployment`.
    fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (what, all) in &self.by_kind {
            for served in all {
                let version = match what.group.as_str() {
                    "" => served.version.clone(),
                    group => format!("{group}/{}", served.version),
                };
                names.insert(format!("{version}/{}", what.kind));
                names.insert(version);
            }
        }
        names
    }
    /// Kinds of a name, in whatever group.
    pub(super) fn named(&self, kind: &str) -> Vec<GroupKind> {
        let all = self.by_kind.keys().filter(|w| w.kind == kind);
        all.cloned().collect()
    }
    /// Names of kinds in a group.
    pub(super) fn of_group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.by_kind.keys().filter(move |w| w.group == group);
        own.map(|w| w.kind.as_str())
    }
}

/// All that a cluster serves, for tools that want to be told.
pub(super) async fn all(api: &Api, answer: &mut Answer) -> Result<(), Fault> {
    let kinds = Kinds::discover(api, &BTreeSet::new())
        .await
        .map_err(|r| r.about("the list of kinds", ""))?;
    answer.serves = kinds.names().into_iter().collect();
    Ok(())
}

/// Where the objects of a kind are, in a namespace or in all.
pub(super) fn collection(group: &str, served: &Served, namespace: &str) -> String {
    let mut path = if group.is_empty() {
        format!("/api/{}", served.version)
    } else {
        format!("/apis/{group}/{}", served.version)
    };
    if served.namespaced && !namespace.is_empty() {
        path.push_str(&format!("/namespaces/{}", encode(namespace)));
    }
    format!("{path}/{}", served.plural)
}

/// Where an object is.
pub(super) fn path(served: &Served, key: &Key) -> String {
    let folder = collection(&key.what.group, served, &key.namespace);
    format!("{folder}/{}", encode(&key.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_ways_of_telling_give_the_same() {
        let mut a = Kinds::default();
        a.aggregated(&json!({"items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [
            {"resource": "deployments", "scope": "Namespaced", "responseKind": {"kind": "Deployment"}}]}]}]}));
        let mut b = Kinds::default();
        b.version("apps/v1", &json!({"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": true}, {"name": "deployments/scale", "kind": "Scale"}]}));
        let what = GroupKind {
            group: "apps".into(),
            kind: "Deployment".into(),
        };
        assert_eq!(a.exactly(&what, "v1"), b.exactly(&what, "v1"));
        assert_eq!(
            a.names().into_iter().collect::<Vec<_>>(),
            ["apps/v1", "apps/v1/Deployment"]
        );
        let old = GroupKind {
            group: "extensions".into(),
            kind: "Deployment".into(),
        };
        assert_eq!(a.instead_of(&old), ["apps/v1"]);
        let key = Key {
            what,
            namespace: "n".into(),
            name: "a:b/c".into(),
        };
        assert_eq!(
            path(a.any(&key.what).unwrap(), &key),
            "/apis/apps/v1/namespaces/n/deployments/a:b%2Fc"
        );
    }
}
