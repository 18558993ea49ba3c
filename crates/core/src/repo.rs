//! Where another repository is, as a user writes it, and the state of one that a lock names.
//!
//! Only spelling is judged here: nothing is asked, nothing is fetched. What could run a program (`ext::`), hide an
//! option (`-x`) or hold a secret (`user:password@`) is refused before anything else looks at it.
use crate::digest::Digest;
use std::fmt;

/// How a repository is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// `https://` and, without a promise of secrecy, `http://`: the host, with its port.
    Web {
        /// Is it encrypted?
        secure: bool,
        /// The host in lower case, with a port that is not the usual one.
        host: String,
    },
    /// `ssh://` or `user@host:path`.
    Ssh,
    /// `git://`.
    Git,
    /// `oci://`: artifacts of a registry, each with a manifest in the place of a commit.
    Registry {
        /// The host in lower case, with a port that is not the usual one.
        host: String,
    },
    /// A folder of this machine: absolute, or relative to what names it.
    Folder(String),
}

/// A repository, checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repo {
    /// As it is written, without what means nothing.
    text: String,
    /// The same for every spelling of the same repository.
    key: String,
    reach: Reach,
}

/// Why a text is not the address of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARepo {
    /// Does it hold a user or a password? Then it must not be shown.
    pub secret: bool,
    /// What is wrong.
    pub why: String,
    /// The way out.
    pub help: String,
}

fn not(why: impl Into<String>, help: impl Into<String>) -> NotARepo {
    NotARepo {
        secret: false,
        why: why.into(),
        help: help.into(),
    }
}

fn with_secret() -> NotARepo {
    NotARepo {
        secret: true,
        why: "the address of a repository holds a user or a password".to_owned(),
        help: "write it without: git's credential helper, an ssh agent or `STRATA_GIT_TOKEN_HOST` know who you are"
            .to_owned(),
    }
}

const FORMS: &str = "write `https://HOST/PATH`, `ssh://USER@HOST/PATH`, `USER@HOST:PATH`, `git://HOST/PATH`, `oci://HOST/PATH`, `file:///PATH` or a folder";

impl Repo {
    /// From what a user wrote.
    pub fn parse(written: &str) -> Result<Self, NotARepo> {
        let text = written.trim();
        if text.is_empty() {
            return Err(not("the address of a repository is empty", FORMS));
        }
        if text.starts_with('-') || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(not("this is not the address of a repository", FORMS));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Self::url(&scheme.to_ascii_lowercase(), rest);
        }
        match text.split_once(':') {
            Some((host, path)) if !host.contains('/') => Self::scp(text, host, path),
            _ => Ok(Self::folder(text)),
        }
    }

    fn url(scheme: &str, rest: &str) -> Result<Self, NotARepo> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host.to_ascii_lowercase()),
            None => (None, authority.to_ascii_lowercase()),
        };
        if rest.contains(['?', '#']) || user.is_some_and(|u| scheme != "ssh" || u.contains(':')) {
            return Err(with_secret());
        }
        let path = path.trim_end_matches('/');
        if scheme == "file" {
            if !(host.is_empty() || host == "localhost") || path.is_empty() {
                return Err(not("`file://` needs an absolute path", FORMS));
            }
            let mut repo = Self::folder(path);
            repo.text = format!("file://{path}");
            return Ok(repo);
        }
        let (reach, usual) = match scheme {
            "https" => (true, ":443"),
            "http" => (true, ":80"),
            "ssh" => (false, ":22"),
            "git" => (false, ":9418"),
            "oci" => (false, ":443"),
            _ => {
                let why = format!("a repository is not fetched by `{scheme}`");
                return Err(not(why, FORMS));
            }
        };
        let host = host.strip_suffix(usual).unwrap_or(&host).to_owned();
        // a host that begins with a dash would be an option of ssh
        if host.is_empty() || path.is_empty() || host.starts_with('-') || user == Some("") {
            return Err(not("this address names no repository", FORMS));
        }
        let who = user.map(|u| format!("{u}@")).unwrap_or_default();
        if who.starts_with('-') {
            return Err(not("this is not the address of a repository", FORMS));
        }
        Ok(Self {
            text: format!("{scheme}://{who}{host}{path}"),
            key: format!("{scheme}://{who}{host}{}", bare(path)),
            reach: match scheme {
                _ if reach => Reach::Web {
                    secure: scheme == "https",
                    host,
                },
                "ssh" => Reach::Ssh,
                "oci" => Reach::Registry { host },
                _ => Reach::Git,
            },
        })
    }

    fn scp(text: &str, host: &str, path: &str) -> Result<Self, NotARepo> {
        if path.starts_with(':') || host.len() < 2 {
            let why = format!("a repository is not fetched by `{host}`");
            return Err(not(why, FORMS));
        }
        if path.split('/').next().is_some_and(|p| p.contains('@')) {
            return Err(with_secret());
        }
        let (who, name) = host.rsplit_once('@').unwrap_or(("", host));
        if path.is_empty() || name.is_empty() || host.starts_with('-') || name.starts_with('-') {
            return Err(not("this address names no repository", FORMS));
        }
        let who = if who.is_empty() {
            String::new()
        } else {
            format!("{who}@")
        };
        let path = path.trim_start_matches('/');
        let name = name.to_ascii_lowercase();
        Ok(Self {
            text: text.trim_end_matches('/').to_owned(),
            key: format!("ssh://{who}{name}/{}", bare(path)),
            reach: Reach::Ssh,
        })
    }

    fn folder(path: &str) -> Self {
        let path = tidy(path);
        Self {
            text: path.clone(),
            key: format!("file://{}", bare(&path)),
            reach: Reach::Folder(path),
        }
    }

    /// How it is reached.
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }
    /// Equal for two spellings of one repository.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// As git is given it, where it is no relative folder.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// What `written` stands for in a file of this repository: `../other` is beside it, as for git's submodules.
    pub fn seen_from(&self, written: &str) -> Result<Self, NotARepo> {
        let other = Self::parse(written)?;
        let Reach::Folder(path) = other.reach() else {
            return Ok(other);
        };
        if path.starts_with('/') {
            return Ok(other);
        }
        if let Reach::Folder(own) = self.reach() {
            return Ok(Self::folder(&format!("{own}/{path}")));
        }
        let at = match self.text.split_once("://") {
            Some((scheme, rest)) => scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()),
            None => self.text.find(':').map_or(0, |i| i + 1),
        };
        let (head, own) = self.text.split_at(at);
        let joined = crate::tree::join(own.trim_matches('/'), path).filter(|p| !p.is_empty());
        let Some(joined) = joined else {
            return Err(not(format!("`{path}` leads out of the host"), FORMS));
        };
        let slash = if own.starts_with('/') { "/" } else { "" };
        Self::parse(&format!("{head}{slash}{joined}"))
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Without a `/` and `.git` at its end.
fn bare(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git")
        .unwrap_or(path)
        .trim_end_matches('/')
}

/// A path without `.` and without `a/..`; what leads out stays.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for p in path.split('/') {
        match p {
            "" | "." => {}
            ".." if parts.last().is_some_and(|l| *l != "..") => drop(parts.pop()),
            ".." if path.starts_with('/') => {}
            p => parts.push(p),
        }
    }
    let joined = parts.join("/");
    match (path.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Why a text cannot be a version; `None` when it can.
pub fn version_problem(version: &str) -> Option<String> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let wrong = version.is_empty()
        || version.len() > 200
        || version.starts_with(['-', '/'])
        || version.ends_with(['/', '.'])
        || version.contains("..")
        || version.contains("@{")
        || version.contains("//")
        || version.chars().any(odd);
    wrong.then(|| format!("`{version}` cannot be a tag, a branch or a commit"))
}

/// Is this the full name of a commit (SHA-1, 40 characters), or of a manifest of a registry (SHA-256, 64)?
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A state of another repository: what a lock names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin {
    /// The repository.
    pub repo: Repo,
    /// What the user asked for.
    pub version: String,
    /// The commit that it was.
    pub commit: String,
    /// Digest of paths, modes and contents of its files.
    pub digest: Digest,
}

impl Pin {
    /// The commit as people are shown it.
    pub fn short(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Repo::parse(text).unwrap().key().to_owned()
    }

    #[test]
    fn spellings_of_one_repository_are_one() {
        assert_eq!(
            key("https://Git.Example:443/a/b.git/"),
            key("https://git.example/a/b")
        );
        assert_eq!(
            key("git@git.example:a/b.git"),
            key("ssh://git@git.example/a/b")
        );
        assert_eq!(key("file:///srv/x.git"), key("/srv/./y/../x"));
        assert_ne!(
            key("https://git.example/a/B"),
            key("https://git.example/a/b")
        );
    }

    #[test]
    fn what_runs_programs_or_holds_secrets_is_refused() {
        for bad in [
            "https://me:pw@git.example/a",
            "https://token@git.example/a",
            "ssh://me:pw@git.example/a",
            "me:pw@git.example:a/b",
            "https://git.example/a?token=x",
        ] {
            let e = Repo::parse(bad).unwrap_err();
            assert!(e.secret, "{bad}");
            assert!(!format!("{}{}", e.why, e.help).contains("pw"), "{bad}");
        }
        for bad in [
            "",
            "-x",
            "--upload-pack=x",
            "ext::sh -c x",
            "ext::-c",
            "ftp://h/a",
            "https://",
            "https://h",
            "ssh://-oProxyCommand=x/a",
            "a b",
            "-x@h:a",
            "c:/x",
        ] {
            assert!(Repo::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_relative_repository_is_beside_the_one_that_names_it() {
        let from = |a: &str, b: &str| Repo::parse(a).unwrap().seen_from(b).map(|r| r.to_string());
        assert_eq!(from("https://h/org/a", "../b").unwrap(), "https://h/org/b");
        assert_eq!(from("git@h:org/a", "../b").unwrap(), "git@h:org/b");
        assert_eq!(from("../cat/a", "../b").unwrap(), "../cat/b");
        assert_eq!(from("/srv/a", "../b").unwrap(), "/srv/b");
        assert_eq!(from("/srv/a", "https://h/x").unwrap(), "https://h/x");
        assert!(from("https://h/a", "../../b").is_err());
    }

    #[test]
    fn versions_are_names_of_git() {
        for good in ["1.10", "v1.0.0", "release/1", "main"] {
            assert_eq!(version_problem(good), None);
        }
        for bad in ["", "-x", "a b", "a..b", "HEAD~1", "x:y", "a/", "@{1}"] {
            assert!(version_problem(bad).is_some(), "{bad}");
        }
        assert!(is_commit(&"a1".repeat(20)) && !is_commit("abc"));
    }
}
