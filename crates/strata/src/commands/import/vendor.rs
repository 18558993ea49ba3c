//! `strata import vendor`: the files of all imports, to be committed or carried along.
use super::{Here, print_json};
use crate::problem::Problem;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use strata_core::{exit, repo::Pin};
use strata_ops::imports::{LOCK_FILE, VENDOR, Wanted, gather::vendored};

impl Here {
    /// Into `vendor/strata`, where they are read; or into a folder of its own.
    pub(super) fn vendor(self, to: Option<&Path>) -> Result<u8, Problem> {
        let mut pins: BTreeMap<String, Pin> = BTreeMap::new();
        // also of imports whose vendored files are wrong: from the cache
        for e in self.lock.entries() {
            pins.insert(vendored(&e.pin), e.pin.clone());
        }
        let unlocked: Vec<Wanted> = self
            .wanted(&self.lock, true)?
            .into_iter()
            .filter(|w| w.pin.is_none())
            .collect();
        if let Some(w) = unlocked.first() {
            return Err(
                Problem::new(exit::INVALID, format!("{} is not in `{LOCK_FILE}`", w.path))
                    .hint("run `strata import lock`"),
            );
        }
        let gone = match to {
            Some(to) => self.carry(&pins, to).map(|()| Vec::new())?,
            None => self.put(&pins)?,
        };
        let base = to.map_or(VENDOR.into(), Path::to_string_lossy);
        let place = |folder: &String| {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            format!("{base}/{name}")
        };
        if self.cx.json() {
            let all: Vec<String> = pins.keys().map(place).collect();
            print_json(&json!({ "vendored": all, "removed": gone }));
            return Ok(exit::DONE);
        }
        for (folder, pin) in &pins {
            let folder = place(folder);
            println!("{folder}: {} {} ({})", pin.repo, pin.version, pin.short());
        }
        for folder in &gone {
            println!("{folder}: removed, nothing imports it");
        }
        if pins.is_empty() {
            eprintln!("nothing is imported from another repository");
        }
        Ok(exit::DONE)
    }

    /// Where they are read; gives the folders that nothing needs any more.
    fn put(&self, pins: &BTreeMap<String, Pin>) -> Result<Vec<String>, Problem> {
        let base = self.cx.root.join(VENDOR);
        for (folder, pin) in pins {
            let to = self.cx.root.join(folder);
            let new = beside(&to, "new");
            remove(&new)?;
            self.write(pin, &new)?;
            remove(&to)?;
            fs::rename(&new, &to)
                .map_err(|e| Problem::io(format!("write `{}`", to.display()), &e))?;
        }
        let mut gone = Vec::new();
        for entry in fs::read_dir(&base).into_iter().flatten().flatten() {
            let folder = format!("{VENDOR}/{}", entry.file_name().to_string_lossy());
            if !pins.contains_key(&folder) {
                remove(&entry.path())?;
                gone.push(folder);
            }
        }
        Ok(gone)
    }

    /// Into a folder that has nothing: whole or not at all.
    fn carry(&self, pins: &BTreeMap<String, Pin>, to: &Path) -> Result<(), Problem> {
        let to = std::path::absolute(to)
            .map_err(|e| Problem::io(format!("find `{}`", to.display()), &e))?;
        let doing = |e: std::io::Error| Problem::io(format!("write `{}`", to.display()), &e);
        match fs::read_dir(&to).map(|mut entries| entries.next().is_some()) {
            Ok(true) => {
                return Err(Problem::usage(format!("`{}` is not empty", to.display()))
                    .hint("name a folder that is empty or not there: nothing is overwritten"));
            }
            Ok(false) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(doing(e)),
        }
        let new = beside(&to, &std::process::id().to_string());
        let written = pins
            .iter()
            .try_for_each(|(folder, pin)| {
                let name = folder.rsplit('/').next().unwrap_or(folder);
                self.write(pin, &new.join(name))
            })
            .and_then(|()| {
                fs::create_dir_all(&new).map_err(doing)?;
                // takes the place of an empty folder
                fs::rename(&new, &to).map_err(doing)
            });
        written.inspect_err(|_| {
            let _ = fs::remove_dir_all(&new);
        })
    }

    /// The files of a state.
    fn write(&self, pin: &Pin, to: &Path) -> Result<(), Problem> {
        let tree = self
            .tree
            .foreign(pin)
            .map_err(|e| Problem::new(exit::FAILED, e.to_string()))?;
        for file in tree.files() {
            let path = to.join(file.path.as_ref());
            let doing = |e: std::io::Error| Problem::io(format!("write `{}`", path.display()), &e);
            let bytes = tree
                .read(&file.path)
                .map_err(|e| Problem::new(exit::ERROR, e.to_string()))?;
            fs::create_dir_all(path.parent().unwrap_or(to)).map_err(doing)?;
            fs::write(&path, &bytes).map_err(doing)?;
            let mode = if file.executable { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(doing)?;
        }
        Ok(())
    }
}

/// A hidden name in the same folder.
fn beside(to: &Path, mark: &str) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!(".{name}.{mark}"))
}

fn remove(path: &Path) -> Result<(), Problem> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Problem::io(format!("remove `{}`", path.display()), &e))
        }
        _ => Ok(()),
    }
}
