//! What an upgrade would do, as a proposal: objects, hooks, definitions, and a revision of the release.
use super::{
    failure,
    manifest::{self, Object},
    options::flag,
    release::{self, Hook, Release, Restore},
};
use crate::mask::Secrets;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use strata_core::{
    engine::Task,
    proposal::{Action, Change, Fidelity, Proposal},
};

/// How a definition is called.
const DEFINITION: &str = "CustomResourceDefinition.apiextensions.k8s.io ";

/// What there is of the release before it is planned.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Before {
    /// Its objects at the last good revision, or at the last one.
    pub manifest: String,
    /// The values it was given.
    pub config: Json,
    /// The number of its last revision; 0 when there is none.
    pub revision: u64,
    /// The status of that.
    pub status: String,
    /// What has to be done about it first.
    pub restore: Restore,
    /// Tests that did not succeed after that revision, by name.
    pub untested: Vec<String>,
}

impl Before {
    /// From its last revision.
    pub fn of(release: Release) -> Self {
        let untested = release.hooks.iter().filter(|h| is_test(h));
        let untested = untested.filter(|h| h.last_run.phase != "Succeeded");
        Self {
            untested: untested.map(|h| h.name.clone()).collect(),
            manifest: release.manifest,
            config: release.config,
            revision: release.version,
            status: release.info.status,
            restore: Restore::Nothing,
        }
    }
    /// Is the release there, whatever became of it?
    pub fn exists(&self) -> bool {
        self.revision > 0 && self.status != "uninstalled"
    }
}

/// What the chart makes now.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct After {
    /// Its objects.
    pub objects: Vec<Object>,
    /// Its hooks.
    pub hooks: Vec<Hook>,
    /// The values it is given.
    pub config: Json,
}

/// From an upgrade that was tried.
pub fn rendered(stdout: &[u8]) -> Result<After, String> {
    let release: Release = release::read("upgrade --dry-run", stdout)?;
    Ok(After {
        objects: manifest::objects(&release.manifest)?,
        hooks: release.hooks,
        config: release.config,
    })
}

/// From the output of `template`, where hooks are among the objects.
pub fn templated(stdout: &[u8], values: Option<&[u8]>) -> Result<After, String> {
    let text = std::str::from_utf8(stdout).map_err(|_| "helm template printed no text")?;
    let (hooks, objects): (Vec<Object>, _) = manifest::objects(text)?
        .into_iter()
        .partition(|o| o.hook().is_some());
    Ok(After {
        objects,
        hooks: hooks.iter().filter_map(Object::hook).collect(),
        config: values
            .and_then(|v| serde_json::from_slice(v).ok())
            .unwrap_or_default(),
    })
}

/// The texts that may not be shown: secrets among the inputs, as the old and the new values have them.
pub fn secrets(task: &Task, configs: &[&Json]) -> Secrets {
    let of = |config: &&Json| {
        let values: BTreeMap<String, Json> = config
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), json!({"value": value})))
            .collect();
        Secrets::of_inputs(&task.inputs, &values)
    };
    configs
        .iter()
        .map(of)
        .fold(Secrets::default(), Secrets::and)
}

/// The proposal. `live` is what a session says of the objects.
pub fn proposal(
    task: &Task,
    before: &Before,
    after: &After,
    live: Vec<Change>,
) -> Result<Proposal, String> {
    let secrets = secrets(task, &[&before.config, &after.config]);
    let old = if before.exists() {
        manifest::objects(&before.manifest)?
    } else {
        Vec::new()
    };
    let namespace = super::options::namespace(&task.spec);
    let said = manifest::compare(&old, &after.objects, &namespace, &secrets);
    // a definition that is there already helm leaves as it is
    let makes = |c: &Change| c.action != Action::Update || !c.object.starts_with(DEFINITION);
    let live: Vec<Change> = if before.exists() {
        live
    } else {
        live.into_iter().filter(makes).collect()
    };
    let live = told(live, &after.objects, &namespace, &secrets);
    let differs = !said.is_empty() || !live.is_empty();
    let mut changes = match before.restore {
        // all of it goes first: nothing is changed in place
        Restore::Uninstall => anew(said, live),
        _ => with_live(said, live),
    };
    let tests: Vec<&Hook> = match flag(&task.spec, "test") {
        Some(true) => after.hooks.iter().filter(|h| is_test(h)).collect(),
        _ => Vec::new(),
    };
    let again = tests.iter().any(|t| before.untested.contains(&t.name));
    let unsound = before.exists() && before.status != "deployed";
    if differs || unsound || !before.exists() || again {
        changes.push(revision(task, before, again));
        let event = if before.exists() {
            "upgrade"
        } else {
            "install"
        };
        let wanted = |h: &&Hook| h.events.iter().any(|e| e.ends_with(event));
        changes.extend(after.hooks.iter().filter(wanted).map(hook));
        changes.extend(tests.into_iter().map(hook));
    }
    changes.sort();
    changes.dedup_by(|a, b| a.object == b.object);
    Ok(Proposal {
        fidelity: Fidelity::Exact,
        changes,
    })
}

fn is_test(hook: &Hook) -> bool {
    hook.events
        .iter()
        .any(|e| e == "test" || e == "test-success")
}

/// Every upgrade makes a revision of the release. That is all there may be to do: after one that failed or was cut off.
fn revision(task: &Task, before: &Before, untested: bool) -> Change {
    let mut detail = Vec::new();
    let last = format!("revision {} is {}", before.revision, before.status);
    match before.restore {
        Restore::Uninstall => detail.push(format!("{last}: it is uninstalled first")),
        Restore::Rollback(good) => {
            detail.push(format!(
                "{last}: it is rolled back to revision {good} first"
            ));
        }
        Restore::Nothing if before.exists() && before.status != "deployed" => detail.push(last),
        Restore::Nothing if untested => detail.push("its tests have not succeeded".to_owned()),
        Restore::Nothing => {}
    }
    Change {
        object: format!("release {}", failure::shown(task)),
        action: Action::Create,
        after: None,
        detail,
    }
}

fn hook(hook: &Hook) -> Change {
    Change {
        object: format!("hook {} {}", hook.kind, hook.name),
        action: Action::Create,
        after: None,
        detail: vec![format!("runs at {}", hook.events.join(", "))],
    }
}

/// What a session says, with digests that tell nothing of secrets: a chart may put one anywhere, and the session does not
/// know where. The paths of what changes count too, since what is there now does.
fn told(
    mut live: Vec<Change>,
    objects: &[Object],
    namespace: &str,
    secrets: &Secrets,
) -> Vec<Change> {
    let by_name: BTreeMap<String, &Object> = objects
        .iter()
        .map(|o| (manifest::shown(&o.key(namespace)), o))
        .collect();
    for change in &mut live {
        if let Some(object) = by_name.get(&change.object) {
            let path = |line: &String| line.split(": ").next().unwrap_or_default().to_owned();
            let paths: Vec<String> = match change.action {
                Action::Create => vec![],
                _ => change.detail.iter().map(path).collect(),
            };
            change.after = Some(object.digest(&paths, secrets));
        }
    }
    live
}

/// Everything is made, whatever is there now.
fn anew(said: Vec<Change>, live: Vec<Change>) -> Vec<Change> {
    let mut changes = said;
    for mut found in live {
        if let Some(change) = changes.iter_mut().find(|c| c.object == found.object) {
            change.detail = found.detail;
        } else {
            found.action = Action::Create;
            changes.push(found);
        }
    }
    changes
}

/// What the cluster has counts; and what only the manifests tell: objects that go, and fields that do.
fn with_live(said: Vec<Change>, mut live: Vec<Change>) -> Vec<Change> {
    for mut change in said {
        let goes = |line: &String| line.starts_with("- ");
        let Some(found) = live.iter_mut().find(|c| c.object == change.object) else {
            match change.action {
                Action::Delete => live.push(change),
                // the cluster has it as the chart wants it already
                Action::Create => {}
                _ => {
                    change
                        .detail
                        .retain(|l| goes(l) || l.starts_with(manifest::STAYS));
                    if !change.detail.is_empty() {
                        live.push(change);
                    }
                }
            }
            continue;
        };
        let path = |line: &str| line[2..].split(':').next().unwrap_or_default().to_owned();
        let known: Vec<String> = found
            .detail
            .iter()
            .filter(|l| goes(l))
            .map(|l| path(l))
            .collect();
        let gone = change.detail.into_iter().filter(goes);
        found
            .detail
            .extend(gone.filter(|line| !known.contains(&path(line))));
    }
    live
}

#[cfg(test)]
mod tests;
