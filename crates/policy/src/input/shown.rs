//! Terms as JSON: a marker stands for what is not known yet, and for every secret.
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json, json};
use strata_core::value::{Number, OutputRef, SecretRef, Term};

/// A term as rules see it. Nothing that is secret is in it: a term names secrets and holds none.
pub fn shown(term: &Term) -> Json {
    match term {
        Term::Null => Json::Null,
        Term::Bool(b) => Json::Bool(*b),
        Term::Number(n) => number(n),
        Term::String(s) => Json::String(s.clone()),
        Term::List(l) => Json::Array(l.iter().map(shown).collect()),
        Term::Map(m) => {
            let fields: Map<String, Json> = m.iter().map(|(k, v)| (k.clone(), shown(v))).collect();
            Json::Object(fields)
        }
        Term::Text(parts) => json!({ "$text": parts.iter().map(shown).collect::<Vec<_>>() }),
        Term::Predicted { value, by } => {
            json!({"$unknown": {"output": output(by), "expected": shown(value)}})
        }
        Term::Hole { ty, filled_by } => {
            json!({"$unknown": {"output": output(filled_by), "type": ty.to_string()}})
        }
        Term::Secret(s) => secret(s),
    }
}

/// What is given to an input that its tool declares sensitive. A value that stands in the files in clear is hidden too;
/// its store is called `plain`.
pub fn masked(term: &Term) -> Json {
    match term {
        Term::Null | Term::Secret(_) | Term::Hole { .. } => shown(term),
        _ if term.is_secret() => shown(term),
        _ => json!({"$secret": {"store": "plain"}}),
    }
}

/// An output as people write it: `ENV/NAME.output.field`.
pub fn output(of: &OutputRef) -> String {
    let mut text = of.unit.to_string();
    for part in &of.path {
        text.push('.');
        text.push_str(part);
    }
    text
}

fn secret(s: &SecretRef) -> Json {
    json!({"$secret": {"store": s.store, "key": s.key}})
}

/// A number, or its text where a rule could not compute with it.
fn number(n: &Number) -> Json {
    let finite = n.0.parse::<f64>().is_ok_and(f64::is_finite);
    match serde_json::from_str::<serde_json::Number>(&n.0) {
        Ok(number) if finite => Json::Number(number),
        _ => Json::String(n.0.clone()),
    }
}

const MARKERS: &str = "Any JSON. Instead of what is not known: {\"$unknown\": {\"output\", \"type\"}}. Instead of a \
secret: {\"$secret\": {\"store\", \"key\"}}. A text made of such parts: {\"$text\": [part, …]}.";

pub(super) fn value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "description": MARKERS })
}

pub(super) fn values(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"description": MARKERS}})
}

pub(super) fn list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"description": MARKERS}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::{name::Address, ty::Type};

    #[test]
    fn markers_stand_for_holes_and_secrets() {
        let hole = Term::Hole {
            ty: Type::String,
            filled_by: OutputRef {
                unit: Address::new("dev", "vpc"),
                path: vec!["id".into()],
            },
        };
        let password = Term::Secret(SecretRef {
            store: "env".into(),
            key: "PW".into(),
            path: vec![],
        });
        assert_eq!(
            shown(&Term::Text(vec!["a".into_term(), hole.clone()])),
            json!({"$text": ["a", {"$unknown": {"output": "dev/vpc.id", "type": "string"}}]})
        );
        assert_eq!(
            masked(&password),
            json!({"$secret": {"store": "env", "key": "PW"}})
        );
        assert_eq!(masked(&hole), shown(&hole));
        let clear = Term::List(vec!["hunter2".into_term()]);
        assert_eq!(masked(&clear), json!({"$secret": {"store": "plain"}}));
    }

    #[test]
    fn a_number_that_nobody_can_compute_with_is_a_text() {
        assert_eq!(shown(&Term::Number(Number("1e999".into()))), json!("1e999"));
        assert_eq!(shown(&Term::Number(Number("8080".into()))), json!(8080));
    }

    trait IntoTerm {
        fn into_term(self) -> Term;
    }
    impl IntoTerm for &str {
        fn into_term(self) -> Term {
            Term::String(self.to_owned())
        }
    }
}
