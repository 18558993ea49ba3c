//! What expressions mean.
mod knowledge;
mod references;
mod templates;
mod types;
mod values;

use super::*;
use crate::yaml;
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::Diagnostic,
    name::Address,
    ty::{Field, Fields, Type},
    value::{Number, OutputRef, SecretRef, Term, Value},
};

fn json(text: &str) -> Term {
    Value::from_json(serde_json::from_str(text).unwrap()).into()
}
fn by(path: &[&str]) -> OutputRef {
    OutputRef {
        unit: Address::new("dev", "net"),
        path: path.iter().map(|s| (*s).to_owned()).collect(),
    }
}
fn hole(ty: Type, path: &[&str]) -> Term {
    Term::Hole {
        ty,
        filled_by: by(path),
    }
}
fn secret(key: &str, path: &[&str]) -> Term {
    Term::Secret(SecretRef {
        store: "env".into(),
        key: key.into(),
        path: path.iter().map(|s| (*s).to_owned()).collect(),
    })
}
fn predicted(value: Term) -> Term {
    Term::Predicted {
        value: Box::new(value),
        by: by(&["ip"]),
    }
}

struct World(BTreeMap<String, Term>);

struct Outputs;
impl Object for Outputs {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        match key {
            "id" => Ok(Item::Term(Term::String("vpc-1".into()))),
            "later" => Ok(Item::Term(hole(Type::Any, &["later"]))),
            _ => Err(format!(
                "`network` has no output `{key}`; did you mean `id`?"
            )),
        }
    }
    fn whole(&self) -> Option<Term> {
        Some(json(r#"{"id": "vpc-1"}"#))
    }
}
struct Unit;
impl Object for Unit {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        if key == "outputs" {
            Ok(Item::Object(Box::new(Outputs)))
        } else {
            Err("write `.outputs`".into())
        }
    }
}

impl Scope for World {
    fn name(&self, name: &str) -> Option<Item<'_>> {
        match name {
            "kubernetes-cluster" => Some(Item::Object(Box::new(Unit))),
            _ => self.0.get(name).map(Item::Ref),
        }
    }
    fn env(&self, env: &str, name: &str) -> Option<Item<'_>> {
        (env == "org" && name == "domain").then(|| Item::Object(Box::new(Unit) as Box<dyn Object>))
    }
    fn secret(&self, spec: &str) -> Result<Term, String> {
        spec.strip_prefix("env:")
            .map(|key| secret(key, &[]))
            .ok_or_else(|| format!("`{spec}` is not a secret"))
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn world() -> World {
    let mut names = BTreeMap::new();
    let values = r#"{"region": "eu", "zones": ["a", "b"], "n": 3, "on": true, "odd-name": "x", "regions": {"eu-1": {"cidr": "10.1.0.0/16"}, "us-1": {"cidr": "10.2.0.0/16"}}}"#;
    names.insert("values".to_owned(), json(values));
    let fields = Fields::from_iter([("ip".to_owned(), Field::required(Type::String))]);
    names.insert("open".to_owned(), hole(Type::Object(fields), &["host"]));
    names.insert(
        "guess".to_owned(),
        predicted(json(r#"{"ip": "10.0.0.1", "on": true, "n": 2}"#)),
    );
    names.insert("pw".to_owned(), secret("PW", &[]));
    names.insert("a".to_owned(), json("5"));
    names.insert("b".to_owned(), json("2"));
    World(names)
}

fn value(text: &str) -> Term {
    match parse(text) {
        Ok(ast) => eval_ast(&ast, &world()).unwrap_or_else(|e| panic!("{text}: {e:?}")),
        Err(e) => panic!("{text}: {e:?}"),
    }
}
fn fault(text: &str) -> EvalError {
    let ast = parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    eval_ast(&ast, &world()).expect_err(text)
}
fn template(text: &str) -> (Option<Template>, Vec<Diagnostic>) {
    let (node, problems) = yaml::parse(&Arc::from("f.yaml"), text);
    assert!(problems.is_empty(), "{problems:?}");
    parse_template(&node.unwrap())
}
fn filled(text: &str) -> Result<Term, EvalError> {
    let (found, problems) = template(text);
    eval(&found.unwrap_or_else(|| panic!("{problems:?}")), &world())
}
