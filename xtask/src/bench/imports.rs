//! Many imports from a warm cache: `check` over environments of real git repositories, locked once.
use super::{Bench, TIMES};
use crate::{Failure, measure};
use std::{ffi::OsStr, fmt::Write as _, fs, path::Path, process::Command};

/// Repositories that the imports are of.
const REPOSITORIES: usize = 20;
/// Components of each.
const COMPONENTS: usize = 4;

impl Bench {
    /// So many imports in one environment.
    pub(super) fn imports(&mut self, imports: usize, full: bool) -> Result<(), Failure> {
        let dir = self.dir.join(format!("imports-{imports}"));
        let platform = dir.join("ops");
        if !platform.join("strata.yaml").exists() {
            write(&dir, imports)?;
        }
        fs::create_dir_all(platform.join(".strata"))?;
        // the cache of the user stays as it is
        let cache = format!("STRATA_CACHE={}", dir.join("cache").display());
        let ask = |b: &Self, args: &[&str]| {
            let mut all: Vec<&OsStr> = vec![OsStr::new(&cache), b.program.as_os_str()];
            all.extend([OsStr::new("-C"), platform.as_os_str()]);
            all.extend(args.iter().map(OsStr::new));
            measure::once(OsStr::new("env"), &all)
        };
        let lock = ask(self, &["import", "lock"])?;
        ask(self, &["check", "--offline"])?;
        // what was touched a moment ago is not believed yet
        std::thread::sleep(std::time::Duration::from_millis(200));
        ask(self, &["check", "--offline"])?;
        let warm = measure::median(TIMES, || ask(self, &["check", "--offline"]))?;
        self.line(
            format!("lock of {imports} imports of {REPOSITORIES} repositories"),
            lock.cpu,
            "s CPU",
            None,
        );
        self.line(
            format!("check, {imports} imports from a warm cache"),
            warm.cpu,
            "s CPU",
            full.then_some(0.3),
        );
        Ok(())
    }
}

fn write(dir: &Path, imports: usize) -> Result<(), Failure> {
    let each = imports.div_ceil(REPOSITORIES);
    let mut dev = "values: {domain: example.org}\nimports:\n".to_owned();
    for r in 0..REPOSITORIES {
        let repo = dir.join(format!("r{r}"));
        put(
            &repo,
            "strata.yaml",
            &format!("platform: r{r}\nlayers: [base, top]\n"),
        )?;
        for c in 0..COMPONENTS {
            let folder = format!("layers/{}/c{c}", if c == 0 { "base" } else { "top" });
            let (word, of) = match c {
                0 => ("${{ values.domain }}".to_owned(), String::new()),
                c => (
                    format!("${{{{ c{}.outputs.said }}}}", c - 1),
                    " ".to_owned(),
                ),
            };
            put(
                &repo,
                &format!("{folder}/component.yaml"),
                &format!("inputs: {{word: '{word}'}}\n"),
            )?;
            put(
                &repo,
                &format!("{folder}/main.tf"),
                &format!(
                    "variable \"word\" {{\n  type = string\n}}\noutput \"said\" {{\n  value = \"{of}${{var.word}}\"\n}}\n"
                ),
            )?;
        }
        for e in 0..each {
            put(
                &repo,
                &format!("environments/e{e}.yaml"),
                "values: {domain: none}\n",
            )?;
            writeln!(
                dev,
                "- {{repo: ../r{r}, environment: e{e}, version: 1.10, as: r{r}e{e}, values: {{domain: '${{{{ values.domain }}}}'}}}}"
            )?;
        }
        for args in [
            &["init", "-q"][..],
            &["add", "."],
            &[
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "commit",
                "-qm",
                "x",
            ],
            &["tag", "1.10"],
        ] {
            let done = Command::new("git")
                .arg("-C")
                .arg(&repo)
                .args(args)
                .status()?;
            if !done.success() {
                return Err("git could not make a repository".into());
            }
        }
    }
    let ops = dir.join("ops");
    put(
        &ops,
        "strata.yaml",
        "platform: bench\nid: bench\nlayers: [base, top]\n",
    )?;
    put(&ops, "environments/dev.yaml", &dev)
}

fn put(dir: &Path, path: &str, text: &str) -> Result<(), Failure> {
    let file = dir.join(path);
    fs::create_dir_all(file.parent().ok_or("a file has a folder")?)?;
    Ok(fs::write(file, text)?)
}
