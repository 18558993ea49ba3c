//! A session with a cluster: one request, one answer, on one thread, in a process of its own.
//!
//! [`main`] reads the request, connects, finds out which cluster it is, and does what is asked. Nothing is written before
//! the cluster is known to be the one that was noted.
mod api;
mod apply;
mod back;
mod begin;
mod connect;
mod discover;
mod explain;
mod handed;
mod live;
mod lookup;
mod observe;
mod plan;
mod remove;
mod replace;
mod reply;
mod sets;
mod store;
mod wait;
mod wanted;

use crate::{
    diff::Hidden,
    fault::{Fault, refused_account},
    inventory::Inventory,
    object::{Inputs, Object},
};
use api::Api;
use connect::Connection;
use serde::Deserialize;
use serde_json::Value as Json;
use std::{ffi::OsString, path::Path, time::Duration};
use strata_core::{
    cluster::{Answer, Ask, Noted, Request},
    engine::Class,
};

/// Our name as a manager of fields.
pub const MANAGER: &str = "strata";
/// How many requests are under way at once.
const AT_ONCE: usize = 16;
/// How long something that only looks tries again what may pass.
const LOOKING: Duration = Duration::from_secs(20);

/// A request with what is beside it in its file.
#[derive(Deserialize)]
struct Asked {
    #[serde(flatten)]
    request: Request,
    #[serde(default)]
    cluster: Json,
    #[serde(default)]
    inputs: Inputs,
    #[serde(default)]
    hide: Vec<Json>,
}

/// What every part of a session needs.
struct Session {
    api: Api,
    request: Request,
    hidden: Hidden,
    noted: Noted,
    /// Where objects go that name no namespace.
    namespace: String,
    inventory: Inventory,
}

/// The hidden command: the request's file, then the files with objects. Gives the exit code.
pub fn main(args: impl Iterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let answer = match runtime {
        Ok(runtime) => runtime.block_on(answer(&args)),
        Err(e) => reply::failed(&Fault::permanent(format!("cannot start: {e}"))),
    };
    reply::send(&answer)
}

async fn answer(args: &[OsString]) -> Answer {
    let (asked, objects) = match read(args) {
        Ok(read) => read,
        Err(fault) => return reply::failed(&fault),
    };
    let mut answer = Answer::default();
    let connection = match connect::connect(&asked.cluster).await {
        Ok(connection) => connection,
        Err(fault) => return reply::failed(&fault),
    };
    let kubeconfig = args.get(1).map(Path::new);
    let mut session = match open(asked, &connection).await {
        Ok(session) => session,
        Err(fault) => return reply::failed(&fault),
    };
    let done = match session.request.ask {
        Ask::Plan => plan::plan(&mut session, objects, &mut answer).await,
        Ask::Apply => apply::apply(&mut session, objects, &mut answer).await,
        Ask::Wait => wait::only(&mut session, objects).await,
        Ask::Observe => observe::observe(&mut session, objects, &mut answer).await,
        Ask::Outputs => Ok(()),
        Ask::Destroy => remove::destroy(&mut session, &mut answer).await,
        Ask::Read => live::read(&mut session, objects, &mut answer).await,
        Ask::Kinds => discover::all(&session.api, &mut answer).await,
        Ask::Kubeconfig => store::kubeconfig(kubeconfig, &connection),
    };
    let done = match (done, session.request.ask) {
        (Ok(()), Ask::Apply | Ask::Wait | Ask::Outputs) => {
            lookup::lookup(&session, &mut answer).await
        }
        (done, _) => done,
    };
    if let Err(fault) = done {
        reply::tell(&fault);
        answer.failed = Some(fault.class);
    }
    answer.cost = session.api.cost();
    answer.cluster = Some(session.noted);
    answer
}

fn read(args: &[OsString]) -> Result<(Asked, Vec<Object>), Fault> {
    let Some((request, files)) = args.split_first() else {
        return Err(Fault::permanent("there is no request"));
    };
    let bytes = store::file(Path::new(request))?;
    // it holds credentials: no part of it is shown
    let asked: Asked = serde_json::from_str(&bytes).map_err(|e| {
        Fault::permanent(format!(
            "the request cannot be read: line {}, column {}",
            e.line(),
            e.column()
        ))
    })?;
    let mut objects = Vec::new();
    let mut wrong = Vec::new();
    if asked.request.ask != Ask::Kubeconfig {
        for file in files {
            let path = Path::new(file);
            let text = store::file(path)?;
            let name = store::shown(path);
            // what another tool printed
            let text = if asked.request.by_another {
                crate::object::apart(&text)
            } else {
                text.as_str().into()
            };
            match crate::object::read(&name, &text, &asked.inputs) {
                Ok(found) => objects.extend(found),
                Err(lines) => wrong.extend(lines),
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Fault {
            class: Class::Permanent,
            lines: wrong,
        });
    }
    Ok((asked, objects))
}

/// Finds out which cluster it is, and whether it is the one that was noted.
async fn open(asked: Asked, connection: &Connection) -> Result<Session, Fault> {
    let Asked { request, hide, .. } = asked;
    let wait = Duration::from_millis(request.wait);
    let patience = match request.ask {
        Ask::Plan | Ask::Observe | Ask::Kubeconfig | Ask::Read | Ask::Kinds => LOOKING,
        Ask::Apply | Ask::Wait | Ask::Destroy | Ask::Outputs => wait.max(LOOKING),
    };
    let api = Api::new(connection.client.clone(), patience, !request.by_another);
    let endpoint = connection.endpoint.clone();
    let away = |why: &str| {
        let fault = Fault::transient(format!("the cluster at {endpoint} does not answer: {why}"));
        match request.ask {
            Ask::Destroy => fault.more(format!(
                "if it is gone for good, so is what was in it: `strata forget {}`",
                request.unit
            )),
            _ => fault,
        }
    };
    let system = api.get("/api/v1/namespaces/kube-system").await.map_err(|r| match r.code {
        0 => away(&r.message),
        401 => refused_account(&r.message),
        403 => Fault::permanent(format!("the account of `cluster:` may not find out which cluster {endpoint} is"))
            .more(r.message.clone())
            .more("let it `get` the namespace `kube-system`: its UID tells one cluster from another"),
        404 => Fault::permanent(format!("what answers at {endpoint} is no Kubernetes cluster: it has no namespace `kube-system`")),
        _ => r.about(&format!("the cluster at {endpoint}"), ""),
    })?;
    let identity = crate::object::uid(&system).to_owned();
    if identity.is_empty() {
        return Err(Fault::permanent(format!(
            "what answers at {endpoint} is no Kubernetes cluster"
        )));
    }
    let other = request.noted.as_ref().filter(|n| n.identity != identity);
    let noted = request.noted.as_ref().filter(|_| other.is_none());
    if let Some(noted) = other {
        if request.follow {
            // whoever watches sees why everything is new
            eprintln!(
                "a cluster that was made since: {identity} ({endpoint}); the last apply was to {} ({})",
                noted.identity, noted.endpoint
            );
        } else {
            return Err(Fault::permanent("`cluster:` leads to another cluster than the one this was applied to")
            .more(format!("applied to {} ({})", noted.identity, noted.endpoint))
            .more(format!("leads to   {identity} ({endpoint})"))
            .more(format!("nothing was changed. Correct `cluster:`; or, if the cluster was made anew, say so with `strata forget {}` and apply again", request.unit)));
        }
    }
    let version = api
        .look("/version", "application/json")
        .await
        .map(|v| v["gitVersion"].as_str().unwrap_or_default().to_owned())
        .unwrap_or_default();
    let namespace = request
        .namespace
        .clone()
        .unwrap_or_else(|| connection.namespace.clone());
    let mut inventory = Inventory::new(&request.platform, &request.unit, &namespace);
    // once there, it stays where it is, wherever the objects go today
    if let Some(at) = noted.and_then(|n| n.inventory.clone()) {
        inventory.namespace = at;
    }
    let hidden = hide.iter().flat_map(texts);
    Ok(Session {
        hidden: Hidden::new(hidden),
        noted: Noted {
            identity,
            endpoint,
            version,
            inventory: request.inventory.then(|| inventory.namespace.clone()),
        },
        namespace,
        inventory,
        api,
        request,
    })
}

/// Every text in a value; of a number or the like, how it is written.
fn texts(json: &Json) -> Vec<String> {
    match json {
        Json::Null | Json::Bool(_) => vec![],
        Json::Number(n) => vec![n.to_string()],
        // as it stands, and as JSON spells it
        Json::String(s) => {
            let spelled = Json::from(s.as_str()).to_string();
            vec![s.clone(), spelled.trim_matches('"').to_owned()]
        }
        Json::Array(l) => l.iter().flat_map(texts).collect(),
        Json::Object(m) => m.values().flat_map(texts).collect(),
    }
}
