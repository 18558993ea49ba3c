//! What was found at an earlier look at a folder: the names in it, and path, stat and digest of each file, so that only
//! changed folders are listed and only changed files are read.
//!
//! An entry is believed only if the thing cannot have changed without its stat saying so: like git's index, what
//! was touched around the time of looking is not believed. A damaged cache is no cache.
//!
//! The file: a line that says what it is; files, each with length and text of its path, stat and digest; folders, each
//! with length and text of its path, stat, length and text of its names; the number of files; a digest of all before it.
use std::{collections::HashMap, os::unix::fs::MetadataExt, path::Path, sync::Arc};
use strata_core::digest::Digest;

/// The clock of a file system ticks coarsely; what was touched within this time of our look may still change unseen.
pub const SETTLING: i64 = 50_000_000;

const MAGIC: &[u8] = b"strata tree cache 2\n";

/// What the system says of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// Last change of content: nanoseconds since 1970.
    pub mtime: i64,
    /// Last change of content or attributes: nanoseconds since 1970.
    pub ctime: i64,
    /// Bytes.
    pub size: u64,
    /// Its inode.
    pub inode: u64,
}

/// One digested file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Path relative to the root.
    pub path: Arc<str>,
    /// Its stat just before it was read.
    pub stat: Stat,
    /// Digest of its content.
    pub digest: Digest,
}

/// One listed folder.
pub(super) struct Folder<'k> {
    /// Path relative to the root, with a `/` at its end; empty for the root.
    pub path: Box<str>,
    /// Its stat just before it was listed.
    pub stat: Stat,
    /// What it held.
    pub names: Names<'k>,
}

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// Another folder.
    Folder,
    /// A symbolic link.
    Link,
}

/// The names in a folder, each as its kind, its length and its text.
pub(super) enum Names<'k> {
    /// From an earlier look.
    Known(&'k [u8]),
    /// Just listed.
    New(Vec<u8>),
}

impl Names<'_> {
    /// Adds a name to a list of them.
    pub fn add(names: &mut Vec<u8>, kind: Kind, name: &str) {
        names.push(match kind {
            Kind::File => b'f',
            Kind::Folder => b'd',
            Kind::Link => b'l',
        });
        text(names, name.as_bytes());
    }
    /// Each with its kind; a list that was damaged ends early.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &str)> {
        let mut rest = self.bytes();
        std::iter::from_fn(move || {
            let [kind] = take::<1>(&mut rest)?;
            let kind = match kind {
                b'f' => Kind::File,
                b'd' => Kind::Folder,
                b'l' => Kind::Link,
                _ => return None,
            };
            Some((kind, std::str::from_utf8(part(&mut rest)?).ok()?))
        })
    }
    fn bytes(&self) -> &[u8] {
        match self {
            Names::Known(bytes) => bytes,
            Names::New(bytes) => bytes,
        }
    }
}

/// The file of an earlier look.
#[derive(Default)]
pub(super) struct Cache {
    bytes: Vec<u8>,
    /// When the file was written, by the clock of its own file system.
    written: i64,
}

impl Cache {
    /// Reads it; an empty one when there is none.
    pub fn read(path: &Path) -> Self {
        let Ok(meta) = std::fs::metadata(path) else {
            return Self::default();
        };
        let written = nanos(meta.mtime(), meta.mtime_nsec());
        let bytes = std::fs::read(path).unwrap_or_default();
        Self { bytes, written }
    }
    /// What it says; nothing when it is damaged.
    pub fn known(&self) -> Known<'_> {
        Known {
            written: self.written,
            ..decode(&self.bytes).unwrap_or_default()
        }
    }
}

/// What an earlier look found.
#[derive(Default)]
pub(super) struct Known<'k> {
    /// Files, sorted by path.
    files: Vec<(&'k str, Stat, Digest)>,
    folders: HashMap<&'k str, (Stat, &'k [u8])>,
    written: i64,
}

impl<'k> Known<'k> {
    /// Are there that many files and folders?
    pub fn counts(&self, files: usize, folders: usize) -> bool {
        self.files.len() == files && self.folders.len() == folders
    }
    /// The names in a folder that has not changed.
    pub fn names(&self, path: &str, stat: &Stat) -> Option<&'k [u8]> {
        let (old, names) = self.folders.get(path)?;
        self.unchanged(old, stat).then_some(*names)
    }
    /// A reader of digests for paths that come in ascending order.
    pub fn walk(&self) -> Walk<'_> {
        Walk { known: self, at: 0 }
    }
    fn unchanged(&self, old: &Stat, now: &Stat) -> bool {
        old == now && now.mtime < self.written && now.ctime < self.written
    }
}

/// Finds digests for paths that come in ascending order.
pub(super) struct Walk<'a> {
    known: &'a Known<'a>,
    at: usize,
}

impl Walk<'_> {
    /// The digest of a file that has not changed.
    pub fn unchanged(&mut self, path: &str, stat: &Stat) -> Option<Digest> {
        let files = &self.known.files;
        while files.get(self.at).is_some_and(|f| f.0 < path) {
            self.at += 1;
        }
        let (known, old, digest) = files.get(self.at)?;
        (*known == path && self.known.unchanged(old, stat)).then_some(*digest)
    }
}

/// Writes what was found. What was touched at or after `settled` is written so that nobody believes it.
pub(super) fn save(
    path: &Path,
    files: &[Entry],
    folders: &[Folder<'_>],
    settled: i64,
) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(MAGIC.len() + files.len() * 120 + folders.len() * 100);
    bytes.extend_from_slice(MAGIC);
    for f in files {
        text(&mut bytes, f.path.as_bytes());
        stat(&mut bytes, &f.stat, settled);
        bytes.extend_from_slice(f.digest.bytes());
    }
    for f in folders {
        text(&mut bytes, f.path.as_bytes());
        stat(&mut bytes, &f.stat, settled);
        text(&mut bytes, f.names.bytes());
    }
    bytes.extend_from_slice(&(files.len() as u64).to_le_bytes());
    let sum = Digest::of(&bytes);
    bytes.extend_from_slice(sum.bytes());
    crate::durable::write(path, &bytes, 0o600, crate::durable::Sync::Disk)
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text);
}

fn stat(bytes: &mut Vec<u8>, stat: &Stat, settled: i64) {
    let fresh = stat.mtime >= settled || stat.ctime >= settled;
    let mtime = if fresh { 0 } else { stat.mtime };
    bytes.extend_from_slice(&mtime.to_le_bytes());
    bytes.extend_from_slice(&stat.ctime.to_le_bytes());
    bytes.extend_from_slice(&stat.size.to_le_bytes());
    bytes.extend_from_slice(&stat.inode.to_le_bytes());
}

fn decode(bytes: &[u8]) -> Option<Known<'_>> {
    let (body, sum) = bytes.split_last_chunk::<32>()?;
    if Digest::of(body).bytes() != sum {
        return None;
    }
    let (body, count) = body.split_last_chunk::<8>()?;
    let count = u64::from_le_bytes(*count);
    let mut rest = body.strip_prefix(MAGIC)?;
    let mut known = Known::default();
    known.files.reserve(rest.len() / 140);
    for _ in 0..count {
        let (path, stat) = head(&mut rest)?;
        let digest = Digest::from_bytes(take(&mut rest)?);
        known.files.push((path, stat, digest));
    }
    while !rest.is_empty() {
        let (path, stat) = head(&mut rest)?;
        known.folders.insert(path, (stat, part(&mut rest)?));
    }
    Some(known)
}

fn head<'k>(rest: &mut &'k [u8]) -> Option<(&'k str, Stat)> {
    let path = std::str::from_utf8(part(rest)?).ok()?;
    let stat = Stat {
        mtime: i64::from_le_bytes(take(rest)?),
        ctime: i64::from_le_bytes(take(rest)?),
        size: u64::from_le_bytes(take(rest)?),
        inode: u64::from_le_bytes(take(rest)?),
    };
    Some((path, stat))
}

fn part<'k>(rest: &mut &'k [u8]) -> Option<&'k [u8]> {
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

/// Seconds and nanoseconds as one number.
pub(super) fn nanos(seconds: i64, nanoseconds: i64) -> i64 {
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}
