//! Of a file: whose it is, and which units see it.
use super::place;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{repo::Pin, span::Location};
use strata_ops::{compose::Composition, imports::Origin};

/// Whose files lie below a folder.
struct Owner {
    /// The environment or component that they are: `import obs`, `component vpc`.
    what: String,
    /// Their state.
    pin: Pin,
    /// Where that is written.
    at: Location,
}

/// What is known of a file.
#[derive(Default)]
struct Seen {
    owner: Option<Owner>,
    /// Units whose tools see it.
    read: BTreeSet<String>,
    /// Units that it describes.
    described: BTreeSet<String>,
}

/// Says it of the file with this path: from the platform's folder, or as findings show it (`obs@1.2.0:up.sh`). False
/// when there is none.
pub fn explain(c: &Composition, path: &str, json: bool) -> bool {
    let tree = c.loaded.tree.as_ref();
    let wanted = path.trim_start_matches("./");
    let files: Vec<&str> = tree
        .files()
        .iter()
        .map(|f| f.path.as_ref())
        .filter(|p| *p == wanted || tree.shown(p) == wanted)
        .collect();
    if files.is_empty() {
        return false;
    }
    // one file of another repository lies at a place for each environment that has it
    let mut all: BTreeMap<String, Seen> = BTreeMap::new();
    for file in files {
        let seen = all.entry(tree.shown(file).into_owned()).or_default();
        if seen.owner.is_none() {
            seen.owner = owner(c, file);
        }
        for unit in &c.units {
            let v = c.variant(unit);
            if v.closure.files.iter().any(|f| f.as_ref() == file) {
                seen.read.insert(unit.address.to_string());
            } else if v.component.at.file.as_ref() == file {
                seen.described.insert(unit.address.to_string());
            }
        }
    }
    for (file, seen) in &all {
        if json {
            let text = serde_json::to_string_pretty(&as_json(c, file, seen));
            println!("{}", text.expect("plain data"));
        } else {
            print(c, file, seen);
        }
    }
    true
}

fn owner(c: &Composition, file: &str) -> Option<Owner> {
    for unit in &c.units {
        let v = c.variant(unit);
        if let Some((origin, pin)) = Origin::foreign(v.origin.as_ref())
            && file.starts_with(c.base_of(unit).as_ref())
        {
            return Some(Owner {
                what: format!("component {}", unit.address.local()),
                pin: pin.clone(),
                at: origin.at.clone(),
            });
        }
    }
    c.envs.iter().find_map(|e| {
        let within = e.within.as_ref()?;
        let base = within.loaded.as_ref()?.base.as_str();
        (!base.is_empty() && file.starts_with(base)).then(|| {
            Some(Owner {
                what: format!("import {}", within.path),
                pin: within.pin.clone()?,
                at: within.at.clone(),
            })
        })?
    })
}

fn print(c: &Composition, file: &str, seen: &Seen) {
    println!("{file}");
    let list = |units: &BTreeSet<String>| units.iter().cloned().collect::<Vec<_>>().join(", ");
    match &seen.owner {
        Some(owner) => println!(
            "  of {} at {}, commit {}: {}, wished for at {}",
            owner.pin.repo,
            owner.pin.version,
            owner.pin.commit,
            owner.what,
            place(&owner.at, c.loaded.tree.as_ref())
        ),
        None => println!("  of this repository"),
    }
    if !seen.described.is_empty() {
        println!("  describes {}", list(&seen.described));
    }
    if !seen.read.is_empty() {
        println!("  seen by {}", list(&seen.read));
    } else if seen.described.is_empty() {
        println!("  seen by the tool of no unit");
    }
}

fn as_json(c: &Composition, file: &str, seen: &Seen) -> Json {
    let from = seen.owner.as_ref().map(|owner| {
        json!({
            "what": owner.what,
            "repo": owner.pin.repo.text(),
            "version": owner.pin.version,
            "commit": owner.pin.commit,
            "at": place(&owner.at, c.loaded.tree.as_ref()),
        })
    });
    json!({"file": file, "from": from, "seen-by": seen.read, "describes": seen.described})
}
