//! Names that are used and not declared, declared and not used, declared twice.
use crate::terraform::folder::Folder;
use std::collections::HashSet;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::{Location, Span},
};

pub(super) fn check(folder: &Folder, out: &mut Vec<Diagnostic>) {
    for twice in &folder.twice {
        let message = format!("the {} `{}` is declared twice", twice.what, twice.name);
        out.push(
            Diagnostic::error("terraform::duplicate", message)
                .at(twice.again.clone())
                .related(twice.first.clone(), "it is declared here first"),
        );
    }
    // an expression that is overridden does not count
    if !folder.overridden {
        undeclared(folder, out);
    }
    unused(folder, out);
}

fn undeclared(folder: &Folder, out: &mut Vec<Diagnostic>) {
    for (file, facts) in &folder.files {
        let names = &facts.references;
        let at = |span: Span| Location::new(file.clone(), span);
        // Terraform looks into a `dynamic` block only when it makes one
        let inside = |span: &Span| {
            let around = |d: &Span| d.start <= span.start && span.end <= d.end;
            names.dynamic.iter().any(around)
        };
        let finding = |code: &str, message: String, span: &Span| {
            let problem = if inside(span) {
                Diagnostic::warning(code, message)
            } else {
                Diagnostic::error(code, message)
            };
            problem.at(at(*span))
        };
        if !Folder::hides(facts, "var") {
            for (name, spans) in &names.variables {
                if folder.variables.contains_key(name) {
                    continue;
                }
                let near = suggest(name, folder.variables.keys().map(String::as_str));
                let help =
                    near.unwrap_or_else(|| format!("declare it: `variable \"{name}\" {{}}`"));
                for span in spans {
                    let message = format!("there is no variable `{name}`");
                    let problem = finding("terraform::undeclared-variable", message, span);
                    out.push(problem.help(help.clone()));
                }
            }
        }
        if !Folder::hides(facts, "local") {
            for (name, spans) in &names.locals {
                if folder.locals.contains_key(name) {
                    continue;
                }
                let near = suggest(name, folder.locals.keys().map(String::as_str));
                for span in spans {
                    let message = format!("there is no local value `{name}`");
                    let problem = finding("terraform::undeclared-local", message, span);
                    out.push(problem.help_opt(near.clone()));
                }
            }
        }
        if Folder::hides(facts, "module") {
            continue;
        }
        for used in &names.modules {
            if folder.calls.contains_key(&used.call) {
                continue;
            }
            let message = format!("there is no call of a module `{}`", used.call);
            let near = suggest(&used.call, folder.calls.keys().map(String::as_str));
            let problem = finding("terraform::undeclared-module", message, &used.span);
            out.push(problem.help_opt(near));
        }
    }
}

fn unused(folder: &Folder, out: &mut Vec<Diagnostic>) {
    let (mut variables, mut locals) = (HashSet::new(), HashSet::new());
    for (_, facts) in &folder.files {
        variables.extend(facts.references.variables.iter().map(|(n, _)| n.as_str()));
        locals.extend(facts.references.locals.iter().map(|(n, _)| n.as_str()));
    }
    for (name, v) in &folder.variables {
        if !variables.contains(name.as_str()) {
            let message = format!("the variable `{name}` is not used");
            let problem = Diagnostic::warning("terraform::unused-variable", message);
            out.push(problem.at(v.at(v.fact.at)));
        }
    }
    for (name, l) in &folder.locals {
        if !locals.contains(name.as_str()) {
            let message = format!("the local value `{name}` is not used");
            let problem = Diagnostic::warning("terraform::unused-local", message);
            out.push(problem.at(l.at(l.fact.at)));
        }
    }
}
