//! What is certainly wrong with a module, or probably not what was meant. Silent where something could not be read.
mod calls;
pub(super) mod defaults;
mod names;
mod program;
mod providers;

use super::module::Module;
use strata_core::diagnostic::{Diagnostic, suggest};

/// Every finding of a root module and of the local modules that it calls. What could not be read is not among them: see
/// [`Module::problems`].
pub fn problems(module: &Module) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for folder in &module.folders {
        if folder.incomplete {
            continue;
        }
        names::check(folder, &mut out);
        defaults::check(folder, &mut out);
        calls::check(module, folder, &mut out);
    }
    files(module, &mut out);
    providers::check(module, &mut out);
    program::check(module, &mut out);
    out
}

/// Files and folders that are not there, and values for variables that are not declared.
fn files(module: &Module, out: &mut Vec<Diagnostic>) {
    for (path, at) in &module.missing_modules {
        let message = format!("there is no module in `{path}`");
        let known = module.modules.iter().map(String::as_str);
        let near = suggest(path, known.filter(|k| k != path));
        let help = near.unwrap_or_else(|| "a local module is a folder with `.tf` files".to_owned());
        out.push(
            Diagnostic::error("terraform::missing-module", message)
                .at(at.clone())
                .help(help),
        );
    }
    for (path, at) in &module.missing_files {
        let message = format!("`{path}` is read here and is not there");
        out.push(
            Diagnostic::error("terraform::missing-file", message)
                .at(at.clone())
                .help("functions read files as they are before a run, not what the run writes"),
        );
    }
    if module.incomplete {
        return;
    }
    for (name, set) in &module.values_here {
        if module.variables.contains_key(name) {
            continue;
        }
        let message = format!("`{name}` is set here, and the module has no such variable");
        let near = suggest(name, module.variables.keys().map(String::as_str));
        out.push(
            Diagnostic::warning("terraform::unknown-in-tfvars", message)
                .at(set.at.clone())
                .help_opt(near),
        );
    }
}
