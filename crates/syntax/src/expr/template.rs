//! A scalar with `${{ … }}` in it: texts and expressions, one after the other.
use super::{
    ast::Ast,
    parser::{ParseError, read},
};
use crate::node::{Kind, Node, Origin, Scalar, Style};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// A scalar with expressions in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its parts in order. A single expression and nothing else keeps the type of its value.
    pub parts: Vec<Part>,
    /// The place of the whole scalar.
    pub span: Span,
    /// Its file.
    pub origin: Origin,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// `${{ ast }}`
    Expr {
        /// From `${{` to `}}`, in bytes of the file.
        span: Span,
        /// The expression.
        ast: Ast,
    },
}

impl Template {
    /// The expression, when there is nothing else: its value keeps its type.
    pub fn whole(&self) -> Option<&Ast> {
        match self.parts.as_slice() {
            [Part::Expr { ast, .. }] => Some(ast),
            _ => None,
        }
    }
    /// Its expressions.
    pub fn expressions(&self) -> impl Iterator<Item = &Ast> {
        self.parts.iter().filter_map(|p| match p {
            Part::Expr { ast, .. } => Some(ast),
            Part::Text(_) => None,
        })
    }
    /// A place in its file.
    pub fn location(&self, span: Span) -> Location {
        Location::new(self.origin.clone(), span)
    }
}

/// Reads an expression that stands alone, without `${{`; spans are bytes of the text.
pub fn parse(text: &str) -> Result<Ast, Vec<ParseError>> {
    let found = read(text, 0, &|at| at as u32);
    match found.ast {
        Some(ast) if found.end == text.len() => Ok(ast),
        Some(_) => {
            let span = Span::new(found.end as u32, text.len() as u32);
            let (word, help) = stray(&text[found.end..]);
            Err(vec![ParseError {
                span,
                message: format!("`{word}` is not expected here"),
                help,
            }])
        }
        None => Err(found.errors),
    }
}

/// Reads the expressions of a scalar. No template, and no problem, where there is no `${{`; no template but problems
/// where an expression could not be read. `$${{` stands for the text `${{`.
pub fn parse_template(node: &Node) -> (Option<Template>, Vec<Diagnostic>) {
    let Kind::Scalar(scalar) = &node.kind else {
        return (None, Vec::new());
    };
    if scalar.cut || !scalar.text.contains("${{") {
        return (None, Vec::new());
    }
    let mut reader = Reader {
        node,
        scalar,
        parts: Vec::new(),
        text: String::new(),
        problems: Vec::new(),
    };
    reader.read();
    if !reader.problems.is_empty() {
        return (None, reader.problems);
    }
    let template = Template {
        parts: reader.parts,
        span: node.span,
        origin: node.origin.clone(),
    };
    (Some(template), Vec::new())
}

struct Reader<'a> {
    node: &'a Node,
    scalar: &'a Scalar,
    parts: Vec<Part>,
    text: String,
    problems: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) {
        let text: &'a str = &self.scalar.text;
        let mut at = 0;
        while let Some(found) = text[at..].find("${{") {
            let open = at + found;
            if text[at..open].ends_with('$') {
                self.text.push_str(&text[at..open - 1]);
                self.text.push_str("${{");
                at = open + 3;
                continue;
            }
            self.text.push_str(&text[at..open]);
            at = self.expression(open);
        }
        self.text.push_str(&text[at..]);
        // a block scalar that is one expression ends in a line break that nobody meant
        if self.scalar.style == Style::Block && self.parts.len() == 1 && self.text.trim().is_empty()
        {
            self.text.clear();
        }
        self.flush();
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    /// Reads from `${{` on and says where to go on.
    fn expression(&mut self, open: usize) -> usize {
        let text: &'a str = &self.scalar.text;
        let node = self.node;
        let place = |offset: usize| node.place(offset as u32);
        let found = read(text, open + 3, &place);
        let close = text[open..].find("}}").map(|i| open + i + 2);
        let recover = close.unwrap_or(text.len());
        let Some(ast) = found.ast else {
            for error in found.errors {
                let help = error
                    .help
                    .or_else(|| close.is_none().then(|| "close it with `}}`".to_owned()));
                self.problem(error.message, error.span, help);
            }
            return recover;
        };
        if !text[found.end..].starts_with("}}") {
            return self.not_closed(open, found.end, recover);
        }
        self.flush();
        let span = Span::new(place(open), place(found.end + 1) + 1);
        self.parts.push(Part::Expr { span, ast });
        found.end + 2
    }

    fn not_closed(&mut self, open: usize, end: usize, recover: usize) -> usize {
        let node = self.node;
        let start = node.place(end as u32);
        if end == self.scalar.text.len() {
            let span = Span::new(node.place(open as u32), start);
            self.problem(
                "`${{` is not closed".to_owned(),
                span,
                Some("close it with `}}`".to_owned()),
            );
        } else {
            let (word, help) = stray(&self.scalar.text[end..]);
            let span = Span::new(start, start + word.len() as u32);
            self.problem(format!("`{word}` is not expected here"), span, help);
        }
        recover.max(end)
    }

    fn problem(&mut self, message: String, span: Span, help: Option<String>) {
        let at = Location::new(self.node.origin.clone(), span);
        self.problems.push(
            Diagnostic::error("expression::syntax", message)
                .at(at)
                .help_opt(help),
        );
    }
}

/// The first word of what follows an expression, and what people mean who come from other languages.
fn stray(rest: &str) -> (&str, Option<String>) {
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '}')
        .unwrap_or(rest.len());
    let word = if end == 0 {
        &rest[..rest.chars().next().map_or(0, char::len_utf8)]
    } else {
        &rest[..end]
    };
    let help = match word {
        "and" => "write `&&`",
        "or" => "write `||`",
        "not" => "write `!x`",
        "=" => "to compare, write `==`",
        "|" => "there are no filters; write `f(x)` or `x.f()`",
        "if" | "then" | "else" => "write `condition ? a : b`",
        _ if word.starts_with(['"', '\'']) => "texts are joined with `+`",
        _ => return (word, None),
    };
    (word, Some(help.to_owned()))
}
