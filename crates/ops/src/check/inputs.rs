//! Inputs that a tool does not know, inputs that nobody gives. Their types: `types`.
use super::places;
use crate::{
    compose::{Composition, Variant},
    decode::Problems,
};
use std::collections::{BTreeMap, HashMap};
use strata_core::diagnostic::{Diagnostic, nearest, suggest};

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
    let mut missing: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
    for variant in members.keys() {
        let v = &c.variants[*variant as usize];
        unknown(c, v, problems);
        for (key, input) in &v.interface.inputs {
            if !input.optional && !v.component.inputs.contains_key(key) && !is_slip(v, key) {
                let of = (v.component.name.as_str(), key.as_str());
                missing.entry(of).or_default().push(*variant);
            }
        }
    }
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
