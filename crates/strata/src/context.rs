//! Where a command runs: the platform's folder, its files, its composition, and how to speak.
use crate::{
    args::{Global, Which},
    bitops,
    formats::Format,
    problem::Problem,
    view::diagnostics,
    wire,
};
use std::{
    collections::HashMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
};
use strata_adapters::redact::Mask;
use strata_bitops::{Reading, Settings, masks::Masks};
use strata_core::{diagnostic::Diagnostic, engine::DynEngine, exit, store::Store, tree::Tree};
use strata_ops::{
    compose::{Composition, Pick},
    imports::Lock,
    load::{self, Loaded},
};
use strata_plan::{
    changed,
    select::{Selection, select},
};

/// A platform that a command works on.
pub struct Context {
    /// Its folder.
    pub root: PathBuf,
    /// Flags of every command.
    pub global: Global,
    /// May colour be used?
    pub color: bool,
    /// All engines.
    pub engines: Vec<Arc<dyn DynEngine>>,
    /// The folder is a repo of BitOps, read under these settings.
    pub bitops: Option<strata_bitops::Settings>,
}

/// May colour be used on standard error?
pub fn use_color(global: &Global) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !global.no_color
        && !set("NO_COLOR")
        && std::env::var("TERM").map_or(true, |t| t != "dumb")
        && (std::io::stderr().is_terminal() || set("CLICOLOR_FORCE"))
}

/// The folder that a command was started in.
pub fn start_dir(global: &Global) -> Result<PathBuf, Problem> {
    let dir = match &global.dir {
        Some(dir) => dir.clone(),
        None => std::env::current_dir().map_err(|e| Problem::io("find the current folder", &e))?,
    };
    dir.canonicalize()
        .map_err(|e| Problem::io(format!("open `{}`", dir.display()), &e))
}

/// The root of the git repository that a folder is in.
pub fn repo_root(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|d| d.join(".git").exists())
}

impl Context {
    /// The platform that the command line means: the nearest folder upward with a `strata.yaml`, or a repo of BitOps.
    pub fn open(global: &Global) -> Result<Self, Problem> {
        Self::open_with(global, bitops::settings(None))
    }
    /// The same; a repo of BitOps is read under these settings.
    pub fn open_with(global: &Global, settings: Settings) -> Result<Self, Problem> {
        let start = start_dir(global)?;
        let native = |d: &Path| d.join(load::ROOT_FILE).is_file();
        let root = start
            .ancestors()
            .find(|d| native(d) || bitops::is_root(d))
            .ok_or_else(|| {
                Problem::new(
                    exit::INVALID,
                    format!(
                        "there is no `strata.yaml` in `{}` or above",
                        start.display()
                    ),
                )
                .hint(if start.join("strata.yml").is_file() {
                    "there is a `strata.yml`: it has to be called `strata.yaml`"
                } else {
                    "run `strata init` to make a platform here, or name its folder with `-C DIR`"
                })
            })?;
        Ok(Self {
            root: root.to_owned(),
            color: use_color(global),
            global: global.clone(),
            engines: wire::engines(),
            bitops: (!native(root)).then_some(settings),
        })
    }
    /// Is JSON wanted?
    pub fn json(&self) -> bool {
        self.global.format == Format::Json
    }
    /// What leads from the root of the git repository to the platform: empty, or `ops/`.
    pub fn repo_prefix(&self) -> String {
        let inside = repo_root(&self.root).and_then(|repo| self.root.strip_prefix(repo).ok());
        match inside {
            Some(inside) if !inside.as_os_str().is_empty() => {
                format!("{}/", inside.to_string_lossy())
            }
            _ => String::new(),
        }
    }
    /// May colour be used on standard output?
    pub fn color_out(&self) -> bool {
        self.color && std::io::stdout().is_terminal()
    }
    /// Where the program keeps what outlives a run.
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(".strata")
    }
    /// An engine by name.
    pub fn engine(&self, name: &str) -> Arc<dyn DynEngine> {
        self.engines
            .iter()
            .find(|e| e.name() == name)
            .cloned()
            .unwrap_or_else(|| panic!("engine `{name}` is registered"))
    }
    /// The files, read now.
    pub fn tree(&self) -> Result<Arc<dyn Tree>, Problem> {
        let tree = wire::tree(&self.root, &self.state_dir(), self.global.offline)?;
        Ok(self.as_platform(tree, None).0)
    }
    /// The platform as it was loaded under another lock than its own, with what was found.
    pub fn load_under(&self, files: &Arc<dyn Tree>, lock: &Lock) -> (Loaded, Vec<Diagnostic>) {
        let (tree, reading) = self.as_platform(files.clone(), Some(lock));
        let (mut loaded, mut problems) = load::load_under(tree, &self.engines, Some(lock));
        if let Some(reading) = reading {
            problems.extend(reading.problems);
            loaded.wanted.extend(reading.wanted);
        }
        (loaded, problems)
    }
    /// The platform of today, composed under another lock than its own, with what was found.
    pub fn under_lock(&self, lock: &Lock) -> Result<(Composition, Vec<Diagnostic>), Problem> {
        let files = wire::tree(&self.root, &self.state_dir(), self.global.offline)?;
        let (tree, reading) = self.as_platform(files, Some(lock));
        let (composition, mut problems) = strata_ops::read_under(tree, &self.engines, lock);
        if let Some(reading) = reading {
            problems.splice(0..0, reading.problems);
        }
        Ok((composition, problems))
    }
    /// Files as those of a platform: what BitOps' files say in strata's words too, with what was read.
    fn as_platform(
        &self,
        tree: Arc<dyn Tree>,
        lock: Option<&Lock>,
    ) -> (Arc<dyn Tree>, Option<Reading>) {
        let read = self
            .bitops
            .as_ref()
            .and_then(|s| strata_bitops::platform_under(&tree, s, lock));
        match read {
            Some((tree, reading)) => (tree, Some(reading)),
            None => (tree, None),
        }
    }
    /// What lines of tools must not show besides secrets: `logging.masks` of BitOps' environments.
    pub fn mask(&self) -> Option<Mask> {
        let settings = self.bitops.as_ref()?;
        let files = wire::tree(&self.root, &self.state_dir(), self.global.offline).ok()?;
        let (_, reading) = strata_bitops::platform_under(&files, settings, None)?;
        let named = |e: strata_bitops::environment::Environment| (e.name, e.masks);
        let all: HashMap<String, Masks> = reading.environments.into_iter().map(named).collect();
        Some(Mask(Arc::new(move |unit, line| {
            all.get(unit.env.as_ref()).map(|masks| masks.apply(line))
        })))
    }
    /// The store. `write`: make it when it is not there.
    pub fn store(&self) -> Result<Arc<dyn Store>, Problem> {
        wire::store(&self.state_dir())
    }
    /// Is there a store already? Reading commands don't make one.
    pub fn has_store(&self) -> bool {
        self.state_dir().join("store.db").exists()
    }
    /// The platform, composed and checked, with everything that was found.
    pub fn compose(&self) -> Result<(Composition, Vec<Diagnostic>), Problem> {
        self.compose_with(&[])
    }
    fn compose_with(&self, picks: &[Pick]) -> Result<(Composition, Vec<Diagnostic>), Problem> {
        let files = wire::tree(&self.root, &self.state_dir(), self.global.offline)?;
        let (tree, reading) = self.as_platform(files, None);
        let (mut composition, mut problems) = strata_ops::read_with(tree, &self.engines, picks);
        if let Some(reading) = reading {
            composition.brought.extend(reading.brought());
            problems.splice(0..0, reading.problems);
        }
        problems.sort_by_key(|p| p.severity);
        composition.loaded.tree.keep_derived();
        Ok((composition, problems))
    }
    /// The platform, when its files are valid; shows what was found.
    pub fn composed(&self) -> Result<Composition, Problem> {
        self.composed_with(&[])
    }
    /// The same with other flavors than the files pick.
    pub fn composed_with(&self, picks: &[Pick]) -> Result<Composition, Problem> {
        let (composition, problems) = self.compose_with(picks)?;
        let worth: Vec<Diagnostic> = problems.iter().filter(|p| p.is_error()).cloned().collect();
        if worth.is_empty() {
            return Ok(composition);
        }
        diagnostics::print(&worth, composition.loaded.tree.as_ref(), self.color);
        Err(Problem::invalid(&worth))
    }
    /// The platform as its files were at a revision of git, with what is wrong with it.
    pub fn revision(
        &self,
        revision: &str,
        today: &Composition,
    ) -> Result<(Composition, Vec<Diagnostic>), Problem> {
        let tree = wire::revision(&self.root, revision, today.loaded.tree.clone())?;
        let (tree, reading) = self.as_platform(tree, None);
        let (composition, mut problems) = strata_ops::read(tree, &self.engines);
        if let Some(reading) = reading {
            problems.splice(0..0, reading.problems);
        }
        Ok((composition, problems))
    }
    /// The units that a command means: one mark for each.
    pub fn selected(
        &self,
        c: &Composition,
        envs: &[String],
        which: &Which,
    ) -> Result<Vec<bool>, Problem> {
        let among = match &which.changed_since {
            None => None,
            Some(revision) => Some(self.changed_since(c, envs, revision)?),
        };
        let selection = Selection {
            envs: envs.to_vec(),
            only: which.named.only.clone(),
            layers: which.named.layer.clone(),
            among,
        };
        select(c, &selection).map_err(Problem::usage)
    }
    fn changed_since(
        &self,
        c: &Composition,
        envs: &[String],
        revision: &str,
    ) -> Result<Vec<usize>, Problem> {
        let (old, problems) = self.revision(revision, c)?;
        if let Some(first) = problems.iter().find(|p| p.is_error()) {
            let why = format!("the files at {revision} are not valid: {}", first.message);
            return Err(Problem::new(exit::INVALID, why)
                .hint("choose another revision, or leave `--changed-since` out"));
        }
        let (touched, gone) = changed::touched(&old, c);
        let meant = |env: &str| envs.iter().any(|e| e == env);
        for t in &touched {
            let address = &c.units[t.unit].address;
            if meant(&address.env) {
                eprintln!("changed since {revision}: {address} ({})", t.why.join(", "));
            }
        }
        for address in gone.iter().filter(|a| meant(&a.env)) {
            eprintln!("gone since {revision}: {address}");
        }
        Ok(touched.into_iter().map(|t| t.unit).collect())
    }
    /// Environments that a command means, checked.
    pub fn envs(
        &self,
        c: &Composition,
        named: &[String],
        all: bool,
    ) -> Result<Vec<String>, Problem> {
        let names = || c.environments().iter().map(|e| e.name.to_string());
        if all {
            return Ok(names().collect());
        }
        if named.is_empty() {
            let list: Vec<String> = names().collect();
            return match list.as_slice() {
                [only] => Ok(vec![only.clone()]),
                [] => Err(Problem::usage("this platform has no environment")
                    .hint("run `strata env new dev`")),
                _ => Err(Problem::usage("name an environment")
                    .hint(format!("environments are: {}", list.join(", ")))),
            };
        }
        let mut out: Vec<String> = Vec::new();
        for name in named {
            if c.env_named(name).is_none() {
                let list: Vec<String> = names().collect();
                let help = strata_core::diagnostic::suggest(name, list.iter().map(String::as_str))
                    .unwrap_or_else(|| format!("environments are: {}", list.join(", ")));
                return Err(Problem::usage(format!("there is no environment `{name}`")).hint(help));
            }
            if !out.contains(name) {
                out.push(name.clone());
            }
        }
        out.sort();
        Ok(out)
    }
}

/// Writes a whole file or nothing: beside it, synced, renamed.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    use std::io::Write as _;
    let doing = || format!("write `{}`", path.display());
    let beside = path.with_file_name(format!(
        ".{}.{}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    ));
    let written = std::fs::File::create(&beside)
        .and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        Problem::io(doing(), &e)
    })
}
