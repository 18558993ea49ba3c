//! `.map(v, e)`, `.filter(v, e)`, `.all(v, e)`, `.exists(v, e)`: over the items of a list, the keys of a map.
use super::{Answer, Bound, Machine, Operands, fail, hole, kind};
use crate::expr::ast::{Comprehension, ComprehensionKind as Kind};
use strata_core::{
    ty::Type,
    value::{OutputRef, Term},
};

impl Machine<'_> {
    pub(super) fn comprehension(
        &self,
        c: &Comprehension,
        over: &Term,
        bound: Option<&Bound<'_>>,
    ) -> Answer {
        let mut operands = Operands::default();
        let keys: Vec<Term>;
        let items = match operands.peel(over) {
            Term::List(items) => items.as_slice(),
            Term::Map(map) => {
                keys = map.keys().cloned().map(Term::String).collect();
                &keys
            }
            Term::Hole { filled_by, .. } => return Ok(hole(unknown_type(c.kind), filled_by)),
            other => {
                let message = format!(
                    "`{}` goes over a list or a map, this is {}",
                    c.kind.name(),
                    kind(other)
                );
                return fail(c.name_span, message);
            }
        };
        let result = if c.kind == Kind::Map {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                let inner = Bound {
                    name: &c.variable,
                    term: item,
                    outer: bound,
                };
                out.push(self.eval(&c.body, Some(&inner))?);
            }
            Term::List(out)
        } else {
            self.chosen(c, items, bound, &mut operands)?
        };
        Ok(operands.conclude(result))
    }

    /// What a condition says of every item.
    fn chosen(
        &self,
        c: &Comprehension,
        items: &[Term],
        bound: Option<&Bound<'_>>,
        operands: &mut Operands,
    ) -> Answer {
        let mut kept = Vec::new();
        let mut open: Option<OutputRef> = None;
        for item in items {
            let inner = Bound {
                name: &c.variable,
                term: item,
                outer: bound,
            };
            let verdict = self.eval(&c.body, Some(&inner))?;
            match (operands.peel(&verdict), c.kind) {
                // one that decides is enough, whatever the others will be
                (Term::Bool(false), Kind::All) => return Ok(Term::Bool(false)),
                (Term::Bool(true), Kind::Exists) => return Ok(Term::Bool(true)),
                (Term::Bool(true), Kind::Filter) => kept.push(item.clone()),
                (Term::Bool(_), _) => {}
                (Term::Hole { filled_by, .. }, _) => {
                    open = open.or_else(|| Some(filled_by.clone()));
                }
                (other, _) => {
                    let message = format!(
                        "`{}` needs a bool for each, this is {}",
                        c.kind.name(),
                        kind(other)
                    );
                    return fail(c.body.span, message);
                }
            }
        }
        if let Some(by) = open {
            return Ok(hole(unknown_type(c.kind), &by));
        }
        Ok(match c.kind {
            Kind::All => Term::Bool(true),
            Kind::Exists => Term::Bool(false),
            Kind::Filter | Kind::Map => Term::List(kept),
        })
    }
}

fn unknown_type(kind: Kind) -> Type {
    match kind {
        Kind::Map | Kind::Filter => Type::List(Box::new(Type::Any)),
        Kind::All | Kind::Exists => Type::Bool,
    }
}
