//! A platform in a temporary folder, with doubles of the store and the secrets.
#![allow(dead_code)]
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use strata_adapters::process::{Config, ProcessExecutor};
use strata_core::{
    digest::Digest,
    engine::{Artifact, Got, Invocation, Workspace},
    event::{Event, Recorded, TaskText},
    executor::{Executor, ExecutorError, Handle, Line, Session, SessionSpec},
    name::Address,
    plan::Plan,
    secret::{SecretError, SecretStore},
    store::{
        Applied, AppliedChange, AppliedRow, Holder, Lease, Request, RunRecord, Store, StoreError,
    },
    tree::{MemoryTree, Tree},
    value::{SecretRef, Term, Value},
};

/// What another process shall run.
#[derive(Serialize, Deserialize)]
pub struct Case {
    pub root: PathBuf,
    pub invocation: Invocation,
    pub attempt: u32,
    pub env: BTreeMap<String, Term>,
}

/// A platform in a folder.
pub struct Bench {
    pub root: PathBuf,
    pub program: PathBuf,
    pub files: Vec<(String, String)>,
    pub store: Arc<Kept>,
}

impl Bench {
    pub fn at(root: PathBuf, program: PathBuf) -> Self {
        let blobs = root.join("blobs");
        std::fs::create_dir_all(&blobs).unwrap();
        let files = vec![
            (
                "layers/a/tool.sh".to_owned(),
                "#!/bin/sh\n. ./body\n".to_owned(),
            ),
            ("layers/a/plain.txt".to_owned(), "plain\n".to_owned()),
            (
                "layers/a/broken.sh".to_owned(),
                "#!/no/such/interpreter\n".to_owned(),
            ),
        ];
        let store = Arc::new(Kept {
            blobs,
            applied: Mutex::default(),
            made: Mutex::default(),
        });
        Self {
            root,
            program,
            files,
            store,
        }
    }
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(".strata")
    }
    pub fn unit() -> Address {
        Address::new("dev", "a")
    }
    pub fn handle(attempt: u32, n: u32) -> Handle {
        Handle {
            run: "r1".into(),
            unit: Self::unit(),
            attempt,
            n,
            generation: 1,
        }
    }
    pub fn attempt_dir(&self, attempt: u32, n: u32) -> PathBuf {
        self.state_dir()
            .join(format!("runs/r1/dev/a/{attempt}.{n}"))
    }
    pub fn executor(&self) -> ProcessExecutor {
        self.executor_with(strata_adapters::process::environment())
    }
    pub fn executor_with(&self, environment: BTreeMap<String, String>) -> ProcessExecutor {
        let config = Config {
            state_dir: self.state_dir(),
            program: self.program.clone(),
            run: "r1".into(),
            secrets: Arc::new(Vault),
            blobs: self.store.clone(),
            environment,
            private: None,
            mask: None,
        };
        ProcessExecutor::new(config).unwrap()
    }
    pub fn spec(&self) -> SessionSpec {
        let files: Vec<(&str, &str)> = self
            .files
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        let tree = MemoryTree::new(files);
        let files = tree.files().iter().map(|f| f.path.clone()).collect();
        SessionSpec {
            unit: Self::unit(),
            tree: Arc::new(tree),
            files,
            folder: "layers/a".into(),
            workspace: Workspace::default(),
            env: BTreeMap::new(),
            secret_files: BTreeMap::new(),
            passthrough: vec![],
        }
    }
    pub fn open(&self, executor: &ProcessExecutor) -> Box<dyn Session> {
        executor.open(self.spec()).unwrap().0
    }
    /// Opens a session and runs one invocation; the lines it printed.
    pub fn run(&self, invocation: &Invocation) -> (Got, Vec<String>) {
        let executor = self.executor();
        let mut session = self.open(&executor);
        run(session.as_mut(), invocation, 1).unwrap()
    }
    pub fn run_case(&self, case: &Case) -> Result<Got, ExecutorError> {
        let executor = self.executor();
        let mut spec = self.spec();
        spec.env.clone_from(&case.env);
        let (mut session, _) = executor.open(spec)?;
        session.run(
            &case.invocation,
            &Self::handle(case.attempt, 1),
            &mut |line: Line<'_>| {
                println!("line: {}", line.text);
            },
        )
    }
}

/// Runs one invocation as number `n` of the first attempt; the lines it printed.
pub fn run(
    session: &mut dyn Session,
    invocation: &Invocation,
    n: u32,
) -> Result<(Got, Vec<String>), ExecutorError> {
    let mut lines = Vec::new();
    let handle = Bench::handle(1, n);
    let got = session.run(invocation, &handle, &mut |l: Line<'_>| {
        lines.push(l.text.to_owned());
    })?;
    Ok((got, lines))
}

/// Names a secret of [`Vault`].
pub fn secret(key: &str) -> Term {
    Term::Secret(SecretRef {
        store: "test".into(),
        key: key.into(),
        path: vec![],
    })
}

/// Secrets that are what they are called, with an end that only secrets have.
pub struct Vault;

impl SecretStore for Vault {
    fn read(&self, secret: &SecretRef) -> Result<Value, SecretError> {
        if secret.key == "missing" {
            return Err(SecretError::Missing(
                "test:missing".into(),
                "it never was".into(),
            ));
        }
        Ok(Value::String(format!("{}-s3cr3t-value", secret.key)))
    }
    fn revision(&self, secret: &SecretRef) -> Result<String, SecretError> {
        Ok(secret.key.clone())
    }
}

/// Blobs in a folder, and what tests put as applied. Nothing else.
pub struct Kept {
    pub blobs: PathBuf,
    pub applied: Mutex<BTreeMap<Address, Applied>>,
    pub made: Mutex<BTreeMap<String, String>>,
}

impl Store for Kept {
    fn put_blob(&self, bytes: &[u8], sensitive: bool) -> Result<Artifact, StoreError> {
        let digest = Digest::of(bytes);
        std::fs::write(self.blobs.join(digest.to_string()), bytes).unwrap();
        Ok(Artifact {
            digest,
            sensitive,
            size: bytes.len() as u64,
        })
    }
    fn put_file(&self, file: &Path, sensitive: bool) -> Result<Artifact, StoreError> {
        self.put_blob(&std::fs::read(file).unwrap(), sensitive)
    }
    fn blob(&self, artifact: &Artifact) -> Result<Vec<u8>, StoreError> {
        let path = self.blobs.join(artifact.digest.to_string());
        std::fs::read(path).map_err(|_| StoreError::NoBlob(artifact.digest.to_string()))
    }
    fn blob_path(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        let path = self.blobs.join(digest.to_string());
        if path.exists() {
            Ok(path)
        } else {
            Err(StoreError::NoBlob(digest.to_string()))
        }
    }
    fn generated(
        &self,
        name: &str,
        make: &mut dyn FnMut() -> String,
    ) -> Result<String, StoreError> {
        Ok(self
            .made
            .lock()
            .unwrap()
            .entry(name.to_owned())
            .or_insert_with(make)
            .clone())
    }
    fn keyed(&self, bytes: &[u8]) -> Digest {
        Digest::keyed(&[7; 32], bytes)
    }
    fn applied(&self, unit: &Address) -> Result<Option<Applied>, StoreError> {
        Ok(self.applied.lock().unwrap().get(unit).cloned())
    }

    fn take(&self, _: &str, _: &Holder) -> Result<Lease, StoreError> {
        unimplemented!()
    }
    fn release(&self, _: &Lease) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn holder(&self, _: &str) -> Result<Option<Holder>, StoreError> {
        unimplemented!()
    }
    fn generation(&self, _: &str) -> Result<u64, StoreError> {
        unimplemented!()
    }
    fn append(
        &self,
        _: &mut Lease,
        _: &str,
        _: &[Event],
        _: &[AppliedChange],
        _: bool,
    ) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn each_event(
        &self,
        _: &str,
        _: Option<&str>,
        _: u64,
        _: &mut dyn FnMut(Recorded),
    ) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn task(&self, _: &str, _: u64) -> Result<Option<TaskText>, StoreError> {
        unimplemented!()
    }
    fn put_run(&self, _: &RunRecord, _: Option<&Plan>) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn runs(&self, _: Option<&str>, _: usize) -> Result<Vec<RunRecord>, StoreError> {
        unimplemented!()
    }
    fn plan(&self, _: &str) -> Result<Option<Plan>, StoreError> {
        unimplemented!()
    }
    fn applied_rows(&self, _: Option<&str>) -> Result<Vec<AppliedRow>, StoreError> {
        unimplemented!()
    }
    fn ask(&self, _: &str, _: &Request) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn requests(&self, _: &str) -> Result<Vec<Request>, StoreError> {
        unimplemented!()
    }
    fn note(&self, _: &str, _: &[(&str, &str)]) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn notes(&self, _: &str) -> Result<BTreeMap<String, String>, StoreError> {
        unimplemented!()
    }
}

/// The same session once more.
pub fn again(spec: &SessionSpec) -> SessionSpec {
    SessionSpec {
        unit: spec.unit.clone(),
        tree: spec.tree.clone(),
        files: spec.files.clone(),
        folder: spec.folder.clone(),
        workspace: spec.workspace.clone(),
        env: spec.env.clone(),
        secret_files: spec.secret_files.clone(),
        passthrough: spec.passthrough.clone(),
    }
}
