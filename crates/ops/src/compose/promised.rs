//! What contracts say of whatever provides them: verifiers that become those of the component, and the files they need.
//! A verifier keeps the place where it stands; that tells what `self` means in it and where it runs.
use super::Composition;
use crate::{document::component::Component, field::Field, load::Loaded};
use std::sync::Arc;
use strata_core::glob;

/// Takes the verifiers of the contracts that a component provides, and gives the files that they need. What is wrong
/// with them is said with the contracts.
pub(super) fn verifiers(loaded: &Loaded, component: &mut Component) -> Vec<Arc<str>> {
    let mut files = Vec::new();
    let all = component.provides.keys();
    let all: Vec<_> = all.filter_map(|name| loaded.contracts.get(name)).collect();
    for contract in all {
        component.verify.extend(contract.verify.iter().cloned());
        for (pattern, _) in &contract.reads {
            let found = glob::matching(loaded.tree.as_ref(), contract.folder(), pattern);
            files.extend(found.into_iter().flatten().map(|f| f.path.clone()));
        }
    }
    let constant = component.late_fields().all(|(_, f)| f.is_constant());
    component.constant = constant;
    files
}

impl Composition {
    /// The contract whose file this is, of those that a unit provides: what stands in it means by `self` what the
    /// contract promises.
    pub fn contract_at(&self, unit: usize, file: &str) -> Option<&str> {
        let unit = &self.units[unit];
        let contracts = &self.loaded_of(unit.env as usize).contracts;
        let mut provided = self.variant(unit).component.provides.keys();
        let found = provided.find(|name| {
            let contract = contracts.get(*name);
            contract.is_some_and(|c| &*c.at.file == file)
        });
        found.map(String::as_str)
    }
    /// The folder in which each verifier of a unit runs: the component's, or that of the contract which has it.
    pub fn verifier_folders(&self, unit: usize) -> Vec<String> {
        let component = &self.variant(&self.units[unit]).component;
        let contracts = &self.loaded_of(self.units[unit].env as usize).contracts;
        let folder = |field: &Field| match self.contract_at(unit, &field.at.file) {
            Some(name) => contracts[name].folder().to_owned(),
            None => component.folder.clone(),
        };
        component.verify.iter().map(folder).collect()
    }
}
