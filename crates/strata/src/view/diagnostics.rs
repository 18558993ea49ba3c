//! Diagnostics as text with the lines they are about, and as JSON.
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    span::{Location, line_column},
    tree::Tree,
};

/// The code of findings about what must not be shown.
const SECRET: &str = "import::credentials";

/// Prints all to standard error, worst first.
pub fn print(problems: &[Diagnostic], tree: &dyn Tree, color: bool) {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    for p in problems {
        eprintln!("{}\n", render(p, tree, &renderer));
    }
}

fn render(p: &Diagnostic, tree: &dyn Tree, renderer: &Renderer) -> String {
    let level = match p.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let clamp = |at: &Location, text: &str| {
        let start = (at.span.start as usize).min(text.len());
        start..(at.span.end as usize).clamp(start, text.len())
    };
    let text = |at: &Location| {
        let mut text = tree.text(&at.file).unwrap_or_default();
        if p.code == SECRET {
            let range = clamp(at, &text);
            if let Some(found) = text.get(range.clone()) {
                let hidden = "*".repeat(found.len());
                text.replace_range(range, &hidden);
            }
        }
        text
    };
    let message = format!("{} [{}]", p.message, p.code);
    let title = level.primary_title(message.as_str());
    let sources: Vec<(&Location, String, Option<&str>)> =
        p.at.iter()
            .map(|at| (at, text(at), None))
            .chain(
                p.related
                    .iter()
                    .map(|(at, why)| (at, text(at), Some(why.as_str()))),
            )
            .collect();
    let mut group: Group<'_> =
        title.elements(Vec::<Snippet<'_, annotate_snippets::Annotation<'_>>>::new());
    let names: Vec<_> = sources
        .iter()
        .map(|(at, ..)| tree.shown(&at.file))
        .collect();
    for ((at, source, why), name) in sources.iter().zip(&names) {
        let kind = if why.is_none() {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let mut annotation = kind.span(clamp(at, source));
        if let Some(why) = why {
            annotation = annotation.label(*why);
        }
        group = group.element(
            Snippet::source(source.as_str())
                .path(name.as_ref())
                .annotation(annotation),
        );
    }
    if let Some(help) = &p.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group]).clone()
}

/// All as JSON, with lines and columns.
pub fn json(problems: &[Diagnostic], tree: &dyn Tree) -> String {
    let place = |at: &Location| {
        let text = tree.text(&at.file).unwrap_or_default();
        let (line, column) = line_column(&text, at.span.start);
        let (end_line, end_column) = line_column(&text, at.span.end);
        json!({"file": tree.shown(&at.file), "line": line, "column": column, "end_line": end_line, "end_column": end_column})
    };
    let all: Vec<_> = problems
        .iter()
        .map(|p| {
            json!({
                "severity": p.severity,
                "code": p.code,
                "message": p.message,
                "at": p.at.as_ref().map(place),
                "related": p.related.iter().map(|(at, why)| json!({"at": place(at), "why": why})).collect::<Vec<_>>(),
                "help": p.help,
            })
        })
        .collect();
    serde_json::to_string_pretty(&json!({ "diagnostics": all })).expect("plain data")
}
