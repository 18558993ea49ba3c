//! `source:` of a component: files of its own from somewhere else, as they are written.
//!
//! `REPO//FOLDER` with a `version:` is a folder of a git repository; a folder without a version is one of this
//! repository. Only spelling is judged here: nothing is looked up.
use crate::decode::{Problems, expected, text};
use std::sync::Arc;
use strata_core::{
    diagnostic::Diagnostic,
    repo::{Pin, Reach, Repo, version_problem},
    span::Location,
    tree::{Tree, join},
};
use strata_syntax::node::Node;

/// Keys that say where a component's files are.
pub const KEYS: [&str; 4] = ["source", "version", "hooks", "signed"];

/// Where the files of a component are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder of a repository at a version.
    Repository {
        /// The repository as it is written in this file.
        repo: Repo,
        /// The folder in it; empty for all of it.
        folder: String,
        /// A tag, a branch or a commit.
        version: String,
    },
    /// A folder of the repository that names it, below that of `strata.yaml`.
    Folder(String),
}

/// A component's `source`, `version` and `hooks`.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// Where its files are.
    pub place: Place,
    /// May its scripts run?
    pub hooks: bool,
    /// Must its tag be signed?
    pub signed: bool,
    /// Where `source` stands.
    pub at: Location,
    /// Where its version is said: maybe in an environment.
    pub version_at: Location,
}

/// Where the files of a component came from.
#[derive(Clone)]
pub struct Origin {
    /// The files that its tool may see: those of another repository, without ours.
    pub tree: Arc<dyn Tree>,
    /// The state of the repository; none for a folder of the repository that names it.
    pub pin: Option<Pin>,
    /// The folder in it.
    pub folder: String,
    /// May its scripts run?
    pub hooks: bool,
    /// Where `source` stands.
    pub at: Location,
    /// [`KEYS`] as they are written.
    pub written: Written,
}

/// What stands under each of [`KEYS`].
pub type Written = [Option<String>; 4];

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Origin({})", self.shown())
    }
}

impl Origin {
    /// The state of another repository that the files are of.
    pub fn foreign(origin: Option<&Arc<Self>>) -> Option<(&Self, &Pin)> {
        let origin = origin?;
        Some((origin, origin.pin.as_ref()?))
    }
    /// As people are shown it.
    pub fn shown(&self) -> String {
        match &self.pin {
            Some(pin) if self.folder.is_empty() => pin.repo.to_string(),
            Some(pin) => format!("{}//{}", pin.repo, self.folder),
            None => self.folder.clone(),
        }
    }
}

/// [`KEYS`] of a description, as they are written.
pub fn written(node: Option<&Node>) -> Written {
    KEYS.map(|key| {
        node.and_then(|n| n.get(key))
            .filter(|n| !n.is_null())
            .and_then(text)
    })
}

/// The way to say what cannot be said here.
pub const WHERE: &str = "say it in `component.yaml`, under `components:` of `strata.yaml`, or in an environment of the platform that the component is of";

/// There are no files, and it was said why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// What a description says of its source; nothing when it says nothing.
pub fn read(node: Option<&Node>, problems: &mut Problems) -> Result<Option<Sourced>, Refused> {
    let Some(node) = node else { return Ok(None) };
    let of = |key: &str| node.get(key).filter(|n| !n.is_null());
    let Some(source) = of("source") else {
        let Some(key) = ["version", "hooks", "signed"]
            .into_iter()
            .find(|k| of(k).is_some())
        else {
            return Ok(None);
        };
        problems.push(
            Diagnostic::error(
                "import::source",
                format!("`{key}` of a component without `source`"),
            )
            .at_opt(node.key_location(key))
            .help("name the repository with `source:`, or take it away"),
        );
        return Err(Refused);
    };
    let hooks = match of("hooks").map(|n| (n, text(n))) {
        None => false,
        Some((_, Some(word))) if word == "allow" => true,
        Some((_, Some(word))) if word == "deny" => false,
        Some((n, _)) => {
            problems.push(expected(n, "`hooks` of a component", "`allow` or `deny`"));
            return Err(Refused);
        }
    };
    let signed = match of("signed") {
        None => false,
        Some(n) => match n.as_bool() {
            Some(signed) => signed,
            None => {
                problems.push(expected(n, "`signed` of a component", "`true` or `false`"));
                return Err(Refused);
            }
        },
    };
    let version = of("version");
    if let (true, None, Some(n)) = (signed, version, of("signed")) {
        let message = "a folder of this repository has no signature";
        problems.push(
            Diagnostic::error("import::signature", message)
                .at(n.location())
                .help("remove `signed:`, or name a repository and a `version:`"),
        );
        return Err(Refused);
    }
    let at = source.location();
    let place = text(source)
        .ok_or_else(|| {
            expected(
                source,
                "`source` of a component",
                "an address such as `https://HOST/REPO//FOLDER`",
            )
        })
        .and_then(|written| place(&written, version));
    match place {
        Ok(place) => Ok(Some(Sourced {
            place,
            hooks,
            signed,
            version_at: version.map_or_else(|| at.clone(), Node::location),
            at,
        })),
        Err(mut problem) => {
            problem.at.get_or_insert(at);
            problems.push(problem);
            Err(Refused)
        }
    }
}

fn wrong(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("import::source", message)
}

fn place(written: &str, version: Option<&Node>) -> Result<Place, Diagnostic> {
    let written = written.trim();
    let written = written.strip_prefix("git::").unwrap_or(written);
    if written.contains("${{") {
        return Err(wrong("`source` holds an expression").help(
            "write it out; an environment that wants another one says so under `components:`",
        ));
    }
    let (address, query) = written.split_once('?').unwrap_or((written, ""));
    if query.starts_with("ref=") && !query.contains('&') {
        return Err(wrong("`source` names a version with `?ref=`")
            .help("write it without, and the version under `version:`"));
    }
    // anything else behind a `?` or `#` may be a secret: it is not said again
    if address.len() < written.len() || written.contains('#') {
        return Err(Diagnostic::error(
            "import::credentials",
            "the address of a source goes on after its path",
        )
        .help("take away what stands after `?` or `#`: git's credential helper, an ssh agent or `STRATA_GIT_TOKEN_HOST` know who you are"));
    }
    let skip = address.find("://").map_or(0, |i| i + 3);
    let (repo, folder) = match address[skip..].find("//") {
        Some(i) => (&address[..skip + i], &address[skip + i + 2..]),
        None => (address, ""),
    };
    let repo = Repo::parse(repo).map_err(|not| {
        let code = if not.secret {
            "import::credentials"
        } else {
            "import::repo"
        };
        Diagnostic::error(code, not.why).help(not.help)
    })?;
    let folder = folder.trim_end_matches('/');
    let odd = |part: &str| {
        matches!(part, "" | "." | "..")
            || part.eq_ignore_ascii_case(".git")
            || part.contains(['\\', '\0'])
    };
    if !folder.is_empty() && folder.split('/').any(odd) {
        return Err(
            wrong(format!("`{folder}` is no folder inside of a repository"))
                .help("write its path from the repository's root: `REPO//modules/vpc`"),
        );
    }
    let Some(version) = version else {
        let Reach::Folder(path) = repo.reach() else {
            return Err(Diagnostic::error(
                "import::version",
                "a component of another repository names no version",
            )
            .help("add `version:` with a tag, a branch or the 40 characters of a commit"));
        };
        let inside = join("", &format!("{path}/{folder}")).filter(|p| !p.is_empty());
        return inside.map(Place::Folder).ok_or_else(|| {
            wrong(format!("the folder `{path}` is not one of this repository")).help(
                "write its path from the folder of `strata.yaml`; a git repository somewhere else needs a `version:`",
            )
        });
    };
    let at = version.location();
    let version = text(version).ok_or_else(|| {
        expected(
            version,
            "`version` of a component",
            "a tag, a branch or a commit",
        )
    })?;
    if let Some(why) = version_problem(&version) {
        return Err(Diagnostic::error("import::version", why)
            .at(at)
            .help("write a tag such as `1.2.0`, a branch, or the 40 characters of a commit"));
    }
    Ok(Place::Repository {
        repo,
        folder: folder.to_owned(),
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, version: &str) -> Result<Place, Vec<String>> {
        let version = if version.is_empty() {
            String::new()
        } else {
            format!("version: {version}\n")
        };
        let file = format!("source: '{source}'\n{version}");
        let (node, _) = strata_syntax::yaml::parse(&Arc::from("x.yaml"), &file);
        let mut problems = Problems::new();
        let found = read(node.as_ref(), &mut problems);
        match found {
            Ok(Some(s)) => Ok(s.place),
            _ => Err(problems.into_iter().map(|p| p.code).collect()),
        }
    }

    #[test]
    fn a_repository_and_its_folder_are_told_apart() {
        for (written, repo, folder) in [
            ("https://h/o/r.git//a/b", "https://h/o/r.git", "a/b"),
            ("git::https://h/r//vpc/", "https://h/r", "vpc"),
            ("git@h:o/r//vpc", "git@h:o/r", "vpc"),
            ("../catalog//vpc", "../catalog", "vpc"),
            ("ssh://git@h/o/r", "ssh://git@h/o/r", ""),
            ("oci://h:5000/o/r//vpc", "oci://h:5000/o/r", "vpc"),
        ] {
            let Ok(Place::Repository {
                repo: r,
                folder: f,
                version,
            }) = of(written, "1.10")
            else {
                panic!("{written}");
            };
            assert_eq!(
                (r.text(), f.as_str(), version.as_str()),
                (repo, folder, "1.10")
            );
        }
        assert_eq!(
            of("modules/vpc", ""),
            Ok(Place::Folder("modules/vpc".into()))
        );
        assert_eq!(
            of("./modules//vpc/", ""),
            Ok(Place::Folder("modules/vpc".into()))
        );
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for (written, version, code) in [
            ("https://h/r//../x", "1", "import::source"),
            ("https://h/r//a/.git/b", "1", "import::source"),
            ("https://h/r//a", "", "import::version"),
            ("https://h/r//a", "a..b", "import::version"),
            ("https://me:pw@h/r//a", "1", "import::credentials"),
            ("https://h/r//a?ref=1", "1", "import::source"),
            ("https://h/r//a?token=x", "1", "import::credentials"),
            ("oci://h/r", "", "import::version"),
            ("oci://me:pw@h/r", "1", "import::credentials"),
            ("ext::sh -c x", "1", "import::repo"),
            ("../other", "", "import::source"),
            ("/etc", "", "import::source"),
            (".", "", "import::source"),
            ("${{ values.x }}", "1", "import::source"),
        ] {
            assert_eq!(
                of(written, version),
                Err(vec![code.to_owned()]),
                "{written}"
            );
        }
    }
}
