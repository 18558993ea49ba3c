//! Who set a field last: read from the managed fields of an object.
use serde_json::Value as Json;

/// A manager of fields, and when it last wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `kubectl-edit`
    pub manager: String,
    /// As the server says it; empty when it does not.
    pub time: String,
}

/// Who owns the field at these steps (of [`crate::diff::Difference`]), other than `ours`; the last that wrote.
pub fn of(live: &Json, steps: &[String], ours: &str) -> Option<Owner> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let text = |entry: &Json, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let owns = |entry: &&Json| entry["manager"] != ours && holds(&entry["fieldsV1"], steps);
    entries
        .iter()
        .filter(owns)
        .map(|entry| Owner {
            manager: text(entry, "manager"),
            time: text(entry, "time"),
        })
        .max_by(|a, b| a.time.cmp(&b.time))
}

fn holds(fields: &Json, steps: &[String]) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return true;
    };
    let Some(map) = fields.as_object() else {
        return false;
    };
    // a set of fields ends where a manager owns the whole
    if map.is_empty() {
        return true;
    }
    map.iter().any(|(key, below)| {
        let fits = match (key.strip_prefix("f:"), key.strip_prefix("k:")) {
            (Some(field), _) => field == step,
            (_, Some(item)) => names(item, step),
            // positions and values in lists: not to be told from names
            _ => key.starts_with("v:") || key.starts_with("i:"),
        };
        fits && holds(below, rest)
    })
}

/// Does a key of a list such as `{"name":"web"}` stand for the step `[web]`?
fn names(item: &str, step: &str) -> bool {
    let Some(step) = step.strip_prefix('[').and_then(|s| s.strip_suffix(']')) else {
        return false;
    };
    let Ok(Json::Object(keys)) = serde_json::from_str(item) else {
        return false;
    };
    match keys.get("name").and_then(Json::as_str) {
        Some(name) => name == step,
        // compared by position: any item may be it
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_other_manager_of_a_field_is_found() {
        let entry = |manager: &str, time: &str, fields: Json| json!({"manager": manager, "time": time, "fieldsV1": fields});
        let live = json!({"metadata": {"managedFields": [
            entry("strata", "5", json!({"f:spec": {"f:replicas": {}}})),
            entry("kubectl-scale", "2", json!({"f:spec": {"f:replicas": {}}})),
            entry("kubectl-edit", "3", json!({"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}}})),
        ]}});
        let of = |steps: &[&str]| {
            let steps: Vec<String> = steps.iter().map(|s| (*s).to_owned()).collect();
            of(&live, &steps, "strata").map(|o| o.manager)
        };
        assert_eq!(of(&["spec", "replicas"]).as_deref(), Some("kubectl-scale"));
        assert_eq!(
            of(&["spec", "containers", "[web]", "image"]).as_deref(),
            Some("kubectl-edit")
        );
        assert_eq!(of(&["spec", "containers", "[side]", "image"]), None);
        assert_eq!(of(&["data", "x"]), None);
    }
}
