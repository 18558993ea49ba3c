//! What a plain scalar means: YAML 1.2's core schema, with numbers only as JSON spells them.
//!
//! `no`, `y`, `on`, `012`, `0x1F`, `.5`, `+1`, `1_000` and `.inf` are texts. `1.10` is a number that keeps its text.
use strata_core::value::{Number, Value};

/// The value of a plain scalar: null, a bool, a number that keeps its text, or a text.
pub fn resolve(text: &str) -> Value {
    if is_null(text) {
        return Value::Null;
    }
    match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(Number(text.to_owned())),
        _ => Value::String(text.to_owned()),
    }
}

/// Does a plain scalar with this text mean "nothing"?
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Is this a number as JSON spells it: no leading zero, no sign `+`, digits on both sides of the point?
pub fn is_number(text: &str) -> bool {
    let b = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let int = digits(b);
    if int == 0 || (int > 1 && b[0] == b'0') {
        return false;
    }
    let mut rest = &b[int..];
    if let [b'.', fraction @ ..] = rest {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

fn digits(b: &[u8]) -> usize {
    b.iter().take_while(|c| c.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_numbers_are_numbers() {
        for yes in [
            "0",
            "-1",
            "1.10",
            "10",
            "1e5",
            "1.5E-3",
            "123456789012345678901234567890",
        ] {
            assert!(is_number(yes), "{yes}");
        }
        for no in [
            "", "-", "012", "0x1F", ".5", "5.", "+1", "1_000", "1e", "1.2.3", ".inf", "١",
        ] {
            assert!(!is_number(no), "{no}");
        }
    }

    #[test]
    fn words_of_yaml_1_1_are_texts() {
        for text in ["no", "y", "on", "off", "Yes", "012"] {
            assert_eq!(resolve(text), Value::from(text));
        }
        assert_eq!(resolve("true"), Value::Bool(true));
        assert_eq!(resolve("~"), Value::Null);
        assert_eq!(resolve("1.10"), Value::Number(Number("1.10".into())));
    }
}
