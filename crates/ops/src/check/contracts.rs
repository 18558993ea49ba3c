//! Flavors keep what their contract promises, and what contracts say of themselves can be used.
use super::places;
use crate::{
    compose::{Composition, Variant},
    decode::Problems,
    document::Contract,
    field::Field,
};
use std::collections::HashSet;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    glob,
    span::Location,
    spec::UnitSpec,
};
use strata_syntax::expr::{Root, Step};

/// Checks every component that provides a contract, whether picked or not.
pub fn check(c: &Composition, problems: &mut Problems) {
    suites(c, problems);
    let mut seen = HashSet::new();
    for v in &c.variants {
        for (contract, (at, fields)) in &v.component.provides {
            if !seen.insert((&v.component.at.file, &v.component.name, contract)) {
                continue;
            }
            let contracts = &c.loaded_of(v.env as usize).contracts;
            let Some(declared) = contracts.get(contract) else {
                problems.push(
                    Diagnostic::error(
                        "contract::unknown",
                        format!("there is no contract `{contract}`"),
                    )
                    .at(at.clone())
                    .help(
                        suggest(contract, contracts.keys().map(String::as_str))
                            .unwrap_or_else(|| format!("write `contracts/{contract}.yaml`")),
                    ),
                );
                continue;
            };
            if declared.unreadable {
                continue;
            }
            inputs(v, declared, at, problems);
            for (name, decl) in &declared.outputs {
                if !fields.contains_key(name) {
                    let mut problem = Diagnostic::error(
                        "contract::missing-output",
                        format!(
                            "`{}` does not give `{name}` of `{contract}`",
                            v.component.name
                        ),
                    )
                    .at(at.clone())
                    .help(format!("add `{name}: '${{{{ self.… }}}}'`"));
                    if let Some(at) = &decl.at {
                        problem = problem.related(at.clone(), "promised here");
                    }
                    problems.push(problem);
                }
            }
            for (name, field) in fields {
                if !declared.outputs.contains_key(name) {
                    problems.push(
                        Diagnostic::error(
                            "contract::unknown-output",
                            format!("`{contract}` has no output `{name}`"),
                        )
                        .at(places::key_of(c, &field.at))
                        .help_opt(others(name, declared.outputs.keys())),
                    );
                }
                check_self(v, field, problems);
            }
        }
    }
    circles(c, problems);
}

/// What every flavor takes: one could not stand in for the other without.
fn inputs(v: &Variant, contract: &Contract, at: &Location, problems: &mut Problems) {
    let name = &v.component.name;
    for (key, promised) in &contract.inputs {
        let message = match v.interface.inputs.get(key) {
            Some(input) if promised.ty.could_fit(&input.ty) => continue,
            Some(input) => format!(
                "`{key}` of `{}` is {}, and `{name}` takes {}",
                contract.name,
                promised.ty.named(),
                input.ty.named()
            ),
            // a tool that declares nothing takes what it is given
            None if v.interface.open_inputs && v.component.inputs.contains_key(key) => continue,
            None => format!("`{name}` does not take `{key}` of `{}`", contract.name),
        };
        let mut problem = Diagnostic::error("contract::missing-input", message)
            .at(at.clone())
            .help("declare it in the tool's files; where a tool declares nothing, give it under `inputs`");
        if let Some(at) = &promised.at {
            problem = problem.related(at.clone(), "promised here");
        }
        problems.push(problem);
    }
}

/// Verifiers of contracts: what can be told before anything runs, and the files that they name.
fn suites(c: &Composition, problems: &mut Problems) {
    let verify = c.engines.iter().find(|e| e.name() == "verify");
    for contract in c.loaded.contracts.values() {
        for field in &contract.verify {
            let spec = UnitSpec {
                verify: vec![field.outline()],
                ..UnitSpec::default()
            };
            let found = verify.map(|v| v.interface(c.loaded.tree.as_ref(), &spec).1);
            let found = found.into_iter().flatten();
            problems.extend(found.map(|p| p.at(field.at.clone())));
        }
        for (pattern, at) in &contract.reads {
            let found = glob::matching(c.loaded.tree.as_ref(), contract.folder(), pattern);
            let message = match found {
                None => format!("`{pattern}` is outside of the platform's folder"),
                Some(files) if files.is_empty() => format!("`{pattern}` names no file"),
                Some(_) => continue,
            };
            problems.push(
                Diagnostic::error("component::reads", message)
                    .at(at.clone())
                    .help(
                        "paths are relative to the contract's folder; `**` stands for any folders",
                    ),
            );
        }
    }
}

/// Contracts that are made of themselves, where their flavors are picked so.
fn circles(c: &Composition, problems: &mut Problems) {
    let mut said: HashSet<Location> = HashSet::new();
    for unit in &c.units {
        for used in c.variant(unit).uses.iter().filter(|u| u.key == "provides") {
            if !c.needs_itself(unit, used) || !said.insert(used.at.clone()) {
                continue;
            }
            let name = &c.variant(unit).component.name;
            let message = format!("what `{name}` gives to a contract is made of that contract");
            problems.push(
                Diagnostic::error("contract::cycle", message)
                    .at(used.at.clone())
                    .help("take it from an output of a component"),
            );
        }
    }
}

/// What else there is: the nearest, or all.
fn others<'a>(name: &str, outputs: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<&str> = outputs.map(String::as_str).collect();
    let list = || (!names.is_empty()).then(|| format!("its outputs are: {}", names.join(", ")));
    suggest(name, names.iter().copied()).or_else(list)
}

/// `self.x` names an output of the component.
fn check_self(v: &Variant, field: &Field, problems: &mut Problems) {
    for (output, at) in not_own(v, field) {
        let names = v.component.outputs.keys().chain(v.interface.outputs.keys());
        problems.push(
            Diagnostic::error(
                "contract::self",
                format!("`{}` has no output `{output}`", v.component.name),
            )
            .at(at)
            .help_opt(others(&output, names)),
        );
    }
}

/// Outputs that a mapping takes of `self` and that nobody declared, each with the place of the reference.
pub(super) fn not_own(v: &Variant, field: &Field) -> Vec<(String, Location)> {
    let mut out = Vec::new();
    if v.interface.open_outputs {
        return out;
    }
    for (reference, at) in field.references(&[]) {
        let (Root::Name(root), Some(Step::Field(output) | Step::Key(output))) =
            (&reference.root, reference.steps.first())
        else {
            continue;
        };
        let declared =
            v.component.outputs.contains_key(output) || v.interface.outputs.contains_key(output);
        if root == "self" && !declared {
            out.push((output.clone(), at));
        }
    }
    out
}
