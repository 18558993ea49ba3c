//! A small executor: a work folder that is copied anew for every dialogue, a private folder that goes with it,
//! durable state, kept folders, redaction. No supervisor, no time limits.
use crate::{
    session::Session,
    transcript::{Answer, Transcript},
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    engine::{Act, Artifact, DynEngine, Finding, Got, Task, Tool, Verb},
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
    pub engine: Box<dyn DynEngine>,
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
        // what a verifier cannot mean is a problem, and refused again when it runs: both are tested; a name that is not
        // declared is seen in the files, and what the tool would say of it is tested all the same
        let seen = ["terraform::undeclared-variable", "packer::unknown-source"];
        let undeclared = |p: &Diagnostic| seen.contains(&p.code.as_str());
        assert!(
            problems.iter().all(undeclared) || self.engine.name() == "verify",
            "{problems:?}"
        );
        Task {
            platform: String::new(),
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
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.path("blobs").join(digest.to_string())
    }
    pub fn keep(&self, bytes: &[u8], sensitive: bool) -> Artifact {
        let digest = Digest::of(bytes);
        fs::write(self.blob(&digest), bytes).unwrap();
        Artifact {
            digest,
            sensitive,
            size: bytes.len() as u64,
        }
    }
    pub fn resolve(&self, term: &Term) -> Value {
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
    pub fn redact(&self, text: &str) -> String {
        self.secrets
            .values()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
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
