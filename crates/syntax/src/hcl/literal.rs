//! Values that are written out in HCL: no variables, no calls, no insertions.
use hcl_edit::{
    Span as _,
    expr::{Expression, ObjectKey, UnaryOperator},
};
use std::collections::BTreeMap;
use strata_core::value::{Number, Value};

/// The value of an expression that is written out; `None` when it has to be computed or can't be read. Numbers keep
/// their text.
pub fn literal(text: &str) -> Option<Value> {
    let text = text.trim();
    // most of what is written is one of these, and needs no parser
    match text {
        "" => return None,
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" => return Some(Value::Null),
        _ => {}
    }
    if crate::scalar::is_number(text) {
        return Some(Value::Number(Number(text.to_owned())));
    }
    if let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'))
        && !inner.contains(['"', '\\', '$', '%', '\n'])
    {
        return Some(Value::from(inner));
    }
    let expression = hcl_edit::parser::parse_expr(text).ok()?;
    value(&expression, text)
}

/// The entries of an object that are written out; those that have to be computed are left out.
pub fn literal_entries(text: &str) -> BTreeMap<String, Value> {
    let Ok(Expression::Object(object)) = hcl_edit::parser::parse_expr(text.trim()) else {
        return BTreeMap::new();
    };
    let entries = object.iter().filter_map(|(key, item)| {
        let key = match key {
            ObjectKey::Ident(ident) => ident.as_str().to_owned(),
            ObjectKey::Expression(key) => value(key, text.trim())?.scalar_text()?,
        };
        Some((key, value(item.expr(), text.trim())?))
    });
    entries.collect()
}

fn value(expression: &Expression, text: &str) -> Option<Value> {
    Some(match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(b) => Value::Bool(*b.value()),
        Expression::String(s) => Value::String(s.value().clone()),
        Expression::Number(_) => {
            let written = text.get(expression.span()?)?.trim();
            crate::scalar::is_number(written).then(|| Value::Number(Number(written.to_owned())))?
        }
        Expression::UnaryOp(op) if *op.operator.value() == UnaryOperator::Neg => {
            match value(&op.expr, text)? {
                Value::Number(n) if !n.0.starts_with('-') => {
                    Value::Number(Number(format!("-{}", n.0)))
                }
                _ => return None,
            }
        }
        Expression::Parenthesis(inner) => value(inner.inner(), text)?,
        Expression::Array(items) => Value::List(
            items
                .iter()
                .map(|e| value(e, text))
                .collect::<Option<_>>()?,
        ),
        Expression::Object(object) => {
            let mut map = BTreeMap::new();
            for (key, item) in object {
                let key = match key {
                    ObjectKey::Ident(ident) => ident.as_str().to_owned(),
                    ObjectKey::Expression(key) => value(key, text)?.scalar_text()?,
                };
                map.insert(key, value(item.expr(), text)?);
            }
            Value::Map(map)
        }
        Expression::HeredocTemplate(heredoc) => {
            let mut out = String::new();
            for element in &heredoc.template {
                match element {
                    hcl_edit::template::Element::Literal(literal) => out.push_str(literal.value()),
                    _ => return None,
                }
            }
            Value::String(out)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_out_has_a_value() {
        for (text, json) in [
            ("\"a\"", "\"a\""),
            ("\"a\\n\\\"b\\\"\"", "\"a\\n\\\"b\\\"\""),
            ("1.10", "1.10"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("-5", "-5"),
            ("[1.10, -2, \"x\", null]", "[1.10,-2,\"x\",null]"),
            (
                "{\n  a = 1\n  \"b c\" : [true]\n  # comment\n}",
                r#"{"a":1,"b c":[true]}"#,
            ),
            ("\"$${x}\"", "\"${x}\""),
            ("[]", "[]"),
            ("{}", "{}"),
            ("(3)", "3"),
        ] {
            assert_eq!(
                literal(text).map(|v| v.to_json().to_string()).as_deref(),
                Some(json),
                "{text}"
            );
        }
        for text in [
            "var.x",
            "\"a${b}\"",
            "1 + 2",
            "[var.x]",
            "{a = b}",
            "f()",
            "",
            "= 1",
            "\"open",
        ] {
            assert_eq!(literal(text), None, "{text}");
        }
    }
}
