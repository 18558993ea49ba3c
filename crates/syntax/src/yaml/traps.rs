//! Expressions that YAML doesn't read as they were meant, and the line as it should be.
//!
//! `${{ x ? "y" : "z" }}` without quotes is no YAML, `${{ "x # y" }}` is cut at the `#`, `{a: ${{ x }}}` is a map in a map.
use crate::node::{Origin, Scalar, Style};
use std::ops::Range;
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// A value with an expression that has to be quoted.
pub(super) struct Trap {
    /// The value's bytes in the file.
    value: Range<usize>,
    /// The line's bytes in the file.
    line: Range<usize>,
}

impl Trap {
    /// The same text with nothing in the place of the value, so that every place after it stays. `None` when the place
    /// of what stands for nothing would end inside a character.
    pub(super) fn blanked(&self, text: &str) -> Option<String> {
        if !text[self.value.start..].starts_with(|c: char| c.is_ascii()) {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        out.push_str(&text[..self.value.start]);
        let blank = "~"
            .chars()
            .chain(std::iter::repeat(' '))
            .take(self.value.len());
        out.extend(blank);
        out.push_str(&text[self.value.end..]);
        Some(out)
    }
}

/// The bytes of the line around a place, without the line break.
pub(super) fn line_of(text: &str, at: u32) -> Range<usize> {
    let mut at = (at as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    let end = end - usize::from(text[start..end].ends_with('\r'));
    start..end.max(start)
}

/// The faulty value with `${{` near the place where YAML gave up: on its line or one of the two before.
pub(super) fn around(text: &str, at: u32) -> Option<Trap> {
    let mut line = line_of(text, at);
    for _ in 0..3 {
        if let Some(value) = unquoted(&text[line.clone()]) {
            let value = line.start + value.start..line.start + value.end;
            return Some(Trap { value, line });
        }
        line = line_of(text, u32::try_from(line.start.checked_sub(1)?).ok()?);
    }
    None
}

/// The value of a line, when an expression stands in it without quotes.
fn unquoted(line: &str) -> Option<Range<usize>> {
    let first = line.find("${{")?;
    let start = value_start(line, first);
    if line[start..].starts_with(['\'', '"', '|', '>', '#'])
        || line[..first].trim_start().starts_with('#')
    {
        return None;
    }
    let close = line
        .rfind("}}")
        .filter(|i| *i > first)
        .map_or(line.len(), |i| i + 2);
    // what follows the last `}}` belongs to the value, but not a comment
    let rest = &line[close..];
    let end = close + rest.find(" #").unwrap_or(rest.len());
    let end = start + line[start..end].trim_end().len();
    (start < end).then_some(start..end)
}

/// Where the value that holds `before` begins: after `key: ` and `- `.
fn value_start(line: &str, before: usize) -> usize {
    let mut start = line.len() - line.trim_start().len();
    while let Some(rest) = line[start..before].strip_prefix("- ") {
        start = before - rest.trim_start().len();
    }
    match line[start..before].find(": ") {
        // a flow map has its own keys
        Some(i) if !line[start..].starts_with(['{', '[', '\'', '"']) => {
            let rest = &line[start + i + 2..];
            start + i + 2 + (rest.len() - rest.trim_start().len())
        }
        _ => start,
    }
}

/// What is wrong, with the line as it should be.
pub(super) fn diagnostic(file: &Origin, text: &str, trap: &Trap, message: &str) -> Diagnostic {
    let line = &text[trap.line.clone()];
    let value = trap.value.start - trap.line.start..trap.value.end - trap.line.start;
    let span = Span::new(trap.value.start as u32, trap.value.end as u32);
    Diagnostic::error(
        "yaml::unquoted-expression",
        format!("an expression must stand in quotes; YAML says: {message}"),
    )
    .at(Location::new(file.clone(), span))
    .help(format!("write `{}`", fixed(line, &value).trim()))
}

/// A line with the expression in quotes.
fn fixed(line: &str, value: &Range<usize>) -> String {
    let body = &line[value.clone()];
    let quoted = if body.starts_with(['{', '[']) {
        quote_each(body)
    } else {
        quote(body)
    };
    format!("{}{}{}", &line[..value.start], quoted, &line[value.end..])
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes every `${{ … }}` of a flow map or list that isn't quoted.
fn quote_each(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while let Some(start) = rest.find("${{") {
        let end = rest[start..]
            .find("}}")
            .map_or(rest.len(), |i| start + i + 2);
        out.push_str(&rest[..start]);
        if rest[..start].ends_with(['\'', '"']) {
            out.push_str(&rest[start..end]);
        } else {
            out.push_str(&quote(&rest[start..end]));
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// A plain scalar whose expression was cut off by a comment.
pub(super) fn cut(file: &Origin, text: &str, span: Span, scalar: &Scalar) -> Option<Diagnostic> {
    let last = scalar.text.rfind("${{")?;
    if scalar.style != Style::Plain || scalar.text[last..].contains("}}") {
        return None;
    }
    let line = line_of(text, span.end);
    let after = text.get(span.end as usize..line.end)?;
    if !after.trim_start().starts_with('#') {
        return None;
    }
    let value = span.start as usize..line.end;
    let help = match text[value.clone()].rfind("}}") {
        Some(close) if span.start as usize >= line.start => {
            let end = span.start as usize + close + 2;
            let relative = span.start as usize - line.start..end - line.start;
            format!("write `{}`", fixed(&text[line.clone()], &relative).trim())
        }
        _ => "put the whole value in single quotes".to_owned(),
    };
    Some(
        Diagnostic::error(
            "yaml::cut-expression",
            "YAML takes ` #` for a comment and cuts the expression off",
        )
        .at(Location::new(
            file.clone(),
            Span::new(span.start, value.end as u32),
        ))
        .help(help),
    )
}
