//! Deletes an object whose fields cannot change and makes it again, where its file asks for that and it is this unit's.
use super::{Session, plan, remove, wanted::Wanted};
use crate::{
    fault::{Fault, Refusal},
    immutable::{self, REPLACE},
    inventory::Member,
    order::{self, Stage},
    owned,
};
use serde_json::Value as Json;
use strata_core::proposal::{Action, Change};

/// May a refused object be replaced? What it would be of, else, is said with the way out.
pub(super) fn may(
    session: &Session,
    w: &Wanted,
    live: Option<&Json>,
    refusal: &Refusal,
) -> Result<Vec<String>, Fault> {
    let fault = refusal.about(&w.key.to_string(), &w.object.at);
    let (Some(fields), Some(live)) = (immutable::fields(refusal), live) else {
        return Err(fault);
    };
    // somebody else applies it
    if session.request.by_another {
        return Err(fault);
    }
    if order::stage(&w.key.what) <= Stage::Definitions {
        return Err(
            fault.more("it is never replaced: all that is in it, or of its kind, would go with it")
        );
    }
    if !immutable::is_asked_for(&w.object.json) {
        return Err(fault.more(format!(
            "or let it be deleted and made again: write the annotation `{REPLACE}: \"true\"` into its file, and see the plan"
        )));
    }
    let member = session.inventory.members.iter().find(|m| m.key() == w.key);
    let ours = member.is_some_and(|member| session.inventory.owns(member, live).is_ok());
    if session.request.inventory && !ours {
        return Err(fault.more("it is not this unit's: who made it has to delete it"));
    }
    let line = |(field, said): (String, String)| format!("{field} cannot change: {said}");
    Ok(fields.into_iter().map(line).collect())
}

/// The change that a plan shows, or why there is none.
pub(super) fn planned(
    session: &Session,
    w: &Wanted,
    live: Option<&Json>,
    refusal: &Refusal,
) -> Result<Change, Fault> {
    let mut why = may(session, w, live, refusal)?;
    why.insert(
        0,
        "is deleted, with what hangs on it, and made again".to_owned(),
    );
    let before = live.and_then(|live| owned::of(live, super::MANAGER));
    let differences = before.map(|before| plan::between(session, &before, &w.object.json));
    Ok(plan::change(
        w,
        Action::Replace,
        why,
        &differences.unwrap_or_default(),
    ))
}

/// Deletes what is there, waits until it is gone with all that hangs on it, and makes `object`.
pub(super) async fn replace(
    session: &Session,
    w: &Wanted,
    live: &Json,
    object: &Json,
) -> Result<Json, Fault> {
    let (Some(path), Some(served)) = (w.path(), w.served.clone()) else {
        return Err(Fault::permanent(format!(
            "{}: its kind is not served",
            w.key
        )));
    };
    let old = (Member::of(live), served, live.clone());
    remove::one(session, &old, "Foreground").await?;
    let made = session.api.apply(&path, "&force=false", object).await;
    made.map_err(|refusal| {
        refusal
            .about(&w.key.to_string(), &w.object.at)
            .more("it was deleted to be made again: it is not there now")
    })
}
