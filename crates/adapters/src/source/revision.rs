//! The files of an operations repo as they were at a revision of its git repository.
//!
//! Git itself is asked, with argument lists and without its hooks; nothing is checked out. Files that are the same today
//! are those of today's look, so only what differs is read.
use super::shared::Shared;
use std::{
    any::Any,
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};
use strata_core::{
    digest::Digest,
    repo::Pin,
    tree::{Repository, Tree, TreeError, TreeFile, join},
};

/// A revision cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// There is no git.
    #[error("`git` cannot be started: {0}")]
    Git(std::io::Error),
    /// Git says no.
    #[error("git: {0}")]
    Refused(String),
    /// Git said something unexpected.
    #[error("git's answer cannot be read: {0}")]
    Answer(String),
}

/// Files of a revision. What did not change since is read through the tree of today.
pub struct RevisionTree {
    today: Arc<dyn Tree>,
    files: Vec<TreeFile>,
    old: BTreeMap<String, Arc<[u8]>>,
    shared: Shared,
}

/// An entry of git's listing.
pub(super) struct Listed {
    pub(super) mode: String,
    pub(super) object: String,
    pub(super) path: String,
}

impl RevisionTree {
    /// The folder `root` at a revision; `today` is that folder as it is now. Uncommitted changes are changes since it.
    pub fn open(root: &Path, revision: &str, today: Arc<dyn Tree>) -> Result<Self, RevisionError> {
        let git = Git(root.to_owned());
        // a name that begins with a dash is never an option
        let named = format!("{revision}^{{commit}}");
        let commit = git.text([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &named,
        ]);
        let commit = commit.map_err(|e| match e {
            RevisionError::Refused(why) if why.is_empty() => {
                RevisionError::Refused(format!("there is no revision `{revision}`"))
            }
            other => other,
        })?;
        let commit = commit.trim().to_owned();
        let listed = git.run(["ls-tree", "-r", "-z", &commit])?;
        let diff = [
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--name-only",
        ];
        let changed = git.run(
            diff.into_iter()
                .chain(["--relative", "-z", &commit, "--", "."]),
        )?;
        let changed: BTreeSet<&str> = records(&changed).collect::<Result<_, _>>()?;
        let mut files = Vec::new();
        let mut fetch = Vec::new();
        for record in records(&listed) {
            let entry = Listed::read(record?)?;
            let skipped = |p: &str| super::directory::SKIPPED.contains(&p);
            if entry.mode == "160000" || entry.path.split('/').any(skipped) {
                continue;
            }
            match today.file(&entry.path) {
                // what a link leads to may have changed
                Some(same) if entry.mode != "120000" && !changed.contains(entry.path.as_str()) => {
                    files.push(same.clone());
                }
                _ => fetch.push(entry),
            }
        }
        // git knows nothing of ignored files: they are taken as they are today
        let ignored = [
            "ls-files",
            "--others",
            "--ignored",
            "--exclude-standard",
            "-z",
        ];
        for path in records(&git.run(ignored)?) {
            files.extend(today.file(path?).cloned());
        }
        let contents = git.contents(&fetch)?;
        let mut old = BTreeMap::new();
        let mut links = Vec::new();
        for (entry, bytes) in fetch.into_iter().zip(contents) {
            if entry.mode == "120000" {
                links.push((entry.path, bytes));
                continue;
            }
            files.push(TreeFile {
                path: entry.path.as_str().into(),
                digest: Digest::of(&bytes),
                executable: entry.mode == "100755",
                size: bytes.len() as u64,
            });
            old.insert(entry.path, bytes);
        }
        files.sort_unstable();
        let mut tree = Self {
            today,
            files,
            old,
            shared: Shared::default(),
        };
        for (path, target) in links {
            tree.link(path, &target);
        }
        Ok(tree)
    }

    /// A link to a file inside is that file, as in today's look.
    fn link(&mut self, path: String, target: &[u8]) {
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        let target = std::str::from_utf8(target).ok();
        let Some(target) = target.and_then(|t| join(folder, t)) else {
            return;
        };
        let Some(file) = self.file(&target).cloned() else {
            return;
        };
        let Ok(bytes) = self.read(&target) else {
            return;
        };
        let file = TreeFile {
            path: path.as_str().into(),
            ..file
        };
        let at = self.files.partition_point(|f| f.path < file.path);
        self.files.insert(at, file);
        self.old.insert(path, bytes);
    }
}

impl Listed {
    /// `MODE blob OBJECT<tab>PATH`
    pub(super) fn read(record: &str) -> Result<Self, RevisionError> {
        let (head, path) = record
            .split_once('\t')
            .ok_or_else(|| RevisionError::Answer(record.to_owned()))?;
        let mut words = head.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some(mode), Some(_), Some(object)) => Ok(Self {
                mode: mode.to_owned(),
                object: object.to_owned(),
                path: path.to_owned(),
            }),
            _ => Err(RevisionError::Answer(record.to_owned())),
        }
    }
}

/// Records that end with a zero byte.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = Result<&str, RevisionError>> {
    bytes.split(|b| *b == 0).filter(|r| !r.is_empty()).map(|r| {
        std::str::from_utf8(r)
            .map_err(|_| RevisionError::Answer("a path is not text in UTF-8".to_owned()))
    })
}

/// Git in a folder.
pub(super) struct Git(pub(super) PathBuf);

impl Git {
    pub(super) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.0)
            // programs that the repository's own settings name are not started
            .args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
            .args(args)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C");
        command
    }
    pub(super) fn run<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Vec<u8>, RevisionError> {
        let done = self
            .command(args)
            .stdin(Stdio::null())
            .output()
            .map_err(RevisionError::Git)?;
        if done.status.success() {
            return Ok(done.stdout);
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let said = said.trim().trim_start_matches("fatal: ");
        Err(RevisionError::Refused(said.to_owned()))
    }
    pub(super) fn text<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Result<String, RevisionError> {
        let bytes = self.run(args)?;
        String::from_utf8(bytes).map_err(|e| RevisionError::Answer(e.to_string()))
    }
    /// The contents of objects, in order, from one process.
    pub(super) fn contents(&self, wanted: &[Listed]) -> Result<Vec<Arc<[u8]>>, RevisionError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut child = self
            .command(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(RevisionError::Git)?;
        let mut ask = child.stdin.take().expect("piped");
        let names: String = wanted.iter().map(|l| format!("{}\n", l.object)).collect();
        // asked from a thread of its own: git answers while it is asked
        let asking = std::thread::spawn(move || ask.write_all(names.as_bytes()));
        let mut answers = BufReader::new(child.stdout.take().expect("piped"));
        let read = wanted
            .iter()
            .map(|l| answer(&mut answers, &l.path))
            .collect();
        drop(answers);
        let _ = asking.join();
        let _ = child.wait();
        read
    }
}

/// `OBJECT blob SIZE`, the bytes, a line end.
fn answer(from: &mut impl BufRead, path: &str) -> Result<Arc<[u8]>, RevisionError> {
    let wrong = |e: &dyn std::fmt::Display| RevisionError::Answer(format!("{path}: {e}"));
    let mut head = String::new();
    from.read_line(&mut head).map_err(|e| wrong(&e))?;
    let size = head
        .trim_end()
        .rsplit_once(' ')
        .and_then(|(_, s)| s.parse().ok());
    let Some(size) = size else {
        return Err(wrong(&head.trim_end()));
    };
    let mut bytes = vec![0; size];
    from.read_exact(&mut bytes).map_err(|e| wrong(&e))?;
    from.read_exact(&mut [0]).map_err(|e| wrong(&e))?;
    Ok(bytes.into())
}

impl Tree for RevisionTree {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        match self.old.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None if self.file(path).is_some() => self.today.read(path),
            None => Err(TreeError::Missing(path.to_owned())),
        }
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        if self.old.contains_key(path) || self.file(path).is_none() {
            return Ok(Cow::Owned(make(&self.text(path)?)));
        }
        self.today.derived(path, form, make)
    }
    fn repository(&self) -> Repository {
        self.today.repository()
    }
    fn foreign(&self, pin: &Pin) -> Result<Arc<dyn Tree>, TreeError> {
        self.today.foreign(pin)
    }
    fn shared(
        &self,
        key: &str,
        make: &dyn Fn() -> Arc<dyn Any + Send + Sync>,
    ) -> Arc<dyn Any + Send + Sync> {
        self.shared.get(key, make)
    }
}

#[cfg(test)]
mod tests;
