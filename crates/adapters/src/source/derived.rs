//! What was made of files at earlier looks, by content: so that a file is parsed once, not once a command.
//!
//! One file of sealed segments: each command appends what it had to make. Another build of the program, a damaged or a
//! torn segment: what is there is not believed and written anew. Nothing is lost with it but time.
use std::{
    borrow::Cow,
    collections::HashMap,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};
use strata_core::digest::Digest;

const MAGIC: &[u8] = b"strata derived 1";
/// Length of a segment and of its digest.
const HEAD: usize = 8 + 32;

/// What an entry is found by: a digest of its form and the content it was made of.
type Key = [u8; 32];

/// What is known of a platform's files.
#[derive(Debug)]
pub(super) struct Derived {
    path: PathBuf,
    build: Digest,
    old: OnceLock<Old>,
    used: Mutex<Vec<Key>>,
    new: Mutex<Vec<(Key, Vec<u8>)>>,
}

/// What was read.
#[derive(Debug, Default)]
struct Old {
    bytes: Vec<u8>,
    index: HashMap<Key, (usize, usize)>,
    /// May a segment be appended?
    sound: bool,
}

fn key(form: &str, content: &Digest) -> Key {
    *strata_core::digest::Hasher::new()
        .part(form.as_bytes())
        .part(content.bytes())
        .finish()
        .bytes()
}

impl Derived {
    /// In a file; `build` changes when what is made may have another form.
    pub fn new(path: &Path, build: Digest) -> Self {
        Self {
            path: path.to_owned(),
            build,
            old: OnceLock::new(),
            used: Mutex::default(),
            new: Mutex::default(),
        }
    }
    fn old(&self) -> &Old {
        self.old.get_or_init(|| match std::fs::read(&self.path) {
            Ok(bytes) => read(bytes, &self.build),
            Err(_) => Old::default(),
        })
    }
    /// What is known of a content in a form.
    pub fn get(&self, form: &str, content: &Digest) -> Option<Cow<'_, [u8]>> {
        let old = self.old();
        let key = key(form, content);
        let bytes = old.entry(&key)?;
        self.used.lock().expect("nobody panics with it").push(key);
        Some(Cow::Borrowed(bytes))
    }
    /// Remembers it.
    pub fn put(&self, form: &str, content: &Digest, bytes: Vec<u8>) {
        let entry = (key(form, content), bytes);
        self.new.lock().expect("nobody panics with it").push(entry);
    }
    /// Appends what is new, or writes the file anew when most of what it holds was of no use this time.
    pub fn save(&self) {
        let mut new = std::mem::take(&mut *self.new.lock().expect("nobody panics with it"));
        if new.is_empty() {
            return;
        }
        let old = self.old();
        let used = self.used.lock().expect("nobody panics with it");
        let useful: usize = used.iter().filter_map(|k| Some(old.entry(k)?.len())).sum();
        if old.sound && old.bytes.len() < SMALL + 4 * useful {
            // one write: segments of commands that run at the same time stand one behind the other
            let _ = OpenOptions::new()
                .append(true)
                .open(&self.path)
                .and_then(|mut file| file.write_all(&segment(&self.build, &new)));
            return;
        }
        let kept = used
            .iter()
            .filter_map(|k| Some((*k, old.entry(k)?.to_vec())));
        new.extend(kept);
        let all = segment(&self.build, &new);
        let _ = crate::durable::write(&self.path, &all, 0o600, crate::durable::Sync::Later);
    }
}

impl Old {
    fn entry(&self, key: &Key) -> Option<&[u8]> {
        let (start, end) = self.index.get(key)?;
        Some(&self.bytes[*start..*end])
    }
}

/// A file of this size is never worth writing anew.
const SMALL: usize = 1 << 20;

fn segment(build: &Digest, entries: &[(Key, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(MAGIC);
    body.extend_from_slice(build.bytes());
    for (key, bytes) in entries {
        body.extend_from_slice(key);
        body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(bytes);
    }
    let mut out = Vec::with_capacity(HEAD + body.len());
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(Digest::of(&body).bytes());
    out.extend_from_slice(&body);
    out
}

fn read(bytes: Vec<u8>, build: &Digest) -> Old {
    let mut index = HashMap::new();
    let mut at = 0;
    while at < bytes.len() {
        let Some(next) = read_segment(&bytes, at, build, &mut index) else {
            return Old::default();
        };
        at = next;
    }
    Old {
        sound: true,
        bytes,
        index,
    }
}

/// Takes in the segment that begins at `at`; where the next one begins.
fn read_segment(
    bytes: &[u8],
    at: usize,
    build: &Digest,
    index: &mut HashMap<Key, (usize, usize)>,
) -> Option<usize> {
    let (length, rest) = bytes[at..].split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<32>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let body = rest.get(..length)?;
    if Digest::of(body).bytes() != sum {
        return None;
    }
    let mut left = body.strip_prefix(MAGIC)?.strip_prefix(build.bytes())?;
    let end = at + HEAD + length;
    while !left.is_empty() {
        let (key, rest) = left.split_first_chunk::<32>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let start = end - rest.len();
        left = rest.get(size..)?;
        index.insert(*key, (start, start + size));
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_found_by_the_next_and_only_by_the_same_build() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("derived");
        let (build, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let first = Derived::new(&path, build);
        assert!(first.get("f 1", &a).is_none());
        first.put("f 1", &a, b"made of a".to_vec());
        first.save();
        let second = Derived::new(&path, build);
        assert_eq!(second.get("f 1", &a).unwrap().as_ref(), b"made of a");
        assert!(second.get("f 2", &a).is_none());
        second.put("f 1", &b, b"made of b".to_vec());
        second.save();
        let third = Derived::new(&path, build);
        assert_eq!(third.get("f 1", &a).unwrap().as_ref(), b"made of a");
        assert_eq!(third.get("f 1", &b).unwrap().as_ref(), b"made of b");
        assert!(Derived::new(&path, other).get("f 1", &a).is_none());
    }

    #[test]
    fn a_torn_or_damaged_file_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("derived");
        let build = Digest::of(b"1");
        let content = Digest::of(b"a");
        let made = Derived::new(&path, build);
        made.put("f", &content, vec![7; 100]);
        made.save();
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            assert!(cut == 0 || !read(whole[..cut].to_vec(), &build).sound);
            let mut damaged = whole.clone();
            damaged[cut] ^= 1;
            assert!(!read(damaged, &build).sound, "byte {cut}");
        }
        std::fs::write(&path, &whole[..50]).unwrap();
        let next = Derived::new(&path, build);
        assert!(next.get("f", &content).is_none());
        next.put("f", &content, vec![8; 100]);
        next.save();
        let last = Derived::new(&path, build);
        assert_eq!(last.get("f", &content).unwrap().as_ref(), [8; 100]);
    }
}
