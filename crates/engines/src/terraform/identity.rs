//! Where a unit's state is, as a name that no other unit may have.
use std::collections::BTreeMap;
use strata_core::{
    engine::Task,
    spec::UnitSpec,
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

/// The backend that `terraform.backend` chooses, else a local file.
pub fn backend_of(spec: &UnitSpec) -> String {
    match spec.options.get("backend") {
        Some(Term::Map(backend)) => backend.keys().next().cloned(),
        _ => None,
    }
    .unwrap_or_else(|| "local".to_owned())
}

/// The settings of `terraform.backend`, when they are for this kind.
pub fn own_backend<'a>(spec: &'a UnitSpec, kind: &str) -> Option<&'a BTreeMap<String, Term>> {
    let Some(Term::Map(backend)) = spec.options.get("backend") else {
        return None;
    };
    match backend.get(kind) {
        Some(Term::Map(settings)) => Some(settings),
        _ => None,
    }
}

/// The backend that is used: the module's own, else the one of `terraform.backend`, else a local file.
pub fn effective_backend(task: &Task, facts: &BTreeMap<String, String>) -> String {
    if let Some(kind) = facts.get("backend") {
        return kind.clone();
    }
    backend_of(&task.spec)
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
    if let Some(given) = own_backend(&task.spec, &kind) {
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
    let chosen = task.spec.string("workspace");
    let cloud = facts.contains_key("cloud");
    let kind = if cloud {
        "cloud".to_owned()
    } else {
        effective_backend(task, facts)
    };
    // a place that can't be read is taken for a place of its own
    let own = |workspace: &str| format!("terraform-state:{kind} unit={}#{workspace}", task.unit);
    if cloud || kind == "remote" {
        if let Some(prefix) = facts.get("cloud-prefix") {
            let workspace = chosen.unwrap_or_else(|| "default".to_owned());
            return hosted(&format!("{prefix}{workspace}"));
        }
        let named = chosen.or_else(|| facts.get("cloud-workspace").cloned());
        return named.map_or_else(|| own("default"), |name| hosted(&name));
    }
    let workspace = chosen.unwrap_or_else(|| "default".to_owned());
    if keeps_state_here(task, facts) {
        return format!("terraform-state:unit {}#{workspace}", task.unit);
    }
    placed(&kind, &settings(task, facts), &workspace).unwrap_or_else(|| own(&workspace))
}

/// The state of a workspace of Terraform Cloud or Enterprise.
pub(super) fn hosted(workspace: &str) -> String {
    format!("terraform-state:cloud {workspace}")
}

/// The state in a backend with these settings; `None` when they do not say where.
pub(super) fn placed(
    kind: &str,
    settings: &BTreeMap<String, String>,
    workspace: &str,
) -> Option<String> {
    let places: Vec<String> = settings
        .iter()
        .filter(|(name, _)| PLACES.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    (!places.is_empty()).then(|| format!("terraform-state:{kind} {}#{workspace}", places.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::{
        engine::{Tool, Verb},
        name::Address,
    };

    fn identity(unit: &str, options: &str, facts: &[(&str, &str)]) -> String {
        let options: BTreeMap<String, Value> = serde_json::from_str(options).unwrap();
        let options = options.into_iter().map(|(k, v)| (k, v.into())).collect();
        let task = Task {
            verb: Verb::Plan,
            platform: String::new(),
            unit: Address::new(unit, "vpc"),
            spec: UnitSpec {
                options,
                ..UnitSpec::default()
            },
            inputs: BTreeMap::new(),
            tool: Tool::default(),
            saved: None,
            interrupted: None,
            recorded: BTreeMap::new(),
            verifier: 0,
            facts: BTreeMap::new(),
        };
        let facts = facts
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        of_state(&task, &facts)
    }

    #[test]
    fn one_hard_coded_state_is_one_identity_in_every_environment() {
        let s3 = [
            ("backend", "s3"),
            (
                "backend-settings",
                r#"{"bucket":"b","key":"k","region":"x"}"#,
            ),
        ];
        assert_eq!(
            identity("dev", "{}", &s3),
            "terraform-state:s3 bucket=b,key=k#default"
        );
        assert_eq!(identity("dev", "{}", &s3), identity("prod", "{}", &s3));
        assert_ne!(
            identity("dev", "{}", &s3),
            identity("prod", r#"{"workspace": "prod"}"#, &s3)
        );
        let cloud = [("cloud", "yes"), ("cloud-workspace", "net")];
        assert_eq!(
            identity("dev", "{}", &cloud),
            identity("prod", "{}", &cloud)
        );
        assert_ne!(
            identity("dev", "{}", &cloud),
            identity("dev", r#"{"workspace": "net2"}"#, &cloud)
        );
    }

    #[test]
    fn local_state_and_unreadable_places_are_a_units_own() {
        assert_ne!(identity("dev", "{}", &[]), identity("prod", "{}", &[]));
        let partial = [("backend", "s3"), ("backend-settings", "{}")];
        assert_ne!(
            identity("dev", "{}", &partial),
            identity("prod", "{}", &partial)
        );
        let given = r#"{"backend": {"s3": {"bucket": "b", "key": "k"}}}"#;
        assert_eq!(
            identity("dev", given, &partial),
            identity("prod", given, &[])
        );
    }
}
