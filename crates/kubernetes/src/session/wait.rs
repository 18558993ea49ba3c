//! Waits until objects are ready: looks at all that are not, several of a kind in one request.
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

/// How long what was waited for has to stay ready: a container that ends at once was ready for a moment.
const STEADY: Duration = Duration::from_secs(1);

/// Waits for objects that somebody else applies.
pub(super) async fn only(session: &mut Session, objects: Vec<Object>) -> Result<(), Fault> {
    let all = wanted::wanted(session, objects).await?;
    until_ready(session, &all.objects).await
}

/// Waits until all are ready. What fails ends it at once; what takes too long is told with its reasons.
pub(super) async fn until_ready<'a>(
    session: &Session,
    objects: impl IntoIterator<Item = &'a Wanted>,
) -> Result<(), Fault> {
    let limit = Duration::from_millis(session.request.wait);
    if limit.is_zero() {
        return Ok(());
    }
    let took = objects
        .into_iter()
        .filter(|w| ready::takes_time(&w.object.json));
    let mut open: Vec<(Key, Served)> = took
        .filter_map(|w| Some((w.key.clone(), w.served.clone()?)))
        .collect();
    let all = open.clone();
    // ready at the first look is ready; what was waited for is looked at once more
    let mut sure = true;
    let began = Instant::now();
    let mut said = Instant::now();
    let mut pause = Duration::from_millis(200);
    while !open.is_empty() {
        let live = live::known(session, &open).await?;
        let states = states(session, &open, &live).await;
        let failed: Vec<&Key> = states
            .iter()
            .filter(|(_, s)| matches!(s, State::Failed(_)))
            .map(|(k, _)| k)
            .collect();
        open.retain(|(key, _)| states.get(key) != Some(&State::Ready));
        let late = began.elapsed() > limit;
        if !failed.is_empty() || (late && !open.is_empty()) {
            return Err(told(session, &open, &states, &live, !failed.is_empty(), limit).await);
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
            sure = false;
            sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(2));
        } else if !sure {
            sure = true;
            open.clone_from(&all);
            sleep(STEADY).await;
        }
    }
    Ok(())
}

async fn states(session: &Session, open: &[(Key, Served)], live: &Live) -> HashMap<Key, State> {
    let mut out = HashMap::new();
    for (key, _) in open {
        let state = match live.get(key) {
            None => State::Waiting("is not there".to_owned()),
            Some(json) => match ready::state(json) {
                State::Ready => served(session, json).await,
                other => other,
            },
        };
        out.insert(key.clone(), state);
    }
    out
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

async fn told(
    session: &Session,
    open: &[(Key, Served)],
    states: &HashMap<Key, State>,
    live: &Live,
    failed: bool,
    limit: Duration,
) -> Fault {
    let mut fault: Option<Fault> = None;
    for (key, _) in open {
        let (line, bad) = match states.get(key) {
            Some(State::Failed(why)) => (format!("{key} failed: {why}"), true),
            // who waited was somebody else
            Some(State::Waiting(why)) if limit < Duration::from_secs(1) => {
                (format!("{key} is not ready: {why}"), false)
            }
            Some(State::Waiting(why)) => (
                format!("{key} is not ready after {} s: {why}", limit.as_secs()),
                false,
            ),
            _ => continue,
        };
        if failed && !bad {
            continue;
        }
        let mut one = Fault {
            class: Class::Permanent,
            lines: vec![line],
        };
        if let Some(json) = live.get(key) {
            for line in explain::why(session, json).await {
                one = one.more(line);
            }
        }
        fault = Some(match fault {
            None => one,
            Some(mut all) => {
                all.lines.extend(one.lines);
                all
            }
        });
    }
    fault.unwrap_or_else(|| Fault::permanent("objects are not ready"))
}
