//! What the callback says: lines while a playbook runs, and the summary that it leaves in a private file.
use super::inventory;
use crate::outcome;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use strata_core::{
    engine::{Class, Exit, Failure, Got, Task},
    proposal::{Action, Change},
    value::Value,
};

/// What is left when a playbook has ended.
#[derive(Debug, Deserialize)]
pub struct Summary {
    hosts: BTreeMap<String, Json>,
    custom: BTreeMap<String, BTreeMap<String, Json>>,
    unmatched: Vec<String>,
    changes: Vec<Changed>,
}

#[derive(Debug, Deserialize)]
struct Changed {
    host: String,
    task: String,
}

impl Summary {
    /// The summary that was picked up.
    pub fn read(got: &Got, playbook: &str) -> Result<Self, Failure> {
        let bytes = got.read("stats").ok_or_else(|| {
            Failure::permanent(format!("`{playbook}` left no summary: no play of it ran"))
        })?;
        serde_json::from_slice(bytes).map_err(|e| {
            let place = format!("line {}, column {}", e.line(), e.column());
            Failure::permanent(format!(
                "the summary of `{playbook}` cannot be read ({place})"
            ))
        })
    }
    /// The same, when every play found hosts, or names a group that is empty on purpose.
    pub fn reached_hosts(self, task: &Task, playbook: &str) -> Result<Self, Failure> {
        if let Some(pattern) = self
            .unmatched
            .iter()
            .find(|pattern| !inventory::is_group(task, pattern))
        {
            return Err(Failure::permanent(format!(
                "`{playbook}`: no hosts match `{pattern}`"
            )));
        }
        if self.hosts.is_empty() {
            return Err(Failure::permanent(format!("`{playbook}` ran on no host")));
        }
        Ok(self)
    }
    /// What was or would be changed, by host and task.
    pub fn changes(&self) -> Vec<Change> {
        let change = |c: &Changed| Change {
            object: format!("{}: {}", c.host, c.task),
            action: Action::Update,
            after: None,
            detail: vec![],
        };
        let mut changes: Vec<Change> = self.changes.iter().map(change).collect();
        changes.sort();
        changes
    }
    /// What `set_stats` handed on; with `per_host`, a map by host.
    pub fn stats(&self) -> BTreeMap<String, Value> {
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        let mut by_host: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for (host, stats) in &self.custom {
            for (name, value) in stats {
                let value = Value::from_json(value.clone());
                if host == "_run" {
                    all.insert(name.clone(), value);
                } else {
                    by_host
                        .entry(name.clone())
                        .or_default()
                        .insert(host.clone(), value);
                }
            }
        }
        for (name, hosts) in by_host {
            all.entry(name).or_insert(Value::Map(hosts));
        }
        all
    }
}

/// One line of the callback.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "event")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    task: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    pattern: String,
}

fn event(line: &str) -> Option<Event> {
    line.starts_with('{')
        .then(|| serde_json::from_str(line).ok())?
}

/// A line for people.
pub fn progress(line: &str) -> Option<String> {
    let Some(e) = event(line) else {
        let text = line.trim();
        return (!text.is_empty()).then(|| text.to_owned());
    };
    match e.kind.as_str() {
        "task" => Some(e.name),
        "changed" => Some(format!("{}: changed: {}", e.host, e.task)),
        "retry" => Some(format!("{}: again: {}", e.host, e.task)),
        "failed" | "unreachable" | "ignored" => {
            Some(format!("{}: {}: {}", e.host, e.kind, said(&e)))
        }
        "diff" if !e.text.trim().is_empty() => Some(format!("{}: {}", e.host, e.text)),
        "no-hosts" => Some(format!("no hosts match `{}`", e.pattern)),
        _ => None,
    }
}

fn said(e: &Event) -> String {
    let text = e.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        e.task.clone()
    } else {
        format!("{}: {text}", e.task)
    }
}

/// The failure of a playbook: the hosts and tasks that failed, from the redacted log.
pub fn failure(playbook: &str, got: &Got) -> Failure {
    let mut failure = outcome::failure(&format!("`{playbook}`"), got);
    if !matches!(
        got,
        Got::Exit {
            exit: Exit::Code(_),
            ..
        }
    ) {
        return failure;
    }
    let events: Vec<Event> = got
        .tail()
        .lines()
        .filter_map(event)
        .filter(|e| e.kind == "failed" || e.kind == "unreachable")
        .collect();
    if let Some((first, others)) = events.split_first() {
        let more = if others.is_empty() {
            String::new()
        } else {
            format!(" (and {} more)", others.len())
        };
        failure.summary = format!("`{playbook}`: {}: {}{more}", first.host, said(first));
        if events.iter().all(|e| e.kind == "unreachable") {
            failure.class = Class::Transient;
        }
        return failure;
    }
    let mut lines = got.tail().lines().map(str::trim);
    if let Some(error) = lines.find_map(|line| line.strip_prefix("ERROR!")) {
        failure.summary = format!("`{playbook}`: {}", error.trim());
    }
    failure
}
