//! Outputs and their types, as `apply -json` streams them or `output -json` prints them.
use crate::declared;
use crate::outcome::refused;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use strata_core::{
    engine::{Finding, Got, Task, Verb},
    ty::{Field, Type},
    value::{Output, Value},
};

/// The outputs that `apply -json` streamed; `None` when one is sensitive (it leaves those out) or none were seen.
pub fn of_apply(task: &Task, got: &Got) -> Option<Finding> {
    let text = std::str::from_utf8(got.stdout()).ok()?;
    let line = text
        .lines()
        .rfind(|line| line.contains(r#""type":"outputs""#))?;
    let message: Json = serde_json::from_str(line).ok()?;
    let outputs = message["outputs"].as_object()?;
    let all_known = outputs
        .values()
        .all(|output| output["sensitive"] == false && output.get("value").is_some());
    all_known.then(|| finding(task, outputs.clone(), got))
}

/// The outputs that `output -json` printed.
pub fn of_output(task: &Task, got: &Got) -> Finding {
    match serde_json::from_slice(got.stdout()) {
        Ok(Json::Object(outputs)) => finding(task, outputs, got),
        _ => refused("terraform output did not print a JSON object"),
    }
}

fn finding(task: &Task, tool: serde_json::Map<String, Json>, got: &Got) -> Finding {
    let mut outputs: BTreeMap<String, Output> = tool
        .into_iter()
        .map(|(name, o)| (name, output(o)))
        .collect();
    // files that an apply made are gone when outputs are only read again: what was recorded of them still holds
    let files = match declared::from_files(&task.spec, got) {
        Err(failure) if task.verb != Verb::Outputs => return Finding::Failed(failure),
        files => files.unwrap_or_default(),
    };
    for (name, declared) in &task.spec.outputs {
        let value = files.get(name).cloned().or_else(|| {
            task.recorded
                .get(name)
                .and_then(strata_core::value::Term::plain)
        });
        match (outputs.get_mut(name), value) {
            (Some(output), _) => output.sensitive |= declared.sensitive,
            (None, Some(value)) => {
                let ty = Some(declared.ty.clone());
                outputs.insert(
                    name.clone(),
                    Output {
                        value,
                        sensitive: declared.sensitive,
                        ty,
                    },
                );
            }
            (None, None) => return refused(format!("the declared output `{name}` is missing")),
        }
    }
    Finding::Applied { outputs }
}

fn output(mut json: Json) -> Output {
    let value = Value::from_json(json.get_mut("value").map(Json::take).unwrap_or_default());
    Output {
        value,
        sensitive: json["sensitive"] == true,
        ty: json.get("type").map(type_of),
    }
}

/// A type as Terraform writes it in JSON: `"string"`, `["list", "string"]`, `["object", {"a": "number"}]`.
pub fn type_of(json: &Json) -> Type {
    let inner = |part: &Json| Box::new(type_of(part));
    match json {
        Json::String(name) => match name.as_str() {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            _ => Type::Any,
        },
        Json::Array(parts) => match (parts.first().and_then(Json::as_str), parts.get(1)) {
            (Some("list" | "set"), Some(part)) => Type::List(inner(part)),
            (Some("map"), Some(part)) => Type::Map(inner(part)),
            (Some("tuple"), Some(Json::Array(parts))) => {
                Type::Tuple(parts.iter().map(type_of).collect())
            }
            (Some("object"), Some(Json::Object(fields))) => {
                let optional = |name: &str| {
                    parts
                        .get(2)
                        .and_then(Json::as_array)
                        .is_some_and(|names| names.iter().any(|n| n == name))
                };
                let field = |(name, ty): (&String, &Json)| {
                    (
                        name.clone(),
                        Field {
                            ty: type_of(ty),
                            optional: optional(name),
                            default: None,
                        },
                    )
                };
                Type::Object(fields.iter().map(field).collect())
            }
            _ => Type::Any,
        },
        _ => Type::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_terraform_writes_them() {
        let ty = |text: &str| type_of(&serde_json::from_str(text).unwrap()).to_string();
        assert_eq!(ty(r#"["map",["set","number"]]"#), "map(list(number))");
        assert_eq!(
            ty(
                r#"["object",{"a":["tuple",["number","string"]],"b":["set","string"],"c":"dynamic"},["b"]]"#
            ),
            "object({a = tuple([number, string]), b = optional(list(string)), c = unknown})"
        );
    }
}
