//! Objects that belong to the set of somebody else: one object has one unit.
use super::{Session, api::encode, live::Live, wanted::All};
use crate::{
    fault::Fault,
    inventory::{ID, PART_OF, UNIT},
};
use std::collections::BTreeMap;

/// A fault that names what is part of another set, and whose that is. With `force-conflicts` it is taken over.
pub(super) async fn of_others(session: &Session, all: &All, live: &Live) -> Result<(), Fault> {
    if !session.request.inventory || session.request.force_conflicts {
        return Ok(());
    }
    let ours = session.inventory.id();
    let mut whose: BTreeMap<String, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for w in &all.objects {
        let label = live
            .get(&w.key)
            .and_then(|json| json["metadata"]["labels"][PART_OF].as_str());
        let Some(id) = label.filter(|id| *id != ours) else {
            continue;
        };
        if !whose.contains_key(id) {
            whose.insert(id.to_owned(), named(session, id).await);
        }
        faults.push(
            Fault::permanent(format!("{} ({}) belongs to {}", w.key, w.object.at, whose[id]))
                .more("an object has one owner: take it out of one of the two, or take it over with `force-conflicts: true`"),
        );
    }
    Fault::all(faults).map_or(Ok(()), Err)
}

/// Whose a set is, as far as its parent says it.
async fn named(session: &Session, id: &str) -> String {
    let query = format!("labelSelector={}", encode(&format!("{ID}={id}")));
    let page = session.api.list("/api/v1/configmaps", &query, "").await;
    let parent = page.ok().and_then(|page| page.items.into_iter().next());
    let unit = parent
        .as_ref()
        .and_then(|p| p["metadata"]["annotations"][UNIT].as_str());
    match unit {
        Some(unit) => format!("the unit {unit}"),
        None => format!("another ApplySet (`{id}`)"),
    }
}
