//! Bytes of a text as lines and columns of the protocol, and back. Columns count in what editor and server agreed on.
use lsp_types::{Position, Range};
use strata_core::span::Span;

/// What a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16: what every editor knows.
    #[default]
    Utf16,
}

/// The lines of a text.
pub struct Lines<'a> {
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'a> Lines<'a> {
    /// Of a text. Lines end with `\n`, `\r\n` or `\r`.
    pub fn of(text: &'a str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = |i: &usize| {
            bytes[*i] == b'\n' || (bytes[*i] == b'\r' && bytes.get(i + 1) != Some(&b'\n'))
        };
        let rest = (0..bytes.len()).filter(ends).map(|i| i + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(rest).collect(),
            encoding,
        }
    }
    /// The place of a byte; one inside of a character is at its beginning.
    pub fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|s| *s <= byte) - 1;
        let before = &self.text[self.starts[line]..byte];
        let column = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.encode_utf16().count(),
        };
        Position::new(line as u32, column as u32)
    }
    /// The byte of a place; one behind the end of a line is at its end.
    pub fn byte(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let end = self
            .starts
            .get(line + 1)
            .copied()
            .unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches(['\n', '\r']);
        let wanted = position.character as usize;
        let mut column = 0;
        for (i, c) in content.char_indices() {
            let width = match self.encoding {
                Encoding::Utf8 => c.len_utf8(),
                Encoding::Utf16 => c.len_utf16(),
            };
            if column + width > wanted {
                return start + i;
            }
            column += width;
        }
        start + content.len()
    }
    /// A span as a range.
    pub fn range(&self, span: Span) -> Range {
        Range::new(
            self.position(span.start as usize),
            self.position(span.end as usize),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_was_agreed_on() {
        let text = "a: 'ü😀x'\r\nb: é\rc";
        let x = text.find('x').unwrap();
        let (wide, bytes) = (
            Lines::of(text, Encoding::Utf16),
            Lines::of(text, Encoding::Utf8),
        );
        assert_eq!(wide.position(x), Position::new(0, 7));
        assert_eq!(bytes.position(x), Position::new(0, 10));
        assert_eq!(wide.position(text.len()), Position::new(2, 1));
        for lines in [&wide, &bytes] {
            for (i, _) in text.char_indices().filter(|(_, c)| !"\r\n".contains(*c)) {
                assert_eq!(lines.byte(lines.position(i)), i);
            }
        }
    }

    #[test]
    fn places_that_are_not_there_are_the_nearest_that_is() {
        let lines = Lines::of("ab\n😀\n", Encoding::Utf16);
        assert_eq!(lines.byte(Position::new(0, 99)), 2);
        assert_eq!(lines.byte(Position::new(1, 1)), 3);
        assert_eq!(lines.byte(Position::new(9, 0)), 8);
        assert_eq!(lines.position(5), Position::new(1, 0));
        assert_eq!(lines.position(99), Position::new(2, 0));
        let empty = Lines::of("", Encoding::Utf8);
        assert_eq!(empty.byte(empty.position(3)), 0);
    }
}
