//! What a manager of fields applied to an object, taken out of the object as the server has it.
//!
//! This is what would have to be applied again to have it so: the fields of its entry in `managedFields`, no default and
//! nothing of others.
use serde_json::{Map, Value as Json};

/// What a manager applied; nothing when it never did.
pub fn of(live: &Json, manager: &str) -> Option<Json> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let ours = |e: &&Json| {
        e["manager"] == manager && e["operation"] == "Apply" && e["subresource"].is_null()
    };
    let entry = entries.iter().find(ours)?;
    let mut out = take(live, &entry["fieldsV1"]);
    // what names it belongs to nobody
    for key in ["apiVersion", "kind"] {
        out[key] = live[key].clone();
    }
    for key in ["name", "namespace"] {
        if !live["metadata"][key].is_null() {
            out["metadata"][key] = live["metadata"][key].clone();
        }
    }
    Some(out)
}

fn take(value: &Json, fields: &Json) -> Json {
    let Some(fields) = fields.as_object() else {
        return value.clone();
    };
    let below: Vec<(&String, &Json)> = fields.iter().filter(|(key, _)| *key != ".").collect();
    match value {
        Json::Object(map) if !below.is_empty() => {
            let mut out = Map::new();
            for (key, fields) in below {
                if let Some(name) = key.strip_prefix("f:")
                    && let Some(value) = map.get(name)
                {
                    out.insert(name.to_owned(), take(value, fields));
                }
            }
            Json::Object(out)
        }
        Json::Array(items) if !below.is_empty() => {
            // in the order of the object, not of the entry
            let ours = |item: &Json| {
                let found = below.iter().find(|(key, _)| names(key, item));
                found.map(|(key, fields)| keyed(key, item, fields))
            };
            Json::Array(items.iter().filter_map(ours).collect())
        }
        // an entry without more: of a map it is there and nothing in it is ours
        Json::Object(_) if fields.contains_key(".") => Json::Object(Map::new()),
        Json::Array(_) if fields.contains_key(".") => Json::Array(Vec::new()),
        other => other.clone(),
    }
}

/// Does a key of a list (`k:{"name":"web"}`, `v:"x"`) stand for an item?
fn names(key: &str, item: &Json) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Json>(text).ok();
    if let Some(keys) = key.strip_prefix("k:").and_then(parsed) {
        let keys = keys.as_object();
        return keys.is_some_and(|keys| keys.iter().all(|(k, v)| item.get(k) == Some(v)));
    }
    key.strip_prefix("v:").and_then(parsed).as_ref() == Some(item)
}

fn keyed(key: &str, item: &Json, fields: &Json) -> Json {
    let mut out = take(item, fields);
    let keys = key
        .strip_prefix("k:")
        .and_then(|k| serde_json::from_str::<Json>(k).ok());
    if let (Some(Json::Object(keys)), Some(map)) = (keys, out.as_object_mut()) {
        map.extend(keys);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_we_applied_is_found_again_and_nothing_else() {
        let live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "n", "uid": "u", "labels": {"ours": "1", "theirs": "2"},
                "managedFields": [
                    {"manager": "strata", "operation": "Apply", "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:ours": {}}},
                        "f:spec": {"f:replicas": {}, "f:selector": {},
                            "f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {},
                                "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}},
                            "f:finalizers": {".": {}, "v:\"x\"": {}}}}},
                    {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}},
                    {"manager": "strata", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}}]},
            "spec": {"replicas": 2, "paused": true, "selector": {"matchLabels": {"app": "a"}}, "finalizers": ["x", "y"],
                "containers": [{"name": "side"}, {"name": "web", "image": "i:1", "args": ["b", "a"], "imagePullPolicy": "Always",
                    "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
            "status": {}});
        assert_eq!(
            of(&live, "strata"),
            Some(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "a", "namespace": "n", "labels": {"ours": "1"}},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "finalizers": ["x"],
                    "containers": [{"name": "web", "image": "i:1", "args": ["b", "a"], "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}}))
        );
        assert_eq!(of(&live, "nobody"), None);
    }
}
