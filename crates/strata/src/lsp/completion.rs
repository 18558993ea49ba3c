//! What could be written at a place.
use super::here::{Found, Here};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent,
    MarkupKind, TextEdit,
};
use strata_core::span::Span;
use strata_ops::at::{
    candidates::{self, Candidate},
    expression::Inside,
    outline::{Spot, Step},
    thing::{Part, Thing},
    view::View,
};
use strata_syntax::expr::{self, WordForm};

/// Everything that fits.
pub fn complete(here: &Here<'_>) -> Vec<CompletionItem> {
    let Some(found) = &here.spot else {
        return Vec::new();
    };
    let view = here.view(found);
    if let Some(inside) = &found.inside {
        return in_expression(here, &view, inside);
    }
    let keys = || {
        let all = candidates::keys(&view, &found.document, &found.subject, &found.path);
        missing(here, found, all)
    };
    let values = || candidates::values(&view, &found.document, &found.subject, &found.path);
    let word = unquoted(&here.file.text, found.place.word);
    let mut out = Vec::new();
    match found.place.spot {
        Spot::Key => {
            let keys = keys().into_iter();
            out.extend(keys.map(|k| item(here, k, CompletionItemKind::PROPERTY, word, "")));
        }
        Spot::Value => {
            let values = values().into_iter();
            out.extend(values.map(|v| item(here, v, CompletionItemKind::VALUE, word, "")));
        }
        Spot::Open => {
            let keys = keys().into_iter();
            out.extend(keys.map(|k| item(here, k, CompletionItemKind::PROPERTY, word, ": ")));
            let values = values().into_iter();
            out.extend(values.map(|v| item(here, v, CompletionItemKind::VALUE, word, "")));
        }
    }
    out
}

/// A word without the quotes around it; of several lines, none.
fn unquoted(text: &str, word: Span) -> Span {
    let Some(written) = text.get(word.start as usize..word.end as usize) else {
        return word;
    };
    let open = u32::from(written.starts_with(['"', '\'']));
    let closed = written.len() > 1 && open == 1 && written.ends_with(['"', '\'']);
    Span::new(word.start + open, word.end - u32::from(closed))
}

/// Keys that are not there yet, and the one that is being changed.
fn missing(here: &Here<'_>, found: &Found, all: Vec<Candidate>) -> Vec<Candidate> {
    let outline = &found.outline;
    let beside = |e: &strata_ops::at::outline::Entry| {
        e.key != found.place.word && outline.path(e.parent) == found.place.path
    };
    // items of a list look alike: only keys of the same item count, which are near
    if found.place.path.contains(&Step::Item) {
        return all;
    }
    let written: Vec<&str> = outline
        .entries
        .iter()
        .filter(|e| e.step != Step::Item && beside(e))
        .filter_map(|e| here.file.text.get(e.key.start as usize..e.key.end as usize))
        .collect();
    all.into_iter()
        .filter(|c| !written.contains(&c.name.as_str()))
        .collect()
}

fn item(
    here: &Here<'_>,
    candidate: Candidate,
    kind: CompletionItemKind,
    word: Span,
    after: &str,
) -> CompletionItem {
    CompletionItem {
        kind: Some(kind),
        detail: candidate.detail,
        documentation: candidate.about.map(markdown),
        text_edit: Some(edit(here, word, format!("{}{after}", candidate.name))),
        label: candidate.name,
        ..CompletionItem::default()
    }
}

fn markdown(text: String) -> Documentation {
    Documentation::MarkupContent(MarkupContent {
        kind: MarkupKind::Markdown,
        value: text,
    })
}

fn edit(here: &Here<'_>, word: Span, new_text: String) -> CompletionTextEdit {
    CompletionTextEdit::Edit(TextEdit {
        range: here.range(word),
        new_text,
    })
}

fn in_expression(here: &Here<'_>, view: &View<'_>, inside: &Inside) -> Vec<CompletionItem> {
    if inside.quoted {
        return Vec::new();
    }
    let empty = Span::new(here.at as u32, here.at as u32);
    let Some((words, i)) = &inside.chain else {
        return names(here, view, empty);
    };
    let word = &words[*i];
    let before = view.resolve(&words[..*i]);
    let parts = || before.as_ref().map_or_else(Vec::new, |t| view.parts(t));
    match word.form {
        WordForm::Environment => {
            let envs = view.c.environments().iter();
            envs.map(|e| {
                item(
                    here,
                    named(&e.name),
                    CompletionItemKind::MODULE,
                    word.span,
                    "",
                )
            })
            .collect()
        }
        WordForm::Name | WordForm::Call if *i == 0 => names(here, view, word.span),
        WordForm::Key => {
            let keys = parts().into_iter().filter(|p| p.key);
            keys.map(|p| part(here, view, p, word.span)).collect()
        }
        WordForm::Bracket => {
            let keys = parts().into_iter().filter(|p| p.key);
            keys.map(|p| Part {
                name: format!("\"{}\"", p.name),
                ..p
            })
            .map(|p| part(here, view, p, word.span))
            .collect()
        }
        _ => {
            let mut out = fields(here, view, parts(), word.span);
            // only a value has methods
            if before.is_some_and(|t| view.ty(&t).is_some()) {
                out.extend(functions(here, true, word.span));
            }
            out
        }
    }
}

/// What follows a dot.
fn fields(here: &Here<'_>, view: &View<'_>, parts: Vec<Part>, word: Span) -> Vec<CompletionItem> {
    let mut out = Vec::new();
    for p in parts {
        if !p.key {
            out.push(part(here, view, p, word));
            continue;
        }
        // instances stand in brackets: the dot goes
        let key = format!("[\"{}\"]", p.name);
        let dot = Span::new(word.start.saturating_sub(1), word.end);
        let mut one = part(here, view, p, word);
        one.filter_text = Some(format!(".{key}"));
        one.text_edit = Some(edit(here, dot, key.clone()));
        one.label = key;
        out.push(one);
    }
    out
}

fn named(name: &str) -> Candidate {
    Candidate {
        name: name.to_owned(),
        detail: None,
        about: None,
    }
}

fn part(here: &Here<'_>, view: &View<'_>, part: Part, word: Span) -> CompletionItem {
    let kind = match &part.thing {
        Thing::Component { .. } => CompletionItemKind::MODULE,
        Thing::Scope(_) => CompletionItemKind::KEYWORD,
        Thing::Output(..) => CompletionItemKind::FIELD,
        Thing::Value(_) => CompletionItemKind::CONSTANT,
        _ => CompletionItemKind::PROPERTY,
    };
    let what = view.what(&part.thing);
    let mut detail = match view.ty(&part.thing) {
        Some(ty) => ty.to_string(),
        None => what.clone(),
    };
    if view.is_sensitive(&part.thing) {
        detail.push_str(", sensitive");
    }
    let candidate = Candidate {
        name: part.name,
        detail: Some(detail),
        about: Some(what),
    };
    item(here, candidate, kind, word, "")
}

/// What an expression can begin with.
fn names(here: &Here<'_>, view: &View<'_>, word: Span) -> Vec<CompletionItem> {
    let names = view.names().into_iter();
    let mut out: Vec<CompletionItem> = names.map(|p| part(here, view, p, word)).collect();
    out.extend(functions(here, false, word));
    out
}

fn functions(here: &Here<'_>, method: bool, word: Span) -> Vec<CompletionItem> {
    let all = expr::functions().into_iter();
    let fits = all.filter(|f| f.method == method || f.name == "size");
    fits.map(|f| {
        let candidate = Candidate {
            name: f.name.to_owned(),
            detail: Some(f.signature),
            about: None,
        };
        let mut one = item(here, candidate, CompletionItemKind::FUNCTION, word, "");
        // behind what the files have
        one.sort_text = Some(format!("~{}", f.name));
        one
    })
    .collect()
}
