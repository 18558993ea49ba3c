//! Inputs that a tool does not know, inputs that nobody gives. Their types: `types`.
use super::places;
use crate::{
    compose::{Composition, Unit, Variant, instances::field_of},
    decode::Problems,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use strata_core::{
    diagnostic::{Diagnostic, nearest, suggest},
    interface::Input,
    span::Location,
    value::Term,
};

/// The word for an input that is set in the tool's own remote workspace.
pub const EXTERNAL: &str = "external";

/// Checks every variant that has a unit, once.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut members: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for unit in &c.units {
        let envs = members.entry(unit.variant).or_default();
        if envs.last() != Some(&unit.address.env.as_ref()) {
            envs.push(&unit.address.env);
        }
    }
    let own_inputs = with_own_inputs(c);
    let mut missing: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
    for variant in members.keys() {
        let v = &c.variants[*variant as usize];
        unknown(c, v, problems);
        for (key, input) in &v.interface.inputs {
            if input.optional || is_slip(v, key) {
                continue;
            }
            let given = v.component.inputs.contains_key(key);
            let units = own_inputs.get(variant).map_or(&[][..], Vec::as_slice);
            let without = instances_without(units, key, given);
            // what no instance has is said of the component
            if !given && without.len() == units.len() {
                let of = (v.component.name.as_str(), key.as_str());
                missing.entry(of).or_default().push(*variant);
                continue;
            }
            problems.extend(without.iter().map(|u| of_instance(c, u, key, input)));
        }
    }
    own(c, problems);
    let mut of_name: HashMap<&str, usize> = HashMap::new();
    for variant in members.keys() {
        let name = c.variants[*variant as usize].component.name.as_str();
        *of_name.entry(name).or_default() += 1;
    }
    for ((name, key), variants) in missing {
        let envs: Vec<&str> = variants
            .iter()
            .flat_map(|v| members[v].iter().copied())
            .collect();
        let place = if of_name[name] == variants.len() {
            String::new()
        } else {
            format!(" in `{}`", envs.join("`, `"))
        };
        let v = &c.variants[variants[0] as usize];
        let mut problem = Diagnostic::error(
            "input::missing",
            format!("nobody gives `{name}` its input `{key}`{place}"),
        )
        .at(v.component.at.clone())
        .help(format!(
            "add `inputs: {{{key}: …}}` to the component, or a default to its tool"
        ));
        if let Some(at) = &v.interface.inputs[key].at {
            problem = problem.related(at.clone(), "declared here");
        }
        problems.push(problem);
    }
}

/// The units of components whose instances have a say in their inputs.
fn with_own_inputs(c: &Composition) -> HashMap<u32, Vec<&Unit>> {
    let own = c.units.iter().filter(|u| u.own_inputs().is_some());
    let mut out: HashMap<u32, Vec<&Unit>> = own.map(|u| (u.variant, Vec::new())).collect();
    if !out.is_empty() {
        for unit in &c.units {
            if let Some(units) = out.get_mut(&unit.variant) {
                units.push(unit);
            }
        }
    }
    out
}

/// Instances that lack an input which others of their component have: their values give it, or take it away.
fn instances_without<'c>(units: &[&'c Unit], key: &str, given: bool) -> Vec<&'c Unit> {
    let says = |u: &Unit| u.own_inputs().and_then(|own| own.get(key)).cloned();
    let lacks = |u: &&Unit| match says(u) {
        Some(Term::Null) => true,
        Some(_) => false,
        None => !given,
    };
    units.iter().copied().filter(lacks).collect()
}

fn of_instance(c: &Composition, unit: &Unit, key: &str, input: &Input) -> Diagnostic {
    let v = c.variant(unit);
    let message = format!("nobody gives `{}` its input `{key}`", unit.address);
    let problem = Diagnostic::error("input::missing", message)
        .at(place_of(c, unit).unwrap_or_else(|| v.component.at.clone()))
        .help("other instances have it: add it under `inputs` of this one, or to the component");
    match &input.at {
        Some(at) => problem.related(at.clone(), "declared here"),
        None => problem,
    }
}

/// Where the instances of a unit are said.
fn place_of(c: &Composition, unit: &Unit) -> Option<Location> {
    let field = field_of(c, unit.env as usize, c.variant(unit), &mut Problems::new());
    field.map(|f| f.at)
}

/// Inputs that the value of an instance gives and its tool does not know.
fn own(c: &Composition, problems: &mut Problems) {
    let mut said: HashSet<(u32, &str)> = HashSet::new();
    for unit in &c.units {
        let v = c.variant(unit);
        if v.interface.open_inputs {
            continue;
        }
        for key in unit.own_inputs().into_iter().flat_map(BTreeMap::keys) {
            let declared = &v.interface.inputs;
            if declared.contains_key(key) || !said.insert((unit.variant, key)) {
                continue;
            }
            let message = format!("`{}` has no input `{key}`", v.component.name);
            let near = suggest(key, declared.keys().map(String::as_str));
            let help = "`inputs` in the value of an instance are inputs of that instance";
            problems.push(
                Diagnostic::error("input::unknown", message)
                    .at_opt(place_of(c, unit))
                    .help(near.unwrap_or_else(|| help.to_owned())),
            );
        }
    }
}

/// Is an input given under a name that is nearly its own? Then that is said, and no more.
fn is_slip(v: &Variant, key: &str) -> bool {
    let declared = &v.interface.inputs;
    let slips = v
        .component
        .inputs
        .keys()
        .filter(|k| !declared.contains_key(*k));
    let mut near = slips.filter_map(|k| nearest(k, declared.keys().map(String::as_str)));
    !v.interface.open_inputs && near.any(|n| n == key)
}

fn unknown(c: &Composition, v: &Variant, problems: &mut Problems) {
    if v.interface.open_inputs {
        return;
    }
    let name = &v.component.name;
    let declared = &v.interface.inputs;
    for (key, field) in v
        .component
        .inputs
        .iter()
        .filter(|(k, _)| !declared.contains_key(*k))
    {
        let help = suggest(key, declared.keys().map(String::as_str)).unwrap_or_else(|| {
            if declared.is_empty() {
                "its tool declares no inputs".to_owned()
            } else {
                let names: Vec<&str> = declared.keys().map(String::as_str).collect();
                format!("its inputs are: {}", names.join(", "))
            }
        });
        problems.push(
            Diagnostic::error("input::unknown", format!("`{name}` has no input `{key}`"))
                .at(places::key_of(c, &field.at))
                .help(help),
        );
    }
}
