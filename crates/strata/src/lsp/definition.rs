//! Where something is declared, and where it is used.
use super::here::{Found, Here};
use lsp_types::Location as Place;
use strata_core::span::Location;
use strata_ops::{
    at::{
        document::{Document, Subject},
        outline::Spot,
        places,
        thing::Thing,
        view::View,
    },
    compose::Composition,
};

/// Where what is at a place is declared.
pub fn definition(here: &Here<'_>) -> Vec<Place> {
    let at = match &here.spot {
        Some(found) => declared(here, found),
        None => in_tool_file(here).into_iter().map(|d| d.at).collect(),
    };
    here.file.places(&at)
}

fn in_tool_file(here: &Here<'_>) -> Option<places::Declared> {
    places::declared_at(&here.file.good.c, &here.file.path, here.at as u32)
}

/// What the expression at a place names.
fn thing(view: &View<'_>, found: &Found) -> Option<Thing> {
    let (words, i) = found.inside.as_ref()?.chain.as_ref()?;
    view.resolve(&words[..=*i])
}

fn declared(here: &Here<'_>, found: &Found) -> Vec<Location> {
    let view = here.view(found);
    if found.inside.is_some() {
        let thing = thing(&view, found);
        return thing.map_or_else(Vec::new, |t| view.declared(&t));
    }
    let c = view.c;
    let word = found.word(&here.file.text);
    let path = found.words();
    if found.place.spot == Spot::Key {
        return of_key(&view, found, &path, word);
    }
    let path = path.strip_suffix(&["-"]).unwrap_or(&path);
    let one = |at: Option<Location>| at.into_iter().collect();
    match (&found.subject, path) {
        (Subject::Component(_), ["after"]) => {
            let name = word.rsplit('/').next().unwrap_or(word);
            one(places::component_file(c, name).or_else(|| places::contract_file(c, name)))
        }
        (Subject::Component(_), ["environments"]) => one(places::environment_file(c, word)),
        (Subject::Document, ["extends" | "uses"]) => one(places::environment_file(c, word)),
        (Subject::Document, ["flavors", _]) => one(places::component_file(c, word)),
        _ => Vec::new(),
    }
}

fn of_key(view: &View<'_>, found: &Found, path: &[&str], word: &str) -> Vec<Location> {
    let c = view.c;
    let one = |at: Option<Location>| at.into_iter().collect();
    match (&found.subject, path) {
        (Subject::Component(_), ["inputs"]) => {
            let v = view.its_variant();
            one(v.and_then(|v| v.interface.inputs.get(word)?.at.clone()))
        }
        (Subject::Component(_), ["provides"]) | (Subject::Document, ["flavors"]) => {
            one(places::contract_file(c, word))
        }
        (Subject::Component(_), ["provides", contract]) => {
            let promised = c.loaded.contracts.get(*contract);
            one(promised.and_then(|p| p.outputs.get(word)?.at.clone()))
        }
        (Subject::Document, ["components"]) => one(places::component_file(c, word)),
        (Subject::Document, ["values"]) => match &found.document {
            Document::Environment(name) => places::value_places(c, name, word),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Where what is at a place is used.
pub fn references(here: &Here<'_>, declaration: bool) -> Vec<Place> {
    let c = &here.file.good.c;
    let (mut at, own) = match &here.spot {
        Some(found) => used(here, found),
        None => match in_tool_file(here) {
            Some(found) => {
                let name = c.variants[found.variant].component.name.as_str();
                let used = if found.input {
                    given(c, name, &found.name)
                } else {
                    places::uses_of_output(c, Some(name), None, &found.name)
                };
                (used, vec![found.at])
            }
            None => (Vec::new(), Vec::new()),
        },
    };
    if declaration {
        at.splice(0..0, own);
    }
    here.file.places(&at)
}

/// Where an input of a component is given.
fn given(c: &Composition, component: &str, input: &str) -> Vec<Location> {
    let mut out: Vec<Location> = c
        .variants
        .iter()
        .filter(|v| v.component.name == component)
        .filter_map(|v| Some(v.component.inputs.get(input)?.at.clone()))
        .collect();
    out.sort();
    out.dedup();
    out
}

/// Uses, and declarations.
fn used(here: &Here<'_>, found: &Found) -> (Vec<Location>, Vec<Location>) {
    let view = here.view(found);
    let c = view.c;
    let word = found.word(&here.file.text);
    let of_thing = |thing: &Thing| {
        let used = match thing {
            Thing::Output(of, name) => {
                let component = &c.units[of.unit as usize].address.name;
                let contract = of.contract.as_deref();
                let component = contract.is_none().then_some(component.as_ref());
                places::uses_of_output(c, component, contract, name)
            }
            Thing::Value(name) => places::uses_of_value(c, name),
            _ => Vec::new(),
        };
        (used, view.declared(thing))
    };
    if found.inside.is_some() {
        return thing(&view, found).map_or_else(Default::default, |t| of_thing(&t));
    }
    if found.place.spot != Spot::Key {
        return Default::default();
    }
    match (&found.document, &found.subject, found.words().as_slice()) {
        (_, Subject::Document, ["values"]) => of_thing(&Thing::Value(word.to_owned())),
        (_, Subject::Component(Some(name)), ["outputs"]) => (
            places::uses_of_output(c, Some(name.as_str()), None, word),
            Vec::new(),
        ),
        (_, Subject::Component(Some(name)), ["inputs"]) => (
            given(c, name, word),
            of_key(&view, found, &["inputs"], word),
        ),
        (Document::Contract(name), _, ["outputs"]) => (
            places::uses_of_output(c, None, Some(name.as_str()), word),
            Vec::new(),
        ),
        _ => Default::default(),
    }
}
