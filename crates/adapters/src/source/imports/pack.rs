//! The files of another repository at a commit, in one file of the cache: a list with digests, then the contents.
//!
//! One file, so that it is there whole or not at all, and so that opening it reads the list and nothing else. A content
//! is read when it is asked for, and is believed only if it has the digest that the list promises.
use super::super::{derived::Derived, shared::Shared};
use crate::durable::{self, Sync};
use std::{
    any::Any,
    borrow::Cow,
    fs::File,
    io::{self, Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
};
use strata_core::{
    digest::Digest,
    tree::{Tree, TreeError, TreeFile, digest_of},
};

const MAGIC: &[u8] = b"strata tree 1\n";
/// Magic, length of the list, digest of the list.
const HEAD: usize = MAGIC.len() + 8 + 32;
/// No list is longer.
const LONGEST: u64 = 1 << 30;

/// A path that a tree may have: relative, without a part that means something to a file system or to git.
pub(super) fn sound(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\0', '\\'])
        && path
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git"))
}

/// A file with its content.
pub(super) struct Filled {
    /// What is listed of it.
    pub file: TreeFile,
    /// What it holds.
    pub bytes: Arc<[u8]>,
}

/// Writes a pack: whole, or not at all. The files must be sorted by path.
pub(super) fn write(path: &Path, files: &[Filled]) -> io::Result<()> {
    let mut list = Vec::with_capacity(files.len() * 100);
    for Filled { file, .. } in files {
        list.extend_from_slice(&(file.path.len() as u32).to_le_bytes());
        list.extend_from_slice(file.path.as_bytes());
        list.push(u8::from(file.executable));
        list.extend_from_slice(&file.size.to_le_bytes());
        list.extend_from_slice(file.digest.bytes());
    }
    durable::write_with(path, 0o600, Sync::Disk, |out| {
        let mut out = io::BufWriter::new(out);
        out.write_all(MAGIC)?;
        out.write_all(&(list.len() as u64).to_le_bytes())?;
        out.write_all(Digest::of(&list).bytes())?;
        out.write_all(&list)?;
        for f in files {
            out.write_all(&f.bytes)?;
        }
        out.flush()
    })
}

/// A pack that was opened.
#[derive(Debug)]
pub(super) struct PackTree {
    file: File,
    files: Vec<TreeFile>,
    /// Where the content of each begins.
    begins: Vec<u64>,
    /// Digest of all.
    pub digest: Digest,
    derived: Option<Arc<Derived>>,
    shared: Shared,
}

impl PackTree {
    /// Opens one; `None` when it is not there or damaged: then it is made again.
    pub fn open(path: &Path, derived: Option<Arc<Derived>>) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut head = [0; HEAD];
        file.read_exact(&mut head).ok()?;
        let rest = head.strip_prefix(MAGIC)?;
        let (length, sum) = rest.split_first_chunk::<8>()?;
        let length = u64::from_le_bytes(*length);
        if length > LONGEST.min(file.metadata().ok()?.len()) {
            return None;
        }
        let mut list = vec![0; usize::try_from(length).ok()?];
        file.read_exact(&mut list).ok()?;
        if Digest::of(&list).bytes() != sum {
            return None;
        }
        let files = decode(&list)?;
        let mut at = HEAD as u64 + length;
        let mut begins = Vec::with_capacity(files.len());
        for f in &files {
            begins.push(at);
            at = at.checked_add(f.size)?;
        }
        let whole = file.metadata().ok()?.len() == at;
        let sorted = files.windows(2).all(|w| w[0].path < w[1].path);
        if !whole || !sorted || !files.iter().all(|f| sound(&f.path)) {
            return None;
        }
        Some(Self {
            file,
            digest: digest_of(&files),
            files,
            begins,
            derived,
            shared: Shared::default(),
        })
    }
}

fn decode(mut rest: &[u8]) -> Option<Vec<TreeFile>> {
    let mut files = Vec::with_capacity(rest.len() / 90);
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (path, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (executable, after) = after.split_first()?;
        let (size, after) = after.split_first_chunk::<8>()?;
        let (digest, after) = after.split_first_chunk::<32>()?;
        rest = after;
        files.push(TreeFile {
            path: std::str::from_utf8(path).ok()?.into(),
            digest: Digest::from_bytes(*digest),
            executable: *executable == 1,
            size: u64::from_le_bytes(*size),
        });
    }
    Some(files)
}

impl Tree for PackTree {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        let missing = || TreeError::Missing(path.to_owned());
        let found = self.files.binary_search_by(|f| f.path.as_ref().cmp(path));
        let i = found.map_err(|_| missing())?;
        let io = |why: String| TreeError::Io(path.to_owned(), why);
        let size = usize::try_from(self.files[i].size).map_err(|e| io(e.to_string()))?;
        let mut bytes = vec![0; size];
        self.file
            .read_exact_at(&mut bytes, self.begins[i])
            .map_err(|e| io(e.to_string()))?;
        if Digest::of(&bytes) != self.files[i].digest {
            let why = "the cache of imports is damaged; run `strata import verify`";
            return Err(io(why.to_owned()));
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
        let file = self.file(path);
        let content = file
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
        make: &dyn Fn() -> Arc<dyn Any + Send + std::marker::Sync>,
    ) -> Arc<dyn Any + Send + std::marker::Sync> {
        self.shared.get(key, make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(path: &str, text: &str) -> Filled {
        Filled {
            file: TreeFile {
                path: path.into(),
                digest: Digest::of(text.as_bytes()),
                executable: path == "b",
                size: text.len() as u64,
            },
            bytes: text.as_bytes().into(),
        }
    }

    #[test]
    fn a_pack_gives_back_its_files_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        write(
            &path,
            &[filled("a/x", "one"), filled("b", ""), filled("c", "three")],
        )
        .unwrap();
        let tree = PackTree::open(&path, None).unwrap();
        assert_eq!(tree.text("a/x").unwrap(), "one");
        assert_eq!(tree.text("b").unwrap(), "");
        assert_eq!(tree.text("c").unwrap(), "three");
        assert!(tree.file("b").unwrap().executable && tree.read("d").is_err());
        assert_eq!(tree.digest, digest_of(tree.files()));
        let whole = std::fs::read(&path).unwrap();
        let contents = whole.len() - "onethree".len();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(PackTree::open(&path, None).is_none(), "cut at {cut}");
            let mut damaged = whole.clone();
            damaged[cut] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            match PackTree::open(&path, None) {
                None => assert!(cut < contents, "byte {cut}"),
                Some(tree) => {
                    let read = |p: &str| tree.read(p).is_err();
                    assert!(cut >= contents && (read("a/x") || read("c")), "byte {cut}");
                }
            }
        }
    }

    #[test]
    fn a_path_that_leaves_a_tree_is_not_sound() {
        for bad in [
            "",
            "/etc/x",
            "a/../b",
            "..",
            "a//b",
            ".git/config",
            "a/.GIT/x",
            "a\\b",
            "./a",
        ] {
            assert!(!sound(bad), "{bad}");
        }
        assert!(sound("a/.github/b.c"));
    }
}
