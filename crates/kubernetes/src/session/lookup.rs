//! Outputs that are parts of objects of the cluster: `Service/web#/spec/clusterIP`.
use super::{
    Session,
    discover::{Kinds, path},
};
use crate::{
    fault::Fault,
    object::{GroupKind, Key},
};
use serde_json::Value as Json;
use std::{collections::BTreeSet, time::Duration};
use strata_core::cluster::Answer;
use tokio::time::{Instant, sleep};

/// Groups whose versions are asked where a cluster cannot tell all kinds at once.
const USUAL: &[&str] = &["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1"];

/// Looks everything up. What a controller is about to write is waited for.
pub(super) async fn lookup(session: &Session, answer: &mut Answer) -> Result<(), Fault> {
    if session.request.lookups.is_empty() {
        return Ok(());
    }
    let used: BTreeSet<String> = USUAL.iter().map(|v| (*v).to_owned()).collect();
    let kinds = Kinds::discover(&session.api, &used)
        .await
        .map_err(|r| r.about("the list of kinds", ""))?;
    for (name, what) in &session.request.lookups {
        let value = one(session, &kinds, name, what).await?;
        answer.values.insert(name.clone(), value);
    }
    Ok(())
}

async fn one(session: &Session, kinds: &Kinds, name: &str, what: &str) -> Result<Json, Fault> {
    let (object, pointer) = what.split_once('#').unwrap_or((what, ""));
    let (kind, rest) = object.split_once('/').unwrap_or((object, ""));
    let (namespace, object) = rest.split_once('/').unwrap_or((&session.namespace, rest));
    let of =
        |why: String| Fault::permanent(format!("the output `{name}` cannot be looked up: {why}"));
    let Some(what) = found(kinds, kind) else {
        return Err(of(format!("the cluster serves no kind `{kind}`")));
    };
    let Some(served) = kinds.any(&what) else {
        return Err(of(format!("the cluster serves no kind `{kind}`")));
    };
    let key = Key {
        namespace: if served.namespaced {
            namespace.to_owned()
        } else {
            String::new()
        },
        name: object.to_owned(),
        what,
    };
    let path = path(served, &key);
    let until = Instant::now() + session.api.patience();
    loop {
        let why = match session.api.get(&path).await {
            Ok(json) => match json.pointer(pointer).filter(|v| !v.is_null()) {
                Some(value) => return decoded(&key, pointer, value).map_err(of),
                None => format!("{key} has no `{pointer}`"),
            },
            Err(refusal) if refusal.is_missing() => format!("there is no {key}"),
            Err(refusal) => return Err(refusal.about(&key.to_string(), "")),
        };
        if Instant::now() > until {
            return Err(of(why));
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// A kind by its name, with its group where two have the same: `Certificate.cert-manager.io`.
fn found(kinds: &Kinds, name: &str) -> Option<GroupKind> {
    let (kind, group) = name.split_once('.').unwrap_or((name, ""));
    let exactly = GroupKind {
        group: group.to_owned(),
        kind: kind.to_owned(),
    };
    if kinds.any(&exactly).is_some() {
        return Some(exactly);
    }
    // without a group: the only one that has it
    let all = kinds.named(kind);
    let only = |all: Vec<GroupKind>| (all.len() == 1).then(|| all.into_iter().next()).flatten();
    if group.is_empty() { only(all) } else { None }
}

/// What a Secret holds is in base64, and nobody wants it so.
fn decoded(key: &Key, pointer: &str, value: &Json) -> Result<Json, String> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let secret = key.what.kind == "Secret" && key.what.group.is_empty();
    let Some(text) = value
        .as_str()
        .filter(|_| secret && pointer.starts_with("/data/"))
    else {
        return Ok(value.clone());
    };
    let bytes = STANDARD.decode(text).ok();
    let text = bytes.and_then(|b| String::from_utf8(b).ok());
    text.map(Json::from)
        .ok_or_else(|| format!("`{pointer}` of {key} is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_secrets_are_decoded_and_others_stay() {
        let key = |kind: &str| Key {
            what: GroupKind {
                group: String::new(),
                kind: kind.into(),
            },
            namespace: "n".into(),
            name: "a".into(),
        };
        let value = json!("aGVsbG8=");
        assert_eq!(
            decoded(&key("Secret"), "/data/a", &value),
            Ok(json!("hello"))
        );
        assert_eq!(decoded(&key("ConfigMap"), "/data/a", &value), Ok(value));
        assert!(decoded(&key("Secret"), "/data/a", &json!("/w==")).is_err());
    }
}
