//! From where something is looked at: an environment, and a unit or at least a component of it.
use super::document::{Document, Subject};
use crate::compose::{Composition, Unit, Variant};

/// What names mean to a reader of some place.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The platform.
    pub c: &'a Composition,
    /// Position of the environment; the first one that fits.
    pub env: Option<usize>,
    /// Position of the unit.
    pub unit: Option<usize>,
    /// Position of the component, where it has no unit too.
    pub variant: Option<usize>,
}

impl<'a> View<'a> {
    /// From a place of a document that is about something.
    pub fn of(c: &'a Composition, document: &Document, subject: &Subject) -> Self {
        let env = document.environment().and_then(|name| upon(c, name));
        let name = match subject {
            Subject::Component(Some(name)) => Some(name.as_str()),
            _ => None,
        };
        Self::component(c, env, name)
    }
    /// From a component, in an environment or in the first one that has it.
    pub fn component(c: &'a Composition, env: Option<usize>, name: Option<&str>) -> Self {
        let unit_in = |env: usize| {
            let named = c.envs.get(env)?.names.get(name?)?;
            named.units().next().map(|i| i as usize)
        };
        let unit = match env {
            Some(env) => unit_in(env),
            None => (0..c.environments().len()).find_map(unit_in),
        };
        let by_name = || {
            let name = name?;
            c.variants.iter().position(|v| v.component.name == name)
        };
        let env = unit
            .map(|u| c.units[u].env as usize)
            .or(env)
            .or((!c.envs.is_empty()).then_some(0));
        Self {
            c,
            env,
            unit,
            variant: unit.map(|u| c.units[u].variant as usize).or_else(by_name),
        }
    }
    /// Its unit.
    pub fn unit(&self) -> Option<&'a Unit> {
        self.c.units.get(self.unit?)
    }
    /// Its component.
    pub fn its_variant(&self) -> Option<&'a Variant> {
        self.c.variants.get(self.variant?)
    }
}

/// The environment with a name, or the first one that is built upon a base with that name.
fn upon(c: &Composition, name: &str) -> Option<usize> {
    c.env_named(name).or_else(|| {
        c.environments().iter().position(|e| {
            crate::explain::chain(&c.loaded, &e.name)
                .iter()
                .any(|f| f == name)
        })
    })
}
