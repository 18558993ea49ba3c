//! Waits until objects are ready: looks at all that are not, several of a kind in one request, and asks a judge.
use super::{
    Session,
    api::encode,
    discover::Served,
    explain,
    live::{self, Live},
    wanted::{self, Wanted},
};
use crate::{
    fault::Fault,
    object::{Key, Object},
    ready::{self, State},
};
use serde_json::Value as Json;
use std::{collections::HashMap, time::Duration};
use strata_core::engine::Class;
use tokio::time::{Instant, sleep};

/// How often something is said that takes long.
const SAY: Duration = Duration::from_secs(15);

/// Waits for objects that somebody else applies.
pub(super) async fn only(session: &mut Session, objects: Vec<Object>) -> Result<(), Fault> {
    let all = wanted::wanted(session, objects).await?;
    until_ready(session, &all.objects).await
}

/// Says of objects that are waited for whether they are ready.
pub(super) trait Judge {
    /// How long what was waited for has to stay ready.
    const STEADY: Duration;
    /// What can be told of an object that is there, and who else has to be waited for because of it. `done` are those that
    /// were ready before.
    async fn look(&mut self, seen: &Seen<'_>, done: &Live) -> Result<Look, Fault>;
    /// Why it is not ready: lines for people. What cannot be found out is left out.
    async fn why(&self, object: &Json) -> Vec<String>;
}

/// An object that is waited for, as it is now.
pub(super) struct Seen<'a> {
    /// Its name.
    pub key: &'a Key,
    /// How its kind is served.
    pub served: &'a Served,
    /// It.
    pub object: &'a Json,
}

/// What a judge says.
pub(super) struct Look {
    /// Of the object.
    pub state: State,
    /// Who else has to be waited for.
    pub also: Vec<(Key, Served)>,
}

impl From<State> for Look {
    fn from(state: State) -> Self {
        Self {
            state,
            also: Vec::new(),
        }
    }
}

/// Waits until all are ready, since `began`, and gives them as they are then. What fails ends it at once; what takes too
/// long is told with its reasons. Without time to wait, every object is looked at once.
pub(super) async fn until<J: Judge>(
    session: &Session,
    judge: &mut J,
    mut open: Vec<(Key, Served)>,
    began: Instant,
) -> Result<Live, Fault> {
    let limit = Duration::from_millis(session.request.wait);
    let mut all = open.clone();
    let mut done = Live::new();
    // ready at the first look is ready; what was waited for is looked at once more
    let mut sure = true;
    let mut said = Instant::now();
    let mut pause = Duration::from_millis(200);
    while !open.is_empty() {
        let live = live::known(session, &open).await?;
        let mut states: HashMap<Key, State> = HashMap::new();
        for (key, served) in std::mem::take(&mut open) {
            let look = match live.get(&key) {
                None => State::Waiting("is not there".to_owned()).into(),
                Some(object) => {
                    let (key, served) = (&key, &served);
                    let seen = Seen {
                        key,
                        served,
                        object,
                    };
                    judge.look(&seen, &done).await?
                }
            };
            for more in look.also {
                if !all.iter().any(|(known, _)| *known == more.0) {
                    open.push(more.clone());
                    all.push(more);
                }
            }
            if look.state == State::Ready {
                done.extend(live.get(&key).map(|object| (key, object.clone())));
            } else {
                states.insert(key.clone(), look.state);
                open.push((key, served));
            }
        }
        let failed = states.values().any(|s| matches!(s, State::Failed(_)));
        let late = began.elapsed() > limit && !limit.is_zero() && !open.is_empty();
        if failed || late {
            return Err(told(judge, &open, &states, &live, failed, limit).await);
        }
        if limit.is_zero() {
            done.extend(live);
            break;
        }
        if said.elapsed() > SAY {
            said = Instant::now();
            for (key, _) in open.iter().take(5) {
                if let Some(State::Waiting(why)) = states.get(key) {
                    eprintln!("waiting for {key}: {why}");
                }
            }
        }
        if !open.is_empty() {
            sure = J::STEADY.is_zero();
            sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(2));
        } else if !sure {
            sure = true;
            open.clone_from(&all);
            sleep(J::STEADY).await;
        }
    }
    Ok(done)
}

/// Waits until all that we applied are ready, by what they say of themselves.
pub(super) async fn until_ready<'a>(
    session: &Session,
    objects: impl IntoIterator<Item = &'a Wanted>,
) -> Result<(), Fault> {
    if session.request.wait == 0 {
        return Ok(());
    }
    let took = objects
        .into_iter()
        .filter(|w| ready::takes_time(&w.object.json));
    let open = took.filter_map(|w| Some((w.key.clone(), w.served.clone()?)));
    let open = open.collect();
    until(session, &mut Own(session), open, Instant::now()).await?;
    Ok(())
}

/// Judges objects that are applied here.
struct Own<'a>(&'a Session);

impl Judge for Own<'_> {
    // a container that ends at once was ready for a moment
    const STEADY: Duration = Duration::from_secs(1);

    async fn look(&mut self, seen: &Seen<'_>, _done: &Live) -> Result<Look, Fault> {
        Ok(match ready::state(seen.object) {
            State::Ready => served(self.0, seen.object).await.into(),
            other => other.into(),
        })
    }
    async fn why(&self, object: &Json) -> Vec<String> {
        explain::why(self.0, object).await
    }
}

/// A webhook whose service has nobody behind it refuses what comes next: it is ready when somebody is.
async fn served(session: &Session, json: &Json) -> State {
    for (namespace, name) in ready::services(json) {
        let path = format!(
            "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
            encode(&namespace)
        );
        let query = format!(
            "labelSelector={}",
            encode(&format!("kubernetes.io/service-name={name}"))
        );
        // who may not look cannot tell: it is not waited for
        let Ok(page) = session.api.list(&path, &query, "").await else {
            continue;
        };
        if !page.items.iter().any(ready::has_endpoint) {
            return State::Waiting(format!(
                "nobody serves it: the Service {namespace}/{name} has no ready endpoint"
            ));
        }
    }
    State::Ready
}

async fn told<J: Judge>(
    judge: &J,
    open: &[(Key, Served)],
    states: &HashMap<Key, State>,
    live: &Live,
    failed: bool,
    limit: Duration,
) -> Fault {
    let mut lines = Vec::new();
    for (key, _) in open {
        match states.get(key) {
            Some(State::Failed(why)) => lines.push(format!("{key} failed: {why}")),
            // who waited was somebody else
            Some(State::Waiting(why)) if !failed && limit < Duration::from_secs(1) => {
                lines.push(format!("{key} is not ready: {why}"));
            }
            Some(State::Waiting(why)) if !failed => {
                let limit = limit.as_secs();
                lines.push(format!("{key} is not ready after {limit} s: {why}"));
            }
            _ => continue,
        }
        if let Some(object) = live.get(key) {
            let why = judge.why(object).await;
            lines.extend(why.into_iter().map(|line| format!("  {line}")));
        }
    }
    Fault {
        class: Class::Permanent,
        lines,
    }
}
