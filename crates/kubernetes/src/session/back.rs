//! The way back: when what is new does not get ready, what was there before is applied again.
//!
//! What was there is known from the objects themselves, as they were before the apply: the fields that we applied then.
//! What this apply made new is removed, but for namespaces and definitions: what is in them may be of others by now.
use super::{
    AT_ONCE, MANAGER, Session,
    discover::Served,
    live::Live,
    remove, replace, wait,
    wanted::{All, Wanted},
};
use crate::{
    fault::{Fault, Refusal},
    immutable,
    inventory::Member,
    object::{Object, uid},
    order::{self, Stage},
    owned,
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use strata_core::{
    cluster::Answer,
    proposal::{Action, Change},
};

/// Goes back, and says in the failure how far that came.
pub(super) async fn back(
    session: &mut Session,
    all: &All,
    before: &Live,
    answer: &Answer,
    failure: Fault,
) -> Fault {
    let touched: BTreeSet<(String, Action)> = answer
        .changes
        .iter()
        .map(|c: &Change| (c.object.clone(), c.action))
        .collect();
    let did = |w: &&Wanted, action| touched.contains(&(w.key.to_string(), action));
    let updated: Vec<&Wanted> = all
        .objects
        .iter()
        .filter(|w| did(w, Action::Update) || did(w, Action::Replace))
        .collect();
    let made: Vec<&Wanted> = all
        .objects
        .iter()
        .filter(|w| did(w, Action::Create) && order::stage(&w.key.what) > Stage::Definitions)
        .collect();
    if updated.is_empty() && made.is_empty() {
        return failure;
    }
    eprintln!("going back to what was there before");
    let ours = &*session;
    let again = updated.iter().map(|w| again(ours, w, before.get(&w.key)));
    let again: Vec<Result<Option<Wanted>, Fault>> =
        stream::iter(again).buffered(AT_ONCE).collect().await;
    let mut lines = Vec::new();
    let mut applied = Vec::new();
    for one in again {
        match one {
            Ok(w) => applied.extend(w),
            Err(fault) => lines.extend(fault.lines),
        }
    }
    let gone = take_away(session, &made).await;
    if let Err(fault) = &gone {
        lines.extend(fault.lines.clone());
    }
    if let Err(fault) = wait::until_ready(session, &applied).await {
        lines.extend(fault.lines);
    }
    let said = if lines.is_empty() {
        format!(
            "went back to what was there before: {} applied again, {} removed",
            applied.len(),
            made.len()
        )
    } else {
        "tried to go back to what was there before, and could not in full:".to_owned()
    };
    let failure = failure.more(said);
    lines.into_iter().fold(failure, Fault::more)
}

/// Applies one object as it was.
async fn again(
    session: &Session,
    w: &Wanted,
    before: Option<&Json>,
) -> Result<Option<Wanted>, Fault> {
    let Some(old) = before.and_then(|live| owned::of(live, MANAGER)) else {
        eprintln!("{} stays: before this apply it was not ours", w.key);
        return Ok(None);
    };
    let path = w
        .path()
        .ok_or_else(|| Fault::permanent(format!("{}: its kind is not served", w.key)))?;
    let about = |refusal: Refusal| refusal.about(&w.key.to_string(), "");
    match session.api.apply(&path, "&force=true", &old).await {
        Ok(_) => {}
        // it was replaced, and is once more
        Err(refusal) if immutable::fields(&refusal).is_some() => {
            let now = session.api.get(&path).await.map_err(about)?;
            replace::may(session, w, Some(&now), &refusal)?;
            replace::replace(session, w, &now, &old).await?;
        }
        Err(refusal) => return Err(about(refusal)),
    }
    eprintln!("restored {}", w.key);
    Ok(Some(Wanted {
        object: Object {
            json: old,
            at: w.object.at.clone(),
        },
        key: w.key.clone(),
        served: w.served.clone(),
    }))
}

/// Removes what this apply made.
async fn take_away(session: &mut Session, made: &[&Wanted]) -> Result<(), Fault> {
    let keys: Vec<_> = made.iter().map(|w| &w.key).collect();
    let members: Vec<Member> = session
        .inventory
        .members
        .iter()
        .filter(|m| keys.contains(&&m.key()))
        .cloned()
        .collect();
    let mut owned: Vec<(Member, Served, Json)> = Vec::new();
    for member in members {
        let Some(w) = made.iter().find(|w| w.key == member.key()) else {
            continue;
        };
        let (Some(path), Some(served)) = (w.path(), w.served.clone()) else {
            continue;
        };
        if let Ok(json) = session.api.get(&path).await
            && uid(&json) == member.uid
        {
            owned.push((member, served, json));
        }
    }
    let mut answer = Answer::default();
    remove::remove(session, &owned, &mut answer).await?;
    for (member, ..) in &owned {
        session.inventory.members.remove(member);
    }
    remove::write_inventory(session, std::iter::empty()).await
}
