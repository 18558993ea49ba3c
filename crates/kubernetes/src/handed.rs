//! Objects that are handed over to Flux or to Argo CD: told to look again, and ready when they did and all that they
//! apply is ready. By the API of Flux (`reconcile.fluxcd.io/requestedAt`, answered in `status.lastHandledReconcileAt`) and
//! of [Argo CD](argocd).
pub mod argocd;
pub mod flux;

use crate::{
    object::what,
    ready::{self, State},
};
use serde_json::{Value as Json, json};

/// What asks Flux to look now.
const FLUX: &str = "reconcile.fluxcd.io/requestedAt";
/// What makes Flux forget how often a release failed: who asks anew wants it tried anew.
const RESET: &str = "reconcile.fluxcd.io/resetAt";

/// Who it is handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// A source of Flux: it comes before those that take from it.
    Source,
    /// Something of Flux that applies.
    Flux,
    /// An Application of Argo CD.
    ArgoCd,
    /// An ApplicationSet of Argo CD, which makes Applications.
    Set,
}

/// To whom an object is handed over, if it is.
pub fn to(object: &Json) -> Option<To> {
    let what = what(object);
    match (what.group.as_str(), what.kind.as_str()) {
        ("source.toolkit.fluxcd.io", _) => Some(To::Source),
        ("kustomize.toolkit.fluxcd.io", "Kustomization")
        | ("helm.toolkit.fluxcd.io", "HelmRelease") => Some(To::Flux),
        ("argoproj.io", "Application") => Some(To::ArgoCd),
        ("argoproj.io", "ApplicationSet") => Some(To::Set),
        _ => None,
    }
}

/// Does it say of itself that nobody is to touch it?
pub fn is_suspended(object: &Json) -> bool {
    object["spec"]["suspend"] == true
}

/// What to merge into an object so that it is looked at now; `at` is new each time.
pub fn nudge(object: &Json, at: &str) -> Option<Json> {
    let annotate = |key: &str, value: &str| json!({"metadata": {"annotations": {key: value}}});
    match to(object)? {
        _ if is_suspended(object) || flux::is_only_said(object) => None,
        To::Flux if flux::is_release(object) => {
            Some(json!({"metadata": {"annotations": {FLUX: at, RESET: at}}}))
        }
        To::Source | To::Flux => Some(annotate(FLUX, at)),
        To::ArgoCd => Some(annotate(argocd::REFRESH, "normal")),
        To::Set => Some(annotate(argocd::REFRESH_SET, "true")),
    }
}

/// The state of an object after it was told to look `at` that time.
pub fn state(object: &Json, at: &str) -> State {
    match to(object) {
        _ if is_suspended(object) => State::Ready,
        Some(To::Source | To::Flux) if flux::is_only_said(object) => ready::state(object),
        Some(To::Source | To::Flux) if flux::has_answered(object, at) => flux::answered(object),
        Some(To::Source | To::Flux) => State::Waiting(flux::at_work(object)),
        Some(To::ArgoCd) => argocd::application(object),
        Some(To::Set) => argocd::set(object),
        None => ready::state(object),
    }
}

/// The revision that was applied last, of what applies; of a source the one that it has.
pub fn revision(object: &Json) -> Option<&str> {
    let at = match to(object)? {
        To::Source => "/status/artifact/revision",
        To::Flux if flux::is_release(object) => "/status/lastAttemptedRevision",
        To::Flux => "/status/lastAppliedRevision",
        To::ArgoCd => "/status/sync/revision",
        To::Set => return None,
    };
    object.pointer(at)?.as_str().filter(|r| !r.is_empty())
}

/// One of the objects that it applied: group, version, kind, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Group, empty for the core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty for what has none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// The objects that it says it applied to its own cluster: Flux's inventory, Argo CD's resources.
pub fn applied(object: &Json) -> Vec<Applied> {
    if object["spec"]["kubeConfig"].is_object() {
        return vec![];
    }
    let text = |json: &Json, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    match to(object) {
        Some(To::Flux) => {
            let all = object["status"]["inventory"]["entries"].as_array();
            let one = |entry: &Json| of_inventory(entry["id"].as_str()?, text(entry, "v"));
            all.into_iter().flatten().filter_map(one).collect()
        }
        Some(To::ArgoCd) => {
            let all = object["status"]["resources"].as_array();
            let one = |r: &Json| Applied {
                group: text(r, "group"),
                version: text(r, "version"),
                kind: text(r, "kind"),
                namespace: text(r, "namespace"),
                name: text(r, "name"),
            };
            all.into_iter().flatten().map(one).collect()
        }
        _ => vec![],
    }
}

/// `NAMESPACE_NAME_GROUP_KIND`; a colon in a name is written `__` (cli-utils, `ObjMetadata`).
fn of_inventory(id: &str, version: String) -> Option<Applied> {
    let (namespace, rest) = id.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    Some(Applied {
        group: group.to_owned(),
        version,
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.replace("__", ":"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kustomization(handled: &str, ready: &str) -> Json {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": "flux-system", "generation": 2},
            "status": {
                "observedGeneration": 2, "lastHandledReconcileAt": handled,
                "lastAppliedRevision": "main@sha1:abc",
                "conditions": [{"type": "Ready", "status": ready, "reason": "R", "message": "m"}],
                "inventory": {"entries": [
                    {"id": "default_one__ConfigMap", "v": "v1"},
                    {"id": "_system__admin_rbac.authorization.k8s.io_ClusterRole", "v": "v1"},
                    {"id": "web_web_apps_Deployment", "v": "v1"},
                ]},
            },
        })
    }

    #[test]
    fn an_old_ready_is_none() {
        let mut busy = kustomization("1", "True");
        let State::Waiting(why) = state(&busy, "2") else {
            panic!("it has not answered")
        };
        assert!(why.contains("controller"), "{why}");
        busy["status"]["conditions"] =
            json!([{"type": "Reconciling", "status": "True", "message": "Running checks"}]);
        let want = "is at work: Running checks".to_owned();
        assert_eq!(state(&busy, "2"), State::Waiting(want));
        assert_eq!(state(&kustomization("2", "True"), "2"), State::Ready);
        let State::Waiting(why) = state(&kustomization("2", "False"), "2") else {
            panic!("it may still get ready")
        };
        assert!(why.contains("R: m"), "{why}");
    }

    #[test]
    fn who_asks_anew_wants_it_tried_anew() {
        let release = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "shop"}});
        let nudge = nudge(&release, "2").unwrap();
        let asked = &nudge["metadata"]["annotations"];
        assert_eq!((&asked[FLUX], &asked[RESET]), (&"2".into(), &"2".into()));
    }

    #[test]
    fn what_is_applied_elsewhere_is_not_looked_for_here() {
        let mut object = kustomization("1", "True");
        object["spec"] = json!({"kubeConfig": {"secretRef": {"name": "other"}}});
        assert!(applied(&object).is_empty());
    }

    #[test]
    fn what_is_suspended_is_left_alone() {
        let mut object = kustomization("1", "False");
        object["spec"] = json!({"suspend": true});
        assert_eq!(
            (nudge(&object, "2"), state(&object, "2")),
            (None, State::Ready)
        );
    }

    #[test]
    fn an_inventory_names_objects() {
        let all = applied(&kustomization("1", "True"));
        let short: Vec<String> = all
            .iter()
            .map(|a| format!("{}|{}|{}|{}", a.namespace, a.name, a.group, a.kind))
            .collect();
        let want = [
            "default|one||ConfigMap",
            "|system:admin|rbac.authorization.k8s.io|ClusterRole",
            "web|web|apps|Deployment",
        ];
        assert_eq!(short, want);
    }
}
