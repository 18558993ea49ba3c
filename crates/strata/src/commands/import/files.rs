//! `strata import outdated` and `verify`: what is locked against what is there.
use super::{Here, print_json, refused};
use crate::problem::Problem;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{exit, repo::Pin, tree::digest_of};
use strata_ops::imports::{LOCK_FILE, Wanted, gather::vendored};

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
