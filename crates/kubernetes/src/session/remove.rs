//! Removal of what the inventory lists: webhooks first, namespaces last; what hangs is named with what holds it.
use super::{
    AT_ONCE, MANAGER, Session,
    discover::{Kinds, Served, path},
    live,
    wanted::All,
};
use crate::{
    fault::{Fault, Refusal},
    handed,
    inventory::Member,
    object::{GroupKind, Key, uid},
    order,
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use strata_core::{
    cluster::Answer,
    engine::Class,
    proposal::{Action, Change},
};
use tokio::time::{Instant, sleep};

fn parent(session: &Session) -> (String, Key) {
    let inventory = &session.inventory;
    let key = Key {
        what: GroupKind {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
        },
        namespace: inventory.namespace.clone(),
        name: inventory.name.clone(),
    };
    let served = Served {
        version: "v1".to_owned(),
        plural: "configmaps".to_owned(),
        namespaced: true,
    };
    (path(&served, &key), key)
}

/// Reads the inventory from the cluster. True when there is one.
pub(super) async fn read_inventory(session: &mut Session) -> Result<bool, Fault> {
    if !session.request.inventory {
        return Ok(false);
    }
    let (path, key) = parent(session);
    match session.api.get(&path).await {
        Ok(json) => {
            session.inventory.read(&json).map_err(|why| {
                Fault::permanent(why).more("it was changed by hand: remove it, and what it listed stays until somebody removes that")
            })?;
            Ok(true)
        }
        Err(refusal) if refusal.is_missing() => Ok(false),
        Err(refusal) => Err(refusal.about(&key.to_string(), "")),
    }
}

/// Writes the inventory. `more` are objects that are about to become members.
pub(super) async fn write_inventory<'a>(
    session: &Session,
    more: impl Iterator<Item = &'a Key>,
) -> Result<(), Fault> {
    if !session.request.inventory {
        return Ok(());
    }
    let (path, key) = parent(session);
    let json = session.inventory.parent(more);
    let done = session.api.apply(&path, "&force=true", &json).await;
    done.map(drop)
        .map_err(|refusal| refusal.about(&key.to_string(), "the inventory"))
}

/// What an apply would remove. What is no longer ours is left alone, and that is said.
pub(super) async fn surplus(session: &Session, all: &All) -> Result<Vec<Change>, Fault> {
    let wanted = all.keys();
    let members: Vec<&Member> = session.inventory.surplus(&wanted).collect();
    let found = find(session, &members, &all.kinds).await?;
    Ok(found
        .into_iter()
        .map(|(member, ..)| change(member))
        .collect())
}

fn change(member: &Member) -> Change {
    Change {
        object: member.key().to_string(),
        action: Action::Delete,
        after: None,
        detail: match order::stage(&member.key().what) {
            order::Stage::Namespaces => vec!["with everything in it".to_owned()],
            order::Stage::Definitions => vec!["with every object of its kind".to_owned()],
            _ => vec![],
        },
    }
}

/// The members that are there and still ours, with where they are.
async fn find<'a>(
    session: &Session,
    members: &[&'a Member],
    kinds: &Kinds,
) -> Result<Vec<(&'a Member, Served, Json)>, Fault> {
    // a kind that is served no more has no objects
    let keys: Vec<(Key, Served)> = members
        .iter()
        .filter_map(|m| Some((m.key(), kinds.any(&m.key().what)?.clone())))
        .collect();
    let live = live::known(session, &keys).await?;
    let mut out = Vec::new();
    for member in members {
        let key = member.key();
        let (Some(json), Some(served)) = (live.get(&key), kinds.any(&key.what)) else {
            continue;
        };
        match session.inventory.owns(member, json) {
            Ok(()) => out.push((*member, served.clone(), json.clone())),
            Err(why) => eprintln!("left {key} alone: {why}"),
        }
    }
    Ok(out)
}

/// Removes members that are no longer wanted, and waits until they are gone.
pub(super) async fn prune(
    session: &mut Session,
    all: &All,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let wanted = all.keys();
    let members: Vec<Member> = session.inventory.surplus(&wanted).cloned().collect();
    if members.is_empty() {
        return Ok(());
    }
    let refs: Vec<&Member> = members.iter().collect();
    let found = find(session, &refs, &all.kinds).await?;
    let owned: Vec<(Member, Served, Json)> = found
        .into_iter()
        .map(|(m, s, j)| (m.clone(), s, j))
        .collect();
    remove(session, &owned, answer).await?;
    for member in &members {
        session.inventory.members.remove(member);
    }
    write_inventory(session, std::iter::empty()).await
}

/// Removes all that the inventory lists, and the inventory.
pub(super) async fn destroy(session: &mut Session, answer: &mut Answer) -> Result<(), Fault> {
    if !read_inventory(session).await? {
        eprintln!("there is no inventory of this unit in the cluster: nothing is left to remove");
        return Ok(());
    }
    let members: Vec<Member> = session.inventory.members.iter().cloned().collect();
    let used: BTreeSet<String> = members.iter().map(|m| m.api.clone()).collect();
    let kinds = Kinds::discover(&session.api, &used)
        .await
        .map_err(|r| r.about("the list of kinds", ""))?;
    let refs: Vec<&Member> = members.iter().collect();
    let found = find(session, &refs, &kinds).await?;
    let owned: Vec<(Member, Served, Json)> = found
        .into_iter()
        .map(|(m, s, j)| (m.clone(), s, j))
        .collect();
    remove(session, &owned, answer).await?;
    let (path, key) = parent(session);
    match session.api.get(&path).await {
        Ok(json) => match session.api.delete(&path, uid(&json), "Background").await {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.is_missing() => Ok(()),
            Err(refusal) => Err(refusal.about(&key.to_string(), "the inventory")),
        },
        // it went with its namespace
        Err(refusal) if refusal.is_missing() => Ok(()),
        Err(refusal) => Err(refusal.about(&key.to_string(), "the inventory")),
    }
}

pub(super) async fn remove(
    session: &Session,
    owned: &[(Member, Served, Json)],
    answer: &mut Answer,
) -> Result<(), Fault> {
    let mut turns: BTreeMap<(u8, usize), Vec<&(Member, Served, Json)>> = BTreeMap::new();
    for entry in owned {
        turns
            .entry(order::rank_of_removal(&entry.0.key().what))
            .or_default()
            .push(entry);
    }
    for turn in turns.into_values() {
        let done = turn
            .iter()
            .map(|entry| one(session, entry, policy(&entry.0)));
        let done: Vec<_> = stream::iter(done).buffer_unordered(AT_ONCE).collect().await;
        let faults: Vec<Fault> = done.into_iter().filter_map(Result::err).collect();
        if let Some(fault) = Fault::all(faults) {
            return Err(fault);
        }
        answer.changes.extend(turn.iter().map(|(m, ..)| change(m)));
    }
    Ok(())
}

/// What hangs on workloads goes before them, so that "gone" means all of it; so do the Applications of a set, while there is
/// a controller that takes their finalizers away.
fn policy(member: &Member) -> &'static str {
    let what = member.key().what;
    match (what.group.as_str(), what.kind.as_str()) {
        ("apps" | "batch", _) | ("argoproj.io", "ApplicationSet") => "Foreground",
        _ => "Background",
    }
}

/// Removes one object, and waits until it is gone.
pub(super) async fn one(
    session: &Session,
    (member, served, live): &(Member, Served, Json),
    policy: &str,
) -> Result<(), Fault> {
    let key = member.key();
    let path = path(served, &key);
    let about = |refusal: Refusal| refusal.about(&key.to_string(), "");
    if handed::to(live) == Some(handed::To::Flux) && handed::is_suspended(live) {
        eprintln!("{key} is suspended: Flux leaves what it applied where it is");
    }
    if live["metadata"]["deletionTimestamp"].is_null() {
        match session.api.delete(&path, uid(live), policy).await {
            Ok(_) => eprintln!("removing {key}"),
            Err(refusal) if refusal.is_missing() => return Ok(()),
            Err(refusal) if refusal.code == 409 => {}
            Err(refusal) => return Err(about(refusal)),
        }
    }
    let until = Instant::now() + session.api.patience();
    let mut pause = Duration::from_millis(200);
    loop {
        let now = match session.api.get(&path).await {
            Ok(json) if uid(&json) == member.uid => json,
            Ok(_) => break,
            Err(refusal) if refusal.is_missing() => break,
            Err(refusal) => return Err(about(refusal)),
        };
        if Instant::now() > until {
            let fault = Fault {
                class: Class::Permanent,
                lines: vec![format!(
                    "{key} is not gone after {} s",
                    session.api.patience().as_secs()
                )],
            };
            return Err(holds(&now).into_iter().fold(fault, Fault::more));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
    eprintln!("removed {key}");
    Ok(())
}

/// What keeps an object that is being deleted: its finalizers, and what a namespace says is left in it.
pub(super) fn holds(json: &Json) -> Vec<String> {
    let mut out = Vec::new();
    let finalizers = |list: &Json| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(Json::as_str)
            .map(|f| format!("`{f}`"))
            .collect()
    };
    let names = finalizers(&json["metadata"]["finalizers"]);
    if !names.is_empty() {
        let by = by(json, "f:finalizers");
        let by = by.map(|m| format!(", set by `{m}`")).unwrap_or_default();
        out.push(format!(
            "it is held by {}{by}: the controller that set it has to take it away; is it running?",
            names.join(", ")
        ));
    }
    let conditions = json["status"]["conditions"].as_array();
    for c in conditions
        .into_iter()
        .flatten()
        .filter(|c| c["status"] == "True" && json["kind"] == "Namespace")
    {
        let text = |key: &str| c[key].as_str().unwrap_or_default();
        out.push(format!("{}: {}", text("type"), text("message")));
    }
    if out.is_empty() {
        let inside = finalizers(&json["spec"]["finalizers"]);
        out.push(if inside.is_empty() {
            "nothing says what holds it".to_owned()
        } else {
            format!(
                "it is held by {}: what is in it is still being removed",
                inside.join(", ")
            )
        });
    }
    out
}

/// Who manages a field of the metadata.
fn by<'a>(json: &'a Json, field: &str) -> Option<&'a str> {
    let entries = json["metadata"]["managedFields"].as_array()?;
    let entry = entries
        .iter()
        .find(|e| !e["fieldsV1"]["f:metadata"][field].is_null())?;
    entry["manager"].as_str().filter(|m| *m != MANAGER)
}
