//! A value as YAML: block style, texts quoted as JSON quotes them wherever YAML could read something else.
use crate::scalar;
use strata_core::value::Value;

/// The text of a value as YAML, ending in a line break.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn write(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::List(items) if !items.is_empty() => {
            for item in items {
                pad(indent, out);
                out.push('-');
                nested(item, indent, out);
            }
        }
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                pad(indent, out);
                out.push_str(&text(key));
                out.push(':');
                nested(value, indent, out);
            }
        }
        _ => out.push_str(&short(value)),
    }
}

fn nested(value: &Value, indent: usize, out: &mut String) {
    let long = match value {
        Value::List(l) => !l.is_empty(),
        Value::Map(m) => !m.is_empty(),
        _ => false,
    };
    if long {
        out.push('\n');
        write(value, indent + 2, out);
    } else {
        out.push(' ');
        out.push_str(&short(value));
        out.push('\n');
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn short(value: &Value) -> String {
    match value {
        Value::String(s) => text(s),
        other => other.to_json().to_string(),
    }
}

/// A text, quoted unless it is made of plain characters and is read as a text by every YAML.
fn text(s: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let old_words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let safe = s.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && s.chars().all(plain)
        && !old_words.contains(&s.to_ascii_lowercase().as_str())
        && matches!(scalar::resolve(s), Value::String(_));
    if safe {
        s.to_owned()
    } else {
        Value::from(s).to_json().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_emitted_reads_as_it_was() {
        for json in [
            r#"{"a":[1,{"b":"no","c":"x: y"},[],{}],"d":"line\nline","e":null,"1":"1.10","f":[[1,2],["x"]]}"#,
            r##"["~","- a","","#c"," x ","true"]"##,
            r#""text""#,
            "3",
            "[]",
        ] {
            let value = Value::from_json(serde_json::from_str(json).unwrap());
            let yaml = emit(&value);
            let (node, problems) = crate::yaml::parse(&Arc::from("f"), &yaml);
            assert!(problems.is_empty(), "{yaml}\n{problems:?}");
            assert_eq!(node.unwrap().to_value(), value, "{yaml}");
        }
    }
}
