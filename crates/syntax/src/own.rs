//! Which repository these files are: what a GitOps tool fetches from here is here to be looked at.
use strata_core::tree::Tree;

/// What is known of the repository that holds the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Where it can be fetched from, in any spelling.
    pub urls: Vec<String>,
    /// Branches that these files stand for, besides `main` and `master`.
    pub branches: Vec<String>,
    /// The folder of the platform in the repository, empty when it is the repository's root.
    pub root: String,
}

impl Own {
    /// The repository that a tree's files lie in.
    pub fn of(tree: &dyn Tree) -> Self {
        let repository = tree.repository();
        Self {
            urls: repository.urls,
            branches: repository.branch.into_iter().collect(),
            root: repository.folder,
        }
    }
    /// Is this the repository, whatever the protocol?
    pub fn is(&self, url: &str) -> bool {
        let wanted = bare(url);
        !wanted.is_empty() && self.urls.iter().any(|own| bare(own) == wanted)
    }
    /// Does a revision mean these files? A tag or a commit may hold others.
    pub fn follows(&self, revision: &str) -> bool {
        let revision = revision.strip_prefix("refs/heads/").unwrap_or(revision);
        matches!(revision, "" | "HEAD" | "main" | "master")
            || self.branches.iter().any(|b| b == revision)
    }
    /// A path in the repository as a path in the platform; `None` when it lies outside or is not literal.
    pub fn path(&self, written: &str) -> Option<String> {
        let path = crate::said::resolve("", written.trim_start_matches('/'))?;
        let root = self.root.trim_matches('/');
        if root.is_empty() || root == "." {
            return Some(path);
        }
        let rest = path.strip_prefix(root)?;
        rest.strip_prefix('/')
            .or(rest.is_empty().then_some(""))
            .map(str::to_owned)
    }
}

/// Host and path of a repository: no protocol, user, port or `.git`.
fn bare(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = match url.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, url),
    };
    let rest = match rest.split_once('@') {
        Some((user, rest)) if !user.contains('/') => rest,
        _ => rest,
    };
    let rest = rest.trim_end_matches('/');
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    let (host, path) = match rest.split_once('/') {
        // `git@host:owner/name`
        _ if !scheme && rest.contains(':') => rest.split_once(':').unwrap_or((rest, "")),
        Some(parts) => parts,
        None => (rest, ""),
    };
    let host = host.split(':').next().unwrap_or(host);
    format!("{}/{}", host, path.trim_matches('/')).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_repository_is_the_same() {
        let own = Own {
            urls: vec!["https://github.com/Org/fleet".into()],
            branches: vec!["live".into()],
            root: "platform".into(),
        };
        for url in [
            "https://github.com/org/fleet.git",
            "ssh://git@github.com/org/fleet",
            "git@github.com:org/fleet.git",
            "ssh://git@github.com:22/org/fleet/",
        ] {
            assert!(own.is(url), "{url}");
        }
        assert!(!own.is("https://github.com/org/fleet2") && !own.is(""));
        assert!(own.follows("HEAD") && own.follows("refs/heads/live") && !own.follows("v1.2.0"));
        assert_eq!(own.path("./platform/apps").as_deref(), Some("apps"));
        assert_eq!(own.path("platforms/apps"), None);
        assert_eq!(own.path("platform/{{ name }}"), None);
    }
}
