//! Files by the digest of their content: `blobs/aa/<digest>`, sealed ones `blobs/aa/<digest>.age`.
//!
//! A file is written beside its place, synced and renamed, so that a name means the whole content. What is read into
//! memory is checked against its name; a path that is handed out is not (files can be gigabytes).
use crate::{durable, seal::Seal};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use strata_core::{digest::Digest, engine::Artifact, store::StoreError};
use tempfile::NamedTempFile;

/// Bytes that are copied at once.
const CHUNK: usize = 256 * 1024;

/// A folder of files by digest.
#[derive(Debug)]
pub struct Blobs {
    dir: PathBuf,
    seal: Arc<Seal>,
    budget: Option<u64>,
    used: Mutex<Option<u64>>,
}

/// What [`Blobs::gc`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Number of files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Blobs {
    /// The blobs below `dir`, which is made when it is missing. `budget` bounds their size on disk, in bytes: what
    /// would go beyond is refused.
    pub fn open(dir: &Path, seal: Arc<Seal>, budget: Option<u64>) -> Result<Self, StoreError> {
        durable::private_folder(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            seal,
            budget,
            used: Mutex::new(None),
        })
    }

    /// Keeps bytes; encrypted when sensitive.
    pub fn put(&self, bytes: &[u8], sensitive: bool) -> Result<Artifact, StoreError> {
        let artifact = Artifact {
            digest: Digest::of(bytes),
            sensitive,
            size: bytes.len() as u64,
        };
        let place = self.place(&artifact.digest, sensitive);
        if is_there(&place, &artifact) {
            return Ok(artifact);
        }
        let sealed = if sensitive {
            Some(self.seal.seal(bytes))
        } else {
            None
        };
        let content = sealed.as_deref().unwrap_or(bytes);
        self.charge(content.len() as u64)?;
        let mut file = self.beside()?;
        file.write_all(content).map_err(writing(&place))?;
        self.keep(file, &place, content.len() as u64, sensitive)?;
        Ok(artifact)
    }

    /// Keeps a file without reading it into memory; encrypted when sensitive. Its content may not change meanwhile.
    pub fn put_file(&self, from: &Path, sensitive: bool) -> Result<Artifact, StoreError> {
        let reading = || format!("read {}", from.display());
        let mut source = File::open(from).map_err(durable::io(reading()))?;
        let meta = source.metadata().map_err(durable::io(reading()))?;
        if !meta.is_file() {
            return Err(StoreError::Io {
                doing: reading(),
                why: "it is not a file".to_owned(),
            });
        }
        self.charge(meta.len())?;
        let file = self.beside()?;
        let (digest, size) = if sensitive {
            let mut sealing = self
                .seal
                .sealing(file.as_file())
                .map_err(writing(file.path()))?;
            let copied = copy(&mut source, &mut sealing, from, file.path())?;
            sealing.finish().map_err(writing(file.path()))?;
            copied
        } else {
            copy(&mut source, &mut file.as_file(), from, file.path())?
        };
        let artifact = Artifact {
            digest,
            sensitive,
            size,
        };
        let place = self.place(&digest, sensitive);
        if !is_there(&place, &artifact) {
            let len = file
                .as_file()
                .metadata()
                .map_err(writing(file.path()))?
                .len();
            self.keep(file, &place, len, sensitive)?;
        }
        Ok(artifact)
    }

    /// Kept bytes, checked against their digest.
    pub fn get(&self, artifact: &Artifact) -> Result<Vec<u8>, StoreError> {
        let place = self.place(&artifact.digest, artifact.sensitive);
        let shown = place.display().to_string();
        let mut file = match File::open(&place) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NoBlob(artifact.digest.to_string()));
            }
            Err(e) => return Err(durable::io(format!("read {shown}"))(e)),
        };
        let mut bytes = Vec::new();
        let read = if artifact.sensitive {
            self.seal.unsealing(file, &shown)?.read_to_end(&mut bytes)
        } else {
            file.read_to_end(&mut bytes)
        };
        match read {
            Ok(_) if Digest::of(&bytes) == artifact.digest => Ok(bytes),
            Err(e) if !matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
                Err(durable::io(format!("read {shown}"))(e))
            }
            _ => Err(StoreError::Damaged {
                path: shown,
                why: "its content is not what its name says; remove it, what needs it will be made again".to_owned(),
            }),
        }
    }

    /// The path of a kept file that is not sensitive. Its content is not checked.
    pub fn path(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        let place = self.place(digest, false);
        if place.exists() {
            Ok(place)
        } else {
            Err(StoreError::NoBlob(digest.to_string()))
        }
    }

    /// Bytes on disk.
    pub fn size(&self) -> Result<u64, StoreError> {
        Ok(self.walk()?.iter().map(|(_, meta)| meta.len()).sum())
    }

    /// Removes what is not in `keep`, and what an interrupted write left behind. Spares what was kept (again) within
    /// the last `spare`: a run may be about to name it.
    pub fn gc(&self, keep: &[Digest], spare: Duration) -> Result<Freed, StoreError> {
        let keep: HashSet<String> = keep.iter().map(ToString::to_string).collect();
        let now = SystemTime::now();
        let mut freed = Freed::default();
        for (path, meta) in self.walk()? {
            let name = path
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            // a time in the future counts as young
            let young = meta
                .modified()
                .is_ok_and(|t| now.duration_since(t).is_ok_and(|age| age < spare) || t > now);
            if keep.contains(name.strip_suffix(".age").unwrap_or(name))
                || (young && !spare.is_zero())
            {
                continue;
            }
            fs::remove_file(&path).map_err(durable::io(format!("remove {}", path.display())))?;
            freed.files += 1;
            freed.bytes += meta.len();
        }
        *self.used() = None;
        Ok(freed)
    }

    fn place(&self, digest: &Digest, sensitive: bool) -> PathBuf {
        let name = digest.to_string();
        let end = if sensitive { ".age" } else { "" };
        self.dir.join(&name[..2]).join(format!("{name}{end}"))
    }
    fn beside(&self) -> Result<NamedTempFile, StoreError> {
        NamedTempFile::with_prefix_in("part-", &self.dir)
            .map_err(durable::io(format!("write in {}", self.dir.display())))
    }
    fn keep(
        &self,
        file: NamedTempFile,
        place: &Path,
        len: u64,
        sensitive: bool,
    ) -> Result<(), StoreError> {
        let folder = place.parent().expect("two levels");
        if !folder.exists() {
            durable::private_folder(folder)?;
            durable::sync_folder(&self.dir)?;
        }
        durable::settle(file, place, if sensitive { 0o600 } else { 0o400 })?;
        if let Some(used) = self.used().as_mut() {
            *used += len;
        }
        Ok(())
    }
    fn used(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Refuses what would go beyond the budget. Counts files anew before it refuses: others write and remove too.
    fn charge(&self, more: u64) -> Result<(), StoreError> {
        let Some(budget) = self.budget else {
            return Ok(());
        };
        let known = *self.used();
        if known.is_some_and(|used| used + more <= budget) {
            return Ok(());
        }
        let used = self.size()?;
        *self.used() = Some(used);
        if used + more <= budget {
            return Ok(());
        }
        Err(StoreError::Io {
            doing: format!("keep {more} bytes in {}", self.dir.display()),
            why: format!("{used} of {budget} bytes are used; remove old runs or raise the budget"),
        })
    }
    /// Every file, with what is known of it.
    fn walk(&self) -> Result<Vec<(PathBuf, fs::Metadata)>, StoreError> {
        let mut files = Vec::new();
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            let reading = || format!("list {}", folder.display());
            for entry in fs::read_dir(&folder).map_err(durable::io(reading()))? {
                let entry = entry.map_err(durable::io(reading()))?;
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => folders.push(entry.path()),
                    Ok(meta) => files.push((entry.path(), meta)),
                    // somebody else was faster
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Err(durable::io(reading())(e)),
                }
            }
        }
        Ok(files)
    }
}

/// Is it kept already? Then it is young again.
fn is_there(place: &Path, artifact: &Artifact) -> bool {
    let Ok(file) = File::open(place) else {
        return false;
    };
    let whole = artifact.sensitive || file.metadata().is_ok_and(|m| m.len() == artifact.size);
    whole && file.set_modified(SystemTime::now()).is_ok()
}

fn writing(place: &Path) -> impl FnOnce(io::Error) -> StoreError + use<> {
    durable::io(format!("write {}", place.display()))
}

/// Copies to the end; the digest and size of what was copied.
fn copy(
    from: &mut File,
    to: &mut impl Write,
    source: &Path,
    target: &Path,
) -> Result<(Digest, u64), StoreError> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok((Digest::from_bytes(*hasher.finalize().as_bytes()), size)),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(durable::io(format!("read {}", source.display()))(e)),
        };
        hasher.update(&buffer[..n]);
        to.write_all(&buffer[..n]).map_err(writing(target))?;
        size += n as u64;
    }
}
