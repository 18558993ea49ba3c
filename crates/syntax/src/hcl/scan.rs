//! HCL text to tokens. Never fails: what is no HCL is passed over, and a text that isn't closed ends with its line.
use std::ops::Range;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a number.
    Word,
    /// A character that means something.
    Mark(u8),
    /// A line ends.
    Newline,
    /// `"` or `<<EOT`: a text begins.
    TextOpen,
    /// Text as it stands.
    Literal,
    /// `${` or `%{` in a text.
    InsertOpen,
    /// `}` that ends it.
    InsertClose,
    /// The text ends.
    TextClose,
}

/// A token with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub range: Range<usize>,
    /// How many texts and insertions stand around it.
    pub depth: u32,
}

/// What the scanner is inside of.
enum Mode<'a> {
    /// `"…"`
    Quoted,
    /// `<<EOT … EOT`
    Heredoc(&'a str),
    /// A text without marks around it, up to its end.
    Bare,
    /// `${ … }`, with the count of braces that are open in it.
    Insert(u32),
}

/// Reads tokens. Comments are passed over.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    modes: Vec<Mode<'a>>,
}

impl<'a> Scanner<'a> {
    /// Of a text, a byte order mark at its start is passed over.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            modes: Vec::new(),
        }
    }
    /// From a byte on that stands outside of any text.
    pub fn from(text: &'a str, at: usize) -> Self {
        Self {
            text,
            at,
            modes: Vec::new(),
        }
    }
    /// Of a text that stands for itself, as in JSON, with insertions.
    pub fn template(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            modes: vec![Mode::Bare],
        }
    }
    /// Where the next token is looked for.
    pub fn position(&self) -> usize {
        self.at
    }
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }
    fn token(&mut self, kind: Kind, len: usize, depth: usize) -> Option<Token> {
        let start = self.at;
        self.at = (self.at + len).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Some(Token {
            kind,
            range: start..self.at,
            depth: depth as u32,
        })
    }

    fn code(&mut self) -> Option<Token> {
        self.blanks();
        let depth = self.modes.len();
        let first = self.byte(0)?;
        if first == b'\n' {
            return self.token(Kind::Newline, 1, depth);
        }
        if first == b'"' {
            self.modes.push(Mode::Quoted);
            return self.token(Kind::TextOpen, 1, depth);
        }
        if first == b'<'
            && let Some((len, marker)) = self.heredoc()
        {
            self.modes.push(Mode::Heredoc(marker));
            return self.token(Kind::TextOpen, len, depth);
        }
        if first.is_ascii_digit() {
            let len = number(&self.text.as_bytes()[self.at..]);
            return self.token(Kind::Word, len, depth);
        }
        if first.is_ascii_alphabetic() || first == b'_' || first >= 0x80 {
            let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || *b >= 0x80;
            let bytes = &self.text.as_bytes()[self.at..];
            let len = bytes.iter().position(|b| !word(b)).unwrap_or(bytes.len());
            return self.token(Kind::Word, len, depth);
        }
        if let Some(Mode::Insert(open)) = self.modes.last_mut() {
            match first {
                b'{' => *open += 1,
                b'}' if *open == 0 => {
                    self.modes.pop();
                    return self.token(Kind::InsertClose, 1, depth);
                }
                b'}' => *open -= 1,
                _ => {}
            }
        }
        self.token(Kind::Mark(first), 1, depth)
    }

    /// Passes over blanks and comments.
    fn blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            match (self.byte(0), self.byte(1)) {
                (Some(b' ' | b'\t' | b'\r'), _) => self.at += 1,
                (Some(b'#'), _) | (Some(b'/'), Some(b'/')) => {
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                (Some(b'/'), Some(b'*')) => {
                    self.at += rest.find("*/").map_or(rest.len(), |i| i + 2);
                }
                _ => return,
            }
        }
    }

    /// The bytes of `<<EOT` and `<<-EOT` with their line, and the word that ends the text.
    fn heredoc(&self) -> Option<(usize, &'a str)> {
        let text: &'a str = self.text;
        let rest = &text[self.at..];
        let after = rest
            .strip_prefix("<<-")
            .or_else(|| rest.strip_prefix("<<"))?;
        let end = after
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(after.len());
        let (marker, tail) = after.split_at(end);
        let tail = tail.strip_prefix('\r').unwrap_or(tail);
        let body = tail.strip_prefix('\n')?;
        (!marker.is_empty()).then_some((rest.len() - body.len(), marker))
    }

    fn quoted(&mut self) -> Option<Token> {
        let depth = self.modes.len();
        match (self.byte(0)?, self.byte(1)) {
            (b'"', _) => {
                self.modes.pop();
                return self.token(Kind::TextClose, 1, depth);
            }
            // a text ends with its line: nothing after a forgotten quote is lost
            (b'\n', _) => {
                self.modes.pop();
                return self.token(Kind::TextClose, 0, depth);
            }
            (b'$' | b'%', Some(b'{')) => {
                self.modes.push(Mode::Insert(0));
                return self.token(Kind::InsertOpen, 2, depth);
            }
            _ => {}
        }
        let bytes = &self.text.as_bytes()[self.at..];
        let mut len = 0;
        while let Some(byte) = bytes.get(len) {
            match byte {
                b'"' | b'\n' => break,
                b'\\' => len += 2,
                b'$' | b'%' => match (bytes.get(len + 1), bytes.get(len + 2)) {
                    // `$${` stands for the characters themselves
                    (Some(next), Some(b'{')) if next == byte => len += 3,
                    (Some(b'{'), _) => break,
                    _ => len += 1,
                },
                _ => len += 1,
            }
        }
        self.token(Kind::Literal, len, depth)
    }

    /// A stretch of text, or the mark of an insertion.
    fn bare(&mut self) -> Option<Token> {
        let depth = self.modes.len();
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("${") || rest.starts_with("%{") {
            self.modes.push(Mode::Insert(0));
            return self.token(Kind::InsertOpen, 2, depth);
        }
        let len = insertion(rest).unwrap_or(rest.len());
        self.token(Kind::Literal, len.max(1), depth)
    }

    fn in_heredoc(&mut self, marker: &str) -> Option<Token> {
        let depth = self.modes.len();
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("${") || rest.starts_with("%{") {
            self.modes.push(Mode::Insert(0));
            return self.token(Kind::InsertOpen, 2, depth);
        }
        let starts_line = self.at == 0 || self.text.as_bytes()[self.at - 1] == b'\n';
        let mut len = 0;
        for (i, line) in rest.split_inclusive('\n').enumerate() {
            if (i > 0 || starts_line) && line.trim() == marker {
                if len > 0 {
                    break;
                }
                self.modes.pop();
                let end = line.trim_end().len();
                return self.token(Kind::TextClose, end, depth);
            }
            match insertion(line) {
                Some(at) => {
                    len += at;
                    break;
                }
                None => len += line.len(),
            }
        }
        self.token(Kind::Literal, len.max(1), depth)
    }
}

/// The bytes of digits with their exponent; a `-` after them is a subtraction, not a part of a name.
fn number(bytes: &[u8]) -> usize {
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let whole = digits(0);
    if !matches!(bytes.get(whole), Some(b'e' | b'E')) {
        return whole;
    }
    let sign = usize::from(matches!(bytes.get(whole + 1), Some(b'+' | b'-')));
    match digits((whole + 1 + sign).min(bytes.len())) {
        0 => whole,
        power => whole + 1 + sign + power,
    }
}

/// Where `${` or `%{` begins in a text, one that isn't escaped by a second sign.
fn insertion(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut i = 0;
    while i + 1 < bytes.len() {
        if matches!(bytes[i], b'$' | b'%') {
            if bytes[i + 1] == bytes[i] && bytes.get(i + 2) == Some(&b'{') {
                i += 3;
                continue;
            }
            if bytes[i + 1] == b'{' {
                return Some(i);
            }
        }
        i += 1;
    }
    None
}

impl Iterator for Scanner<'_> {
    type Item = Token;
    fn next(&mut self) -> Option<Token> {
        match self.modes.last() {
            Some(Mode::Quoted) => self.quoted(),
            Some(Mode::Bare) => self.bare(),
            Some(Mode::Heredoc(marker)) => {
                let marker = *marker;
                self.in_heredoc(marker)
            }
            Some(Mode::Insert(_)) | None => self.code(),
        }
    }
}
