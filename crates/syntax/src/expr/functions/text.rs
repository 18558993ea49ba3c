//! Functions on texts. Positions and sizes count characters.
use crate::expr::{
    decimal::Decimal,
    eval::{Wrong, kind},
};
use strata_core::value::{Number, Term, Value};

type Answer = Result<Value, Wrong>;

/// The text of an argument whose kind was checked.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
/// A whole number of an argument whose kind was checked.
pub(super) fn whole(value: &Value) -> Result<i64, Wrong> {
    match value {
        Value::Number(n) => Decimal::parse(&n.0)
            .and_then(|d| d.to_string().parse().ok())
            .ok_or_else(|| {
                Wrong::new(format!(
                    "`{}` is not a whole number that can be used here",
                    n.0
                ))
            }),
        _ => Err(Wrong::new("a whole number is needed")),
    }
}
fn position(value: &Value) -> Result<usize, Wrong> {
    usize::try_from(whole(value)?).map_err(|_| Wrong::new("a position is not negative"))
}
pub(super) fn number(n: impl ToString) -> Value {
    Value::Number(Number(n.to_string()))
}

pub(super) fn starts_with(a: &[Value]) -> Answer {
    Ok(Value::Bool(text(&a[0]).starts_with(text(&a[1]))))
}
pub(super) fn ends_with(a: &[Value]) -> Answer {
    Ok(Value::Bool(text(&a[0]).ends_with(text(&a[1]))))
}
pub(super) fn contains(a: &[Value]) -> Answer {
    match (&a[0], &a[1]) {
        (Value::String(s), Value::String(part)) => Ok(Value::Bool(s.contains(part.as_str()))),
        (Value::List(items), item) => Ok(Value::Bool(
            items.iter().any(|i| crate::expr::eval::equal(i, item)),
        )),
        _ => Err(Wrong::new(
            "`contains` looks for a string in a string, or for an item in a list",
        )),
    }
}
/// The position of a part, -1 when it isn't there.
pub(super) fn index_of(a: &[Value]) -> Answer {
    let s = text(&a[0]);
    Ok(match s.find(text(&a[1])) {
        Some(i) => number(s[..i].chars().count()),
        None => number(-1),
    })
}
pub(super) fn lower(a: &[Value]) -> Answer {
    Ok(Value::String(text(&a[0]).to_ascii_lowercase()))
}
pub(super) fn upper(a: &[Value]) -> Answer {
    Ok(Value::String(text(&a[0]).to_ascii_uppercase()))
}
pub(super) fn trim(a: &[Value]) -> Answer {
    Ok(Value::from(text(&a[0]).trim()))
}
pub(super) fn replace(a: &[Value]) -> Answer {
    let (s, old, new) = (text(&a[0]), text(&a[1]), text(&a[2]));
    let times = a.get(3).map(whole).transpose()?.unwrap_or(-1);
    Ok(Value::String(match usize::try_from(times) {
        Ok(times) => s.replacen(old, new, times),
        Err(_) => s.replace(old, new),
    }))
}
pub(super) fn split(a: &[Value]) -> Answer {
    let (s, by) = (text(&a[0]), text(&a[1]));
    let most = a.get(2).map(whole).transpose()?.unwrap_or(-1);
    if by.is_empty() {
        return Ok(Value::List(
            s.chars().map(|c| Value::String(c.to_string())).collect(),
        ));
    }
    Ok(Value::List(match usize::try_from(most) {
        Ok(most) => s.splitn(most, by).map(Value::from).collect(),
        Err(_) => s.split(by).map(Value::from).collect(),
    }))
}
pub(super) fn substring(a: &[Value]) -> Answer {
    let s = text(&a[0]);
    let length = s.chars().count();
    let from = position(&a[1])?;
    let to = a.get(2).map(position).transpose()?.unwrap_or(length);
    if from > to || to > length {
        return Err(Wrong::new(format!(
            "there are no characters {from} to {to}: the string has {length}"
        )));
    }
    Ok(Value::String(
        s.chars().skip(from).take(to - from).collect(),
    ))
}
pub(super) fn string(a: &[Value]) -> Answer {
    match a[0].scalar_text() {
        Some(s) => Ok(Value::String(s)),
        None => Err(Wrong::new(format!(
            "`string` does not take {}",
            kind(&a[0].clone().into())
        ))
        .help("write `json(…)`")),
    }
}
/// A whole number: of a number its whole part, of a text the number it spells.
pub(super) fn int(a: &[Value]) -> Answer {
    let spelled = match &a[0] {
        Value::Number(n) => n.0.as_str(),
        Value::String(s) => s.trim(),
        Value::Bool(b) => return Ok(number(u8::from(*b))),
        other => {
            return Err(Wrong::new(format!(
                "`int` does not take {}",
                kind(&other.clone().into())
            )));
        }
    };
    match Decimal::parse(spelled) {
        Some(n) => Ok(number(n.truncated())),
        None => Err(Wrong::new(format!("`{spelled}` is not a number"))),
    }
}
/// The number that a text spells, with its characters.
pub(super) fn spelled_number(a: &[Value]) -> Answer {
    match &a[0] {
        n @ Value::Number(_) => Ok(n.clone()),
        Value::String(s) if crate::scalar::is_number(s.trim()) => Ok(number(s.trim())),
        other => {
            let what = other.as_str().map_or_else(
                || kind(&other.clone().into()).to_owned(),
                |s| format!("`{s}`"),
            );
            Err(Wrong::new(format!("{what} is not a number")))
        }
    }
}
pub(super) fn join(a: &[Value]) -> Answer {
    let Value::List(items) = &a[0] else {
        return Err(Wrong::new("`join` needs a list"));
    };
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        match item.scalar_text() {
            Some(part) => parts.push(part),
            None => {
                return Err(Wrong::new(format!(
                    "`join` needs strings, this is {}",
                    kind(&item.clone().into())
                )));
            }
        }
    }
    Ok(Value::String(parts.join(a.get(1).map_or("", text))))
}
/// A list of texts in which secrets stand, with a separator between them.
pub(super) fn join_late(items: &[Term], separator: Option<&Term>) -> Result<Term, Wrong> {
    let separator = match separator {
        None => "",
        Some(Term::String(s)) => s.as_str(),
        Some(_) => return Err(Wrong::new("`join` needs a separator that is known")),
    };
    let mut parts = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 && !separator.is_empty() {
            parts.push(Term::String(separator.to_owned()));
        }
        match item {
            Term::List(_) | Term::Map(_) | Term::Null => {
                return Err(Wrong::new(format!(
                    "`join` needs strings, this is {}",
                    kind(item)
                )));
            }
            scalar => parts.push(scalar.clone()),
        }
    }
    Ok(crate::expr::eval::join(parts))
}
