//! The value of an expression in a scope, as far as it is known.
mod iterate;
mod operands;
mod operate;
mod path;

use super::{
    ast::{Ast, AstKind, Call, Conditional, Operator},
    functions,
    scope::{Item, Scope},
    template::{Part, Template},
};
pub(super) use operands::{Closed, Operands, kind};
pub(super) use operate::{equal, join};
use std::{cell::Cell, collections::BTreeMap};
use strata_core::{
    diagnostic::suggest,
    span::Span,
    ty::Type,
    value::{OutputRef, Term},
};

/// How many parts of expressions one evaluation may work out: nested comprehensions grow fast.
const MAX_WORK: u32 = 1_000_000;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EvalError {
    /// Where, in bytes of the file.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

/// What is wrong with an operation, before its place is known.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }
    /// From what a scope says: what follows `; ` is the way out.
    pub(super) fn of_scope(said: String) -> Self {
        match said.split_once("; ") {
            Some((message, help)) => Self::new(message).help(help),
            None => Self::new(said),
        }
    }
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    pub(super) fn at(self, span: Span) -> EvalError {
        EvalError {
            span,
            message: self.message,
            help: self.help,
        }
    }
}

type Answer<T = Term> = Result<T, EvalError>;

fn fail<T>(span: Span, message: impl Into<String>) -> Answer<T> {
    Err(Wrong::new(message).at(span))
}

/// The value of a template: of its single expression, or a text of all parts. A text in which a secret stands is a
/// [`Term::Text`], one in which a hole stands is a hole.
pub fn eval(template: &Template, scope: &dyn Scope) -> Result<Term, EvalError> {
    if let Some(ast) = template.whole() {
        return eval_ast(ast, scope);
    }
    let machine = Machine::new(scope);
    let mut parts = Vec::with_capacity(template.parts.len());
    for part in &template.parts {
        match part {
            Part::Text(text) => parts.push(Term::String(text.clone())),
            Part::Expr { ast, .. } => {
                let term = machine.eval(ast, None)?;
                operate::insertable(&term).map_err(|w| w.at(ast.span))?;
                parts.push(term);
            }
        }
    }
    Ok(operate::join(parts))
}

/// The value of one expression.
pub fn eval_ast(ast: &Ast, scope: &dyn Scope) -> Result<Term, EvalError> {
    Machine::new(scope).eval(ast, None)
}

/// A variable of a comprehension, and those around it.
#[derive(Clone, Copy)]
pub(super) struct Bound<'b> {
    name: &'b str,
    term: &'b Term,
    outer: Option<&'b Bound<'b>>,
}

fn bound_term<'b>(mut bound: Option<&'b Bound<'b>>, name: &str) -> Option<&'b Term> {
    while let Some(b) = bound {
        if b.name == name {
            return Some(b.term);
        }
        bound = b.outer;
    }
    None
}

/// Works out expressions in one scope.
pub(super) struct Machine<'s> {
    scope: &'s dyn Scope,
    work: Cell<u32>,
}

impl<'s> Machine<'s> {
    fn new(scope: &'s dyn Scope) -> Self {
        Self {
            scope,
            work: Cell::new(0),
        }
    }

    fn eval(&self, ast: &Ast, bound: Option<&Bound<'_>>) -> Answer {
        let work = self.work.get() + 1;
        self.work.set(work);
        if work > MAX_WORK {
            return fail(ast.span, "this takes too long to work out");
        }
        match &ast.kind {
            AstKind::Null => Ok(Term::Null),
            AstKind::Bool(b) => Ok(Term::Bool(*b)),
            AstKind::Number(n) => Ok(Term::Number(n.clone())),
            AstKind::String(s) => Ok(Term::String(s.clone())),
            AstKind::Name(_) => self.chain(ast, &[], bound),
            AstKind::Chain(base, links) => self.chain(base, links, bound),
            AstKind::Call(call) => self.call(ast, call, bound),
            AstKind::Not(inner) => self.not(inner, bound),
            AstKind::Negate(inner) => self.negate(inner, bound),
            AstKind::Operation(first, rest) => self.operation(first, rest, bound),
            AstKind::If(c) => self.conditional(c, bound),
            AstKind::List(items) => self.all(items, bound).map(Term::List),
            AstKind::Map(entries) => self.map(entries, bound),
        }
    }

    fn all(&self, items: &[Ast], bound: Option<&Bound<'_>>) -> Answer<Vec<Term>> {
        items.iter().map(|a| self.eval(a, bound)).collect()
    }

    fn map(&self, entries: &[(Ast, Ast)], bound: Option<&Bound<'_>>) -> Answer {
        let mut map = BTreeMap::new();
        let mut operands = Operands::default();
        for (key, value) in entries {
            let name = self.eval(key, bound)?;
            match operands.peel(&name) {
                Term::String(name) => {
                    map.insert(name.clone(), self.eval(value, bound)?);
                }
                Term::Hole { filled_by, .. } => return Ok(hole(Type::Any, filled_by)),
                other => return fail(key.span, format!("a key is a string, not {}", kind(other))),
            }
        }
        Ok(operands.conclude(Term::Map(map)))
    }

    fn not(&self, inner: &Ast, bound: Option<&Bound<'_>>) -> Answer {
        let term = self.eval(inner, bound)?;
        let mut operands = Operands::default();
        match operands.peel(&term) {
            Term::Bool(b) => Ok(operands.conclude(Term::Bool(!b))),
            Term::Hole { filled_by, .. } => Ok(hole(Type::Bool, filled_by)),
            other => fail(
                inner.span,
                format!("`!` needs a bool, this is {}", kind(other)),
            ),
        }
    }

    fn negate(&self, inner: &Ast, bound: Option<&Bound<'_>>) -> Answer {
        let term = self.eval(inner, bound)?;
        let mut operands = Operands::default();
        match operands.peel(&term) {
            Term::Number(n) => Ok(operands.conclude(Term::Number(operate::negated(n)))),
            Term::Hole { filled_by, .. } => Ok(hole(Type::Number, filled_by)),
            other => fail(
                inner.span,
                format!("`-` needs a number, this is {}", kind(other)),
            ),
        }
    }

    fn conditional(&self, c: &Conditional, bound: Option<&Bound<'_>>) -> Answer {
        let condition = self.eval(&c.condition, bound)?;
        let mut operands = Operands::default();
        let branch = match operands.peel(&condition) {
            Term::Bool(true) => &c.then,
            Term::Bool(false) => &c.otherwise,
            Term::Hole { filled_by, .. } => return Ok(hole(Type::Any, filled_by)),
            other => {
                let message = format!("a condition is a bool, this is {}", kind(other));
                return fail(c.condition.span, message);
            }
        };
        Ok(operands.conclude(self.eval(branch, bound)?))
    }

    fn operation(
        &self,
        first: &Ast,
        rest: &[(Operator, Ast)],
        bound: Option<&Bound<'_>>,
    ) -> Answer {
        let mut left = self.eval(first, bound)?;
        let mut span = first.span;
        for (operator, ast) in rest {
            // what decides alone decides: the other side isn't even looked at
            let decided = match operator {
                Operator::And => matches!(left, Term::Bool(false)),
                Operator::Or => matches!(left, Term::Bool(true)),
                _ => false,
            };
            if !decided {
                let right = self.eval(ast, bound)?;
                let both = Span::new(span.start, ast.span.end);
                left = operate::operate(*operator, left, right).map_err(|w| w.at(both))?;
            }
            span.end = ast.span.end;
        }
        Ok(left)
    }

    fn call(&self, ast: &Ast, call: &Call, bound: Option<&Bound<'_>>) -> Answer {
        match (call.name.as_str(), call.arguments.as_slice()) {
            ("secret", [spec]) => match self.eval(spec, bound)? {
                Term::String(spec) => self.scope.secret(&spec).map_err(|m| Wrong::of_scope(m).at(ast.span)),
                other => fail(spec.span, format!("a secret is named by a string, not by {}", kind(&other))),
            },
            ("secret", _) => fail(ast.span, "`secret` takes one string, such as `secret(\"env:NAME\")`"),
            ("env", _) => Err(Wrong::new("an environment is not a value")
                .help("write `env(\"NAME\").component.outputs.name`; this environment's name is `env.name`")
                .at(ast.span)),
            ("has", [path]) => self.has(path, bound),
            ("has", _) => fail(ast.span, "`has` takes one path, such as `has(values.region)`"),
            _ => {
                let arguments = self.all(&call.arguments, bound)?;
                functions::call(call, functions::Form::Function, &arguments)
            }
        }
    }

    /// Is it there, and not null?
    fn has(&self, path: &Ast, bound: Option<&Bound<'_>>) -> Answer {
        let Ok(term) = self.eval(path, bound) else {
            return Ok(Term::Bool(false));
        };
        let mut operands = Operands::default();
        match operands.peel(&term) {
            Term::Hole { filled_by, .. } => Ok(hole(Type::Bool, filled_by)),
            other => {
                let there = !matches!(other, Term::Null);
                Ok(operands.conclude(Term::Bool(there)))
            }
        }
    }

    fn named<'m>(&'m self, name: &str, span: Span) -> Answer<Item<'m>> {
        self.scope.name(name).ok_or_else(|| {
            let names = self.scope.names();
            let parts_exist =
                name.contains('-') && name.split('-').all(|p| names.iter().any(|n| n == p));
            let help = if parts_exist {
                Some("to subtract, put spaces around `-`".to_owned())
            } else {
                suggest(name, names.iter().map(String::as_str))
            };
            EvalError {
                span,
                message: format!("there is no `{name}` here"),
                help,
            }
        })
    }
}

/// What will be there when an output is.
pub(super) fn hole(ty: Type, filled_by: &OutputRef) -> Term {
    Term::Hole {
        ty,
        filled_by: filled_by.clone(),
    }
}
