//! The promised figures, measured: ratios, counts and CPU time rather than seconds by the clock.
mod changed;
mod growth;
mod hcl;
mod imports;
mod policy;

use crate::{
    Failure,
    generate::{self, Shape},
    journal,
    measure::{self, Cost},
};
use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Every figure is the median of so many runs.
pub(crate) const TIMES: usize = 5;

/// What to measure.
#[derive(Default)]
pub struct Options {
    /// A tenth of the units.
    pub quick: bool,
    /// The program; built when none is named.
    pub program: Option<PathBuf>,
    /// Where platforms stay.
    pub keep: Option<PathBuf>,
    /// Only this part; all when none is named.
    pub only: Option<String>,
}

/// What can be measured by itself.
pub const PARTS: [&str; 10] = [
    "plan", "policy", "hcl", "imports", "changed", "growth", "folders", "own", "wall", "recovery",
];

/// One line of the result.
struct Line {
    what: String,
    value: f64,
    unit: &'static str,
    most: Option<f64>,
}

pub(crate) struct Bench {
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
    lines: Vec<Line>,
}

/// Measures everything, prints a table; is every figure within its target?
pub fn run(options: &Options) -> Result<bool, Failure> {
    let program = match &options.program {
        Some(p) => p
            .canonicalize()
            .map_err(|e| format!("cannot open `{}`: {e}", p.display()))?,
        // nothing is started to come back from a journal
        None if options.only.as_deref() == Some("recovery") => std::env::current_exe()?,
        None => build()?,
    };
    let temporary = tempfile::tempdir()?;
    let dir = options
        .keep
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    fs::create_dir_all(&dir)?;
    let mut b = Bench {
        program,
        dir: dir.canonicalize()?,
        lines: Vec::new(),
    };
    let many = if options.quick { 1000 } else { 10_000 };
    let full = !options.quick;
    let wanted = |part: &str| options.only.as_ref().is_none_or(|o| o == part);
    if wanted("plan") {
        b.standing_still(1000, 10, Some(0.03), None)?;
        if full {
            b.standing_still(many, 100, Some(0.10), Some(60.0))?;
        }
        b.ninja(many)?;
    }
    if wanted("policy") {
        let envs = many / 100;
        let shared = b.applied(&format!("shared-{many}"), &Shape::shared(many, envs)?)?;
        b.policy(&shared, many, envs)?;
    }
    if wanted("hcl") {
        b.hcl(if full { 50 } else { 5 }, full)?;
    }
    if wanted("imports") {
        b.imports(if full { 200 } else { 40 }, full)?;
    }
    if wanted("changed") {
        b.changed(if full { 300 } else { 30 })?;
    }
    if wanted("growth") {
        b.growth(if full { 100_000 } else { 10_000 }, full)?;
    }
    if wanted("folders") {
        b.folders(many, full)?;
    }
    if wanted("own") {
        b.own_cost()?;
    }
    if wanted("wall") {
        b.wall()?;
    }
    if wanted("recovery") {
        let events = many * 10;
        let cpu = journal::recovery(events)?;
        b.line(
            format!("recovery of a journal of {events} events"),
            cpu,
            "s CPU",
            full.then_some(0.1),
        );
    }
    print!("{}", b.table());
    Ok(b.lines.iter().all(|l| l.most.is_none_or(|m| l.value <= m)))
}

fn build() -> Result<PathBuf, Failure> {
    eprintln!("building strata");
    let done = Command::new(env!("CARGO"))
        .args(["build", "--release", "-q", "-p", "strata"])
        .status()?;
    if !done.success() {
        return Err("strata could not be built".into());
    }
    // this program lies beside it
    let me = std::env::current_exe()?;
    Ok(me.with_file_name("strata"))
}

impl Bench {
    pub(crate) fn line(&mut self, what: String, value: f64, unit: &'static str, most: Option<f64>) {
        eprintln!("{what}: {value:.3} {unit}");
        self.lines.push(Line {
            what,
            value,
            unit,
            most,
        });
    }

    pub(crate) fn strata(&self, platform: &Path, args: &[&str]) -> Result<Cost, Failure> {
        let mut all = vec![OsStr::new("-C"), platform.as_os_str()];
        all.extend(args.iter().map(OsStr::new));
        measure::once(self.program.as_os_str(), &all)
    }

    /// A platform with everything applied.
    fn applied(&self, name: &str, shape: &Shape) -> Result<PathBuf, Failure> {
        let dir = self.dir.join(name);
        if !dir.join("strata.yaml").exists() {
            generate::write(&dir, shape, None)?;
        }
        eprintln!("applying {} units in {name}", shape.units());
        self.strata(
            &dir,
            &[
                "apply",
                "--all",
                "--yes",
                "--parallelism",
                "8",
                "--format",
                "json",
            ],
        )?;
        Ok(dir)
    }

    /// A plan in which every unit must be unchanged and no process may be started.
    fn plan(&self, platform: &Path, units: usize) -> Result<Cost, Failure> {
        let cost = self.strata(platform, &["plan", "--all"])?;
        let wanted = format!("nothing to do: {units} units as last applied");
        if cost.stdout.trim() != wanted {
            return Err(format!("`{wanted}` was expected; the plan says:\n{}", cost.stdout).into());
        }
        Ok(cost)
    }

    fn standing_still(
        &mut self,
        units: usize,
        envs: usize,
        cpu: Option<f64>,
        peak: Option<f64>,
    ) -> Result<(), Failure> {
        let dir = self.applied(&format!("shared-{units}"), &Shape::shared(units, envs)?)?;
        self.plan(&dir, units)?;
        let cost = measure::median(TIMES, || self.plan(&dir, units))?;
        let what = format!("plan, {units} unchanged units ({} × {envs})", units / envs);
        self.line(what.clone(), cost.cpu, "s CPU", cpu);
        self.line(format!("{what}, memory"), cost.peak, "MB", peak);
        let started = count(&self.program, &dir, &["plan", "--all"], "execve")?;
        if let Some(n) = started {
            // the first one is strata itself
            self.line(format!("{what}, programs started"), n - 1.0, "", Some(0.0));
        }
        Ok(())
    }

    /// A null build of as many edges, for comparison.
    fn ninja(&mut self, edges: usize) -> Result<(), Failure> {
        let dir = self.dir.join("ninja");
        fs::create_dir_all(&dir)?;
        let mut text = "rule touch\n  command = touch $out\n".to_owned();
        let width = edges / 4;
        for i in 0..edges {
            match i.checked_sub(width) {
                Some(up) => writeln!(text, "build o{i}: touch o{up}")?,
                None => writeln!(text, "build o{i}: touch")?,
            }
        }
        fs::write(dir.join("build.ninja"), text)?;
        let args = [OsStr::new("-C"), dir.as_os_str()];
        if Command::new("ninja")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            eprintln!("ninja is not installed: not compared");
            return Ok(());
        }
        measure::once(OsStr::new("ninja"), &args)?;
        let ninja = measure::median(TIMES, || measure::once(OsStr::new("ninja"), &args))?;
        let own = self
            .lines
            .iter()
            .rev()
            .find(|l| l.unit == "s CPU")
            .map(|l| l.value);
        self.line(
            format!("ninja, null build of {edges} edges"),
            ninja.cpu,
            "s CPU",
            None,
        );
        if let Some(own) = own {
            self.line("plan against ninja".to_owned(), own / ninja.cpu, "×", None);
        }
        Ok(())
    }

    fn folders(&mut self, units: usize, full: bool) -> Result<(), Failure> {
        let dir = self.applied(&format!("folders-{units}"), &Shape::folders(units)?)?;
        let cache = dir.join(".strata/files");
        // the first plan that finds the state folder writes the cache
        self.plan(&dir, units)?;
        let cold = measure::median(TIMES, || {
            fs::remove_file(&cache)?;
            self.plan(&dir, units)
        })?;
        // what was touched a moment ago is not believed yet
        std::thread::sleep(std::time::Duration::from_millis(200));
        self.plan(&dir, units)?;
        let warm = measure::median(TIMES, || self.plan(&dir, units))?;
        let what = format!("plan, {units} unchanged units in as many folders");
        self.line(
            format!("{what}, cold"),
            cold.cpu,
            "s CPU",
            full.then_some(1.0),
        );
        self.line(
            format!("{what}, warm"),
            warm.cpu,
            "s CPU",
            full.then_some(0.3),
        );
        Ok(())
    }

    /// The time of an apply over what its own durations allow.
    fn wall(&mut self) -> Result<(), Failure> {
        let dir = self.dir.join("wall");
        let mut over = Vec::new();
        for _ in 0..TIMES {
            let _ = fs::remove_dir_all(&dir);
            generate::write(&dir, &Shape::shared(60, 3)?, Some("0.1"))?;
            let cost = self.strata(&dir, &["apply", "--all", "--yes", "--format", "json"])?;
            let last: serde_json::Value =
                serde_json::from_str(cost.stdout.lines().last().unwrap_or_default())?;
            let number = |key: &str| {
                last["summary"][key]
                    .as_f64()
                    .ok_or_else(|| format!("the summary has no `{key}`"))
            };
            over.push((number("elapsed_ms")? / number("best_ms")? - 1.0) * 100.0);
        }
        over.sort_by(f64::total_cmp);
        self.line(
            "apply of 60 units of 0.1 s over the simulated schedule".to_owned(),
            over[TIMES / 2],
            "%",
            Some(5.0),
        );
        Ok(())
    }

    fn table(&self) -> String {
        let mut out = String::new();
        let width = self
            .lines
            .iter()
            .map(|l| l.what.chars().count())
            .max()
            .unwrap_or(0);
        for l in &self.lines {
            let target = match l.most {
                Some(m) if l.value <= m => format!("at most {m}  ok"),
                Some(m) => format!("at most {m}  OVER"),
                None => String::new(),
            };
            let line = format!(
                "{:<width$}  {:>9.3} {:<7} {target}",
                l.what, l.value, l.unit
            );
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// How often a command and its descendants make these system calls with success; `None` without strace.
pub(crate) fn count(
    program: &Path,
    platform: &Path,
    args: &[&str],
    calls: &str,
) -> Result<Option<f64>, Failure> {
    let log = tempfile::NamedTempFile::new()?;
    let status = Command::new("strace")
        .args(["-f", "-qq", "--seccomp-bpf", "-e"])
        .arg(format!("trace={calls}"))
        .args(["-e", "signal=none", "-z", "-o"])
        .arg(log.path())
        .arg(program)
        .arg("-C")
        .arg(platform)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e.into()),
        Ok(s) if !s.success() => {
            Err(format!("`strata {}` failed under strace", args.join(" ")).into())
        }
        Ok(_) => {
            let text = fs::read_to_string(log.path())?;
            // a call that another thread interrupts has two lines; the second begins with `<...`
            let n = text
                .lines()
                .filter(|l| !l.contains("<... ") && !l.contains("+++"))
                .count();
            #[allow(clippy::cast_precision_loss)]
            Ok(Some(n as f64))
        }
    }
}
