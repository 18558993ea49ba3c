//! `strata schema`: JSON Schemas of the files that a user writes, made from the same lists of keys that read them, and
//! of what the program writes.
mod results;

use crate::{problem::Problem, wire};
use serde_json::{Map, Value, json};
use strata_core::exit;
use strata_ops::document::{
    component, contract, environment,
    meaning::{self, Meaning},
    platform,
};

/// Runs it.
pub fn run(kind: &str) -> Result<u8, Problem> {
    let schema = match kind {
        "platform" => object(
            "strata.yaml",
            platform::KEYS,
            meaning::PLATFORM,
            &["platform"],
        ),
        "environment" => environment_schema(),
        "component" => component_schema(),
        "contract" => object(
            "contracts/NAME.yaml",
            contract::KEYS,
            meaning::CONTRACT,
            &[],
        ),
        "plan" => results::plan(),
        "diagnostics" => results::diagnostics(),
        "policy-input" => strata_policy::input::schema(),
        _ => {
            return Err(Problem::usage(format!("there is no schema `{kind}`")).hint(
                "schemas are: platform, environment, component, contract, plan, diagnostics, policy-input",
            ));
        }
    };
    println!(
        "{}",
        serde_json::to_string_pretty(&schema).expect("plain data")
    );
    Ok(exit::DONE)
}

fn object(title: &str, keys: &[&str], meanings: &[Meaning], required: &[&str]) -> Value {
    let described = |key: &&str| match meaning::of(meanings, key) {
        Some(text) => json!({"description": text}),
        None => json!({}),
    };
    let properties: Map<String, Value> = keys
        .iter()
        .map(|k| ((*k).to_owned(), described(k)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": ["object", "null"],
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The keys of an environment, and those of an import.
fn environment_schema() -> Value {
    let mut schema = object(
        "environments/NAME.yaml",
        environment::KEYS,
        meaning::ENVIRONMENT,
        &[],
    );
    let keys: Map<String, Value> = meaning::IMPORT
        .iter()
        .map(|(k, text)| ((*k).to_owned(), json!({"description": text})))
        .collect();
    schema["properties"]["imports"]["type"] = json!(["array", "null"]);
    schema["properties"]["imports"]["items"] = json!({
        "type": "object",
        "properties": keys,
        "required": ["environment"],
        "additionalProperties": false,
    });
    schema
}

/// The keys of a component, and the block of every engine.
fn component_schema() -> Value {
    let mut schema = object("component.yaml", component::KEYS, meaning::COMPONENT, &[]);
    for engine in wire::engines().iter().filter(|e| e.name() != "verify") {
        let options: Map<String, Value> = engine
            .options()
            .iter()
            .map(|(k, text)| ((*k).to_owned(), json!({"description": text})))
            .collect();
        schema["properties"][engine.name()] =
            json!({"type": "object", "properties": options, "additionalProperties": false});
    }
    schema
}
