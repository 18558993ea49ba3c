//! HCL, block by block: a block that cannot be read loses nothing but itself.
//!
//! A scanner of our own finds the top-level blocks; each is parsed alone. That we cannot read a block never means
//! that it is invalid: only its tool may say that.
use hcl_edit::{
    expr::Expression,
    structure::{Block as HclBlock, Body},
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
    value::{Number, Value},
};

/// A top-level block.
pub struct Block<'a> {
    /// `variable`, `resource` …
    pub ident: &'a str,
    /// What stands between the name and the brace.
    pub labels: Vec<String>,
    /// The whole block in the file.
    pub span: Span,
    /// Its text.
    pub text: &'a str,
    /// Where it stands.
    pub at: Location,
}

/// The top-level blocks of a file, in order.
pub fn blocks<'a>(file: &Arc<str>, text: &'a str) -> Vec<Block<'a>> {
    let mut out = Vec::new();
    let mut s = Scanner { bytes: text.as_bytes(), at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    while let Some(start) = s.next_word() {
        let Some(open) = s.header(start) else { continue };
        let end = s.body(open);
        let header = &text[start..open];
        let mut words = header_words(header);
        if words.is_empty() {
            continue;
        }
        let ident_end = header.find(|c: char| c.is_whitespace() || c == '"' || c == '{').unwrap_or(header.len());
        words.remove(0);
        let span = Span::new(start as u32, end as u32);
        out.push(Block {
            ident: &header[..ident_end],
            labels: words,
            span,
            text: &text[start..end],
            at: Location::new(file.clone(), Span::new(start as u32, open as u32)),
        });
    }
    out
}

impl Block<'_> {
    /// Its body, parsed; or that it could not be read.
    pub fn parse(&self) -> Result<HclBlock, Diagnostic> {
        let unreadable = || {
            Diagnostic::warning("hcl::unreadable", format!("this `{}` block could not be read; what it declares is unknown", self.ident))
                .at(self.at.clone())
        };
        let body: Body = hcl_edit::parser::parse_body(self.text).map_err(|_| unreadable())?;
        body.into_blocks().next().ok_or_else(unreadable)
    }
}

fn header_words(header: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            out.push(quoted[..end].to_owned());
            rest = quoted.get(end + 1..).unwrap_or("").trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
            out.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    out
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }
    /// Passes over a comment; says whether there was one.
    fn comment(&mut self) -> bool {
        match (self.peek(0), self.peek(1)) {
            (b'#', _) | (b'/', b'/') => {
                while self.at < self.bytes.len() && self.peek(0) != b'\n' {
                    self.at += 1;
                }
                true
            }
            (b'/', b'*') => {
                self.at += 2;
                while self.at < self.bytes.len() && (self.peek(0), self.peek(1)) != (b'*', b'/') {
                    self.at += 1;
                }
                self.at = (self.at + 2).min(self.bytes.len());
                true
            }
            _ => false,
        }
    }
    /// The start of the next word at the top level.
    fn next_word(&mut self) -> Option<usize> {
        while self.at < self.bytes.len() {
            if self.comment() {
                continue;
            }
            if self.peek(0).is_ascii_alphabetic() || self.peek(0) == b'_' {
                return Some(self.at);
            }
            if self.peek(0) == b'"' {
                self.string();
                continue;
            }
            self.at += 1;
        }
        None
    }
    /// From a word to the `{` of its block; `None` when it is an attribute (passed over).
    fn header(&mut self, start: usize) -> Option<usize> {
        self.at = start;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'{' => return Some(self.at),
                b'"' => self.string(),
                b'=' | b'\n' => {
                    self.line();
                    return None;
                }
                _ => self.at += 1,
            }
        }
        None
    }
    /// Passes over the rest of an attribute.
    fn line(&mut self) {
        let mut depth = 0_i32;
        while self.at < self.bytes.len() {
            if self.comment() {
                continue;
            }
            match self.peek(0) {
                b'\n' if depth <= 0 => return,
                b'"' => {
                    self.string();
                    continue;
                }
                b'<' if self.heredoc() => continue,
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }
    /// From the `{` of a block to one past its `}`.
    fn body(&mut self, open: usize) -> usize {
        self.at = open;
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            if self.comment() {
                continue;
            }
            match self.peek(0) {
                b'"' => {
                    self.string();
                    continue;
                }
                b'<' if self.heredoc() => continue,
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return self.at;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        self.bytes.len()
    }
    /// Passes over a text with its `${ … }`, which may hold texts again.
    fn string(&mut self) {
        self.at += 1;
        let mut open: Vec<usize> = Vec::new();
        while self.at < self.bytes.len() {
            match (self.peek(0), open.last_mut()) {
                (b'\\', None) => self.at += 1,
                (b'"', None) => {
                    self.at += 1;
                    return;
                }
                (b'$' | b'%', None) if self.peek(1) == b'{' && self.bytes.get(self.at.wrapping_sub(1)) != Some(&self.peek(0)) => {
                    self.at += 1;
                    open.push(0);
                }
                // a text inside an interpolation: as deep as the line allows, without recursion
                (b'"', Some(_)) => {
                    self.at += 1;
                    while self.at < self.bytes.len() && self.peek(0) != b'"' && self.peek(0) != b'\n' {
                        self.at += if self.peek(0) == b'\\' { 2 } else { 1 };
                    }
                }
                (b'{', Some(depth)) => *depth += 1,
                (b'}', Some(depth)) => {
                    if *depth == 0 {
                        open.pop();
                    } else {
                        *depth -= 1;
                    }
                }
                (b'\n', None) => return,
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.at.min(self.bytes.len());
    }
    /// Passes over a heredoc if one stands here.
    fn heredoc(&mut self) -> bool {
        if self.peek(1) != b'<' {
            return false;
        }
        let mut i = self.at + 2;
        if self.bytes.get(i) == Some(&b'-') {
            i += 1;
        }
        let from = i;
        while self.bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            i += 1;
        }
        if i == from {
            return false;
        }
        let word = self.bytes[from..i].to_vec();
        while i < self.bytes.len() {
            let end = self.bytes[i..].iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |n| i + n);
            if self.bytes[i..end].trim_ascii() == word.as_slice() {
                self.at = end;
                return true;
            }
            i = end + 1;
        }
        self.at = self.bytes.len();
        true
    }
}

/// The attributes of a block by name.
pub fn attributes(block: &HclBlock) -> BTreeMap<&str, &Expression> {
    block.body.attributes().map(|a| (a.key.as_str(), &a.value)).collect()
}

/// The value of an expression that is written out; `None` when it has to be computed.
pub fn literal(e: &Expression) -> Option<Value> {
    Some(match e {
        Expression::Null(_) => Value::Null,
        Expression::Bool(b) => Value::Bool(*b.value()),
        Expression::Number(n) => Value::Number(Number(n.value().to_string())),
        Expression::String(s) => Value::String(s.value().clone()),
        Expression::Array(a) => Value::List(a.iter().map(literal).collect::<Option<_>>()?),
        Expression::Object(o) => {
            let mut out = BTreeMap::new();
            for (k, v) in o {
                let key = match k {
                    hcl_edit::expr::ObjectKey::Ident(i) => i.as_str().to_owned(),
                    hcl_edit::expr::ObjectKey::Expression(e) => match literal(e)? {
                        Value::String(s) => s,
                        _ => return None,
                    },
                };
                out.insert(key, literal(v.expr())?);
            }
            Value::Map(out)
        }
        _ => return None,
    })
}

/// Is it the word `true`?
pub fn is_true(e: Option<&&Expression>) -> bool {
    matches!(e.and_then(|e| literal(e)), Some(Value::Bool(true)))
}

/// The literal texts given to calls of a function: `file("x")`, `templatefile("${path.module}/y", …)`.
pub fn calls<'a>(text: &'a str, function: &str) -> Vec<&'a str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(i) = rest.find(function) {
        let before = rest[..i].chars().next_back();
        let word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        rest = &rest[i + function.len()..];
        let Some(args) = rest.trim_start().strip_prefix('(') else { continue };
        if word {
            continue;
        }
        let Some(quoted) = args.trim_start().strip_prefix('"') else { continue };
        if let Some(end) = quoted.find('"') {
            out.push(&quoted[..end]);
        }
    }
    out
}
