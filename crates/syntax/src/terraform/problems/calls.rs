//! What local modules are given, and what is taken from them.
use crate::terraform::{
    arguments::misfit,
    facts::CallFact,
    folder::{Folder, In},
    link::local_path,
    module::Module,
    types::Types,
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::{Location, Span},
};

pub(super) fn check(module: &Module, folder: &Folder, out: &mut Vec<Diagnostic>) {
    // an argument that is overridden does not count
    if folder.overridden || folder.calls.is_empty() {
        return;
    }
    let types = Types::new(&module.folders);
    // what the types borrow from is the folder that they know
    let Some(folder) = module.folder(&folder.path) else {
        return;
    };
    for call in folder.calls.values() {
        let Some(inner) = callee(module, folder, &call.fact) else {
            continue;
        };
        if !call.fact.incomplete {
            missing(call, inner, out);
        }
        for argument in &call.fact.arguments {
            let Some(variable) = inner.variables.get(&argument.name) else {
                let message = format!(
                    "the module `{}` has no variable `{}`",
                    inner.path, argument.name
                );
                let near = suggest(&argument.name, inner.variables.keys().map(String::as_str));
                let problem = Diagnostic::error("terraform::unknown-argument", message);
                out.push(problem.at(call.at(argument.at)).help_opt(near));
                continue;
            };
            let Some(want) = &variable.fact.ty else {
                continue;
            };
            if let Some(why) = misfit(&types, folder, &argument.value.shape, want) {
                let message = format!("`{}` is given {why}", argument.name);
                let problem = Diagnostic::error("terraform::argument-type", message);
                let declared = variable.at(variable.fact.at);
                out.push(
                    problem
                        .at(call.at(argument.value.at))
                        .related(declared, format!("the variable is a `{want}`")),
                );
            }
        }
    }
    outputs(module, folder, out);
}

/// The folder of a local module that could be read in full.
fn callee<'m>(module: &'m Module, folder: &Folder, call: &CallFact) -> Option<&'m Folder> {
    let path = local_path(&folder.path, call)?;
    let inner = module.folder(&path)?;
    (!inner.incomplete && !inner.files.is_empty()).then_some(inner)
}

fn missing(call: &In<CallFact>, inner: &Folder, out: &mut Vec<Diagnostic>) {
    let given = |name: &str| call.fact.arguments.iter().any(|a| a.name == name);
    for (name, variable) in &inner.variables {
        if variable.fact.default.is_some() || given(name) {
            continue;
        }
        let message = format!("the module `{}` is not given `{name}`", call.fact.name);
        let problem = Diagnostic::error("terraform::missing-argument", message);
        let declared = variable.at(variable.fact.at);
        out.push(
            problem
                .at(call.at(call.fact.at))
                .related(declared, "it has no default"),
        );
    }
}

/// Outputs that are taken from local modules and are not there.
fn outputs(module: &Module, folder: &Folder, out: &mut Vec<Diagnostic>) {
    for (file, facts) in &folder.files {
        if Folder::hides(facts, "module") {
            continue;
        }
        for used in &facts.references.modules {
            let (Some(call), Some(output)) = (folder.calls.get(&used.call), &used.output) else {
                continue;
            };
            // `module.m.key` of several is one of them, `module.m["x"]` of a single one is an output
            let dynamic = |d: &Span| d.start <= used.span.start && used.span.end <= d.end;
            let guarded = used.guarded || facts.references.dynamic.iter().any(dynamic);
            if guarded || used.keyed != call.fact.many {
                continue;
            }
            let Some(inner) = callee(module, folder, &call.fact) else {
                continue;
            };
            if inner.outputs.contains_key(output) {
                continue;
            }
            let message = format!("the module `{}` has no output `{output}`", inner.path);
            let near = suggest(output, inner.outputs.keys().map(String::as_str));
            let problem = Diagnostic::error("terraform::undeclared-output", message);
            let at = Location::new(file.clone(), used.span);
            out.push(problem.at(at).help_opt(near));
        }
    }
}
