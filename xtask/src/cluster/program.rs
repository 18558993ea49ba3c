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

/// What decides a program's content, beside Go itself.
const SOURCES: [&str; 3] = ["main.go", "go.mod", "go.sum"];
const FLAGS: [&str; 2] = ["-trimpath", "-buildvcs=false"];

/// Everything that `up` needs.
#[derive(Clone, Debug)]
pub struct Built {
    /// Kubernetes.
    pub program: PathBuf,
    /// The name server.
    pub names: PathBuf,
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
    let folder = repo().join("setup/kubernetes");
    let program = go(&cache, &folder, "kubernetes", "k8s.io/kubernetes")?;
    let names = go(
        &cache,
        &folder.join("dns"),
        "coredns",
        "github.com/coredns/coredns",
    )?;
    let images = image::all(&cache)?;
    let kubectl = repo().join("target/tools/kubectl");
    if !on_path("kubectl") && !kubectl.exists() {
        fs::create_dir_all(repo().join("target/tools"))?;
        // one that leads to a build that was removed
        let _ = fs::remove_file(&kubectl);
        symlink(&program, &kubectl)?;
        eprintln!("kubectl: {}", kubectl.display());
    }
    Ok(Built {
        program,
        names,
        images,
    })
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

/// The version of a module that a go.mod asks for.
fn version<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|l| {
        let line = l.trim();
        let line = line.strip_prefix("require ").unwrap_or(line);
        line.strip_prefix(module)?.strip_prefix(' ')
    })
}

/// The Go program of a folder, built when the cache has none of these sources. Its main module goes by `module`.
fn go(cache: &Path, folder: &Path, name: &str, module: &str) -> Result<PathBuf, Failure> {
    let go = task::run("go version").map_err(|e| format!("Go is needed: {e}"))?;
    let mut digest = blake3::Hasher::new();
    digest.update(go.as_bytes());
    for flag in FLAGS {
        digest.update(flag.as_bytes());
    }
    for source in SOURCES {
        let path = folder.join(source);
        let text = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        digest.update(blake3::hash(&text).as_bytes());
    }
    let program = cache.join(format!("{name}-{}", short(&digest)));
    if program.is_file() {
        return Ok(program);
    }
    let go_mod = folder.join("go.mod");
    let text = fs::read_to_string(&go_mod)?;
    let version = version(&text, module)
        .ok_or_else(|| format!("{}: {module} is not required", go_mod.display()))?;
    eprintln!("building {name} {version}; with nothing in Go's cache this takes minutes");
    let new = program.with_extension("new");
    let status = Command::new("go")
        .current_dir(folder)
        .env("CGO_ENABLED", "0")
        .arg("build")
        .args(FLAGS)
        // without it Kubernetes does not know its own version
        .arg(format!(
            "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={version}"
        ))
        .arg("-o")
        .arg(&new)
        .arg(".")
        .status()?;
    if !status.success() {
        return Err(format!("go build in {}: {status}", folder.display()).into());
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
    use super::version;

    #[test]
    fn the_version_is_the_one_of_the_module() {
        let text = "require (\n\tk8s.io/kubectl v0.1.2\n\tk8s.io/kubernetes v1.2.3\n)\n";
        assert_eq!(version(text, "k8s.io/kubernetes"), Some("v1.2.3"));
        assert_eq!(version(text, "k8s.io/kube"), None);
        assert_eq!(version("require a.b/c v1.0.0\n", "a.b/c"), Some("v1.0.0"));
    }
}
