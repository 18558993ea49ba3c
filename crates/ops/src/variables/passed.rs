//! Which variables of our own environment a tool is handed: those that what it uses is known to read.
use crate::compose::Composition;
use strata_core::{
    engine::DynEngine,
    need::{Needs, Passed},
    spec::UnitSpec,
    tree::Tree,
};

/// The variables that the plug-ins of a unit's tool read, but for those that its own `env` and `files` give.
pub fn read_by_plugins(
    engine: &dyn DynEngine,
    tree: &dyn Tree,
    spec: &UnitSpec,
    inputs: &[String],
) -> Vec<Passed> {
    let needs: Needs = engine.needs(tree, spec, inputs);
    needs.passed(&|key| spec.env.contains_key(key) || spec.files.contains_key(key))
}

/// The same of a unit of a composition, with what the platform's `passthrough` names.
pub fn passed(c: &Composition, unit: usize, spec: &UnitSpec) -> Vec<Passed> {
    let u = &c.units[unit];
    let inputs: Vec<String> = c.variant(u).component.inputs.keys().cloned().collect();
    let known = read_by_plugins(c.engine(u).as_ref(), c.loaded.tree.as_ref(), spec, &inputs);
    with(&c.loaded.platform.passthrough, known)
}

/// What `passthrough` names, then what is known of plug-ins.
pub fn with(named: &[String], known: Vec<Passed>) -> Vec<Passed> {
    let is_known = |name: &&String| known.iter().any(|k| k.name == **name);
    let others = named.iter().filter(|n| !is_known(n));
    let mut out: Vec<Passed> = others.map(|n| Passed::named(n)).collect();
    out.extend(known);
    out
}
