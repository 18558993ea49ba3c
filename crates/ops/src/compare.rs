//! How what a platform promises differs from what it promised at another time: compatible or breaking, and for whom.
//!
//! A contract has a version: what breaks it without a new one is an error. Outputs of components have none: what breaks
//! is said with who uses it.
use crate::{
    compose::{Composition, Use},
    decode::Problems,
    document::Contract,
};
use std::collections::BTreeMap;
use strata_core::{diagnostic::Diagnostic, interface::OutputDecl, span::Location};
use strata_syntax::expr::Step;

/// All differences between the promises of two compositions; the places are those of `new`.
pub fn against(old: &Composition, new: &Composition) -> Problems {
    let mut problems = Problems::new();
    for (name, was) in &old.loaded.contracts {
        match new.loaded.contracts.get(name) {
            Some(is) => contract(new, was, is, &mut problems),
            None => {
                let problem = Diagnostic::error(
                    "contract::breaking",
                    format!("the contract `{name}` is gone"),
                );
                let users = users(new, &|t| t.contract.as_deref() == Some(name));
                problems
                    .push(named(problem, users).help("keep the file as long as anybody uses it"));
            }
        }
    }
    for (name, is) in &new.loaded.contracts {
        if !old.loaded.contracts.contains_key(name) {
            problems.push(
                Diagnostic::note("contract::new", format!("the contract `{name}` is new"))
                    .at(is.at.clone()),
            );
        }
    }
    components(old, new, &mut problems);
    problems
}

/// What became of an output.
enum Change {
    Breaking(String),
    Compatible(String),
}

fn output(name: &str, was: &OutputDecl, is: Option<&OutputDecl>) -> Option<Change> {
    let Some(is) = is else {
        return Some(Change::Breaking(format!("`{name}` is gone")));
    };
    if !is.ty.fits(&was.ty) {
        return Some(Change::Breaking(format!(
            "`{name}` was a {} and is a {}",
            was.ty, is.ty
        )));
    }
    if is.sensitive != was.sensitive {
        return Some(if is.sensitive {
            Change::Breaking(format!("`{name}` is sensitive now"))
        } else {
            Change::Compatible(format!("`{name}` is not sensitive any more"))
        });
    }
    (is.ty != was.ty)
        .then(|| Change::Compatible(format!("`{name}` was a {} and is a {}", was.ty, is.ty)))
}

fn contract(new: &Composition, was: &Contract, is: &Contract, problems: &mut Problems) {
    let name = &is.name;
    let bumped = breaks_allowed(&was.version, &is.version);
    inputs(was, is, bumped, problems);
    for (key, before) in &was.outputs {
        let now = is.outputs.get(key);
        let at = now
            .and_then(|o| o.at.clone())
            .unwrap_or_else(|| is.at.clone());
        match output(key, before, now) {
            None => {}
            Some(Change::Compatible(what)) => problems.push(
                Diagnostic::note(
                    "contract::compatible",
                    format!("{what} in the contract `{name}`"),
                )
                .at(at),
            ),
            Some(Change::Breaking(what)) => {
                let message = format!("{what} in the contract `{name}`");
                let users = users(new, &|t| {
                    t.contract.as_deref() == Some(name) && t.output.as_deref() == Some(key)
                });
                let problem = breaking(was, is, bumped, message);
                problems.push(named(problem.at(at), users));
            }
        }
    }
    for (key, decl) in is
        .outputs
        .iter()
        .filter(|(k, _)| !was.outputs.contains_key(*k))
    {
        problems.push(
            Diagnostic::note(
                "contract::compatible",
                format!("`{key}` is new in the contract `{name}`"),
            )
            .at_opt(decl.at.clone()),
        );
    }
}

/// A breaking change: an error, unless the version says so.
fn breaking(was: &Contract, is: &Contract, bumped: bool, message: String) -> Diagnostic {
    if bumped {
        Diagnostic::note("contract::breaking", message)
            .help(format!("version {} says so", is.version))
    } else {
        Diagnostic::error("contract::breaking", message).help(format!(
            "keep it, or write `version: {}` in the contract",
            next(&was.version)
        ))
    }
}

/// What flavors take: less than before, or another type, breaks who gives it; more breaks who provides it elsewhere.
fn inputs(was: &Contract, is: &Contract, bumped: bool, problems: &mut Problems) {
    let mut breaks = |key: &str, what: String| {
        let message = format!("{what} in the contract `{}`", is.name);
        let at = is.inputs.get(key).and_then(|i| i.at.clone());
        let problem = breaking(was, is, bumped, message);
        problems.push(problem.at(at.unwrap_or_else(|| is.at.clone())));
    };
    for (key, before) in &was.inputs {
        match is.inputs.get(key) {
            None => breaks(key, format!("the input `{key}` is gone")),
            Some(now) if !before.ty.fits(&now.ty) => breaks(
                key,
                format!("the input `{key}` was a {} and is a {}", before.ty, now.ty),
            ),
            Some(_) => {}
        }
    }
    for key in is.inputs.keys().filter(|k| !was.inputs.contains_key(*k)) {
        breaks(key, format!("the input `{key}` is new"));
    }
}

/// Outputs of components that are in both.
fn components(old: &Composition, new: &Composition, problems: &mut Problems) {
    let (was, is) = (outputs(old), outputs(new));
    for (name, before) in &was {
        let Some((at, now, open)) = is.get(name) else {
            continue;
        };
        for (key, decl) in &before.1 {
            if now.get(key).is_none() && *open {
                continue;
            }
            let place = now
                .get(key)
                .and_then(|o| o.at.clone())
                .unwrap_or_else(|| at.clone());
            match output(key, decl, now.get(key)) {
                None => {}
                Some(Change::Compatible(what)) => problems.push(
                    Diagnostic::note("output::compatible", format!("{what} in `{name}`")).at(place),
                ),
                Some(Change::Breaking(what)) => {
                    let users = users(new, &|t| {
                        t.component == *name && t.output.as_deref() == Some(key)
                    });
                    let problem =
                        Diagnostic::warning("output::breaking", format!("{what} in `{name}`"));
                    problems.push(named(problem.at(place), users));
                }
            }
        }
    }
}

/// Where a component is described, what it gives, and whether that may be more.
type Given = (Location, BTreeMap<String, OutputDecl>, bool);

fn outputs(c: &Composition) -> BTreeMap<&str, Given> {
    let mut out: BTreeMap<&str, Given> = BTreeMap::new();
    for v in &c.variants {
        out.entry(v.component.name.as_str()).or_insert_with(|| {
            let own = v.component.outputs.iter().map(|(k, (at, o))| {
                let decl = OutputDecl {
                    ty: o.ty.clone(),
                    sensitive: o.sensitive,
                    at: Some(at.clone()),
                };
                (k.clone(), decl)
            });
            let declared = v.interface.outputs.clone();
            let all = declared.into_iter().chain(own).collect();
            (v.component.at.clone(), all, v.interface.open_outputs)
        });
    }
    out
}

/// What a reference asks for.
struct Asked<'a> {
    component: &'a str,
    contract: Option<String>,
    output: Option<String>,
}

/// Components that ask for something, each with the place where.
fn users(c: &Composition, wanted: &dyn Fn(&Asked<'_>) -> bool) -> BTreeMap<String, Location> {
    let mut out = BTreeMap::new();
    for unit in &c.units {
        let v = c.variant(unit);
        for u in &v.uses {
            if asked(c, unit, u).is_some_and(|a| wanted(&a)) {
                out.entry(v.component.name.clone())
                    .or_insert_with(|| u.at.clone());
            }
        }
    }
    out
}

fn asked<'a>(c: &'a Composition, unit: &crate::compose::Unit, u: &Use) -> Option<Asked<'a>> {
    let target = c.target_named(unit, u)?;
    let first = target.named.units().next()?;
    let mut steps = u.reference.steps.iter();
    steps.find(|s| matches!(s, Step::Field(f) | Step::Key(f) if f == "outputs"))?;
    let output = match steps.next() {
        Some(Step::Field(name) | Step::Key(name)) => Some(name.clone()),
        _ => None,
    };
    Some(Asked {
        component: &c.variant(&c.units[first as usize]).component.name,
        contract: target.contract,
        output,
    })
}

/// The same with who is concerned.
fn named(mut problem: Diagnostic, users: BTreeMap<String, Location>) -> Diagnostic {
    for (name, at) in users {
        problem = problem.related(at, format!("`{name}` uses it"));
    }
    problem
}

/// Does this version say that something breaks?
fn breaks_allowed(was: &str, is: &str) -> bool {
    let ((major, minor), (new_major, new_minor)) = (numbers(was), numbers(is));
    new_major > major || (major == 0 && new_major == 0 && new_minor > minor)
}

/// The next version that may break.
fn next(was: &str) -> String {
    match numbers(was) {
        (0, minor) => format!("0.{}.0", minor + 1),
        (major, _) => format!("{}.0.0", major + 1),
    }
}

fn numbers(version: &str) -> (u64, u64) {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map(|p| p.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_break_when_its_first_number_that_counts_grows() {
        assert!(breaks_allowed("1.4.0", "2.0.0") && breaks_allowed("0.3.1", "0.4.0"));
        assert!(!breaks_allowed("1.4.0", "1.5.0") && !breaks_allowed("0.3.1", "0.3.2"));
        assert!(breaks_allowed("0.9.0", "1.0.0"));
        assert_eq!(
            (next("1.4.0").as_str(), next("0.3.1").as_str()),
            ("2.0.0", "0.4.0")
        );
    }
}
