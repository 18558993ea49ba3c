//! Objects from the text of a file: several documents, lists, JSON; with inputs in the place of `${NAME}`.
use super::{Object, scalar};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use strata_syntax::{
    node::{Kind, Node, Scalar, Style},
    yaml,
};

/// What stands for `${NAME}`.
pub type Inputs = BTreeMap<String, Json>;

/// How deeply lists of objects are looked into.
const DEEPEST: usize = 4;

/// The objects of a file, in order; or what is wrong with it, a line each.
pub fn read(file: &str, text: &str, inputs: &Inputs) -> Result<Vec<Object>, Vec<String>> {
    let (documents, problems) = yaml::documents(&file.into(), text);
    let line = |offset: u32| {
        let before = text.get(..offset as usize).unwrap_or(text);
        before.bytes().filter(|b| *b == b'\n').count() + 1
    };
    let mut wrong: Vec<String> = problems
        .iter()
        .map(|p| {
            let at = p.at.as_ref().map_or(1, |at| line(at.span.start));
            format!("{file}:{at}: {}", p.message)
        })
        .collect();
    let mut objects = Vec::new();
    for document in &documents {
        let at = format!("{file}:{}", line(document.span.start));
        gather(
            json(document, inputs),
            &at,
            DEEPEST,
            &mut objects,
            &mut wrong,
        );
    }
    if wrong.is_empty() {
        Ok(objects)
    } else {
        Err(wrong)
    }
}

fn gather(json: Json, at: &str, depth: usize, objects: &mut Vec<Object>, wrong: &mut Vec<String>) {
    let text = |pointer: &str| {
        json.pointer(pointer)
            .and_then(Json::as_str)
            .filter(|t| !t.is_empty())
    };
    if json.is_null() {
        return;
    }
    let (Some(_), Some(kind)) = (text("/apiVersion"), text("/kind")) else {
        wrong.push(format!(
            "{at}: this is no object: it has no `apiVersion` and `kind`"
        ));
        return;
    };
    if kind.ends_with("List") && json["items"].is_array() && depth > 0 {
        let Json::Array(items) = json["items"].clone() else {
            return;
        };
        for item in items {
            gather(item, at, depth - 1, objects, wrong);
        }
        return;
    }
    if text("/metadata/name").is_none() {
        let what = if text("/metadata/generateName").is_some() {
            "`generateName` makes a new object each time; give it a name"
        } else {
            "it has no `metadata.name`"
        };
        wrong.push(format!("{at}: {kind}: {what}"));
        return;
    }
    let mut json = json;
    // what the server says is not for us to say
    if let Some(map) = json.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = json["metadata"].as_object_mut() {
        for server in [
            "managedFields",
            "creationTimestamp",
            "resourceVersion",
            "uid",
            "generation",
            "selfLink",
        ] {
            metadata.remove(server);
        }
    }
    objects.push(Object {
        json,
        at: at.to_owned(),
    });
}

fn json(node: &Node, inputs: &Inputs) -> Json {
    match &node.kind {
        Kind::Scalar(s) => substituted(s, inputs),
        Kind::List(items) => Json::Array(items.iter().map(|n| json(n, inputs)).collect()),
        Kind::Map(map) => Json::Object(
            map.entries
                .iter()
                .map(|e| (e.key.clone(), json(&e.value, inputs)))
                .collect::<Map<_, _>>(),
        ),
    }
}

/// A scalar with inputs in it. A plain one that is nothing else takes the type of the input; any other stays a text.
fn substituted(scalar: &Scalar, inputs: &Inputs) -> Json {
    let plain = |text: &str| match scalar.style {
        Style::Plain => scalar::resolve(text),
        _ => Json::from(text),
    };
    let text = scalar.text.as_str();
    if inputs.is_empty() || !text.contains("${") {
        return plain(text);
    }
    let whole = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
    if let Some(value) = whole.and_then(|name| inputs.get(name))
        && scalar.style == Style::Plain
    {
        return value.clone();
    }
    let mut out = String::new();
    let mut rest = text;
    let mut changed = false;
    while let Some(start) = rest.find("${") {
        let escaped = rest[..start].ends_with('$');
        let name = rest[start + 2..].split_once('}').map(|(name, _)| name);
        match name.and_then(|name| Some((name, inputs.get(name)?))) {
            Some((name, value)) => {
                if escaped {
                    // `$${NAME}` stands for itself
                    out.push_str(&rest[..start - 1]);
                    out.push_str(&rest[start..start + name.len() + 3]);
                } else {
                    out.push_str(&rest[..start]);
                    match value {
                        Json::String(s) => out.push_str(s),
                        other => out.push_str(&other.to_string()),
                    }
                }
                changed = true;
                rest = &rest[start + name.len() + 3..];
            }
            None => {
                out.push_str(&rest[..start + 2]);
                rest = &rest[start + 2..];
            }
        }
    }
    out.push_str(rest);
    if changed {
        Json::from(out)
    } else {
        plain(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn none() -> Inputs {
        Inputs::new()
    }

    #[test]
    fn documents_and_lists_become_objects_with_their_lines() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, creationTimestamp: null}\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}, status: {}}\n";
        let objects = read("x.yaml", text, &none()).unwrap();
        let said: Vec<(String, &str)> = objects
            .iter()
            .map(|o| (o.key().to_string(), o.at.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("ConfigMap a".to_owned(), "x.yaml:1"),
                ("Secret b".to_owned(), "x.yaml:7")
            ]
        );
        assert_eq!(objects[1].json.get("status"), None);
        assert_eq!(objects[0].json["metadata"], json!({"name": "a"}));
    }

    #[test]
    fn json_is_read_too() {
        let objects = read("x.json", r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": {"replicas": 1}}"#, &none()).unwrap();
        assert_eq!(objects[0].key().to_string(), "Deployment.apps n/a");
        assert_eq!(objects[0].json["spec"]["replicas"], json!(1));
    }

    #[test]
    fn what_is_no_object_is_said_with_its_line() {
        let wrong = |text| read("x.yaml", text, &none()).unwrap_err();
        assert_eq!(
            wrong("a: 1\n"),
            ["x.yaml:1: this is no object: it has no `apiVersion` and `kind`"]
        );
        assert_eq!(
            wrong("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n"),
            ["x.yaml:1: Pod: `generateName` makes a new object each time; give it a name"]
        );
        assert!(wrong("a: [1\n")[0].starts_with("x.yaml:1: this is not YAML"));
    }

    #[test]
    fn inputs_keep_their_type_and_scripts_keep_their_variables() {
        let inputs: Inputs = [("n".to_owned(), json!(3)), ("host".to_owned(), json!("h"))].into();
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: ${n}\n  b: 'x-${n}'\n  c: https://${host}/\n  d: $${n}\n  e: 'echo ${HOME} ${n}'\n  f: '${n}'\n";
        let objects = read("x.yaml", text, &inputs).unwrap();
        assert_eq!(
            objects[0].json["data"],
            json!({"a": 3, "b": "x-3", "c": "https://h/", "d": "${n}", "e": "echo ${HOME} 3", "f": "3"})
        );
    }
}
