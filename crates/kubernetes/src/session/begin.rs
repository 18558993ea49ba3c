//! How a plan, an apply and a look for drift begin: what is wanted, the namespaces it goes to, what is there.
use super::{
    Session,
    discover::Served,
    live::{self, Live},
    remove, sets,
    wanted::{self, All, Wanted},
};
use crate::{
    fault::Fault,
    object::{GroupKind, Key, Object},
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What is known before anything is tried.
pub(super) struct Begun {
    /// What is wanted.
    pub all: All,
    /// Where it goes.
    pub spaces: Namespaces,
    /// What of it is there.
    pub live: Live,
}

/// Looks at what is there; changes nothing.
pub(super) async fn begin(session: &Session, objects: Vec<Object>) -> Result<Begun, Fault> {
    let all = wanted::wanted(session, objects).await?;
    let spaces = Namespaces::look(session, &all).await?;
    let live = live_of(session, &all, &spaces).await?;
    Ok(Begun { all, spaces, live })
}

impl Begun {
    /// Reads the inventory, and says what stands against a change: namespaces, objects of other units.
    pub(super) async fn may_change(&self, session: &mut Session) -> Result<(), Fault> {
        let (all, spaces) = (&self.all, &self.spaces);
        let faults = all.objects.iter().filter_map(|w| spaces.fault(w, all));
        Fault::all(faults.collect()).map_or(Ok(()), Err)?;
        spaces.for_inventory(session, all)?;
        remove::read_inventory(session).await?;
        sets::of_others(session, all, &self.live).await
    }
}

/// What is known of the namespaces of wanted objects.
pub(super) struct Namespaces(BTreeMap<String, Json>);

/// How a namespace is for who wants to put something into it.
pub(super) enum Is {
    /// There.
    Open,
    /// It comes with the same objects.
    Coming,
    /// It goes; what holds it.
    Going(Vec<String>),
    /// It is not there.
    Missing,
}

impl Namespaces {
    /// Looks at the namespaces of all wanted objects.
    pub(super) async fn look(session: &Session, all: &All) -> Result<Self, Fault> {
        let names: BTreeSet<&str> = all
            .objects
            .iter()
            .map(|w| w.key.namespace.as_str())
            .chain(
                all.objects
                    .iter()
                    .filter(|w| w.object.is_namespace())
                    .map(|w| w.key.name.as_str()),
            )
            .chain([session.inventory.namespace.as_str()])
            .filter(|n| !n.is_empty())
            .collect();
        let key = |name: &str| Key {
            what: GroupKind {
                group: String::new(),
                kind: "Namespace".to_owned(),
            },
            namespace: String::new(),
            name: name.to_owned(),
        };
        let served = Served {
            version: "v1".to_owned(),
            plural: "namespaces".to_owned(),
            namespaced: false,
        };
        let keys: Vec<(Key, Served)> = names.iter().map(|n| (key(n), served.clone())).collect();
        let live = match live::fetch(&session.api, &keys).await {
            Ok(live) => live
                .into_iter()
                .map(|(key, json)| (key.name, json))
                .collect(),
            // who may not look at namespaces is told by the first object whether there is one
            Err((_, refusal)) if refusal.code == 403 => {
                let open = |n: &&str| ((*n).to_owned(), Json::Null);
                names.iter().map(open).collect()
            }
            Err((key, refusal)) => return Err(refusal.about(&key.to_string(), "")),
        };
        Ok(Self(live))
    }
    /// How a namespace is.
    pub(super) fn is(&self, name: &str, all: &All) -> Is {
        match self.0.get(name) {
            _ if name.is_empty() => Is::Open,
            Some(json) if json["metadata"]["deletionTimestamp"].is_string() => {
                Is::Going(remove::holds(json))
            }
            Some(_) => Is::Open,
            None if all.has_namespace(name) => Is::Coming,
            None => Is::Missing,
        }
    }
    /// Is there a namespace for the inventory?
    pub(super) fn for_inventory(&self, session: &Session, all: &All) -> Result<(), Fault> {
        let space = &session.inventory.namespace;
        if !session.request.inventory || !matches!(self.is(space, all), Is::Missing) {
            return Ok(());
        }
        Err(Fault::absent(format!(
            "there is no namespace `{space}` for the inventory of this unit"
        ))
        .more("say with `namespace:` of the component which namespace is its own"))
    }
    /// A fault for an object that cannot be put where it belongs.
    pub(super) fn fault(&self, w: &Wanted, all: &All) -> Option<Fault> {
        let name = &w.key.namespace;
        let name = if w.object.is_namespace() {
            &w.key.name
        } else {
            name
        };
        match self.is(name, all) {
            Is::Open | Is::Coming => None,
            Is::Missing => Some(
                Fault::absent(format!("{} ({}): there is no namespace `{name}`", w.key, w.object.at))
                    .more("add a Namespace to the objects, or make it in a component that this one comes `after`"),
            ),
            Is::Going(holds) => {
                let fault = Fault::transient(format!("{} ({}): its namespace `{name}` is being deleted", w.key, w.object.at));
                let fault = holds.into_iter().fold(fault, Fault::more);
                Some(fault.more("apply again when it is gone"))
            }
        }
    }
}

/// The live objects of all that is wanted.
async fn live_of(session: &Session, all: &All, spaces: &Namespaces) -> Result<Live, Fault> {
    let keys: Vec<(Key, Served)> = all
        .objects
        .iter()
        .filter(|w| matches!(spaces.is(&w.key.namespace, all), Is::Open))
        .filter_map(|w| Some((w.key.clone(), w.served.clone()?)))
        .collect();
    live::known(session, &keys).await
}
