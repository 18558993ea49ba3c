//! A set of files as one blob: what a unit ran with, kept to destroy it when the files are gone.
//!
//! The bytes depend only on paths, modes and contents. Opening checks every path: nothing can name a place outside.
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    sync::Arc,
};
use strata_core::{
    digest::Digest,
    tree::{Tree, TreeError, TreeFile, join},
};

/// Most bytes of content that are unpacked: they are held in memory.
const MOST: u64 = 2 << 30;

/// A set of files could not be packed or opened.
#[derive(Debug, thiserror::Error)]
pub enum BlobTreeError {
    /// A file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The bytes are not such a blob.
    #[error("the kept files cannot be opened: {0}")]
    Damaged(String),
    /// A path leads out, or is not a path of a tree.
    #[error("the kept files hold `{0}`, which is not a path inside of a platform")]
    Path(String),
    /// Something that is not a file.
    #[error("the kept files hold `{0}`, which is not a file")]
    NotAFile(String),
    /// More than can be held in memory.
    #[error("the kept files are larger than 2 GiB")]
    TooLarge,
    /// The files could not be written into the blob.
    #[error("cannot pack files: {0}")]
    Pack(std::io::Error),
}

/// So many bytes are packed at once: making ready for a stream of unknown length costs more than packing a few files.
const SMALL: u64 = 1 << 20;
const LEVEL: i32 = 3;

/// These files of a tree as one blob; the same files give the same bytes.
pub fn pack(tree: &dyn Tree, files: &[Arc<str>]) -> Result<Vec<u8>, BlobTreeError> {
    let mut sorted: Vec<&Arc<str>> = files.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let file = |path: &&Arc<str>| tree.file(path).map_or(0, |f| f.size);
    if sorted.iter().map(file).sum::<u64>() <= SMALL {
        let plain = archive(tree, &sorted, Vec::new())?;
        return zstd::bulk::compress(&plain, LEVEL).map_err(BlobTreeError::Pack);
    }
    let encoder = zstd::Encoder::new(Vec::new(), LEVEL).map_err(BlobTreeError::Pack)?;
    let encoder = archive(tree, &sorted, encoder)?;
    encoder.finish().map_err(BlobTreeError::Pack)
}

fn archive<W: Write>(tree: &dyn Tree, files: &[&Arc<str>], to: W) -> Result<W, BlobTreeError> {
    let mut archive = tar::Builder::new(to);
    for path in files {
        let file = tree
            .file(path)
            .ok_or_else(|| TreeError::Missing(path.to_string()))?;
        let bytes = tree.read(path)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        archive
            .append_data(&mut header, path.as_ref(), bytes.as_ref())
            .map_err(BlobTreeError::Pack)?;
    }
    archive.into_inner().map_err(BlobTreeError::Pack)
}

/// The files of a blob, in memory.
#[derive(Debug)]
pub struct BlobTree {
    files: Vec<TreeFile>,
    contents: BTreeMap<Arc<str>, Arc<[u8]>>,
}

impl BlobTree {
    /// Opens what [`pack`] made.
    pub fn open(bytes: &[u8]) -> Result<Self, BlobTreeError> {
        let damaged = |e: std::io::Error| BlobTreeError::Damaged(e.to_string());
        let decoder = zstd::Decoder::new(bytes).map_err(damaged)?;
        let mut archive = tar::Archive::new(decoder.take(MOST + (64 << 20)));
        let mut contents: BTreeMap<Arc<str>, Arc<[u8]>> = BTreeMap::new();
        let (mut files, mut total) = (Vec::new(), 0);
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let path = path_of(&entry)?;
            if entry.header().entry_type() != tar::EntryType::Regular {
                return Err(BlobTreeError::NotAFile(path.to_string()));
            }
            total += entry.size();
            if total > MOST {
                return Err(BlobTreeError::TooLarge);
            }
            let mode = entry.header().mode().map_err(damaged)?;
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(damaged)?;
            if content.len() as u64 != entry.size() {
                return Err(BlobTreeError::Damaged(format!("`{path}` is cut off")));
            }
            files.push(TreeFile {
                path: path.clone(),
                digest: Digest::of(&content),
                executable: mode & 0o111 != 0,
                size: content.len() as u64,
            });
            if contents.insert(path.clone(), content.into()).is_some() {
                return Err(BlobTreeError::Damaged(format!("`{path}` is there twice")));
            }
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files, contents })
    }
}

/// The path of an entry, if it is one that a tree may have.
fn path_of(entry: &tar::Entry<'_, impl Read>) -> Result<Arc<str>, BlobTreeError> {
    let bytes = entry.path_bytes();
    let shown = || String::from_utf8_lossy(&bytes).into_owned();
    let text = std::str::from_utf8(&bytes).map_err(|_| BlobTreeError::Path(shown()))?;
    let plain = !text.is_empty() && !text.contains('\0') && join("", text).as_deref() == Some(text);
    if plain {
        Ok(text.into())
    } else {
        Err(BlobTreeError::Path(shown()))
    }
}

impl Tree for BlobTree {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.contents
            .get(path)
            .cloned()
            .ok_or_else(|| TreeError::Missing(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn archive(path: &str, kind: tar::EntryType) -> Vec<u8> {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(1);
        header.set_mode(0o644);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(b"x");
        bytes.resize(512 * 4, 0);
        zstd::encode_all(bytes.as_slice(), 1).unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        let long = format!("{}/f", "d".repeat(180));
        let tree = MemoryTree::new([
            ("a/x.sh", "#!/bin/sh\n"),
            ("a/y", "1"),
            ("b", "2"),
            (long.as_str(), "3"),
        ]);
        let names: Vec<Arc<str>> = vec!["b".into(), "a/x.sh".into(), long.as_str().into()];
        let bytes = pack(&tree, &names).unwrap();
        let same: Vec<Arc<str>> = names.iter().rev().cloned().collect();
        assert_eq!(bytes, pack(&tree, &same).unwrap());
        let opened = BlobTree::open(&bytes).unwrap();
        assert_eq!(opened.files().len(), 3);
        assert_eq!(opened.file("a/x.sh"), tree.file("a/x.sh"));
        assert_eq!(&*opened.read(&long).unwrap(), b"3");
        assert!(pack(&tree, &["none".into()]).is_err());
    }

    #[test]
    fn no_path_leads_out_and_only_files_are_opened() {
        for bad in [
            "../x",
            "/etc/x",
            "a/../../x",
            "./x",
            "a//b",
            "a/./b",
            "a/..",
        ] {
            let opened = BlobTree::open(&archive(bad, tar::EntryType::Regular));
            assert!(matches!(opened, Err(BlobTreeError::Path(_))), "{bad}");
        }
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Link,
            tar::EntryType::Fifo,
        ] {
            let opened = BlobTree::open(&archive("x", kind));
            assert!(matches!(opened, Err(BlobTreeError::NotAFile(_))));
        }
        assert!(BlobTree::open(&archive("x", tar::EntryType::Regular)).is_ok());
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let tree = MemoryTree::new([("a", "text that is there")]);
        let good = pack(&tree, &["a".into()]).unwrap();
        for cut in 0..good.len() {
            let _ = BlobTree::open(&good[..cut]);
        }
        assert!(BlobTree::open(b"no archive at all").is_err());
    }
}
