//! The value of an expression in a scope, as far as it is known.
use super::{
    ast::{Ast, AstKind, Each, Op, Step},
    functions,
    template::{Part, Template},
};
use std::{cell::RefCell, collections::BTreeMap};
use strata_core::{
    diagnostic::suggest,
    span::Span,
    ty::Type,
    value::{Number, OutputRef, Term},
};

/// What a name stands for: a value, or something that is looked into step by step.
pub enum Item<'a> {
    /// A value.
    Term(Term),
    /// Something with parts.
    Object(Box<dyn Object + 'a>),
}

/// Something with parts that are worked out only when asked for.
pub trait Object {
    /// A part; the message says what was expected.
    fn get(&self, key: &str) -> Result<Item<'_>, String>;
    /// All of it as one value, where that makes sense.
    fn whole(&self) -> Option<Term> {
        None
    }
}

/// What an expression sees.
pub trait Scope {
    /// What a name stands for.
    fn name(&self, name: &str) -> Option<Item<'_>>;
    /// What a name stands for in another environment.
    fn env(&self, env: &str, name: &str) -> Option<Item<'_>>;
    /// A secret by its specification.
    fn secret(&self, spec: &str) -> Result<Term, String>;
}

/// An expression that has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

type Result<T, E = EvalError> = std::result::Result<T, E>;

fn error<T>(at: Span, message: impl Into<String>) -> Result<T> {
    Err(EvalError { span: at, message: message.into(), help: None })
}

/// The value of a template.
pub fn eval(template: &Template, scope: &dyn Scope) -> Result<Term> {
    if let [Part::Expr(ast)] = template.parts.as_slice() {
        return eval_ast(ast, scope);
    }
    let mut parts = Vec::new();
    for part in &template.parts {
        parts.push(match part {
            Part::Text(text) => Term::String(text.clone()),
            Part::Expr(ast) => match eval_ast(ast, scope)? {
                Term::Map(_) | Term::List(_) => {
                    return Err(EvalError {
                        span: ast.at,
                        message: "a list or a map cannot stand inside a text".to_owned(),
                        help: Some("write `json(…)` around it".to_owned()),
                    });
                }
                Term::Null => return error(ast.at, "this is null and cannot stand inside a text"),
                term => term,
            },
        });
    }
    Ok(join(parts))
}

/// Parts of a text as one: joined where all are known, kept apart where one is a secret.
pub(super) fn join(parts: Vec<Term>) -> Term {
    let mut flat: Vec<Term> = Vec::new();
    for part in parts {
        match part {
            Term::Hole { filled_by, .. } => return Term::Hole { ty: Type::String, filled_by },
            Term::Text(inner) => flat.extend(inner),
            Term::Number(n) => flat.push(Term::String(n.0)),
            Term::Bool(b) => flat.push(Term::String(b.to_string())),
            other => flat.push(other),
        }
    }
    if let Some(by) = flat.iter().find_map(|t| match t {
        Term::Predicted { by, .. } => Some(by.clone()),
        _ => None,
    }) {
        let inner = flat
            .into_iter()
            .map(|t| match t {
                Term::Predicted { value, .. } => *value,
                t => t,
            })
            .collect();
        return Term::Predicted { value: Box::new(join(inner)), by };
    }
    if flat.iter().all(|t| matches!(t, Term::String(_))) {
        let text = flat.into_iter().map(|t| if let Term::String(s) = t { s } else { String::new() }).collect();
        return Term::String(text);
    }
    Term::Text(flat)
}

/// The value of an expression.
pub fn eval_ast(ast: &Ast, scope: &dyn Scope) -> Result<Term> {
    Evaluator { scope, bound: RefCell::default() }.eval(ast)
}

struct Evaluator<'s> {
    scope: &'s dyn Scope,
    bound: RefCell<Vec<(String, Term)>>,
}

/// What is computed from something unknown is unknown in the same way.
fn unknown(t: &Term, ty: Type) -> Option<Term> {
    match t {
        Term::Hole { filled_by, .. } => Some(Term::Hole { ty, filled_by: filled_by.clone() }),
        _ => None,
    }
}

/// The value inside a prediction, and who made it.
fn open(t: Term) -> (Term, Option<OutputRef>) {
    match t {
        Term::Predicted { value, by } => (*value, Some(by)),
        t => (t, None),
    }
}

fn close(t: Term, by: Option<OutputRef>) -> Term {
    match by {
        Some(by) => Term::Predicted { value: Box::new(t), by },
        None => t,
    }
}

impl Evaluator<'_> {
    fn eval(&self, ast: &Ast) -> Result<Term> {
        Ok(match &ast.kind {
            AstKind::Null => Term::Null,
            AstKind::Bool(b) => Term::Bool(*b),
            AstKind::Number(n) => Term::Number(Number(n.clone())),
            AstKind::String(s) => Term::String(s.clone()),
            AstKind::Bad => return error(ast.at, "this expression could not be read"),
            AstKind::Name(name) => self.whole(ast.at, self.named(ast.at, name)?)?,
            AstKind::Path(base, steps) => self.path(ast.at, base, steps)?,
            AstKind::Call(f, args) => self.call(ast.at, f, args)?,
            AstKind::Method(on, f, args) => {
                let mut all = vec![self.eval(on)?];
                for a in args {
                    all.push(self.eval(a)?);
                }
                self.apply(ast.at, f, all, true)?
            }
            AstKind::Each { over, how, var, body } => self.each(over, *how, var, body)?,
            AstKind::Not(x) => match self.eval(x)? {
                Term::Bool(b) => Term::Bool(!b),
                t => match unknown(&t, Type::Bool) {
                    Some(t) => t,
                    None => return error(x.at, "`!` needs true or false"),
                },
            },
            AstKind::Neg(x) => match self.eval(x)? {
                Term::Number(n) => Term::Number(functions::negate(&n)),
                t => match unknown(&t, Type::Number) {
                    Some(t) => t,
                    None => return error(x.at, "`-` needs a number"),
                },
            },
            AstKind::Chain(first, rest) => self.chain(first, rest)?,
            AstKind::If(c, yes, no) => match open(self.eval(c)?) {
                (Term::Bool(true), by) => close(self.eval(yes)?, by),
                (Term::Bool(false), by) => close(self.eval(no)?, by),
                (t, _) => match unknown(&t, Type::Any) {
                    Some(t) => t,
                    None => return error(c.at, "a condition must be true or false"),
                },
            },
            AstKind::List(items) => Term::List(items.iter().map(|a| self.eval(a)).collect::<Result<_>>()?),
            AstKind::Map(entries) => {
                let mut out = BTreeMap::new();
                for (k, v) in entries {
                    let Term::String(key) = self.eval(k)? else { return error(k.at, "a key must be a text") };
                    out.insert(key, self.eval(v)?);
                }
                Term::Map(out)
            }
        })
    }

    fn named(&self, at: Span, name: &str) -> Result<Item<'_>> {
        if let Some((_, t)) = self.bound.borrow().iter().rev().find(|(n, _)| n == name) {
            return Ok(Item::Term(t.clone()));
        }
        match self.scope.name(name) {
            Some(item) => Ok(item),
            None => error(at, format!("there is no `{name}` here")),
        }
    }

    fn whole(&self, at: Span, item: Item<'_>) -> Result<Term> {
        match item {
            Item::Term(t) => Ok(t),
            Item::Object(o) => match o.whole() {
                Some(t) => Ok(t),
                None => Err(EvalError {
                    span: at,
                    message: "this is not a value".to_owned(),
                    help: Some("name one of its parts, as in `vpc.outputs.id`".to_owned()),
                }),
            },
        }
    }

    fn path(&self, at: Span, base: &Ast, steps: &[Step]) -> Result<Term> {
        let mut keys: Vec<Term> = Vec::with_capacity(steps.len());
        for step in steps {
            keys.push(match step {
                Step::Field(k) | Step::Key(k) => Term::String(k.clone()),
                Step::Index(index) => self.eval(index)?,
            });
        }
        if let Some(t) = keys.iter().find_map(|k| unknown(k, Type::Any)) {
            return Ok(t);
        }
        match &base.kind {
            AstKind::Name(name) => self.walk(at, self.named(base.at, name)?, &keys),
            AstKind::Call(f, args) if f == "env" => {
                let (Some(Ast { kind: AstKind::String(env), .. }), [Term::String(name), rest @ ..]) = (args.first(), keys.as_slice())
                else {
                    return error(at, "write env(\"NAME\").component.outputs.x");
                };
                match self.scope.env(env, name) {
                    Some(item) => self.walk(at, item, rest),
                    None => error(at, format!("there is no `{name}` in the environment `{env}`")),
                }
            }
            _ => self.walk(at, Item::Term(self.eval(base)?), &keys),
        }
    }

    fn walk(&self, at: Span, item: Item<'_>, keys: &[Term]) -> Result<Term> {
        let Some((key, rest)) = keys.split_first() else { return self.whole(at, item) };
        match item {
            Item::Object(o) => {
                let name = match key {
                    Term::String(s) => s.clone(),
                    Term::Number(n) => n.0.clone(),
                    _ => return error(at, "a part is named by a text"),
                };
                match o.get(&name) {
                    Ok(next) => self.walk(at, next, rest),
                    Err(message) => error(at, message),
                }
            }
            Item::Term(mut term) => {
                for key in keys {
                    term = part(at, term, key)?;
                }
                Ok(term)
            }
        }
    }

    fn call(&self, at: Span, f: &str, args: &[Ast]) -> Result<Term> {
        match f {
            "secret" => match args {
                [Ast { kind: AstKind::String(spec), .. }] => {
                    self.scope.secret(spec).or_else(|message| error(at, message))
                }
                _ => error(at, "write secret(\"env:NAME\"), secret(\"file:PATH\") or secret(\"generate:NAME\")"),
            },
            "env" => error(at, "write env(\"NAME\").component.outputs.x"),
            "has" => match args {
                [a] => Ok(Term::Bool(self.eval(a).is_ok_and(|t| t != Term::Null))),
                _ => error(at, "`has` takes one path"),
            },
            _ => {
                let args = args.iter().map(|a| self.eval(a)).collect::<Result<Vec<_>>>()?;
                self.apply(at, f, args, false)
            }
        }
    }

    fn apply(&self, at: Span, f: &str, args: Vec<Term>, method: bool) -> Result<Term> {
        let names = functions::names(method);
        if !names.contains(&f) {
            return Err(EvalError {
                span: at,
                message: format!("there is no function `{f}`"),
                help: suggest(f, names.iter().copied()),
            });
        }
        if let Some(t) = args.iter().find(|t| !t.holes().is_empty()) {
            let by = t.holes()[0].clone();
            return Ok(Term::Hole { ty: Type::Any, filled_by: by });
        }
        if args.iter().any(Term::is_secret) && !matches!(f, "merge" | "lookup" | "keys" | "size") {
            return Err(EvalError {
                span: at,
                message: format!("`{f}` cannot be computed from a secret"),
                help: Some("give the tool the secret itself; a list or map with secrets is written as JSON by itself".to_owned()),
            });
        }
        let mut by = None;
        let args = args
            .into_iter()
            .map(|t| {
                let (t, b) = open(t);
                by = by.take().or(b);
                t
            })
            .collect::<Vec<_>>();
        functions::apply(f, &args).map(|t| close(t, by)).or_else(|message| error(at, message))
    }

    fn each(&self, over: &Ast, how: Each, var: &str, body: &Ast) -> Result<Term> {
        let list = match self.eval(over)? {
            Term::List(l) => l,
            // the keys of a map, as in CEL
            Term::Map(m) => m.into_keys().map(Term::String).collect(),
            t => match unknown(&t, Type::Any) {
                Some(t) => return Ok(t),
                None => return error(over.at, "this is neither a list nor a map"),
            },
        };
        let mut out = Vec::new();
        for element in list {
            self.bound.borrow_mut().push((var.to_owned(), element.clone()));
            let result = self.eval(body);
            self.bound.borrow_mut().pop();
            let result = result?;
            if how == Each::Map {
                out.push(result);
                continue;
            }
            let yes = match result {
                Term::Bool(b) => b,
                t => match unknown(&t, Type::Any) {
                    Some(t) => return Ok(t),
                    None => return error(body.at, "this must be true or false"),
                },
            };
            match (how, yes) {
                (Each::Filter, true) => out.push(element),
                (Each::All, false) => return Ok(Term::Bool(false)),
                (Each::Exists, true) => return Ok(Term::Bool(true)),
                _ => {}
            }
        }
        Ok(match how {
            Each::All => Term::Bool(true),
            Each::Exists => Term::Bool(false),
            _ => Term::List(out),
        })
    }

    fn chain(&self, first: &Ast, rest: &[(Op, Ast)]) -> Result<Term> {
        let mut left = self.eval(first)?;
        for (op, ast) in rest {
            // what decides alone decides: the other side need not exist
            match (op, &left) {
                (Op::And, Term::Bool(false)) | (Op::Or, Term::Bool(true)) => continue,
                _ => {}
            }
            let right = self.eval(ast)?;
            let ty = match op {
                Op::Add => Type::Any,
                Op::Sub | Op::Mul | Op::Div | Op::Rem => Type::Number,
                _ => Type::Bool,
            };
            if let Some(t) = unknown(&left, ty.clone()).or_else(|| unknown(&right, ty)) {
                left = t;
                continue;
            }
            if left.is_secret() || right.is_secret() {
                left = match (op, left, right) {
                    (Op::Add, a @ (Term::Text(_) | Term::Secret(_) | Term::String(_)), b @ (Term::Text(_) | Term::Secret(_) | Term::String(_))) => {
                        join(vec![a, b])
                    }
                    _ => return error(ast.at, format!("`{}` cannot be computed from a secret", op.text())),
                };
                continue;
            }
            let (a, x) = open(left);
            let (b, y) = open(right);
            left = match functions::operate(*op, &a, &b) {
                Ok(t) => close(t, x.or(y)),
                Err((message, help)) => return Err(EvalError { span: ast.at, message, help }),
            };
        }
        Ok(left)
    }
}

/// A field, key or position of a value.
fn part(at: Span, term: Term, key: &Term) -> Result<Term> {
    let text = match key {
        Term::String(s) => s.clone(),
        Term::Number(n) => n.0.clone(),
        _ => return error(at, "a part is named by a text or a number"),
    };
    match term {
        Term::Map(mut m) => match m.remove(&text) {
            Some(t) => Ok(t),
            None => Err(EvalError {
                span: at,
                message: format!("there is no `{text}` in it"),
                help: suggest(&text, m.keys().map(String::as_str)).or_else(|| {
                    Some(format!("it has: {}", m.keys().cloned().collect::<Vec<_>>().join(", ")))
                }),
            }),
        },
        Term::List(mut l) => match text.parse::<usize>() {
            Ok(i) if i < l.len() => Ok(l.swap_remove(i)),
            Ok(i) => error(at, format!("there is no position {i}: the list has {} elements", l.len())),
            Err(_) => error(at, format!("a list has no `{text}`; its parts are named by numbers")),
        },
        Term::Hole { ty, mut filled_by } => {
            let ty = match ty {
                Type::Object(mut f) => f.remove(&text).map_or(Type::Any, |f| f.ty),
                Type::Map(t) | Type::List(t) => *t,
                _ => Type::Any,
            };
            filled_by.path.push(text);
            Ok(Term::Hole { ty, filled_by })
        }
        Term::Predicted { value, by } => {
            let inner = part(at, *value, key)?;
            Ok(Term::Predicted { value: Box::new(inner), by })
        }
        Term::Secret(mut s) => {
            s.path.push(text);
            Ok(Term::Secret(s))
        }
        Term::Null => error(at, format!("null has no `{text}`")),
        _ => error(at, format!("this value has no parts, so there is no `{text}`")),
    }
}
