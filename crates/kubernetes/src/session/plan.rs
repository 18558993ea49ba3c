//! What an apply would change: every object is applied for trial by the server itself, one request each.
use super::{
    AT_ONCE, Session,
    discover::Served,
    handed,
    live::{self, Live},
    remove, sets,
    wanted::{self, All, Wanted},
};
use crate::{
    argocd,
    diff::{self, Difference},
    fault::{Fault, Refusal},
    object::{GroupKind, Key, Object},
    schema, undeclared,
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    cluster::Answer,
    digest::Digest,
    proposal::{Action, Change},
};

/// Most lines that are shown of an object.
const MOST: usize = 40;
/// Of one that is new: its file has the rest.
const MOST_NEW: usize = 3;

/// What is known of the namespaces of wanted objects.
pub(super) struct Namespaces(BTreeMap<String, Json>);

/// How a namespace is for who wants to put something into it.
pub(super) enum Is {
    /// There.
    Open,
    /// It comes with the same objects.
    Coming,
    /// It goes; what holds it.
    Going(Vec<String>),
    /// It is not there.
    Missing,
}

impl Namespaces {
    /// Looks at the namespaces of all wanted objects.
    pub(super) async fn look(session: &Session, all: &All) -> Result<Self, Fault> {
        let names: BTreeSet<&str> = all
            .objects
            .iter()
            .map(|w| w.key.namespace.as_str())
            .chain(
                all.objects
                    .iter()
                    .filter(|w| w.object.is_namespace())
                    .map(|w| w.key.name.as_str()),
            )
            .chain([session.inventory.namespace.as_str()])
            .filter(|n| !n.is_empty())
            .collect();
        let key = |name: &str| Key {
            what: GroupKind {
                group: String::new(),
                kind: "Namespace".to_owned(),
            },
            namespace: String::new(),
            name: name.to_owned(),
        };
        let served = Served {
            version: "v1".to_owned(),
            plural: "namespaces".to_owned(),
            namespaced: false,
        };
        let keys: Vec<(Key, Served)> = names.iter().map(|n| (key(n), served.clone())).collect();
        let live = match live::fetch(&session.api, &keys).await {
            Ok(live) => live
                .into_iter()
                .map(|(key, json)| (key.name, json))
                .collect(),
            // who may not look at namespaces is told by the first object whether there is one
            Err((_, refusal)) if refusal.code == 403 => {
                let open = |n: &&str| ((*n).to_owned(), Json::Null);
                names.iter().map(open).collect()
            }
            Err((key, refusal)) => return Err(refusal.about(&key.to_string(), "")),
        };
        Ok(Self(live))
    }
    /// How a namespace is.
    pub(super) fn is(&self, name: &str, all: &All) -> Is {
        match self.0.get(name) {
            _ if name.is_empty() => Is::Open,
            Some(json) if json["metadata"]["deletionTimestamp"].is_string() => {
                Is::Going(remove::holds(json))
            }
            Some(_) => Is::Open,
            None if all.has_namespace(name) => Is::Coming,
            None => Is::Missing,
        }
    }
    /// Is there a namespace for the inventory?
    pub(super) fn for_inventory(&self, session: &Session, all: &All) -> Result<(), Fault> {
        let space = &session.inventory.namespace;
        if !session.request.inventory || !matches!(self.is(space, all), Is::Missing) {
            return Ok(());
        }
        Err(Fault::permanent(format!(
            "there is no namespace `{space}` for the inventory of this unit"
        ))
        .more("say with `namespace:` of the component which namespace is its own"))
    }
    /// A fault for an object that cannot be put where it belongs.
    pub(super) fn fault(&self, w: &Wanted, all: &All) -> Option<Fault> {
        let name = &w.key.namespace;
        let name = if w.object.is_namespace() {
            &w.key.name
        } else {
            name
        };
        match self.is(name, all) {
            Is::Open | Is::Coming => None,
            Is::Missing => Some(
                Fault::permanent(format!("{} ({}): there is no namespace `{name}`", w.key, w.object.at))
                    .more("add a Namespace to the objects, or make it in a component that this one comes `after`"),
            ),
            Is::Going(holds) => {
                let fault = Fault::transient(format!("{} ({}): its namespace `{name}` is being deleted", w.key, w.object.at));
                let fault = holds.into_iter().fold(fault, Fault::more);
                Some(fault.more("apply again when it is gone"))
            }
        }
    }
}

/// The live objects of all that is wanted.
pub(super) async fn live_of(
    session: &Session,
    all: &All,
    spaces: &Namespaces,
) -> Result<Live, Fault> {
    let keys: Vec<(Key, Served)> = all
        .objects
        .iter()
        .filter(|w| matches!(spaces.is(&w.key.namespace, all), Is::Open))
        .filter_map(|w| Some((w.key.clone(), w.served.clone()?)))
        .collect();
    live::known(session, &keys).await
}

/// Says what an apply would change.
pub(super) async fn plan(
    session: &mut Session,
    objects: Vec<Object>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let all = wanted::wanted(session, objects).await?;
    let spaces = Namespaces::look(session, &all).await?;
    remove::read_inventory(session).await?;
    let faults: Vec<Fault> = all
        .objects
        .iter()
        .filter_map(|w| spaces.fault(w, &all))
        .collect();
    Fault::all(faults).map_or(Ok(()), Err)?;
    spaces.for_inventory(session, &all)?;
    let live = live_of(session, &all, &spaces).await?;
    sets::of_others(session, &all, &live).await?;
    let (session, all_ref, spaces, live_ref) = (&*session, &all, &spaces, &live);
    let trials = all
        .objects
        .iter()
        .map(|w| trial(session, w, all_ref, spaces, live_ref));
    let trials: Vec<_> = stream::iter(trials).buffered(AT_ONCE).collect().await;
    let mut faults = Vec::new();
    for one in trials {
        match one {
            Ok(change) => answer.changes.extend(change),
            Err(fault) => faults.push(fault),
        }
    }
    if session.request.prune {
        answer.changes.extend(remove::surplus(session, &all).await?);
    }
    answer.changes.sort();
    match Fault::all(faults) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// What would become of one object; nothing when it stays as it is.
async fn trial(
    session: &Session,
    w: &Wanted,
    all: &All,
    spaces: &Namespaces,
    live: &Live,
) -> Result<Option<Change>, Fault> {
    let place = &w.object.at;
    let coming = matches!(spaces.is(&w.key.namespace, all), Is::Coming);
    let Some(path) = w.path().filter(|_| !coming) else {
        let wrong = all
            .definition(&w.object)
            .map(|d| schema::faults(d, &w.object));
        let wrong = wrong.unwrap_or_default();
        if wrong.is_empty() {
            return Ok(Some(created(session, w)));
        }
        let fault = Fault::permanent(format!(
            "{} ({place}) does not fit the definition beside it",
            w.key
        ));
        return Err(wrong.into_iter().fold(fault, Fault::more));
    };
    let old = live.get(&w.key);
    let force = if session.request.force_conflicts {
        "&force=true"
    } else {
        "&force=false"
    };
    let query = format!("{force}&dryRun=All");
    let new = tried(session, &path, &query, &w.object.json)
        .await
        .map_err(|refusal| refusal.about(&w.key.to_string(), place))?;
    let Some(old) = old else {
        return Ok(Some(created(session, w)));
    };
    let differences = between(session, old, &new);
    if differences.is_empty() {
        return Ok(None);
    }
    let paths: Vec<&str> = differences.iter().map(|d| d.path.as_str()).collect();
    Ok(Some(Change {
        object: w.key.to_string(),
        action: Action::Update,
        after: Some(Digest::of_json(&(known(&w.object), paths))),
        detail: lines(&differences, MOST),
    }))
}

/// What differs. Where another tool applies, lists may hold a name twice: there the last counts.
pub(super) fn between(session: &Session, from: &Json, to: &Json) -> Vec<Difference> {
    let (mut from, mut to) = (from.clone(), to.clone());
    for json in [&mut from, &mut to] {
        if session.request.hand_over {
            argocd::as_written(json);
        }
        if session.request.by_another {
            crate::object::name_once(json);
        }
    }
    diff::between(&from, &to, &session.hidden)
}

/// How often an object is tried again without fields that it should not have.
const TRIES: usize = 8;

/// A trial by the server. Of what another tool applies, as that tool applies it: without what the kind does not declare.
pub(super) async fn tried(
    session: &Session,
    path: &str,
    query: &str,
    object: &Json,
) -> Result<Json, Refusal> {
    let mut tried = handed::apply(session, path, query, object).await;
    let mut object = object.clone();
    for _ in 0..TRIES {
        match &tried {
            Err(refusal)
                if session.request.by_another
                    && undeclared::without(&mut object, &refusal.message) =>
            {
                tried = session.api.apply(path, query, &object).await;
            }
            _ => break,
        }
    }
    tried
}

fn created(session: &Session, w: &Wanted) -> Change {
    let differences = diff::of_new(&w.object.json, &session.hidden);
    Change {
        object: w.key.to_string(),
        action: Action::Create,
        after: Some(Digest::of_json(&known(&w.object))),
        detail: if differences.is_empty() {
            vec![]
        } else {
            lines(&differences, MOST_NEW)
        },
    }
}

/// What an approval may remember of an object: no value of a secret, not even its digest.
fn known(object: &Object) -> Json {
    let mut json = object.json.clone();
    if object.kind() == "Secret"
        && let Some(map) = json.as_object_mut()
    {
        map.remove("data");
        map.remove("stringData");
    }
    json
}

fn lines(differences: &[Difference], most: usize) -> Vec<String> {
    let ours = format!("labels[{}]", crate::inventory::PART_OF);
    let shown = differences.iter().filter(|d| !d.path.ends_with(&ours));
    let mut lines: Vec<String> = shown.map(Difference::line).collect();
    if lines.is_empty() {
        lines.push("joins the objects of this unit".to_owned());
    }
    if lines.len() > most {
        let left = lines.len() - most;
        lines.truncate(most);
        lines.push(format!("… and {left} more"));
    }
    lines
}
