//! Writing files so that a crash leaves the old content or the new one, never a part of it.
use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};
use strata_core::store::StoreError;
use tempfile::NamedTempFile;

/// For `map_err`: what was being done to what.
pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> StoreError {
    let doing = doing.into();
    move |e| StoreError::Io {
        doing,
        why: why(&e),
    }
}

/// The reason in words that say what to do, where there are some.
fn why(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => e.to_string(),
    }
}

/// Makes a folder that only its owner may enter; also closes one that is open to others.
pub fn private_folder(path: &Path) -> Result<(), StoreError> {
    let shown = path.display();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(io(format!("make the folder {shown}")))?;
    let mode = fs::metadata(path)
        .map_err(io(format!("look at {shown}")))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(io(format!("close {shown} to other users")))?;
    }
    Ok(())
}

/// Puts `bytes` at `path`: on disk when it returns.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let doing = || format!("write {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(io(doing()))?;
    file.write_all(bytes).map_err(io(doing()))?;
    settle(file, path, mode)
}

/// Moves a finished file to its place: on disk when it returns.
pub fn settle(file: NamedTempFile, path: &Path, mode: u32) -> Result<(), StoreError> {
    let doing = || format!("write {}", path.display());
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))
        .map_err(io(doing()))?;
    file.as_file().sync_all().map_err(io(doing()))?;
    file.persist(path).map_err(|e| io(doing())(e.error))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(io(format!("sync {}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write(&path, b"old", 0o600).unwrap();
        write(&path, b"new", 0o400).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_open_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        private_folder(dir.path()).unwrap();
        let mode = fs::metadata(dir.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn an_error_names_the_file() {
        let e = write(Path::new("/proc/none/x"), b"", 0o600).unwrap_err();
        assert!(e.to_string().contains("/proc/none/x"), "{e}");
    }
}
