//! Files of a session: what it is given, and the kubeconfig that it writes for another tool.
use super::connect::Connection;
use crate::fault::Fault;
use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// The text of a file.
pub(super) fn file(path: &Path) -> Result<String, Fault> {
    let name = shown(path);
    let bytes = fs::read(path).map_err(|e| Fault::permanent(format!("cannot read {name}: {e}")))?;
    String::from_utf8(bytes).map_err(|_| Fault::permanent(format!("{name} is not text in UTF-8")))
}

/// A file's name for messages: without the folder of a session, that nobody knows.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here
        .as_deref()
        .and_then(|here| path.strip_prefix(here).ok());
    let path = match (inside, path.file_name()) {
        (Some(inside), _) => inside,
        (None, Some(name)) if path.is_absolute() => Path::new(name),
        _ => path,
    };
    path.display().to_string()
}

/// Writes a kubeconfig that only the owner reads, as JSON: YAML can be read so.
pub(super) fn kubeconfig(path: Option<&Path>, connection: &Connection) -> Result<(), Fault> {
    let path = path.ok_or_else(|| Fault::permanent("no file is named for the kubeconfig"))?;
    let text = serde_json::to_string(&connection.kubeconfig)
        .map_err(|e| Fault::permanent(format!("the kubeconfig cannot be written: {e}")))?;
    // in a private folder that goes with the session: nobody reads it half written
    let _ = fs::remove_file(path);
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut f| f.write_all(text.as_bytes()))
        .map_err(|e| Fault::permanent(format!("the kubeconfig cannot be written: {e}")))
}
