//! Where a unit's state is, as a name that no other unit may have.
use std::collections::BTreeMap;
use strata_core::{
    engine::Task,
    value::{Term, Value},
};

/// Settings that say where a state is; others (regions, credentials, locks) do not make another state.
const PLACES: &[&str] = &[
    "bucket",
    "key",
    "prefix",
    "workspace_key_prefix",
    "storage_account_name",
    "container_name",
    "address",
    "path",
    "namespace",
    "secret_suffix",
    "conn_str",
    "schema_name",
    "organization",
    "hostname",
    "url",
    "endpoint",
];

/// The backend that is used: the module's own, else the one of `terraform.backend`, else a local file.
pub fn effective_backend(task: &Task, facts: &BTreeMap<String, String>) -> String {
    if let Some(kind) = facts.get("backend") {
        return kind.clone();
    }
    match task.spec.options.get("backend") {
        Some(Term::Map(backend)) => backend.keys().next().cloned(),
        _ => None,
    }
    .unwrap_or_else(|| "local".to_owned())
}

/// Is the state a local file that is kept with the unit?
pub fn keeps_state_here(task: &Task, facts: &BTreeMap<String, String>) -> bool {
    if facts.contains_key("cloud") || effective_backend(task, facts) != "local" {
        return false;
    }
    // a path in the work folder would go with it; an absolute one is the user's own
    !settings(task, facts)
        .get("path")
        .is_some_and(|path| path.starts_with('/'))
}

/// The settings of the backend that are known as texts: the module's, then those of `terraform.backend`.
fn settings(task: &Task, facts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let literal = facts
        .get("backend-settings")
        .and_then(|json| serde_json::from_str(json).ok());
    let mut settings: BTreeMap<String, String> = literal.unwrap_or_default();
    let kind = effective_backend(task, facts);
    if let Some(Term::Map(backend)) = task.spec.options.get("backend")
        && let Some(Term::Map(given)) = backend.get(&kind)
    {
        let plain = |term: &Term| term.plain().as_ref().and_then(Value::scalar_text);
        settings.extend(
            given
                .iter()
                .filter_map(|(name, term)| Some((name.clone(), plain(term)?))),
        );
    }
    settings
}

/// `terraform-state:` and where it is.
pub fn of_state(task: &Task, facts: &BTreeMap<String, String>) -> String {
    let workspace = task
        .spec
        .string("workspace")
        .unwrap_or_else(|| "default".to_owned());
    if keeps_state_here(task, facts) {
        return format!("terraform-state:unit {}#{workspace}", task.unit);
    }
    let kind = if facts.contains_key("cloud") {
        "cloud".to_owned()
    } else {
        effective_backend(task, facts)
    };
    let mut place: Vec<String> = settings(task, facts)
        .iter()
        .chain(cloud(facts).iter())
        .filter(|(name, _)| PLACES.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if place.is_empty() {
        // a place that can't be read is taken for a place of its own
        place.push(format!("unit={}", task.unit));
    }
    format!("terraform-state:{kind} {}#{workspace}", place.join(","))
}

fn cloud(facts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    facts
        .iter()
        .filter_map(|(k, v)| Some((k.strip_prefix("cloud-")?.to_owned(), v.clone())))
        .collect()
}
