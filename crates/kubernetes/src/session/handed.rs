//! Hands objects over to Flux or Argo CD: tells them to look now, and waits until they did and what they apply is ready.
use super::{
    Session,
    api::encode,
    discover::{Kinds, Served, collection, path},
    explain,
    live::{self, Live},
    wait::{self, Judge, Look, Seen},
    wanted::{All, Wanted},
};
use crate::{
    fault::{Fault, Refusal},
    handed::{self, Applied, To, argocd, flux},
    object::{self, GroupKind, Key},
    ready::{self, State},
};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use strata_core::cluster::Answer;
use tokio::time::Instant;

/// Most objects of one that is not ready which are told of.
const TOLD: usize = 5;
/// Kinds of a release that can be late.
const LATE: [(&str, &str); 4] = [
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
];

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
pub(super) async fn over(session: &Session, all: &All, answer: &mut Answer) -> Result<(), Fault> {
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
        let part: Vec<(Key, Served)> = all
            .objects
            .iter()
            .filter_map(|w| given(w, source))
            .collect();
        if part.is_empty() {
            continue;
        }
        let with = part.iter().map(|(key, _)| key.clone()).collect();
        let mut judge = Others {
            session,
            with,
            at: &at,
            kinds: &all.kinds,
            told: BTreeMap::new(),
            synced: BTreeSet::new(),
            sources: &answer.found,
        };
        let done = wait::until(session, &mut judge, part, began).await?;
        answer.found.extend(done.into_values());
    }
    Ok(())
}

/// Judges what others bring about: tells it to look first.
struct Others<'a> {
    session: &'a Session,
    /// All that are waited for together.
    with: BTreeSet<Key>,
    /// The mark of this question.
    at: &'a str,
    kinds: &'a Kinds,
    /// When, and when the last sync before began.
    told: BTreeMap<Key, (Instant, String)>,
    synced: BTreeSet<Key>,
    /// Sources that are ready.
    sources: &'a [Json],
}

impl Judge for Others<'_> {
    const STEADY: Duration = Duration::ZERO;

    async fn look(&mut self, seen: &Seen<'_>, done: &Live) -> Result<Look, Fault> {
        let Seen { key, object, .. } = seen;
        let new = !self.told.contains_key(*key);
        let (when, before) = self.told.entry((*key).clone()).or_insert_with(|| {
            let before = argocd::last_sync(object).to_owned();
            (Instant::now(), before)
        });
        if new && let Some(nudge) = handed::nudge(object, self.at) {
            merge(self.session, seen, &nudge).await?;
            return Ok(State::Waiting("was told to look".to_owned()).into());
        }
        if !self.synced.contains(key)
            && handed::to(object) == Some(To::ArgoCd)
            && let Some(sync) = argocd::sync(object, before)
        {
            self.synced.insert((*key).clone());
            merge(self.session, seen, &sync).await?;
            return Ok(State::Waiting("was told to sync".to_owned()).into());
        }
        let mut look = Look::from(handed::state(object, self.at));
        if flux::has_answered(object, self.at)
            && let Some(chart) = flux::chart(object)
        {
            let served = self.kinds.any(&chart.what).cloned();
            look.also.extend(served.map(|served| (chart, served)));
        }
        // what failed with an earlier revision may do with this one
        if !matches!(look.state, State::Waiting(_)) {
            // a chart is a source that takes from another: which may look after it did
            let later = |from: &Key| self.with.contains(from) && !done.contains_key(from);
            let all = self.sources.iter().chain(done.values());
            look.state = match flux::takes(object).filter(later) {
                Some(from) => State::Waiting(format!("{from} is not ready")),
                None => flux::behind(object, all, &look.state).unwrap_or(look.state),
            };
        }
        if let State::Failed(why) = &look.state
            && handed::to(object) == Some(To::Set)
            && when.elapsed() < FIRM
        {
            look.state = State::Waiting(why.clone());
        }
        if look.state == State::Ready {
            look.also.extend(self.brings(key, object).await?);
        }
        Ok(look)
    }
    async fn why(&self, object: &Json) -> Vec<String> {
        parts(self.session, object).await
    }
}

impl Others<'_> {
    /// What Argo CD makes of an object that is ready, which is waited for too: the health of the one says nothing of the other.
    async fn brings(&self, key: &Key, object: &Json) -> Result<Vec<(Key, Served)>, Fault> {
        let is_argo = |a: &Applied| a.group == key.what.group && a.kind.starts_with("Application");
        let keys = match handed::to(object) {
            Some(To::Set) => self.made(key, object).await?,
            Some(To::ArgoCd) => {
                let applied = handed::applied(object).into_iter();
                applied.filter(is_argo).map(named).collect()
            }
            _ => vec![],
        };
        let served = |key: Key| Some((key.clone(), self.kinds.any(&key.what)?.clone()));
        Ok(keys.into_iter().filter_map(served).collect())
    }
    /// The Applications that an ApplicationSet made.
    async fn made(&self, key: &Key, set: &Json) -> Result<Vec<Key>, Fault> {
        let what = GroupKind {
            group: key.what.group.clone(),
            kind: "Application".to_owned(),
        };
        let Some(served) = self.kinds.any(&what) else {
            return Ok(vec![]);
        };
        let folder = collection(&what.group, served, &key.namespace);
        let (mut out, mut next) = (Vec::new(), String::new());
        loop {
            let page = self.session.api.list(&folder, "", &next).await;
            let page = page.map_err(|refusal| refusal.about(&format!("what {key} made"), ""))?;
            let mine = page.items.iter().filter(|a| argocd::is_made_by(a, set));
            out.extend(mine.map(object::key));
            if page.next.is_empty() {
                return Ok(out);
            }
            next = page.next;
        }
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

async fn merge(session: &Session, seen: &Seen<'_>, patch: &Json) -> Result<(), Fault> {
    let done = session.api.merge(&path(seen.served, seen.key), patch).await;
    done.map(|_| ())
        .map_err(|refusal| refusal.about(&seen.key.to_string(), ""))
}

/// Those of the objects that it applied which are not ready, and why. Only explains: what cannot be found out is left out.
async fn parts(session: &Session, object: &Json) -> Vec<String> {
    let mut applied = handed::applied(object);
    if applied.is_empty() {
        applied = labelled(session, object).await;
    }
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

/// What can be late of what a release of Helm applied, by the labels that Flux gives it: not all versions of it keep an
/// inventory.
async fn labelled(session: &Session, release: &Json) -> Vec<Applied> {
    let remote = release["spec"]["kubeConfig"].is_object();
    let Some((namespace, selector)) = flux::labelled(release).filter(|_| !remote) else {
        return vec![];
    };
    let mut out = Vec::new();
    for (group, kind) in LATE {
        let what = GroupKind {
            group: group.to_owned(),
            kind: kind.to_owned(),
        };
        let served = Served {
            version: "v1".to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: true,
        };
        let folder = collection(group, &served, &namespace);
        let query = format!("labelSelector={}", encode(&selector));
        let Ok(page) = session.api.list(&folder, &query, "").await else {
            continue;
        };
        out.extend(page.items.iter().map(|item| {
            let key = object::key(item);
            Applied {
                group: what.group.clone(),
                version: served.version.clone(),
                kind: what.kind.clone(),
                namespace: key.namespace,
                name: key.name,
            }
        }));
    }
    out
}
