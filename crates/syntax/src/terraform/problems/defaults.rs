//! Defaults of variables, and of optional attributes in their types, that are not of the type they stand for.
//!
//! They are looked for in each file when its facts are made, and so once per content.
use crate::{
    node::Origin,
    terraform::{arguments::misfit_of_value, facts::VariableFact, folder::Folder, shape::Shape},
};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
    ty::{Field, Type},
};

pub(super) fn check(folder: &Folder, out: &mut Vec<Diagnostic>) {
    // which file says the type and which the default is not told apart after they were merged
    if !folder.overridden {
        let all = folder.files.iter().flat_map(|(_, facts)| &facts.misfits);
        out.extend(all.cloned());
    }
}

/// What is wrong with the variables of one file.
pub(in crate::terraform) fn of_file(
    origin: &Origin,
    variables: &[VariableFact],
) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in variables {
        let variable = &Variable { origin, fact };
        if let Some(ty) = &fact.ty {
            attributes(&fact.name, ty, "", &place(variable, fact.type_at), &mut out);
        }
        default(&fact.name, variable, &mut out);
    }
    out
}

struct Variable<'a> {
    origin: &'a Origin,
    fact: &'a VariableFact,
}

fn place(variable: &Variable<'_>, span: Span) -> Location {
    let span = if span == Span::default() {
        variable.fact.at
    } else {
        span
    };
    Location::new(variable.origin.clone(), span)
}

fn default(name: &str, variable: &Variable<'_>, out: &mut Vec<Diagnostic>) {
    let fact = variable.fact;
    let Some(given) = &fact.default else { return };
    let at = place(variable, fact.default_at);
    if *given == Shape::Null && fact.nullable == Some(false) {
        let message = format!("the default of `{name}` is null, which `nullable = false` excludes");
        let problem = Diagnostic::error("terraform::default-type", message);
        out.push(problem.at(at).help("leave the default out, or give one"));
        return;
    }
    let (Some(ty), Some(value)) = (&fact.ty, given.value()) else {
        return;
    };
    if let Some(why) = misfit_of_value(&value, ty) {
        let message = format!("the default of `{name}` is {}", readable(&why));
        let problem = Diagnostic::error("terraform::default-type", message).at(at);
        let declared = place(variable, fact.type_at);
        out.push(problem.related(declared, "its type"));
    }
}

/// Looks through a type for `optional(type, default)`.
fn attributes(name: &str, ty: &Type, path: &str, at: &Location, out: &mut Vec<Diagnostic>) {
    match ty {
        Type::List(inner) | Type::Map(inner) => attributes(name, inner, path, at, out),
        Type::Tuple(items) => items
            .iter()
            .for_each(|item| attributes(name, item, path, at, out)),
        Type::Object(fields) => {
            for (key, field) in fields {
                let path = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                attribute(name, &path, field, at, out);
                attributes(name, &field.ty, &path, at, out);
            }
        }
        _ => {}
    }
}

fn attribute(name: &str, path: &str, field: &Field, at: &Location, out: &mut Vec<Diagnostic>) {
    let Some(default) = &field.default else {
        return;
    };
    if let Some(why) = misfit_of_value(default, &field.ty) {
        let message = format!(
            "the default of the optional `{path}` of `{name}` is {}",
            readable(&why)
        );
        let problem = Diagnostic::error("terraform::default-type", message).at(at.clone());
        out.push(problem.help("a default has to be of the type before it"));
    }
}

/// `at `x` a list, not a map` as the end of a sentence.
fn readable(why: &str) -> String {
    match why.strip_prefix("at `").and_then(|w| w.split_once("` ")) {
        Some((part, why)) => format!("wrong: `{part}` is {why}"),
        None => why.to_owned(),
    }
}
