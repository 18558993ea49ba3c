//! A plan as one page: the stack of layers with units and changes, and the graph.
use super::{
    code, escape,
    graph::{self, Node},
    page, pre,
};
use crate::view::shown::{Shown, action, clean, covered, open, shell_word, sign, words};
use std::{collections::HashMap, fmt::Write as _};
use strata_core::{
    name::Address,
    plan::{Basis, Step},
};

/// The page.
pub fn plan(shown: &Shown<'_>) -> String {
    let plan = shown.plan;
    let numbers: HashMap<&Address, usize> = plan
        .body
        .steps
        .iter()
        .enumerate()
        .map(|(i, s)| (&s.unit, i))
        .collect();
    let mut body = String::new();
    let _ = write!(
        body,
        "<header><h1>strata plan: {}</h1>\n<p>{} in {}: {}</p>\n<p class=\"faint\">plan {}</p>\n",
        escape(&shown.changes()),
        code(shown.platform),
        codes(&plan.body.environments),
        escape(&shown.bases()),
        code(&plan.digest.to_string()),
    );
    if shown.failures.is_empty() && plan.pending().next().is_some() {
        let _ = writeln!(
            body,
            "<p>This applies exactly it, or nothing:</p>\n{}",
            pre([shown.command.as_str()])
        );
    }
    body.push_str("</header>\n");
    failures(&mut body, shown);
    let graph = graph(shown, &numbers);
    if !graph.is_empty() {
        let _ = write!(body, "<section><h2>Graph</h2>\n{graph}</section>\n");
    }
    body.push_str("<div class=\"tools\"></div>\n");
    for env in &plan.body.environments {
        let stack = shown.stack(env);
        if stack.is_empty() {
            continue;
        }
        let _ = writeln!(body, "<section><h2>{}</h2>", escape(env));
        // a stack: the lowest layer stands at the bottom, and goes first
        for (layer, steps) in stack.iter().rev() {
            layer_of(&mut body, shown, layer, steps, &numbers);
        }
        body.push_str("</section>\n");
    }
    rest(&mut body, shown);
    page(&format!("strata plan of {}", shown.platform), &body)
}

fn codes(names: &[String]) -> String {
    names.iter().map(|n| code(n)).collect::<Vec<_>>().join(", ")
}

fn failures(body: &mut String, shown: &Shown<'_>) {
    if shown.failures.is_empty() {
        return;
    }
    body.push_str("<section class=\"failed\"><h2>Could not be planned</h2>\n<ul>\n");
    for (unit, why) in shown.failures {
        let _ = writeln!(
            body,
            "<li>{}: {}</li>",
            code(&unit.to_string()),
            escape(why)
        );
    }
    body.push_str("</ul></section>\n");
}

fn layer_of(
    body: &mut String,
    shown: &Shown<'_>,
    layer: &str,
    steps: &[&Step],
    numbers: &HashMap<&Address, usize>,
) {
    let still: Vec<&&Step> = steps
        .iter()
        .filter(|s| matches!(s.basis, Basis::Unchanged { .. }))
        .collect();
    let _ = write!(
        body,
        "<section class=\"layer\"><h3>{}<small>{} of {}</small></h3>\n<ul class=\"units\">\n",
        escape(layer),
        steps.len() - still.len(),
        steps.len()
    );
    for step in steps {
        if !matches!(step.basis, Basis::Unchanged { .. }) {
            unit(body, shown, step, numbers.get(&step.unit).copied());
        }
    }
    body.push_str("</ul>\n");
    if !still.is_empty() {
        let names: Vec<String> = still.iter().map(|s| code(&s.unit.local())).collect();
        let _ = writeln!(
            body,
            "<details><summary class=\"faint\">{} unchanged</summary><p>{}</p></details>",
            still.len(),
            names.join(", ")
        );
    }
    body.push_str("</section>\n");
}

/// The class of a step in the style sheet.
fn class(shown: &Shown<'_>, step: &Step) -> &'static str {
    if shown.failure(&step.unit).is_some() {
        return "failed";
    }
    match &step.basis {
        Basis::Unchanged { .. } => "still",
        Basis::Unverified { .. } => "verify",
        Basis::Deferred { .. } => "deferred",
        basis => basis.proposal().map_or("read", |p| action(p.worst())),
    }
}

fn unit(body: &mut String, shown: &Shown<'_>, step: &Step, number: Option<usize>) {
    let (sign, what) = match shown.failure(&step.unit) {
        Some(why) => ("✗", format!("could not be planned: {why}")),
        None => (sign(step), words(step)),
    };
    let local = step.unit.local();
    let _ = writeln!(
        body,
        "<li class=\"unit {}\" id=\"u{}\" data-text=\"{}\"><details><summary><span class=\"sign\">{sign}</span> {} {} <span class=\"why\">{}</span></summary><div>",
        class(shown, step),
        number.unwrap_or_default(),
        escape(&format!("{} {} {}", step.unit, step.layer, step.engine)),
        code(&local),
        escape(&what),
        escape(&step.reason),
    );
    let mut facts = vec![format!("deployed by {}", code(&step.engine))];
    if matches!(step.basis, Basis::Deferred { .. }) {
        let open: Vec<String> = open(step).iter().map(|o| code(o)).collect();
        if !open.is_empty() {
            facts.push(format!("waits for {}", open.join(", ")));
        }
        facts.push(format!("planned at its turn; covered: {}", covered(step)));
    }
    if !step.needs.is_empty() {
        let needs: Vec<String> = step.needs.iter().map(|n| code(&n.to_string())).collect();
        facts.push(format!("after {}", needs.join(", ")));
    }
    let _ = writeln!(body, "<p class=\"faint\">{}</p>", facts.join(" · "));
    if let Some(proposal) = step.basis.proposal() {
        body.push_str("<ul class=\"changes\">\n");
        for change in &proposal.changes {
            let word = action(change.action);
            let _ = write!(
                body,
                "<li class=\"{word}\"><b>{word}</b> {}",
                code(&change.object)
            );
            if !change.detail.is_empty() {
                body.push_str(&pre(change.detail.iter().flat_map(|d| d.lines())));
            }
            body.push_str("</li>\n");
        }
        body.push_str("</ul>\n");
    }
    body.push_str("</div></details></li>\n");
}

fn rest(body: &mut String, shown: &Shown<'_>) {
    if !shown.plan.orphans.is_empty() {
        body.push_str(
            "<section><h2>Orphans</h2>\n<p>Applied, and no longer in the files.</p>\n<ul>\n",
        );
        for unit in &shown.plan.orphans {
            let _ = writeln!(
                body,
                "<li>{}: {}, or {}</li>",
                code(&unit.to_string()),
                code(&format!("strata destroy {} --orphans", unit.env)),
                code(&format!("strata forget {}", shell_word(&unit.to_string())))
            );
        }
        body.push_str("</ul></section>\n");
    }
    if !shown.plan.notes.is_empty() {
        body.push_str("<section><h2>Notes</h2>\n<ul>\n");
        for note in &shown.plan.notes {
            let _ = writeln!(body, "<li>{}</li>", escape(note));
        }
        body.push_str("</ul></section>\n");
    }
}

fn graph(shown: &Shown<'_>, numbers: &HashMap<&Address, usize>) -> String {
    let several = shown.plan.body.environments.len() > 1;
    let mut layers = shown.layers.clone();
    let steps = &shown.plan.body.steps;
    let nodes: Vec<Node> = steps
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let failed = shown.failure(&s.unit).is_some();
            let still = matches!(s.basis, Basis::Unchanged { .. });
            Node {
                label: clean(&if several {
                    s.unit.to_string()
                } else {
                    s.unit.local()
                }),
                group: format!("{}/{}", s.unit.env, s.unit.name),
                layer: position(&mut layers, &s.layer),
                class: class(shown, s).to_owned(),
                sign: if failed { "✗" } else { sign(s) },
                link: (!still).then(|| format!("u{i}")),
                needs: s
                    .needs
                    .iter()
                    .filter_map(|n| numbers.get(n).copied())
                    .collect(),
                slow: false,
            }
        })
        .collect();
    graph::svg(&nodes, &layers)
}

/// The position of a layer; one that the platform no longer has stands behind the others.
pub fn position<'a>(layers: &mut Vec<&'a str>, layer: &'a str) -> usize {
    layers.iter().position(|l| *l == layer).unwrap_or_else(|| {
        layers.push(layer);
        layers.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use strata_core::proposal::Action;

    #[test]
    fn every_action_has_its_place_in_the_style_sheet() {
        for action in [
            Action::Create,
            Action::Update,
            Action::Replace,
            Action::Delete,
            Action::Run,
            Action::Wait,
        ] {
            let class = format!(".{} .sign", super::action(action));
            assert!(super::super::STYLE.contains(&class), "{class}");
        }
    }
}
