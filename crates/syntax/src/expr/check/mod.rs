//! The type of an expression, and what is wrong with it before anything runs.
mod path;
mod rules;

use super::{
    ast::{Ast, AstKind, Call, Comprehension, ComprehensionKind, Conditional, Operator},
    functions::{self, Form, Kind},
    template::Template,
};
use crate::node::Origin;
use rules::{common, merged, operator_type, same_kind, takes};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::{Location, Span},
    ty::{Field, Fields, Type},
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
    /// The way to a name that is not here, where one is known that is better than a name like it.
    fn way_to(&self, _name: &str) -> Option<String> {
        None
    }
    /// What is said of a name without a field that is asked of it.
    fn lacks(&self, name: &str, field: &str) -> String {
        format!("`{name}` has no `{field}`")
    }
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
            let only = match &ty {
                Type::Object(fields) if fields.len() == 1 => fields.keys().next(),
                _ => None,
            };
            let help = match (&ast.kind, only) {
                (AstKind::Name(name), Some(field)) => format!("write `{name}.{field}`"),
                _ => "write `json(…)` around it".to_owned(),
            };
            let message = format!("{} cannot stand inside a text", ty.said());
            checker.say(ast.span, message, Some(help));
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
            self.say(
                ast.span,
                format!("{what} {}, this is {}", want.named(), ty.said()),
                None,
            );
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
        let way = self.names.way_to(name);
        let help = if way.is_some() {
            way
        } else if name.contains('-') && name.split('-').all(known) {
            Some("to subtract, put spaces around `-`".to_owned())
        } else {
            let others = names.iter().map(String::as_str).filter(|n| *n != name);
            suggest(name, others)
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
                    format!(
                        "`{}` needs {}, this is {}",
                        call.name,
                        wants.name(),
                        ty.said()
                    ),
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
                    "`{}` goes over a list or a map, not {}",
                    c.kind.name(),
                    other.said()
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
        // `has(a.b) && …`: what follows is asked only where it is there
        let mut absent = self.absent(first);
        for (operator, ast) in rest {
            if *operator == Operator::And && absent {
                continue;
            }
            absent = self.absent(ast);
            let right = self.ty(ast);
            left = match operator_type(*operator, &left, &right) {
                Some(ty) => ty,
                None => {
                    let mixed = matches!(
                        (&left, &right),
                        (Type::String, Type::Number) | (Type::Number, Type::String)
                    );
                    let help = (*operator == Operator::Add && mixed)
                        .then(|| "write `string(…)` around the number".to_owned());
                    let message = format!(
                        "`{}` does not work on {} and {}",
                        operator.symbol(),
                        left.said(),
                        right.said()
                    );
                    self.say(Span::new(first.span.start, ast.span.end), message, help)
                }
            };
        }
        left
    }

    fn conditional(&mut self, c: &'a Conditional) -> Type {
        self.wants(&c.condition, &Type::Bool, "a condition is");
        if self.absent(&c.condition) {
            return self.ty(&c.otherwise);
        }
        if matches!(&c.condition.kind, AstKind::Not(inner) if self.absent(inner)) {
            return self.ty(&c.then);
        }
        let (then, otherwise) = (self.ty(&c.then), self.ty(&c.otherwise));
        common(&then, &otherwise)
    }

    /// Is it `has(…)` of something that is not there, alone or before `&&`?
    fn absent(&mut self, ast: &'a Ast) -> bool {
        match &ast.kind {
            AstKind::Call(call) if call.name == "has" && call.arguments.len() == 1 => {
                let before = self.problems.len();
                self.ty(&call.arguments[0]);
                let absent = self.problems.len() > before;
                self.problems.truncate(before);
                absent
            }
            AstKind::Operation(first, rest) => {
                rest.iter().all(|(o, _)| *o == Operator::And)
                    && (self.absent(first) || rest.iter().any(|(_, a)| self.absent(a)))
            }
            _ => false,
        }
    }

    fn list(&mut self, items: &'a [Ast]) -> Type {
        let types: Vec<Type> = items.iter().map(|a| self.ty(a)).collect();
        Type::Tuple(types)
    }

    fn map(&mut self, entries: &'a [(Ast, Ast)]) -> Type {
        let mut fields = Fields::new();
        let mut open = false;
        for (key, value) in entries {
            let ty = self.ty(value);
            match key.as_str() {
                Some(name) => {
                    fields.insert(name.to_owned(), Field::required(ty));
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
