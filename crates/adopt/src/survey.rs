//! The folders of a tree that are looked at, and those that are left out with the reason.
use crate::place::Places;
use std::collections::{BTreeMap, BTreeSet};
use strata_core::tree::Tree;

/// A folder that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The folder.
    pub folder: String,
    /// Why.
    pub why: String,
}

/// The folders of a tree.
pub struct Survey {
    /// Folders that have files of their own, sorted.
    pub folders: BTreeSet<String>,
    /// Folders that are left out, though tools would know them.
    pub skipped: Vec<Skipped>,
    /// What paths say.
    pub places: Places,
    /// Every folder that is left out, the outermost only.
    out: BTreeSet<String>,
}

impl Survey {
    /// Of a tree.
    pub fn of(tree: &dyn Tree) -> Self {
        let places = Places::of(tree);
        let (mut folders, mut out) = (BTreeSet::new(), BTreeMap::<String, (&str, bool)>::new());
        for file in tree.files() {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            match left_out(&places, folder) {
                Some((outer, why)) => {
                    let entry = out.entry(outer).or_insert((why, false));
                    entry.1 |= is_known(name);
                }
                None => drop(folders.insert(folder.to_owned())),
            }
        }
        let skipped = out
            .iter()
            .filter(|(_, (_, known))| *known)
            .map(|(folder, (why, _))| Skipped {
                folder: folder.clone(),
                why: (*why).to_owned(),
            })
            .collect();
        Self {
            folders,
            skipped,
            places,
            out: out.into_keys().collect(),
        }
    }

    /// Is a folder, or one around it, left out?
    pub fn leaves_out(&self, folder: &str) -> bool {
        self.out.iter().any(|o| inside(folder, o))
    }
    /// Leaves one more folder out.
    pub fn skip(&mut self, folder: &str, why: impl Into<String>) {
        self.skipped.push(Skipped {
            folder: folder.to_owned(),
            why: why.into(),
        });
    }
}

/// Is a folder this one, or inside of it?
pub fn inside(folder: &str, outer: &str) -> bool {
    outer.is_empty()
        || folder
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The outermost part of a path that is left out, and why.
fn left_out<'p>(places: &Places, folder: &'p str) -> Option<(String, &'static str)> {
    let mut at = 0;
    while at < folder.len() {
        let end = folder[at..].find('/').map_or(folder.len(), |i| at + i);
        let parent: &'p str = folder[..at].trim_end_matches('/');
        if let Some(why) = places.skipped(parent, &folder[at..end]) {
            return Some((folder[..end].to_owned(), why));
        }
        at = end + 1;
    }
    None
}

/// Would a tool know a file by its name?
fn is_known(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "Chart.yaml",
        "kustomization.yaml",
        "kustomization.yml",
        "site.yml",
        "playbook.yml",
    ];
    const ENDINGS: &[&str] = &[".tf", ".tf.json", ".pkr.hcl"];
    NAMES.contains(&name) || ENDINGS.iter().any(|e| name.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn what_is_left_out_is_said_once_and_only_where_tools_would_look() {
        let tree = MemoryTree::new([
            ("net/main.tf", ""),
            ("modules/vpc/examples/full/main.tf", ""),
            ("modules/vpc/examples/small/main.tf", ""),
            ("vendor/x/Chart.yaml", ""),
            ("docs/a.md", ""),
            (".github/workflows/a.yml", ""),
        ]);
        let survey = Survey::of(&tree);
        let said: Vec<String> = survey
            .skipped
            .iter()
            .map(|s| format!("{}: {}", s.folder, s.why))
            .collect();
        assert_eq!(
            said,
            [
                "modules/vpc/examples: examples",
                "vendor: comes from elsewhere"
            ]
        );
        assert!(survey.folders.contains("net") && !survey.folders.contains("docs"));
        assert!(survey.leaves_out("vendor/x/y") && !survey.leaves_out("vendored-not"));
    }
}
