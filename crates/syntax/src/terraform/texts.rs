//! Texts with insertions.
use super::{expression::Reader, shape::Shape};
use crate::hcl::Kind;
use strata_core::ty::Type;

impl Reader<'_> {
    /// The parts of a text up to its end.
    pub(super) fn parts(&mut self, quoted: bool) -> Option<Shape> {
        let mut parts: Vec<Shape> = Vec::new();
        let mut directive = false;
        while let Some(token) = self.token(0) {
            self.at += 1;
            match token.kind {
                Kind::TextClose if token.range.is_empty() => return None,
                Kind::TextClose => break,
                Kind::Literal => {
                    let text = unescaped(self.slice(token), quoted);
                    match parts.last_mut() {
                        Some(Shape::Text(before)) => before.push_str(&text),
                        _ => parts.push(Shape::Text(text)),
                    }
                }
                Kind::InsertOpen if self.slice(token) == "${" => {
                    let inner = self.within(false, |r| {
                        r.eat(b'~');
                        let inner = r.expression()?;
                        r.eat(b'~');
                        r.peek().filter(|t| t.kind == Kind::InsertClose)?;
                        r.at += 1;
                        Some(inner)
                    })?;
                    parts.push(inner);
                }
                Kind::InsertOpen => {
                    directive = true;
                    while let Some(inner) = self.token(0) {
                        self.at += 1;
                        if inner.kind == Kind::InsertClose && inner.depth == token.depth + 1 {
                            break;
                        }
                    }
                }
                _ => return None,
            }
        }
        Some(match parts.len() {
            _ if directive => Shape::Of(Type::String),
            0 => Shape::Text(String::new()),
            // one insertion alone keeps its type
            1 => parts.remove(0),
            _ => Shape::Template(parts),
        })
    }
}

/// What a stretch of text stands for: `$${` is `${`, and in quotes there are escapes.
fn unescaped(text: &str, quoted: bool) -> String {
    if !text.contains(['\\', '$', '%']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let doubled = match c {
            '$' => "$${",
            '%' => "%%{",
            _ => "\0",
        };
        if let Some(after) = rest.strip_prefix(doubled) {
            out.push(c);
            out.push('{');
            rest = after;
        } else if c == '\\' && quoted {
            let (spelt, width) = escape(rest);
            out.push(spelt);
            rest = rest.get(width..).unwrap_or("");
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The character that an escape spells, and how many bytes it takes.
fn escape(text: &str) -> (char, usize) {
    let digits = |n: usize| {
        let code = u32::from_str_radix(text.get(2..2 + n)?, 16).ok()?;
        Some((char::from_u32(code)?, 2 + n))
    };
    match text[1..].chars().next() {
        Some('n') => ('\n', 2),
        Some('r') => ('\r', 2),
        Some('t') => ('\t', 2),
        Some('u') => digits(4).unwrap_or(('u', 2)),
        Some('U') => digits(8).unwrap_or(('U', 2)),
        Some(other) => (other, 1 + other.len_utf8()),
        None => ('\\', 1),
    }
}
