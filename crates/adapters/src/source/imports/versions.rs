//! Which commit a version is: what git lists of a repository, and the order in which a version is looked for.
use super::{ImportCache, ImportError, registry::Registry, remote::Remote};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};
use strata_core::{
    diagnostic::nearest,
    repo::{Repo, is_commit},
};

/// What a version turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The full name of a commit.
    Commit,
    /// A tag.
    Tag,
    /// A branch: it moves.
    Branch,
}

/// A version that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit.
    pub commit: String,
    /// What it is.
    pub kind: Reference,
    /// The name by which git can fetch it, where it is not the commit itself.
    pub reference: Option<String>,
}

/// Tags and branches of a repository, each with its commit; a registry lists tags without their manifests.
#[derive(Debug, Default)]
pub(super) struct Refs(BTreeMap<String, String>);

impl Refs {
    /// From what `git ls-remote` prints: of a tag with a message, the commit behind it counts.
    fn read(text: &str) -> Self {
        let mut all = BTreeMap::new();
        let mut behind = BTreeMap::new();
        for line in text.lines() {
            let Some((commit, name)) = line.split_once('\t') else {
                continue;
            };
            if !is_commit(commit) {
                continue;
            }
            match name.strip_suffix("^{}") {
                Some(name) => behind.insert(name.to_owned(), commit.to_owned()),
                None => all.insert(name.to_owned(), commit.to_owned()),
            };
        }
        all.extend(behind);
        Self(all)
    }

    fn find(&self, version: &str) -> Option<Resolved> {
        let tag = |name: &str| (Reference::Tag, format!("refs/tags/{name}"));
        let other = other(version);
        let branch = (Reference::Branch, format!("refs/heads/{version}"));
        [tag(version), tag(&other), branch]
            .into_iter()
            .find_map(|(kind, name)| {
                Some(Resolved {
                    commit: self.0.get(&name).filter(|c| !c.is_empty())?.clone(),
                    kind,
                    reference: Some(name),
                })
            })
    }

    fn tags(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.keys().filter_map(|n| n.strip_prefix("refs/tags/"))
    }

    /// Versions to offer: the nearest, then the last tags, then branches.
    fn offered(&self, version: &str) -> Vec<String> {
        let branches = self.0.keys().filter_map(|n| n.strip_prefix("refs/heads/"));
        let near = nearest(version, self.tags().chain(branches.clone()));
        let mut tags: Vec<&str> = self.tags().collect();
        tags.sort_by(|a, b| in_order(b, a));
        let mut out: Vec<String> = Vec::new();
        for name in near.into_iter().chain(tags).chain(branches).take(9) {
            if !out.iter().any(|o| o == name) {
                out.push(name.to_owned());
            }
        }
        out
    }
}

/// The tag with `v` for one without, and the other way round.
fn other(version: &str) -> String {
    match version.strip_prefix('v') {
        Some(bare) => bare.to_owned(),
        None => format!("v{version}"),
    }
}

/// `1.9` before `1.10`: numbers as numbers, what stands before a release behind what is one.
fn in_order(a: &str, b: &str) -> std::cmp::Ordering {
    let parts = |text: &str| -> Option<(Vec<u64>, bool)> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (numbers, rest) = match text.split_once(['-', '+']) {
            Some((numbers, _)) => (numbers, false),
            None => (text, true),
        };
        let numbers: Result<Vec<u64>, _> = numbers.split('.').map(str::parse).collect();
        Some((numbers.ok()?, rest))
    };
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

impl ImportCache {
    /// The commit of a version: a commit by its full name, a tag, the tag with or without `v`, a branch.
    pub fn resolve(&self, repo: &Repo, version: &str) -> Result<Resolved, ImportError> {
        if is_commit(version) {
            return Ok(Resolved {
                commit: version.to_owned(),
                kind: Reference::Commit,
                reference: None,
            });
        }
        let refs = match Registry::of(repo) {
            Some(registry) => match self.tagged(&registry, repo, version)? {
                Some(commit) => {
                    return Ok(Resolved {
                        commit,
                        kind: Reference::Tag,
                        reference: None,
                    });
                }
                None => self.refs(repo)?,
            },
            None => self.refs(repo)?,
        };
        refs.find(version).ok_or_else(|| ImportError::NoVersion {
            repo: repo.to_string(),
            version: version.to_owned(),
            has: refs.offered(version),
        })
    }

    /// The manifest of a tag, with or without `v`.
    fn tagged(
        &self,
        registry: &Registry<'_>,
        repo: &Repo,
        version: &str,
    ) -> Result<Option<String>, ImportError> {
        if self.offline {
            return Err(ImportError::Offline {
                what: format!("{repo} at {version}"),
            });
        }
        match registry.find(version)? {
            None => registry.find(&other(version)),
            found => Ok(found),
        }
    }

    /// Tags of a repository that are releases later than a version, the last one first.
    pub fn later(&self, repo: &Repo, version: &str) -> Result<Vec<String>, ImportError> {
        let refs = self.refs(repo)?;
        let release = |t: &&str| {
            let bare = t.strip_prefix('v').unwrap_or(t);
            bare.split('.').all(|p| p.parse::<u64>().is_ok())
        };
        let mut out: Vec<&str> = refs.tags().filter(release).collect();
        let own = version.strip_prefix('v').unwrap_or(version);
        out.retain(|t| in_order(t.strip_prefix('v').unwrap_or(t), own).is_gt());
        if !release(&version) {
            out.clear();
        }
        out.sort_by(|a, b| in_order(b, a));
        Ok(out.into_iter().map(str::to_owned).collect())
    }

    /// What a repository has, asked once.
    fn refs(&self, repo: &Repo) -> Result<Arc<super::versions::Refs>, ImportError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refs) = known().get(repo.key()) {
            return Ok(refs.clone());
        }
        if self.offline {
            return Err(ImportError::Offline {
                what: format!("the list of versions of {repo}"),
            });
        }
        if let Some(registry) = Registry::of(repo) {
            let named = |tag: String| (format!("refs/tags/{tag}"), String::new());
            let refs = Arc::new(Refs(registry.tags()?.into_iter().map(named).collect()));
            known().insert(repo.key().to_owned(), refs.clone());
            return Ok(refs);
        }
        let remote = Remote::new(repo, &self.root);
        let args = [
            "ls-remote",
            "--quiet",
            "--heads",
            "--tags",
            "--",
            remote.url(),
        ];
        // not in the folder that we were started in: its own settings are of another repository
        let folder = std::path::Path::new("/");
        let out = remote.asked(folder, None, args)?;
        let refs = Arc::new(Refs::read(&String::from_utf8_lossy(&out)));
        known().insert(repo.key().to_owned(), refs.clone());
        Ok(refs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(names: &[&str]) -> Refs {
        let line = |(i, n): (usize, &&str)| format!("{:040x}\t{n}\n", i + 1);
        Refs::read(&names.iter().enumerate().map(line).collect::<String>())
    }

    #[test]
    fn a_version_is_a_tag_then_one_with_or_without_v_then_a_branch() {
        let r = refs(&[
            "refs/heads/1.0",
            "refs/tags/v1.0",
            "refs/tags/1.1",
            "refs/tags/v1.1",
            "refs/heads/main",
            "refs/tags/2.0",
            "refs/tags/2.0^{}",
        ]);
        let found = |v: &str| r.find(v).map(|f| f.reference.unwrap());
        assert_eq!(found("1.0").unwrap(), "refs/tags/v1.0");
        assert_eq!(found("1.1").unwrap(), "refs/tags/1.1");
        assert_eq!(found("v1.1").unwrap(), "refs/tags/v1.1");
        assert_eq!(found("v2.0").unwrap(), "refs/tags/2.0");
        assert_eq!(r.find("main").unwrap().kind, Reference::Branch);
        assert_eq!(found("3"), None);
        // the commit behind the tag
        assert_eq!(r.find("2.0").unwrap().commit, format!("{:040x}", 7));
    }

    #[test]
    fn versions_are_offered_by_number() {
        let r = refs(&["refs/tags/1.9", "refs/tags/1.10", "refs/heads/main"]);
        assert_eq!(r.offered("zzzzzz"), ["1.10", "1.9", "main"]);
        assert_eq!(r.offered("1.91"), ["1.9", "1.10", "main"]);
    }
}
