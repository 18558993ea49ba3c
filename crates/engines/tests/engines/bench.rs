//! A small executor: a work folder that is copied anew for every dialogue, a private folder that goes with it,
//! durable state, kept folders, redaction. No supervisor, no time limits.
use crate::transcript::{Answer, Transcript};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};
use strata_core::{
    digest::Digest,
    engine::{
        Act, Arg, Artifact, Channel, Collect, Content, DynEngine, EnvValue, Exit, Finding, Got,
        Invocation, Place, Root, Task, Tool, Verb, Workspace,
    },
    name::Address,
    spec::UnitSpec,
    tree::MemoryTree,
    value::{Term, Value},
};
use strata_engines::declared::ARTIFACT;
use tempfile::TempDir;

/// Everything that one unit needs.
pub struct Bench {
    root: TempDir,
    /// Secrets by `store:key`.
    pub secrets: BTreeMap<String, String>,
    /// The tool, found on this machine.
    pub tool: Tool,
    engine: Box<dyn DynEngine>,
    /// Lines that were shown, labels of what ran.
    pub seen: RefCell<Seen>,
}

/// What a dialogue left to see.
#[derive(Default)]
pub struct Seen {
    pub labels: Vec<String>,
    pub lines: Vec<String>,
}

/// The tool of an engine, or `None` after saying that the test is skipped.
pub fn tool(engine: &str) -> Option<Tool> {
    let question = strata_engines::by_name(engine)?.tool()?;
    let found = question
        .programs
        .iter()
        .find(|p| Command::new(p).args(&question.args).output().is_ok());
    if let Some(program) = found {
        return Some(Tool {
            program: program.clone(),
            version: "test".to_owned(),
        });
    }
    assert!(
        std::env::var_os("STRATA_REQUIRE_TOOLS").is_none(),
        "{:?} is required",
        question.programs
    );
    eprintln!(
        "skipped: none of {:?} is there; {}",
        question.programs, question.install
    );
    None
}

impl Bench {
    /// A unit of an engine with these files in its folder.
    pub fn new(engine: &str, tool: Tool, files: &[(&str, &str)]) -> Self {
        let root = TempDir::new().unwrap();
        let bench = Self {
            root,
            secrets: BTreeMap::new(),
            tool,
            engine: strata_engines::by_name(engine).unwrap(),
            seen: RefCell::default(),
        };
        for dir in ["source", "work", "state", "cache", "blobs", "kept"] {
            fs::create_dir_all(bench.path(dir)).unwrap();
        }
        for (path, text) in files {
            bench.write(path, text);
        }
        bench
    }
    /// A folder or file of the bench.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }
    /// Writes a file of the component; one that begins with `#!` can be executed.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.path("source").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }
    /// The component's files; its folder is the root.
    fn tree(&self) -> MemoryTree {
        let root = self.path("source");
        let mut files = Vec::new();
        list(&root, &root, &mut files);
        MemoryTree::new(
            files
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
    }
    /// A task on the unit.
    pub fn task(&self, verb: Verb, spec: &UnitSpec, inputs: &str) -> Task {
        let inputs: BTreeMap<String, Value> = serde_json::from_str(inputs).unwrap();
        let (interface, problems) = self.engine.interface(&self.tree(), spec);
        assert!(problems.is_empty(), "{problems:?}");
        Task {
            verb,
            unit: Address::new("dev", "unit"),
            spec: spec.clone(),
            inputs: inputs.into_iter().map(|(k, v)| (k, v.into())).collect(),
            tool: self.tool.clone(),
            saved: None,
            interrupted: None,
            recorded: BTreeMap::new(),
            verifier: 0,
            facts: interface.facts,
        }
    }
    /// Leads a dialogue to its end; recorded under `name` when that is asked for.
    pub fn run(&self, name: &str, task: &Task) -> Finding {
        self.seen.replace(Seen::default());
        let session = Session::open(self, self.engine.workspace(task));
        let (mut state, mut act) = self.engine.begin(
            task,
            &Got::Open {
                kept: session.kept.clone(),
            },
        );
        let mut transcript = Transcript::new(self.engine.name(), task, &session.kept);
        let finding = loop {
            let invocation = match act {
                Act::Finish(finding) => break *finding,
                Act::Ask(question) => {
                    panic!("a question where a finding was expected: {question:?}")
                }
                Act::Run(invocation) => invocation,
            };
            self.seen.borrow_mut().labels.push(invocation.label.clone());
            let got = session.run(&invocation);
            transcript.turn(&invocation, &Answer::of(&got, self.root.path()));
            (state, act) = self.engine.next(task, &state, &got).unwrap();
        };
        session.close();
        transcript.end(name, &finding);
        finding
    }
    /// The outputs of a finding that has to be an apply's.
    pub fn applied(&self, name: &str, task: &Task) -> BTreeMap<String, strata_core::value::Output> {
        match self.run(name, task) {
            Finding::Applied { outputs } => outputs,
            other => panic!("{other:?}\n{}", self.seen.borrow().lines.join("\n")),
        }
    }
    fn blob(&self, digest: &Digest) -> PathBuf {
        self.path("blobs").join(digest.to_string())
    }
    fn keep(&self, bytes: &[u8], sensitive: bool) -> Artifact {
        let digest = Digest::of(bytes);
        fs::write(self.blob(&digest), bytes).unwrap();
        Artifact {
            digest,
            sensitive,
            size: bytes.len() as u64,
        }
    }
    fn resolve(&self, term: &Term) -> Value {
        let secret = |s: &strata_core::value::SecretRef| {
            self.secrets
                .get(&format!("{}:{}", s.store, s.key))
                .map(|t| Value::from(t.as_str()))
                .ok_or(())
        };
        self.with_paths(term.resolve(&mut { secret }).expect("every input is known"))
    }
    /// Kept files become paths.
    fn with_paths(&self, value: Value) -> Value {
        match value {
            Value::Map(map) => match map
                .get(ARTIFACT)
                .and_then(Value::as_str)
                .and_then(Digest::parse)
            {
                Some(digest) => Value::from(self.blob(&digest).to_str().unwrap()),
                None => Value::Map(
                    map.into_iter()
                        .map(|(k, v)| (k, self.with_paths(v)))
                        .collect(),
                ),
            },
            Value::List(list) => {
                Value::List(list.into_iter().map(|v| self.with_paths(v)).collect())
            }
            other => other,
        }
    }
    fn redact(&self, text: &str) -> String {
        self.secrets
            .values()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

struct Session<'a> {
    bench: &'a Bench,
    private: TempDir,
    workspace: Workspace,
    kept: Vec<String>,
}

impl<'a> Session<'a> {
    fn open(bench: &'a Bench, workspace: Workspace) -> Self {
        let work = bench.path("work");
        fs::remove_dir_all(&work).unwrap();
        copy(&bench.path("source"), &work);
        let mut kept = Vec::new();
        for keep in &workspace.keep {
            let place = bench
                .path("kept")
                .join(keep.key.to_string())
                .join(&keep.path);
            if place.exists() {
                copy(&place, &work.join(&keep.path));
                kept.push(keep.path.clone());
            }
        }
        let session = Self {
            bench,
            private: TempDir::new().unwrap(),
            workspace,
            kept,
        };
        for file in &session.workspace.generated {
            let at = session.place(&file.at);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(&at, session.render(&file.content)).unwrap();
            fs::set_permissions(&at, fs::Permissions::from_mode(file.mode)).unwrap();
        }
        session
    }
    fn close(self) {
        for keep in &self.workspace.keep {
            let (from, to) = (
                self.place(&Place::work(&keep.path)),
                self.bench.path("kept").join(keep.key.to_string()),
            );
            if from.exists() {
                copy(&from, &to.join(&keep.path));
            }
        }
    }
    fn render(&self, content: &Content) -> Vec<u8> {
        match content {
            Content::Text(text) => text.clone().into_bytes(),
            Content::Term(term) => text(&self.bench.resolve(term)).into_bytes(),
            Content::Json(term) => self.bench.resolve(term).to_json().to_string().into_bytes(),
            Content::Artifact(artifact) => fs::read(self.bench.blob(&artifact.digest)).unwrap(),
        }
    }
    fn place(&self, place: &Place) -> PathBuf {
        let root = match place.root {
            Root::Work | Root::Tree => self.bench.path("work"),
            Root::Private => self.private.path().to_owned(),
            Root::State => self.bench.path("state"),
            Root::Cache => self.bench.path("cache"),
        };
        if place.path.is_empty() {
            root
        } else {
            root.join(&place.path)
        }
    }
    fn run(&self, run: &Invocation) -> Got {
        let cwd = self.place(&run.cwd);
        let program = if run.program.starts_with("./") {
            cwd.join(&run.program)
        } else {
            PathBuf::from(&run.program)
        };
        let arg = |arg: &Arg| match arg {
            Arg::Text(text) => text.clone(),
            Arg::Path(place) => self.place(place).to_str().unwrap().to_owned(),
            Arg::Joined(text, place) => format!("{text}{}", self.place(place).display()),
        };
        let mut command = Command::new(program);
        command
            .args(run.args.iter().map(arg))
            .current_dir(cwd)
            .stdin(Stdio::null())
            .env_clear();
        for name in ["PATH", "HOME", "USER", "LANG", "TMPDIR"] {
            command.envs(std::env::var(name).map(|value| (name, value)));
        }
        for (name, value) in &run.env {
            command.env(
                name,
                match value {
                    EnvValue::Text(text) => text.clone(),
                    EnvValue::Path(place) => self.place(place).to_str().unwrap().to_owned(),
                    EnvValue::Term(term) => text(&self.bench.resolve(term)),
                },
            );
        }
        let began = Instant::now();
        let (exit, out, err) = match command.output() {
            Ok(output) => {
                let exit = output.status.code().map_or(Exit::Signal(0), Exit::Code);
                (exit, output.stdout, output.stderr)
            }
            Err(e) => (Exit::NotStarted(e.to_string()), vec![], vec![]),
        };
        let shown = if matches!(run.stdout, Channel::Answer(_)) {
            &[][..]
        } else {
            &out[..]
        };
        let log = self
            .bench
            .redact(&String::from_utf8_lossy(&[shown, &err].concat()));
        let progress = |line: &str| self.bench.engine.progress(&run.label, line);
        self.bench
            .seen
            .borrow_mut()
            .lines
            .extend(log.lines().filter_map(progress));
        let (mut read, mut kept) = (BTreeMap::new(), BTreeMap::new());
        for collect in &run.collect {
            match collect {
                Collect::Keep {
                    name,
                    at,
                    sensitive,
                } => {
                    if let Ok(bytes) = fs::read(self.place(at)) {
                        kept.insert(name.clone(), self.bench.keep(&bytes, *sensitive));
                    }
                }
                Collect::Read { name, at, .. } => {
                    if let Ok(bytes) = fs::read(self.place(at)) {
                        read.insert(name.clone(), bytes);
                    }
                }
            }
        }
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(40)..].join("\n");
        let stdout = if matches!(run.stdout, Channel::Log) {
            vec![]
        } else {
            out
        };
        Got::Exit {
            exit,
            stdout,
            read,
            kept,
            tail,
            elapsed: began.elapsed().as_millis() as u64,
        }
    }
}

fn list(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn text(value: &Value) -> String {
    value
        .scalar_text()
        .unwrap_or_else(|| value.to_json().to_string())
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// Options of an engine's block from JSON.
pub fn options(json: &str) -> BTreeMap<String, Term> {
    let values: BTreeMap<String, Value> = serde_json::from_str(json).unwrap();
    values.into_iter().map(|(k, v)| (k, v.into())).collect()
}

/// An input that is a secret.
pub fn secret(store: &str, key: &str) -> Term {
    Term::Secret(strata_core::value::SecretRef {
        store: store.into(),
        key: key.into(),
        path: vec![],
    })
}
