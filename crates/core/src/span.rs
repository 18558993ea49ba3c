//! Where something stands in a file: byte offsets, so that lines are counted only when somebody looks.
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A range of bytes, end exclusive.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from its two ends.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }
    /// This span moved by `by` bytes: for text that stands inside another.
    #[must_use]
    pub const fn offset(self, by: u32) -> Self {
        Self {
            start: self.start + by,
            end: self.end + by,
        }
    }
}

/// A span in a named file. The path is relative to the root of the platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Path of the file, relative to the platform's root.
    pub file: Arc<str>,
    /// Where in it.
    pub span: Span,
}

impl Location {
    /// A location from its parts.
    pub fn new(file: impl Into<Arc<str>>, span: Span) -> Self {
        Self {
            file: file.into(),
            span,
        }
    }
    /// The whole file: for what is said about a file and not about a part of it.
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self::new(file, Span::default())
    }
}

/// Line and column (both from 1, the column in characters) of a byte offset.
pub fn line_column(text: &str, offset: u32) -> (usize, usize) {
    let mut offset = (offset as usize).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        assert_eq!(line_column("ab\ncd", 0), (1, 1));
        assert_eq!(line_column("ab\ncd", 4), (2, 2));
        assert_eq!(line_column("é\nx", 3), (2, 1));
        assert_eq!(line_column("ab", 99), (1, 3));
    }
}
