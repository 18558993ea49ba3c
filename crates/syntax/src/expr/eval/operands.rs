//! What an operation may look at: what is hidden in its operands, and what that makes of its result.
use std::collections::BTreeMap;
use strata_core::value::{OutputRef, Term, Value};

/// Why an operand can't be looked at.
#[derive(Debug)]
pub(in crate::expr) enum Closed {
    /// It isn't known yet.
    Hole(OutputRef),
    /// It is a secret.
    Secret,
}

/// The operands of one operation. If one was only predicted, so is the result.
#[derive(Default)]
pub(in crate::expr) struct Operands {
    by: Option<OutputRef>,
}

impl Operands {
    /// A term without the mark that it is predicted.
    pub(in crate::expr) fn peel<'t>(&mut self, mut term: &'t Term) -> &'t Term {
        while let Term::Predicted { value, by } = term {
            self.by.get_or_insert_with(|| by.clone());
            term = value;
        }
        term
    }
    /// The value that a term is, when all of it is known and no secret stands in it. A hole is found before a secret.
    pub(in crate::expr) fn value(&mut self, term: &Term) -> Result<Value, Closed> {
        if let Some(by) = term.holes().first() {
            return Err(Closed::Hole((*by).clone()));
        }
        self.known(term)
    }
    fn known(&mut self, term: &Term) -> Result<Value, Closed> {
        Ok(match self.peel(term) {
            Term::Null => Value::Null,
            Term::Bool(b) => Value::Bool(*b),
            Term::Number(n) => Value::Number(n.clone()),
            Term::String(s) => Value::String(s.clone()),
            Term::List(items) => Value::List(
                items
                    .iter()
                    .map(|t| self.known(t))
                    .collect::<Result<_, _>>()?,
            ),
            Term::Map(map) => {
                let mut out = BTreeMap::new();
                for (key, term) in map {
                    out.insert(key.clone(), self.known(term)?);
                }
                Value::Map(out)
            }
            Term::Text(_) | Term::Secret(_) => return Err(Closed::Secret),
            Term::Hole { filled_by, .. } => return Err(Closed::Hole(filled_by.clone())),
            // peeled above
            Term::Predicted { value, .. } => self.known(value)?,
        })
    }
    /// The result of the operation.
    pub(in crate::expr) fn conclude(self, term: Term) -> Term {
        match (self.by, term) {
            // who foretold it first is the one to name
            (Some(by), Term::Predicted { value, .. }) => Term::Predicted { value, by },
            (None, term) | (_, term @ Term::Hole { .. }) => term,
            (Some(by), term) => Term::Predicted {
                value: Box::new(term),
                by,
            },
        }
    }
}

/// What kind of value a term is, for messages.
pub(in crate::expr) fn kind(term: &Term) -> &'static str {
    match term {
        Term::Null => "null",
        Term::Bool(_) => "a bool",
        Term::Number(_) => "a number",
        Term::String(_) => "a string",
        Term::List(_) => "a list",
        Term::Map(_) => "a map",
        Term::Text(_) => "a text with a secret in it",
        Term::Secret(_) => "a secret",
        Term::Predicted { value, .. } => kind(value),
        Term::Hole { .. } => "a value that is not known yet",
    }
}
