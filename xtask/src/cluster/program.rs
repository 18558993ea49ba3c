//! What a cluster is made of: the one program that holds Kubernetes, built once per machine, and Debian's programs. Also
//! the tools that talk to one.
use super::{image, task};
use crate::Failure;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

const FLAGS: [&str; 2] = ["-trimpath", "-buildvcs=false"];

/// A program in Go that we build.
struct Program<'a> {
    name: &'a str,
    /// Below `setup`.
    folder: &'a str,
    /// What decides its content, beside Go itself.
    sources: &'a [&'a str],
    /// The module that it goes by: its version is said while it is built.
    module: &'a str,
    package: &'a str,
    /// What the linker tells it, with `{version}` for that of the module.
    says: &'a [&'a str],
}

const KUBERNETES: Program<'_> = Program {
    name: "kubernetes",
    folder: "kubernetes",
    sources: &["main.go", "go.mod", "go.sum"],
    module: "k8s.io/kubernetes",
    package: ".",
    // without it Kubernetes does not know its own version
    says: &["k8s.io/component-base/version.gitVersion={version}"],
};
const COREDNS: Program<'_> = Program {
    name: "coredns",
    folder: "kubernetes/dns",
    module: "github.com/coredns/coredns",
    ..KUBERNETES
};
const HELM: Program<'_> = Program {
    name: "helm",
    folder: "helm",
    sources: &["go.mod", "go.sum"],
    module: "helm.sh/helm/v3",
    package: "helm.sh/helm/v3/cmd/helm",
    // what it takes a cluster for that it does not ask: without this one of years ago
    says: &[
        "helm.sh/helm/v3/internal/version.version={version}",
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
        "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1",
        "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=34",
    ],
};

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
    let program = KUBERNETES.built(&cache)?;
    let names = COREDNS.built(&cache)?;
    let images = image::all(&cache)?;
    offer("kubectl", &program)?;
    offer("helm", &HELM.built(&cache)?)?;
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
        let rest = line.strip_prefix(module)?.strip_prefix(' ')?;
        // `// indirect` for what only a tool needs
        rest.split_whitespace().next()
    })
}

/// A link in `target/tools`, unless the machine has such a tool.
fn offer(name: &str, program: &Path) -> Result<(), Failure> {
    let link = repo().join("target/tools").join(name);
    let leads = fs::read_link(&link).ok();
    // ours is renewed when it changed, also when it leads to a build that was removed
    if leads.as_deref() == Some(program) || leads.is_none() && on_path(name) {
        return Ok(());
    }
    fs::create_dir_all(repo().join("target/tools"))?;
    let new = link.with_extension("new");
    let _ = fs::remove_file(&new);
    symlink(program, &new)?;
    fs::rename(&new, &link)?;
    eprintln!("{name}: {}", link.display());
    Ok(())
}

impl Program<'_> {
    /// Where it is; built when the cache has none of these sources.
    fn built(&self, cache: &Path) -> Result<PathBuf, Failure> {
        let folder = repo().join("setup").join(self.folder);
        let go = task::run("go version").map_err(|e| format!("Go is needed: {e}"))?;
        let mut digest = blake3::Hasher::new();
        digest.update(go.as_bytes());
        for flag in FLAGS {
            digest.update(flag.as_bytes());
        }
        for source in self.sources {
            let path = folder.join(source);
            let text = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            digest.update(blake3::hash(&text).as_bytes());
        }
        if self.package != "." {
            // nothing of the folder says it
            digest.update(self.linked(self.package).as_bytes());
        }
        let program = cache.join(format!("{}-{}", self.name, short(&digest)));
        if program.is_file() {
            return Ok(program);
        }
        let go_mod = folder.join("go.mod");
        let text = fs::read_to_string(&go_mod)?;
        let version = version(&text, self.module)
            .ok_or_else(|| format!("{}: {} is not required", go_mod.display(), self.module))?;
        eprintln!(
            "building {} {version}; with nothing in Go's cache this takes minutes",
            self.name
        );
        let new = program.with_extension("new");
        let status = Command::new("go")
            .current_dir(&folder)
            .env("CGO_ENABLED", "0")
            .arg("build")
            .args(FLAGS)
            .arg(self.linked(version))
            .arg("-o")
            .arg(&new)
            .arg(self.package)
            .status()?;
        if !status.success() {
            return Err(format!("go build in {}: {status}", folder.display()).into());
        }
        fs::rename(new, &program)?;
        Ok(program)
    }
    fn linked(&self, version: &str) -> String {
        let said = self.says.iter().map(|s| s.replace("{version}", version));
        said.fold("-ldflags=-s -w".to_owned(), |all, s| {
            format!("{all} -X {s}")
        })
    }
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
    use super::{HELM, version};

    #[test]
    fn the_version_is_the_one_of_the_module() {
        let text = "require (\n\tk8s.io/kubectl v0.1.2\n\tk8s.io/kubernetes v1.2.3\n)\n";
        assert_eq!(version(text, "k8s.io/kubernetes"), Some("v1.2.3"));
        assert_eq!(version(text, "k8s.io/kube"), None);
        assert_eq!(version("require a.b/c v1.0.0\n", "a.b/c"), Some("v1.0.0"));
    }

    #[test]
    fn helm_is_told_the_minor_version_of_the_kubernetes_that_we_build() {
        let text = include_str!("../../../setup/kubernetes/go.mod");
        let version = version(text, "k8s.io/kubernetes").unwrap();
        let minor = version.split('.').nth(1).unwrap();
        let said = HELM.linked("v3.1.2");
        assert!(said.contains("internal/version.version=v3.1.2 "), "{said}");
        assert_eq!(said.matches(&format!("k8sVersionMinor={minor}")).count(), 2);
    }
}
