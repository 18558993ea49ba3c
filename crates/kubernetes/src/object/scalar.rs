//! What a plain scalar of a manifest means. Kubernetes reads YAML 1.1: `0644` is octal and `yes` is true.
use serde_json::{Number, Value as Json};

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            return Json::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            return Json::Bool(false);
        }
        _ => {}
    }
    if strata_syntax::scalar::is_number(text)
        && let Ok(number) = text.parse::<Number>()
    {
        return Json::Number(number);
    }
    // `1_000` is a number too
    let bare = text.replace('_', "");
    let original = text;
    let text = if text.starts_with('_') {
        text
    } else {
        bare.as_str()
    };
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { -1 } else { 1 }, rest),
        None => (1, text),
    };
    let whole = match digits.as_bytes() {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => radix(&digits[2..], 16),
        [b'0', b'o' | b'O', rest @ ..] if !rest.is_empty() => radix(&digits[2..], 8),
        [b'0', b'b' | b'B', rest @ ..] if !rest.is_empty() => radix(&digits[2..], 2),
        [b'0', rest @ ..] if !rest.is_empty() => radix(&digits[1..], 8),
        [b'1'..=b'9', ..] => radix(digits, 10),
        _ => None,
    };
    if let Some(n) = whole {
        return Json::from(sign * n);
    }
    // `.5`, `5.` and the like; never a version such as `1.2.3`, or a word such as `inf`
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    match text.parse::<f64>() {
        Ok(n) if numeric && n.is_finite() => {
            Number::from_f64(n).map_or_else(|| Json::from(original), Json::Number)
        }
        _ => Json::from(original),
    }
}

fn radix(digits: &str, base: u32) -> Option<i64> {
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    plain
        .then(|| i64::from_str_radix(digits, base).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_mean_what_kubectl_makes_of_them() {
        for (text, is) in [
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("-7", json!(-7)),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("", Json::Null),
            ("1_000", json!(1000)),
            ("a_b", json!("a_b")),
            ("1.2_3.4", json!("1.2_3.4")),
            ("1.2.3", json!("1.2.3")),
            ("10.0.0.1", json!("10.0.0.1")),
            ("0899", json!(899.0)),
            ("inf", json!("inf")),
            ("100m", json!("100m")),
            ("2026-01-01", json!("2026-01-01")),
            (
                "1e3",
                json!("1e3")
                    .as_str()
                    .map_or(Json::Null, |t| Json::Number(t.parse().unwrap())),
            ),
        ] {
            assert_eq!(resolve(text), is, "{text}");
        }
    }
}
