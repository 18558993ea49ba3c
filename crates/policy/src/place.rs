//! Where in a policy something is wrong, read from what the evaluator says about it.
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// What the evaluator said: the message in one line, and its place as path, line and column, where it names one.
pub(crate) fn said(text: &str) -> (String, Option<(&str, u32, u32)>) {
    let place = text.lines().find_map(|line| {
        let (rest, column) = line.trim().strip_prefix("--> ")?.rsplit_once(':')?;
        let (path, line) = rest.rsplit_once(':')?;
        Some((path, line.parse().ok()?, column.parse().ok()?))
    });
    let message = match text.split_once("\nerror: ") {
        Some((_, message)) => message,
        None => text,
    };
    let message = message
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty())
        .unwrap_or("it failed");
    (message.to_owned(), place)
}

/// The word at a line and column, both from 1; the column counts characters.
pub(crate) fn span(text: &str, line: u32, column: u32) -> Span {
    let mut start = 0;
    for (i, l) in text.split_inclusive('\n').enumerate() {
        if i + 1 == line as usize {
            let inside = l
                .char_indices()
                .nth((column as usize).saturating_sub(1))
                .map_or(l.trim_end().len(), |(at, _)| at);
            let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            // of a call the parenthesis is named; the function is meant
            let called = l[..inside].trim_end_matches(part).len();
            if l[inside..].starts_with('(') && called < inside {
                return Span::new((start + called) as u32, (start + inside) as u32);
            }
            let rest = &l[inside..];
            let word = rest.find(|c| !part(c)).unwrap_or(rest.len());
            let length = word.max(rest.chars().next().map_or(0, char::len_utf8));
            let from = start + inside;
            return Span::new(from as u32, (from + length) as u32);
        }
        start += l.len();
    }
    let end = text.len() as u32;
    Span::new(end, end)
}

/// A diagnostic from what the evaluator said; `text` gives the text of a file of the platform.
pub(crate) fn diagnostic<'a>(
    code: &str,
    before: &str,
    said_text: &str,
    text: impl Fn(&str) -> Option<&'a str>,
) -> Diagnostic {
    let (message, place) = said(said_text);
    let at = place.and_then(|(path, line, column)| {
        Some(Location::new(path, span(text(path)?, line, column)))
    });
    Diagnostic::error(code, format!("{before}{message}")).at_opt(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_what_is_said() {
        let text =
            "\n--> policy/a.rego:3:6\n  |\n3 | deny contains {\n  |      ^\nerror: expecting `if`";
        assert_eq!(
            said(text),
            ("expecting `if`".to_owned(), Some(("policy/a.rego", 3, 6)))
        );
        assert_eq!(said("plain"), ("plain".to_owned(), None));
    }

    #[test]
    fn a_column_is_the_word_that_begins_there() {
        let text = "é\nab cd\n";
        assert_eq!(span(text, 2, 4), Span::new(6, 8));
        assert_eq!(span(text, 1, 1), Span::new(0, 2));
        assert_eq!(span(text, 9, 1), Span::new(9, 9));
        assert_eq!(span(text, 2, 60), Span::new(8, 9));
        assert_eq!(span("x := a.b(1)", 1, 9), Span::new(5, 8));
    }
}
