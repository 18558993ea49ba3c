//! A text with expressions in it: `${{ … }}`; `$${{` stands for the characters themselves.
use super::{
    ast::{Ast, AstKind, Step},
    parse,
};
use crate::node::{Kind, Node};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// A text with expressions in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its parts. A single expression keeps its type.
    pub parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text as it stands.
    Text(String),
    /// An expression.
    Expr(Ast),
}

/// The template of a scalar, if expressions stand in it, and what is wrong with them.
pub fn parse_template(node: &Node) -> (Option<Template>, Vec<Diagnostic>) {
    let Kind::Scalar(s) = &node.kind else { return (None, Vec::new()) };
    if s.cut || !s.text.contains("${{") {
        return (None, Vec::new());
    }
    let place = |at: Span| Span::new(node.place(at.start), node.place(at.end));
    let mut problems = Vec::new();
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = s.text.as_str();
    while let Some(open) = rest.find("${{") {
        if rest[..open].ends_with('$') {
            text.push_str(&rest[..open - 1]);
            text.push_str("${{");
            rest = &rest[open + 3..];
            continue;
        }
        text.push_str(&rest[..open]);
        let body = &rest[open + 3..];
        let from = s.text.len() - body.len();
        let Some(close) = end(body) else {
            problems.push(
                Diagnostic::error("expression::open", "this expression has no `}}`")
                    .at(Location::new(node.origin.clone(), place(Span::new(from as u32 - 3, s.text.len() as u32)))),
            );
            return (None, problems);
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        let (mut ast, errors) = parse::parse(&body[..close]);
        for e in errors {
            let at = place(e.at.offset(from as u32));
            problems.push(
                Diagnostic::error("expression::syntax", e.message)
                    .at(Location::new(node.origin.clone(), at))
                    .help_opt(e.help),
            );
        }
        shift(&mut ast, &|at| place(at.offset(from as u32)));
        parts.push(Part::Expr(ast));
        rest = &body[close + 2..];
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    (Some(Template { parts }), problems)
}

/// Where the `}}` stands that ends an expression: not inside a text, not the end of a map in a map.
fn end(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let (mut quote, mut depth, mut i) = (None, 0_usize, 0);
    while i < bytes.len() {
        match (quote, bytes[i]) {
            (Some(_), b'\\') => i += 1,
            (Some(q), b) if b == q => quote = None,
            (Some(_), _) => {}
            (None, b @ (b'"' | b'\'')) => quote = Some(b),
            (None, b'{') => depth += 1,
            (None, b'}') if depth > 0 => depth -= 1,
            (None, b'}') if bytes.get(i + 1) == Some(&b'}') => return Some(i),
            (None, _) => {}
        }
        i += 1;
    }
    None
}

fn shift(ast: &mut Ast, place: &dyn Fn(Span) -> Span) {
    ast.at = place(ast.at);
    match &mut ast.kind {
        AstKind::Path(base, steps) => {
            shift(base, place);
            for step in steps {
                if let Step::Index(index) = step {
                    shift(index, place);
                }
            }
        }
        AstKind::Call(_, args) | AstKind::List(args) => args.iter_mut().for_each(|a| shift(a, place)),
        AstKind::Method(on, _, args) => {
            shift(on, place);
            args.iter_mut().for_each(|a| shift(a, place));
        }
        AstKind::Each { over, body, .. } => {
            shift(over, place);
            shift(body, place);
        }
        AstKind::Not(x) | AstKind::Neg(x) => shift(x, place),
        AstKind::Chain(first, rest) => {
            shift(first, place);
            rest.iter_mut().for_each(|(_, a)| shift(a, place));
        }
        AstKind::If(c, a, b) => {
            shift(c, place);
            shift(a, place);
            shift(b, place);
        }
        AstKind::Map(entries) => entries.iter_mut().for_each(|(k, v)| {
            shift(k, place);
            shift(v, place);
        }),
        _ => {}
    }
}
