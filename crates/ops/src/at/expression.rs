//! The expression that a place stands in, as far as it is typed.
use strata_core::span::Span;
use strata_syntax::expr::{Word, chain_at};

/// A place inside `${{ … }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The chain of names that it is a part of, and its word; `None` between names.
    pub chain: Option<(Vec<Word>, usize)>,
    /// Does the place stand in a quoted text that is no key of a chain?
    pub quoted: bool,
}

/// The expression of a scalar that a byte stands in. `scalar` is where the scalar stands in the text.
pub fn inside(text: &str, scalar: Span, at: usize) -> Option<Inside> {
    let (from, to) = (scalar.start as usize, (scalar.end as usize).min(text.len()));
    if at < from || at > to {
        return None;
    }
    let open = from + text.get(from..at)?.rfind("${{")?;
    let start = open + 3;
    if text[from..open].ends_with('$') || text[start..at].contains("}}") {
        return None;
    }
    let end = text
        .get(at..to)?
        .find("}}")
        .map_or_else(|| unclosed(text, at, to), |i| at + i);
    let chain = chain_at(text, start, end, at);
    let quotes = text[start..at].bytes().filter(|b| *b == b'"').count();
    Some(Inside {
        quoted: chain.is_none() && quotes % 2 == 1,
        chain,
    })
}

/// An expression that is not closed ends with its line.
fn unclosed(text: &str, at: usize, to: usize) -> usize {
    text[at..to].find('\n').map_or(to, |i| at + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_braces_is_an_expression() {
        let inside = |marked: &str| {
            let at = marked.find('^').unwrap();
            let text = marked.replace('^', "");
            inside(&text, Span::new(0, text.len() as u32), at)
        };
        assert!(inside("a ^${{ b }}").is_none() && inside("${{ b }}^ c").is_none());
        assert!(inside("$${{ b^ }}").is_none());
        assert!(inside("${{ ^ }}").unwrap().chain.is_none());
        assert!(inside("${{ f(\"a^\") }}").unwrap().quoted);
        let (words, i) = inside("'ä ${{ a }}${{ b.c^").unwrap().chain.unwrap();
        assert_eq!((words[0].text.as_str(), words[i].text.as_str()), ("b", "c"));
    }
}
