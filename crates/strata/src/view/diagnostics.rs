//! Diagnostics as text with the lines they are about, and as JSON.
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    span::{Location, line_column},
    tree::Tree,
};

/// Prints all to standard error, worst first.
pub fn print(problems: &[Diagnostic], tree: &dyn Tree, color: bool) {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let secret = |p: &&Diagnostic| p.code == SECRET;
    let hidden: Vec<&Location> = problems.iter().filter(secret).flat_map(|p| &p.at).collect();
    for p in problems {
        eprintln!("{}\n", render(p, tree, &hidden, &renderer));
    }
}

/// What it is about is not shown, as logs are kept: nor by another finding of that line.
const SECRET: &str = "import::credentials";

/// The text of a file, without what is hidden in it.
fn shown(tree: &dyn Tree, file: &str, hidden: &[&Location]) -> String {
    let mut text = tree.text(file).unwrap_or_default();
    for at in hidden.iter().filter(|at| &*at.file == file) {
        let span = at.span.start as usize..at.span.end as usize;
        if let Some(found) = text.get(span.clone()) {
            let stars = "*".repeat(found.len());
            text.replace_range(span, &stars);
        }
    }
    text
}

fn render(p: &Diagnostic, tree: &dyn Tree, hidden: &[&Location], renderer: &Renderer) -> String {
    let level = match p.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let text = |at: &Location| shown(tree, &at.file, hidden);
    let clamp = |at: &Location, text: &str| {
        let start = (at.span.start as usize).min(text.len());
        start..(at.span.end as usize).clamp(start, text.len())
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
