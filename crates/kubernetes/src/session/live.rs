//! Objects as the cluster has them: several of a kind in one request.
use super::{
    AT_ONCE, Session,
    api::Api,
    discover::{Served, collection, path},
    wanted,
};
use crate::{
    fault::{Fault, Refusal},
    object::{Key, Object, key},
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};
use strata_core::cluster::Answer;

/// From how many objects of one kind in one namespace on a list is asked for.
const MANY: usize = 3;

/// Objects by name.
pub(super) type Live = HashMap<Key, Json>;

/// The objects that are there. Those of one kind in one namespace come as a list, unless it holds far more than is asked
/// for.
pub(super) async fn fetch(api: &Api, keys: &[(Key, Served)]) -> Result<Live, (Key, Refusal)> {
    let mut groups: BTreeMap<String, Vec<&(Key, Served)>> = BTreeMap::new();
    for entry in keys {
        let folder = collection(&entry.0.what.group, &entry.1, &entry.0.namespace);
        groups.entry(folder).or_default().push(entry);
    }
    let parts = stream::iter(
        groups
            .into_iter()
            .map(|(folder, group)| group_of(api, folder, group)),
    );
    let parts: Vec<_> = parts.buffer_unordered(AT_ONCE).collect().await;
    let mut live = Live::new();
    for part in parts {
        live.extend(part?);
    }
    Ok(live)
}

/// The same, where a refusal is a fault.
pub(super) async fn known(session: &Session, keys: &[(Key, Served)]) -> Result<Live, Fault> {
    fetch(&session.api, keys)
        .await
        .map_err(|(key, refusal)| refusal.about(&key.to_string(), ""))
}

async fn group_of(
    api: &Api,
    folder: String,
    group: Vec<&(Key, Served)>,
) -> Result<Live, (Key, Refusal)> {
    let mut live = Live::new();
    let mut open: Vec<&(Key, Served)> = group;
    if open.len() >= MANY {
        let first = open[0].0.clone();
        let mut next = String::new();
        loop {
            let page = match api.list(&folder, "", &next).await {
                Ok(page) => page,
                // who may not list may still look at one
                Err(refusal) if refusal.code == 403 => break,
                Err(refusal) if refusal.is_missing() => return Ok(live),
                Err(refusal) => return Err((first, refusal)),
            };
            for item in page.items {
                let key = key(&item);
                if let Some(i) = open.iter().position(|(k, _)| same(k, &key)) {
                    let (key, _) = open.swap_remove(i);
                    live.insert(key.clone(), item);
                }
            }
            if page.next.is_empty() {
                return Ok(live);
            }
            if open.is_empty() || page.left / 500 > open.len() as u64 {
                break;
            }
            next = page.next;
        }
    }
    let single = open.into_iter().map(|(key, served)| async move {
        match api.get(&path(served, key)).await {
            Ok(json) => Ok(Some((key.clone(), json))),
            Err(refusal) if refusal.is_missing() => Ok(None),
            Err(refusal) => Err((key.clone(), refusal)),
        }
    });
    let found: Vec<_> = stream::iter(single)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for one in found {
        live.extend(one?);
    }
    Ok(live)
}

/// A list may give another version of the same kind.
fn same(a: &Key, b: &Key) -> bool {
    a.name == b.name && a.namespace == b.namespace
}

/// The objects as they are, for who asked.
pub(super) async fn read(
    session: &mut Session,
    objects: Vec<Object>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let all = wanted::wanted(session, objects).await?;
    let keys: Vec<(Key, Served)> = all
        .objects
        .iter()
        .filter_map(|w| Some((w.key.clone(), w.served.clone()?)))
        .collect();
    let live = known(session, &keys).await?;
    answer.found = keys
        .iter()
        .filter_map(|(key, _)| live.get(key).cloned())
        .collect();
    Ok(())
}
