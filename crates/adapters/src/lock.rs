//! Locks that the kernel frees when their holder dies: `flock` on a file.
//!
//! A lock belongs to an open file, so it also lives in every process that inherited that file. The lock file is
//! never removed: removing it would let two processes hold "the" lock on two files.
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock if nobody holds it.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self {
                file,
                path: path.to_owned(),
            })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
    /// Waits for the lock, at most so long; `None` when it is still held then.
    pub fn wait(path: &Path, most: Duration) -> io::Result<Option<Self>> {
        let began = Instant::now();
        let mut pause = Duration::from_micros(500);
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(Some(lock));
            }
            if began.elapsed() >= most {
                return Ok(None);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
    /// The lock of an environment, for a program without a store at hand: `<dir>/locks/<env>.lock`.
    pub fn of_environment(dir: &Path, env: &str) -> io::Result<Option<Self>> {
        let locks = dir.join("locks");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&locks)?;
        Self::try_take(&locks.join(format!("{env}.lock")))
    }
    /// Says in the file who holds it, for messages: one line.
    pub fn sign(&mut self, who: &str) -> io::Result<()> {
        // cut afterwards: some file systems flush a file that is emptied first
        self.file.seek(SeekFrom::Start(0))?;
        writeln!(self.file, "{who}")?;
        self.file.set_len(who.len() as u64 + 1)
    }
    /// What the last holder wrote into a lock file.
    pub fn signature(path: &Path) -> String {
        let mut text = String::new();
        if let Ok(file) = File::open(path) {
            let _ = file.take(1000).read_to_string(&mut text);
        }
        text.trim().to_owned()
    }
    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// The open file, to be inherited by a process that shall hold the lock too.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it_and_it_is_free_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let mut held = FileLock::try_take(&path).unwrap().unwrap();
        held.sign("somebody").unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_none());
        assert!(
            FileLock::wait(&path, Duration::from_millis(5))
                .unwrap()
                .is_none()
        );
        assert_eq!(FileLock::signature(&path), "somebody");
        drop(held);
        assert!(FileLock::try_take(&path).unwrap().is_some());
    }
}
