//! The objects that are wanted, each with how the cluster serves it.
use super::{
    Session,
    discover::{Kinds, Served, path},
};
use crate::{
    fault::Fault,
    inventory::PART_OF,
    object::{Key, Object, version_of},
    order, schema,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::engine::Class;

/// An object that is wanted.
pub(super) struct Wanted {
    /// The object.
    pub object: Object,
    /// What names it.
    pub key: Key,
    /// How its kind is served; nothing while its definition is not there yet.
    pub served: Option<Served>,
}

impl Wanted {
    /// Where it is, when its kind is served.
    pub fn path(&self) -> Option<String> {
        self.served.as_ref().map(|s| path(s, &self.key))
    }
}

/// All that is wanted, in the order in which it is applied.
pub(super) struct All {
    /// Sorted.
    pub objects: Vec<Wanted>,
    /// What the cluster serves.
    pub kinds: Kinds,
}

impl All {
    /// Names of all.
    pub fn keys(&self) -> BTreeSet<Key> {
        self.objects.iter().map(|w| w.key.clone()).collect()
    }
    /// The definition among them of an object's kind.
    pub fn definition(&self, object: &Object) -> Option<&Object> {
        let all = self.objects.iter().map(|w| &w.object);
        all.filter(|o| o.is_definition())
            .find(|d| schema::defines(d, object))
    }
    /// Is a namespace among them?
    pub fn has_namespace(&self, name: &str) -> bool {
        self.objects
            .iter()
            .any(|w| w.object.is_namespace() && w.key.name == name)
    }
}

/// Finds out how every object is served; what is not, and what is there twice, is said all at once.
pub(super) async fn wanted(session: &Session, objects: Vec<Object>) -> Result<All, Fault> {
    let used: BTreeSet<String> = objects.iter().map(|o| o.api_version().to_owned()).collect();
    let kinds = Kinds::discover(&session.api, &used)
        .await
        .map_err(|r| r.about("the list of kinds", ""))?;
    let definitions: Vec<Object> = objects
        .iter()
        .filter(|o| o.is_definition())
        .cloned()
        .collect();
    let id = session.inventory.id();
    let mut faults = Vec::new();
    let mut out: Vec<Wanted> = Vec::new();
    let mut places: BTreeMap<Key, String> = BTreeMap::new();
    for mut object in objects {
        let what = object.key().what;
        let served = kinds
            .exactly(&what, version_of(object.api_version()))
            .cloned();
        let definition = definitions.iter().find(|d| schema::defines(d, &object));
        let namespaced = match (&served, definition) {
            (Some(served), _) => served.namespaced,
            (None, Some(definition)) => schema::is_namespaced(definition),
            (None, None) => {
                faults.push(not_served(&object, &kinds, &definitions));
                continue;
            }
        };
        if namespaced {
            if object.key().namespace.is_empty() {
                object.set_namespace(&session.namespace);
            }
        } else if let Some(metadata) = object.json["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        if session.request.by_another {
            object.name_items_once();
        }
        if session.request.inventory {
            object.label(PART_OF, &id);
        }
        let key = object.key();
        if let Some(other) = places.insert(key.clone(), object.at.clone()) {
            faults.push(Fault::permanent(format!(
                "{key} is there twice: {other} and {}",
                object.at
            )));
            continue;
        }
        out.push(Wanted {
            object,
            key,
            served,
        });
    }
    if let Some(fault) = Fault::all(faults) {
        let class = match fault.class {
            Class::Absent => Class::Absent,
            _ => Class::Permanent,
        };
        return Err(Fault { class, ..fault });
    }
    out.sort_by(|a, b| {
        order::rank(&a.key.what)
            .cmp(&order::rank(&b.key.what))
            .then_with(|| a.key.cmp(&b.key))
    });
    Ok(All {
        objects: out,
        kinds,
    })
}

fn not_served(object: &Object, kinds: &Kinds, definitions: &[Object]) -> Fault {
    let what = object.key().what;
    let fault = Fault::permanent(format!(
        "{} ({}): the cluster serves no `{}` of `{}`",
        object.key(),
        object.at,
        object.kind(),
        object.api_version()
    ));
    if definitions.iter().any(|d| schema::names(d, object)) {
        return fault.more("the definition beside it does not serve this version");
    }
    let instead = kinds.instead_of(&what);
    if !instead.is_empty() {
        return fault.more(format!(
            "it serves it as {}: write that as `apiVersion`",
            instead.join(", ")
        ));
    }
    match strata_core::diagnostic::suggest(object.kind(), kinds.of_group(&what.group)) {
        Some(near) => fault.more(near),
        None => Fault {
            class: Class::Absent,
            ..fault
        }
        .more("apply its definition (CustomResourceDefinition) first: with it, or in a component that this one comes `after`"),
    }
}
