//! What something is, where it comes from, where it is used. Never a secret.
use super::{
    checking::recorded_in,
    here::{Found, Here},
};
use crate::commands::shown;
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};
use std::fmt::Write as _;
use strata_core::{
    span::{Location, Span, line_column},
    ty::Type,
    value::Term,
};
use strata_ops::{
    at::{
        candidates::{self, Candidate},
        document::{Document, Subject},
        outline::{Spot, Step},
        places,
        thing::{Outputs, Thing},
        view::View,
    },
    compose::Composition,
    explain,
    scope::{NoOutputs, Outputs as _},
};
use strata_syntax::expr::{self, WordForm};

/// What is at a place.
pub fn hover(here: &Here<'_>) -> Option<Hover> {
    let (text, span) = match &here.spot {
        Some(found) => in_document(here, found)?,
        None => in_tool_file(here)?,
    };
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: text,
        }),
        range: Some(here.range(span)),
    })
}

fn in_document(here: &Here<'_>, found: &Found) -> Option<(String, Span)> {
    let view = here.view(found);
    if let Some(inside) = &found.inside {
        let (words, i) = inside.chain.as_ref()?;
        let word = &words[*i];
        if word.form == WordForm::Call {
            let all = expr::functions();
            let function = all.iter().find(|f| f.name == word.text)?;
            return Some((format!("```\n{}\n```", function.signature), word.span));
        }
        let thing = view.resolve(&words[..=*i])?;
        return Some((about_thing(here, &view, &thing), word.span));
    }
    let word = found.word(&here.file.text);
    let text = match found.place.spot {
        Spot::Key => about_key(here, found, &view, word)?,
        _ => {
            let (document, subject) = (&found.document, &found.subject);
            let fits = candidates::values(&view, document, subject, &found.path);
            candidate(&fits.into_iter().find(|c| c.name == word)?)
        }
    };
    Some((text, found.place.word))
}

fn candidate(c: &Candidate) -> String {
    let mut out = format!("`{}`", c.name);
    if let Some(detail) = &c.detail {
        let _ = write!(out, ": {detail}");
    }
    if let Some(about) = &c.about {
        let _ = write!(out, "\n\n{about}");
    }
    out
}

fn about_key(here: &Here<'_>, found: &Found, view: &View<'_>, word: &str) -> Option<String> {
    let c = view.c;
    match (&found.subject, found.words().as_slice()) {
        (Subject::Component(Some(_)), ["inputs"]) => about_input(here, view, word),
        (Subject::Document, ["values"]) => {
            let thing = Thing::Value(word.to_owned());
            Some(about_thing(here, view, &thing))
        }
        (Subject::Document, ["components"]) => {
            let thing = view.name(word);
            let at = places::component_file(c, word)?;
            let what = thing.map_or_else(|| format!("component `{word}`"), |t| view.what(&t));
            Some(format!("{what}\n\n{}", placed(c, "described", &at)))
        }
        (Subject::Component(Some(name)), ["outputs"]) => {
            let used = places::uses_of_output(c, Some(name.as_str()), None, word);
            Some(format!("output `{word}`\n\n{}", used_at(c, &used)))
        }
        (_, path) => {
            let parent: Vec<Step> = found.path.clone();
            let (document, subject) = (&found.document, &found.subject);
            let known = candidates::about_key(view, document, subject, &parent, word);
            match (known, path) {
                (Some(known), _) => Some(candidate(&known)),
                // an output of a contract
                (None, ["outputs"]) => {
                    let Document::Contract(contract) = document else {
                        return None;
                    };
                    let used = places::uses_of_output(c, None, Some(contract), word);
                    Some(format!(
                        "output `{word}` of the contract `{contract}`\n\n{}",
                        used_at(c, &used)
                    ))
                }
                _ => None,
            }
        }
    }
}

/// An input of a component: what its tool says of it, and where its value comes from.
fn about_input(here: &Here<'_>, view: &View<'_>, name: &str) -> Option<String> {
    let c = view.c;
    let declared = view.its_variant()?.interface.inputs.get(name);
    let Some(unit) = view.unit else {
        let input = declared?;
        let mut out = format!("input `{name}`: {}", input.ty);
        if let Some(text) = &input.description {
            let _ = write!(out, "\n\n{text}");
        }
        return Some(out);
    };
    let e = match recorded_in(&here.file.root) {
        Some(recorded) => explain::input(c, unit, name, &recorded),
        None => explain::input(c, unit, name, &NoOutputs),
    };
    let sensitive = if e.sensitive { ", sensitive" } else { "" };
    let mut out = format!("input `{name}`: {}{sensitive}", e.ty);
    if let Some(text) = &e.description {
        let _ = write!(out, "\n\n{text}");
    }
    if let Some(input) = declared {
        match (&input.default, input.optional) {
            (Some(default), _) if !e.sensitive => {
                let _ = write!(
                    out,
                    "\n\ndefault: `{}`",
                    short(&default.to_json().to_string())
                );
            }
            (_, true) => out.push_str("\n\noptional"),
            (_, false) => out.push_str("\n\nrequired"),
        }
    }
    if let (Some(Ok(term)), false) = (&e.value, e.sensitive) {
        let address = &c.units[unit].address;
        let _ = write!(out, "\n\nin `{address}`: `{}`", short(&shown(term)));
    }
    for w in e.written.iter().rev() {
        let _ = write!(out, "\n- {}", placed(c, &w.source, &w.at));
    }
    if let Some(at) = &e.declared {
        let _ = write!(out, "\n\n{}", placed(c, "declared", at));
    }
    Some(out)
}

fn about_thing(here: &Here<'_>, view: &View<'_>, thing: &Thing) -> String {
    let c = view.c;
    let mut out = view.what(thing);
    if let Some(ty) = view.ty(thing) {
        let _ = write!(out, "\n\ntype: `{ty}`");
    }
    let sensitive = view.is_sensitive(thing);
    if sensitive {
        out.push_str(", sensitive");
    }
    match thing {
        Thing::Value(name) => {
            if let Some(term) = view.value(name) {
                let _ = write!(out, "\n\nvalue: `{}`", short(&shown(term)));
            }
        }
        Thing::Output(of, name) if !sensitive => {
            if let Some(text) = last(here, c, of, name) {
                let _ = write!(out, "\n\nlast recorded: `{}`", short(&text));
            }
        }
        _ => {}
    }
    for at in view.declared(thing) {
        let _ = write!(out, "\n\n{}", placed(c, "declared", &at));
    }
    if let Thing::Value(name) = thing {
        let _ = write!(out, "\n\n{}", used_at(c, &places::uses_of_value(c, name)));
    }
    out
}

/// An input or an output in a file of a tool.
fn in_tool_file(here: &Here<'_>) -> Option<(String, Span)> {
    let c = &here.file.good.c;
    let found = places::declared_at(c, &here.file.path, here.at as u32)?;
    let v = &c.variants[found.variant];
    let component = &v.component.name;
    let mut out;
    if found.input {
        let view = View::component(c, None, Some(component));
        out = about_input(here, &view, &found.name)?;
    } else {
        let declared = v.interface.outputs.get(&found.name);
        let ty = declared.map_or(Type::Any, |o| o.ty.clone());
        out = format!("output `{}` of `{component}`: {ty}", found.name);
        if declared.is_some_and(|o| o.sensitive) {
            out.push_str(", sensitive");
        }
        let used = places::uses_of_output(c, Some(component), None, &found.name);
        let _ = write!(out, "\n\n{}", used_at(c, &used));
    }
    Some((out, found.at.span))
}

/// The last recorded value of an output. What is sensitive has only a name there.
fn last(here: &Here<'_>, c: &Composition, of: &Outputs, name: &str) -> Option<String> {
    // what a contract gives is worked out from other outputs
    if of.contract.is_some() || of.all {
        return None;
    }
    let outputs = recorded_in(&here.file.root)?.outputs(&c.units[of.unit as usize].address)?;
    match outputs.get(name)? {
        Term::Secret(_) | Term::Text(_) => None,
        term => Some(shown(term)),
    }
}

/// How much of a value is shown.
const SHORT: usize = 200;

fn short(text: &str) -> String {
    let text = text.replace(['`', '\n'], " ");
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn placed(c: &Composition, what: &str, at: &Location) -> String {
    let text = c.loaded.tree.text(&at.file).unwrap_or_default();
    let (line, _) = line_column(&text, at.span.start);
    format!("{what} in `{}`, line {line}", at.file)
}

/// How many places are listed.
const LISTED: usize = 5;

fn used_at(c: &Composition, used: &[Location]) -> String {
    if used.is_empty() {
        return "used nowhere".to_owned();
    }
    let s = if used.len() == 1 { "" } else { "s" };
    let mut out = format!("used at {} place{s}:\n", used.len());
    for at in used.iter().take(LISTED) {
        let _ = write!(out, "\n- {}", placed(c, "", at).trim_start());
    }
    if used.len() > LISTED {
        out.push_str("\n- …");
    }
    out
}
