//! Hands objects over to Flux or Argo CD: tells them to look now, and waits until they did and what they apply is ready.
use super::{
    Session,
    discover::{Kinds, Served, collection, path},
    explain,
    live::{self, Live},
    wanted::Wanted,
};
use crate::{
    argocd,
    fault::{Fault, Refusal},
    handed::{self, Applied, To},
    object::{self, GroupKind, Key},
    ready::{self, State},
};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use strata_core::{cluster::Answer, engine::Class};
use tokio::time::{Instant, sleep};

/// Most objects of one that is not ready which are told of.
const TOLD: usize = 5;
/// How often something is said that takes long.
const SAY: Duration = Duration::from_secs(15);

/// How long an ApplicationSet has to complain: what it says is of no look in particular, so it may be from before, and
/// what two of its looks want at once fails for a moment.
const FIRM: Duration = Duration::from_secs(10);

/// Is it one that somebody else brings about?
pub(super) fn is(w: &Wanted) -> bool {
    handed::to(&w.object.json).is_some()
}

/// Server-side apply. Fields that a controller of Argo CD owns only because it writes back whole objects are taken from it.
pub(super) async fn apply(
    session: &Session,
    path: &str,
    query: &str,
    object: &Json,
) -> Result<Json, Refusal> {
    let done = session.api.apply(path, query, object).await;
    match done {
        Err(refusal) if refusal.is_owned() && refusal.owners().all(argocd::repeats) => {
            let query = query.replace("force=false", "force=true");
            session.api.apply(path, &query, object).await
        }
        done => done,
    }
}

/// Hands them over, sources first.
pub(super) async fn over(
    session: &Session,
    objects: &[Wanted],
    answer: &mut Answer,
) -> Result<(), Fault> {
    let given = |w: &Wanted, source: bool| {
        let to = handed::to(&w.object.json)?;
        ((to == To::Source) == source).then(|| Some((w.key.clone(), w.served.clone()?)))?
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let at = now.as_nanos().to_string();
    let began = Instant::now();
    for source in [true, false] {
        let part: Vec<(Key, Served)> = objects.iter().filter_map(|w| given(w, source)).collect();
        if part.is_empty() {
            continue;
        }
        let seen = until(session, part, &at, began, &answer.found).await?;
        answer.found.extend(seen.into_values());
    }
    Ok(())
}

/// Tells all to look, and waits for them and for those that they bring. Gives them as they are then.
async fn until(
    session: &Session,
    part: Vec<(Key, Served)>,
    at: &str,
    began: Instant,
    sources: &[Json],
) -> Result<BTreeMap<Key, Json>, Fault> {
    let mut synced: BTreeSet<Key> = BTreeSet::new();
    let limit = Duration::from_millis(session.request.wait);
    // with the last sync before
    let mut told: BTreeMap<Key, (Instant, String)> = BTreeMap::new();
    let mut done: BTreeMap<Key, Json> = BTreeMap::new();
    let mut open = part;
    let mut said = Instant::now();
    let mut pause = Duration::from_millis(200);
    loop {
        let live = live::known(session, &open).await?;
        let mut states: BTreeMap<Key, State> = BTreeMap::new();
        let mut brought: Vec<(Key, Served)> = Vec::new();
        for (key, served) in &open {
            let Some(object) = live.get(key) else {
                states.insert(key.clone(), State::Waiting("is not there".to_owned()));
                continue;
            };
            let new = !told.contains_key(key);
            let (when, before) = told.entry(key.clone()).or_insert_with(|| {
                let before = argocd::last_sync(object).to_owned();
                (Instant::now(), before)
            });
            if new && let Some(nudge) = handed::nudge(object, at) {
                merge(session, key, served, &nudge).await?;
                states.insert(key.clone(), State::Waiting("was told to look".to_owned()));
                continue;
            }
            if !synced.contains(key)
                && handed::to(object) == Some(To::ArgoCd)
                && let Some(sync) = argocd::sync(object, before)
            {
                synced.insert(key.clone());
                merge(session, key, served, &sync).await?;
                states.insert(key.clone(), State::Waiting("was told to sync".to_owned()));
                continue;
            }
            let mut state = handed::state(object, at);
            if state == State::Ready {
                let late = sources
                    .iter()
                    .find_map(|source| handed::behind(object, source));
                state = late.unwrap_or(State::Ready);
            }
            if let State::Failed(why) = &state
                && handed::to(object) == Some(To::Set)
                && when.elapsed() < FIRM
            {
                state = State::Waiting(why.clone());
            }
            if state == State::Ready {
                brought.extend(brings(session, key, object).await?);
                done.insert(key.clone(), object.clone());
            }
            states.insert(key.clone(), state);
        }
        open.retain(|(key, _)| states.get(key) != Some(&State::Ready));
        open.extend(
            brought
                .into_iter()
                .filter(|(key, _)| !told.contains_key(key)),
        );
        if open.is_empty() {
            return Ok(done);
        }
        let failed = states.values().any(|s| matches!(s, State::Failed(_)));
        if failed || (began.elapsed() > limit && !limit.is_zero()) {
            return Err(why(session, &open, &states, &live, failed, limit).await);
        }
        if limit.is_zero() && open.iter().all(|(key, _)| told.contains_key(key)) {
            done.extend(live);
            return Ok(done);
        }
        if said.elapsed() > SAY {
            said = Instant::now();
            for (key, _) in open.iter().take(TOLD) {
                if let Some(State::Waiting(why)) = states.get(key) {
                    eprintln!("waiting for {key}: {why}");
                }
            }
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(2));
    }
}

/// What Argo CD makes of an object that is ready, which is waited for too: the health of the one says nothing of the other.
async fn brings(session: &Session, key: &Key, object: &Json) -> Result<Vec<(Key, Served)>, Fault> {
    let is_set = handed::to(object) == Some(To::Set);
    let is_argo = |a: &Applied| a.group == key.what.group && a.kind.starts_with("Application");
    let applied = handed::applied(object).into_iter();
    let mut keys: Vec<Key> = applied.filter(is_argo).map(named).collect();
    if handed::to(object) == Some(To::Flux) || (keys.is_empty() && !is_set) {
        return Ok(vec![]);
    }
    let used = BTreeSet::from([object["apiVersion"].as_str().unwrap_or_default().to_owned()]);
    let kinds = Kinds::discover(&session.api, &used).await;
    let kinds = kinds.map_err(|refusal| refusal.about("the list of kinds", ""))?;
    if is_set {
        keys.extend(made(session, &kinds, key, object).await?);
    }
    let served = |key: Key| Some((key.clone(), kinds.any(&key.what)?.clone()));
    Ok(keys.into_iter().filter_map(served).collect())
}

/// The Applications that an ApplicationSet made.
async fn made(session: &Session, kinds: &Kinds, key: &Key, set: &Json) -> Result<Vec<Key>, Fault> {
    let what = GroupKind {
        group: key.what.group.clone(),
        kind: "Application".to_owned(),
    };
    let Some(served) = kinds.any(&what) else {
        return Ok(vec![]);
    };
    let folder = collection(&what.group, served, &key.namespace);
    let (mut out, mut next) = (Vec::new(), String::new());
    loop {
        let page = session.api.list(&folder, "", &next).await;
        let page = page.map_err(|refusal| refusal.about(&format!("what {key} made"), ""))?;
        let mine = page.items.iter().filter(|a| argocd::is_made_by(a, set));
        out.extend(mine.map(object::key));
        if page.next.is_empty() {
            return Ok(out);
        }
        next = page.next;
    }
}

fn named(applied: Applied) -> Key {
    Key {
        what: GroupKind {
            group: applied.group,
            kind: applied.kind,
        },
        namespace: applied.namespace,
        name: applied.name,
    }
}

async fn merge(session: &Session, key: &Key, served: &Served, patch: &Json) -> Result<(), Fault> {
    let done = session.api.merge(&path(served, key), patch).await;
    done.map(|_| ())
        .map_err(|refusal| refusal.about(&key.to_string(), ""))
}

async fn why(
    session: &Session,
    open: &[(Key, Served)],
    states: &BTreeMap<Key, State>,
    live: &Live,
    failed: bool,
    limit: Duration,
) -> Fault {
    let mut lines = Vec::new();
    for (key, _) in open {
        match states.get(key) {
            Some(State::Failed(why)) => lines.push(format!("{key} failed: {why}")),
            Some(State::Waiting(why)) if !failed => lines.push(format!(
                "{key} is not ready after {} s: {why}",
                limit.as_secs()
            )),
            _ => continue,
        }
        if let Some(object) = live.get(key) {
            lines.extend(
                parts(session, object)
                    .await
                    .into_iter()
                    .map(|l| format!("  {l}")),
            );
        }
    }
    Fault {
        class: Class::Permanent,
        lines,
    }
}

/// Those of the objects that it applied which are not ready, and why. Only explains: what cannot be found out is left out.
async fn parts(session: &Session, object: &Json) -> Vec<String> {
    let applied = handed::applied(object);
    let spell = |a: &Applied| {
        if a.group.is_empty() {
            a.version.clone()
        } else {
            format!("{}/{}", a.group, a.version)
        }
    };
    let used: BTreeSet<String> = applied.iter().map(spell).collect();
    let Ok(kinds) = Kinds::discover(&session.api, &used).await else {
        return vec![];
    };
    let mut keys = Vec::new();
    for one in applied {
        let key = named(one);
        let served = kinds.any(&key.what).cloned();
        keys.extend(served.map(|s| (key, s)));
    }
    let Ok(live) = live::fetch(&session.api, &keys).await else {
        return vec![];
    };
    let mut out = Vec::new();
    for (key, _) in &keys {
        let (why, json) = match live.get(key) {
            None => ("is not there".to_owned(), None),
            Some(json) => match ready::state(json) {
                State::Ready => continue,
                State::Waiting(why) | State::Failed(why) => (why, Some(json)),
            },
        };
        if out.len() == TOLD {
            out.push("… and more".to_owned());
            break;
        }
        let mut one = format!("{key} {why}");
        if let Some(json) = json {
            for line in explain::why(session, json).await {
                one.push_str(&format!("\n    {line}"));
            }
        }
        out.push(one);
    }
    out
}
