//! A value of a file that may hold expressions anywhere inside it.
use litemap::LiteMap;
use strata_core::{
    diagnostic::Diagnostic,
    name::Address,
    span::Location,
    ty::Type,
    value::{Number, OutputRef, Term},
};
use strata_syntax::{
    expr::{self, Reference, Scope, Template},
    node::{Kind, Node},
};

/// Fields by name. Small, and there are many of them: sorted vectors.
pub type FieldMap = LiteMap<String, Field>;

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it is.
    pub body: Body,
    /// Where it stands.
    pub at: Location,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Body {
    /// Written out.
    Constant(Term),
    /// A text with expressions in it.
    Template(Box<Template>),
    /// A list, some of it with expressions.
    List(Vec<Field>),
    /// A map, some of it with expressions.
    Map(FieldMap),
}

impl Field {
    /// From a node.
    pub fn parse(node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let at = node.location();
        let body = match &node.kind {
            Kind::Scalar(_) => {
                let (template, found) = expr::parse_template(node);
                match template {
                    Some(template) => Body::Template(Box::new(template)),
                    None if found.is_empty() => Body::Constant(node.to_term()),
                    // what it would be is not known, and it was said why
                    None => {
                        problems.extend(found);
                        Body::Constant(unknown())
                    }
                }
            }
            Kind::List(items) => {
                let items: Vec<Self> = items.iter().map(|n| Self::parse(n, problems)).collect();
                if items.iter().all(Self::is_constant) {
                    Body::Constant(node.to_term())
                } else {
                    Body::List(items)
                }
            }
            Kind::Map(map) => {
                let entries: FieldMap = map
                    .entries
                    .iter()
                    .map(|e| (e.key.clone(), Self::parse(&e.value, problems)))
                    .collect();
                if entries.values().all(Self::is_constant) {
                    Body::Constant(node.to_term())
                } else {
                    Body::Map(entries)
                }
            }
        };
        Self { body, at }
    }

    /// Does no expression stand in it?
    pub const fn is_constant(&self) -> bool {
        matches!(self.body, Body::Constant(_))
    }

    /// The names that its expressions use, but for those that begin with one of `skip`.
    pub fn references(&self, skip: &[&str]) -> Vec<(Reference, Location)> {
        let mut out = Vec::new();
        self.each_template(&mut |t| {
            out.extend(expr::references_without(t, skip).into_iter().map(|r| {
                let place = Location::new(t.origin.clone(), r.span);
                (r, place)
            }));
        });
        out
    }

    /// Every template in it.
    pub fn each_template<'a>(&'a self, f: &mut dyn FnMut(&'a Template)) {
        match &self.body {
            Body::Constant(_) => {}
            Body::Template(t) => f(t),
            Body::List(l) => l.iter().for_each(|i| i.each_template(f)),
            Body::Map(m) => m.values().for_each(|i| i.each_template(f)),
        }
    }

    /// What can be told of its value from the file alone: a hole stands where an expression does.
    pub fn outline(&self) -> Term {
        match &self.body {
            Body::Constant(term) => term.clone(),
            Body::Template(_) => unknown(),
            Body::List(items) => Term::List(items.iter().map(Self::outline).collect()),
            Body::Map(entries) => Term::Map(
                entries
                    .iter()
                    .map(|(k, f)| (k.clone(), f.outline()))
                    .collect(),
            ),
        }
    }

    /// Its value in a scope.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Term, Diagnostic> {
        match &self.body {
            Body::Constant(term) => Ok(term.clone()),
            Body::Template(template) => {
                let other = scope.standing(&template.origin);
                expr::eval(template, other.as_deref().unwrap_or(scope)).map_err(|e| {
                    Diagnostic::error("expression::failed", e.message)
                        .at(Location::new(self.at.file.clone(), e.span))
                        .help_opt(e.help)
                })
            }
            Body::List(items) => items
                .iter()
                .map(|f| f.eval(scope))
                .collect::<Result<_, _>>()
                .map(Term::List),
            Body::Map(entries) => entries
                .iter()
                .map(|(k, f)| Ok((k.clone(), f.eval(scope)?)))
                .collect::<Result<_, Diagnostic>>()
                .map(Term::Map),
        }
    }
}

/// What nobody knows.
pub fn unknown() -> Term {
    let filled_by = OutputRef {
        unit: Address::new("_", "_"),
        path: Vec::new(),
    };
    Term::Hole {
        ty: Type::Any,
        filled_by,
    }
}

/// A term as the declared type of an input wants it: what is written `1.10` or `true` becomes a text where a text is
/// wanted, with the characters that were written; a text of digits becomes a number where a number is wanted.
pub fn coerce(term: Term, ty: &Type) -> Term {
    match (term, ty) {
        (Term::Number(Number(text)), Type::String) => Term::String(text),
        (Term::Bool(b), Type::String) => Term::String(b.to_string()),
        (Term::String(s), Type::Bool) if s == "true" || s == "false" => Term::Bool(s == "true"),
        (Term::String(s), Type::Number) if is_number(&s) => Term::Number(Number(s)),
        (Term::List(l), Type::List(t)) => Term::List(l.into_iter().map(|x| coerce(x, t)).collect()),
        (Term::Map(m), Type::Map(t)) => {
            Term::Map(m.into_iter().map(|(k, v)| (k, coerce(v, t))).collect())
        }
        (Term::Map(m), Type::Object(fields)) => Term::Map(
            m.into_iter()
                .map(|(k, v)| {
                    let v = match fields.get(&k) {
                        Some(f) => coerce(v, &f.ty),
                        None => v,
                    };
                    (k, v)
                })
                .collect(),
        ),
        (term, _) => term,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
}

/// The type of a term, as far as it shows.
pub fn type_of(term: &Term) -> Type {
    match term {
        Term::Null | Term::Secret(_) => Type::Any,
        Term::Bool(_) => Type::Bool,
        Term::Number(_) => Type::Number,
        Term::String(_) | Term::Text(_) => Type::String,
        Term::List(l) => Type::Tuple(l.iter().map(type_of).collect()),
        Term::Map(m) => Type::Object(
            m.iter()
                .map(|(k, v)| (k.clone(), strata_core::ty::Field::required(type_of(v))))
                .collect(),
        ),
        Term::Predicted { value, .. } => type_of(value),
        Term::Hole { ty, .. } => ty.clone(),
    }
}
