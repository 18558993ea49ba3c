//! Is an object ready? The rules of kstatus (`sigs.k8s.io/cli-utils`): by kind where Kubernetes has one, else by what
//! objects agree to say of themselves (`observedGeneration`, conditions `Ready`, `Reconciling`, `Stalled`).
use crate::object;
use serde_json::Value as Json;

/// What can be told of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ready,
    /// On its way; what is missing.
    Waiting(String),
    /// It will not get ready by itself; why.
    Failed(String),
}

use State::{Failed, Ready, Waiting};

/// The state of an object as the server has it.
pub fn state(json: &Json) -> State {
    if json["metadata"]["deletionTimestamp"].is_string() {
        return Waiting("is being deleted".to_owned());
    }
    if let Some(waiting) = not_observed(json) {
        return waiting;
    }
    let what = object::what(json);
    match (what.group.as_str(), what.kind.as_str()) {
        ("apps", "Deployment") => deployment(json),
        ("apps", "StatefulSet") => stateful_set(json),
        ("apps", "DaemonSet") => daemon_set(json),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => replica_set(json),
        ("batch", "Job") => job(json),
        ("", "Pod") => pod(json),
        ("", "PersistentVolumeClaim") => match phase(json) {
            "Bound" => Ready,
            other => Waiting(format!("is {}, not Bound", or(other, "Pending"))),
        },
        ("", "Service") => service(json),
        ("", "Namespace") => match phase(json) {
            "Active" | "" => Ready,
            other => Waiting(format!("is {other}")),
        },
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(json),
        ("apiregistration.k8s.io", "APIService") => needs_condition(json, "Available"),
        ("", "Node") => needs_condition(json, "Ready"),
        ("policy", "PodDisruptionBudget") => Ready,
        // Gatekeeper has no condition for it: what comes next is of the kind that it makes
        ("templates.gatekeeper.sh", "ConstraintTemplate") => template(json),
        _ => generic(json),
    }
}

/// Can an object of this kind be anything but ready as soon as it is there?
pub fn takes_time(json: &Json) -> bool {
    let what = object::what(json);
    !matches!(
        (what.group.as_str(), what.kind.as_str()),
        (
            "",
            "ConfigMap"
                | "Secret"
                | "ServiceAccount"
                | "Namespace"
                | "LimitRange"
                | "ResourceQuota"
                | "Endpoints"
        ) | (
            "rbac.authorization.k8s.io" | "scheduling.k8s.io" | "storage.k8s.io" | "node.k8s.io",
            _
        ) | ("batch", "CronJob")
            | ("networking.k8s.io", "NetworkPolicy" | "IngressClass")
    )
}

/// The Services, by namespace and name, that have to serve before a configuration of webhooks is of use.
pub fn services(json: &Json) -> Vec<(String, String)> {
    if object::what(json).group != "admissionregistration.k8s.io" {
        return Vec::new();
    }
    let hooks = json["webhooks"].as_array().into_iter().flatten();
    let closed = hooks.filter(|h| h["failurePolicy"] != "Ignore");
    let mut out: Vec<(String, String)> = closed
        .filter_map(|hook| {
            let service = &hook["clientConfig"]["service"];
            let text = |key: &str| service[key].as_str().map(str::to_owned);
            Some((text("namespace")?, text("name")?))
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

/// Does an EndpointSlice name somebody who is ready?
pub fn has_endpoint(slice: &Json) -> bool {
    let mut endpoints = slice["endpoints"].as_array().into_iter().flatten();
    endpoints.any(|e| e["conditions"]["ready"] != false)
}

fn not_observed(json: &Json) -> Option<State> {
    let generation = json["metadata"]["generation"].as_i64()?;
    let observed = json["status"]["observedGeneration"].as_i64()?;
    (observed < generation)
        .then(|| Waiting("its controller has not seen the change yet".to_owned()))
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

fn phase(json: &Json) -> &str {
    json["status"]["phase"].as_str().unwrap_or_default()
}

/// Status, reason and message of a condition.
fn condition<'a>(json: &'a Json, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let all = json["status"]["conditions"].as_array()?;
    let found = all.iter().find(|c| c["type"] == kind)?;
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

fn said(reason: &str, message: &str) -> String {
    match (reason, message) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

fn needs_condition(json: &Json, kind: &str) -> State {
    match condition(json, kind) {
        Some(("True", ..)) => Ready,
        Some((_, reason, message)) => Waiting(format!("is not {kind}: {}", said(reason, message))),
        None => Waiting(format!("does not say yet whether it is {kind}")),
    }
}

fn number(json: &Json, pointer: &str) -> i64 {
    json.pointer(pointer).and_then(Json::as_i64).unwrap_or(0)
}

fn wanted(json: &Json) -> i64 {
    json["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn seen(json: &Json) -> bool {
    json["status"]["observedGeneration"].is_i64() || json["status"]["observedGeneration"].is_u64()
}

fn deployment(json: &Json) -> State {
    if !seen(json) {
        return Waiting("its controller has not seen it yet".to_owned());
    }
    if let Some(("False", "ProgressDeadlineExceeded", message)) = condition(json, "Progressing") {
        return Failed(message.to_owned());
    }
    let want = wanted(json);
    let updated = number(json, "/status/updatedReplicas");
    let ready = number(json, "/status/readyReplicas");
    let available = number(json, "/status/availableReplicas");
    let total = number(json, "/status/replicas");
    if updated < want {
        return Waiting(format!("{updated} of {want} replicas are updated"));
    }
    if total > updated {
        return Waiting(format!("{} old replicas have to go", total - updated));
    }
    if ready < want {
        return Waiting(format!("{ready} of {want} replicas are ready"));
    }
    if available < want {
        return Waiting(format!("{available} of {want} replicas are available"));
    }
    Ready
}

fn stateful_set(json: &Json) -> State {
    if json["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return Ready;
    }
    if !seen(json) {
        return Waiting("its controller has not seen it yet".to_owned());
    }
    let want = wanted(json);
    let ready = number(json, "/status/readyReplicas");
    if ready < want {
        return Waiting(format!("{ready} of {want} replicas are ready"));
    }
    let partition = number(json, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = number(json, "/status/updatedReplicas");
    if updated < want - partition {
        return Waiting(format!(
            "{updated} of {} replicas are updated",
            want - partition
        ));
    }
    let revisions = (
        &json["status"]["currentRevision"],
        &json["status"]["updateRevision"],
    );
    if partition == 0 && want > 0 && revisions.0 != revisions.1 {
        return Waiting("its replicas are not all of the new revision".to_owned());
    }
    Ready
}

fn daemon_set(json: &Json) -> State {
    if !seen(json) {
        return Waiting("its controller has not seen it yet".to_owned());
    }
    let want = number(json, "/status/desiredNumberScheduled");
    for (pointer, word) in [
        ("/status/updatedNumberScheduled", "updated"),
        ("/status/numberReady", "ready"),
        ("/status/numberAvailable", "available"),
    ] {
        let have = number(json, pointer);
        if have < want
            && (word != "updated" || json["spec"]["updateStrategy"]["type"] != "OnDelete")
        {
            return Waiting(format!("{have} of {want} pods are {word}"));
        }
    }
    Ready
}

fn replica_set(json: &Json) -> State {
    if let Some(("True", reason, message)) = condition(json, "ReplicaFailure") {
        return Waiting(said(reason, message));
    }
    let (want, ready) = (wanted(json), number(json, "/status/readyReplicas"));
    if ready < want {
        return Waiting(format!("{ready} of {want} replicas are ready"));
    }
    Ready
}

fn job(json: &Json) -> State {
    if let Some(("True", reason, message)) = condition(json, "Failed") {
        return Failed(said(reason, message));
    }
    if let Some(("True", ..)) = condition(json, "Complete") {
        return Ready;
    }
    if json["spec"]["suspend"] == true {
        return Ready;
    }
    let (done, failed) = (
        number(json, "/status/succeeded"),
        number(json, "/status/failed"),
    );
    Waiting(format!(
        "has not completed: {done} pods succeeded, {failed} failed"
    ))
}

fn pod(json: &Json) -> State {
    match phase(json) {
        "Succeeded" => Ready,
        "Failed" => Failed(said(
            json["status"]["reason"].as_str().unwrap_or_default(),
            json["status"]["message"]
                .as_str()
                .unwrap_or("it ended with an error"),
        )),
        "Running" => needs_condition(json, "Ready"),
        other => Waiting(format!("is {}", or(other, "Pending"))),
    }
}

fn service(json: &Json) -> State {
    let balanced = json["spec"]["type"] == "LoadBalancer";
    let has = json["status"]["loadBalancer"]["ingress"]
        .as_array()
        .is_some_and(|l| !l.is_empty());
    if balanced && !has {
        return Waiting("no load balancer has given it an address".to_owned());
    }
    Ready
}

fn definition(json: &Json) -> State {
    if let Some(("False", reason, message)) = condition(json, "NamesAccepted") {
        return Failed(said(reason, message));
    }
    needs_condition(json, "Established")
}

/// A template of Gatekeeper, which makes a kind of it; what is wrong with it stands with each of its pods.
fn template(json: &Json) -> State {
    let status = &json["status"];
    let pods = status["byPod"].as_array().into_iter().flatten();
    let mut errors = pods.flat_map(|pod| pod["errors"].as_array().into_iter().flatten());
    match errors.next().and_then(|e| e["message"].as_str()) {
        Some(why) => Failed(why.to_owned()),
        None if status["created"] == true => Ready,
        None => Waiting("its kind is not made yet: is Gatekeeper running?".to_owned()),
    }
}

fn generic(json: &Json) -> State {
    if let Some(("True", reason, message)) = condition(json, "Stalled") {
        return Failed(said(reason, message));
    }
    if let Some(("True", reason, message)) = condition(json, "Reconciling") {
        return Waiting(said(reason, message));
    }
    match condition(json, "Ready") {
        Some(("True", ..)) | None => Ready,
        Some((_, reason, message)) => Waiting(format!("is not Ready: {}", said(reason, message))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(status: Json) -> Json {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status})
    }

    #[test]
    fn a_deployment_is_ready_when_all_replicas_are_new_and_available() {
        let waiting = |status| match state(&deployment(status)) {
            Waiting(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(waiting(json!({})), "its controller has not seen it yet");
        assert_eq!(
            waiting(json!({"observedGeneration": 1})),
            "its controller has not seen the change yet"
        );
        assert_eq!(
            waiting(json!({"observedGeneration": 2, "updatedReplicas": 1})),
            "1 of 2 replicas are updated"
        );
        assert_eq!(
            waiting(json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3})),
            "1 old replicas have to go"
        );
        let all = json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2});
        assert_eq!(state(&deployment(all)), Ready);
        let late = json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}]});
        assert_eq!(state(&deployment(late)), Failed("late".into()));
    }

    #[test]
    fn others_are_judged_by_what_they_say() {
        let cr = |conditions: Json| json!({"apiVersion": "x.io/v1", "kind": "X", "metadata": {}, "status": {"conditions": conditions}});
        assert_eq!(state(&cr(json!([]))), Ready);
        assert_eq!(
            state(&cr(
                json!([{"type": "Ready", "status": "False", "reason": "R", "message": "m"}])
            )),
            Waiting("is not Ready: R: m".into())
        );
        assert_eq!(
            state(&cr(
                json!([{"type": "Stalled", "status": "True", "reason": "R", "message": ""}])
            )),
            Failed("R".into())
        );
        let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {}});
        assert!(matches!(state(&crd), Waiting(_)));
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "no"}]}});
        assert_eq!(state(&job), Failed("BackoffLimitExceeded: no".into()));
        assert!(!takes_time(
            &json!({"apiVersion": "v1", "kind": "ConfigMap"})
        ));
        assert!(takes_time(&crd));
    }

    #[test]
    fn a_template_of_gatekeeper_is_ready_when_its_kind_is_made() {
        let template = |status: Json| json!({"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {}, "status": status});
        assert!(matches!(state(&template(json!({}))), Waiting(_)));
        assert_eq!(state(&template(json!({"created": true}))), Ready);
        let wrong =
            template(json!({"byPod": [{"errors": [{"code": "ingest_error", "message": "no"}]}]}));
        assert_eq!(state(&wrong), Failed("no".to_owned()));
    }

    #[test]
    fn a_webhook_needs_somebody_who_serves_it() {
        let hooks = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "webhooks": [
            {"clientConfig": {"service": {"namespace": "n", "name": "s"}}},
            {"clientConfig": {"service": {"namespace": "n", "name": "t"}}, "failurePolicy": "Ignore"},
            {"clientConfig": {"url": "https://x"}}]});
        assert_eq!(services(&hooks), [("n".to_owned(), "s".to_owned())]);
        assert!(takes_time(&hooks));
        let slice = |ready| json!({"endpoints": [{"conditions": {"ready": ready}}]});
        assert!(has_endpoint(&slice(true)) && !has_endpoint(&slice(false)));
        assert!(!has_endpoint(&json!({"endpoints": null})));
    }
}
