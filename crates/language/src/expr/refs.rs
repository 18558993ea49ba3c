//! The names that an expression uses, exactly: a bound variable is not one of them.
use super::{
    ast::{Ast, AstKind, Step},
    template::{Part, Template},
};
use strata_core::span::Span;

/// A name with the steps after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Where it stands.
    pub span: Span,
    /// The name.
    pub root: Root,
    /// What follows it.
    pub steps: Vec<Step>,
    /// It counts only if these conditions have these values.
    pub guards: Vec<(Ast, bool)>,
}

/// What a reference begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// A name.
    Name(String),
    /// `env("ENV").NAME`.
    Env {
        /// The environment.
        env: String,
        /// The name in it.
        name: String,
    },
}

/// All references of a template.
pub fn references(template: &Template) -> Vec<Reference> {
    let mut c = Collector { bound: Vec::new(), guards: Vec::new(), out: Vec::new() };
    for part in &template.parts {
        if let Part::Expr(ast) = part {
            c.go(ast);
        }
    }
    c.out
}

struct Collector {
    bound: Vec<String>,
    guards: Vec<(Ast, bool)>,
    out: Vec<Reference>,
}

impl Collector {
    fn add(&mut self, span: Span, root: Root, steps: Vec<Step>) {
        self.out.push(Reference { span, root, steps, guards: self.guards.clone() });
    }
    fn go(&mut self, ast: &Ast) {
        match &ast.kind {
            AstKind::Name(name)
                if !self.bound.contains(name) => {
                    self.add(ast.at, Root::Name(name.clone()), Vec::new());
                }
            AstKind::Path(base, steps) => {
                for step in steps {
                    if let Step::Index(index) = step {
                        self.go(index);
                    }
                }
                match &base.kind {
                    AstKind::Name(name) if !self.bound.contains(name) => {
                        self.add(ast.at, Root::Name(name.clone()), steps.clone());
                    }
                    AstKind::Call(f, args) if f == "env" => if let ([Ast { kind: AstKind::String(env), .. }], Some((Step::Field(name) | Step::Key(name), rest))) = (args.as_slice(), steps.split_first()) {
                        self.add(ast.at, Root::Env { env: env.clone(), name: name.clone() }, rest.to_vec());
                    },
                    _ => self.go(base),
                }
            }
            AstKind::Call(_, args) | AstKind::List(args) => args.iter().for_each(|a| self.go(a)),
            AstKind::Method(on, _, args) => {
                self.go(on);
                args.iter().for_each(|a| self.go(a));
            }
            AstKind::Each { over, var, body, .. } => {
                self.go(over);
                self.bound.push(var.clone());
                self.go(body);
                self.bound.pop();
            }
            AstKind::Not(x) | AstKind::Neg(x) => self.go(x),
            AstKind::Chain(first, rest) => {
                self.go(first);
                rest.iter().for_each(|(_, a)| self.go(a));
            }
            AstKind::If(condition, yes, no) => {
                self.go(condition);
                self.guards.push(((**condition).clone(), true));
                self.go(yes);
                self.guards.pop();
                self.guards.push(((**condition).clone(), false));
                self.go(no);
                self.guards.pop();
            }
            AstKind::Map(entries) => entries.iter().for_each(|(k, v)| {
                self.go(k);
                self.go(v);
            }),
            _ => {}
        }
    }
}
