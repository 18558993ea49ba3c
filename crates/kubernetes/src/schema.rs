//! What a definition that comes along in the same files says about its objects: the server cannot judge them yet.
//!
//! Types, required and unknown fields, enumerations and bounds. Patterns, formats and CEL rules are left to the server,
//! which judges everything once the definition is there.
use crate::object::{Object, group_of, version_of};
use serde_json::Value as Json;

/// Most faults that are told of one object.
const MOST: usize = 10;

/// Does a definition define the kind of an object, and serve its version?
pub fn defines(definition: &Object, object: &Object) -> bool {
    let spec = &definition.json["spec"];
    spec["group"] == group_of(object.api_version())
        && spec["names"]["kind"] == object.kind()
        && version(definition, object).is_some()
}

/// Is a kind of an object's group in a definition, whatever the version?
pub fn names(definition: &Object, object: &Object) -> bool {
    let spec = &definition.json["spec"];
    spec["group"] == group_of(object.api_version()) && spec["names"]["kind"] == object.kind()
}

/// Are objects of a definition in namespaces?
pub fn is_namespaced(definition: &Object) -> bool {
    definition.json["spec"]["scope"] == "Namespaced"
}

fn version<'a>(definition: &'a Object, object: &Object) -> Option<&'a Json> {
    let versions = definition.json["spec"]["versions"].as_array()?;
    let wanted = version_of(object.api_version());
    versions
        .iter()
        .find(|v| v["name"] == wanted && v["served"] != false)
}

/// What is wrong with an object by its definition, a line each.
pub fn faults(definition: &Object, object: &Object) -> Vec<String> {
    let Some(version) = version(definition, object) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let schema = &version["schema"]["openAPIV3Schema"];
    // these belong to every object
    let mut json = object.json.clone();
    if let Some(map) = json.as_object_mut() {
        for own in ["apiVersion", "kind", "metadata"] {
            map.remove(own);
        }
    }
    look(schema, &json, "", true, &mut out);
    out.truncate(MOST);
    out
}

fn look(schema: &Json, value: &Json, path: &str, top: bool, out: &mut Vec<String>) {
    let shown = if path.is_empty() { "it" } else { path };
    if value.is_null() {
        return;
    }
    let either = schema["x-kubernetes-int-or-string"] == true;
    if let Some(want) = schema["type"].as_str().filter(|_| !either) {
        let have = kind(value);
        if want != have && !(want == "number" && have == "integer") {
            out.push(format!(
                "`{shown}` must be {}, this is {}",
                a(want),
                a(have)
            ));
            return;
        }
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let list: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        out.push(format!("`{shown}` must be one of {}", list.join(", ")));
    }
    if let Some(n) = value.as_f64() {
        if schema["minimum"].as_f64().is_some_and(|least| n < least) {
            out.push(format!("`{shown}` must be at least {}", schema["minimum"]));
        }
        if schema["maximum"].as_f64().is_some_and(|most| n > most) {
            out.push(format!("`{shown}` must be at most {}", schema["maximum"]));
        }
    }
    match value {
        Json::Object(map) => {
            let below = |key: &str| match path {
                "" => key.to_owned(),
                path => format!("{path}.{key}"),
            };
            for required in schema["required"].as_array().into_iter().flatten() {
                let key = required.as_str().unwrap_or_default();
                // a default would fill it in
                let filled = !schema["properties"][key]["default"].is_null();
                let own = top && matches!(key, "apiVersion" | "kind" | "metadata" | "status");
                if !map.contains_key(key) && !filled && !own {
                    out.push(format!("`{}` is missing", below(key)));
                }
            }
            let properties = schema["properties"].as_object();
            let more = &schema["additionalProperties"];
            let open = schema["x-kubernetes-preserve-unknown-fields"] == true
                || schema["x-kubernetes-embedded-resource"] == true;
            for (key, value) in map {
                match properties.and_then(|p| p.get(key)) {
                    Some(schema) => look(schema, value, &below(key), false, out),
                    None if more.is_object() => look(more, value, &below(key), false, out),
                    None if open || *more == true || schema["type"].is_null() => {}
                    None => {
                        let near = strata_core::diagnostic::suggest(
                            key,
                            properties.into_iter().flatten().map(|(k, _)| k.as_str()),
                        );
                        let near = near.map(|n| format!("; {n}")).unwrap_or_default();
                        out.push(format!("`{}` is no field of it{near}", below(key)));
                    }
                }
            }
        }
        Json::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                look(&schema["items"], item, &format!("{path}[{i}]"), false, out);
            }
        }
        _ => {}
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(n) if n.is_i64() || n.is_u64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn a(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(json: Json) -> Object {
        Object {
            json,
            at: String::new(),
        }
    }

    fn widget(spec: Json) -> Object {
        object(
            json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}),
        )
    }

    #[test]
    fn an_object_is_judged_by_the_definition_beside_it() {
        let definition = object(
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {
            "group": "x.io", "scope": "Namespaced", "names": {"kind": "Widget"}, "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {
                "type": "object", "required": ["spec"], "properties": {"spec": {"type": "object", "required": ["size"], "properties": {
                    "size": {"type": "integer", "maximum": 3}, "color": {"type": "string", "enum": ["red"]}, "port": {"x-kubernetes-int-or-string": true},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}}}}}}}}]}}),
        );
        let good = widget(json!({"size": 1, "port": "http", "labels": {"a": "b"}}));
        assert!(defines(&definition, &good) && is_namespaced(&definition));
        assert_eq!(faults(&definition, &good), Vec::<String>::new());
        let bad =
            widget(json!({"size": "1", "colour": "red", "color": "blue", "labels": {"a": 1}}));
        assert_eq!(
            faults(&definition, &bad),
            [
                "`spec.color` must be one of \"red\"",
                "`spec.colour` is no field of it; did you mean `color`?",
                "`spec.labels.a` must be a string, this is an integer",
                "`spec.size` must be an integer, this is a string",
            ]
        );
        assert_eq!(
            faults(&definition, &widget(json!({"size": 4}))),
            ["`spec.size` must be at most 3"]
        );
        assert_eq!(
            faults(&definition, &widget(json!({}))),
            ["`spec.size` is missing"]
        );
        let mut other = widget(json!({}));
        other.json["apiVersion"] = json!("x.io/v2");
        assert!(names(&definition, &other) && !defines(&definition, &other));
    }
}
