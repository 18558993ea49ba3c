//! Known secrets never reach a log: every line of a tool passes through here, byte by byte.
//!
//! It knows values, not patterns: what is not a known secret in one of its usual spellings passes, unless a [`Mask`]
//! that somebody gave hides it. Secrets under
//! four bytes are left alone, since hiding them would tell more than it hides.
mod forms;

use aho_corasick::{AhoCorasick, MatchKind};
use std::{borrow::Cow, collections::BTreeSet, fmt, sync::Arc};
use strata_core::{name::Address, value::Value};

/// Stands where a secret stood.
pub const MASK: &str = "(secret)";

/// Secrets shorter than this are not hidden.
pub const SHORTEST: usize = 4;

/// Replaces known secrets. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    automaton: Option<Arc<AhoCorasick>>,
    longest: usize,
    mask: Option<LineMask>,
}

/// What somebody wants hidden besides known secrets: a line of a unit's tool as it may be seen, where it is another.
#[derive(Clone)]
pub struct Mask(pub Arc<dyn Fn(&Address, &str) -> Option<String> + Send + Sync>);

/// The mask for one unit.
#[derive(Clone)]
struct LineMask(Mask, Address);

impl fmt::Debug for LineMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineMask({})", self.1)
    }
}

/// The secrets that a redactor shall know.
#[derive(Clone, Default)]
pub struct Known(BTreeSet<Vec<u8>>);

impl Known {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// One more secret, as bytes. True when it is new.
    pub fn add(&mut self, secret: &[u8]) -> bool {
        let trimmed = secret.trim_ascii();
        trimmed.len() >= SHORTEST && self.0.insert(trimmed.to_vec())
    }
    /// One more secret; of a map or list every text and number in it. True when something is new.
    pub fn add_value(&mut self, secret: &Value) -> bool {
        match secret {
            Value::String(text) => self.add(text.as_bytes()),
            Value::Number(number) => self.add(number.0.as_bytes()),
            Value::List(list) => list.iter().fold(false, |new, v| self.add_value(v) | new),
            Value::Map(map) => map.values().fold(false, |new, v| self.add_value(v) | new),
            // hiding `true` everywhere hides nothing
            Value::Null | Value::Bool(_) => false,
        }
    }
    /// A redactor of all of them.
    pub fn redactor(&self) -> Redactor {
        let mut patterns = BTreeSet::new();
        for secret in &self.0 {
            forms::spellings(secret, &mut patterns);
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let automaton = (!patterns.is_empty()).then(|| {
            // fails only beyond 2^31 bytes of patterns
            let built = AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .build(&patterns);
            Arc::new(built.expect("secrets fit into memory"))
        });
        Redactor {
            automaton,
            longest,
            mask: None,
        }
    }
}

impl Redactor {
    /// The same, and whole lines of a unit's tool as they may be seen.
    #[must_use]
    pub fn masking(mut self, mask: Option<&Mask>, unit: &Address) -> Self {
        self.mask = mask.map(|m| LineMask(m.clone(), unit.clone()));
        self
    }
    /// A line of a tool as it may be seen.
    pub fn line<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let masked = self
            .mask
            .as_ref()
            .and_then(|LineMask(m, unit)| m.0(unit, line));
        masked.map_or(Cow::Borrowed(line), Cow::Owned)
    }
    /// The bytes with every known secret replaced; touching and overlapping ones as one.
    pub fn redact<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(automaton) = &self.automaton else {
            return Cow::Borrowed(bytes);
        };
        let mut hidden: Vec<(usize, usize)> = automaton
            .find_overlapping_iter(bytes)
            .map(|m| (m.start(), m.end()))
            .collect();
        if hidden.is_empty() {
            return Cow::Borrowed(bytes);
        }
        hidden.sort_unstable();
        let mut out = Vec::with_capacity(bytes.len());
        let (mut at, mut i) = (0, 0);
        while i < hidden.len() {
            let (start, mut end) = hidden[i];
            while i < hidden.len() && hidden[i].0 <= end {
                end = end.max(hidden[i].1);
                i += 1;
            }
            out.extend_from_slice(&bytes[at..start]);
            out.extend_from_slice(MASK.as_bytes());
            at = end;
        }
        out.extend_from_slice(&bytes[at..]);
        Cow::Owned(out)
    }
    /// The same as text; what is not UTF-8 is replaced.
    pub fn text(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(&self.redact(bytes)).into_owned()
    }
    /// The longest spelling in bytes: whoever cuts a line must look so far beyond the cut.
    pub fn longest(&self) -> usize {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(secrets: &[&str], text: &str) -> String {
        let mut known = Known::new();
        for s in secrets {
            known.add(s.as_bytes());
        }
        known.redactor().text(text.as_bytes())
    }

    #[test]
    fn a_secret_is_hidden_and_the_rest_stays() {
        assert_eq!(
            redact(&["hunter22"], "user=a pw=hunter22;"),
            "user=a pw=(secret);"
        );
        assert_eq!(redact(&["hunter22"], "hunter2 stays"), "hunter2 stays");
        assert_eq!(redact(&[], "all stays"), "all stays");
        assert_eq!(redact(&["abc"], "abc is too short"), "abc is too short");
    }

    #[test]
    fn overlapping_and_touching_secrets_leave_nothing() {
        assert_eq!(redact(&["abcdef", "defghi"], "xabcdefghiy"), "x(secret)y");
        assert_eq!(redact(&["abcd", "abcdefgh"], "abcdefgh"), "(secret)");
        assert_eq!(redact(&["aaaa"], "aaaaaa"), "(secret)");
    }

    #[test]
    fn other_spellings_are_hidden_too() {
        let secret = "pa\"ss/wörd+1\\&";
        let json = serde_json::to_string(secret).unwrap();
        let escaped = "{\"v\":\"pa\\\"ss/w\\u00f6rd+1\\\\&\"}";
        for text in [
            json.as_str(),
            escaped,
            "pa%22ss%2Fw%C3%B6rd%2B1%5C%26",
            "pa%22ss%2fw%c3%b6rd%2b1%5c%26",
        ] {
            let out = redact(&[secret], text);
            assert!(out.contains(MASK) && !out.contains("ss"), "{text} -> {out}");
        }
    }

    #[test]
    fn base64_is_hidden_wherever_it_begins() {
        let secret = "correct horse battery";
        for before in ["", "u", "us", "usr", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = forms::base64(format!("{before}{secret}{after}").as_bytes());
                let out = redact(&[secret], &format!("Basic {text}"));
                assert!(out.contains(MASK), "{before}|{after}: {out}");
                // at most the characters that the neighbours share remain
                assert!(out.len() <= 6 + MASK.len() + before.len() * 2 + after.len() * 2 + 8);
            }
        }
        let long = "0123456789abcdef".repeat(20);
        let text = forms::base64(long.as_bytes());
        for line in text.as_bytes().chunks(76) {
            let out = redact(&[&long], std::str::from_utf8(line).unwrap());
            assert!(out.contains(MASK), "{out}");
        }
    }

    #[test]
    fn a_secret_of_many_lines_is_hidden_line_by_line() {
        let key = "-----BEGIN KEY-----\r\nMIIabcdefgh\n  indented-part\nend\n-----END KEY-----\n";
        for (line, hidden) in [
            ("MIIabcdefgh", true),
            ("> indented-part <", true),
            ("the end", false),
        ] {
            assert_eq!(redact(&[key], line).contains(MASK), hidden, "{line}");
        }
        let json = serde_json::to_string(&serde_json::json!({ "key": key })).unwrap();
        assert_eq!(redact(&[key], &json), "{\"key\":\"(secret)\\n\"}");
    }

    #[test]
    fn every_text_of_a_structure_is_a_secret() {
        let value: Value = serde_json::from_str(
            r#"{"a": ["first-one", 123456], "b": {"c": "second"}, "d": true}"#,
        )
        .unwrap();
        let mut known = Known::new();
        assert!(known.add_value(&value));
        assert!(!known.add_value(&value));
        let out = known.redactor().text(b"first-one 123456 second true third");
        assert_eq!(out, "(secret) (secret) (secret) true third");
    }

    #[test]
    fn bytes_that_are_no_text_are_searched() {
        let mut known = Known::new();
        known.add(b"s\xff\xfe\xfdt");
        let out = known.redactor().redact(b"x s\xff\xfe\xfdt y").into_owned();
        assert_eq!(out, b"x (secret) y");
    }
}
