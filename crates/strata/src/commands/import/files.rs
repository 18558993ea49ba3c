//! `strata import outdated`, `vendor`, `verify`: what is locked against what is there.
use super::{Here, print_json, refused};
use crate::problem::Problem;
use serde_json::{Value as Json, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
};
use strata_core::{exit, repo::Pin, tree::digest_of};
use strata_ops::imports::{LOCK_FILE, VENDOR, Wanted, gather::vendored};

impl Here {
    pub(super) fn outdated(self) -> Result<u8, Problem> {
        let mut seen = BTreeSet::new();
        let mut rows: Vec<(Wanted, Option<String>, Vec<String>)> = Vec::new();
        for w in self.wanted(&self.lock, true)? {
            let Some(pin) = w.pin.clone() else { continue };
            if !seen.insert((w.path.clone(), pin.commit.clone())) {
                continue;
            }
            let found = self
                .cache
                .resolve(&w.repo, &w.version)
                .map_err(|e| refused(&e))?;
            let now = (found.commit != pin.commit).then_some(found.commit);
            let later = self
                .cache
                .later(&w.repo, &w.version)
                .map_err(|e| refused(&e))?;
            if now.is_some() || !later.is_empty() {
                rows.push((w, now, later));
            }
        }
        if self.cx.json() {
            let all: Vec<Json> = rows
                .iter()
                .map(|(w, now, later)| {
                    json!({"import": w.path, "repo": w.repo.text(), "version": w.version,
                        "locked": w.pin.as_ref().map(|p| p.commit.clone()), "now": now, "later": later})
                })
                .collect();
            print_json(&json!({ "outdated": all }));
            return Ok(exit::DONE);
        }
        for (w, now, later) in &rows {
            let newest = later.first().map_or(String::new(), |l| format!(" → {l}"));
            let moved = match now {
                Some(now) => format!("  (`{}` is {} now)", w.version, &now[..12]),
                None => String::new(),
            };
            println!("{}: {} {}{newest}{moved}", w.path, w.repo, w.version);
        }
        if rows.is_empty() {
            eprintln!("every import is at its last version");
        }
        Ok(exit::DONE)
    }

    /// Pins by where they are vendored.
    fn pins(&self) -> Result<BTreeMap<String, Pin>, Problem> {
        let wanted = self.wanted(&self.lock, false);
        // what is vendored wrong is what is put right here
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(_) => self.wanted(&self.lock, true)?,
        };
        Ok(wanted
            .into_iter()
            .filter_map(|w| w.pin)
            .map(|pin| (vendored(&pin), pin))
            .collect())
    }

    pub(super) fn vendor(self) -> Result<u8, Problem> {
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
        let base = self.cx.root.join(VENDOR);
        for (folder, pin) in &pins {
            let tree = self
                .tree
                .foreign(pin)
                .map_err(|e| Problem::new(exit::FAILED, e.to_string()))?;
            let to = self.cx.root.join(folder);
            let name = to
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let new = base.join(format!(".{name}.new"));
            remove(&new)?;
            for file in tree.files() {
                let path = new.join(file.path.as_ref());
                let doing =
                    |e: std::io::Error| Problem::io(format!("write `{}`", path.display()), &e);
                let bytes = tree
                    .read(&file.path)
                    .map_err(|e| Problem::new(exit::ERROR, e.to_string()))?;
                fs::create_dir_all(path.parent().unwrap_or(&new)).map_err(doing)?;
                fs::write(&path, &bytes).map_err(doing)?;
                let mode = if file.executable { 0o755 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(doing)?;
            }
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
        if self.cx.json() {
            let all: Vec<&String> = pins.keys().collect();
            print_json(&json!({ "vendored": all, "removed": gone }));
            return Ok(exit::DONE);
        }
        for (folder, pin) in &pins {
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

    pub(super) fn verify(self) -> Result<u8, Problem> {
        let mut wrong: Vec<String> = Vec::new();
        let (loaded, problems) = self.load(&self.lock);
        let mut checked = BTreeSet::new();
        for p in problems
            .iter()
            .filter(|p| p.is_error() && p.code.starts_with("import::"))
        {
            wrong.push(p.message.clone());
        }
        for (folder, pin) in self.pins()? {
            checked.insert(folder.clone());
            if self.tree.below(&folder).is_empty() {
                if let Some(why) = self.damaged(&pin) {
                    wrong.push(why);
                }
            } else {
                for file in self.tree.below(&folder) {
                    if let Err(e) = self.tree.read(&file.path) {
                        wrong.push(e.to_string());
                    }
                }
            }
        }
        if !self.cx.global.offline {
            for w in &loaded.wanted {
                let Some(pin) = &w.pin else { continue };
                if let Some(now) = self.moved(w, pin)? {
                    wrong.push(format!(
                        "the tag `{}` of {} moved: it was {} when it was locked, and is {now} now",
                        w.version, w.repo, pin.commit
                    ));
                }
            }
        }
        wrong.sort();
        wrong.dedup();
        if self.cx.json() {
            print_json(&json!({ "verified": checked.len(), "wrong": wrong }));
        } else if wrong.is_empty() {
            eprintln!(
                "{} repositories at a commit are what `{LOCK_FILE}` says",
                checked.len()
            );
        } else {
            wrong.iter().for_each(|w| println!("{w}"));
        }
        if wrong.is_empty() {
            return Ok(exit::DONE);
        }
        Err(Problem::new(
            exit::DENIED,
            format!(
                "{} of what is imported is not what `{LOCK_FILE}` says",
                wrong.len()
            ),
        ))
    }

    /// What is wrong with the files of a state in the cache; they are forgotten then.
    fn damaged(&self, pin: &Pin) -> Option<String> {
        let tree = match self.tree.foreign(pin) {
            Ok(tree) => tree,
            Err(e) => return Some(e.to_string()),
        };
        let unread = tree.files().iter().find_map(|f| tree.read(&f.path).err());
        let same = digest_of(tree.files()) == pin.digest;
        if same && unread.is_none() {
            return None;
        }
        let _ = self.cache.forget(&pin.commit);
        let why = unread.map_or_else(|| "another digest".to_owned(), |e| e.to_string());
        Some(format!(
            "the cached files of {} at {} are damaged ({why}); they are fetched again when they are needed",
            pin.repo, pin.version
        ))
    }
}

fn remove(path: &std::path::Path) -> Result<(), Problem> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Problem::io(format!("remove `{}`", path.display()), &e))
        }
        _ => Ok(()),
    }
}
