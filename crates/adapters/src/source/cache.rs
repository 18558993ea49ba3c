//! What was digested at an earlier look at a folder: path, stat and digest, so that only changed files are read.
//!
//! An entry is believed only if the file cannot have changed without its stat saying so: like git's index, what
//! was touched around the time of looking is not believed. A damaged cache is no cache.
use std::{os::unix::fs::MetadataExt, path::Path, sync::Arc};
use strata_core::digest::Digest;

/// The clock of a file system ticks coarsely; what was touched within this time of our look may still change unseen.
pub const SETTLING: i64 = 50_000_000;

const MAGIC: &[u8] = b"strata tree cache 1\n";

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

/// The entries of an earlier look, sorted by path.
#[derive(Default)]
pub(super) struct Cache {
    entries: Vec<(Box<str>, Stat, Digest)>,
    /// When the file was written, by the clock of its own file system.
    written: i64,
}

impl Cache {
    /// Reads it; an empty one when there is none or it is damaged.
    pub fn load(path: &Path) -> Self {
        let Ok(meta) = std::fs::metadata(path) else {
            return Self::default();
        };
        let written = nanos(meta.mtime(), meta.mtime_nsec());
        std::fs::read(path)
            .ok()
            .and_then(|bytes| decode(&bytes))
            .map(|entries| Self { entries, written })
            .unwrap_or_default()
    }
    /// How many files it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
    /// A reader for paths that come in ascending order.
    pub fn walk(&self) -> Walk<'_> {
        Walk { cache: self, at: 0 }
    }
}

/// Finds entries for paths that come in ascending order.
pub(super) struct Walk<'a> {
    cache: &'a Cache,
    at: usize,
}

impl Walk<'_> {
    /// The digest of a file that has not changed.
    pub fn unchanged(&mut self, path: &str, stat: &Stat) -> Option<Digest> {
        let entries = &self.cache.entries;
        while entries.get(self.at).is_some_and(|e| *e.0 < *path) {
            self.at += 1;
        }
        let (known, old, digest) = entries.get(self.at)?;
        let clean = stat.mtime < self.cache.written && stat.ctime < self.cache.written;
        (**known == *path && old == stat && clean).then_some(*digest)
    }
}

/// Writes entries. Those touched at or after `settled` are written so that nobody believes them.
pub(super) fn save(path: &Path, entries: &[Entry], settled: i64) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(MAGIC.len() + entries.len() * 120);
    bytes.extend_from_slice(MAGIC);
    for e in entries {
        let fresh = e.stat.mtime >= settled || e.stat.ctime >= settled;
        let mtime = if fresh { 0 } else { e.stat.mtime };
        bytes.extend_from_slice(&(e.path.len() as u32).to_le_bytes());
        bytes.extend_from_slice(e.path.as_bytes());
        bytes.extend_from_slice(&mtime.to_le_bytes());
        bytes.extend_from_slice(&e.stat.ctime.to_le_bytes());
        bytes.extend_from_slice(&e.stat.size.to_le_bytes());
        bytes.extend_from_slice(&e.stat.inode.to_le_bytes());
        bytes.extend_from_slice(e.digest.bytes());
    }
    let sum = Digest::of(&bytes);
    bytes.extend_from_slice(sum.bytes());
    crate::durable::write(path, &bytes, 0o600, crate::durable::Sync::Disk)
}

fn decode(bytes: &[u8]) -> Option<Vec<(Box<str>, Stat, Digest)>> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if Digest::of(body).bytes() != sum {
        return None;
    }
    let mut rest = body.strip_prefix(MAGIC)?;
    let mut entries = Vec::with_capacity(rest.len() / 110);
    while !rest.is_empty() {
        let length = u32::from_le_bytes(take(&mut rest)?) as usize;
        let (path, after) = rest.split_at_checked(length)?;
        rest = after;
        let path = std::str::from_utf8(path).ok()?.into();
        let stat = Stat {
            mtime: i64::from_le_bytes(take(&mut rest)?),
            ctime: i64::from_le_bytes(take(&mut rest)?),
            size: u64::from_le_bytes(take(&mut rest)?),
            inode: u64::from_le_bytes(take(&mut rest)?),
        };
        entries.push((path, stat, Digest::from_bytes(take(&mut rest)?)));
    }
    Some(entries)
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
