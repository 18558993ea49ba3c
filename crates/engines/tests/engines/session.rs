//! One session of the small executor: where things lie, how a program is run, what is picked up.
use crate::bench::Bench;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};
use strata_core::{
    engine::{
        Arg, Channel, Collect, Content, EnvValue, Exit, Got, ITSELF, Invocation, Place, Root,
        Workspace,
    },
    value::Value,
};
use tempfile::TempDir;

/// An open session.
pub struct Session<'a> {
    bench: &'a Bench,
    private: TempDir,
    workspace: Workspace,
    /// Kept folders that were there.
    pub kept: Vec<String>,
}

impl<'a> Session<'a> {
    pub fn open(bench: &'a Bench, workspace: Workspace) -> Self {
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
    pub fn close(self) {
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
    pub fn run(&self, run: &Invocation) -> Got {
        let cwd = self.place(&run.cwd);
        let program = if run.program.starts_with("./") {
            cwd.join(&run.program)
        } else if run.program == ITSELF {
            itself()
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

/// The program that these tests are of; it lies two folders above them when it is built.
pub fn itself() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(2).unwrap().join("strata")
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
