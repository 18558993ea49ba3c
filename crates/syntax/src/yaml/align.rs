//! Where the characters of a scalar stand in its file: escapes, doubled quotes, folded lines and indentation between.
use crate::node::Style;
use strata_core::span::Span;

/// Stretches `(offset in the scalar's text, offset in the file)` from each of which on both run in step.
pub(super) fn stretches(file: &str, span: Span, text: &str, style: Style) -> Vec<(u32, u32)> {
    let Some(raw) = file.get(span.start as usize..span.end as usize) else {
        return Vec::new();
    };
    let start = match style {
        Style::Single | Style::Double => 1,
        // the content begins on the line after the header
        Style::Block => {
            if raw.starts_with(['|', '>']) {
                raw.find('\n').map_or(0, |i| i + 1)
            } else {
                0
            }
        }
        Style::Plain => 0,
    };
    let mut walk = Walk {
        raw,
        at: start,
        style,
    };
    let mut out: Vec<(u32, u32)> = Vec::new();
    let mut expected = usize::MAX;
    for (i, c) in text.char_indices() {
        let at = walk.take(c);
        if at != expected {
            out.push((i as u32, span.start + at as u32));
        }
        expected = at + c.len_utf8();
    }
    out
}

struct Walk<'a> {
    raw: &'a str,
    at: usize,
    style: Style,
}

impl Walk<'_> {
    fn peek(&self) -> Option<char> {
        self.raw[self.at..].chars().next()
    }
    /// Moves past what stands for `c` and says where that began.
    fn take(&mut self, c: char) -> usize {
        if !matches!(c, ' ' | '\n' | '\t') {
            self.skip_breaks();
        }
        let at = self.at;
        match self.peek() {
            Some('\\') if self.style == Style::Double => self.at += escape(&self.raw[at..]),
            Some('\'') if self.style == Style::Single => self.at += 2,
            Some(found) if found == c => self.at += c.len_utf8(),
            // a folded line break stands for a space, several for line breaks
            Some('\r' | '\n') => self.at += 1,
            _ => {}
        }
        self.at = self.at.min(self.raw.len());
        while !self.raw.is_char_boundary(self.at) {
            self.at += 1;
        }
        at
    }
    /// Indentation and line breaks that the text doesn't have.
    fn skip_breaks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r' | '\n') => self.at += 1,
                // an escaped line break joins two lines
                Some('\\') if self.style == Style::Double => {
                    let rest = &self.raw[self.at + 1..];
                    let Some(after) = rest
                        .strip_prefix("\r\n")
                        .or_else(|| rest.strip_prefix('\n'))
                    else {
                        return;
                    };
                    self.at = self.raw.len() - after.len();
                }
                _ => return,
            }
        }
    }
}

/// The length in bytes of the escape at the start of a text.
fn escape(raw: &str) -> usize {
    let mut chars = raw.chars();
    chars.next();
    match chars.next() {
        Some('x') => 4,
        Some('u') => 6,
        Some('U') => 10,
        Some(c) => 1 + c.len_utf8(),
        None => 1,
    }
}
