//! Operators between two values, and parts of a text made one.
use super::{Closed, Operands, Wrong, hole, kind};
use crate::expr::{ast::Operator, decimal::Decimal};
use std::cmp::Ordering;
use strata_core::{
    ty::Type,
    value::{Number, Term, Value},
};

/// Can a term stand inside a text?
pub(super) fn insertable(term: &Term) -> Result<(), Wrong> {
    let mut operands = Operands::default();
    match operands.peel(term) {
        other @ (Term::Map(_) | Term::List(_)) => Err(Wrong::new(format!(
            "{} cannot stand inside a text",
            kind(other)
        ))
        .help("write `json(…)` around it")),
        Term::Null => Err(Wrong::new("null cannot stand inside a text")),
        _ => Ok(()),
    }
}

/// Parts of a text as one: one string where all is known, parts where a secret stands, a hole where something is open.
pub(in crate::expr) fn join(parts: Vec<Term>) -> Term {
    let mut operands = Operands::default();
    let mut joined: Vec<Term> = Vec::new();
    for part in &parts {
        match operands.peel(part) {
            Term::Hole { filled_by, .. } => return hole(Type::String, filled_by),
            Term::Text(inner) => joined.extend(inner.iter().cloned()),
            Term::Number(n) => push_text(&mut joined, &n.0),
            Term::Bool(b) => push_text(&mut joined, if *b { "true" } else { "false" }),
            Term::String(s) => push_text(&mut joined, s),
            other => joined.push(other.clone()),
        }
    }
    let text = match joined.as_mut_slice() {
        [] => Term::String(String::new()),
        [only @ Term::String(_)] => std::mem::replace(only, Term::Null),
        _ => Term::Text(joined),
    };
    operands.conclude(text)
}

fn push_text(parts: &mut Vec<Term>, text: &str) {
    if let Some(Term::String(last)) = parts.last_mut() {
        last.push_str(text);
    } else {
        parts.push(Term::String(text.to_owned()));
    }
}

/// `-n`
pub(super) fn negated(n: &Number) -> Number {
    match n.0.strip_prefix('-') {
        Some(positive) => Number(positive.to_owned()),
        None if n.0.bytes().all(|b| matches!(b, b'0' | b'.')) => n.clone(),
        None => Number(format!("-{}", n.0)),
    }
}

/// `left operator right`
pub(super) fn operate(operator: Operator, left: Term, right: Term) -> Result<Term, Wrong> {
    use Operator as O;
    match operator {
        O::And | O::Or => logic(operator, &left, &right),
        O::Equal | O::NotEqual => equality(operator, &left, &right),
        O::In => membership(&left, &right),
        O::Add => addition(left, right),
        _ => {
            let mut operands = Operands::default();
            let result = if matches!(
                operator,
                O::Subtract | O::Multiply | O::Divide | O::Remainder
            ) {
                Type::Number
            } else {
                Type::Bool
            };
            let (a, b) = match (operands.value(&left), operands.value(&right)) {
                (Ok(a), Ok(b)) => (a, b),
                (Err(Closed::Hole(by)), _) | (_, Err(Closed::Hole(by))) => {
                    return Ok(hole(result, &by));
                }
                _ => return Err(secret(operator)),
            };
            let value = match (&a, &b) {
                (Value::Number(a), Value::Number(b)) => arithmetic(operator, a, b)?,
                (Value::String(a), Value::String(b)) if result == Type::Bool => {
                    Term::Bool(holds(operator, a.cmp(b)))
                }
                _ => return Err(unfit(operator, &left, &right)),
            };
            Ok(operands.conclude(value))
        }
    }
}

fn unfit(operator: Operator, left: &Term, right: &Term) -> Wrong {
    let wrong = Wrong::new(format!(
        "`{}` does not work on {} and {}",
        operator.symbol(),
        kind(left),
        kind(right)
    ));
    let texts = [left, right].iter().any(|t| kind(t) == "a string");
    let numbers = [left, right].iter().any(|t| kind(t) == "a number");
    if texts && numbers && operator == Operator::Add {
        return wrong.help("write `string(…)` around the number");
    }
    wrong
}

fn secret(operator: Operator) -> Wrong {
    Wrong::new(format!(
        "`{}` can't be computed from a secret",
        operator.symbol()
    ))
}

fn logic(operator: Operator, left: &Term, right: &Term) -> Result<Term, Wrong> {
    let mut operands = Operands::default();
    let decides = operator == Operator::Or;
    match (operands.peel(left), operands.peel(right)) {
        (Term::Bool(a), Term::Bool(b)) => {
            let result = if decides { *a || *b } else { *a && *b };
            Ok(operands.conclude(Term::Bool(result)))
        }
        // the other side decides alone
        (Term::Hole { .. }, Term::Bool(b)) if *b == decides => {
            Ok(operands.conclude(Term::Bool(decides)))
        }
        (Term::Bool(a), Term::Hole { .. }) if *a == decides => {
            Ok(operands.conclude(Term::Bool(decides)))
        }
        (Term::Hole { filled_by, .. }, Term::Bool(_) | Term::Hole { .. })
        | (Term::Bool(_), Term::Hole { filled_by, .. }) => Ok(hole(Type::Bool, filled_by)),
        (a, b) => {
            let wrong = if matches!(a, Term::Bool(_) | Term::Hole { .. }) {
                b
            } else {
                a
            };
            Err(Wrong::new(format!(
                "`{}` needs bools, this is {}",
                operator.symbol(),
                kind(wrong)
            )))
        }
    }
}

fn equality(operator: Operator, left: &Term, right: &Term) -> Result<Term, Wrong> {
    let mut operands = Operands::default();
    match (operands.value(left), operands.value(right)) {
        (Ok(a), Ok(b)) => {
            let same = equal(&a, &b) == (operator == Operator::Equal);
            Ok(operands.conclude(Term::Bool(same)))
        }
        (Err(Closed::Hole(by)), _) | (_, Err(Closed::Hole(by))) => Ok(hole(Type::Bool, &by)),
        _ => Err(secret(operator)),
    }
}

/// Numbers are equal by value, everything else by content; different kinds are never equal.
pub(in crate::expr) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || matches!((Decimal::parse(&a.0), Decimal::parse(&b.0)), (Some(a), Some(b)) if a.compare(&b).is_eq())
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((k, a), (l, b))| k == l && equal(a, b))
        }
        (a, b) => a == b,
    }
}

fn membership(left: &Term, right: &Term) -> Result<Term, Wrong> {
    let mut operands = Operands::default();
    let item = match operands.value(left) {
        Ok(item) => item,
        Err(Closed::Hole(by)) => return Ok(hole(Type::Bool, &by)),
        Err(Closed::Secret) => return Err(secret(Operator::In)),
    };
    let found = match operands.peel(right) {
        Term::Map(map) => match &item {
            Value::String(key) => map.contains_key(key),
            _ => return Err(unfit(Operator::In, left, right)),
        },
        Term::Hole { filled_by, .. } => return Ok(hole(Type::Bool, filled_by)),
        list @ Term::List(_) => match operands.value(list) {
            Ok(Value::List(items)) => items.iter().any(|i| equal(i, &item)),
            Err(Closed::Hole(by)) => return Ok(hole(Type::Bool, &by)),
            _ => return Err(secret(Operator::In)),
        },
        Term::String(_) => {
            return Err(unfit(Operator::In, left, right).help("write `text.contains(\"part\")`"));
        }
        _ => return Err(unfit(Operator::In, left, right)),
    };
    Ok(operands.conclude(Term::Bool(found)))
}

fn addition(left: Term, right: Term) -> Result<Term, Wrong> {
    let mut operands = Operands::default();
    let sum = match (operands.peel(&left), operands.peel(&right)) {
        (Term::Hole { ty, filled_by }, other) | (other, Term::Hole { ty, filled_by }) => {
            return Ok(hole(sum_type(ty, other), filled_by));
        }
        (Term::Number(a), Term::Number(b)) => arithmetic(Operator::Add, a, b)?,
        (Term::String(a), Term::String(b)) => Term::String(format!("{a}{b}")),
        (Term::List(a), Term::List(b)) => Term::List(a.iter().chain(b).cloned().collect()),
        (
            a @ (Term::String(_) | Term::Text(_) | Term::Secret(_)),
            b @ (Term::String(_) | Term::Text(_) | Term::Secret(_)),
        ) => join(vec![a.clone(), b.clone()]),
        (a, b) => return Err(unfit(Operator::Add, a, b)),
    };
    Ok(operands.conclude(sum))
}

fn sum_type(ty: &Type, other: &Term) -> Type {
    match other {
        Term::Number(_) => Type::Number,
        Term::String(_) | Term::Text(_) => Type::String,
        Term::List(_) => Type::List(Box::new(Type::Any)),
        _ => ty.clone(),
    }
}

fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn arithmetic(operator: Operator, a: &Number, b: &Number) -> Result<Term, Wrong> {
    let number = |n: &Number| {
        Decimal::parse(&n.0).ok_or_else(|| {
            Wrong::new(format!(
                "`{}` is too large or too small to compute with",
                n.0
            ))
        })
    };
    let (a, b) = (number(a)?, number(b)?);
    let result = match operator {
        Operator::Add => a.add(&b),
        Operator::Subtract => a.subtract(&b),
        Operator::Multiply => a.multiply(&b),
        Operator::Divide => a.divide(&b)?,
        Operator::Remainder => a.remainder(&b)?,
        _ => return Ok(Term::Bool(holds(operator, a.compare(&b)))),
    };
    if result.is_too_long() {
        return Err(Wrong::new("the result has too many digits"));
    }
    Ok(Term::Number(Number(result.to_string())))
}
