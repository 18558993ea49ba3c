//! An operations repo in a folder: every file with its digest, read only when needed.
//!
//! Not a watcher: it is one look. A file that changes after the look cannot be read through it any more, so nobody
//! works with content that has another digest than the one that was looked at.
use super::{
    cache::{Cache, Entry, SETTLING, Stat, Walk, nanos, save},
    derived::Derived,
    imports::ImportCache,
    repository::Around,
    shared::Shared,
};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{AtFlags, FileType, Mode, OFlags, RawDir, openat, statat},
    io::Errno,
    time::{ClockId, clock_gettime},
};
use std::{
    any::Any,
    borrow::Cow,
    fs::File,
    io::Write,
    mem::MaybeUninit,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
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

/// A file that the walk came across.
struct Seen {
    path: Arc<str>,
    stat: Stat,
    executable: bool,
}

/// A file of a link, or what is wrong with it.
struct Looker<'a> {
    root: &'a Path,
    seen: Vec<Seen>,
    problems: Vec<Diagnostic>,
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
        let mut looker = Looker {
            root: &root,
            seen: Vec::new(),
            problems: Vec::new(),
        };
        let folder = rustix::fs::open(&root, FOLDER, Mode::empty()).map_err(|e| io(e.into()))?;
        looker
            .folder(&folder, &mut String::new())
            .map_err(|e| io(e.into()))?;
        let Looker {
            mut seen,
            mut problems,
            ..
        } = looker;
        seen.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let known = cache.map(Cache::load).unwrap_or_default();
        let (files, entries, read) = digest(&root, seen, &mut known.walk(), &mut problems);
        if let Some(cache) = cache
            && (read > 0 || known.len() != entries.len())
        {
            // a cache that cannot be written only costs time
            let _ = save(cache, &entries, settled);
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

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl Looker<'_> {
    /// Everything below an open folder; `path` is where it stands, with a `/` at its end unless it is the root.
    fn folder(&mut self, folder: &OwnedFd, path: &mut String) -> Result<(), Errno> {
        let mut below = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut entries = RawDir::new(folder.as_fd(), &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            let Ok(text) = name.to_str() else {
                let shown = format!("{path}{}", name.to_string_lossy());
                self.refuse(&shown, "its name is not text in UTF-8");
                continue;
            };
            let kind = entry.file_type();
            if text == "." || text == ".." {
                continue;
            }
            let length = path.len();
            path.push_str(text);
            match kind {
                FileType::Directory => below.push(text.to_owned()),
                FileType::Symlink => self.link(path),
                FileType::RegularFile | FileType::Unknown => {
                    self.file(folder, name, path, &mut below);
                }
                // sockets, pipes and devices are not content
                _ => {}
            }
            path.truncate(length);
        }
        for name in below {
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            let length = path.len();
            path.push_str(&name);
            match openat(folder, &name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
                Ok(inner) => {
                    path.push('/');
                    if let Err(e) = self.folder(&inner, path) {
                        self.refuse(path, &e.to_string());
                    }
                }
                // removed since it was listed
                Err(Errno::NOENT) => {}
                Err(e) => self.refuse(path, &e.to_string()),
            }
            path.truncate(length);
        }
        Ok(())
    }

    fn file(
        &mut self,
        folder: &OwnedFd,
        name: &std::ffi::CStr,
        path: &str,
        below: &mut Vec<String>,
    ) {
        let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return,
            Err(e) => return self.refuse(path, &e.to_string()),
        };
        // file systems that do not tell kinds in listings
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return below.push(name.to_string_lossy().into_owned()),
            FileType::Symlink => return self.link(path),
            _ => return,
        }
        // the types differ between machines
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_possible_wrap,
            clippy::cast_sign_loss
        )]
        let numbers = Stat {
            mtime: nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            size: stat.st_size as u64,
            inode: stat.st_ino,
        };
        self.add(path, numbers, stat.st_mode);
    }

    /// A link to a file inside the root is that file; every other link is a problem.
    fn link(&mut self, path: &str) {
        let Ok(target) = self.root.join(path).canonicalize() else {
            return self.refuse(path, "it is a link to something that does not exist");
        };
        let Ok(inside) = target.strip_prefix(self.root) else {
            return self.refuse(path, "it is a link that leads out of the platform's folder");
        };
        let skipped = |p: &std::ffi::OsStr| SKIPPED.iter().any(|s| s.as_bytes() == p.as_bytes());
        if inside.iter().any(skipped) {
            return self.refuse(path, "it is a link into a folder that is not looked at");
        }
        match target.metadata() {
            Ok(meta) if meta.is_file() => {
                let stat = Stat {
                    mtime: nanos(meta.mtime(), meta.mtime_nsec()),
                    ctime: nanos(meta.ctime(), meta.ctime_nsec()),
                    size: meta.size(),
                    inode: meta.ino(),
                };
                self.add(path, stat, meta.mode());
            }
            Ok(_) => self.refuse(
                path,
                "it is a link to a folder: name that folder by its own path",
            ),
            Err(e) => self.refuse(path, &e.to_string()),
        }
    }

    fn add(&mut self, path: &str, stat: Stat, mode: u32) {
        if stat.size >= LARGEST {
            return self.refuse(path, "it has 4 GiB or more: keep it outside of the repo");
        }
        self.seen.push(Seen {
            path: path.into(),
            stat,
            executable: mode & 0o111 != 0,
        });
    }

    fn refuse(&mut self, path: &str, why: &str) {
        self.problems.push(problem(path.trim_end_matches('/'), why));
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

#[cfg(test)]
mod tests;
