//! What of other repositories could be named: of those in the lock, and of this one.
use super::{candidates::Candidate, view::View};
use crate::{
    decode::Problems,
    imports::{Entry, Lock, gather::fetched},
    load::COMPONENT_FILE,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::tree::Tree;

/// More folders than a person would look through are not offered.
const MOST: usize = 500;

/// Names with what they are, sorted.
type Named = BTreeMap<String, String>;

fn candidates(all: Named) -> Vec<Candidate> {
    let one = |(name, of): (String, String)| Candidate {
        name,
        detail: Some(of),
        about: None,
    };
    all.into_iter().map(one).collect()
}

/// What is locked: one entry for each version of a repository.
fn locked(view: &View<'_>) -> Vec<Entry> {
    let lock = Lock::of(view.c.loaded.tree.as_ref(), &mut Problems::new());
    let mut seen = BTreeSet::new();
    let mut all: Vec<Entry> = lock.entries().cloned().collect();
    all.retain(|e| seen.insert((e.pin.repo.key().to_owned(), e.pin.version.clone())));
    all
}

/// Its files, where they are to be had.
fn files(view: &View<'_>, entry: &Entry) -> Option<Arc<dyn Tree>> {
    fetched(&view.c.loaded.tree, entry, &entry.at).ok()
}

/// Repositories.
pub(super) fn repositories(view: &View<'_>) -> Vec<Candidate> {
    let all = locked(view).into_iter();
    candidates(
        all.map(|e| (e.pin.repo.text().to_owned(), "repository".to_owned()))
            .collect(),
    )
}

/// Their versions.
pub(super) fn versions(view: &View<'_>) -> Vec<Candidate> {
    let mut all = Named::new();
    for e in locked(view) {
        let of = all.entry(e.pin.version).or_insert("of".to_owned());
        of.push(' ');
        of.push_str(e.pin.repo.text());
    }
    candidates(all)
}

/// Environments.
pub(super) fn environments(view: &View<'_>) -> Vec<Candidate> {
    let mut all = Named::new();
    for name in view.c.loaded.environments.keys() {
        all.insert(name.clone(), "environment of this repository".to_owned());
    }
    for e in locked(view) {
        let Some(tree) = files(view, &e) else {
            continue;
        };
        for file in tree.below("environments") {
            let name = file.path["environments/".len()..].strip_suffix(".yaml");
            let of = || format!("environment of {} at {}", e.pin.repo, e.pin.version);
            if let Some(name) = name.filter(|n| !n.contains('/')) {
                all.entry(name.to_owned()).or_insert_with(of);
            }
        }
    }
    all.retain(|name, _| !name.starts_with('_'));
    candidates(all)
}

/// Components in the layers of what is locked. Not of the composition: while an import is typed, it is none.
pub(super) fn components(view: &View<'_>) -> Vec<Candidate> {
    let mut all = Named::new();
    for e in locked(view) {
        let Some(tree) = files(view, &e) else {
            continue;
        };
        for file in tree.below("layers") {
            // `layers/LAYER/NAME/…`
            if let [_, _, name, _] = file.path.splitn(4, '/').collect::<Vec<_>>()[..]
                && !name.starts_with('_')
            {
                let of = || format!("component of {} at {}", e.pin.repo, e.pin.version);
                all.entry(name.to_owned()).or_insert_with(of);
            }
        }
    }
    candidates(all)
}

/// Folders that a component could have: of repositories, and of this one.
pub(super) fn sources(view: &View<'_>) -> Vec<Candidate> {
    let loaded = &view.c.loaded;
    let taken: BTreeSet<&str> = loaded.components.values().map(|s| &*s.folder).collect();
    let mut all = Named::new();
    for folder in folders(view, loaded.tree.as_ref()) {
        let other = ["layers/", "vendor/", "."];
        if !other.iter().any(|o| folder.starts_with(o)) && !taken.contains(folder.as_str()) {
            all.insert(folder, "folder of this repository".to_owned());
        }
    }
    for e in locked(view) {
        let repo = e.pin.repo.text();
        if let Some(tree) = files(view, &e) {
            for folder in folders(view, tree.as_ref()) {
                let of = || format!("at {}", e.pin.version);
                all.entry(format!("{repo}//{folder}")).or_insert_with(of);
            }
        }
        all.entry(repo.to_owned())
            .or_insert("repository".to_owned());
    }
    candidates(all)
}

/// Folders of a tree that say what they are.
fn folders(view: &View<'_>, tree: &dyn Tree) -> Vec<String> {
    let files = tree.files().iter();
    let all: BTreeSet<&str> = files
        .filter_map(|f| Some(f.path.rsplit_once('/')?.0))
        .collect();
    let fits = |folder: &&str| {
        let described = tree.file(&format!("{folder}/{COMPONENT_FILE}")).is_some();
        let mut engines = view.c.engines.iter();
        described || engines.any(|e| e.recognise(tree, folder).is_some())
    };
    let some = all.into_iter().take(MOST * 4).filter(fits).take(MOST);
    some.map(str::to_owned).collect()
}
