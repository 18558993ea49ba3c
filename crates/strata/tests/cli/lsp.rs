//! The language server from outside: an editor's side of the protocol, over the program's standard input and output.
use crate::sandbox::Sandbox;
use serde_json::{Value as Json, json};
use std::{
    io::{BufReader, Write as _},
    process::{Child, ChildStdin},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// Far more than any answer takes.
const LONG: Duration = Duration::from_secs(120);

/// A small editor.
struct Editor {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Json>,
    seen: Vec<Json>,
    next: i64,
    root: String,
}

impl Editor {
    /// Starts the server on a platform.
    fn open(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &json!({}))
    }
    /// The same with these capabilities.
    fn with(sandbox: &Sandbox, capabilities: &Json) -> Self {
        let mut editor = Self::start(sandbox);
        let folder = json!([{"uri": editor.uri(""), "name": "ops"}]);
        let params = json!({
            "processId": null,
            "rootUri": null,
            "capabilities": capabilities,
            "workspaceFolders": folder,
        });
        editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        editor
    }
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(&["lsp"]);
        let mut child = command
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("strata starts");
        let input = child.stdin.take().expect("its input");
        let output = child.stdout.take().expect("its output");
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = message(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            input,
            messages,
            seen: Vec::new(),
            next: 0,
            root: sandbox.root().to_string_lossy().into_owned(),
        }
    }
    fn uri(&self, path: &str) -> String {
        let slash = if path.is_empty() { "" } else { "/" };
        format!("file://{}{slash}{path}", self.root)
    }
    fn raw(&mut self, body: &str) {
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("it listens");
        self.input.flush().expect("it listens");
    }
    fn tell(&mut self, method: &str, params: Json) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.raw(&message.to_string());
    }
    fn request(&mut self, method: &str, params: Json) -> i64 {
        self.next += 1;
        let id = self.next;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.raw(&message.to_string());
        id
    }
    /// The next message that fits, whether it came already or not.
    fn wait(&mut self, what: &str, fits: impl Fn(&Json) -> bool) -> Json {
        let begun = Instant::now();
        loop {
            if let Some(i) = self.seen.iter().position(&fits) {
                return self.seen.remove(i);
            }
            let left = LONG.saturating_sub(begun.elapsed());
            match self.messages.recv_timeout(left) {
                Ok(message) => self.seen.push(message),
                Err(e) => panic!("no {what} ({e}); there is: {:#?}", self.seen),
            }
        }
    }
    fn answer(&mut self, id: i64) -> Json {
        self.wait("answer", |m| m["id"] == id && m.get("method").is_none())
    }
    fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.request(method, params);
        let answer = self.answer(id);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }
    /// Opens a file with a text.
    fn show(&mut self, path: &str, text: &str) {
        let document =
            json!({"uri": self.uri(path), "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }
    /// Replaces the text of an open file.
    fn write(&mut self, path: &str, version: i64, text: &str) {
        let document = json!({"uri": self.uri(path), "version": version});
        let changes = json!([{"text": text}]);
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.tell("textDocument/didChange", params);
    }
    /// What is found next in a file.
    fn findings(&mut self, path: &str) -> Vec<Json> {
        let uri = self.uri(path);
        let said = self.wait("findings", |m| {
            m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri.as_str()
        });
        let list = said["params"]["diagnostics"].as_array();
        list.expect("a list").clone()
    }
    /// Asks about a place: `^` in a text, which is shown without it first.
    fn at(&mut self, method: &str, path: &str, marked: &str) -> Json {
        let (text, position) = place(marked);
        self.next += 1;
        let version = self.next + 100;
        self.write(path, version, &text);
        self.place(method, path, position)
    }
    fn place(&mut self, method: &str, path: &str, position: Json) -> Json {
        let mut params = json!({"textDocument": {"uri": self.uri(path)}, "position": position});
        if method == "references" {
            params["context"] = json!({"includeDeclaration": true});
        }
        self.ask(&format!("textDocument/{method}"), params)
    }
    /// Labels that complete a place.
    fn labels(&mut self, path: &str, marked: &str) -> Vec<String> {
        let items = self.at("completion", path, marked);
        let items = items.as_array().expect("a list of items");
        let label = |i: &Json| i["label"].as_str().expect("a label").to_owned();
        items.iter().map(label).collect()
    }
    /// What is shown of a place.
    fn hover(&mut self, path: &str, marked: &str) -> String {
        let hover = self.at("hover", path, marked);
        hover["contents"]["value"].as_str().unwrap_or("").to_owned()
    }
    /// Ends it properly; gives everything else that it said.
    fn end(mut self) {
        let id = self.request("shutdown", Json::Null);
        assert_eq!(self.answer(id)["result"], Json::Null);
        self.tell("exit", Json::Null);
        assert_eq!(self.ends(), 0);
    }
    fn ends(&mut self) -> i32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status.code().unwrap_or(-1);
            }
            assert!(begun.elapsed() < LONG, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next message; anything else on standard output ends the test.
fn message(output: &mut impl std::io::BufRead) -> Option<Json> {
    let mut head = String::new();
    output.read_line(&mut head).ok().filter(|n| *n > 0)?;
    let length = head
        .strip_prefix("Content-Length: ")
        .and_then(|l| l.trim().parse().ok())
        .unwrap_or_else(|| panic!("not the protocol: {head:?}"));
    let mut blank = String::new();
    output.read_line(&mut blank).ok()?;
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("JSON"))
}

/// A text without its `^`, and where that stood.
fn place(marked: &str) -> (String, Json) {
    let at = marked.find('^').expect("a mark");
    let before = &marked[..at];
    let line = before.matches('\n').count();
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or("")
        .encode_utf16()
        .count();
    (
        marked.replacen('^', "", 1),
        json!({"line": line, "character": column}),
    )
}

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

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
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
fn what_can_be_written_is_offered() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    editor.show(WEB, SCRIPT);
    let id_key = names(&["id", "key"]);
    // as it is typed: without its end, in quotes, beside a line that is not finished either
    for typed in [
        "  word: ${{ vpc.outputs.^",
        "  word: '${{ vpc.outputs.^ }}'\n",
        "  word: \"a ${{ vpc.outputs.i^ }} b\"\n  oth\n",
        "  a: {b: [${{ vpc.outputs.^",
    ] {
        assert_eq!(editor.labels(WEB, &web(typed)), id_key, "{typed}");
    }
    let items = editor.at("completion", WEB, &web("  a: '${{ vpc.outputs.k^ }}'\n"));
    let key = &items[1];
    assert_eq!(key["detail"], "string, sensitive", "{key}");
    assert_eq!(key["textEdit"]["newText"], "key");
    assert_eq!(
        key["textEdit"]["range"]["start"],
        json!({"line": 4, "character": 22})
    );
    assert_eq!(
        editor.labels(WEB, &web("  a: '${{ vpc.^ }}'\n")),
        ["outputs"]
    );
    assert_eq!(
        editor.labels(WEB, &web("  a: '${{ env(\"^\") }}'\n")),
        ["dev", "org"]
    );
    let begin = editor.labels(WEB, &web("  a: '${{ ^ }}'\n"));
    for name in ["vpc", "values", "env", "cidrsubnet", "secret"] {
        assert!(begin.iter().any(|n| n == name), "{name} in {begin:?}");
    }
    let values = editor.labels(WEB, &web("  a: '${{ values.^ }}'\n"));
    assert_eq!(values[..2], names(&["name", "size"]));
    // keys and values of the file itself
    let keys = editor.labels(WEB, "engine: script\n^");
    assert!(keys.contains(&"inputs".to_owned()) && !keys.contains(&"engine".to_owned()));
    assert!(
        editor
            .labels(WEB, "engine: ^")
            .contains(&"terraform".to_owned())
    );
    assert_eq!(editor.labels(WEB, "environments: [^]"), ["dev", "org"]);
    let dev = "environments/dev.yaml";
    editor.show(dev, "");
    let inputs = "components:\n  vpc:\n    inputs:\n      ^\n";
    assert_eq!(editor.labels(dev, inputs), ["cidr", "token"]);
    // in the middle of a file that YAML cannot read
    let broken = "values: {size: 3\ncomponents:\n  vpc: {inputs: {ci^";
    assert_eq!(editor.labels(dev, broken), ["cidr", "token"]);
    editor.end();
}

#[test]
fn hovers_tell_type_and_origin_and_no_secret() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    let whole = web("  word: '${{ vpc.outputs.id }} ${{ values.size }}'\n");
    editor.show(WEB, &whole);
    let hover = editor.hover(WEB, &whole.replace("outputs.id", "outputs.i^d"));
    for part in [
        "output `id` of `dev/vpc`",
        "type: `string`",
        "declared in `layers/base/vpc/main.tf`, line 13",
    ] {
        assert!(hover.contains(part), "{part}: {hover}");
    }
    let hover = editor.hover(WEB, &whole.replace("values.size", "values.si^ze"));
    for part in [
        "value: `3`",
        "`environments/dev.yaml`, line 1",
        "used at 1 place",
    ] {
        assert!(hover.contains(part), "{part}: {hover}");
    }
    let hover = editor.hover(WEB, &whole.replace("inputs:", "inp^uts:"));
    assert!(hover.contains("what the tool is given"), "{hover}");
    let dev = "environments/dev.yaml";
    let inputs =
        "values: {size: 3}\ncomponents:\n  vpc:\n    inputs: {cidr: 10.1.0.0/16, token: s3cr3t}\n";
    editor.show(dev, inputs);
    let hover = editor.hover(dev, &inputs.replace("cidr", "ci^dr"));
    for part in [
        "input `cidr`: string",
        "addresses of the network",
        "default: `\"10.0.0.0/8\"`",
        "environment dev",
    ] {
        assert!(hover.contains(part), "{part}: {hover}");
    }
    let hover = editor.hover(dev, &inputs.replace("token", "to^ken"));
    assert!(
        hover.contains("sensitive") && !hover.contains("s3cr3t"),
        "{hover}"
    );
    // in a file of the tool
    let main = "layers/base/vpc/main.tf";
    editor.show(main, VPC);
    let hover = editor.hover(main, &VPC.replace("output \"id\"", "output \"i^d\""));
    assert!(
        hover.contains("output `id` of `vpc`") && hover.contains("used at 1 place"),
        "{hover}"
    );
    // nothing to say
    assert_eq!(
        editor.hover(main, &VPC.replace("value = var.cidr", "value ^= var.cidr")),
        ""
    );
    editor.end();
}

#[test]
fn a_recorded_value_is_shown_unless_it_is_sensitive() {
    let outputs = "outputs: {said: string, hush: {type: string, sensitive: true}}\n";
    let sandbox = Sandbox::new(&[
        (
            "layers/base/one/component.yaml",
            &format!("engine: script\nscript: {{apply: [./say.sh]}}\n{outputs}"),
        ),
        (
            "layers/base/one/say.sh",
            "#!/bin/sh\nprintf '{\"said\": \"hello-there\", \"hush\": \"s3cr3t\"}' > \"$STRATA_OUTPUTS\"\n",
        ),
        (WEB, SCRIPT),
        ("layers/top/web/say.sh", "#!/bin/sh\n"),
    ]);
    sandbox.ends(0, &["apply", "dev", "--yes", "--only", "one"]);
    let mut editor = Editor::open(&sandbox);
    editor.show(WEB, SCRIPT);
    let hover = editor.hover(WEB, &web("  a: '${{ one.outputs.sa^id }}'\n"));
    assert!(
        hover.contains("last recorded: `\"hello-there\"`"),
        "{hover}"
    );
    let hover = editor.hover(WEB, &web("  a: '${{ one.outputs.hu^sh }}'\n"));
    assert!(
        hover.contains("sensitive") && !hover.contains("s3cr3t"),
        "{hover}"
    );
    editor.end();
}

/// Files and first lines of places.
fn files(editor: &Editor, places: &Json) -> Vec<(String, i64)> {
    let places = places.as_array().expect("a list of places");
    let root = format!("{}/", editor.uri(""));
    let one = |p: &Json| {
        let uri = p["uri"].as_str().expect("a file");
        let file = uri.strip_prefix(&root).expect("a file of the platform");
        (
            file.to_owned(),
            p["range"]["start"]["line"].as_i64().expect("a line"),
        )
    };
    places.iter().map(one).collect()
}

#[test]
fn definitions_and_uses_lead_from_yaml_to_hcl_and_back() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    let whole = web("  word: '${{ vpc.outputs.id }} ${{ values.size }}'\n");
    editor.show(WEB, &whole);
    let main = "layers/base/vpc/main.tf";
    let dev = "environments/dev.yaml";
    for (from, to, want) in [
        ("outputs.id", "outputs.i^d", (main, 12)),
        ("vpc.outputs", "v^pc.outputs", (main, 0)),
        ("values.size", "values.si^ze", (dev, 0)),
    ] {
        let places = editor.at("definition", WEB, &whole.replace(from, to));
        let want = (want.0.to_owned(), want.1);
        assert_eq!(files(&editor, &places), [want], "{to}");
    }
    let inputs = "values: {size: 3}\ncomponents:\n  vpc:\n    inputs: {cidr: 10.1.0.0/16}\n";
    editor.show(dev, inputs);
    let places = editor.at("definition", dev, &inputs.replace("cidr", "ci^dr"));
    assert_eq!(files(&editor, &places), [(main.to_owned(), 0)]);
    let places = editor.at("definition", dev, &inputs.replace("vpc", "v^pc"));
    assert_eq!(files(&editor, &places), [(main.to_owned(), 0)]);
    // and back
    let places = editor.at("references", dev, &inputs.replace("size", "si^ze"));
    assert_eq!(
        files(&editor, &places),
        [(dev.to_owned(), 0), (WEB.to_owned(), 4)]
    );
    editor.show(main, VPC);
    let places = editor.at("references", main, &VPC.replace("\"id\"", "\"i^d\""));
    assert_eq!(
        files(&editor, &places),
        [(main.to_owned(), 12), (WEB.to_owned(), 4)]
    );
    let places = editor.at("references", main, &VPC.replace("\"cidr\"", "\"ci^dr\""));
    assert_eq!(
        files(&editor, &places),
        [(main.to_owned(), 0), (dev.to_owned(), 3)]
    );
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
    let per_edit = (cpu(process) - first) / edits;
    println!(
        "{} units: {first:?} of CPU to open, {per_edit:?} for an edit",
        2 * each
    );
    let labels = editor.labels(WEB, &web("  a: '${{ vpc.outputs.^"));
    assert_eq!(labels, ["id", "key"]);
    editor.end();
}
