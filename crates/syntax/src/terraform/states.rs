//! Data blocks that read other states, with what is read through them.
use super::{
    facts::DataFact,
    folder::{Folder, In},
    module::RemoteState,
    settings::settings,
};
use std::collections::BTreeMap;
use strata_core::{span::Location, value::Value};

/// Arguments that do not say where a state is.
const ELSEWHERE: &[&str] = &["count", "for_each", "depends_on", "provider", "defaults"];

/// The data blocks of a folder that read other states.
pub(super) fn of_folder(folder: &Folder) -> Vec<RemoteState> {
    let mut out = Vec::new();
    for (file, facts) in &folder.files {
        let kinds = ["terraform_remote_state", "tfe_outputs"];
        for data in facts
            .data
            .iter()
            .filter(|d| kinds.contains(&d.kind.as_str()))
        {
            let data = In {
                file: file.clone(),
                fact: data.clone(),
            };
            out.push(state(folder, &data));
        }
    }
    out
}

fn state(folder: &Folder, data: &In<DataFact>) -> RemoteState {
    let fact = &data.fact;
    let mut settings = settings(folder, data, &fact.arguments);
    settings.retain(|name, _| !matches!(name.as_str(), "count" | "for_each" | "depends_on"));
    let (mut outputs, mut all) = (BTreeMap::<String, Vec<Location>>::new(), false);
    for (file, facts) in &folder.files {
        let mine = facts.references.states.iter();
        for used in mine.filter(|u| (&u.kind, &u.name) == (&fact.kind, &fact.name)) {
            match &used.output {
                Some(name) => outputs
                    .entry(name.clone())
                    .or_default()
                    .push(Location::new(file.clone(), used.span)),
                None => all = true,
            }
        }
    }
    let text = |name: &str| match settings.get(name).and_then(|s| s.value.clone()) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    RemoteState {
        folder: folder.path.clone(),
        kind: fact.kind.clone(),
        name: fact.name.clone(),
        backend: text("backend"),
        computed: settings
            .iter()
            .any(|(name, s)| s.value.is_none() && !ELSEWHERE.contains(&name.as_str())),
        settings,
        outputs,
        all,
        at: data.at(fact.at),
    }
}
