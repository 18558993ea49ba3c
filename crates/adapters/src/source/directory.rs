//! An operations repo in a folder: every file with its digest, read only when needed.
//!
//! Not a watcher: it is one look. A file that changes after the look cannot be read through it any more, so nobody
//! works with content that has another digest than the one that was looked at.
use super::{
    cache::{Cache, Entry, SETTLING, Walk, nanos, save},
    derived::Derived,
    imports::ImportCache,
    repository::Around,
    shared::Shared,
};
use look::{Look, Seen};
use rustix::time::{ClockId, clock_gettime};
use std::{
    any::Any,
    borrow::Cow,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};
use strata_core::{
    diagnostic::Diagnostic,
    digest::{Digest, Hasher},
    repo::Pin,
    span::Location,
    tree::{Repository, Tree, TreeError, TreeFile},
};

/// Folders that belong to programs and not to the repo.
pub const SKIPPED: &[&str] = &[".git", ".strata", ".terraform", "target", "node_modules"];

/// Spans count in 32 bits.
const LARGEST: u64 = 4 << 30;

/// The files below a folder, as they were when it was opened.
#[derive(Debug)]
pub struct DirectoryTree {
    root: PathBuf,
    files: Vec<TreeFile>,
    problems: Vec<Diagnostic>,
    read: usize,
    pub(super) derived: Option<Arc<Derived>>,
    pub(super) imports: Option<ImportCache>,
    shared: Shared,
    around: Around,
}

impl DirectoryTree {
    /// Looks at every file below a folder. With `cache`, digests of unchanged files are taken from that file, which is
    /// written again when something changed (its folder must exist). What cannot be part of a platform is in
    /// [`Tree::problems`]; an error is only that the folder itself cannot be read.
    pub fn open(root: &Path, cache: Option<&Path>) -> Result<Self, TreeError> {
        let shown = || root.display().to_string();
        let io = |e: std::io::Error| TreeError::Io(shown(), e.to_string());
        let root = root.canonicalize().map_err(io)?;
        let settled = coarse_now() - SETTLING;
        let cached = cache.map(Cache::read).unwrap_or_default();
        let known = cached.known();
        let Look {
            mut seen,
            folders,
            listed,
            mut problems,
        } = Look::at(&root, &known).map_err(|e| io(e.into()))?;
        seen.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let (files, entries, read) = digest(&root, seen, &mut known.walk(), &mut problems);
        if let Some(cache) = cache
            && (read > 0 || listed > 0 || !known.counts(entries.len(), folders.len()))
        {
            // a cache that cannot be written only costs time
            let _ = save(cache, &entries, &folders, settled);
        }
        Ok(Self {
            root,
            files,
            problems,
            read,
            derived: None,
            imports: None,
            shared: Shared::default(),
            around: Around::default(),
        })
    }
    /// The folder, absolute and without links.
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// How many files had to be read: the others were known.
    pub fn files_read(&self) -> usize {
        self.read
    }
}

impl Tree for DirectoryTree {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    /// Links that lead out, names that are not text, files that are too large or unreadable. Whoever checks a platform
    /// decides which of them matter.
    fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        let listed = self
            .file(path)
            .ok_or_else(|| TreeError::Missing(path.to_owned()))?;
        let bytes = std::fs::read(self.root.join(path)).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => TreeError::Missing(path.to_owned()),
            _ => TreeError::Io(path.to_owned(), e.to_string()),
        })?;
        if Digest::of(&bytes) != listed.digest {
            let why = "it was changed a moment ago; start again";
            return Err(TreeError::Io(path.to_owned(), why.to_owned()));
        }
        Ok(bytes.into())
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        let Some(derived) = &self.derived else {
            return Ok(Cow::Owned(make(&self.text(path)?)));
        };
        let content = self
            .file(path)
            .ok_or_else(|| TreeError::Missing(path.to_owned()))?
            .digest;
        if let Some(known) = derived.get(form, &content) {
            return Ok(known);
        }
        let made = make(&self.text(path)?);
        derived.put(form, &content, made.clone());
        Ok(Cow::Owned(made))
    }
    fn shared(
        &self,
        key: &str,
        make: &dyn Fn() -> Arc<dyn Any + Send + Sync>,
    ) -> Arc<dyn Any + Send + Sync> {
        self.shared.get(key, make)
    }
    fn keep_derived(&self) {
        if let Some(derived) = &self.derived {
            derived.save();
        }
    }
    fn repository(&self) -> Repository {
        self.around.of(&self.root)
    }
    fn foreign(&self, pin: &Pin) -> Result<Arc<dyn Tree>, TreeError> {
        match &self.imports {
            Some(imports) => imports.tree(pin),
            None => Err(TreeError::Foreign {
                what: format!("{} at {}", pin.repo, pin.version),
                why: "no cache was named".to_owned(),
            }),
        }
    }
}

fn problem(path: &str, why: &str) -> Diagnostic {
    let message = format!("`{path}` cannot be part of the platform: {why}");
    Diagnostic::error("source::unusable", message).at(Location::file(path))
}

/// The digest of every file: known ones by their stat, the others by reading.
fn digest(
    root: &Path,
    seen: Vec<Seen>,
    known: &mut Walk<'_>,
    problems: &mut Vec<Diagnostic>,
) -> (Vec<TreeFile>, Vec<Entry>, usize) {
    let (mut files, mut entries) = (
        Vec::with_capacity(seen.len()),
        Vec::with_capacity(seen.len()),
    );
    let mut read = 0;
    let mut buffer = Vec::new();
    for Seen {
        path,
        stat,
        executable,
    } in seen
    {
        let found = if let Some(digest) = known.unchanged(&path, &stat) {
            Ok(digest)
        } else {
            read += 1;
            digest_file(&root.join(path.as_ref()), stat.size, &mut buffer)
        };
        match found {
            Ok(digest) => {
                files.push(TreeFile {
                    path: path.clone(),
                    digest,
                    executable,
                    size: stat.size,
                });
                entries.push(Entry { path, stat, digest });
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => problems.push(problem(&path, &e.to_string())),
        }
    }
    (files, entries, read)
}

/// Small files in one gulp, large ones in pieces.
fn digest_file(path: &Path, size: u64, buffer: &mut Vec<u8>) -> std::io::Result<Digest> {
    use std::io::Read;
    const GULP: u64 = 1 << 20;
    let mut file = File::open(path)?;
    if size < GULP {
        buffer.clear();
        let all = (&mut file).take(GULP).read_to_end(buffer)?;
        if (all as u64) < GULP {
            return Ok(Digest::of(buffer));
        }
        // it has grown since
        let mut hasher = Hasher::new();
        hasher.write_all(buffer)?;
        std::io::copy(&mut file, &mut hasher)?;
        return Ok(hasher.finish());
    }
    let mut hasher = Hasher::new();
    let mut file = std::io::BufReader::with_capacity(1 << 20, file);
    std::io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finish())
}

/// Now, by the clock that file systems use for their stamps.
fn coarse_now() -> i64 {
    let now = clock_gettime(ClockId::RealtimeCoarse);
    #[allow(clippy::unnecessary_cast)]
    nanos(now.tv_sec as i64, now.tv_nsec as i64)
}

mod look;
#[cfg(test)]
mod tests;
