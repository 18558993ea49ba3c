//! States that a module reads itself (`terraform_remote_state`, `tfe_outputs`), in the words of identities.
use super::identity::{hosted, placed};
use std::collections::BTreeMap;
use strata_core::{interface::StateRead, ty::Type, value::Value};
use strata_syntax::terraform::{Module, RemoteState};

/// All of them.
pub fn of(module: &Module) -> Vec<StateRead> {
    if module.remote_states.is_empty() {
        return Vec::new();
    }
    // what only a unit knows is left open, to be filled in for each
    let texts = module
        .variables
        .iter()
        .filter(|(_, v)| v.ty == Type::String || v.ty == Type::Any);
    let open: BTreeMap<String, Value> = texts
        .map(|(name, _)| (name.clone(), Value::String(StateRead::input(name))))
        .collect();
    module
        .remote_states
        .iter()
        .map(|read| StateRead {
            identity: identity(module, read, &open),
            outputs: read
                .outputs
                .iter()
                .filter_map(|(name, places)| Some((name.clone(), places.first()?.clone())))
                .collect(),
            all: read.all,
            at: read.at.clone(),
        })
        .collect()
}

fn identity(module: &Module, read: &RemoteState, open: &BTreeMap<String, Value>) -> Option<String> {
    let value = |name: &str| {
        let setting = read.settings.get(name)?;
        module.value(&setting.shape, open, Some(StateRead::WORKSPACE))
    };
    if read.kind == "tfe_outputs" {
        return Some(hosted(value("workspace")?.as_str()?));
    }
    let Some(Value::Map(config)) = value("config") else {
        return None;
    };
    let backend = read.backend.as_deref()?;
    let text = |name: &str| config.get(name).and_then(Value::scalar_text);
    match backend {
        "remote" | "cloud" => {
            let Some(Value::Map(workspaces)) = config.get("workspaces") else {
                return None;
            };
            let part = |name: &str| workspaces.get(name).and_then(Value::scalar_text);
            let own = value("workspace").and_then(|v| v.scalar_text());
            match (part("name"), part("prefix")) {
                (Some(name), _) => Some(hosted(&name)),
                (None, Some(prefix)) => Some(hosted(&format!("{prefix}{}", own?))),
                _ => None,
            }
        }
        // a relative path is one in a work folder: nobody can tell whose it is
        "local" if !text("path").is_some_and(|p| p.starts_with('/')) => None,
        kind => {
            let workspace = if read.settings.contains_key("workspace") {
                value("workspace")?.scalar_text()?
            } else {
                "default".to_owned()
            };
            let settings: BTreeMap<String, String> = config
                .keys()
                .filter_map(|name| Some((name.clone(), text(name)?)))
                .collect();
            placed(kind, &settings, &workspace)
        }
    }
}
