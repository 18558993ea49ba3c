//! JSON Schemas of what the program writes. Tests hold them against real documents and against every variant.
use serde_json::{Value, json};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// `strata check --format json`.
pub fn diagnostics() -> Value {
    json!({
        "$schema": DIALECT,
        "title": "strata check --format json",
        "type": "object",
        "properties": {
            "diagnostics": {
                "description": "what was found, worst first",
                "type": "array",
                "items": {"$ref": "#/$defs/diagnostic"},
            },
        },
        "required": ["diagnostics"],
        "additionalProperties": false,
        "$defs": {
            "diagnostic": {
                "type": "object",
                "properties": {
                    "severity": {"description": "errors stop `plan` and `apply`", "enum": ["error", "warning", "note"]},
                    "code": {"description": "a stable name, such as `reference::unknown-output`", "type": "string"},
                    "message": {"description": "one sentence", "type": "string"},
                    "at": {
                        "description": "where it stands, when it stands in a file",
                        "oneOf": [{"$ref": "#/$defs/place"}, {"type": "null"}],
                    },
                    "related": {
                        "description": "other places that matter, and why",
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"at": {"$ref": "#/$defs/place"}, "why": {"type": "string"}},
                            "required": ["at", "why"],
                            "additionalProperties": false,
                        },
                    },
                    "help": {"description": "the way out", "type": ["string", "null"]},
                },
                "required": ["severity", "code", "message", "at", "related", "help"],
                "additionalProperties": false,
            },
            "place": {
                "type": "object",
                "properties": {
                    "file": {"description": "path from the root of the platform", "type": "string"},
                    "line": {"description": "from 1", "type": "integer"},
                    "column": {"description": "from 1, in characters", "type": "integer"},
                    "end_line": {"type": "integer"},
                    "end_column": {"description": "one past the last character", "type": "integer"},
                },
                "required": ["file", "line", "column", "end_line", "end_column"],
                "additionalProperties": false,
            },
        },
    })
}

/// `strata plan --format json`, and what `--out` saves.
pub fn plan() -> Value {
    json!({
        "$schema": DIALECT,
        "title": "strata plan --format json",
        "type": "object",
        "properties": {
            "digest": {"description": "of the body, as far as it decides: what `apply --expect` takes", "$ref": "#/$defs/digest"},
            "body": {"$ref": "#/$defs/body"},
            "saved": {
                "description": "the tools' own plans in the store, by unit; not part of the digest",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "digest": {"$ref": "#/$defs/digest"},
                        "sensitive": {"description": "kept encrypted", "type": "boolean"},
                        "size": {"description": "in bytes", "type": "integer"},
                    },
                    "required": ["digest", "sensitive", "size"],
                    "additionalProperties": false,
                },
            },
            "orphans": {
                "description": "units that are applied and no longer in the files",
                "type": "array",
                "items": {"$ref": "#/$defs/address"},
            },
            "notes": {"description": "for readers", "type": "array", "items": {"type": "string"}},
        },
        "required": ["digest", "body", "saved", "orphans", "notes"],
        "additionalProperties": false,
        "$defs": {
            "digest": {"description": "BLAKE3 in hexadecimal", "type": "string", "pattern": "^[0-9a-f]{64}$"},
            "address": {"description": "`ENV/NAME` or `ENV/NAME[\"key\"]`", "type": "string"},
            "verb": {"enum": ["plan", "apply", "destroy", "observe", "outputs", "recover", "verify"]},
            "action": {"enum": ["none", "read", "create", "update", "replace", "delete", "run", "wait"]},
            "body": {
                "type": "object",
                "properties": {
                    "format": {"description": "version of this form", "type": "integer"},
                    "platform": {"description": "the platform's id", "type": "string"},
                    "environments": {"description": "those that it writes in", "type": "array", "items": {"type": "string"}},
                    "verb": {"$ref": "#/$defs/verb"},
                    "steps": {
                        "description": "in the order of layers and edges",
                        "type": "array",
                        "items": {"$ref": "#/$defs/step"},
                    },
                    "baseline": {
                        "description": "what was applied when it was made, by unit",
                        "type": "object",
                        "additionalProperties": {"$ref": "#/$defs/digest"},
                    },
                },
                "required": ["format", "platform", "environments", "verb", "steps", "baseline"],
                "additionalProperties": false,
            },
            "step": step(),
            "outputs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "unit": {"$ref": "#/$defs/address"},
                        "path": {
                            "description": "the output, then fields or positions inside of it",
                            "type": "array",
                            "items": {"type": "string"},
                        },
                    },
                    "required": ["unit", "path"],
                    "additionalProperties": false,
                },
            },
            "proposal": proposal(),
        },
    })
}

fn step() -> Value {
    let basis = |word: &str, text: &str, fields: &[&str]| {
        let required: Vec<&str> = std::iter::once("basis")
            .chain(fields.iter().copied())
            .collect();
        json!({"description": text, "properties": {"basis": {"const": word}}, "required": required})
    };
    json!({
        "description": "one verb on one unit",
        "type": "object",
        "properties": {
            "unit": {"$ref": "#/$defs/address"},
            "layer": {"type": "string"},
            "engine": {"type": "string"},
            "verb": {"$ref": "#/$defs/verb"},
            "basis": {
                "description": "how much is known",
                "enum": ["unchanged", "unverified", "exact", "assumed", "conditional", "deferred"],
            },
            "fingerprint": {"description": "of files and inputs", "$ref": "#/$defs/digest"},
            "proposal": {"$ref": "#/$defs/proposal"},
            "inputs": {"description": "outputs that were assumed or foretold", "$ref": "#/$defs/outputs"},
            "open": {"description": "outputs that it waits for", "$ref": "#/$defs/outputs"},
            "envelope": {
                "description": "what an approval lets it do when it is planned during the run",
                "type": "object",
                "properties": {
                    "worst": {"$ref": "#/$defs/action"},
                    "opaque": {"description": "may it run though nobody can foretell its effect?", "type": "boolean"},
                },
                "required": ["worst", "opaque"],
                "additionalProperties": false,
            },
            "needs": {
                "description": "steps of this plan that come before it",
                "type": "array",
                "items": {"$ref": "#/$defs/address"},
            },
            "reason": {"description": "why it runs, for people", "type": "string"},
            "content": {"description": "digest of its files", "$ref": "#/$defs/digest"},
        },
        "required": ["unit", "layer", "engine", "verb", "basis", "envelope", "needs", "reason", "content"],
        "additionalProperties": false,
        "oneOf": [
            basis("unchanged", "everything is as last applied", &["fingerprint"]),
            basis("unverified", "as last applied, but verification is owed", &["fingerprint"]),
            basis("exact", "planned with real inputs", &["proposal", "fingerprint"]),
            basis("assumed", "planned with recorded values of inputs that may change", &["proposal", "inputs"]),
            basis("conditional", "planned with values that another plan foretells", &["proposal", "inputs"]),
            basis("deferred", "an input does not exist yet", &["open"]),
        ],
    })
}

fn proposal() -> Value {
    json!({
        "description": "what a step will do",
        "type": "object",
        "properties": {
            "fidelity": {
                "description": "exact: this, or nothing; advisory: the tool thinks so; opaque: nobody knows",
                "enum": ["exact", "advisory", "opaque"],
            },
            "changes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "object": {"description": "in the words of its tool", "type": "string"},
                        "action": {"$ref": "#/$defs/action"},
                        "after": {"description": "digest of what is known of it afterwards", "$ref": "#/$defs/digest"},
                        "detail": {"description": "lines for people", "type": "array", "items": {"type": "string"}},
                    },
                    "required": ["object", "action"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["fidelity", "changes"],
        "additionalProperties": false,
    })
}
