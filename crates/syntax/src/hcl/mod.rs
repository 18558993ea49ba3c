//! HCL, block by block and attribute by attribute: what can't be read loses nothing but itself.
//!
//! A scanner of our own finds blocks and attributes; only single expressions are given to a parser. That something can't
//! be read here never means that it is invalid: only its tool may say that.
mod literal;
mod scan;
mod uses;

pub use literal::{literal, literal_entries};
pub use scan::{Kind, Scanner, Token};
pub use uses::{UsedFile, Uses, uses};
pub(crate) use uses::{guarded, uses_of};

use crate::node::Origin;
use std::ops::Range;
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
    value::Value,
};

/// The deepest nesting of blocks that is read.
const MAX_DEPTH: u32 = 16;
/// After so many blocks that are not closed, nothing more of a file is read: each costs a look at all that follows.
const MAX_UNCLOSED: u32 = 32;

/// A block: its header, and where its body stands. The body is read when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `variable`, `resource`, …
    pub ident: String,
    /// What stands between the name and the brace, without quotes.
    pub labels: Vec<String>,
    /// From the name to the closing brace, in bytes of the file.
    pub span: Span,
    /// The name and the labels.
    pub header: Span,
    /// What stands between the braces.
    pub body: Span,
    /// Its file.
    pub origin: Origin,
}

/// An attribute: `name = expression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'t> {
    /// The name.
    pub name: &'t str,
    /// Where the name stands, in bytes of the file.
    pub name_span: Span,
    /// The expression as it is written.
    pub text: &'t str,
    /// Where the expression stands.
    pub span: Span,
}

/// What stands in a block or in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body<'t> {
    /// Its attributes, in order.
    pub attributes: Vec<Attribute<'t>>,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

impl Block {
    /// Where its header stands: what a message should point at.
    pub fn location(&self) -> Location {
        Location::new(self.origin.clone(), self.header)
    }
    /// The first label, or nothing.
    pub fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }
    /// The text of its body, in the text of its file.
    pub fn body_text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.body.start as usize..self.body.end as usize)
            .unwrap_or("")
    }
    /// Its attributes and blocks; what can't be read is said as a warning.
    pub fn read<'t>(&self, text: &'t str) -> (Body<'t>, Vec<Diagnostic>) {
        let mut reader = Reader::new(
            &self.origin,
            text,
            self.body.start as usize..self.body.end as usize,
        );
        reader.body();
        (reader.out, reader.problems)
    }
}

impl<'t> Body<'t> {
    /// The attribute with a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute<'t>> {
        self.attributes.iter().find(|a| a.name == name)
    }
    /// The value of an attribute, when it is written out.
    pub fn value(&self, name: &str) -> Option<Value> {
        self.attribute(name).and_then(|a| literal(a.text))
    }
    /// The text of an attribute, when it is a text that is written out.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(s) => Some(s),
            _ => None,
        }
    }
    /// Is the attribute written out as `true`?
    pub fn is_true(&self, name: &str) -> bool {
        self.attribute(name)
            .is_some_and(|a| a.text.trim() == "true")
    }
}

/// The attributes and blocks of a file. Every problem is a warning: what could not be read is unknown, not wrong.
pub fn body<'t>(file: &Origin, text: &'t str) -> (Body<'t>, Vec<Diagnostic>) {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader::new(file, text, start..text.len());
    reader.body();
    (reader.out, reader.problems)
}

/// The blocks of a file. Every problem is a warning.
pub fn blocks(file: &Origin, text: &str) -> (Vec<Block>, Vec<Diagnostic>) {
    let (body, problems) = body(file, text);
    (body.blocks, problems)
}

/// "This could not be read", as a warning.
pub fn unreadable(at: Location, what: &str) -> Diagnostic {
    Diagnostic::warning(
        "hcl::unreadable",
        format!("{what} could not be read; what it declares is unknown"),
    )
    .at(at)
}

struct Reader<'r, 't> {
    file: &'r Origin,
    text: &'t str,
    end: usize,
    scanner: Scanner<'t>,
    out: Body<'t>,
    problems: Vec<Diagnostic>,
    unclosed: u32,
}

fn span(range: &Range<usize>) -> Span {
    Span::new(range.start as u32, range.end as u32)
}

impl<'r, 't> Reader<'r, 't> {
    fn new(file: &'r Origin, text: &'t str, range: Range<usize>) -> Self {
        let end = range.end.min(text.len());
        let scanner = Scanner::from(&text[..end], range.start);
        Self {
            file,
            text,
            end,
            scanner,
            out: Body::default(),
            problems: Vec::new(),
            unclosed: 0,
        }
    }
    fn problem(&mut self, range: &Range<usize>, what: &str) {
        let at = Location::new(self.file.clone(), span(range));
        self.problems.push(unreadable(at, what));
    }

    fn body(&mut self) {
        while let Some(token) = self.scanner.next() {
            match token.kind {
                Kind::Newline => {}
                Kind::Word => self.item(&token.range),
                _ => {
                    self.problem(&token.range, "this line");
                    self.skip_line();
                }
            }
        }
    }

    /// Passes over what is left of a line that can't be read.
    fn skip_line(&mut self) {
        let mut depth = 0_u32;
        for token in self.scanner.by_ref() {
            match token.kind {
                Kind::Newline if token.depth == 0 && depth == 0 => return,
                Kind::Mark(b'{' | b'[' | b'(') if token.depth == 0 => depth += 1,
                Kind::Mark(b'}' | b']' | b')') if token.depth == 0 => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
    }

    /// An attribute or a block that begins with a word.
    fn item(&mut self, word: &Range<usize>) {
        let mut labels = Vec::new();
        let mut header_end = word.end;
        loop {
            let Some(token) = self.scanner.next() else {
                return self.problem(word, "this line");
            };
            match token.kind {
                Kind::Mark(b'=') if labels.is_empty() => return self.attribute(word, &token.range),
                Kind::Mark(b'{') => return self.block(word, header_end, labels, &token.range),
                Kind::Word => labels.push(self.text[token.range.clone()].to_owned()),
                Kind::TextOpen => labels.push(self.label()),
                _ => {
                    self.problem(&(word.start..token.range.start), "this line");
                    if token.kind != Kind::Newline {
                        self.skip_line();
                    }
                    return;
                }
            }
            header_end = self.scanner.position();
        }
    }

    /// The text of a quoted label.
    fn label(&mut self) -> String {
        let mut label = String::new();
        for token in self.scanner.by_ref() {
            match token.kind {
                Kind::TextClose if token.depth == 1 => break,
                _ => label.push_str(&self.text[token.range]),
            }
        }
        label
    }

    /// The expression of an attribute: up to the end of the line on which no bracket is open.
    fn attribute(&mut self, name: &Range<usize>, equals: &Range<usize>) {
        let start = equals.end;
        let mut end = start;
        let mut depth = 0_u32;
        for token in self.scanner.by_ref() {
            match token.kind {
                Kind::Newline if token.depth == 0 && depth == 0 => break,
                Kind::Newline => continue,
                Kind::Mark(b'{' | b'[' | b'(') if token.depth == 0 => depth += 1,
                Kind::Mark(b'}' | b']' | b')') if token.depth == 0 => {
                    let Some(less) = depth.checked_sub(1) else {
                        break;
                    };
                    depth = less;
                }
                _ => {}
            }
            end = token.range.end;
        }
        let text: &'t str = self.text;
        let raw = &text[start..end];
        let expression = raw.trim();
        let from = start + (raw.len() - raw.trim_start().len());
        if expression.is_empty() {
            return self.problem(name, "this attribute");
        }
        self.out.attributes.push(Attribute {
            name: &text[name.clone()],
            name_span: span(name),
            text: expression,
            span: Span::new(from as u32, (from + expression.len()) as u32),
        });
    }

    fn block(
        &mut self,
        ident: &Range<usize>,
        header_end: usize,
        labels: Vec<String>,
        open: &Range<usize>,
    ) {
        let (body_end, end) = self.closing_brace(ident, open);
        self.out.blocks.push(Block {
            ident: self.text[ident.clone()].to_owned(),
            labels,
            span: Span::new(ident.start as u32, end as u32),
            header: Span::new(ident.start as u32, header_end as u32),
            body: Span::new(open.end as u32, body_end as u32),
            origin: self.file.clone(),
        });
    }

    /// Where the body of a block ends and where the block ends. One that is never closed ends before the next line that
    /// begins, without indentation, as a block does.
    fn closing_brace(&mut self, ident: &Range<usize>, open: &Range<usize>) -> (usize, usize) {
        let mut depth = 0_u32;
        for token in self.scanner.by_ref() {
            if token.depth > 0 {
                continue;
            }
            match token.kind {
                Kind::Mark(b'{') => depth += 1,
                Kind::Mark(b'}') if depth == 0 => return (token.range.start, token.range.end),
                Kind::Mark(b'}') => depth -= 1,
                _ => {}
            }
        }
        self.problem(&(ident.start..open.end), "this block is not closed and");
        self.unclosed += 1;
        let end = next_header(self.text, open.end)
            .filter(|_| self.unclosed < MAX_UNCLOSED)
            .unwrap_or(self.end)
            .min(self.end);
        self.scanner = Scanner::from(&self.text[..self.end], end);
        (end, end)
    }
}

/// The next line that begins, without indentation, as a block does.
fn next_header(text: &str, from: usize) -> Option<usize> {
    let mut at = from + text[from..].find('\n')? + 1;
    loop {
        let line = text[at..].lines().next().unwrap_or("");
        let word = line.starts_with(|c: char| c.is_ascii_lowercase());
        if word && line.trim_end().ends_with('{') && !line.contains('=') {
            return Some(at);
        }
        at += text[at..].find('\n')? + 1;
    }
}

/// The blocks inside a block, to a depth that no sane file has; those deeper are left out.
pub fn walk<'t>(block: &Block, text: &'t str, visit: &mut dyn FnMut(&Block, &Body<'t>)) {
    let mut open = vec![(block.clone(), 0)];
    while let Some((block, depth)) = open.pop() {
        let (body, _) = block.read(text);
        visit(&block, &body);
        if depth < MAX_DEPTH {
            open.extend(body.blocks.iter().map(|b| (b.clone(), depth + 1)));
        }
    }
}

#[cfg(test)]
mod tests;
