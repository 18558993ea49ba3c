//! `strata.lock`: which commit and which content every import is.
//!
//! One entry of a few lines for each import, sorted, with an empty line between: two branches that each add one merge
//! as text. Written by commands only; everything else reads it.
use super::LOCK_FILE;
use crate::decode::{Fields, Problems, expected};
use std::{collections::BTreeMap, fmt::Write as _};
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    repo::{Pin, Repo, is_commit},
    span::Location,
    tree::Tree,
};
use strata_syntax::{
    kept,
    node::{Kind, Node},
};

const HEAD: &str = "# Written by `strata import lock`. Commit it: it says what every import is.\n";

/// What of a repository is imported: an environment, or a folder of one component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// An environment.
    Environment(String),
    /// A folder; empty for the whole repository.
    Folder(String),
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What of the repository.
    pub what: What,
    /// Its state.
    pub pin: Pin,
    /// Who signed its tag, where that was asked for.
    pub signed: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// The file.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    entries: BTreeMap<(String, What, String), Entry>,
}

impl Lock {
    /// The lock of a platform; an empty one where there is none.
    pub fn of(tree: &dyn Tree, problems: &mut Problems) -> Self {
        let mut lock = Self::default();
        if tree.file(LOCK_FILE).is_none() {
            return lock;
        }
        match kept::yaml(tree, LOCK_FILE) {
            Ok((node, found)) => {
                let faulty = !found.is_empty();
                problems.extend(found.into_iter().map(|p| {
                    p.help(
                        "put both sides of a merge one after the other, then run `strata import lock`",
                    )
                }));
                if let Some(node) = node.filter(|n| !n.is_null() && !faulty) {
                    lock.read(&node, problems);
                }
            }
            Err(e) => problems.push(
                Diagnostic::error("file::unreadable", e.to_string()).at(Location::file(LOCK_FILE)),
            ),
        }
        lock
    }

    fn read(&mut self, node: &Node, problems: &mut Problems) {
        let Kind::List(items) = &node.kind else {
            problems.push(expected(node, "`strata.lock`", "a list of imports"));
            return;
        };
        for item in items {
            let before = problems.len();
            let entry = entry(item, problems);
            match entry {
                Some(entry) => drop(self.put(entry)),
                None if problems.len() == before => problems.push(
                    Diagnostic::error("import::lock", "this entry cannot be understood")
                        .at(item.location())
                        .help("remove it and run `strata import lock`"),
                ),
                None => {}
            }
        }
    }

    /// The entry of an import.
    pub fn find(&self, repo: &Repo, what: &What, version: &str) -> Option<&Entry> {
        let key = (repo.key().to_owned(), what.clone(), version.to_owned());
        self.entries.get(&key)
    }
    /// What a version of a repository is, whatever of it is imported.
    pub fn version(&self, repo: &Repo, version: &str) -> Option<&Entry> {
        self.entries
            .values()
            .find(|e| e.pin.repo.key() == repo.key() && e.pin.version == version)
    }
    /// Puts an entry in; gives the one whose place it took.
    pub fn put(&mut self, entry: Entry) -> Option<Entry> {
        let key = (
            entry.pin.repo.key().to_owned(),
            entry.what.clone(),
            entry.pin.version.clone(),
        );
        self.entries.insert(key, entry)
    }
    /// Keeps some entries.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.entries.retain(|_, e| keep(e));
    }
    /// All entries, sorted.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut out = HEAD.to_owned();
        let quoted = |t: &str| serde_json::to_string(t).expect("text serialises");
        for e in self.entries.values() {
            let (key, value) = match &e.what {
                What::Environment(name) => ("environment", name),
                What::Folder(path) => ("folder", path),
            };
            let _ = write!(
                out,
                "\n- repo: {}\n  {key}: {}\n  version: {}\n  commit: {}\n  digest: {}\n",
                quoted(e.pin.repo.text()),
                quoted(value),
                quoted(&e.pin.version),
                quoted(&e.pin.commit),
                quoted(&e.pin.digest.to_string())
            );
            if let Some(who) = &e.signed {
                let _ = writeln!(out, "  signed: {}", quoted(who));
            }
        }
        out
    }
}

fn entry(item: &Node, problems: &mut Problems) -> Option<Entry> {
    let keys = &[
        "repo",
        "environment",
        "folder",
        "version",
        "commit",
        "digest",
        "signed",
    ];
    let f = Fields::of(Some(item), "an entry of `strata.lock`", keys, problems);
    let what = match (f.text("environment", problems), f.text("folder", problems)) {
        (Some(name), None) => What::Environment(name),
        (None, Some(path)) => What::Folder(path),
        _ => return None,
    };
    let repo = Repo::parse(&f.text("repo", problems)?).ok()?;
    let commit = f.text("commit", problems).filter(|c| is_commit(c))?;
    let digest = Digest::parse(&f.text("digest", problems)?)?;
    Some(Entry {
        what,
        pin: Pin {
            repo,
            version: f.text("version", problems)?,
            commit,
            digest,
        },
        signed: f.text("signed", problems),
        at: item.location(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn put(lock: &mut Lock, repo: &str, environment: &str, version: &str) {
        lock.put(Entry {
            what: What::Environment(environment.into()),
            pin: Pin {
                repo: Repo::parse(repo).unwrap(),
                version: version.into(),
                commit: "0123456789".repeat(4),
                digest: Digest::of(repo.as_bytes()),
            },
            signed: version.ends_with("10").then(|| "me \"myself\"".to_owned()),
            at: Location::file(LOCK_FILE),
        });
    }

    #[test]
    fn what_is_written_is_read_and_sorted() {
        let mut lock = Lock::default();
        put(&mut lock, "https://h/b", "x", "1.10");
        put(&mut lock, "https://h/a.git", "x", "1.0");
        put(&mut lock, "https://h/a", "x", "1.0");
        let text = lock.text();
        let tree = MemoryTree::new([(LOCK_FILE, text.as_str())]);
        let mut problems = Problems::new();
        let read = Lock::of(&tree, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(read.text(), text);
        assert_eq!(read.entries().count(), 2, "one repository in two spellings");
        let repo = Repo::parse("https://h/b.git").unwrap();
        let found = read.find(&repo, &What::Environment("x".into()), "1.10");
        assert_eq!(found.unwrap().pin.version, "1.10");
        assert_eq!(found.unwrap().signed.as_deref(), Some("me \"myself\""));
        assert!(text.find("h/a").unwrap() < text.find("h/b").unwrap());
    }

    #[test]
    fn what_was_not_merged_is_said() {
        for bad in ["<<<<<<< x\n", "a: b\n", "- repo: x\n", "- 5\n"] {
            let tree = MemoryTree::new([(LOCK_FILE, bad)]);
            let mut problems = Problems::new();
            assert!(Lock::of(&tree, &mut problems).is_empty());
            assert!(!problems.is_empty(), "{bad}");
        }
    }
}
