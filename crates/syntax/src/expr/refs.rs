//! The names that an expression uses: free ones only, with the steps after them and the conditions they stand under.
use super::{
    ast::{Ast, AstKind, Link},
    template::Template,
};
use std::sync::Arc;
use strata_core::span::Span;

/// A name of the scope that an expression uses, with the steps after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands, in bytes of the file.
    pub span: Span,
    /// What it begins with.
    pub root: Root,
    /// What follows: up to the first call.
    pub steps: Vec<Step>,
    /// Conditions it stands under, each with the value that it needs; when one has the other value, nothing is used.
    pub guards: Vec<(Arc<Ast>, bool)>,
}

/// What a reference begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// A name of this environment.
    Name(String),
    /// `env("ENV").NAME`
    Env {
        /// The environment.
        env: String,
        /// The name there.
        name: String,
    },
}

/// A step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`
    Field(String),
    /// `["key"]`
    Key(String),
    /// `[expression]`
    Index(Ast),
}

/// A call of `secret`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// Where it stands, in bytes of the file.
    pub span: Span,
    /// Which secret, when it is written out.
    pub spec: Option<String>,
    /// As in [`Reference::guards`].
    pub guards: Vec<(Arc<Ast>, bool)>,
}

/// All names that a template uses, in order; those of both branches of a conditional, with guards.
pub fn references(template: &Template) -> Vec<Reference> {
    let mut walk = Walk::default();
    template.expressions().for_each(|ast| walk.go(ast));
    walk.references
}

/// The same without those that begin with one of some names.
pub fn references_without(template: &Template, skip: &[&str]) -> Vec<Reference> {
    let mut walk = Walk {
        skip,
        ..Walk::default()
    };
    template.expressions().for_each(|ast| walk.go(ast));
    walk.references
}

/// The names that a template uses where `is_static` knows some conditions: only the branch that is taken counts.
pub fn references_where(
    template: &Template,
    is_static: &dyn Fn(&Ast) -> Option<bool>,
) -> Vec<Reference> {
    let mut found = references(template);
    found.retain(|r| {
        r.guards
            .iter()
            .all(|(condition, needed)| is_static(condition).is_none_or(|is| is == *needed))
    });
    found
}

/// The names that one expression uses.
pub fn references_of(ast: &Ast) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.go(ast);
    walk.references
}

/// Calls `used` for every use of a name with the field that follows it; `None` when that is not written out.
pub fn each_field_of<'t>(
    template: &'t Template,
    name: &str,
    used: &mut dyn FnMut(Option<&'t str>),
) {
    for ast in template.expressions() {
        fields_of(ast, name, used);
    }
}

fn fields_of<'t>(ast: &'t Ast, name: &str, used: &mut dyn FnMut(Option<&'t str>)) {
    let mut go = |a: &'t Ast| fields_of(a, name, used);
    match &ast.kind {
        AstKind::Null | AstKind::Bool(_) | AstKind::Number(_) | AstKind::String(_) => {}
        AstKind::Name(n) => {
            if n == name {
                used(None);
            }
        }
        AstKind::Call(call) => call.arguments.iter().for_each(go),
        AstKind::Chain(base, links) => {
            if matches!(&base.kind, AstKind::Name(n) if n == name) {
                used(match links.first() {
                    Some(Link::Field { name, .. }) => Some(name),
                    Some(Link::Index(index)) => index.as_str(),
                    _ => None,
                });
            } else {
                go(base);
            }
            for link in links {
                match link {
                    Link::Field { .. } => {}
                    Link::Index(index) => fields_of(index, name, used),
                    Link::Method(call) => {
                        call.arguments.iter().for_each(|a| fields_of(a, name, used));
                    }
                    Link::Comprehension(c) => fields_of(&c.body, name, used),
                }
            }
        }
        AstKind::Not(inner) | AstKind::Negate(inner) => go(inner),
        AstKind::Operation(first, rest) => {
            go(first);
            rest.iter().for_each(|(_, a)| fields_of(a, name, used));
        }
        AstKind::If(c) => [&c.condition, &c.then, &c.otherwise]
            .into_iter()
            .for_each(go),
        AstKind::List(items) => items.iter().for_each(go),
        AstKind::Map(entries) => entries.iter().for_each(|(k, v)| {
            fields_of(k, name, used);
            fields_of(v, name, used);
        }),
    }
}

/// All secrets that a template names.
pub fn secrets(template: &Template) -> Vec<SecretUse> {
    let mut walk = Walk::default();
    template.expressions().for_each(|ast| walk.go(ast));
    walk.secrets
}

#[derive(Default)]
struct Walk<'a> {
    bound: Vec<&'a str>,
    /// Names that nobody asked for.
    skip: &'a [&'a str],
    guards: Vec<(Arc<Ast>, bool)>,
    references: Vec<Reference>,
    secrets: Vec<SecretUse>,
}

impl<'a> Walk<'a> {
    fn go(&mut self, ast: &'a Ast) {
        match &ast.kind {
            AstKind::Null | AstKind::Bool(_) | AstKind::Number(_) | AstKind::String(_) => {}
            AstKind::Name(name) => self.name(ast.span, name, Vec::new()),
            AstKind::Call(call) => {
                if call.name == "secret" {
                    let spec = ast.called_with("secret").map(str::to_owned);
                    self.secrets.push(SecretUse {
                        span: ast.span,
                        spec,
                        guards: self.guards.clone(),
                    });
                }
                call.arguments.iter().for_each(|a| self.go(a));
            }
            AstKind::Chain(base, links) => self.chain(ast.span, base, links),
            AstKind::Not(inner) | AstKind::Negate(inner) => self.go(inner),
            AstKind::Operation(first, rest) => {
                self.go(first);
                rest.iter().for_each(|(_, a)| self.go(a));
            }
            AstKind::If(c) => {
                self.go(&c.condition);
                let condition = Arc::new(c.condition.clone());
                for (branch, needed) in [(&c.then, true), (&c.otherwise, false)] {
                    self.guards.push((condition.clone(), needed));
                    self.go(branch);
                    self.guards.pop();
                }
            }
            AstKind::List(items) => items.iter().for_each(|a| self.go(a)),
            AstKind::Map(entries) => entries.iter().for_each(|(k, v)| {
                self.go(k);
                self.go(v);
            }),
        }
    }

    fn name(&mut self, span: Span, name: &'a str, steps: Vec<Step>) {
        if !self.bound.contains(&name) && !self.skip.contains(&name) {
            self.add(span, Root::Name(name.to_owned()), steps);
        }
    }

    fn add(&mut self, span: Span, root: Root, steps: Vec<Step>) {
        self.references.push(Reference {
            span,
            root,
            steps,
            guards: self.guards.clone(),
        });
    }

    fn chain(&mut self, whole: Span, base: &'a Ast, links: &'a [Link]) {
        let skipped = matches!(&base.kind, AstKind::Name(n) if self.skip.contains(&n.as_str()));
        let (steps, end) = if skipped {
            Default::default()
        } else {
            leading_steps(links)
        };
        let span = if steps.len() == links.len() {
            whole
        } else {
            Span::new(base.span.start, end.max(base.span.end))
        };
        match (&base.kind, base.called_with("env")) {
            _ if skipped => {}
            (AstKind::Name(name), _) => self.name(span, name, steps),
            (_, Some(env)) => {
                if let Some((Step::Field(name) | Step::Key(name), rest)) = steps.split_first() {
                    let root = Root::Env {
                        env: env.to_owned(),
                        name: name.clone(),
                    };
                    self.add(span, root, rest.to_vec());
                }
            }
            _ => self.go(base),
        }
        for link in links {
            match link {
                Link::Field { .. } => {}
                Link::Index(index) => self.go(index),
                Link::Method(call) => call.arguments.iter().for_each(|a| self.go(a)),
                Link::Comprehension(c) => {
                    self.bound.push(&c.variable);
                    self.go(&c.body);
                    self.bound.pop();
                }
            }
        }
    }
}

/// The steps before the first call, and where the last of them ends.
pub(super) fn leading_steps(links: &[Link]) -> (Vec<Step>, u32) {
    let mut steps = Vec::new();
    let mut end = 0;
    for link in links {
        match link {
            Link::Field { name, span } => {
                steps.push(Step::Field(name.clone()));
                end = span.end;
            }
            Link::Index(index) => {
                steps.push(match index.as_str() {
                    Some(key) => Step::Key(key.to_owned()),
                    None => Step::Index(index.clone()),
                });
                end = index.span.end + 1;
            }
            Link::Method(_) | Link::Comprehension(_) => break,
        }
    }
    (steps, end)
}
