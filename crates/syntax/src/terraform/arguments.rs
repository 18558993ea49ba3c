//! Whether an expression can stand where a type is asked for: only a certain "no" is a "no".
use super::{folder::Folder, shape::Shape, types::Types};
use strata_core::{ty::Type, value::Value};

/// The deepest nesting that is compared.
const MAX_DEPTH: u32 = 32;

/// Why a value can certainly not become one of a type, as `a list, not a map(string)`; where in it, if not on top.
pub(super) fn misfit<'a>(
    types: &Types<'a>,
    folder: &'a Folder,
    shape: &'a Shape,
    want: &Type,
) -> Option<String> {
    of_shape(types, folder, shape, want, 0)
}

/// The same of a value that is written out.
pub(super) fn misfit_of_value(value: &Value, want: &Type) -> Option<String> {
    let (folder, shape) = (Folder::default(), Shape::from_value(value));
    misfit(&Types::new(&[]), &folder, &shape, want)
}

fn of_shape<'a>(
    types: &Types<'a>,
    folder: &'a Folder,
    shape: &'a Shape,
    want: &Type,
    depth: u32,
) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = |shape: &'a Shape, want: &Type| of_shape(types, folder, shape, want, depth + 1);
    match (shape, want) {
        (_, Type::Any) | (Shape::Unknown | Shape::Null, _) => None,
        (Shape::Text(text), Type::Number) if !is_number(text) => {
            Some(format!("the text \"{}\", not a number", short(text)))
        }
        (Shape::Text(text), Type::Bool)
            if !["true", "false", "1", "0"].contains(&text.as_str()) =>
        {
            Some(format!("the text \"{}\", not a bool", short(text)))
        }
        (Shape::List(items), Type::List(item)) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(i, s)| Some(within(&format!("[{i}]"), &inner(s, item)?)))
        }
        (Shape::List(items), Type::Tuple(wanted)) if items.len() == wanted.len() => {
            let mut pairs = items.iter().zip(wanted).enumerate();
            pairs.find_map(|(i, (s, w))| Some(within(&format!("[{i}]"), &inner(s, w)?)))
        }
        (Shape::Object(fields), Type::Map(item)) => fields
            .iter()
            .find_map(|(name, s)| Some(within(name, &inner(s, item)?))),
        (Shape::Object(_), Type::Object(wanted)) => {
            wanted
                .iter()
                .find_map(|(name, field)| match shape.field(name) {
                    Some(s) => Some(within(name, &inner(s, &field.ty)?)),
                    None if field.optional => None,
                    None => Some(format!("an object without `{name}`")),
                })
        }
        // one of two fits, which is as much as can be told
        (Shape::Either(a, b), _) => {
            let found = inner(a, want)?;
            inner(b, want)?;
            Some(found)
        }
        _ => of_type(&types.of(folder, shape), want),
    }
}

fn within(part: &str, why: &str) -> String {
    match why.strip_prefix("at `") {
        Some(rest) if rest.starts_with('[') => format!("at `{part}{rest}"),
        Some(rest) => format!("at `{part}.{rest}"),
        None => format!("at `{part}` {why}"),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Numbers as Terraform reads them from a text.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    // hexadecimal and the like: let Terraform say it
    text.parse::<f64>().is_ok() || text.starts_with("0x") || text.contains('_')
}

/// The same of types alone.
fn of_type(have: &Type, want: &Type) -> Option<String> {
    use Type::{Any, Artifact, Bool, List, Map, Number, Object, String, Tuple};
    match (have, want) {
        (Any | Artifact, _) | (_, Any | Artifact) => None,
        // a text may be a number, and a set may be asked for as a list
        (String, Number | Bool) => None,
        (Number | Bool, String) => None,
        (List(a), List(b)) | (Map(a), Map(b)) => of_type(a, b),
        (Tuple(items), List(item)) => items.iter().find_map(|t| of_type(t, item)),
        (Object(fields), Map(item)) => fields.values().find_map(|f| of_type(&f.ty, item)),
        // what a map holds is seen when it is there
        (Map(_), Object(_)) | (List(_) | Tuple(_), Tuple(_)) => None,
        (Object(fields), Object(wanted)) => {
            wanted
                .iter()
                .find_map(|(name, want)| match fields.get(name) {
                    Some(have) => of_type(&have.ty, &want.ty),
                    None if want.optional => None,
                    None => Some(format!("an object without `{name}`")),
                })
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{}, not {}", a_kind(a), a_kind(b))),
    }
}

fn a_kind(ty: &Type) -> &'static str {
    match ty {
        Type::Any | Type::Artifact => "a value",
        Type::Bool => "a bool",
        Type::Number => "a number",
        Type::String => "a text",
        Type::List(_) => "a list",
        Type::Tuple(_) => "a list",
        Type::Map(_) => "a map",
        Type::Object(_) => "an object",
    }
}
