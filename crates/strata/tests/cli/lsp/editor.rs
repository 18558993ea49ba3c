//! An editor's side of the protocol, over the program's standard input and output.
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
pub struct Editor {
    /// The server.
    pub child: Child,
    input: ChildStdin,
    messages: Receiver<Json>,
    /// What it said and nobody asked for yet.
    pub seen: Vec<Json>,
    next: i64,
    root: String,
}

impl Editor {
    /// Starts the server on a platform.
    pub fn open(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &json!({}))
    }
    /// The same with these capabilities.
    pub fn with(sandbox: &Sandbox, capabilities: &Json) -> Self {
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
    pub fn start(sandbox: &Sandbox) -> Self {
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
    pub fn uri(&self, path: &str) -> String {
        let slash = if path.is_empty() { "" } else { "/" };
        format!("file://{}{slash}{path}", self.root)
    }
    pub fn raw(&mut self, body: &str) {
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("it listens");
        self.input.flush().expect("it listens");
    }
    pub fn tell(&mut self, method: &str, params: Json) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.raw(&message.to_string());
    }
    pub fn request(&mut self, method: &str, params: Json) -> i64 {
        self.next += 1;
        let id = self.next;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.raw(&message.to_string());
        id
    }
    /// The next message that fits, whether it came already or not.
    pub fn wait(&mut self, what: &str, fits: impl Fn(&Json) -> bool) -> Json {
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
    pub fn answer(&mut self, id: i64) -> Json {
        self.wait("answer", |m| m["id"] == id && m.get("method").is_none())
    }
    pub fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.request(method, params);
        let answer = self.answer(id);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }
    /// Opens a file with a text.
    pub fn show(&mut self, path: &str, text: &str) {
        let document =
            json!({"uri": self.uri(path), "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }
    /// Replaces the text of an open file.
    pub fn write(&mut self, path: &str, version: i64, text: &str) {
        let document = json!({"uri": self.uri(path), "version": version});
        let changes = json!([{"text": text}]);
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.tell("textDocument/didChange", params);
    }
    /// What is found next in a file.
    pub fn findings(&mut self, path: &str) -> Vec<Json> {
        let uri = self.uri(path);
        let said = self.wait("findings", |m| {
            m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri.as_str()
        });
        let list = said["params"]["diagnostics"].as_array();
        list.expect("a list").clone()
    }
    /// Asks about a place: `^` in a text, which is shown without it first.
    pub fn at(&mut self, method: &str, path: &str, marked: &str) -> Json {
        let (text, position) = place(marked);
        self.next += 1;
        let version = self.next + 100;
        self.write(path, version, &text);
        self.place(method, path, position)
    }
    pub fn place(&mut self, method: &str, path: &str, position: Json) -> Json {
        let mut params = json!({"textDocument": {"uri": self.uri(path)}, "position": position});
        if method == "references" {
            params["context"] = json!({"includeDeclaration": true});
        }
        self.ask(&format!("textDocument/{method}"), params)
    }
    /// Labels that complete a place.
    pub fn labels(&mut self, path: &str, marked: &str) -> Vec<String> {
        let items = self.at("completion", path, marked);
        let items = items.as_array().expect("a list of items");
        let label = |i: &Json| i["label"].as_str().expect("a label").to_owned();
        items.iter().map(label).collect()
    }
    /// What is shown of a place.
    pub fn hover(&mut self, path: &str, marked: &str) -> String {
        let hover = self.at("hover", path, marked);
        hover["contents"]["value"].as_str().unwrap_or("").to_owned()
    }
    /// Ends it properly; gives everything else that it said.
    pub fn end(mut self) {
        let id = self.request("shutdown", Json::Null);
        assert_eq!(self.answer(id)["result"], Json::Null);
        self.tell("exit", Json::Null);
        assert_eq!(self.ends(), 0);
    }
    pub fn ends(&mut self) -> i32 {
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
pub fn place(marked: &str) -> (String, Json) {
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
