//! A platform in a folder of its own, and the program run on it with a clean environment.
use serde_json::Value as Json;
use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The program.
pub const STRATA: &str = env!("CARGO_BIN_EXE_strata");
/// A variable that every process of a sandbox carries.
const MARKER: &str = "STRATA_SANDBOX";

/// `strata.yaml` of most tests: three layers; scripts find the ledger and what was made.
const PLATFORM: &str = "platform: demo
id: demo
layers: [base, middle, top]
passthrough: [LEDGER, WORLD, STRATA_SANDBOX]
";

/// A script that writes its unit to the ledger and says what it was given.
pub const SAY: &str = r#"#!/bin/sh
set -eu
echo "$STRATA_UNIT" >> "$LEDGER"
echo "saying $STRATA_INPUT_WORD"
printf '{"said": "%s"}' "$STRATA_INPUT_WORD" > "$STRATA_OUTPUTS"
"#;

/// A platform in a folder of its own. Removed when it is dropped, together with its processes.
pub struct Sandbox {
    dir: TempDir,
    marker: String,
    path: OsString,
}

/// What a command of the program left.
pub struct Done {
    /// Exit code; 128 and the signal when one ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Sandbox {
    /// With [`PLATFORM`], an empty environment `dev`, and these files. Files that end in `.sh` are executable.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::empty();
        sandbox.write("strata.yaml", PLATFORM);
        sandbox.write("environments/dev.yaml", "values: {}\n");
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox
    }
    /// Without any file.
    pub fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let dir = tempfile::Builder::new()
            .prefix("strata-cli-")
            .tempdir()
            .expect("a temporary folder");
        for name in ["ops", "home", "tmp", "world"] {
            fs::create_dir(dir.path().join(name)).expect("a folder of the sandbox");
        }
        fs::write(dir.path().join("ledger"), "").expect("the ledger");
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            dir,
            marker: format!("{}-{n}", std::process::id()),
            path: std::env::var_os("PATH").unwrap_or_default(),
        }
    }
    /// Another `PATH` for the program.
    pub fn with_path(mut self, path: impl Into<OsString>) -> Self {
        self.path = path.into();
        self
    }
    /// The platform's folder.
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("ops")
    }
    /// A path beside the platform.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    /// Writes a file of the platform.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().expect("a file has a folder")).expect("its folder");
        fs::write(&file, text).expect("a file of the platform");
        if Path::new(path).extension().is_some_and(|e| e == "sh") {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
    }
    /// Replaces text of a file of the platform.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.root().join(path)).expect("a file of the platform");
        assert!(text.contains(from), "`{path}` has no `{from}`:\n{text}");
        self.write(path, &text.replace(from, to));
    }
    /// A command of the program, with a clean environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(STRATA);
        command
            .args(args)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", self.beside("home"))
            .env("TMPDIR", self.beside("tmp"))
            .env("USER", "tester")
            .env("LANG", "C.UTF-8")
            .env("LEDGER", self.beside("ledger"))
            .env("WORLD", self.beside("world"))
            .env(MARKER, &self.marker)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Done {
        Done::of(&self.command(args).output().expect("strata starts"))
    }
    /// Runs a command that has to end with this code.
    pub fn ends(&self, code: i32, args: &[&str]) -> Done {
        let done = self.run(args);
        assert_eq!(
            done.code,
            code,
            "`strata {}` ended with {}\n--- output\n{}\n--- errors\n{}",
            args.join(" "),
            done.code,
            done.out,
            done.err
        );
        done
    }
    /// Starts a command and leaves it running.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().expect("strata starts")
    }
    /// Lines that scripts wrote to the ledger.
    pub fn ledger(&self) -> Vec<String> {
        let text = fs::read_to_string(self.beside("ledger")).expect("the ledger");
        text.lines().map(str::to_owned).collect()
    }
    /// Lines written to the ledger by what `work` does.
    pub fn wrote(&self, work: impl FnOnce()) -> Vec<String> {
        let before = self.ledger().len();
        work();
        self.ledger().split_off(before)
    }
    /// Waits until the ledger has a line.
    pub fn await_line(&self, line: &str) {
        let begun = Instant::now();
        while !self.ledger().iter().any(|l| l == line) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "no `{line}` in the ledger: {:?}",
                self.ledger()
            );
            sleep(Duration::from_millis(10));
        }
    }
    /// Recorded outputs of an environment or unit, sensitive ones revealed.
    pub fn outputs(&self, of: &str) -> Json {
        self.ends(0, &["outputs", of, "--reveal", "--format", "json"])
            .json()
    }
    /// States of all units: address and word.
    pub fn states(&self) -> Vec<(String, String)> {
        let status = self.ends(0, &["status", "--format", "json"]).json();
        let text = |unit: &Json, key: &str| unit[key].as_str().unwrap_or_default().to_owned();
        let units = status["units"].as_array().expect("a list of units");
        units
            .iter()
            .map(|u| (text(u, "unit"), text(u, "state")))
            .collect()
    }
    /// The state of a unit.
    pub fn state(&self, unit: &str) -> String {
        self.states()
            .into_iter()
            .find(|(u, _)| u == unit)
            .map_or_else(|| "nothing".to_owned(), |(_, state)| state)
    }
    /// Processes of this sandbox: their ids and variables.
    pub fn processes(&self) -> Vec<(u32, Vec<u8>)> {
        let wanted = format!("{MARKER}={}", self.marker);
        let ids = fs::read_dir("/proc")
            .expect("the list of processes")
            .filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
        ids.filter_map(|id| Some((id, fs::read(format!("/proc/{id}/environ")).ok()?)))
            .filter(|(_, env)| env.split(|b| *b == 0).any(|v| v == wanted.as_bytes()))
            .collect()
    }
    /// No process of this sandbox may be left; those that are ending get a moment.
    pub fn assert_no_process(&self) {
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            let ids: Vec<u32> = left.iter().map(|(id, _)| *id).collect();
            assert!(
                begun.elapsed() < Duration::from_secs(15),
                "processes are left: {ids:?}"
            );
            sleep(Duration::from_millis(20));
        }
    }
    /// Files under `.strata` whose bytes contain a text.
    pub fn stored_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        search(&self.root().join(".strata"), text.as_bytes(), &mut found);
        found
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // after a test that failed: its tools must not outlive it
        for (id, _) in self.processes() {
            let id = i32::try_from(id)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            if let Some(id) = id {
                let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
            }
        }
    }
}

impl Done {
    /// From what a process left.
    pub fn of(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let code = output.status.code();
        Self {
            code: code.unwrap_or_else(|| 128 + output.status.signal().unwrap_or_default()),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
    /// Its standard output as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("not JSON ({e}):\n{}", self.out))
    }
    /// Everything that it said.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
    /// It said this somewhere.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.all().contains(text), "no `{text}` in:\n{}", self.all());
        self
    }
    /// It said this nowhere.
    #[track_caller]
    pub fn never_says(&self, text: &str) -> &Self {
        assert!(!self.all().contains(text), "`{text}` in:\n{}", self.all());
        self
    }
}

fn search(dir: &Path, text: &[u8], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("the kind of a file");
        if kind.is_dir() {
            search(&path, text, found);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes.windows(text.len()).any(|w| w == text) {
                found.push(path);
            }
        }
    }
}

/// A script component that says a word: its `component.yaml`.
pub fn saying(word: &str) -> String {
    format!(
        "engine: script\ninputs: {{word: {word}}}\noutputs: {{said: string}}\nscript: {{apply: [./say.sh]}}\n"
    )
}

/// Is a program on `PATH`?
fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Is Terraform or OpenTofu here? Says that something is skipped when not; fails when `STRATA_REQUIRE_TOOLS` is set.
pub fn terraform_here() -> bool {
    if on_path("terraform") || on_path("tofu") {
        return true;
    }
    assert!(
        std::env::var_os("STRATA_REQUIRE_TOOLS").is_none(),
        "neither `terraform` nor `tofu` is on PATH"
    );
    eprintln!("skipped, at least in part: neither `terraform` nor `tofu` is on PATH");
    false
}

/// Is Ansible here? As [`terraform_here`].
pub fn ansible_here() -> bool {
    if on_path("ansible-playbook") {
        return true;
    }
    assert!(
        std::env::var_os("STRATA_REQUIRE_TOOLS").is_none(),
        "`ansible-playbook` is not on PATH"
    );
    eprintln!("skipped, at least in part: `ansible-playbook` is not on PATH");
    false
}

/// A sandbox with a copy of a folder of this repo as its platform.
pub fn copied(folder: &str) -> Sandbox {
    let s = Sandbox::empty();
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(from.join(".")).arg(s.root());
    assert!(copy.status().expect("cp is there").success());
    s
}

/// A repository of a folder, with everything in it tagged as 1.0.0.
pub fn tagged(folder: &Path) {
    let me = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-qm", "first"],
        &["tag", "1.0.0"],
    ] {
        let mut git = Command::new("git");
        git.current_dir(folder).args(me).args(args);
        assert!(git.status().expect("git").success());
    }
}
