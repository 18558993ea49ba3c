//! Files that are either as before or complete, never half written.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Does it have to be on disk when the call returns?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Yes: file and folder.
    Disk,
    /// What it holds, yes; it may still be the file as it was before.
    Content,
    /// No: a crash of the machine may lose it, a crash of a process does not.
    Later,
}

/// The mode with which every file begins.
const PRIVATE: u32 = 0o600;

/// A new file that counts only for who knows that it is whole: its writer was not ended in between, or what it holds
/// cannot be read. Cheaper than [`write()`].
pub fn write_new(path: &Path, bytes: &[u8], sync: Sync) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE)
        .open(path)?;
    file.write_all(bytes)?;
    if matches!(sync, Sync::Disk | Sync::Content) {
        file.sync_all()?;
    }
    if sync == Sync::Disk {
        sync_folder(path)?;
    }
    Ok(())
}

/// Writes beside and renames. The file has exactly this mode.
pub fn write(path: &Path, bytes: &[u8], mode: u32, sync: Sync) -> io::Result<()> {
    write_with(path, mode, sync, |file| file.write_all(bytes))
}

/// The same with a writer of its own, for what need not be in memory.
pub fn write_with(
    path: &Path,
    mode: u32,
    sync: Sync,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let beside = beside(path);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(&beside)
        .and_then(|mut file| {
            fill(&mut file)?;
            if mode != PRIVATE {
                file.set_permissions(fs::Permissions::from_mode(mode))?;
            }
            if matches!(sync, Sync::Disk | Sync::Content) {
                file.sync_all()?;
            }
            drop(file);
            fs::rename(&beside, path)
        });
    if let Err(e) = written {
        let _ = fs::remove_file(&beside);
        return Err(e);
    }
    if sync == Sync::Disk {
        sync_folder(path)?;
    }
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// A name in the same folder that nobody else uses.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{n}", std::process::id()))
}

/// Makes a folder and those above it, 0700 each.
pub fn folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Removes a folder with everything in it, also what is read-only; nothing there is fine.
pub fn remove_all(path: &Path) -> io::Result<()> {
    let gone = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(e) if gone(&e) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            fs::remove_dir_all(path)
        }
        Err(e) => Err(e),
    }
}

/// Makes every folder below writable for us: module caches of tools are read-only on purpose.
fn open_up(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write(&path, b"one", 0o600, Sync::Disk).unwrap();
        write(&path, b"two", 0o755, Sync::Later).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        let failed = write_with(&path, 0o600, Sync::Later, |_| Err(io::Error::other("full")));
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_to_remove_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        remove_all(&dir.path().join("none")).unwrap();
        let deep = dir.path().join("a/b");
        folder(&deep).unwrap();
        fs::write(deep.join("f"), "x").unwrap();
        remove_all(&dir.path().join("a")).unwrap();
        assert!(!dir.path().join("a").exists());
    }
}
