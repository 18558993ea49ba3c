//! What Flux's objects take from which, and which revision of it: a Kustomization and a chart from a source, a HelmRelease
//! from a chart. Its controllers hear of each other a moment late, so who answered may have looked too early.
use crate::{
    handed::{To, is_suspended, revision, to},
    object::{GroupKind, Key, key, what},
    ready::{self, State},
};
use serde_json::Value as Json;

/// The group of what is fetched.
pub const SOURCES: &str = "source.toolkit.fluxcd.io";
/// The kind of a chart that is fetched.
const CHART: &str = "HelmChart";
/// Labels that Flux gives to all that a HelmRelease applies, hooks left out.
const RELEASE: [&str; 2] = [
    "helm.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace",
];

/// Is it a source that no controller looks at? Repositories of charts in a registry are asked when a chart is taken, and
/// an artifact of somebody else is theirs.
pub fn is_only_said(object: &Json) -> bool {
    let what = what(object);
    let registry = what.kind == "HelmRepository" && object["spec"]["type"] == "oci";
    what.group == SOURCES && (registry || what.kind == "ExternalArtifact")
}

/// Is it a release of Helm?
pub fn is_release(object: &Json) -> bool {
    what(object).kind == "HelmRelease"
}

/// What Helm says of a chart or of values that it cannot render. Flux tries again and again, as long as nothing is stored.
const NOT_RENDERED: [&str; 4] = [
    "values don't meet the specifications of the schema",
    "execution error at (",
    "parse error at (",
    "YAML parse error on ",
];

/// Does a message of a failed release tell of something that no other try mends?
pub fn never_passes(message: &str) -> bool {
    NOT_RENDERED.iter().any(|said| message.contains(said))
}

/// The chart that Flux fetches for a HelmRelease which says what to fetch: an object of its own, that Flux makes.
pub fn chart(release: &Json) -> Option<Key> {
    let spec = &release["spec"]["chart"]["spec"];
    if !is_release(release) || !spec.is_object() || is_suspended(release) {
        return None;
    }
    let own = key(release);
    let space = spec["sourceRef"]["namespace"].as_str();
    Some(Key {
        what: GroupKind {
            group: SOURCES.to_owned(),
            kind: CHART.to_owned(),
        },
        name: format!("{}-{}", own.namespace, own.name),
        namespace: space
            .filter(|s| !s.is_empty())
            .map_or(own.namespace, str::to_owned),
    })
}

/// Is what answered behind one of those that it takes from, as they are known to be? `answer` is what it said.
pub fn behind<'a>(
    object: &Json,
    sources: impl IntoIterator<Item = &'a Json>,
    answer: &State,
) -> Option<State> {
    let from = takes(object)?;
    let source = sources.into_iter().find(|source| key(source) == from);
    let but = match answer {
        State::Waiting(why) | State::Failed(why) => format!("; it says: {why}"),
        State::Ready => String::new(),
    };
    let Some(source) = source else {
        // what this unit does not hand over is not known
        let its_own = chart(object)? == from;
        return its_own.then(|| State::Waiting(format!("{from} is not ready{but}")));
    };
    let (wanted, taken) = (revision(source)?, taken(object, &from));
    let same = taken == wanted || (from.what.kind == "OCIRepository" && digest(wanted) == taken);
    (!same).then(|| {
        let has = if taken.is_empty() { "nothing" } else { taken };
        State::Waiting(format!("has {has}, and {from} is at {wanted}{but}"))
    })
}

/// What an object takes from, unless it is suspended.
pub fn takes(object: &Json) -> Option<Key> {
    if is_suspended(object) {
        return None;
    }
    let reference = match what(object).kind.as_str() {
        "Kustomization" | CHART => &object["spec"]["sourceRef"],
        "HelmRelease" => match chart(object) {
            Some(chart) => return Some(chart),
            None => &object["spec"]["chartRef"],
        },
        _ => return None,
    };
    let text = |of: &str| Some(reference[of].as_str()?.to_owned()).filter(|text| !text.is_empty());
    Some(Key {
        what: GroupKind {
            group: SOURCES.to_owned(),
            kind: text("kind")?,
        },
        namespace: text("namespace").unwrap_or_else(|| key(object).namespace),
        name: text("name")?,
    })
}

/// The revision of it that was taken.
fn taken<'a>(object: &'a Json, from: &Key) -> &'a str {
    let at = match (to(object), from.what.kind.as_str()) {
        (Some(To::Source), _) => "observedSourceArtifactRevision",
        (_, "OCIRepository") if is_release(object) => "lastAttemptedRevisionDigest",
        _ => return revision(object).unwrap_or_default(),
    };
    object["status"][at].as_str().unwrap_or_default()
}

/// The digest in `TAG@DIGEST`, or in what is a digest alone.
fn digest(revision: &str) -> &str {
    revision.rsplit_once('@').map_or(revision, |(_, d)| d)
}

/// Did Flux look since it was told to?
pub fn has_answered(object: &Json, at: &str) -> bool {
    object["status"]["lastHandledReconcileAt"] == at
}

/// What Flux answered. Of what it could not do it says that it has not observed it.
pub fn answered(object: &Json) -> State {
    let all = object["status"]["conditions"].as_array();
    let mut all = all.into_iter().flatten();
    let ready = all.find(|c| c["type"] == "Ready" && c["status"] == "False");
    let state = ready::state(object);
    let Some(said) = ready.filter(|_| state != State::Ready) else {
        return state;
    };
    let text = |key: &str| said[key].as_str().unwrap_or_default();
    let why = format!("{}: {}", text("reason"), text("message"));
    // that it gave up is said apart, without the reason
    let gave_up = matches!(state, State::Failed(_));
    if gave_up || (is_release(object) && never_passes(&why)) {
        return State::Failed(why);
    }
    State::Waiting(format!("is not Ready: {why}"))
}

/// What Flux does before it answers: health checks, for one, come before the answer.
pub fn at_work(object: &Json) -> String {
    let all = object["status"]["conditions"].as_array();
    let mut all = all.into_iter().flatten();
    let busy = all.find(|c| c["type"] == "Reconciling" && c["status"] == "True");
    match busy.and_then(|c| c["message"].as_str()) {
        Some(what) => format!("is at work: {what}"),
        None => "has not looked again: is Flux's controller of it running?".to_owned(),
    }
}

/// How to find what a HelmRelease applied: its namespace, and a selector of labels.
pub fn labelled(release: &Json) -> Option<(String, String)> {
    let own = key(release);
    let space = release["spec"]["targetNamespace"].as_str();
    let space = space.map_or_else(|| own.namespace.clone(), str::to_owned);
    let [name, namespace] = RELEASE;
    is_release(release).then(|| {
        let selector = format!("{name}={},{namespace}={}", own.name, own.namespace);
        (space, selector)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(kind: &str, name: &str, spec: &Json, status: &Json) -> Json {
        let group = match kind {
            "HelmRelease" => "helm.toolkit.fluxcd.io/v2",
            "Kustomization" => "kustomize.toolkit.fluxcd.io/v1",
            _ => "source.toolkit.fluxcd.io/v1",
        };
        json!({"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "n"}, "spec": spec, "status": status})
    }

    fn says(object: &Json, sources: &[&Json]) -> Option<String> {
        match behind(object, sources.iter().copied(), &State::Ready)? {
            State::Waiting(why) => Some(why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_looked_too_early_is_behind() {
        let git = |revision: &str| {
            object(
                "GitRepository",
                "app",
                &json!({}),
                &json!({"artifact": {"revision": revision}}),
            )
        };
        let named = json!({"sourceRef": {"kind": "GitRepository", "name": "app"}});
        let applied = json!({"lastAppliedRevision": "main@sha1:abc"});
        let mut it = object("Kustomization", "it", &named, &applied);
        assert_eq!(says(&it, &[&git("main@sha1:abc")]), None);
        let why = says(&it, &[&git("main@sha1:def")]).unwrap();
        assert!(
            why.contains("main@sha1:abc") && why.contains("main@sha1:def"),
            "{why}"
        );
        let mut other = git("main@sha1:def");
        other["metadata"]["name"] = "other".into();
        assert_eq!(says(&it, &[&other]), None);
        it["spec"]["suspend"] = true.into();
        assert_eq!(says(&it, &[&git("main@sha1:def")]), None);
        let seen = json!({"observedSourceArtifactRevision": "main@sha1:abc"});
        let chart = object("HelmChart", "it", &named, &seen);
        assert_eq!(says(&chart, &[&git("main@sha1:abc")]), None);
        assert!(says(&chart, &[&git("main@sha1:def")]).is_some());
    }

    #[test]
    fn a_release_waits_for_the_chart_that_flux_makes_for_it() {
        let spec = json!({"chart": {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "r", "namespace": "m"}}}});
        let it = object(
            "HelmRelease",
            "it",
            &spec,
            &json!({"lastAttemptedRevision": "1.0.0"}),
        );
        let key = chart(&it).unwrap();
        assert_eq!(key.to_string(), "HelmChart.source.toolkit.fluxcd.io m/n-it");
        assert!(says(&it, &[]).unwrap().contains("m/n-it is not ready"));
        let mut made = object(
            "HelmChart",
            "n-it",
            &json!({}),
            &json!({"artifact": {"revision": "1.0.0"}}),
        );
        made["metadata"]["namespace"] = "m".into();
        assert_eq!(says(&it, &[&made]), None);
        made["status"]["artifact"]["revision"] = "2.0.0".into();
        assert!(says(&it, &[&made]).unwrap().contains("has 1.0.0"));
        // what failed at the old one says so, and is not over
        let failed = State::Failed("upgrade failed".to_owned());
        let Some(State::Waiting(why)) = behind(&it, [&made], &failed) else {
            panic!("it is behind")
        };
        assert!(why.ends_with("it says: upgrade failed"), "{why}");
    }

    #[test]
    fn a_chart_of_a_registry_is_known_by_its_digest() {
        let spec = json!({"chartRef": {"kind": "OCIRepository", "name": "web"}});
        let status = json!({"lastAttemptedRevision": "1.0.0+abc", "lastAttemptedRevisionDigest": "sha256:abc"});
        let it = object("HelmRelease", "it", &spec, &status);
        let source = |revision: &str| {
            object(
                "OCIRepository",
                "web",
                &json!({}),
                &json!({"artifact": {"revision": revision}}),
            )
        };
        for same in ["1.0.0@sha256:abc", "sha256:abc"] {
            assert_eq!(says(&it, &[&source(same)]), None);
        }
        assert!(says(&it, &[&source("1.0.0@sha256:def")]).is_some());
        assert_eq!((chart(&it), says(&it, &[])), (None, None));
    }

    #[test]
    fn a_repository_of_charts_in_a_registry_is_looked_at_by_nobody() {
        let registry = object("HelmRepository", "r", &json!({"type": "oci"}), &json!({}));
        let server = object("HelmRepository", "r", &json!({}), &json!({}));
        assert!(is_only_said(&registry) && !is_only_said(&server));
    }

    /// As the real helm-controller (1.4.5) leaves it.
    fn release(conditions: &Json) -> Json {
        json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "shop", "namespace": "n", "generation": 3},
            "status": {"observedGeneration": 2, "lastHandledReconcileAt": "1", "conditions": conditions},
        })
    }

    #[test]
    fn a_release_fails_with_the_words_of_helm() {
        let why = "Helm upgrade failed for release n/shop with chart web@1.0.0: ";
        let upgrade = |said: &str| json!({"type": "Ready", "status": "False", "reason": "UpgradeFailed", "message": format!("{why}{said}")});
        // it gave up: how often it tried is no reason
        let hook = upgrade("pre-upgrade hooks failed");
        let gave_up = json!({"type": "Stalled", "status": "True", "reason": "RetriesExceeded", "message": "Failed to upgrade after 1 attempt(s)"});
        let mut object = release(&json!([gave_up, hook]));
        object["status"]["observedGeneration"] = 3.into();
        let want = format!("UpgradeFailed: {why}pre-upgrade hooks failed");
        assert_eq!(answered(&object), State::Failed(want));
        // it has not observed what it could not do, and tries it for ever
        let values = upgrade("values don't meet the specifications of the schema(s)");
        let object = release(&json!([values]));
        assert!(matches!(answered(&object), State::Failed(_)));
        let webhook = upgrade("failed calling webhook");
        let State::Waiting(why) = answered(&release(&json!([webhook]))) else {
            panic!("that may pass")
        };
        assert!(why.contains("UpgradeFailed"), "{why}");
    }
}
