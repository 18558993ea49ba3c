//! Makes the objects so, stage by stage; then removes what is no longer among them and waits until all are ready.
use super::{
    AT_ONCE, Session, back,
    begin::{Begun, begin},
    discover::Kinds,
    handed,
    live::Live,
    remove, replace, wait,
    wanted::{All, Wanted},
};
use crate::{
    fault::Fault,
    inventory::Member,
    object::{Key, Object, version_of},
    order::{self, Stage},
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use std::{collections::BTreeSet, time::Duration};
use strata_core::{
    cluster::Answer,
    engine::Class,
    proposal::{Action, Change},
};
use tokio::time::{Instant, sleep};

/// Applies the objects.
pub(super) async fn apply(
    session: &mut Session,
    objects: Vec<Object>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let mut begun = begin(session, objects).await?;
    begun.may_change(session).await?;
    let done = forward(session, &mut begun, answer).await;
    let Begun { all, live, .. } = begun;
    match done {
        // who cannot be reached cannot be led back either
        Err(fault) if session.request.rollback && fault.class == Class::Permanent => {
            Err(back::back(session, &all, &live, answer, fault).await)
        }
        done => done,
    }
}

async fn forward(
    session: &mut Session,
    begun: &mut Begun,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let Begun { all, live, .. } = begun;
    let mut announced = false;
    let mut next = 0;
    while next < all.objects.len() {
        let rank = order::rank(&all.objects[next].key.what);
        let end = next
            + all.objects[next..]
                .iter()
                .take_while(|w| order::rank(&w.key.what) == rank)
                .count();
        if !announced && rank.0 > Stage::Namespaces {
            announced = true;
            announce(session, all).await?;
        }
        serve(session, all, next..end).await?;
        let part = &all.objects[next..end];
        group(session, part, live, answer).await?;
        if rank.0 == Stage::Definitions || rank.0 == Stage::Namespaces {
            wait::until_ready(session, part).await?;
        }
        next = end;
    }
    if !announced {
        announce(session, all).await?;
    }
    // who may have to go back removes nothing before all is well
    let first = !session.request.rollback;
    if session.request.prune && first {
        remove::prune(session, all, answer).await?;
    }
    let own = all.objects.iter();
    let hand_over = session.request.hand_over;
    wait::until_ready(session, own.filter(|w| !(hand_over && handed::is(w)))).await?;
    if hand_over {
        handed::over(session, all, answer).await?;
    }
    if session.request.prune && !first {
        remove::prune(session, all, answer).await?;
    }
    Ok(())
}

/// The inventory names the kinds that are about to come before they come.
async fn announce(session: &Session, all: &All) -> Result<(), Fault> {
    let keys: Vec<Key> = all.objects.iter().map(|w| w.key.clone()).collect();
    remove::write_inventory(session, keys.iter()).await
}

/// Kinds whose definition has just been established are served a moment later: looks until they are.
async fn serve(
    session: &Session,
    all: &mut All,
    part: std::ops::Range<usize>,
) -> Result<(), Fault> {
    let open: BTreeSet<usize> = part.filter(|i| all.objects[*i].served.is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let used: BTreeSet<String> = open
        .iter()
        .map(|i| all.objects[*i].object.api_version().to_owned())
        .collect();
    let until = Instant::now() + session.api.patience();
    loop {
        let kinds = Kinds::discover(&session.api, &used)
            .await
            .map_err(|r| r.about("the list of kinds", ""))?;
        let mut missing = None;
        for i in &open {
            let w = &mut all.objects[*i];
            w.served = kinds
                .exactly(&w.key.what, version_of(w.object.api_version()))
                .cloned();
            if w.served.is_none() {
                missing = Some(w.key.clone());
            }
        }
        all.kinds = kinds;
        match missing {
            None => return Ok(()),
            Some(key) if Instant::now() > until => {
                return Err(Fault::transient(format!(
                    "{key}: its definition is there, and its kind is not served yet"
                )));
            }
            Some(_) => sleep(Duration::from_millis(300)).await,
        }
    }
}

async fn group(
    session: &mut Session,
    part: &[Wanted],
    live: &Live,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let ours = &*session;
    let done = part.iter().map(|w| one(ours, w, live.get(&w.key)));
    let done: Vec<_> = stream::iter(done).buffered(AT_ONCE).collect().await;
    let mut faults = Vec::new();
    let before = session.inventory.members.clone();
    for one in done {
        match one {
            Ok((change, now)) => {
                let member = Member::of(&now);
                // made again under the same name: the old one is no more
                session
                    .inventory
                    .members
                    .retain(|m| m.key() != member.key());
                session.inventory.members.insert(member);
                answer.changes.extend(change);
            }
            Err(fault) => faults.push(fault),
        }
    }
    let first = part.first().map(|w| order::stage(&w.key.what));
    // another UID is another member
    let changed = session.inventory.members != before || !faults.is_empty();
    // the namespace of the inventory may be among the first
    if changed && first != Some(Stage::Namespaces) {
        remove::write_inventory(session, std::iter::empty()).await?;
    }
    match Fault::all(faults) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

async fn one(
    session: &Session,
    w: &Wanted,
    live: Option<&Json>,
) -> Result<(Option<Change>, Json), Fault> {
    let path = w
        .path()
        .ok_or_else(|| Fault::permanent(format!("{}: its kind is not served", w.key)))?;
    let force = if session.request.force_conflicts {
        "&force=true"
    } else {
        "&force=false"
    };
    let (now, replaced) = match (
        handed::apply(session, &path, force, &w.object.json).await,
        live,
    ) {
        (Ok(now), _) => (now, false),
        (Err(refusal), live) => {
            replace::may(session, w, live, &refusal)?;
            let live = live.unwrap_or(&Json::Null);
            let now = replace::replace(session, w, live, &w.object.json).await?;
            (now, true)
        }
    };
    let version = |json: &Json| json["metadata"]["resourceVersion"].clone();
    let action = match live {
        None => Action::Create,
        Some(_) if replaced => Action::Replace,
        Some(old) if version(old) == version(&now) => Action::None,
        Some(_) => Action::Update,
    };
    let change = match action {
        Action::None => None,
        action => {
            let word = match action {
                Action::Create => "created",
                Action::Replace => "replaced",
                _ => "updated",
            };
            eprintln!("{word} {}", w.key);
            Some(Change {
                object: w.key.to_string(),
                action,
                after: None,
                detail: vec![],
            })
        }
    };
    Ok((change, now))
}
