//! One more entry in a map of a YAML text: everything else stays as it was written, comments, order and blanks.
//!
//! Only maps directly below the root (`components:`). What the edit gives is parsed again: it must mean what the text
//! meant, and the entry. A text for which that does not hold is not edited (`None`), and its user writes the line.
use super::parse;
use crate::node::{Entry, Kind, Node};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{span::Span, value::Value};

/// Adds `KEY: VALUE` to a map of the root, which is made when it is not there. The value is of one line.
pub fn add(text: &str, parent: &str, key: &str, value: &str) -> Option<String> {
    let root = read(text)?;
    let line = format!("{key}: {value}");
    let new = match root.as_map()?.entry(parent) {
        None if flow(text, &root) => return None,
        None => format!("{}{parent}:\n  {line}\n", ended(text)),
        Some(entry) => into(text, entry, &line)?,
    };
    let given = read(value)?.to_value();
    sound(&new, &root, parent, key, given).then_some(new)
}

/// Writes an entry of a map of the root once more below itself, under another name, with these stretches of its value
/// replaced.
pub fn again(
    text: &str,
    parent: &str,
    from: &str,
    to: &str,
    changes: &[(Span, String)],
) -> Option<String> {
    let root = read(text)?;
    let map = root.get(parent)?;
    let entry = map.as_map()?.entry(from)?;
    let mut changes: Vec<(Span, String)> = changes.to_vec();
    changes.push((entry.key_span, to.to_owned()));
    changes.sort_by_key(|(span, _)| span.start);
    let end = last(text, &entry.value);
    let (begin, end, between) = if flow(text, map) {
        (entry.key_span.start as usize, end, ", ")
    } else {
        let line = text.get(..entry.key_span.start as usize)?.rfind('\n');
        (line.map_or(0, |i| i + 1), line_end(text, end), "\n")
    };
    let mut copy = String::new();
    let mut at = begin;
    for (span, new) in changes {
        copy.push_str(text.get(at..span.start as usize)?);
        copy.push_str(&new);
        at = span.end as usize;
    }
    copy.push_str(text.get(at..end)?);
    let new = format!("{}{between}{copy}{}", &text[..end], &text[end..]);
    // what it means now: the entry with the changes in it
    let given = read(&new)?.get(parent)?.get(to)?.to_value();
    sound(&new, &root, parent, to, given).then_some(new)
}

/// A text without faults; one that says nothing is an empty map.
fn read(text: &str) -> Option<Node> {
    let origin = Arc::from("");
    let (node, problems) = parse(&origin, text);
    let nothing = || Node::map(origin.clone(), Span::default(), Vec::new());
    problems.is_empty().then(|| node.unwrap_or_else(nothing))
}

/// A text that ends with a line's end, or has nothing.
fn ended(text: &str) -> String {
    let mut text = text.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A line into the map of an entry.
fn into(text: &str, entry: &Entry, line: &str) -> Option<String> {
    let node = &entry.value;
    let put = |at: usize, what: &str| format!("{}{what}{}", &text[..at], &text[at..]);
    match &node.kind {
        Kind::Map(map) if flow(text, node) => {
            let (at, comma) = match map.entries.last() {
                Some(entry) => (last(text, &entry.value), ", "),
                None => (node.span.start as usize + 1, ""),
            };
            Some(put(at, &format!("{comma}{line}")))
        }
        Kind::Map(map) => {
            let first = map.entries.first()?.key_span.start as usize;
            let begin = text.get(..first)?.rfind('\n').map_or(0, |i| i + 1);
            let indent = &text[begin..first];
            let at = line_end(text, last(text, node));
            Some(put(at, &format!("\n{indent}{line}")))
        }
        Kind::Scalar(scalar) if scalar.is_null() && node.span.start == node.span.end => {
            let at = line_end(text, entry.key_span.end as usize);
            Some(put(at, &format!("\n  {line}")))
        }
        _ => None,
    }
}

/// Is a map written in braces?
fn flow(text: &str, node: &Node) -> bool {
    text.as_bytes().get(node.span.start as usize) == Some(&b'{')
}

/// Where the last thing of a value ends. A block ends where the next thing begins, and comments stand between.
fn last(text: &str, node: &Node) -> usize {
    let inner = match &node.kind {
        Kind::Map(map) if !flow(text, node) => map.entries.last().map(|e| &e.value),
        Kind::List(items) if text.as_bytes().get(node.span.start as usize) == Some(&b'-') => {
            items.last()
        }
        _ => None,
    };
    let end = match inner {
        Some(inner) => last(text, inner),
        None => node.span.end as usize,
    };
    // a block of text ends behind its last line's end
    text.get(..end).map_or(end, |t| t.trim_end().len())
}

fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find('\n').unwrap_or(rest.len())
}

/// Does a text mean what the old one did, and this entry?
fn sound(new: &str, old: &Node, parent: &str, key: &str, given: Value) -> bool {
    let Some(found) = read(new) else {
        return false;
    };
    let map = |value: Value| match value {
        Value::Map(map) => Some(map),
        Value::Null => Some(BTreeMap::new()),
        _ => None,
    };
    let Some(mut wanted) = map(old.to_value()) else {
        return false;
    };
    let Some(mut inner) = map(wanted.remove(parent).unwrap_or(Value::Null)) else {
        return false;
    };
    if inner.insert(key.to_owned(), given).is_some() {
        return false;
    }
    wanted.insert(parent.to_owned(), Value::Map(inner));
    found.to_value() == Value::Map(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_added_and_nothing_else_moves() {
        for (before, after) in [
            (
                "# top\na: 1  # one\ncomponents:\n    x: {path: p}  # keep\n# of b\nb: 2\n",
                "# top\na: 1  # one\ncomponents:\n    x: {path: p}  # keep\n    n: {v: 1.10}\n# of b\nb: 2\n",
            ),
            (
                "components:\n  x:\n    inputs:\n      - a\n      - b # last\n\n# end\n",
                "components:\n  x:\n    inputs:\n      - a\n      - b # last\n  n: {v: 1.10}\n\n# end\n",
            ),
            (
                "components: {x: {a: 1}} # flow\n",
                "components: {x: {a: 1}, n: {v: 1.10}} # flow\n",
            ),
            ("components: {}\n", "components: {n: {v: 1.10}}\n"),
            ("components:\nb: 2\n", "components:\n  n: {v: 1.10}\nb: 2\n"),
            ("values: {}", "values: {}\ncomponents:\n  n: {v: 1.10}\n"),
            ("", "components:\n  n: {v: 1.10}\n"),
            (
                "components:\n  x: |\n    text\n\nb: 2\n",
                "components:\n  x: |\n    text\n  n: {v: 1.10}\n\nb: 2\n",
            ),
            ("# only\n", "# only\ncomponents:\n  n: {v: 1.10}\n"),
        ] {
            let made = add(before, "components", "n", "{v: 1.10}");
            assert_eq!(made.as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn an_entry_is_written_once_more() {
        let text = "components:\n  a:\n    path: x/a # where\n    layer: l\n  # of c\n  c: {}\n";
        let root = read(text).unwrap();
        let path = root.get("components").unwrap().get("a").unwrap();
        let span = path.get("path").unwrap().span;
        let made = again(text, "components", "a", "b", &[(span, "x/b".to_owned())]);
        assert_eq!(
            made.as_deref(),
            Some(
                "components:\n  a:\n    path: x/a # where\n    layer: l\n  b:\n    path: x/b # where\n    layer: l\n  # of c\n  c: {}\n"
            )
        );
        let flow = "components: {a: {v: 1}, c: {}}\n";
        assert_eq!(
            again(flow, "components", "a", "b", &[]).as_deref(),
            Some("components: {a: {v: 1}, b: {v: 1}, c: {}}\n")
        );
    }

    #[test]
    fn what_cannot_be_edited_is_left_alone() {
        for text in [
            "{a: 1}\n",
            "- a\n",
            "components: [a]\n",
            "components: {n: {}}\n",
            "components: &x {a: 1}\nother: *x\n: :\n",
            "components: text\n",
            "a: 'open\n",
        ] {
            assert_eq!(add(text, "components", "n", "1"), None, "{text}");
        }
        assert_eq!(again("a: 1\n", "components", "a", "b", &[]), None);
    }
}
