//! The loop's other half: what every message does. All state is here, on one thread.
use super::{
    answers,
    checking::{Done, Job},
    documents::{OpenDocument, to_path},
    findings,
    platform::Platform,
    positions::Encoding,
    protocol::{self, Message, Request, error},
};
use lsp_types::{
    ClientCapabilities, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    InitializeParams, PositionEncodingKind, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};
use strata_adapters::source::SKIPPED;
use strata_ops::load::ROOT_FILE;

/// A server that speaks with one editor.
pub struct Server {
    out: Box<dyn Write>,
    jobs: mpsc::Sender<Job>,
    /// Open documents, by name.
    pub documents: BTreeMap<String, OpenDocument>,
    /// Platforms, by folder.
    pub platforms: BTreeMap<PathBuf, Platform>,
    /// What columns count.
    pub encoding: Encoding,
    /// What the editor can do.
    pub client: ClientCapabilities,
    folders: Vec<PathBuf>,
    life: Life,
}

#[derive(PartialEq)]
enum Life {
    Begins,
    Goes,
    ShutDown,
}

impl Server {
    /// Writes to `out`; platforms are read by who takes the jobs.
    pub fn new(out: Box<dyn Write>, jobs: mpsc::Sender<Job>) -> Self {
        Self {
            out,
            jobs,
            documents: BTreeMap::new(),
            platforms: BTreeMap::new(),
            encoding: Encoding::default(),
            client: ClientCapabilities::default(),
            folders: Vec::new(),
            life: Life::Begins,
        }
    }

    fn send(&mut self, message: &Json) {
        // who does not listen any more ends the input too
        let _ = protocol::write(&mut self.out, message);
    }

    /// How long nothing is to be done.
    pub fn wait(&self) -> Option<Duration> {
        let due = self.platforms.values().filter(|p| !p.running);
        let first = due.filter_map(|p| p.due).min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    /// The exit code when the editor is gone.
    pub fn ended(&self) -> u8 {
        u8::from(self.life != Life::ShutDown)
    }

    /// Does what a message says; gives the exit code when it is the last one.
    pub fn message(&mut self, message: Message) -> Option<u8> {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification { method, .. } if method == "exit" => return Some(self.ended()),
            Message::Notification { method, params } if self.life == Life::Goes => {
                self.notification(&method, params);
            }
            Message::Malformed(why) => {
                self.send(&protocol::failure(&Json::Null, error::PARSE, &why));
            }
            Message::Notification { .. } | Message::Answer => {}
        }
        None
    }

    fn request(&mut self, request: Request) {
        let refuse = |code, text| protocol::failure(&request.id, code, text);
        let answer = match (&self.life, request.method.as_str()) {
            (Life::Begins, "initialize") => self.initialize(&request),
            (Life::Begins, _) => refuse(error::NOT_INITIALIZED, "`initialize` comes first"),
            (Life::ShutDown, _) => refuse(error::INVALID_REQUEST, "after `shutdown` comes `exit`"),
            (Life::Goes, "initialize") => refuse(error::INVALID_REQUEST, "that was done already"),
            (Life::Goes, "shutdown") => {
                self.life = Life::ShutDown;
                protocol::answer(&request.id, Json::Null)
            }
            (Life::Goes, _) => return self.ask(request),
        };
        self.send(&answer);
    }

    fn initialize(&mut self, request: &Request) -> Json {
        let Ok(params) = serde_json::from_value::<InitializeParams>(request.params.clone()) else {
            let why = "the parameters of `initialize` are not as the protocol has them";
            return protocol::failure(&request.id, error::INVALID_PARAMS, why);
        };
        let offered = params
            .capabilities
            .general
            .as_ref()
            .and_then(|g| g.position_encodings.as_ref());
        if offered.is_some_and(|list| list.contains(&PositionEncodingKind::UTF8)) {
            self.encoding = Encoding::Utf8;
        }
        self.client = params.capabilities;
        let folders = params.workspace_folders.unwrap_or_default();
        let mut folders: Vec<Uri> = folders.into_iter().map(|f| f.uri).collect();
        if folders.is_empty() {
            #[allow(deprecated)]
            folders.extend(params.root_uri);
        }
        self.folders = folders.iter().filter_map(to_path).collect();
        self.life = Life::Goes;
        self.find_platforms();
        protocol::answer(&request.id, answers::capabilities(self.encoding))
    }

    /// Answers, or puts the request where it waits until the platform is read.
    fn ask(&mut self, request: Request) {
        let Some(of) = answers::document_of(&request) else {
            let answer = if answers::is_known(&request.method) {
                protocol::failure(&request.id, error::INVALID_PARAMS, "no document is named")
            } else {
                let why = format!("there is no `{}`", request.method);
                protocol::failure(&request.id, error::METHOD_NOT_FOUND, &why)
            };
            return self.send(&answer);
        };
        let root = to_path(&of).and_then(|path| self.root_of(&path));
        if let Some(platform) = root.and_then(|r| self.platforms.get_mut(&r)) {
            let known = platform.good.is_some();
            let waits = if answers::needs_fresh(&request.method) {
                !platform.is_fresh()
            } else {
                !known
            };
            if waits {
                platform.hurry();
                platform.waiting.push(request);
                return;
            }
        }
        self.answer(&request);
    }

    fn answer(&mut self, request: &Request) {
        // a fault in one answer must not end the editor's session
        let answer = catch_unwind(AssertUnwindSafe(|| answers::answer(self, request)));
        let answer = match answer {
            Ok(Some(result)) => protocol::answer(&request.id, result),
            Ok(None) => protocol::answer(&request.id, Json::Null),
            Err(_) => protocol::failure(&request.id, error::INTERNAL, "a fault of strata"),
        };
        self.send(&answer);
    }

    fn notification(&mut self, method: &str, params: Json) {
        match method {
            "initialized" => self.watch(),
            "textDocument/didOpen" => {
                if let Some(p) = read::<DidOpenTextDocumentParams>(params) {
                    self.open(p);
                }
            }
            "textDocument/didChange" => {
                if let Some(p) = read::<DidChangeTextDocumentParams>(params) {
                    self.change(p);
                }
            }
            "textDocument/didClose" => {
                if let Some(p) = read::<DidCloseTextDocumentParams>(params)
                    && let Some(document) = self.documents.remove(p.text_document.uri.as_str())
                {
                    self.touched(&document.path);
                }
            }
            "textDocument/didSave" => self.files_changed(),
            "workspace/didChangeWatchedFiles" => {
                // a run writes its journal, and every look its cache: neither is a part of a platform
                let p = read::<DidChangeWatchedFilesParams>(params);
                let changes = p.map(|p| p.changes).unwrap_or_default();
                if changes.is_empty() || changes.iter().any(|c| is_content(&c.uri)) {
                    self.files_changed();
                }
            }
            "workspace/didChangeWorkspaceFolders" => {
                if let Some(p) = read::<DidChangeWorkspaceFoldersParams>(params) {
                    let added = p.event.added.iter().filter_map(|f| to_path(&f.uri));
                    self.folders.extend(added);
                    self.find_platforms();
                }
            }
            "$/cancelRequest" => self.cancel(&params["id"]),
            _ => {}
        }
    }

    fn files_changed(&mut self) {
        self.find_platforms();
        self.platforms.values_mut().for_each(Platform::changed);
    }

    /// Asks the editor to tell of files that change below its folders.
    fn watch(&mut self) {
        let dynamic = self
            .client
            .workspace
            .as_ref()
            .and_then(|w| w.did_change_watched_files?.dynamic_registration);
        if dynamic == Some(true) {
            let message = answers::watch();
            self.send(&message);
        }
    }

    fn open(&mut self, p: DidOpenTextDocumentParams) {
        let Some(path) = to_path(&p.text_document.uri) else {
            return;
        };
        let document = OpenDocument {
            uri: p.text_document.uri.clone(),
            path: path.clone(),
            version: p.text_document.version,
            text: p.text_document.text.into(),
        };
        self.documents
            .insert(p.text_document.uri.as_str().to_owned(), document);
        self.touched(&path);
    }

    fn change(&mut self, p: DidChangeTextDocumentParams) {
        let Some(document) = self.documents.get_mut(p.text_document.uri.as_str()) else {
            return;
        };
        document.version = p.text_document.version;
        document.change(p.content_changes, self.encoding);
        let path = document.path.clone();
        self.touched(&path);
    }

    fn cancel(&mut self, id: &Json) {
        let mut found = false;
        for platform in self.platforms.values_mut() {
            let before = platform.waiting.len();
            platform.waiting.retain(|r| r.id != *id);
            found |= platform.waiting.len() < before;
        }
        // what does not wait was answered
        if found {
            self.send(&protocol::failure(id, error::CANCELLED, "cancelled"));
        }
    }

    /// The folder of the platform that a file belongs to: the nearest one upward.
    pub fn root_of(&self, path: &Path) -> Option<PathBuf> {
        let is_root = |folder: &Path| {
            let file = folder.join(ROOT_FILE);
            file.is_file() || self.documents.values().any(|d| d.path == file)
        };
        let mut folders = path.ancestors();
        folders.find(|f| is_root(f)).map(Path::to_owned)
    }

    /// A document changed: every platform that holds it is read again.
    fn touched(&mut self, path: &Path) {
        if let Some(root) = self.root_of(path) {
            self.platforms.entry(root).or_default();
        }
        for (root, platform) in &mut self.platforms {
            if path.starts_with(root) {
                platform.changed();
                if platform.checked.is_none() {
                    platform.hurry();
                }
            }
        }
    }

    /// Looks for platforms of all folders and documents; new ones are read at once.
    fn find_platforms(&mut self) {
        let documents = self.documents.values().map(|d| d.path.clone());
        let paths: Vec<PathBuf> = documents.chain(self.folders.clone()).collect();
        for path in paths {
            let Some(root) = self.root_of(&path) else {
                continue;
            };
            if !self.platforms.contains_key(&root) {
                let platform = self.platforms.entry(root).or_default();
                platform.changed();
                platform.hurry();
            }
        }
    }

    /// Begins to read what is due. A platform that is being read is read again afterwards.
    pub fn start_due(&mut self) {
        let now = Instant::now();
        for (root, platform) in &mut self.platforms {
            if platform.running || platform.due.is_none_or(|due| due > now) {
                continue;
            }
            let below = self.documents.values().filter_map(|d| {
                let path = d.path.strip_prefix(root).ok()?.to_str()?;
                Some((path.to_owned(), d.text.clone()))
            });
            let job = Job {
                root: root.clone(),
                generation: platform.generation,
                texts: below.collect(),
                memo: platform.memo.clone(),
                first: platform.checked.is_none(),
            };
            platform.due = None;
            platform.running = self.jobs.send(job).is_ok();
        }
    }

    /// A platform was read.
    pub fn checked(&mut self, done: Done) {
        let Some(platform) = self.platforms.get_mut(&done.root) else {
            return;
        };
        platform.running = false;
        let newest = platform.generation == done.generation;
        let gone = done.checked.is_none() && newest;
        if let Some(checked) = done.checked {
            platform.take(checked);
        } else if gone {
            platform.checked = None;
            platform.good = None;
        }
        if newest {
            // what was found in an older text stands no longer where it was found
            let said = findings::publish(self, &done.root);
            for message in said {
                self.send(&message);
            }
        }
        let Some(platform) = self.platforms.get_mut(&done.root) else {
            return;
        };
        let fresh = platform.is_fresh() || gone;
        let (now, later): (Vec<Request>, Vec<Request>) = std::mem::take(&mut platform.waiting)
            .into_iter()
            .partition(|r| fresh || !answers::needs_fresh(&r.method));
        if !later.is_empty() {
            platform.hurry();
        }
        platform.waiting = later;
        if gone {
            self.platforms.remove(&done.root);
        }
        for request in now {
            self.answer(&request);
        }
    }
}

/// Can a file be a part of a platform?
fn is_content(uri: &Uri) -> bool {
    to_path(uri).is_some_and(|path| {
        let mut parts = path.iter();
        !parts.any(|part| SKIPPED.iter().any(|s| part == *s))
    })
}

fn read<P: DeserializeOwned>(params: Json) -> Option<P> {
    serde_json::from_value(params).ok()
}
