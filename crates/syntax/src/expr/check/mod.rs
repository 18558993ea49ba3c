//! The type of an expression, and what is wrong with it before anything runs.
mod rules;

use super::{
    ast::{Ast, AstKind, Call, Comprehension, ComprehensionKind, Conditional, Link, Operator},
    functions::{self, Form, Kind},
    template::Template,
};
use crate::node::Origin;
use rules::{common, is_instances, literal_key, merged, missing, operator_type, same_kind, takes};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::{Location, Span},
    ty::{Field, Type},
};

/// The types of the names that an expression sees. Nested scopes are object types (`outputs` and so on); a component
/// with instances is a map of object types, and `["*"]` of it is a map of each field.
pub trait TypeScope {
    /// The type of a name; `None` when there is no such name.
    fn name(&self, name: &str) -> Option<Type>;
    /// The type of a name of another environment; `None` when there is none.
    fn env(&self, env: &str, name: &str) -> Option<Type>;
    /// All names, to suggest one.
    fn names(&self) -> Vec<String>;
}

/// The type of a template. What is wrong is added to `problems`; nothing is said twice about one part.
pub fn check(template: &Template, names: &dyn TypeScope, problems: &mut Vec<Diagnostic>) -> Type {
    let mut checker = Checker {
        names,
        origin: &template.origin,
        bound: Vec::new(),
        problems,
    };
    if let Some(ast) = template.whole() {
        return checker.ty(ast);
    }
    for ast in template.expressions() {
        let ty = checker.ty(ast);
        if matches!(
            ty,
            Type::List(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_)
        ) {
            let help = Some("write `json(…)` around it".to_owned());
            checker.say(ast.span, format!("a {ty} cannot stand inside a text"), help);
        }
    }
    Type::String
}

/// The type of one expression.
pub fn check_ast(
    ast: &Ast,
    origin: &Origin,
    names: &dyn TypeScope,
    problems: &mut Vec<Diagnostic>,
) -> Type {
    Checker {
        names,
        origin,
        bound: Vec::new(),
        problems,
    }
    .ty(ast)
}

struct Checker<'a> {
    names: &'a dyn TypeScope,
    origin: &'a Origin,
    bound: Vec<(&'a str, Type)>,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn say(&mut self, span: Span, message: String, help: Option<String>) -> Type {
        let at = Location::new(self.origin.clone(), span);
        self.problems.push(
            Diagnostic::error("expression::type", message)
                .at(at)
                .help_opt(help),
        );
        Type::Any
    }
    fn wants(&mut self, ast: &'a Ast, want: &Type, what: &str) -> Type {
        let ty = self.ty(ast);
        if !same_kind(&ty, want) {
            self.say(ast.span, format!("{what} a {want}, this is a {ty}"), None);
        }
        ty
    }

    fn ty(&mut self, ast: &'a Ast) -> Type {
        match &ast.kind {
            AstKind::Null => Type::Any,
            AstKind::Bool(_) => Type::Bool,
            AstKind::Number(_) => Type::Number,
            AstKind::String(_) => Type::String,
            AstKind::Name(name) => self.name(name, ast.span),
            AstKind::Call(call) => self.call(ast, call),
            AstKind::Chain(base, links) => self.chain(base, links),
            AstKind::Not(inner) => {
                self.wants(inner, &Type::Bool, "`!` needs");
                Type::Bool
            }
            AstKind::Negate(inner) => {
                self.wants(inner, &Type::Number, "`-` needs");
                Type::Number
            }
            AstKind::Operation(first, rest) => self.operation(first, rest),
            AstKind::If(c) => self.conditional(c),
            AstKind::List(items) => self.list(items),
            AstKind::Map(entries) => self.map(entries),
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Type {
        if let Some((_, ty)) = self.bound.iter().rev().find(|(n, _)| *n == name) {
            return ty.clone();
        }
        if let Some(ty) = self.names.name(name) {
            return ty;
        }
        let names = self.names.names();
        let known = |n: &str| names.iter().any(|k| k == n) || n.parse::<u64>().is_ok();
        let help = if name.contains('-') && name.split('-').all(known) {
            Some("to subtract, put spaces around `-`".to_owned())
        } else {
            suggest(name, names.iter().map(String::as_str))
        };
        self.say(span, format!("there is no `{name}` here"), help)
    }

    fn call(&mut self, ast: &'a Ast, call: &'a Call) -> Type {
        match (call.name.as_str(), call.arguments.as_slice()) {
            ("secret", [spec]) => {
                self.wants(spec, &Type::String, "`secret` needs");
                Type::Any
            }
            ("has", [path]) => {
                // what may be missing is no error here
                let before = self.problems.len();
                self.ty(path);
                self.problems.truncate(before);
                Type::Bool
            }
            ("secret" | "has", _) => self.say(
                ast.span,
                format!("`{}` takes one argument", call.name),
                None,
            ),
            ("env", _) => {
                let help = Some("write `env(\"NAME\").component.outputs.name`".to_owned());
                self.say(ast.span, "an environment is not a value".to_owned(), help)
            }
            _ => {
                let given: Vec<(Span, Type)> = call
                    .arguments
                    .iter()
                    .map(|a| (a.span, self.ty(a)))
                    .collect();
                self.function(call, Form::Function, &given)
            }
        }
    }

    fn function(&mut self, call: &Call, form: Form, given: &[(Span, Type)]) -> Type {
        let found =
            functions::find(&call.name, form).and_then(|s| s.count(given.len()).map(|()| s));
        let signature = match found {
            Ok(signature) => signature,
            Err(wrong) => return self.say(call.name_span, wrong.message, wrong.help),
        };
        for (i, (span, ty)) in given.iter().enumerate() {
            let wants = signature.parameter(i).unwrap_or(Kind::Any);
            if !takes(wants, ty) {
                self.say(
                    *span,
                    format!("`{}` needs {}, this is a {ty}", call.name, wants.name()),
                    None,
                );
            }
        }
        match (call.name.as_str(), given) {
            ("values", [(_, Type::Map(inner))]) => Type::List(inner.clone()),
            ("lookup", [(_, Type::Map(inner)), _, _]) => (**inner).clone(),
            ("merge", maps) => merged(maps),
            _ => signature.result.ty(),
        }
    }

    fn chain(&mut self, base: &'a Ast, links: &'a [Link]) -> Type {
        let mut links = links.iter();
        let mut ty = match (base.called_with("env"), &base.kind) {
            (Some(env), _) => {
                let Some(first) = links.next() else {
                    return Type::Any;
                };
                match literal_key(first) {
                    Some((name, span)) => match self.names.env(env, name) {
                        Some(ty) => ty,
                        None => self.say(
                            span,
                            format!("there is no `{name}` in the environment `{env}`"),
                            None,
                        ),
                    },
                    None => Type::Any,
                }
            }
            (None, AstKind::Call(call)) if call.name == "env" => return Type::Any,
            _ => self.ty(base),
        };
        // after `["*"]`, `.outputs.NAME` is asked of every instance and gives a map; what follows is asked of that map
        let mut of_all = false;
        let mut asked = 0;
        for link in links {
            if of_all && asked == 2 {
                of_all = false;
                ty = Type::Map(Box::new(ty));
            }
            asked += usize::from(of_all);
            ty = match link {
                Link::Field { name, span } => self.field(&ty, name, *span),
                Link::Index(index) if index.as_str() == Some("*") && is_instances(&ty) => {
                    of_all = true;
                    let Type::Map(inner) = ty else {
                        return Type::Any;
                    };
                    *inner
                }
                Link::Index(index) => self.index(&ty, index),
                Link::Method(call) => {
                    let object = if std::mem::take(&mut of_all) {
                        Type::Map(Box::new(ty))
                    } else {
                        ty
                    };
                    let mut given = vec![(base.span, object)];
                    given.extend(call.arguments.iter().map(|a| (a.span, self.ty(a))));
                    self.function(call, Form::Method, &given)
                }
                Link::Comprehension(c) => {
                    let object = if std::mem::take(&mut of_all) {
                        Type::Map(Box::new(ty))
                    } else {
                        ty
                    };
                    self.comprehension(&object, c)
                }
            };
        }
        if of_all { Type::Map(Box::new(ty)) } else { ty }
    }

    fn field(&mut self, ty: &Type, name: &str, span: Span) -> Type {
        match ty {
            Type::Any => Type::Any,
            Type::Map(inner) => (**inner).clone(),
            Type::Object(fields) => match fields.get(name) {
                Some(field) => field.ty.clone(),
                None => self.say(span, format!("there is no `{name}`"), missing(name, fields)),
            },
            other => self.say(span, format!("a {other} has no fields"), None),
        }
    }

    fn index(&mut self, ty: &Type, index: &'a Ast) -> Type {
        if let (Type::Object(_) | Type::Map(_), Some(key)) = (ty, index.as_str()) {
            return self.field(ty, key, index.span);
        }
        match ty {
            Type::List(inner) => {
                self.wants(index, &Type::Number, "a list is indexed by");
                (**inner).clone()
            }
            Type::Tuple(items) => {
                self.wants(index, &Type::Number, "a tuple is indexed by");
                match &index.kind {
                    AstKind::Number(n) => match n.0.parse::<usize>().ok().map(|i| items.get(i)) {
                        Some(Some(ty)) => ty.clone(),
                        _ => self.say(
                            index.span,
                            format!("there is no item {}; there are {}", n.0, items.len()),
                            None,
                        ),
                    },
                    _ => Type::Any,
                }
            }
            Type::Map(inner) => {
                self.ty(index);
                (**inner).clone()
            }
            Type::Object(_) | Type::Any => {
                self.ty(index);
                Type::Any
            }
            other => self.say(index.span, format!("a {other} has no items"), None),
        }
    }

    fn comprehension(&mut self, over: &Type, c: &'a Comprehension) -> Type {
        let item = match over {
            Type::List(inner) => (**inner).clone(),
            Type::Tuple(items) => items
                .iter()
                .cloned()
                .reduce(|a, b| common(&a, &b))
                .unwrap_or_default(),
            Type::Map(_) | Type::Object(_) => Type::String,
            Type::Any => Type::Any,
            other => self.say(
                c.name_span,
                format!(
                    "`{}` goes over a list or a map, not a {other}",
                    c.kind.name()
                ),
                None,
            ),
        };
        self.bound.push((&c.variable, item.clone()));
        let body = match c.kind {
            ComprehensionKind::Map => self.ty(&c.body),
            _ => self.wants(&c.body, &Type::Bool, &format!("`{}` needs", c.kind.name())),
        };
        self.bound.pop();
        match c.kind {
            ComprehensionKind::Map => Type::List(Box::new(body)),
            ComprehensionKind::Filter => Type::List(Box::new(item)),
            ComprehensionKind::All | ComprehensionKind::Exists => Type::Bool,
        }
    }

    fn operation(&mut self, first: &'a Ast, rest: &'a [(Operator, Ast)]) -> Type {
        let mut left = self.ty(first);
        for (operator, ast) in rest {
            let right = self.ty(ast);
            left = match operator_type(*operator, &left, &right) {
                Some(ty) => ty,
                None => {
                    let help = (*operator == Operator::Add
                        && left == Type::String
                        && right == Type::Number)
                        .then(|| "write `string(…)` around the number".to_owned());
                    let message = format!(
                        "`{}` does not work on a {left} and a {right}",
                        operator.symbol()
                    );
                    self.say(Span::new(first.span.start, ast.span.end), message, help)
                }
            };
        }
        left
    }

    fn conditional(&mut self, c: &'a Conditional) -> Type {
        self.wants(&c.condition, &Type::Bool, "a condition is");
        let (then, otherwise) = (self.ty(&c.then), self.ty(&c.otherwise));
        common(&then, &otherwise)
    }

    fn list(&mut self, items: &'a [Ast]) -> Type {
        let types: Vec<Type> = items.iter().map(|a| self.ty(a)).collect();
        Type::Tuple(types)
    }

    fn map(&mut self, entries: &'a [(Ast, Ast)]) -> Type {
        let mut fields = BTreeMap::new();
        let mut open = false;
        for (key, value) in entries {
            let ty = self.ty(value);
            match key.as_str() {
                Some(name) => {
                    fields.insert(
                        name.to_owned(),
                        Field {
                            ty,
                            optional: false,
                        },
                    );
                }
                None => {
                    self.wants(key, &Type::String, "a key is");
                    open = true;
                }
            }
        }
        if open {
            Type::Map(Box::new(Type::Any))
        } else {
            Type::Object(fields)
        }
    }
}
