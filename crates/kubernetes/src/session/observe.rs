//! What differs from what was applied, and who changed it: a trial that would take every field back.
use super::{AT_ONCE, MANAGER, Session, begin::begin, plan, wanted::Wanted};
use crate::{diff::Difference, fault::Fault, immutable, object::Object, owner};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use strata_core::{
    cluster::Answer,
    proposal::{Action, Change},
};

/// Most lines that are shown of an object.
const MOST: usize = 20;

/// Looks for drift.
pub(super) async fn observe(
    session: &mut Session,
    objects: Vec<Object>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let begun = begin(session, objects).await?;
    let (session, live) = (&*session, &begun.live);
    let looks = begun
        .all
        .objects
        .iter()
        .map(|w| look(session, w, live.get(&w.key)));
    let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let mut faults = Vec::new();
    for one in looks {
        match one {
            Ok(change) => answer.changes.extend(change),
            Err(fault) => faults.push(fault),
        }
    }
    answer.changes.sort();
    match Fault::all(faults) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

async fn look(session: &Session, w: &Wanted, live: Option<&Json>) -> Result<Option<Change>, Fault> {
    let change = |action, detail| Change {
        object: w.key.to_string(),
        action,
        after: None,
        detail,
    };
    let (Some(live), Some(path)) = (live, w.path()) else {
        return Ok(Some(change(Action::Delete, vec!["it is gone".to_owned()])));
    };
    let tried = plan::tried(session, &path, "&force=true&dryRun=All", &w.object.json).await;
    let applied = match tried {
        Ok(applied) => applied,
        // somebody made it again, otherwise
        Err(refusal) => {
            let Some(fields) = immutable::fields(&refusal) else {
                return Err(refusal.about(&w.key.to_string(), &w.object.at));
            };
            let line = |(field, _)| format!("{field} is another, and cannot be changed back");
            let detail = fields.into_iter().map(line).collect();
            return Ok(Some(change(Action::Replace, detail)));
        }
    };
    let mut detail: Vec<String> = Vec::new();
    if live["metadata"]["deletionTimestamp"].is_string() {
        detail.push("it is being deleted".to_owned());
    }
    let differences = plan::between(session, &applied, live);
    detail.extend(differences.iter().map(|d| line(d, live)));
    if detail.is_empty() {
        return Ok(None);
    }
    if detail.len() > MOST {
        let left = detail.len() - MOST;
        detail.truncate(MOST);
        detail.push(format!("… and {left} more"));
    }
    Ok(Some(change(Action::Update, detail)))
}

fn line(difference: &Difference, live: &Json) -> String {
    let line = difference.line();
    match owner::of(live, &difference.steps, MANAGER) {
        Some(owner) if owner.time.is_empty() => format!("{line}, by {}", owner.manager),
        Some(owner) => format!("{line}, by {} at {}", owner.manager, owner.time),
        None => line,
    }
}
