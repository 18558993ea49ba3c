//! Entries of objects as they are written: providers that are handed to a module, and those that a module requires.
use super::facts::{RequirementFact, Said};
use crate::hcl;
use strata_core::span::Span;

/// `{ aws = aws.west }`: inner and outer names of providers.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    entries(text)
        .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The entries of an object as they are written, with the places of their values in the text.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str, usize)> {
    let inner = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .unwrap_or("");
    let mut depth = 0_u32;
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut current: Option<std::ops::Range<usize>> = None;
    for token in hcl::Scanner::from(inner, 0) {
        match token.kind {
            hcl::Kind::Mark(b'[' | b'{' | b'(') if token.depth == 0 => depth += 1,
            hcl::Kind::Mark(b']' | b'}' | b')') if token.depth == 0 => {
                depth = depth.saturating_sub(1);
            }
            hcl::Kind::Newline | hcl::Kind::Mark(b',') if token.depth == 0 && depth == 0 => {
                found.extend(current.take());
                continue;
            }
            _ => {}
        }
        let start = current.as_ref().map_or(token.range.start, |c| c.start);
        current = Some(start..token.range.end);
    }
    found.extend(current);
    found.into_iter().filter_map(move |range| {
        let entry = inner.get(range.clone())?;
        let sign = entry.find(['=', ':'])?;
        let value = &entry[sign + 1..];
        let place = 1 + range.start + sign + 1 + (value.len() - value.trim_start().len());
        let name = entry[..sign].trim().trim_matches('"');
        (!name.is_empty()).then_some((name, value.trim(), place))
    })
}

/// A version, or `{ source = …, version = …, configuration_aliases = […] }`.
pub(super) fn requirement(a: &hcl::Attribute) -> RequirementFact {
    let mut out = RequirementFact {
        name: a.name.to_owned(),
        at: a.name_span,
        ..RequirementFact::default()
    };
    let said = |text: &str, at: Span| match hcl::literal(text) {
        Some(strata_core::value::Value::String(text)) => Some(Said { text, at }),
        _ => None,
    };
    if !a.text.starts_with('{') {
        out.version = said(a.text, a.span);
        out.odd = out.version.is_none();
        return out;
    }
    for (name, value, place) in entries(a.text) {
        let start = a.span.start + place as u32;
        let at = Span::new(start, start + value.len() as u32);
        match name {
            "source" => {
                out.source = said(value, at);
                out.odd |= out.source.is_none();
            }
            "version" => {
                out.version = said(value, at);
                out.odd |= out.version.is_none();
            }
            "configuration_aliases" => {
                let listed = value.trim_start_matches('[').trim_end_matches(']');
                let names = listed.split([',', '\n']).map(str::trim);
                out.aliases = names
                    .filter(|n| !n.is_empty() && !n.starts_with(['#', '/']))
                    .map(|n| Said {
                        text: n.to_owned(),
                        at,
                    })
                    .collect();
            }
            _ => {}
        }
    }
    out
}
