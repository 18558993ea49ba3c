//! What a cluster is made of: the one program that holds Kubernetes, built once per machine, and Debian's programs.
use super::{image, task};
use crate::Failure;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// What decides the program's content, beside Go itself.
const SOURCES: [&str; 3] = ["main.go", "go.mod", "go.sum"];
const FLAGS: [&str; 2] = ["-trimpath", "-buildvcs=false"];

/// Everything that `up` needs.
#[derive(Clone, Debug)]
pub struct Built {
    /// Kubernetes.
    pub program: PathBuf,
    /// Archives of our own images.
    pub images: Vec<PathBuf>,
}

/// Builds what is not in the cache.
pub fn all() -> Result<Built, Failure> {
    debian()?;
    let cache = cache()?;
    fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    // two builds at a time would take twice as long, for the same
    let lock = File::open(&cache)?;
    flock(&lock, FlockOperation::LockExclusive)?;
    let program = kubernetes(&cache)?;
    let images = image::all(&cache)?;
    let tools = repo().join("target/tools");
    if !on_path("kubectl") && !tools.join("kubectl").exists() {
        fs::create_dir_all(&tools)?;
        symlink(&program, tools.join("kubectl"))?;
        eprintln!("kubectl: {}", tools.join("kubectl").display());
    }
    Ok(Built { program, images })
}

fn repo() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repo")
}

/// One place for all checkouts: a build takes long.
fn cache() -> Result<PathBuf, Failure> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p: &PathBuf| p.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let base = base.ok_or("HOME is not set: there is no place for what is built")?;
    Ok(base.join("strata-tools"))
}

/// The version of Kubernetes that go.mod asks for.
fn version(go_mod: &str) -> Result<&str, Failure> {
    go_mod
        .lines()
        .find_map(|l| l.trim().strip_prefix("k8s.io/kubernetes "))
        .ok_or_else(|| "setup/kubernetes/go.mod does not require k8s.io/kubernetes".into())
}

fn kubernetes(cache: &Path) -> Result<PathBuf, Failure> {
    let folder = repo().join("setup/kubernetes");
    let go = task::run("go version").map_err(|e| format!("Go is needed: {e}"))?;
    let mut digest = blake3::Hasher::new();
    digest.update(go.as_bytes());
    FLAGS.iter().for_each(|f| {
        digest.update(f.as_bytes());
    });
    for source in SOURCES {
        let path = folder.join(source);
        let text = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        digest.update(blake3::hash(&text).as_bytes());
    }
    let program = cache.join(format!("kubernetes-{}", short(&digest)));
    if program.is_file() {
        return Ok(program);
    }
    let go_mod = fs::read_to_string(folder.join("go.mod"))?;
    let version = version(&go_mod)?;
    eprintln!("building Kubernetes {version} (10-20 minutes the first time)");
    let new = program.with_extension("new");
    let status = Command::new("go")
        .current_dir(&folder)
        .env("CGO_ENABLED", "0")
        .arg("build")
        .args(FLAGS)
        .arg(format!(
            "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={version}"
        ))
        .arg("-o")
        .arg(&new)
        .arg(".")
        .status()?;
    if !status.success() {
        return Err(format!("go build in setup/kubernetes: {status}").into());
    }
    fs::rename(new, &program)?;
    Ok(program)
}

/// Enough of a digest for a file name.
pub fn short(digest: &blake3::Hasher) -> String {
    digest.finalize().to_hex()[..16].to_owned()
}

/// Debian's programs are installed by the script that installs everything else.
fn debian() -> Result<(), Failure> {
    let list = include_str!("../../../setup/kubernetes/packages.txt");
    let missing: Vec<&str> = list
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(' '))
        .filter(|(_, file)| !present(file))
        .map(|(package, _)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "missing: {}; `setup/install.sh --cluster` installs it",
        missing.join(", ")
    )
    .into())
}

/// A file by its path, a program by its name.
fn present(file: &str) -> bool {
    if file.starts_with('/') {
        Path::new(file).exists()
    } else {
        on_path(file)
    }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_the_one_of_the_module() {
        let text = "require (\n\tk8s.io/kubectl v0.1.2\n\tk8s.io/kubernetes v1.2.3\n)\n";
        assert_eq!(super::version(text).expect("a version"), "v1.2.3");
        assert!(super::version("module x\n").is_err());
    }
}
