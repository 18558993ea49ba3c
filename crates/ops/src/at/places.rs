//! Where something is declared, and where it is used.
use super::{
    thing::{Outputs, Thing},
    view::View,
};
use crate::{
    compose::{Composition, Variant},
    explain::chain,
    field::Field,
    load::COMPONENT_FILE,
};
use strata_core::span::{Location, Span};
use strata_syntax::expr::{self, Reference, Root, Step as Hop};

/// An input or an output that a file of a tool declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Position of the component.
    pub variant: usize,
    /// Its name.
    pub name: String,
    /// An input, or an output?
    pub input: bool,
    /// Where.
    pub at: Location,
}

/// What is declared at a place of a file.
pub fn declared_at(c: &Composition, file: &str, byte: u32) -> Option<Declared> {
    let here = |at: Option<&Location>| {
        at.filter(|at| {
            at.file.as_ref() == file
                && at.span != Span::default()
                && at.span.start <= byte
                && byte <= at.span.end
        })
        .cloned()
    };
    c.variants.iter().enumerate().find_map(|(variant, v)| {
        let found = |name: &String, input: bool, at: Location| Declared {
            variant,
            name: name.clone(),
            input,
            at,
        };
        let inputs = v.interface.inputs.iter();
        let mut inputs = inputs.filter_map(|(n, i)| Some(found(n, true, here(i.at.as_ref())?)));
        let outputs = v.interface.outputs.iter();
        let mut outputs = outputs.filter_map(|(n, o)| Some(found(n, false, here(o.at.as_ref())?)));
        let own = v.component.outputs.iter();
        let mut own = own.filter_map(|(n, (at, _))| Some(found(n, false, here(Some(at))?)));
        inputs
            .next()
            .or_else(|| outputs.next())
            .or_else(|| own.next())
    })
}

/// The file that says best what a component is: its `component.yaml`, else what its tool begins with.
pub fn component_file(c: &Composition, name: &str) -> Option<Location> {
    let source = c.loaded.components.get(name)?;
    if source.origin.is_some() {
        return Some(source.at.clone());
    }
    let tree = c.loaded.tree.as_ref();
    let own = format!("{}/{COMPONENT_FILE}", source.folder);
    if tree.file(&own).is_some() {
        return Some(Location::file(own));
    }
    let recognised = c
        .engines
        .get(source.engine)
        .and_then(|e| e.recognise(tree, &source.folder));
    let file = recognised.map(|f| {
        let below = format!("{}/{f}", source.folder);
        if tree.file(&below).is_some() {
            below
        } else {
            f.to_owned()
        }
    });
    match file.filter(|f| tree.file(f).is_some()) {
        Some(file) => Some(Location::file(file)),
        None => Some(source.at.clone()),
    }
}

/// The file of a contract.
pub fn contract_file(c: &Composition, name: &str) -> Option<Location> {
    c.loaded.contracts.get(name).map(|p| p.at.clone())
}

/// The file of an environment, bases included.
pub fn environment_file(c: &Composition, name: &str) -> Option<Location> {
    c.loaded.environments.get(name).map(|e| e.at.clone())
}

/// Where a value of an environment is written: the place that counts first.
pub fn value_places(c: &Composition, env: &str, name: &str) -> Vec<Location> {
    let files = chain(&c.loaded, env);
    let place = |file: &String| {
        let node = c.loaded.environments.get(file)?.node.as_ref()?;
        node.get("values")?.key_location(name)
    };
    files.iter().rev().filter_map(place).collect()
}

impl View<'_> {
    /// Where a thing is declared, best first.
    pub fn declared(&self, thing: &Thing) -> Vec<Location> {
        let c = self.c;
        match thing {
            Thing::Environment(env) => vec![c.envs[*env].at.clone()],
            Thing::Component {
                named, contract, ..
            } => {
                let unit = named.units().next().map(|i| &c.units[i as usize]);
                let component = unit.and_then(|u| component_file(c, &u.address.name));
                let contract = contract.as_ref().and_then(|n| contract_file(c, n));
                component.into_iter().chain(contract).collect()
            }
            Thing::Instance(of) => {
                let v = c.variant(&c.units[of.unit as usize]);
                v.component.instances.iter().map(|f| f.at.clone()).collect()
            }
            Thing::Outputs(of) => {
                let name = &c.units[of.unit as usize].address.name;
                component_file(c, name).into_iter().collect()
            }
            Thing::Output(of, name) => output_places(c, of, name),
            Thing::Value(name) => match self.env {
                Some(env) => value_places(c, &c.envs[env].name, name),
                None => Vec::new(),
            },
            Thing::Flavor(contract) => {
                let env = self.env.map(|e| &c.envs[e]);
                let picked = env.and_then(|e| e.flavors.get(contract));
                let component = env.and_then(|e| component_file(c, e.chosen.get(contract)?));
                picked
                    .map(|f| f.at.clone())
                    .into_iter()
                    .chain(component)
                    .collect()
            }
            Thing::Scope("each") => {
                let v = self.its_variant();
                v.and_then(|v| v.component.instances.as_ref())
                    .map(|f| f.at.clone())
                    .into_iter()
                    .collect()
            }
            Thing::Scope("env") => self.env.map(|e| c.envs[e].at.clone()).into_iter().collect(),
            Thing::Scope("platform") => vec![c.loaded.platform.at.clone()],
            Thing::Scope(_) | Thing::Part(..) => Vec::new(),
        }
    }
}

fn output_places(c: &Composition, of: &Outputs, name: &str) -> Vec<Location> {
    let v = c.variant(&c.units[of.unit as usize]);
    let mut out = Vec::new();
    if let Some(contract) = &of.contract {
        let promised = c.loaded.contracts.get(contract);
        out.extend(promised.and_then(|p| p.outputs.get(name)?.at.clone()));
        let mapped = v.component.provides.get(contract.as_str());
        out.extend(mapped.and_then(|(_, f)| Some(f.get(name)?.at.clone())));
        return out;
    }
    out.extend(declaration(v, name));
    out
}

/// Where a component declares an output.
fn declaration(v: &Variant, name: &str) -> Option<Location> {
    let of_tool = v.interface.outputs.get(name).and_then(|o| o.at.clone());
    of_tool.or_else(|| v.component.outputs.get(name).map(|(at, _)| at.clone()))
}

/// Where an output of a component, or of a contract, is used: each place once.
pub fn uses_of_output(
    c: &Composition,
    component: Option<&str>,
    contract: Option<&str>,
    output: &str,
) -> Vec<Location> {
    let mut out = Vec::new();
    for unit in &c.units {
        let v = c.variant(unit);
        for u in &v.uses {
            let Some(target) = c.target_named(unit, u) else {
                continue;
            };
            if target.contract.as_deref() != contract
                || named_output(&u.reference, target.named.keyed) != Some(output)
            {
                continue;
            }
            let first = target.named.units().next();
            let name = first.map(|i| c.units[i as usize].address.name.as_ref());
            if contract.is_some() || name == component {
                out.push(u.at.clone());
            }
        }
    }
    // what a contract is made of
    if let (Some(component), None) = (component, contract) {
        for v in c.variants.iter().filter(|v| v.component.name == component) {
            let fields = v.component.provides.values().flat_map(|(_, f)| f.values());
            for field in fields {
                each_reference(field, &mut |r, at| {
                    let own = matches!(&r.root, Root::Name(n) if n == "self");
                    if own && r.steps.first().and_then(hop) == Some(output) {
                        out.push(at);
                    }
                });
            }
        }
    }
    sorted(out)
}

/// Where a value is used, in all environments: each place once.
pub fn uses_of_value(c: &Composition, name: &str) -> Vec<Location> {
    let mut out = Vec::new();
    let mut look = |field: &Field| {
        each_reference(field, &mut |r, at| {
            let values = matches!(&r.root, Root::Name(n) if n == "values");
            if values && r.steps.first().and_then(hop) == Some(name) {
                out.push(at);
            }
        });
    };
    for v in &c.variants {
        let component = &v.component;
        component.late_fields().for_each(|(_, f)| look(f));
        component
            .enabled
            .iter()
            .chain(&component.instances)
            .for_each(&mut look);
        let provided = component.provides.values().flat_map(|(_, f)| f.values());
        provided.for_each(&mut look);
    }
    for file in c.loaded.environments.values() {
        let values = file.node.as_ref().and_then(|n| n.get("values")?.as_map());
        for entry in values.into_iter().flat_map(|m| &m.entries) {
            look(&Field::parse(&entry.value, &mut Vec::new()));
        }
    }
    sorted(out)
}

fn sorted(mut places: Vec<Location>) -> Vec<Location> {
    places.sort();
    places.dedup();
    places
}

fn each_reference(field: &Field, f: &mut dyn FnMut(Reference, Location)) {
    field.each_template(&mut |t| {
        for r in expr::references(t) {
            let at = Location::new(t.origin.clone(), r.span);
            f(r, at);
        }
    });
}

fn hop(step: &Hop) -> Option<&str> {
    match step {
        Hop::Field(name) | Hop::Key(name) => Some(name),
        Hop::Index(_) => None,
    }
}

/// The output that a reference names.
fn named_output(r: &Reference, keyed: bool) -> Option<&str> {
    let mut steps = r.steps.iter().skip(usize::from(keyed));
    (steps.next().and_then(hop) == Some("outputs"))
        .then(|| steps.next().and_then(hop))
        .flatten()
}
