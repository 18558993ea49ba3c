//! Diagnostics as SARIF 2.1.0.
use super::findings::{Finding, Place};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use strata_core::diagnostic::Severity;

/// Where the page about a code is, in the documentation of this program.
fn page(code: &str) -> String {
    format!("docs/diagnostics/{}.md", code.replace("::", "-"))
}

/// The whole log.
pub fn sarif(found: &[Finding<'_>], prefix: &str) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for f in found {
        rules.insert(&f.what.code, 0);
    }
    for (i, index) in rules.values_mut().enumerate() {
        *index = i;
    }
    let results: Vec<Value> = found
        .iter()
        .map(|f| result(f, rules[f.what.code.as_str()], prefix))
        .collect();
    let rules: Vec<Value> = rules.keys().map(|code| rule(code)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "strata",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).expect("plain data")
}

fn rule(code: &str) -> Value {
    let page = page(code);
    let name: String = code
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect();
    json!({
        "id": code,
        "name": name,
        "shortDescription": {"text": code.replace("::", ": ").replace('-', " ")},
        "help": {"text": format!("See {page} of the documentation.")},
        "helpUri": page,
    })
}

fn result(f: &Finding<'_>, rule: usize, prefix: &str) -> Value {
    let level = match f.what.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut result = json!({
        "ruleId": f.what.code,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": f.text()},
        "locations": [location(&f.place_or_root(prefix))],
        "partialFingerprints": {"strataFinding/v1": f.mark},
    });
    if !f.related.is_empty() {
        let related: Vec<Value> = f
            .related
            .iter()
            .enumerate()
            .map(|(i, (at, why))| {
                let mut place = location(at);
                place["id"] = json!(i);
                place["message"] = json!({"text": why});
                place
            })
            .collect();
        result["relatedLocations"] = json!(related);
    }
    result
}

fn location(at: &Place) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&at.path), "uriBaseId": "%SRCROOT%"},
        "region": {
            "startLine": at.line,
            "startColumn": at.column,
            "endLine": at.end_line,
            "endColumn": at.end_column,
        },
    }})
}

/// A path as a relative reference: what means something in a URI is written in hexadecimal.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for b in path.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(b as char);
            }
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_paths_are_still_references() {
        assert_eq!(super::uri("a b/ü.yaml"), "a%20b/%C3%BC.yaml");
        assert_eq!(
            super::page("file::unknown-key"),
            "docs/diagnostics/file-unknown-key.md"
        );
    }
}
