//! What is said of a value that does not fit: what it should be, where exactly, and where that is declared.
use super::{
    fit::{Misfit, fit},
    places::{inside, key_inside},
    types::Checker,
};
use crate::{
    decode::Problems,
    field::{Body, Field},
};
use strata_core::{diagnostic::Diagnostic, span::Location, ty::Type, value::Term};
use strata_syntax::{expr::each_field_of, node::Node};

impl Checker<'_> {
    /// Adds what does not fit, with the place where it is declared.
    pub(super) fn fits(
        &self,
        what: &str,
        field: &Field,
        have: &Term,
        want: &Type,
        declared: Option<&Location>,
        problems: &mut Problems,
    ) {
        let Some(misfit) = fit(have, want) else {
            return;
        };
        let place = |path: &str| match path {
            "" => what.to_owned(),
            path => format!("`{path}` in {what}"),
        };
        // an expression is one place, whatever comes out of it
        let whole = matches!(field.body, Body::Template(_));
        let at = |path: &str| {
            if whole {
                field.at.clone()
            } else {
                inside(self.c, &field.at, path)
            }
        };
        let problem = match misfit {
            Misfit::Type { path, have, want } => {
                let message = format!(
                    "{} is {}, this is {}",
                    place(&path),
                    want.named(),
                    have.said()
                );
                Diagnostic::error("input::type", message).at(at(&path))
            }
            Misfit::Missing { path, name } => {
                let message = format!("{} lacks the field `{name}`", place(&path));
                Diagnostic::error("input::type", message).at(at(&path))
            }
            Misfit::Unknown { path, name, near } => {
                let message = format!("{} has no field `{name}`", place(&path));
                let at = if whole {
                    field.at.clone()
                } else {
                    key_inside(self.c, &field.at, &path, &name)
                };
                Diagnostic::warning("input::unknown-field", message)
                    .at(at)
                    .help(format!(
                        "did you mean `{near}`? What is not declared is dropped"
                    ))
            }
        };
        let problem = match declared {
            Some(at) => problem.related(at.clone(), "declared here"),
            None => problem,
        };
        problems.push(match self.value_of(field) {
            Some((name, at)) => problem.related(at, format!("`{name}` is said here")),
            None => problem,
        });
    }

    /// The value that an expression is made of, and where this environment has it from.
    fn value_of(&self, field: &Field) -> Option<(String, Location)> {
        let Body::Template(template) = &field.body else {
            return None;
        };
        let mut names: Vec<&str> = Vec::new();
        each_field_of(template, "values", &mut |name| names.extend(name));
        let name = *names.first()?;
        let at = self.said(self.c.env(self.unit).own_name(), name, 0)?;
        Some((name.to_owned(), at))
    }

    /// The file of an environment, then what it extends, the last first.
    fn said(&self, env: &str, name: &str, depth: usize) -> Option<Location> {
        let file = self
            .c
            .loaded_of(self.unit.env as usize)
            .environments
            .get(env)?;
        let values = file.node.as_ref().and_then(|n| n.get("values"));
        let own = values.and_then(|v: &Node| v.key_location(name));
        own.or_else(|| {
            let mut bases = file.extends.iter().rev().filter(|_| depth < 32);
            bases.find_map(|(base, _)| self.said(base, name, depth + 1))
        })
    }
}
