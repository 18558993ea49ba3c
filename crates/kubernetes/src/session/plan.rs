//! What an apply would change: every object is applied for trial by the server itself, one request each.
use super::{
    AT_ONCE, Session,
    begin::{Begun, Is, begin},
    handed, remove, replace,
    wanted::Wanted,
};
use crate::{
    diff::{self, Difference},
    fault::{Fault, Refusal},
    object::Object,
    schema, undeclared,
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use strata_core::{
    cluster::Answer,
    digest::Digest,
    proposal::{Action, Change},
};

/// Most lines that are shown of an object.
const MOST: usize = 40;
/// Of one that is new: its file has the rest.
const MOST_NEW: usize = 3;

/// Says what an apply would change.
pub(super) async fn plan(
    session: &mut Session,
    objects: Vec<Object>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let begun = begin(session, objects).await?;
    begun.may_change(session).await?;
    let (session, begun) = (&*session, &begun);
    let all = &begun.all;
    let trials = all.objects.iter().map(|w| trial(session, w, begun));
    let trials: Vec<_> = stream::iter(trials).buffered(AT_ONCE).collect().await;
    let mut faults = Vec::new();
    for one in trials {
        match one {
            Ok(change) => answer.changes.extend(change),
            Err(fault) => faults.push(fault),
        }
    }
    if session.request.prune {
        answer.changes.extend(remove::surplus(session, all).await?);
    }
    answer.changes.sort();
    match Fault::all(faults) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// What would become of one object; nothing when it stays as it is.
async fn trial(session: &Session, w: &Wanted, begun: &Begun) -> Result<Option<Change>, Fault> {
    let Begun { all, spaces, live } = begun;
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
    let new = match tried(session, &path, &query, &w.object.json).await {
        Ok(new) => new,
        Err(refusal) => return replace::planned(session, w, old, &refusal).map(Some),
    };
    let Some(old) = old else {
        return Ok(Some(created(session, w)));
    };
    let differences = between(session, old, &new);
    if differences.is_empty() {
        return Ok(None);
    }
    Ok(Some(change(w, Action::Update, vec![], &differences)))
}

/// A change of an object that is there.
pub(super) fn change(
    w: &Wanted,
    action: Action,
    mut detail: Vec<String>,
    differences: &[Difference],
) -> Change {
    let paths: Vec<&str> = differences.iter().map(|d| d.path.as_str()).collect();
    if detail.is_empty() || !differences.is_empty() {
        detail.extend(lines(differences, MOST));
    }
    Change {
        object: w.key.to_string(),
        action,
        after: Some(Digest::of_json(&(known(&w.object), paths))),
        detail,
    }
}

/// What differs. Where another tool applies, lists may hold a name twice: there the last counts.
pub(super) fn between(session: &Session, from: &Json, to: &Json) -> Vec<Difference> {
    let (mut from, mut to) = (from.clone(), to.clone());
    for json in [&mut from, &mut to] {
        if session.request.hand_over {
            crate::handed::argocd::as_written(json);
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
