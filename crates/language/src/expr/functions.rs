//! Operators and functions over values that are known.
use super::{ast::Op, network};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use strata_core::value::{Number, Term};

const FUNCTIONS: &[&str] = &[
    "size", "string", "int", "number", "cidrsubnet", "cidrhost", "json", "yaml", "base64", "sha256", "lookup", "keys",
    "values", "merge", "has",
];
const METHODS: &[&str] = &[
    "size", "startsWith", "endsWith", "contains", "lowerAscii", "upperAscii", "replace", "split", "trim", "substring",
    "join",
];

/// Names of functions, or of methods.
pub(super) fn names(method: bool) -> &'static [&'static str] {
    if method { METHODS } else { FUNCTIONS }
}

type Answer = Result<Term, String>;

fn text(s: impl Into<String>) -> Term {
    Term::String(s.into())
}
fn number(n: impl ToString) -> Term {
    Term::Number(Number(n.to_string()))
}
fn integer(t: &Term) -> Option<i128> {
    match t {
        Term::Number(n) => n.0.parse().ok(),
        _ => None,
    }
}
fn json_of(t: &Term) -> Result<serde_json::Value, String> {
    t.plain().map(|v| v.to_json()).ok_or_else(|| "this value is not known yet".to_owned())
}

/// Calls a function; a method's object is its first argument.
pub(super) fn apply(f: &str, args: &[Term]) -> Answer {
    use Term::{Bool, List, Map, String as Str};
    Ok(match (f, args) {
        ("size", [Str(s)]) => number(s.chars().count()),
        ("size", [List(l)]) => number(l.len()),
        ("size", [Map(m)]) => number(m.len()),
        ("string", [Str(s)]) => text(s),
        ("string", [Term::Number(n)]) => text(&n.0),
        ("string", [Bool(b)]) => text(b.to_string()),
        ("int" | "number", [Str(s)]) if crate::scalar::is_number(s.trim()) => number(s.trim()),
        ("int" | "number", [n @ Term::Number(_)]) => n.clone(),
        ("startsWith", [Str(s), Str(p)]) => Bool(s.starts_with(p.as_str())),
        ("endsWith", [Str(s), Str(p)]) => Bool(s.ends_with(p.as_str())),
        ("contains", [Str(s), Str(p)]) => Bool(s.contains(p.as_str())),
        ("contains", [List(l), x]) => Bool(l.contains(x)),
        ("lowerAscii", [Str(s)]) => text(s.to_ascii_lowercase()),
        ("upperAscii", [Str(s)]) => text(s.to_ascii_uppercase()),
        ("trim", [Str(s)]) => text(s.trim()),
        ("replace", [Str(s), Str(a), Str(b)]) => text(s.replace(a.as_str(), b)),
        ("split", [Str(s), Str(by)]) => List(s.split(by.as_str()).map(text).collect()),
        ("substring", [Str(s), from]) => text(substring(s, from, None)?),
        ("substring", [Str(s), from, to]) => text(substring(s, from, Some(to))?),
        ("join", [List(l)]) => joined(l, "")?,
        ("join", [List(l), Str(by)]) => joined(l, by)?,
        ("cidrsubnet", [Str(p), bits, n]) => text(network::subnet(p, whole(bits)?, whole(n)?)?),
        ("cidrhost", [Str(p), n]) => text(network::host(p, whole(n)?)?),
        ("json", [t]) => text(json_of(t)?.to_string()),
        ("yaml", [t]) => text(crate::yaml::emit(&t.plain().ok_or_else(|| "this value is not known yet".to_owned())?)),
        ("base64", [Str(s)]) => text(base64(s.as_bytes())),
        ("sha256", [Str(s)]) => text(Sha256::digest(s.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>()),
        ("lookup", [Map(m), Str(k), otherwise]) => m.get(k).unwrap_or(otherwise).clone(),
        ("keys", [Map(m)]) => List(m.keys().map(text).collect()),
        ("values", [Map(m)]) => List(m.values().cloned().collect()),
        ("merge", maps) if !maps.is_empty() && maps.iter().all(|t| matches!(t, Map(_))) => {
            let mut out = BTreeMap::new();
            for t in maps {
                if let Map(m) = t {
                    out.extend(m.clone());
                }
            }
            Map(out)
        }
        _ => return Err(format!("`{f}` cannot be called with {}", kinds(args))),
    })
}

fn kinds(args: &[Term]) -> String {
    if args.is_empty() {
        return "nothing".to_owned();
    }
    args.iter().map(kind).collect::<Vec<_>>().join(", ")
}

fn kind(t: &Term) -> &'static str {
    match t {
        Term::Null => "null",
        Term::Bool(_) => "a bool",
        Term::Number(_) => "a number",
        Term::String(_) | Term::Text(_) => "a text",
        Term::List(_) => "a list",
        Term::Map(_) => "a map",
        Term::Secret(_) => "a secret",
        Term::Hole { .. } | Term::Predicted { .. } => "a value that is not there yet",
    }
}

fn whole(t: &Term) -> Result<u32, String> {
    integer(t).and_then(|n| u32::try_from(n).ok()).ok_or_else(|| "a whole number that is not negative is wanted".to_owned())
}

fn substring(s: &str, from: &Term, to: Option<&Term>) -> Result<String, String> {
    let from = whole(from)? as usize;
    let length = s.chars().count();
    let to = to.map_or(Ok(length), |t| whole(t).map(|n| n as usize))?;
    if from > to || to > length {
        return Err(format!("there are no characters {from} to {to}: the text has {length}"));
    }
    Ok(s.chars().skip(from).take(to - from).collect())
}

fn joined(list: &[Term], by: &str) -> Answer {
    let mut out = Vec::with_capacity(list.len());
    for t in list {
        match t.plain().and_then(|v| v.scalar_text()) {
            Some(s) => out.push(s),
            None => return Err(format!("`join` needs texts, this is {}", kind(t))),
        }
    }
    Ok(text(out.join(by)))
}

/// An operator on two values.
pub(super) fn operate(op: Op, a: &Term, b: &Term) -> Result<Term, (String, Option<String>)> {
    use Term::{Bool, List, Map, String as Str};
    let no = |help: Option<&str>| Err((format!("`{}` cannot join {} and {}", op.text(), kind(a), kind(b)), help.map(str::to_owned)));
    Ok(match (op, a, b) {
        (Op::Eq, a, b) => Bool(equal(a, b)),
        (Op::Ne, a, b) => Bool(!equal(a, b)),
        (Op::And, Bool(a), Bool(b)) => Bool(*a && *b),
        (Op::Or, Bool(a), Bool(b)) => Bool(*a || *b),
        (Op::In, x, List(l)) => Bool(l.iter().any(|e| equal(e, x))),
        (Op::In, Str(k), Map(m)) => Bool(m.contains_key(k)),
        (Op::Add, Str(a), Str(b)) => text(format!("{a}{b}")),
        (Op::Add, List(a), List(b)) => List(a.iter().chain(b).cloned().collect()),
        (Op::Add, Str(_), Term::Number(_)) | (Op::Add, Term::Number(_), Str(_)) => {
            return no(Some("write `string(…)` around the number"));
        }
        (Op::Lt | Op::Le | Op::Gt | Op::Ge, Str(a), Str(b)) => Bool(ordered(op, a.cmp(b))),
        (_, Term::Number(x), Term::Number(y)) => return arithmetic(op, x, y),
        _ => return no(None),
    })
}

fn equal(a: &Term, b: &Term) -> bool {
    match (a, b) {
        (Term::Number(x), Term::Number(y)) => compare(x, y) == Some(std::cmp::Ordering::Equal),
        (a, b) => a == b,
    }
}

fn ordered(op: Op, o: std::cmp::Ordering) -> bool {
    match op {
        Op::Lt => o.is_lt(),
        Op::Le => o.is_le(),
        Op::Gt => o.is_gt(),
        _ => o.is_ge(),
    }
}

fn compare(x: &Number, y: &Number) -> Option<std::cmp::Ordering> {
    if let (Ok(a), Ok(b)) = (x.0.parse::<i128>(), y.0.parse::<i128>()) {
        return Some(a.cmp(&b));
    }
    x.0.parse::<f64>().ok()?.partial_cmp(&y.0.parse().ok()?)
}

fn arithmetic(op: Op, x: &Number, y: &Number) -> Result<Term, (String, Option<String>)> {
    if matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge) {
        return compare(x, y).map(|o| Term::Bool(ordered(op, o))).ok_or_else(|| ("these numbers cannot be compared".to_owned(), None));
    }
    let overflow = || ("the result is too large".to_owned(), None);
    if let (Ok(a), Ok(b)) = (x.0.parse::<i128>(), y.0.parse::<i128>()) {
        if b == 0 && matches!(op, Op::Div | Op::Rem) {
            return Err(("division by zero".to_owned(), None));
        }
        let n = match op {
            Op::Add => a.checked_add(b),
            Op::Sub => a.checked_sub(b),
            Op::Mul => a.checked_mul(b),
            Op::Div => a.checked_div(b),
            Op::Rem => a.checked_rem(b),
            _ => return Err((format!("`{}` needs true or false", op.text()), None)),
        };
        return n.map(number).ok_or_else(overflow);
    }
    let (Ok(a), Ok(b)) = (x.0.parse::<f64>(), y.0.parse::<f64>()) else { return Err(overflow()) };
    let n = match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Rem => a % b,
        _ => return Err((format!("`{}` needs true or false", op.text()), None)),
    };
    if n.is_finite() { Ok(number(n)) } else { Err(overflow()) }
}

/// The same number with the other sign, its characters kept.
pub(super) fn negate(n: &Number) -> Number {
    Number(n.0.strip_prefix('-').map_or_else(|| format!("-{}", n.0), str::to_owned))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { ALPHABET[(n >> (18 - 6 * i) & 63) as usize] as char } else { '=' });
        }
    }
    out
}
