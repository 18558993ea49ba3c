//! As much of JSON Schema as our own schemas use. A keyword that is not known here fails the test.
use serde_json::Value;

/// What in a document is not as its schema says; paths and reasons.
pub fn problems(schema: &Value, document: &Value) -> Vec<String> {
    problems_at(schema, schema, document, "")
}

fn problems_at(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut out = Vec::new();
    check(root, schema, value, at, &mut out);
    out
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let mut wrong = |why: String| out.push(format!("{at}: {why}"));
    let keywords = schema.as_object().expect("a schema is an object");
    for (keyword, wanted) in keywords {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => {}
            "$ref" => {
                let path = wanted.as_str().and_then(|r| r.strip_prefix('#'));
                let target = root.pointer(path.expect("a reference inside"));
                for more in problems_at(root, target.expect("a definition"), value, at) {
                    wrong(more);
                }
            }
            "type" => {
                let types = match wanted {
                    Value::Array(list) => list.clone(),
                    one => vec![one.clone()],
                };
                if !types.iter().any(|t| is(t.as_str().unwrap_or(""), value)) {
                    wrong(format!("{value} is not {wanted}"));
                }
            }
            "const" => {
                if wanted != value {
                    wrong(format!("{value} is not {wanted}"));
                }
            }
            "enum" => {
                if !wanted.as_array().expect("a list").contains(value) {
                    wrong(format!("{value} is none of {wanted}"));
                }
            }
            "pattern" => {
                assert_eq!(wanted, "^[0-9a-f]{64}$", "the one pattern that is known");
                let text = value.as_str().unwrap_or_default();
                let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if text.len() != 64 || !text.bytes().all(hex) {
                    wrong(format!("{value} is no digest"));
                }
            }
            "required" => {
                for key in wanted.as_array().expect("a list") {
                    if value.get(key.as_str().expect("a name")).is_none() {
                        wrong(format!("{key} is missing"));
                    }
                }
            }
            "properties" | "additionalProperties" | "items" | "oneOf" => {}
            other => panic!("the keyword `{other}` is not known here"),
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, part) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{key}");
        match (
            properties.and_then(|p| p.get(key)),
            schema.get("additionalProperties"),
        ) {
            (Some(schema), _) => check(root, schema, part, &at, out),
            (None, Some(Value::Bool(false))) => out.push(format!("{at}: not in the schema")),
            (None, Some(schema)) => check(root, schema, part, &at, out),
            (None, None) => {}
        }
    }
    if let (Some(schema), Some(list)) = (schema.get("items"), value.as_array()) {
        for (i, part) in list.iter().enumerate() {
            check(root, schema, part, &format!("{at}/{i}"), out);
        }
    }
    if let Some(list) = schema.get("oneOf") {
        let fits = |schema: &&Value| problems_at(root, schema, value, at).is_empty();
        let n = list.as_array().expect("a list").iter().filter(fits).count();
        if n != 1 {
            out.push(format!("{at}: fits {n} of the alternatives"));
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the type `{other}` is not known here"),
    }
}
