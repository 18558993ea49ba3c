//! Settings and arguments with the values that are known of them.
use super::{
    Shape,
    evaluate::Known,
    facts::{ArgumentFact, SettingsFact, Source},
    folder::{Folder, In},
    module::{Backend, Module, Setting},
};
use std::{cell::Cell, collections::BTreeMap};
use strata_core::value::Value;

/// An address as others write it; nothing for what is no place.
pub(super) fn address(source: &Source) -> Option<String> {
    Some(match source {
        Source::Variable(name) => format!("var.{name}"),
        Source::Local(name) => format!("local.{name}"),
        Source::Module(call, None) => format!("module.{call}"),
        Source::Module(call, Some(output)) => format!("module.{call}.{output}"),
        Source::Other(address) => address.clone(),
        Source::Sensitive => return None,
    })
}

/// Arguments by name, with the values that are known without any variable.
pub(super) fn settings<T>(
    folder: &Folder,
    around: &In<T>,
    arguments: &[ArgumentFact],
) -> BTreeMap<String, Setting> {
    let none = BTreeMap::new();
    let known = Known {
        folder,
        variables: &none,
        workspace: None,
        steps: Cell::new(0),
    };
    let arguments = arguments.iter().map(|a| {
        let setting = Setting {
            value: known.value(&a.value.shape),
            shape: a.value.shape.clone(),
            at: around.at(a.at),
        };
        (a.name.clone(), setting)
    });
    arguments.collect()
}

pub(super) fn backend(folder: &Folder, b: &In<SettingsFact>) -> Backend {
    Backend {
        kind: b.fact.kind.clone(),
        settings: settings(folder, b, &b.fact.settings),
        at: b.at(b.fact.at),
    }
}

impl Module {
    /// The value of an expression of the root, as far as it follows from local values, from these variables, and from
    /// this workspace.
    pub fn value(
        &self,
        shape: &Shape,
        variables: &BTreeMap<String, Value>,
        workspace: Option<&str>,
    ) -> Option<Value> {
        let known = Known {
            folder: self.folders.first()?,
            variables,
            workspace,
            steps: Cell::new(0),
        };
        known.value(shape)
    }
}
