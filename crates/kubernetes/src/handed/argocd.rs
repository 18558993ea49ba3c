//! What Argo CD says of itself: an Application is synced and healthy, an ApplicationSet has made its Applications. By the
//! fields that its controllers write (`status.sync`, `status.health`, `status.operationState`, conditions), as the real
//! controllers of version 3.2 do; older and newer ones say the same.
use crate::ready::State;
use serde_json::{Value as Json, json};

/// What asks for a look at an Application; taken away when it was heeded.
pub const REFRESH: &str = "argocd.argoproj.io/refresh";
/// What asks for a look at an ApplicationSet; taken away when its Applications are as it says.
pub const REFRESH_SET: &str = "argocd.argoproj.io/application-set-refresh";
/// Who syncs, in the words of Argo CD.
const WHO: &str = "strata";

/// Does this field manager own fields of ours only because it writes back whole what it read?
pub fn repeats(manager: &str) -> bool {
    [
        "argocd-application-controller",
        "argocd-applicationset-controller",
    ]
    .contains(&manager)
}

/// Takes out of an ApplicationSet what its controller adds when it writes it back: empty templates of generators.
pub fn as_written(object: &mut Json) {
    if object["kind"] == "ApplicationSet" && crate::object::what(object).group == "argoproj.io" {
        without_templates(&mut object["spec"]["generators"]);
    }
}

fn without_templates(json: &mut Json) {
    match json {
        Json::Array(all) => all.iter_mut().for_each(without_templates),
        Json::Object(all) => {
            if all.get("template").is_some_and(is_empty) {
                all.remove("template");
            }
            all.values_mut().for_each(without_templates);
        }
        _ => {}
    }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Object(all) => all.values().all(is_empty),
        Json::String(text) => text.is_empty(),
        _ => false,
    }
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    let at = object.pointer(pointer);
    at.and_then(Json::as_str).unwrap_or_default()
}

fn is_asked(object: &Json) -> bool {
    let said = &object["metadata"]["annotations"];
    said[REFRESH].is_string() || said[REFRESH_SET].is_string()
}

/// When its last sync began: what tells an old one from a new one.
pub fn last_sync(object: &Json) -> &str {
    text(object, "/status/operationState/startedAt")
}

/// What to merge into an Application so that it is synced, once it knows that it is behind. One that syncs by itself is told
/// to only when its last sync failed `before` it was asked to look: it does not try the same revision again.
pub fn sync(object: &Json, before: &str) -> Option<Json> {
    let policy = &object["spec"]["syncPolicy"];
    let automatic = policy["automated"].is_object() && policy["automated"]["enabled"] != false;
    let behind = !automatic && text(object, "/status/sync/status") == "OutOfSync";
    let gave_up = has_failed(object) && last_sync(object) == before;
    let wanted = (behind || gave_up) && !is_asked(object) && !is_syncing(object);
    wanted.then(|| {
        let now = &object["status"]["sync"];
        // what a sync that is told leaves out is not taken from the Application
        json!({"operation": {
            "initiatedBy": {"username": WHO},
            "retry": policy["retry"],
            "sync": {
                "revision": now["revision"], "revisions": now["revisions"],
                "prune": true, "syncOptions": policy["syncOptions"],
            },
        }})
    })
}

fn is_syncing(object: &Json) -> bool {
    object["operation"].is_object() || text(object, "/status/operationState/phase") == "Running"
}

/// Did its last sync fail, with the revision that it is to have?
fn has_failed(object: &Json) -> bool {
    // what failed with another revision is over
    let tried = ["operation/sync", "syncResult"]
        .iter()
        .map(|at| text(object, &format!("/status/operationState/{at}/revision")))
        .find(|revision| !revision.is_empty());
    let current = tried.is_none_or(|tried| tried == text(object, "/status/sync/revision"));
    let phase = text(object, "/status/operationState/phase");
    current && matches!(phase, "Failed" | "Error")
}

/// The state of an Application.
pub fn application(object: &Json) -> State {
    if is_asked(object) {
        return State::Waiting(format!("has not looked again: {}", nobody("controller")));
    }
    let last = text(object, "/status/operationState/message");
    if is_syncing(object) {
        let running = text(object, "/status/operationState/phase") == "Running";
        // such as a refusal, while it is tried again
        return State::Waiting(if running && !last.is_empty() {
            format!("is being synced: {last}")
        } else {
            "is being synced".to_owned()
        });
    }
    if has_failed(object) {
        return State::Failed(format!("its sync failed: {last}"));
    }
    let (sync, health) = (
        text(object, "/status/sync/status"),
        text(object, "/status/health/status"),
    );
    if sync == "Synced" && health == "Healthy" {
        return State::Ready;
    }
    let mut why = format!("is {} and {}", or_unknown(sync), or_unknown(health));
    let errors = complaints(object);
    for more in [text(object, "/status/health/message"), errors.as_str()] {
        if !more.is_empty() {
            why = format!("{why}: {more}");
        }
    }
    State::Waiting(why)
}

fn nobody(who: &str) -> String {
    format!("is Argo CD's {who} running, and does it look into this namespace?")
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "Unknown" } else { text }
}

/// What an Application complains of: its conditions are complaints and warnings.
fn complaints(object: &Json) -> String {
    let all = object["status"]["conditions"].as_array();
    let said = |c: &Json| {
        let kind = c["type"].as_str().filter(|t| t.ends_with("Error"))?;
        Some(format!("{kind}: {}", text(c, "/message")))
    };
    let all: Vec<String> = all.into_iter().flatten().filter_map(said).collect();
    all.join("; ")
}

/// The state of an ApplicationSet. Ready says that its Applications are there, and nothing of them.
pub fn set(object: &Json) -> State {
    let condition = |kind: &str, status: &str| {
        let all = object["status"]["conditions"].as_array();
        let mut all = all.into_iter().flatten();
        all.find(|c| c["type"] == kind && c["status"] == status)
    };
    let said = |c: &Json| format!("{}: {}", text(c, "/reason"), text(c, "/message"));
    // while it cannot make them it does not answer either
    if let Some(error) = condition("ErrorOccurred", "True") {
        return State::Failed(format!("makes no Applications: {}", said(error)));
    }
    if is_asked(object) {
        let who = "controller of ApplicationSets";
        return State::Waiting(format!("has not looked again: {}", nobody(who)));
    }
    let open = ["ParametersGenerated", "ResourcesUpToDate"]
        .into_iter()
        .find(|kind| condition(kind, "True").is_none());
    match open {
        None => State::Ready,
        Some(kind) => State::Waiting(match condition(kind, "False") {
            Some(why) => format!("has not made its Applications: {}", said(why)),
            None => format!("has not made its Applications: it does not say {kind} yet"),
        }),
    }
}

/// Is it an Application that this ApplicationSet made, and not one that it takes away?
pub fn is_made_by(application: &Json, set: &Json) -> bool {
    let owners = application["metadata"]["ownerReferences"].as_array();
    let mut owners = owners.into_iter().flatten();
    let uid = &set["metadata"]["uid"];
    uid.is_string()
        && owners.any(|o| o["uid"] == *uid)
        && application["metadata"]["deletionTimestamp"].is_null()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(status: &Json) -> Json {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": {}, "status": status})
    }

    fn failed(revision: &str) -> Json {
        app(&json!({
            "sync": {"status": "OutOfSync", "revision": revision},
            "operationState": {"phase": "Failed", "message": "forbidden", "startedAt": "then", "syncResult": {"revision": "abc"}},
        }))
    }

    #[test]
    fn an_application_is_ready_when_it_is_synced_and_healthy() {
        let good = app(
            &json!({"sync": {"status": "Synced", "revision": "abc"}, "health": {"status": "Healthy"}}),
        );
        assert_eq!(application(&good), State::Ready);
        let mut asked = good.clone();
        asked["metadata"]["annotations"] = json!({REFRESH: "normal"});
        assert!(matches!(application(&asked), State::Waiting(_)));
        let mut told = good;
        told["operation"] = json!({"sync": {}});
        assert!(matches!(application(&told), State::Waiting(_)));
        let ill = app(
            &json!({"sync": {"status": "Unknown"}, "health": {"status": "Missing"},
            "conditions": [{"type": "SharedResourceWarning", "message": "two"}, {"type": "ComparisonError", "message": "no such path"}]}),
        );
        assert_eq!(
            application(&ill),
            State::Waiting("is Unknown and Missing: ComparisonError: no such path".to_owned())
        );
    }

    #[test]
    fn a_sync_that_failed_counts_for_its_revision() {
        assert_eq!(
            application(&failed("abc")),
            State::Failed("its sync failed: forbidden".to_owned())
        );
        assert!(matches!(application(&failed("def")), State::Waiting(_)));
    }

    #[test]
    fn what_is_tried_again_says_why() {
        let mut object = failed("abc");
        object["status"]["operationState"]["phase"] = "Running".into();
        assert_eq!(
            application(&object),
            State::Waiting("is being synced: forbidden".to_owned())
        );
    }

    #[test]
    fn only_what_nobody_syncs_is_synced() {
        let behind = app(&json!({"sync": {"status": "OutOfSync", "revision": "abc"}}));
        assert_eq!(
            sync(&behind, "").unwrap()["operation"]["sync"]["revision"],
            "abc"
        );
        let mut automatic = behind.clone();
        automatic["spec"] = json!({"syncPolicy": {"automated": {}}});
        assert_eq!(sync(&automatic, ""), None);
        automatic["spec"]["syncPolicy"]["automated"]["enabled"] = false.into();
        assert!(sync(&automatic, "").is_some());
        let mut under_way = behind;
        under_way["operation"] = json!({});
        assert_eq!(sync(&under_way, ""), None);
    }

    #[test]
    fn what_gave_up_before_is_tried_again_with_its_options() {
        let mut object = failed("abc");
        object["spec"] =
            json!({"syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]}});
        let told = sync(&object, "then").expect("a sync");
        assert_eq!(
            told["operation"]["sync"]["syncOptions"],
            json!(["CreateNamespace=true"])
        );
        assert_eq!(sync(&object, "earlier"), None);
    }

    fn of(conditions: &Json) -> Json {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
            "metadata": {"name": "s", "uid": "u"}, "status": {"conditions": conditions}})
    }

    #[test]
    fn a_set_is_ready_when_it_says_so() {
        assert!(matches!(set(&of(&json!([]))), State::Waiting(_)));
        let good = of(&json!([
            {"type": "ErrorOccurred", "status": "False"},
            {"type": "ParametersGenerated", "status": "True"},
            {"type": "ResourcesUpToDate", "status": "True"},
        ]));
        assert_eq!(set(&good), State::Ready);
        let mut asked = good;
        asked["metadata"]["annotations"] = json!({REFRESH_SET: "true"});
        assert!(matches!(set(&asked), State::Waiting(_)));
        let bad = of(
            &json!([{"type": "ErrorOccurred", "status": "True", "reason": "R", "message": "m"}]),
        );
        assert_eq!(
            set(&bad),
            State::Failed("makes no Applications: R: m".to_owned())
        );
    }

    #[test]
    fn empty_templates_of_generators_are_the_controllers() {
        let mut object = of(&json!([]));
        object["spec"] = json!({"generators": [
            {"list": {"elements": [{"name": "one"}], "template": {"metadata": {}, "spec": {"destination": {}, "project": ""}}}},
            {"list": {"elements": [], "template": {"metadata": {"name": "mine"}}}},
        ], "template": {}});
        as_written(&mut object);
        let wanted = json!({"generators": [
            {"list": {"elements": [{"name": "one"}]}},
            {"list": {"elements": [], "template": {"metadata": {"name": "mine"}}}},
        ], "template": {}});
        assert_eq!(object["spec"], wanted);
    }

    #[test]
    fn an_application_belongs_to_the_set_that_owns_it() {
        let mut one = app(&json!({}));
        assert!(!is_made_by(&one, &of(&json!([]))));
        one["metadata"]["ownerReferences"] = json!([{"uid": "u"}]);
        assert!(is_made_by(&one, &of(&json!([]))));
        one["metadata"]["deletionTimestamp"] = "now".into();
        assert!(!is_made_by(&one, &of(&json!([]))));
    }
}
