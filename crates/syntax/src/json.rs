//! JSON text to a [`Node`]: tabs are fine, numbers keep their text, keys that stand twice are found.
//!
//! Stops at the first fault of syntax: there is nothing to go by after it.
use crate::{
    node::{Entry, Kind, Map, Node, Origin, Scalar, Style},
    scalar::is_number,
};
use std::collections::HashMap;
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 128;

/// Reads one JSON value. An empty text has no tree and no problem.
pub fn parse(file: &Origin, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut reader = Reader {
        file,
        text,
        at: 0,
        depth: 0,
        problems: Vec::new(),
    };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    reader.blanks();
    if reader.at == text.len() || u32::try_from(text.len()).is_err() {
        return (None, reader.problems);
    }
    let node = reader.value();
    if node.is_some() {
        reader.blanks();
        if reader.at < text.len() {
            let _: Option<()> = reader.fault("there is text after the value");
        }
    }
    (node, reader.problems)
}

struct Reader<'a> {
    file: &'a Origin,
    text: &'a str,
    at: usize,
    depth: usize,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
            .count();
    }
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
    fn location(&self, start: usize, end: usize) -> Location {
        Location::new(self.file.clone(), Span::new(start as u32, end as u32))
    }
    fn fault<T>(&mut self, message: &str) -> Option<T> {
        let width = self.text[self.at..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        let at = self.location(self.at, self.at + width);
        self.problems
            .push(Diagnostic::error("json::syntax", format!("this is not JSON: {message}")).at(at));
        None
    }
    fn node(&self, start: usize, kind: Kind) -> Node {
        let span = Span::new(start as u32, self.at as u32);
        Node {
            span,
            kind,
            tag: None,
            origin: self.file.clone(),
        }
    }

    fn value(&mut self) -> Option<Node> {
        self.blanks();
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => {
                let text = self.string()?;
                let mut scalar = Scalar::new(text, Style::Double);
                if self.at - start != scalar.text.len() + 2 {
                    scalar.stretches = stretches(&self.text[start..self.at], start);
                }
                Some(self.node(start, Kind::Scalar(scalar)))
            }
            Some(_) => self.word(start),
            None => self.fault("a value is missing"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Node>) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fault("nested too deeply");
        }
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn word(&mut self, start: usize) -> Option<Node> {
        let rest = &self.text[start..];
        let len = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
            .count();
        let word = &rest[..len];
        if !(matches!(word, "true" | "false" | "null") || is_number(word)) {
            return self.fault("expected a value");
        }
        self.at += len;
        Some(self.node(start, Kind::Scalar(Scalar::new(word, Style::Plain))))
    }

    fn list(&mut self) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Some(self.node(start, Kind::List(items)));
        }
        loop {
            items.push(self.value()?);
            if self.separator(b']')? {
                return Some(self.node(start, Kind::List(items)));
            }
        }
    }

    fn map(&mut self) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Some(self.node(start, Kind::Map(Map { entries })));
        }
        loop {
            self.blanks();
            let key_start = self.at;
            if self.peek() != Some(b'"') {
                return self.fault("expected a key in double quotes");
            }
            let key = self.string()?;
            let key_span = Span::new(key_start as u32, self.at as u32);
            self.blanks();
            if self.peek() != Some(b':') {
                return self.fault("expected `:`");
            }
            self.at += 1;
            let value = self.value()?;
            if let Some(first) = index.get(&key) {
                let first = entries[*first].key_span;
                self.problems.push(
                    Diagnostic::error(
                        "json::duplicate-key",
                        format!("the key `{key}` stands twice"),
                    )
                    .at(Location::new(self.file.clone(), key_span))
                    .related(
                        Location::new(self.file.clone(), first),
                        "it stands here first",
                    ),
                );
            } else {
                index.insert(key.clone(), entries.len());
                entries.push(Entry {
                    key,
                    key_span,
                    value,
                });
            }
            if self.separator(b'}')? {
                return Some(self.node(start, Kind::Map(Map { entries })));
            }
        }
    }

    /// `,` or the end: true at the end.
    fn separator(&mut self, end: u8) -> Option<bool> {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Some(false)
            }
            Some(b) if b == end => {
                self.at += 1;
                Some(true)
            }
            _ => self.fault(if end == b'}' {
                "expected `,` or `}`"
            } else {
                "expected `,` or `]`"
            }),
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(b'\n') | None => return self.fault("this text is not closed"),
                Some(_) => end += 1,
            }
        }
        // the escapes of JSON, surrogate pairs among them, are somebody else's work
        match self
            .text
            .get(start..=end)
            .map(serde_json::from_str::<String>)
        {
            Some(Ok(text)) => {
                self.at = end + 1;
                Some(text)
            }
            _ => self.fault("this text holds an escape or a character that JSON does not know"),
        }
    }
}

/// Where the stretches between escapes begin, in the text and in the file.
fn stretches(raw: &str, start: usize) -> Vec<(u32, u32)> {
    let mut out = vec![(0, start as u32 + 1)];
    let (mut text, mut at) = (0usize, 1usize);
    let body = &raw[..raw.len() - 1];
    while let Some(c) = body[at..].chars().next() {
        if c != '\\' {
            (text, at) = (text + c.len_utf8(), at + c.len_utf8());
            if at >= body.len() {
                break;
            }
            continue;
        }
        let surrogates =
            body[at..].get(6..8) == Some("\\u") && body[at + 2..].starts_with(['d', 'D']);
        let len = match body.as_bytes().get(at + 1) {
            Some(b'u') if surrogates => 12,
            Some(b'u') => 6,
            _ => 2,
        };
        let escape = body.get(at..at + len).unwrap_or("");
        let decoded =
            serde_json::from_str::<String>(&format!("\"{escape}\"")).map_or(1, |s| s.len());
        (text, at) = (text + decoded, (at + len).min(body.len()));
        out.push((text as u32, (start + at) as u32));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
        parse(&Arc::from("f.json"), text)
    }

    #[test]
    fn numbers_keep_their_text_and_tabs_are_fine() {
        let text = "{\t\"a\": [1.10, 123456789012345678901234567890, -3],\n\t\"b\": {\"c\": null, \"d\": \"\\u00e9\\ud83d\\ude00\"}}\n";
        let (node, problems) = read(text);
        assert!(problems.is_empty(), "{problems:?}");
        let json = node.unwrap().to_value().to_json().to_string();
        assert_eq!(
            json,
            r#"{"a":[1.10,123456789012345678901234567890,-3],"b":{"c":null,"d":"é😀"}}"#
        );
    }

    #[test]
    fn faults_have_a_place() {
        for (text, at) in [
            ("{\"a\" 1}", 5),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("\"x", 0),
            ("{a: 1}", 1),
            ("01", 0),
            ("1 2", 2),
        ] {
            let (_, problems) = read(text);
            assert_eq!(problems.len(), 1, "{text}");
            assert_eq!(
                problems[0].at.as_ref().unwrap().span.start,
                at,
                "{text}: {problems:?}"
            );
        }
        assert_eq!(read("{\"a\":1,\"a\":2}").1[0].code, "json::duplicate-key");
        assert!(read(&"[".repeat(100_000)).0.is_none());
    }

    #[test]
    fn places_are_right_after_an_escape() {
        let text = r#"{"é": "\"${{ x }}"}"#;
        let (node, _) = read(text);
        let node = node.unwrap();
        let value = node.get("é").unwrap();
        let dollar = value.as_str().unwrap().find('$').unwrap() as u32;
        assert_eq!(value.place(dollar) as usize, text.find('$').unwrap());
    }
}
