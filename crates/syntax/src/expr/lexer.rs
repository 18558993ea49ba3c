//! Text to tokens, one at a time: where an expression ends is known to the parser only.
use super::ast::Operator;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    String(String),
    Operator(Operator),
    /// `!`
    Not,
    /// One of `( ) [ ] { } , . ? :`.
    Mark(u8),
    /// The text ends.
    End,
    /// Something that no token begins with, or a fault that was said already.
    Unknown,
}

/// A fault in a token, with its bytes.
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: String,
}

/// Reads tokens from a text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The next token with its bytes.
    pub(super) fn next(&mut self, faults: &mut Vec<Fault>) -> (Token<'a>, usize, usize) {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let token = match bytes.get(start) {
            None => Token::End,
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => self.name(),
            Some(b'0'..=b'9') => self.number(),
            Some(b'"' | b'\'') => self.string(faults),
            Some(b) => self.symbol(*b),
        };
        (token, start, self.at)
    }

    /// Nix's rule: a `-` inside a name belongs to the name; to subtract needs a space.
    fn name(&mut self) -> Token<'a> {
        let rest = &self.text[self.at..];
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        let len = rest.as_bytes().iter().take_while(|b| part(b)).count();
        let name = rest[..len].trim_end_matches('-');
        self.at += name.len();
        if name == "in" {
            Token::Operator(Operator::In)
        } else {
            Token::Name(name)
        }
    }

    fn number(&mut self) -> Token<'a> {
        let bytes = &self.text.as_bytes()[self.at..];
        let digits = |from: usize| {
            bytes
                .iter()
                .skip(from)
                .take_while(|b| b.is_ascii_digit())
                .count()
        };
        let mut len = digits(0);
        if bytes.get(len) == Some(&b'.') && digits(len + 1) > 0 {
            len += 1 + digits(len + 1);
        }
        if matches!(bytes.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
            if digits(len + 1 + sign) > 0 {
                len += 1 + sign + digits(len + 1 + sign);
            }
        }
        let number = &self.text[self.at..self.at + len];
        self.at += len;
        Token::Number(number)
    }

    fn string(&mut self, faults: &mut Vec<Fault>) -> Token<'a> {
        let start = self.at;
        let quote = self.text.as_bytes()[start] as char;
        let mut out = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((i, c)) = chars.next() {
            let here = start + 1 + i;
            if c == quote {
                self.at = here + 1;
                return Token::String(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, c @ ('\\' | '"' | '\'' | '/' | '$' | '{' | '}'))) => out.push(c),
                Some((_, 'u')) => match unicode(&mut chars) {
                    Some(c) => out.push(c),
                    None => faults.push(bad_escape(here, here + 2, "\\u")),
                },
                Some((_, other)) => {
                    faults.push(bad_escape(
                        here,
                        here + 1 + other.len_utf8(),
                        &format!("\\{other}"),
                    ));
                }
                None => break,
            }
        }
        self.at = self.text.len();
        faults.push(Fault {
            start,
            end: self.at,
            message: "this string is not closed".to_owned(),
        });
        Token::Unknown
    }

    fn symbol(&mut self, first: u8) -> Token<'a> {
        let second = self.text.as_bytes().get(self.at + 1).copied();
        let (token, len) = match (first, second) {
            (b'|', Some(b'|')) => (Token::Operator(Operator::Or), 2),
            (b'&', Some(b'&')) => (Token::Operator(Operator::And), 2),
            (b'=', Some(b'=')) => (Token::Operator(Operator::Equal), 2),
            (b'!', Some(b'=')) => (Token::Operator(Operator::NotEqual), 2),
            (b'<', Some(b'=')) => (Token::Operator(Operator::LessOrEqual), 2),
            (b'>', Some(b'=')) => (Token::Operator(Operator::GreaterOrEqual), 2),
            (b'<', _) => (Token::Operator(Operator::Less), 1),
            (b'>', _) => (Token::Operator(Operator::Greater), 1),
            (b'+', _) => (Token::Operator(Operator::Add), 1),
            (b'-', _) => (Token::Operator(Operator::Subtract), 1),
            (b'*', _) => (Token::Operator(Operator::Multiply), 1),
            (b'/', _) => (Token::Operator(Operator::Divide), 1),
            (b'%', _) => (Token::Operator(Operator::Remainder), 1),
            (b'!', _) => (Token::Not, 1),
            (b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b'.' | b'?' | b':', _) => {
                (Token::Mark(first), 1)
            }
            _ => (
                Token::Unknown,
                self.text[self.at..]
                    .chars()
                    .next()
                    .map_or(1, char::len_utf8),
            ),
        };
        self.at += len;
        token
    }
}

/// Four hexadecimal digits.
fn unicode(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + chars.next()?.1.to_digit(16)?;
    }
    char::from_u32(code)
}

fn bad_escape(start: usize, end: usize, what: &str) -> Fault {
    Fault {
        start,
        end,
        message: format!("`{what}` is not an escape; a backslash is written `\\\\`"),
    }
}
