//! `show -json` of a plan: its changes, the outputs that it foretells, and what has drifted.
use super::outputs::type_of;
use crate::{
    mask::{Leaf, Secrets, any_mark, leaves, masked},
    outcome::refused,
};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::{Artifact, Finding, Task, Verb},
    proposal::{Action, Change, Fidelity, Proposal},
    value::{Output, Value},
};

/// Lines of detail for one change.
const MOST_LINES: usize = 40;

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    variables: BTreeMap<String, Json>,
    #[serde(default)]
    resource_changes: Vec<Resource>,
    #[serde(default)]
    resource_drift: Vec<Resource>,
    #[serde(default)]
    output_changes: BTreeMap<String, Changed>,
    #[serde(default)]
    planned_values: Planned,
    #[serde(default)]
    errored: bool,
}

#[derive(Default, Deserialize)]
struct Planned {
    #[serde(default)]
    outputs: BTreeMap<String, Json>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    #[serde(default)]
    previous_address: Option<String>,
    #[serde(default)]
    deposed: Option<String>,
    change: Changed,
}

#[derive(Deserialize)]
struct Changed {
    actions: Vec<String>,
    #[serde(default)]
    before: Json,
    #[serde(default)]
    after: Json,
    #[serde(default)]
    after_unknown: Json,
    #[serde(default)]
    before_sensitive: Json,
    #[serde(default)]
    after_sensitive: Json,
    #[serde(default)]
    replace_paths: Json,
    #[serde(default)]
    importing: Json,
}

/// The finding of a plan that was shown: what would change, or for [`Verb::Observe`] what has drifted.
pub fn finding(task: &Task, stdout: &[u8], saved: Artifact) -> Finding {
    let shown: Shown = match serde_json::from_slice(stdout) {
        Ok(shown) => shown,
        // what stands there may be a secret: only the place is said
        Err(e) => {
            return refused(format!(
                "terraform show printed no plan (line {}, column {})",
                e.line(),
                e.column()
            ));
        }
    };
    if shown.errored {
        return refused("terraform could not make a whole plan");
    }
    let secrets = Secrets::of_inputs(&task.inputs, &shown.variables);
    let changes = |resources: &[Resource]| {
        let mut changes: Vec<Change> = resources
            .iter()
            .filter_map(|r| r.change(&secrets))
            .collect();
        changes.sort();
        changes
    };
    if task.verb == Verb::Observe {
        return Finding::Observed {
            drift: changes(&shown.resource_drift),
        };
    }
    let mut changes = changes(&shown.resource_changes);
    if changes.iter().all(|c| c.action <= Action::Read) {
        changes.extend(
            shown
                .output_changes
                .iter()
                .filter_map(|(name, c)| output_change(name, c, &secrets)),
        );
    }
    Finding::Planned {
        proposal: Proposal {
            fidelity: Fidelity::Exact,
            changes,
        },
        saved: Some(saved),
        predicted: predicted(&shown, &secrets),
    }
}

impl Resource {
    /// What happens to it; `None` when nothing does.
    fn change(&self, inputs: &Secrets) -> Option<Change> {
        let change = &self.change;
        let mut detail = Vec::new();
        let mut action = change.action();
        if action == Action::None {
            // the state changes though the object does not: an apply is needed
            match (&self.previous_address, &change.importing) {
                (Some(from), _) => detail.push(format!("moved from {from}")),
                (None, Json::Object(_)) => detail.push("adopted (import)".to_owned()),
                _ => return None,
            }
            action = Action::Update;
        }
        if change.actions == ["forget"] {
            detail.push("stays as it is, no longer managed".to_owned());
        }
        let secrets = change.secrets(inputs);
        if action == Action::Replace
            && let Some(why) = change.replaced_for()
        {
            detail.push(format!("replaced because of {why}"));
        }
        if action != Action::Delete {
            detail.extend(change.lines(&secrets));
        }
        let object = match &self.deposed {
            Some(key) => format!("{} (deposed {key})", self.address),
            None => self.address.clone(),
        };
        Some(Change {
            object,
            action,
            after: change.after(action, &secrets),
            detail,
        })
    }
}

impl Changed {
    fn action(&self) -> Action {
        let actions: Vec<&str> = self.actions.iter().map(String::as_str).collect();
        match actions.as_slice() {
            ["no-op"] => Action::None,
            ["read"] => Action::Read,
            ["create"] => Action::Create,
            ["update" | "forget"] => Action::Update,
            ["delete"] => Action::Delete,
            _ => Action::Replace,
        }
    }
    /// The inputs' secrets, and those that this change marks itself.
    fn secrets(&self, inputs: &Secrets) -> Secrets {
        let mut secrets = inputs.clone();
        secrets.marked(&self.before, &self.before_sensitive);
        secrets.marked(&self.after, &self.after_sensitive);
        secrets
    }
    /// Digest of what is known of it afterwards, without what is sensitive.
    fn after(&self, action: Action, secrets: &Secrets) -> Option<Digest> {
        (action != Action::Delete).then(|| {
            let known = Value::from_json(masked(&self.after, &self.after_sensitive, secrets));
            Digest::of_json(&(known, Value::from_json(self.after_unknown.clone())))
        })
    }
    fn replaced_for(&self) -> Option<String> {
        let paths = self.replace_paths.as_array()?;
        let part = |p: &Json| p.as_str().map_or_else(|| p.to_string(), str::to_owned);
        let path = |p: &Json| {
            p.as_array()
                .map(|parts| parts.iter().map(part).collect::<Vec<_>>().join("."))
        };
        let paths: Vec<String> = paths.iter().filter_map(path).collect();
        (!paths.is_empty()).then(|| paths.join(", "))
    }
    /// A line for every attribute that changes.
    fn lines(&self, secrets: &Secrets) -> Vec<String> {
        let before = leaves(&self.before, &self.before_sensitive, &Json::Null, secrets);
        let after = leaves(
            &self.after,
            &self.after_sensitive,
            &self.after_unknown,
            secrets,
        );
        let mut lines = Vec::new();
        for (path, new) in &after {
            match before.get(path) {
                None if before.keys().any(|part| within(part, path)) => {
                    lines.push(format!("~ {path}: {}", new.shown));
                }
                None => lines.push(format!("+ {path}: {}", new.shown)),
                Some(old) if old.raw != new.raw => {
                    lines.push(format!("~ {path}: {}", transition(old, new)));
                }
                Some(_) => {}
            }
        }
        let gone = before.iter().filter(|(path, _)| !covered(path, &after));
        lines.extend(gone.map(|(path, old)| format!("- {path}: {}", old.shown)));
        if lines.len() > MOST_LINES {
            let more = lines.len() - MOST_LINES;
            lines.truncate(MOST_LINES);
            lines.push(format!("… and {more} more"));
        }
        lines
    }
}

/// Old and new. An old value whose new one is masked was the secret before this one.
fn transition(old: &Leaf, new: &Leaf) -> String {
    match (old.shown == new.shown, new.shown == crate::mask::SENSITIVE) {
        (true, _) | (_, true) => new.shown.clone(),
        _ => format!("{} → {}", old.shown, new.shown),
    }
}

/// Is a path there, or a part that stands for it as a whole (not known yet, sensitive)?
fn covered(path: &str, after: &BTreeMap<String, Leaf>) -> bool {
    after.contains_key(path) || after.keys().any(|whole| within(path, whole))
}

/// Does a path lie in another?
fn within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole)
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn output_change(name: &str, change: &Changed, secrets: &Secrets) -> Option<Change> {
    let action = match change.action() {
        Action::None | Action::Read => return None,
        Action::Create => Action::Create,
        _ => Action::Update,
    };
    let secrets = change.secrets(secrets);
    let old = leaf_text(
        &change.before,
        &change.before_sensitive,
        &Json::Null,
        &secrets,
    );
    let new = leaf_text(
        &change.after,
        &change.after_sensitive,
        &change.after_unknown,
        &secrets,
    );
    let line = if action == Action::Create {
        new
    } else {
        format!("{old} → {new}")
    };
    Some(Change {
        object: format!("output.{name}"),
        action,
        after: change.after(action, &secrets),
        detail: vec![line],
    })
}

fn leaf_text(value: &Json, sensitive: &Json, unknown: &Json, secrets: &Secrets) -> String {
    let shown: Vec<String> = leaves(value, sensitive, unknown, secrets)
        .into_iter()
        .take(MOST_LINES)
        .map(|(path, leaf)| {
            if path.is_empty() {
                leaf.shown
            } else {
                format!("{path} = {}", leaf.shown)
            }
        })
        .collect();
    if shown.is_empty() {
        "null".to_owned()
    } else {
        shown.join(", ")
    }
}

/// Outputs that are known in full and may be shown.
fn predicted(shown: &Shown, secrets: &Secrets) -> BTreeMap<String, Output> {
    let known = |(name, change): (&String, &Changed)| {
        let gone = change.actions == ["delete"];
        if gone
            || any_mark(&change.after_unknown)
            || any_mark(&change.after_sensitive)
            || secrets.stand_in(&change.after)
        {
            return None;
        }
        let ty = shown
            .planned_values
            .outputs
            .get(name)
            .and_then(|o| o.get("type"))
            .map(type_of);
        Some((
            name.clone(),
            Output {
                value: Value::from_json(change.after.clone()),
                sensitive: false,
                ty,
            },
        ))
    };
    shown.output_changes.iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests;
