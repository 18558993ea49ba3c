//! The language server from outside.
mod editor;
mod lookups;

use crate::sandbox::Sandbox;
use editor::{Editor, place};
use serde_json::{Value as Json, json};
use std::time::Duration;

const VPC: &str = r#"variable "cidr" {
  type        = string
  description = "addresses of the network"
  default     = "10.0.0.0/8"
}

variable "token" {
  type      = string
  sensitive = true
  default   = null
}

output "id" {
  value = var.cidr
}

output "key" {
  value     = var.token
  sensitive = true
}
"#;

const WEB: &str = "layers/top/web/component.yaml";
const SCRIPT: &str = "engine: script\nscript: {apply: [./say.sh]}\noutputs: {said: string}\n";

/// A network of Terraform and a script that uses it.
fn platform() -> Sandbox {
    Sandbox::new(&[
        ("environments/dev.yaml", "values: {size: 3, name: dev}\n"),
        ("environments/org.yaml", "shared: true\n"),
        ("layers/base/vpc/main.tf", VPC),
        (WEB, SCRIPT),
        ("layers/top/web/say.sh", "#!/bin/sh\n"),
    ])
}

fn web(inputs: &str) -> String {
    format!("{SCRIPT}inputs:\n{inputs}")
}

#[test]
fn findings_appear_and_go_with_what_is_typed() {
    let sandbox = platform();
    let mut editor = Editor::with(
        &sandbox,
        &json!({"textDocument": {"publishDiagnostics": {"relatedInformation": true}}}),
    );
    let wrong = web("  word: '${{ vpc.outputs.idd }}'\n");
    editor.show(WEB, &wrong);
    let found = editor.findings(WEB);
    assert_eq!(found.len(), 1, "{found:#?}");
    let one = &found[0];
    assert_eq!(one["code"], "reference::unknown-output");
    assert_eq!(one["severity"], 1);
    assert_eq!(one["source"], "strata");
    let message = one["message"].as_str().expect("a text");
    assert!(message.ends_with("help: did you mean `id`?"), "{message}");
    assert_eq!(one["range"]["start"], json!({"line": 4, "character": 13}));
    assert_eq!(one["range"]["end"], json!({"line": 4, "character": 28}));
    let related = one["relatedInformation"][0]["location"]["uri"].as_str();
    assert!(
        related.is_some_and(|u| u.contains("/layers/base/vpc/")),
        "{one}"
    );

    // the slip can be put right
    let params = json!({
        "textDocument": {"uri": editor.uri(WEB)},
        "range": one["range"],
        "context": {"diagnostics": []},
    });
    let actions = editor.ask("textDocument/codeAction", params);
    let uri = editor.uri(WEB);
    let edit = &actions[0]["edit"]["changes"][&uri][0];
    assert_eq!(edit["newText"], "id");
    assert_eq!(edit["range"]["start"], json!({"line": 4, "character": 25}));

    // two edits in a row: only the last one counts
    editor.write(WEB, 2, &web("  word: '${{ vpx.outputs.id }}'\n"));
    editor.write(WEB, 3, &web("  word: '${{ vpc.outputs.id }}'\n"));
    assert_eq!(editor.findings(WEB), Vec::<Json>::new());

    // an incremental change, and another file that it breaks
    let range =
        json!({"start": {"line": 12, "character": 8}, "end": {"line": 12, "character": 10}});
    editor.show("layers/base/vpc/main.tf", VPC);
    let document = json!({"uri": editor.uri("layers/base/vpc/main.tf"), "version": 2});
    let change = json!([{"range": range, "text": "it"}]);
    editor.tell(
        "textDocument/didChange",
        json!({"textDocument": document, "contentChanges": change}),
    );
    assert_eq!(editor.findings(WEB).len(), 1);
    // closed without saving: the file on disk counts again
    let document = json!({"uri": editor.uri("layers/base/vpc/main.tf")});
    editor.tell("textDocument/didClose", json!({"textDocument": document}));
    assert_eq!(editor.findings(WEB).len(), 0);
    editor.end();
}

#[test]
fn documents_have_symbols() {
    let sandbox = platform();
    let nested =
        json!({"textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": true}}});
    let mut editor = Editor::with(&sandbox, &nested);
    editor.show(WEB, SCRIPT);
    let params = json!({"textDocument": {"uri": editor.uri(WEB)}});
    let symbols = editor.ask("textDocument/documentSymbol", params.clone());
    let top: Vec<&str> = symbols
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|s| s["name"].as_str())
        .collect();
    assert_eq!(top, ["engine", "script", "outputs"]);
    assert_eq!(symbols[2]["children"][0]["name"], "said");
    editor.end();
    let mut flat = Editor::open(&sandbox);
    flat.show(WEB, SCRIPT);
    let symbols = flat.ask("textDocument/documentSymbol", params);
    let said = symbols.as_array().expect("a list").iter();
    let said = said.filter(|s| s["containerName"] == "outputs").count();
    assert_eq!(said, 1);
    flat.end();
}

#[test]
fn columns_are_those_of_the_editor() {
    let sandbox = platform();
    let line = "  word: 'ä😀 ${{ vpc.outputs.idd }}'\n";
    for (encodings, start, end) in [
        (json!(null), 17, 32),
        (json!(["utf-16"]), 17, 32),
        (json!(["utf-32", "utf-8", "utf-16"]), 20, 35),
    ] {
        let mut editor = Editor::start(&sandbox);
        let general = json!({"positionEncodings": encodings});
        let params = json!({"processId": null, "rootUri": editor.uri(""), "capabilities": {"general": general}});
        editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        editor.show(WEB, &web(line));
        let found = editor.findings(WEB);
        let range = &found[0]["range"];
        assert_eq!(range["start"]["character"], start, "{encodings}");
        assert_eq!(range["end"]["character"], end, "{encodings}");
        // and the other way: a place in the middle of the name
        let position = json!({"line": 4, "character": start + 1});
        let hover = editor.place("hover", WEB, position);
        assert_eq!(hover["range"]["start"]["character"], start, "{encodings}");
        editor.end();
    }
}

#[test]
fn a_folder_without_a_platform_is_silent_until_there_is_one() {
    let sandbox = Sandbox::empty();
    sandbox.write("notes.yaml", "a: 1\n");
    let mut editor = Editor::open(&sandbox);
    editor.show("notes.yaml", "a: ${{ x }}\n");
    let nowhere = json!({"line": 0, "character": 8});
    for method in ["hover", "completion", "definition", "references"] {
        assert_eq!(
            editor.place(method, "notes.yaml", nowhere.clone()),
            Json::Null
        );
        assert_eq!(
            editor.place(method, "nobody.yaml", nowhere.clone()),
            Json::Null
        );
    }
    assert!(editor.seen.is_empty(), "{:?}", editor.seen);
    sandbox.write("strata.yaml", "platform: demo\nlayerz: []\n");
    let changes = json!([{"uri": editor.uri("strata.yaml"), "type": 1}]);
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({"changes": changes}),
    );
    let found = editor.findings("strata.yaml");
    assert_eq!(found[0]["code"], "file::unknown-key", "{found:?}");
    // a second platform in the same workspace
    sandbox.write("other/strata.yaml", "platform: other\nlayers: [a]\n");
    editor.show("other/environments/dev.yaml", "valuez: {}\n");
    let found = editor.findings("other/environments/dev.yaml");
    assert_eq!(found[0]["code"], "file::unknown-key");
    // and gone again
    std::fs::remove_file(sandbox.root().join("strata.yaml")).expect("it is there");
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    let found = editor.findings("strata.yaml");
    assert!(found.is_empty(), "{found:#?}");
    editor.end();
}

#[test]
fn the_protocol_is_kept() {
    let sandbox = platform();
    let mut editor = Editor::start(&sandbox);
    // before the beginning
    let id = editor.request("textDocument/hover", json!({}));
    assert_eq!(editor.answer(id)["error"]["code"], -32002);
    let folder = json!({"processId": null, "rootUri": editor.uri(""), "capabilities": {}});
    let answer = editor.ask("initialize", folder.clone());
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
    // what is not known, and what makes no sense
    let id = editor.request("textDocument/rename", json!({}));
    assert_eq!(editor.answer(id)["error"]["code"], -32601);
    let id = editor.request("textDocument/hover", json!({"position": 1}));
    assert_eq!(editor.answer(id)["error"]["code"], -32602);
    let id = editor.request("initialize", folder);
    assert_eq!(editor.answer(id)["error"]["code"], -32600);
    editor.raw("{\"jsonrpc\": ");
    editor.wait("error", |m| m["error"]["code"] == -32700);
    editor.tell("$/setTrace", json!({"value": "off"}));
    editor.tell("textDocument/didChange", json!({"nonsense": []}));
    editor.tell(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": "untitled:1", "languageId": "", "version": 1, "text": ""}}),
    );
    let far = json!({"line": 4_000_000_000_u32, "character": 4_000_000_000_u32});
    editor.show(WEB, SCRIPT);
    assert_eq!(editor.place("hover", WEB, far.clone()), Json::Null);
    editor.place("completion", WEB, far);
    // a request that waits for files to be read can be taken back
    editor.write(WEB, 2, SCRIPT);
    let params =
        json!({"textDocument": {"uri": editor.uri(WEB)}, "position": {"line": 0, "character": 1}});
    let id = editor.request("textDocument/hover", params);
    editor.tell("$/cancelRequest", json!({"id": id}));
    let answer = editor.answer(id);
    assert!(
        answer["error"]["code"] == -32800 || answer.get("result").is_some(),
        "{answer}"
    );
    // after the end
    let id = editor.request("shutdown", Json::Null);
    editor.answer(id);
    let id = editor.request("textDocument/hover", json!({}));
    assert_eq!(editor.answer(id)["error"]["code"], -32600);
    editor.tell("exit", Json::Null);
    assert_eq!(editor.ends(), 0);
    // without `shutdown`
    let mut editor = Editor::open(&sandbox);
    editor.tell("exit", Json::Null);
    assert_eq!(editor.ends(), 1);
}

#[test]
fn every_half_typed_text_is_answered() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    let whole = web(
        "  a: '${{ vpc.outputs.id }}'\n  b: {c: [\"ü\", ${{ values.size }}]}\nretry: {attempts: 3}\n",
    );
    editor.show(WEB, "");
    for (version, (end, _)) in (2_i64..).zip(whole.char_indices()) {
        let text = &whole[..end];
        editor.write(WEB, version, text);
        let (_, position) = place(&format!("{text}^"));
        for method in ["completion", "documentSymbol"] {
            editor.place(method, WEB, position.clone());
        }
        if end % 16 == 0 {
            for method in ["hover", "definition", "references"] {
                editor.place(method, WEB, position.clone());
            }
        }
    }
    editor.end();
}

/// CPU time of a process so far.
fn cpu(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |i: usize| {
        fields
            .get(i)
            .and_then(|t| t.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

#[test]
fn an_edit_of_a_large_platform_is_answered() {
    let sandbox = platform();
    let each = 1_000;
    for i in 0..each {
        let inputs = format!("inputs: {{word: '${{{{ vpc.outputs.id }}}} {i}'}}\n");
        sandbox.write(
            &format!("layers/top/unit-{i}/component.yaml"),
            &format!("{SCRIPT}{inputs}"),
        );
        sandbox.write(&format!("layers/top/unit-{i}/say.sh"), "#!/bin/sh\n");
    }
    sandbox.write("environments/qa.yaml", "extends: [dev]\n");
    let mut editor = Editor::open(&sandbox);
    editor.show(WEB, &web("  a: '${{ vpc.outputs.idd }}'\n"));
    assert_eq!(editor.findings(WEB).len(), 1);
    let process = editor.child.id();
    let first = cpu(process);
    let edits = 5_u32;
    for version in 0..edits {
        let wrong = version % 2 == 1;
        let output = if wrong { "idd" } else { "id" };
        let text = web(&format!("  a: '${{{{ vpc.outputs.{output} }}}}'\n"));
        editor.write(WEB, i64::from(version) + 2, &text);
        assert_eq!(editor.findings(WEB).len(), usize::from(wrong));
    }
    let per_edit = cpu(process).saturating_sub(first) / edits;
    println!(
        "{} units: {first:?} of CPU to open, {per_edit:?} for an edit",
        2 * each
    );
    let labels = editor.labels(WEB, &web("  a: '${{ vpc.outputs.^"));
    assert_eq!(labels, ["id", "key"]);
    editor.end();
}

#[test]
fn rules_of_a_policy_are_findings_too() {
    let sandbox = platform();
    let rule = "package main\ndeny contains \"too loud\" if {\n  input.unit.name == \"web\"\n}\n";
    sandbox.write("policy/loud.rego", rule);
    let checked = sandbox.run(&["check", "--format", "json"]).json();
    let mut editor = Editor::open(&sandbox);
    editor.show(WEB, SCRIPT);
    let said = editor.wait("a denial", |m| {
        let list = m["params"]["diagnostics"].as_array();
        list.is_some_and(|l| l.iter().any(|d| d["code"] == "policy::deny"))
    });
    let found = &said["params"]["diagnostics"][0];
    let by_check = &checked["diagnostics"][0];
    assert_eq!(found["code"], by_check["code"]);
    // while a rule is typed, it is said that it cannot be read
    let path = "policy/loud.rego";
    editor.show(path, &rule.replace("if {", "if"));
    assert!(!editor.findings(path).is_empty());
    editor.end();
}
