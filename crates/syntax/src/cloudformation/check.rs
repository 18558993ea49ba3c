//! What is wrong with templates, from their files alone.
use super::{By, CloudFormationFacts, Reference, Template, cycles};
use crate::said::near;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    tree::Tree,
    ty::Type,
};

/// Problems of the templates of a folder, and of how they nest.
pub fn problems(tree: &dyn Tree, facts: &CloudFormationFacts) -> Vec<Diagnostic> {
    let mut out = facts.unread.clone();
    for template in facts.templates.values() {
        references(template, &mut out);
        defaults(template, &mut out);
        if !template.open {
            cycles::problems(template, &mut out);
        }
        nested(tree, facts, template, &mut out);
    }
    out
}

fn references(template: &Template, out: &mut Vec<Diagnostic>) {
    if template.open {
        return;
    }
    for reference in &template.references {
        if let Some(problem) = reference_of(template, reference) {
            out.push(problem);
        }
    }
}

fn reference_of(template: &Template, reference: &Reference) -> Option<Diagnostic> {
    let name = reference.name.as_str();
    let (resources, parameters) = (&template.resources, &template.parameters);
    let (kind, known): (&str, Vec<&str>) = match reference.by {
        By::Condition => (
            "condition",
            template.conditions.keys().map(String::as_str).collect(),
        ),
        By::Mapping => (
            "mapping",
            template.mappings.keys().map(String::as_str).collect(),
        ),
        By::DependsOn | By::GetAtt => ("resource", resources.keys().map(String::as_str).collect()),
        By::Sub if reference.attribute.is_some() => {
            ("resource", resources.keys().map(String::as_str).collect())
        }
        By::Ref | By::Sub => {
            let all = resources.keys().chain(parameters.keys());
            ("resource or parameter", all.map(String::as_str).collect())
        }
    };
    let literal = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    if known.contains(&name) || parameters.contains_key(name) || !literal {
        // pseudo parameters, computed names, and names that are there as something else
        return None;
    }
    if kind.starts_with("resource") && is_generated(template, name) {
        return None;
    }
    Some(
        Diagnostic::error(
            "cloudformation::unknown-reference",
            format!("the template has no {kind} `{name}`"),
        )
        .at(reference.at.clone())
        .help_opt(suggest(name, known)),
    )
}

/// What SAM and modules make is named after the resource that asks for it.
fn is_generated(template: &Template, name: &str) -> bool {
    let serverless = !template.transforms.is_empty();
    template.resources.iter().any(|(owner, resource)| {
        (serverless || resource.kind.ends_with("::MODULE")) && name.starts_with(owner.as_str())
    }) || (serverless && name.starts_with("Serverless"))
}

fn defaults(template: &Template, out: &mut Vec<Diagnostic>) {
    for (name, parameter) in &template.parameters {
        let Some(default) = &parameter.default_said else {
            continue;
        };
        // numbers have several spellings
        let texts = match &parameter.ty {
            Type::String => vec![default.text.as_str()],
            Type::List(item) if **item == Type::String => {
                default.text.split(',').map(str::trim).collect()
            }
            _ => continue,
        };
        let allowed = &parameter.allowed;
        let wrong = texts.iter().find(|t| {
            !allowed.is_empty() && !allowed.iter().any(|a| a.text.eq_ignore_ascii_case(t))
        });
        if let Some(wrong) = wrong {
            out.push(
                Diagnostic::error(
                    "cloudformation::default-not-allowed",
                    format!("the default `{wrong}` of `{name}` is none of its allowed values"),
                )
                .at(default.at.clone())
                .help_opt(suggest(wrong, allowed.iter().map(|a| a.text.as_str()))),
            );
        }
    }
}

fn nested(
    tree: &dyn Tree,
    facts: &CloudFormationFacts,
    template: &Template,
    out: &mut Vec<Diagnostic>,
) {
    for nested in &template.nested {
        let (Some(url), Some(path)) = (&nested.url, &nested.path) else {
            continue;
        };
        if tree.file(path).is_none() {
            // a folder is an application of its own
            if tree.below(path).is_empty() {
                out.push(
                    Diagnostic::error(
                        "cloudformation::missing-template",
                        format!("there is no template `{path}`"),
                    )
                    .at(url.at.clone())
                    .help_opt(near(tree, path, &url.text)),
                );
            }
            continue;
        }
        let Some(inner) = facts.templates.get(path).filter(|t| !t.open) else {
            continue;
        };
        let known = || inner.parameters.keys().map(String::as_str);
        for given in nested.parameters.iter().flatten() {
            if !inner.parameters.contains_key(&given.text) {
                let message = format!("`{path}` has no parameter `{}`", given.text);
                out.push(
                    Diagnostic::error("cloudformation::unknown-parameter", message)
                        .at(given.at.clone())
                        .help_opt(suggest(&given.text, known())),
                );
            }
        }
        for (name, parameter) in &inner.parameters {
            let given = nested
                .parameters
                .as_ref()
                .is_none_or(|list| list.iter().any(|g| g.text == *name));
            if !given && parameter.default_said.is_none() {
                let message = format!("the stack `{}` is not given `{name}`", nested.resource);
                out.push(
                    Diagnostic::error("cloudformation::missing-parameter", message)
                        .at(url.at.clone())
                        .related(parameter.at.clone(), "it is declared here")
                        .help(format!("add `{name}` to its `Parameters`")),
                );
            }
        }
        let outputs = template.references.iter().filter_map(|r| {
            let output = r.attribute.as_deref()?.strip_prefix("Outputs.")?;
            (r.name == nested.resource).then_some((r, output))
        });
        for (reference, output) in outputs {
            let literal = output.chars().all(|c| c.is_ascii_alphanumeric());
            if literal && !inner.outputs.contains_key(output) {
                let message = format!("`{path}` has no output `{output}`");
                out.push(
                    Diagnostic::error("cloudformation::unknown-output", message)
                        .at(reference.at.clone())
                        .help_opt(suggest(output, inner.outputs.keys().map(String::as_str))),
                );
            }
        }
    }
}
