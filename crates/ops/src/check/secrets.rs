//! Secrets that flow into what is not kept secret.
use crate::{
    compose::{Composition, Unit, Use},
    decode::Problems,
    field::Field,
};
use strata_core::{diagnostic::Diagnostic, span::Location};
use strata_syntax::expr::{Flow, Reference, Root, Step, flows};

/// Follows the secrets in the inputs and promises of a unit.
pub(super) fn check(c: &Composition, i: usize, problems: &mut Problems) {
    let unit = &c.units[i];
    let v = c.variant(unit);
    let name = &v.component.name;
    for (key, field) in &v.component.inputs {
        if v.interface.shows_inputs
            && let Some((what, at)) = secret_in(c, unit, field)
        {
            let engine = c.engines[v.engine].name();
            let message = format!(
                "{what} flows into `{key}` of `{name}`, and `{engine}` shows what it is given"
            );
            problems.push(
                Diagnostic::error("secret::exposed", message)
                    .at(at)
                    .help("put it into a Secret with another component, and name that"),
            );
        }
        let Some(input) = v.interface.inputs.get(key) else {
            continue;
        };
        if input.sensitive || !v.interface.marks_secrets {
            continue;
        }
        if let Some((what, at)) = secret_in(c, unit, field) {
            let mut problem = Diagnostic::warning(
                "secret::exposed",
                format!("{what} flows into `{key}` of `{name}`, which is not declared sensitive"),
            )
            .at(at)
            .help("its tool would show it in plans and keep it in clear: add `sensitive = true` to the declaration");
            if let Some(at) = &input.at {
                problem = problem.related(at.clone(), "declared here");
            }
            problems.push(problem);
        }
    }
    for (contract, (_, fields)) in &v.component.provides {
        let promised = c.loaded_of(unit.env as usize).contracts.get(contract);
        for (key, field) in fields {
            let Some(output) = promised.and_then(|p| p.outputs.get(key)) else {
                continue;
            };
            if output.sensitive {
                continue;
            }
            if let Some((what, at)) = secret_in(c, unit, field) {
                let mut problem = Diagnostic::error(
                    "contract::exposes-secret",
                    format!("{what} flows into `{key}` of the contract `{contract}`, which is not sensitive there"),
                )
                .at(at)
                .help(format!("write `{key}: {{type: …, sensitive: true}}` in the contract"));
                if let Some(at) = &output.at {
                    problem = problem.related(at.clone(), "promised here");
                }
                problems.push(problem);
            }
        }
    }
}

/// The first secret that flows into a field: what it is, and where it stands.
fn secret_in(c: &Composition, unit: &Unit, field: &Field) -> Option<(String, Location)> {
    let mut found = None;
    field.each_template(&mut |template| {
        if found.is_some() {
            return;
        }
        for flow in flows(template) {
            let (what, span) = match &flow {
                Flow::Secret(span) => (Some("a secret".to_owned()), *span),
                Flow::Name(reference) => (sensitive(c, unit, reference, &field.at), reference.span),
            };
            if let Some(what) = what {
                found = Some((what, Location::new(template.origin.clone(), span)));
                return;
            }
        }
    });
    found
}

/// The sensitive output that a reference names.
fn sensitive(c: &Composition, unit: &Unit, reference: &Reference, at: &Location) -> Option<String> {
    let mut steps = reference.steps.iter();
    let output_of = |step: Option<&Step>| match step {
        Some(Step::Field(name) | Step::Key(name)) => Some(name.clone()),
        _ => None,
    };
    if matches!(&reference.root, Root::Name(n) if n == "self") {
        let v = c.variant(unit);
        let output = output_of(steps.next())?;
        return is_sensitive(v, &output).then(|| format!("the sensitive output `{output}`"));
    }
    let used = Use {
        reference: reference.clone(),
        at: at.clone(),
        key: "inputs",
    };
    let (target, units) = c.target_of(unit, &used)?;
    // names of imports lead to it
    let all = &reference.steps;
    let taken = match &reference.root {
        Root::Name(name) => {
            c.through(c.scope_of(unit.env as usize, &at.file), name, all)
                .2
        }
        Root::Env { env, name } => c.through(c.env_named(env)?, name, all).2,
    };
    for _ in 0..taken {
        steps.next();
    }
    if target.named.keyed {
        steps.next();
    }
    if !matches!(steps.next(), Some(Step::Field(f) | Step::Key(f)) if f == "outputs") {
        return None;
    }
    let output = output_of(steps.next());
    let first = &c.units[*units.first()? as usize];
    let v = c.variant(first);
    let name = &v.component.name;
    match (&target.contract, output) {
        (Some(contract), Some(output)) => {
            let promised = c
                .loaded_of(first.env as usize)
                .contracts
                .get(contract)?
                .outputs
                .get(&output)?;
            promised
                .sensitive
                .then(|| format!("the sensitive output `{output}` of `{contract}`"))
        }
        (None, Some(output)) => {
            is_sensitive(v, &output).then(|| format!("the sensitive output `{output}` of `{name}`"))
        }
        // all outputs at once
        (None, None) => {
            let mut names = v.component.outputs.keys().chain(v.interface.outputs.keys());
            let one = names.find(|n| is_sensitive(v, n))?;
            Some(format!("the sensitive output `{one}` of `{name}`"))
        }
        (Some(_), None) => None,
    }
}

fn is_sensitive(v: &crate::compose::Variant, output: &str) -> bool {
    v.component
        .outputs
        .get(output)
        .is_some_and(|(_, o)| o.sensitive)
        || v.interface.outputs.get(output).is_some_and(|o| o.sensitive)
}
