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

/// The proposal. `definitions` are those that a first install makes, `live` is what a session says of the objects.
pub fn proposal(
    task: &Task,
    before: &Before,
    after: &After,
    definitions: &[Object],
    live: Option<Vec<Change>>,
) -> Result<Proposal, String> {
    let secrets = secrets(task, &[&before.config, &after.config]);
    let old = match before.exists() {
        true => manifest::objects(&before.manifest)?,
        false => Vec::new(),
    };
    let mut changes = manifest::compare(&old, &after.objects, &secrets);
    changes.extend(manifest::compare(&[], definitions, &secrets));
    if let Some(live) = live {
        changes = with_live(changes, live, &super::options::namespace(&task.spec));
    }
    let tests: Vec<&Hook> = match flag(&task.spec, "test") {
        Some(true) => after.hooks.iter().filter(|h| is_test(h)).collect(),
        _ => Vec::new(),
    };
    let again = tests.iter().any(|t| before.untested.contains(&t.name));
    let unsound = before.exists() && before.status != "deployed";
    if !changes.is_empty() || unsound || !before.exists() || again {
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

/// What the cluster has counts, and what only the manifests tell: objects that go, and fields that do.
fn with_live(said: Vec<Change>, mut live: Vec<Change>, namespace: &str) -> Vec<Change> {
    live.retain(|c| c.action != Action::None && c.action != Action::Read);
    for change in said {
        let own = |other: &Change| {
            other.object == change.object
                || change.object.split_once(' ').is_some_and(|(what, name)| {
                    other.object == format!("{what} {namespace}/{name}")
                })
        };
        match live.iter_mut().find(|other| own(other)) {
            Some(found) => {
                let gone = change.detail.iter().filter(|line| line.starts_with("- "));
                let path = |line: &str| line[2..].split(':').next().unwrap_or_default().to_owned();
                let new: Vec<String> = gone
                    .filter(|line| {
                        !found
                            .detail
                            .iter()
                            .any(|l| l.starts_with("- ") && path(l) == path(line))
                    })
                    .cloned()
                    .collect();
                found.detail.extend(new);
            }
            // the cluster has it as the chart wants it already
            None if change.action == Action::Create => {}
            None if change.action == Action::Update
                && !change.detail.iter().any(|l| l.starts_with("- ")) => {}
            None => live.push(change),
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::value::Value;

    fn task(options: &str) -> Task {
        let json = r#"{"verb": "plan", "unit": "dev/web", "spec": {"engine": "helm", "folder": "web"}, "inputs": {}, "tool": {"program": "helm", "version": ""}}"#;
        let mut task: Task = serde_json::from_str(json).unwrap();
        let options: BTreeMap<String, Value> = serde_json::from_str(options).unwrap();
        task.spec.options = options.into_iter().map(|(k, v)| (k, v.into())).collect();
        task
    }
    fn object(text: &str) -> Object {
        manifest::objects(text).unwrap().remove(0)
    }
    fn shown(p: &Proposal) -> Vec<String> {
        let line = |c: &Change| format!("{:?} {} {}", c.action, c.object, c.detail.join("; "));
        p.changes.iter().map(line).collect()
    }
    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n";

    #[test]
    fn a_first_install_makes_definitions_objects_hooks_and_a_release() {
        let hook = |event: &str| Hook {
            name: format!("h-{event}"),
            kind: "Job".into(),
            events: vec![event.into()],
            ..Hook::default()
        };
        let after = After {
            objects: vec![object(MAP)],
            hooks: vec![hook("pre-install"), hook("post-upgrade"), hook("test")],
            config: Json::Null,
        };
        let definition = object(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\n",
        );
        let task = task("{}");
        let found = proposal(&task, &Before::default(), &after, &[definition], None).unwrap();
        assert_eq!(
            shown(&found),
            [
                "Create ConfigMap a ",
                "Create CustomResourceDefinition.apiextensions.k8s.io x.y ",
                "Create hook Job h-pre-install runs at pre-install",
                "Create release default/web "
            ]
        );
    }

    #[test]
    fn nothing_changes_when_the_release_is_sound_and_tested() {
        let after = After {
            objects: vec![object(MAP)],
            hooks: vec![Hook {
                name: "t".into(),
                kind: "Pod".into(),
                events: vec!["test".into()],
                ..Hook::default()
            }],
            config: Json::Null,
        };
        let mut before = Before {
            manifest: MAP.into(),
            revision: 2,
            status: "deployed".into(),
            ..Before::default()
        };
        let (plain, tested) = (task("{}"), task(r#"{"test": true}"#));
        assert!(
            proposal(&plain, &before, &after, &[], None)
                .unwrap()
                .is_empty()
        );
        assert!(
            proposal(&tested, &before, &after, &[], None)
                .unwrap()
                .is_empty()
        );
        before.untested = vec!["t".into()];
        assert!(
            proposal(&plain, &before, &after, &[], None)
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            shown(&proposal(&tested, &before, &after, &[], None).unwrap()),
            [
                "Create hook Pod t runs at test",
                "Create release default/web its tests have not succeeded"
            ]
        );
        before.untested.clear();
        before.status = "pending-upgrade".into();
        before.restore = Restore::Rollback(1);
        assert_eq!(
            shown(&proposal(&plain, &before, &after, &[], None).unwrap()),
            [
                "Create release default/web revision 2 is pending-upgrade: it is rolled back to revision 1 first"
            ]
        );
    }

    #[test]
    fn the_cluster_has_the_last_word_and_manifests_say_what_goes() {
        let change = |object: &str, action, detail: &[&str]| Change {
            object: object.into(),
            action,
            after: None,
            detail: detail.iter().map(|d| (*d).to_owned()).collect(),
        };
        let said = vec![
            change("ConfigMap a", Action::Update, &["x: 1 -> 2", "- y"]),
            change("ConfigMap b", Action::Update, &["x: 1 -> 2"]),
            change("ConfigMap c", Action::Update, &["- z"]),
            change("ConfigMap d", Action::Delete, &[]),
            change("ConfigMap e", Action::Create, &[]),
        ];
        let live = vec![
            change("ConfigMap default/a", Action::Update, &["x: 3 -> 2"]),
            change("ConfigMap default/b", Action::None, &[]),
            change("ConfigMap default/f", Action::Update, &["k: hand -> v"]),
        ];
        let found = with_live(said, live, "default");
        assert_eq!(
            shown(&Proposal {
                fidelity: Fidelity::Exact,
                changes: found
            }),
            [
                "Update ConfigMap default/a x: 3 -> 2; - y",
                "Update ConfigMap default/f k: hand -> v",
                "Update ConfigMap c - z",
                "Delete ConfigMap d "
            ]
        );
    }
}
