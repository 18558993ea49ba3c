//! Where sensitive values flow.
use super::{
    facts::{CallFact, Source},
    folder::Folder,
};
use std::{cell::Cell, collections::HashMap, sync::Arc};

/// Steps of one question that are followed; a value beyond is taken for not sensitive.
const MAX_STEPS: u32 = 20_000;
/// The longest way.
const MAX_DEPTH: u32 = 64;

/// A folder as it is called: what a variable comes from is told by who calls.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) folder: &'a Folder,
    pub(super) caller: Option<(&'a Place<'a>, &'a CallFact)>,
}

/// Follows values in the folders of one root.
pub(super) struct Flow<'a> {
    folders: HashMap<&'a str, &'a Arc<Folder>>,
    steps: Cell<u32>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(folders: &'a [Arc<Folder>]) -> Self {
        Self {
            folders: folders.iter().map(|f| (f.path.as_str(), f)).collect(),
            steps: Cell::new(0),
        }
    }

    /// Is what these sources give sensitive?
    pub(super) fn is_sensitive(&self, folder: &'a Folder, sources: &[Source]) -> bool {
        self.steps.set(0);
        let place = Place {
            folder,
            caller: None,
        };
        self.any(&place, sources, 0)
    }

    fn any(&self, place: &Place<'_>, sources: &[Source], depth: u32) -> bool {
        sources.iter().any(|s| self.one(place, s, depth))
    }

    fn one(&self, place: &Place<'_>, source: &Source, depth: u32) -> bool {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return false;
        }
        let folder = place.folder;
        match source {
            Source::Sensitive => true,
            Source::Other(_) => false,
            Source::Variable(name) => {
                let declared = folder.variables.get(name);
                let declared = declared.and_then(|v| v.fact.sensitive);
                let given = place.caller.is_some_and(|(caller, call)| {
                    let argument = call.arguments.iter().find(|a| a.name == *name);
                    argument.is_some_and(|a| self.any(caller, &a.value.sources, depth + 1))
                });
                declared == Some(true) || given
            }
            Source::Local(name) => {
                let local = folder.locals.get(name);
                local.is_some_and(|l| self.any(place, &l.fact.value.sources, depth + 1))
            }
            Source::Module(call, output) => {
                let Some(call) = folder.calls.get(call) else {
                    return false;
                };
                let path = super::link::local_path(&folder.path, &call.fact);
                let inner = path.and_then(|p| self.folders.get(p.as_str()).copied());
                let (Some(inner), Some(output)) = (inner, output) else {
                    return false;
                };
                let Some(output) = inner.outputs.get(output) else {
                    return false;
                };
                let inside = Place {
                    folder: inner,
                    caller: Some((place, &call.fact)),
                };
                let value = output.fact.value.as_ref();
                output.fact.sensitive == Some(true)
                    || value.is_some_and(|v| self.any(&inside, &v.sources, depth + 1))
            }
        }
    }
}
