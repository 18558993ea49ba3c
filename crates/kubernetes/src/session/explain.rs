//! Why something is not ready: its pods, what Kubernetes says about them, and the end of their logs.
use super::{
    Session,
    api::{Api, encode},
};
use crate::{
    object::{key, uid, what},
    ready::{self, State},
};
use serde_json::Value as Json;

/// Most pods that are told of.
const PODS: usize = 2;
/// Most events of each.
const EVENTS: usize = 5;
/// Most lines of a log.
const LINES: usize = 10;

/// Lines that say why an object is not ready. What cannot be found out is left out: this only explains a failure.
pub(super) async fn why(session: &Session, json: &Json) -> Vec<String> {
    let what = what(json);
    let api = &session.api;
    let mut out = Vec::new();
    let pods = match (what.group.as_str(), what.kind.as_str()) {
        ("", "Pod") => vec![json.clone()],
        ("apps" | "batch", _) => pods(api, json).await,
        _ => vec![],
    };
    let late = |pod: &&Json| ready::state(pod) != State::Ready;
    let late: Vec<&Json> = pods.iter().filter(late).take(PODS).collect();
    if late.is_empty() || what.kind != "Pod" {
        out.extend(events(api, json, late.is_empty()).await);
    }
    for pod in late {
        out.push(format!("pod {}: {}", key(pod).name, said(pod)));
        out.extend(containers(pod).into_iter().map(|l| format!("  {l}")));
        out.extend(
            events(api, pod, true)
                .await
                .into_iter()
                .map(|l| format!("  {l}")),
        );
        out.extend(logs(api, pod).await.into_iter().map(|l| format!("  {l}")));
    }
    out
}

fn said(pod: &Json) -> String {
    match ready::state(pod) {
        State::Ready => "is ready".to_owned(),
        State::Waiting(why) | State::Failed(why) => why,
    }
}

async fn pods(api: &Api, owner: &Json) -> Vec<Json> {
    let labels = owner["spec"]["selector"]["matchLabels"].as_object();
    let Some(labels) = labels.filter(|l| !l.is_empty()) else {
        return vec![];
    };
    let selector: Vec<String> = labels
        .iter()
        .filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?)))
        .collect();
    let path = format!("/api/v1/namespaces/{}/pods", encode(&key(owner).namespace));
    let query = format!("labelSelector={}", encode(&selector.join(",")));
    let page = api.list(&path, &query, "").await;
    let mut pods = page.map(|p| p.items).unwrap_or_default();
    // the newest first: they are of the revision that does not get ready
    let made = |p: &Json| {
        p["metadata"]["creationTimestamp"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    pods.sort_by_key(|p| std::cmp::Reverse(made(p)));
    pods
}

/// What containers wait for, and how they ended.
fn containers(pod: &Json) -> Vec<String> {
    let mut out = Vec::new();
    for list in ["initContainerStatuses", "containerStatuses"] {
        for c in pod["status"][list].as_array().into_iter().flatten() {
            let name = c["name"].as_str().unwrap_or_default();
            for (state, word) in [
                (&c["state"]["waiting"], "waits"),
                (&c["state"]["terminated"], "ended"),
                (&c["lastState"]["terminated"], "ended before"),
            ] {
                if state.is_null() || (word == "ended" && state["exitCode"] == 0) {
                    continue;
                }
                let text = |key: &str| state[key].as_str().unwrap_or_default();
                let code = state["exitCode"]
                    .as_i64()
                    .map(|c| format!(" with exit code {c}"))
                    .unwrap_or_default();
                let line = format!(
                    "container {name} {word}{code}: {} {}",
                    text("reason"),
                    text("message")
                );
                out.push(line.trim_end().to_owned());
            }
        }
    }
    for c in pod["status"]["conditions"].as_array().into_iter().flatten() {
        if c["type"] == "PodScheduled" && c["status"] == "False" {
            out.push(format!(
                "it is on no node: {}",
                c["message"].as_str().unwrap_or_default()
            ));
        }
    }
    out
}

async fn events(api: &Api, json: &Json, normal: bool) -> Vec<String> {
    let namespace = key(json).namespace;
    let path = match namespace.as_str() {
        "" => "/api/v1/events".to_owned(),
        namespace => format!("/api/v1/namespaces/{}/events", encode(namespace)),
    };
    let query = format!(
        "fieldSelector={}",
        encode(&format!("involvedObject.uid={}", uid(json)))
    );
    let Ok(page) = api.list(&path, &query, "").await else {
        return vec![];
    };
    let mut events: Vec<&Json> = page
        .items
        .iter()
        .filter(|e| normal || e["type"] == "Warning")
        .collect();
    let when = |e: &Json| {
        let text = |key: &str| e[key].as_str().unwrap_or_default().to_owned();
        text("lastTimestamp").max(text("eventTime"))
    };
    events.sort_by_key(|e| when(e));
    let from = events.len().saturating_sub(EVENTS);
    let line = |e: &&Json| {
        let text = |key: &str| e[key].as_str().unwrap_or_default();
        let times = e["count"].as_u64().filter(|n| *n > 1);
        let times = times.map(|n| format!(" ({n} times)")).unwrap_or_default();
        format!(
            "event {}: {}{times}",
            text("reason"),
            text("message").trim()
        )
    };
    events[from..].iter().map(line).collect()
}

/// The end of the log of every container that has something to say.
async fn logs(api: &Api, pod: &Json) -> Vec<String> {
    let mut out = Vec::new();
    let key = key(pod);
    for list in ["initContainerStatuses", "containerStatuses"] {
        for c in pod["status"][list]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|c| c["ready"] != true)
        {
            let name = c["name"].as_str().unwrap_or_default();
            let path = format!(
                "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={LINES}",
                encode(&key.namespace),
                encode(&key.name),
                encode(name)
            );
            let mut text = api.text(&path).await.unwrap_or_default();
            if text.trim().is_empty() && c["restartCount"].as_u64().unwrap_or(0) > 0 {
                text = api
                    .text(&format!("{path}&previous=true"))
                    .await
                    .unwrap_or_default();
            }
            out.extend(text.lines().map(|line| format!("log of {name}: {line}")));
        }
    }
    out
}
