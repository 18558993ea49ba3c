//! Outputs that a component declares itself, because its tool cannot: where they are found and what they must be.
use crate::outcome::refused;
use std::collections::BTreeMap;
use strata_core::{
    engine::{Artifact, Collect, Failure, Finding, Got, Place, Task},
    interface::OutputDecl,
    spec::{OutputFrom, OutputSpec, UnitSpec},
    ty::Type,
    value::{Number, Output, Value},
};

/// The key that makes a map the name of a kept file: `{"strata-artifact": DIGEST, "file": NAME, "size": BYTES}`.
pub const ARTIFACT: &str = "strata-artifact";

/// Most bytes of a file that is read for an output.
const MOST_READ: u64 = 16 << 20;

/// Declared outputs as an interface states them.
pub fn interface(spec: &UnitSpec) -> BTreeMap<String, OutputDecl> {
    let declare = |(name, o): (&String, &OutputSpec)| {
        (
            name.clone(),
            OutputDecl {
                ty: o.ty.clone(),
                sensitive: o.sensitive,
                at: None,
            },
        )
    };
    spec.outputs.iter().map(declare).collect()
}

/// What an invocation has to pick up for the declared outputs.
pub fn collects(spec: &UnitSpec) -> Vec<Collect> {
    let collect = |(name, output): (&String, &OutputSpec)| {
        let name = key(name);
        match (&output.from, &output.ty) {
            (OutputFrom::File(path), Type::Artifact) => Some(Collect::Keep {
                name,
                at: Place::work(path),
                sensitive: output.sensitive,
            }),
            (OutputFrom::File(path) | OutputFrom::Json(path, _), _) => Some(Collect::Read {
                name,
                at: Place::work(path),
                max: MOST_READ,
            }),
            (OutputFrom::Engine | OutputFrom::Lookup(..), _) => None,
        }
    };
    spec.outputs.iter().filter_map(collect).collect()
}

/// Under which name a file of a declared output is picked up.
fn key(output: &str) -> String {
    format!("output:{output}")
}

/// The declared outputs that stand in files which were picked up.
pub fn from_files(spec: &UnitSpec, got: &Got) -> Result<BTreeMap<String, Value>, Failure> {
    let mut values = BTreeMap::new();
    for (name, output) in &spec.outputs {
        let (OutputFrom::File(path) | OutputFrom::Json(path, _)) = &output.from else {
            continue;
        };
        let found = match output.ty {
            Type::Artifact => kept(got, name).map(|artifact| Ok(artifact_value(path, artifact))),
            _ => got
                .read(&key(name))
                .map(|bytes| read(name, path, &output.from, bytes)),
        };
        let missing = || {
            Failure::permanent(format!(
                "the output `{name}` is missing: there is no file `{path}`"
            ))
        };
        values.insert(name.clone(), found.ok_or_else(missing)??);
    }
    Ok(values)
}

fn kept<'a>(got: &'a Got, name: &str) -> Option<&'a Artifact> {
    match got {
        Got::Exit { kept, .. } => kept.get(&key(name)),
        _ => None,
    }
}

/// A kept file as a value.
pub fn artifact_value(path: &str, artifact: &Artifact) -> Value {
    let file = path.rsplit('/').next().unwrap_or(path);
    Value::Map(BTreeMap::from([
        (
            ARTIFACT.to_owned(),
            Value::String(artifact.digest.to_string()),
        ),
        ("file".to_owned(), Value::from(file)),
        (
            "size".to_owned(),
            Value::Number(Number(artifact.size.to_string())),
        ),
    ]))
}

fn read(name: &str, path: &str, from: &OutputFrom, bytes: &[u8]) -> Result<Value, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Failure::permanent(format!(
            "the output `{name}` can't be read: `{path}` is not text in UTF-8"
        ))
    })?;
    let OutputFrom::Json(_, pointer) = from else {
        return Ok(Value::from(text.strip_suffix('\n').unwrap_or(text)));
    };
    let json: serde_json::Value = serde_json::from_str(text).map_err(|e| {
        Failure::permanent(format!(
            "the output `{name}` can't be read: `{path}` is not JSON: {e}"
        ))
    })?;
    let part = json.pointer(pointer).ok_or_else(|| {
        Failure::permanent(format!(
            "the output `{name}` is missing: `{path}` has no `{pointer}`"
        ))
    })?;
    Ok(Value::from_json(part.clone()))
}

/// Values as outputs, checked against what is declared: none missing, none that nobody declared, each of its type.
pub fn settle(
    spec: &UnitSpec,
    values: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Output>, Failure> {
    if let Some(name) = values.keys().find(|name| !spec.outputs.contains_key(*name)) {
        return Err(Failure::permanent(format!(
            "the output `{name}` is not declared; add it to `outputs:`"
        )));
    }
    let missing: Vec<String> = spec
        .outputs
        .keys()
        .filter(|name| !values.contains_key(*name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        return Err(Failure::permanent(format!(
            "declared outputs are missing: {}",
            missing.join(", ")
        )));
    }
    let mut outputs = BTreeMap::new();
    for (name, value) in values {
        let declared = &spec.outputs[&name];
        if !is_of(&value, &declared.ty) {
            let (ty, what) = (&declared.ty, kind(&value));
            return Err(Failure::permanent(format!(
                "the output `{name}` is declared as {ty} and is {what}"
            )));
        }
        let ty = (declared.ty != Type::Any).then(|| declared.ty.clone());
        outputs.insert(
            name,
            Output {
                value,
                sensitive: declared.sensitive,
                ty,
            },
        );
    }
    Ok(outputs)
}

/// The outputs recorded at the last apply, for engines whose tools can't be asked again.
pub fn recorded(task: &Task) -> Finding {
    let mut outputs = BTreeMap::new();
    for (name, term) in &task.recorded {
        let Some(value) = term.plain() else {
            return refused(format!("the output `{name}` can only be had by an apply"));
        };
        let ty = task.spec.outputs.get(name).map(|o| o.ty.clone());
        outputs.insert(
            name.clone(),
            Output {
                value,
                sensitive: false,
                ty,
            },
        );
    }
    Finding::Applied { outputs }
}

/// May a value stand where a type is declared? Nothing (`null`) may stand anywhere.
pub fn is_of(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (_, Type::Any)
        | (Value::Null, _)
        | (Value::Bool(_), Type::Bool)
        | (Value::Number(_), Type::Number)
        | (Value::String(_) | Value::Number(_) | Value::Bool(_), Type::String) => true,
        (Value::List(l), Type::List(t)) => l.iter().all(|v| is_of(v, t)),
        (Value::Map(m), Type::Map(t)) => m.values().all(|v| is_of(v, t)),
        (Value::List(l), Type::Tuple(ts)) => {
            l.len() == ts.len() && l.iter().zip(ts).all(|(v, t)| is_of(v, t))
        }
        (Value::Map(m), Type::Object(fields)) => fields
            .iter()
            .all(|(name, field)| m.get(name).map_or(field.optional, |v| is_of(v, &field.ty))),
        (Value::Map(m), Type::Artifact) => m.contains_key(ARTIFACT),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> UnitSpec {
        let output = |ty: Type, sensitive, from| OutputSpec {
            ty,
            sensitive,
            from,
        };
        UnitSpec {
            outputs: BTreeMap::from([
                (
                    "port".to_owned(),
                    output(Type::Number, false, OutputFrom::Engine),
                ),
                (
                    "key".to_owned(),
                    output(Type::String, true, OutputFrom::Engine),
                ),
            ]),
            ..UnitSpec::default()
        }
    }
    fn values(json: &str) -> BTreeMap<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn outputs_keep_their_text_and_what_is_declared_of_them() {
        let outputs = settle(&spec(), values(r#"{"port": 1.10, "key": "k"}"#)).unwrap();
        assert_eq!(outputs["port"].value, Value::Number(Number("1.10".into())));
        assert_eq!(
            (outputs["port"].sensitive, outputs["key"].sensitive),
            (false, true)
        );
    }

    #[test]
    fn what_does_not_fit_its_declaration_is_named() {
        let why = |json| settle(&spec(), values(json)).unwrap_err().summary;
        assert_eq!(why(r#"{"port": 1}"#), "declared outputs are missing: `key`");
        assert_eq!(
            why(r#"{"port": 1, "key": "", "pot": 2}"#),
            "the output `pot` is not declared; add it to `outputs:`"
        );
        assert_eq!(
            why(r#"{"port": [], "key": ""}"#),
            "the output `port` is declared as number and is a list"
        );
    }

    #[test]
    fn files_become_outputs_and_artifacts() {
        let from = |ty, from| OutputSpec {
            ty,
            sensitive: false,
            from,
        };
        let spec = UnitSpec {
            outputs: BTreeMap::from([
                (
                    "text".to_owned(),
                    from(Type::String, OutputFrom::File("a.txt".into())),
                ),
                (
                    "part".to_owned(),
                    from(Type::Any, OutputFrom::Json("a.json".into(), "/a/0".into())),
                ),
                (
                    "disk".to_owned(),
                    from(Type::Artifact, OutputFrom::File("out/x.qcow2".into())),
                ),
            ]),
            ..UnitSpec::default()
        };
        assert_eq!(collects(&spec).len(), 3);
        let digest = strata_core::digest::Digest::of(b"x");
        let artifact = Artifact {
            digest,
            sensitive: false,
            size: 7,
        };
        let mut read = BTreeMap::from([
            (key("text"), b"hi\n".to_vec()),
            (key("part"), br#"{"a":[1]}"#.to_vec()),
        ]);
        let got = |read: &BTreeMap<String, Vec<u8>>| Got::Exit {
            exit: strata_core::engine::Exit::Code(0),
            stdout: vec![],
            read: read.clone(),
            kept: BTreeMap::from([(key("disk"), artifact.clone())]),
            tail: String::new(),
            elapsed: 0,
        };
        let outputs = settle(&spec, from_files(&spec, &got(&read)).unwrap()).unwrap();
        assert_eq!(outputs["text"].value, Value::from("hi"));
        assert_eq!(outputs["part"].value, Value::Number(Number("1".into())));
        assert_eq!(
            outputs["disk"].value.at(&["file".into()]),
            Some(&Value::from("x.qcow2"))
        );
        read.remove(&key("text"));
        let why = from_files(&spec, &got(&read)).unwrap_err().summary;
        assert_eq!(
            why,
            "the output `text` is missing: there is no file `a.txt`"
        );
    }
}
