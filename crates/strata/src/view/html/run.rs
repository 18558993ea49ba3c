//! A run as one page: what came of it, when each unit ran, the slowest path, failures, what verifiers said.
use super::{
    code, escape,
    gantt::{self, Row},
    graph::{self, Node},
    page,
    plan::position,
    pre,
};
use crate::view::{
    event_line,
    plan::counts,
    shown::clean,
    time,
    timeline::{Fate, Timeline},
};
use std::{collections::HashMap, fmt::Write as _};
use strata_core::{event::Recorded, plan::Plan, store::RunRecord};

/// Lines of the journal that are shown.
const LINES: usize = 2_000;

/// What the page is made of.
pub struct Run<'a> {
    /// Name of the platform.
    pub platform: &'a str,
    /// The run.
    pub record: &'a RunRecord,
    /// Its plan.
    pub plan: &'a Plan,
    /// Layers, lowest first.
    pub layers: Vec<&'a str>,
    /// Its events, in the order of their times.
    pub events: &'a [Recorded],
    /// What they tell.
    pub timeline: &'a Timeline,
}

/// The page.
pub fn run(run: &Run<'_>) -> String {
    let (record, timeline) = (run.record, run.timeline);
    let mut layers = run.layers.clone();
    let mut order: Vec<(usize, usize)> = run
        .plan
        .body
        .steps
        .iter()
        .enumerate()
        .map(|(i, s)| (position(&mut layers, &s.layer), i))
        .collect();
    order.sort_unstable();
    let mut body = String::new();
    let _ = write!(
        body,
        "<header><h1>strata {}: {}</h1>\n<p>{} in {}: {}</p>\n<p class=\"faint\">run {} · began {} · took {} · plan {}</p></header>\n",
        escape(&record.verb),
        escape(&record.state),
        code(run.platform),
        record
            .envs
            .iter()
            .map(|e| code(e))
            .collect::<Vec<_>>()
            .join(", "),
        escape(&fates(timeline)),
        code(&record.run),
        escape(&time::rfc3339(record.started)),
        time::duration(timeline.to.saturating_sub(timeline.from)),
        code(&run.plan.digest.short()),
    );
    troubles(&mut body, run);
    slowest(&mut body, run);
    let rows: Vec<Row<'_>> = order
        .iter()
        .map(|(layer, i)| Row {
            unit: *i,
            label: label(run, *i),
            layer: layers.get(*layer).copied().unwrap_or_default(),
            link: format!("u{i}"),
        })
        .collect();
    let chart = gantt::svg(timeline, &rows);
    if !chart.is_empty() {
        let _ = write!(
            body,
            "<section><h2>Time</h2>\n<p class=\"faint\">A bar begins with the first thing that the journal tells of a unit. ◆ slowest path · ✗ without success · thin: verifiers · dashed: waited for people. Pauses of the whole run are drawn short.</p>\n{chart}</section>\n"
        );
    }
    let graph = graph(run, &layers);
    if !graph.is_empty() {
        let _ = write!(body, "<section><h2>Graph</h2>\n{graph}</section>\n");
    }
    body.push_str("<div class=\"tools\"></div>\n<section><h2>Units</h2>\n");
    for of_layer in order.chunk_by(|a, b| a.0 == b.0).rev() {
        let name = layers.get(of_layer[0].0).copied().unwrap_or_default();
        let _ = write!(
            body,
            "<section class=\"layer\"><h3>{}</h3>\n<ul class=\"units\">\n",
            escape(name)
        );
        for (_, i) in of_layer {
            unit(&mut body, run, *i);
        }
        body.push_str("</ul></section>\n");
    }
    body.push_str("</section>\n");
    journal(&mut body, run);
    page(&format!("strata {} {}", record.verb, record.run), &body)
}

fn label(run: &Run<'_>, i: usize) -> String {
    let unit = &run.plan.body.steps[i].unit;
    clean(&if run.record.envs.len() > 1 {
        unit.to_string()
    } else {
        unit.local()
    })
}

fn fates(timeline: &Timeline) -> String {
    let all = [
        Fate::Done,
        Fate::Failed,
        Fate::NotVerified,
        Fate::Waits,
        Fate::Refused,
        Fate::Skipped,
        Fate::NotBegun,
        Fate::Unchanged,
    ];
    let words: Vec<String> = all
        .into_iter()
        .map(|fate| {
            (
                timeline.units.iter().filter(|u| u.fate == fate).count(),
                fate,
            )
        })
        .filter(|(n, _)| *n > 0)
        .map(|(n, fate)| format!("{n} {}", fate.word()))
        .collect();
    words.join(" · ")
}

/// The class of the style sheet, and a sign to be read without colour.
fn look(fate: Fate) -> (&'static str, &'static str) {
    match fate {
        Fate::Done => ("done", "✓"),
        Fate::Failed | Fate::NotVerified | Fate::Refused => ("failed", "✗"),
        Fate::Waits => ("wait", "…"),
        Fate::Skipped => ("still", "/"),
        Fate::NotBegun => ("still", "·"),
        Fate::Unchanged => ("still", "="),
    }
}

/// What failed, waits or was skipped, and why.
fn troubles(body: &mut String, run: &Run<'_>) {
    for (title, fates) in [
        (
            "Failures",
            &[Fate::Failed, Fate::NotVerified, Fate::Refused][..],
        ),
        ("Waits for people", &[Fate::Waits]),
        ("Skipped", &[Fate::Skipped]),
    ] {
        let mut items = String::new();
        for (step, unit) in run.plan.body.steps.iter().zip(&run.timeline.units) {
            if fates.contains(&unit.fate) {
                let _ = writeln!(
                    items,
                    "<li>{} {} (layer {}): {}</li>",
                    code(&step.unit.to_string()),
                    unit.fate.word(),
                    escape(&step.layer),
                    escape(&unit.why)
                );
            }
        }
        if !items.is_empty() {
            let _ = write!(
                body,
                "<section><h2>{title}</h2>\n<ul>\n{items}</ul></section>\n"
            );
        }
    }
}

fn slowest(body: &mut String, run: &Run<'_>) {
    let path: Vec<String> = run
        .timeline
        .slowest
        .iter()
        .map(|i| {
            let took = time::duration(run.timeline.units[*i].work());
            format!("{} {took}", code(&label(run, *i)))
        })
        .collect();
    if path.len() > 1 {
        let _ = writeln!(
            body,
            "<section><h2>Slowest path</h2>\n<p>{}</p></section>",
            path.join(" → ")
        );
    }
}

fn graph(run: &Run<'_>, layers: &[&str]) -> String {
    let steps = &run.plan.body.steps;
    let numbers: HashMap<_, usize> = steps
        .iter()
        .enumerate()
        .map(|(i, s)| (&s.unit, i))
        .collect();
    let nodes: Vec<Node> = steps
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let (class, sign) = look(run.timeline.units[i].fate);
            Node {
                label: label(run, i),
                group: format!("{}/{}", s.unit.env, s.unit.name),
                layer: layers
                    .iter()
                    .position(|l| *l == s.layer)
                    .unwrap_or_default(),
                class: class.to_owned(),
                sign,
                link: Some(format!("u{i}")),
                needs: s
                    .needs
                    .iter()
                    .filter_map(|n| numbers.get(n).copied())
                    .collect(),
                slow: run.timeline.slowest.contains(&i),
            }
        })
        .collect();
    graph::svg(&nodes, layers)
}

fn unit(body: &mut String, run: &Run<'_>, i: usize) {
    let step = &run.plan.body.steps[i];
    let unit = &run.timeline.units[i];
    let (class, sign) = look(unit.fate);
    let took = if unit.bars.is_empty() {
        String::new()
    } else {
        format!(" in {}", time::duration(unit.work()))
    };
    let _ = writeln!(
        body,
        "<li class=\"unit {class}\" id=\"u{i}\" data-text=\"{}\"><details{}><summary><span class=\"sign\">{sign}</span> {} {}{took} <span class=\"why\">{}</span></summary><div>",
        escape(&format!("{} {} {}", step.unit, step.layer, step.engine)),
        if class == "failed" {
            " open=\"open\""
        } else {
            ""
        },
        code(&label(run, i)),
        unit.fate.word(),
        escape(&unit.why),
    );
    let mut facts = vec![format!("deployed by {}", code(&step.engine))];
    if let Some(proposal) = unit.proposal.as_ref().or(step.basis.proposal()) {
        facts.push(escape(&counts(proposal)));
    }
    if !step.needs.is_empty() {
        let needs: Vec<String> = step.needs.iter().map(|n| code(&n.to_string())).collect();
        facts.push(format!("after {}", needs.join(", ")));
    }
    let _ = writeln!(body, "<p class=\"faint\">{}</p>", facts.join(" · "));
    if !unit.reports.is_empty() {
        body.push_str("<table><tr><th></th><th>verifier</th><th>said</th></tr>\n");
        for report in &unit.reports {
            let (class, sign) = if report.ok {
                ("done", "✓ passed")
            } else {
                ("failed", "✗ failed")
            };
            let detail = if report.detail.is_empty() {
                String::new()
            } else {
                pre(report.detail.iter().flat_map(|d| d.lines()))
            };
            let _ = writeln!(
                body,
                "<tr class=\"{class}\"><td>{sign}</td><td>{}</td><td>{}{detail}</td></tr>",
                code(&report.verifier),
                escape(&report.summary)
            );
        }
        body.push_str("</table>\n");
    }
    body.push_str("</div></details></li>\n");
}

fn journal(body: &mut String, run: &Run<'_>) {
    let lines: Vec<String> = run
        .events
        .iter()
        .take(LINES)
        .map(|e| {
            let since = time::duration(e.at.saturating_sub(run.timeline.from));
            format!("{since:>9}  {}", clean(&event_line(&e.event)))
        })
        .collect();
    let more = run.events.len().saturating_sub(LINES);
    let _ = write!(
        body,
        "<section><h2>Journal</h2>\n<details><summary>{} events</summary>{}",
        run.events.len(),
        pre(lines.iter().map(String::as_str))
    );
    if more > 0 {
        let _ = write!(
            body,
            "<p>… and {more} more: {}</p>",
            code(&format!("strata history {}", run.record.run))
        );
    }
    body.push_str("</details></section>\n");
}
