//! Layers of an environment's files folded into one, by kind of file: `_default` below an environment, and what is
//! fetched from other repos below both. Lowest layer first; the upper one wins where only one can.
//!
//! | file | both layers have it |
//! |---|---|
//! | `*.tf` | both stay: the upper one as `NAME.LAYER.tf`; blocks of the same address are an error |
//! | `bitops.config.yaml`, other YAML and JSON maps | merged deeply, the upper one wins, lists are replaced |
//! | `*.tfvars` | merged by attribute |
//! | parameters of CloudFormation (JSON list) | merged by `ParameterKey` |
//! | `.terraform.lock.hcl` | union; two versions of one provider are an error |
//! | scripts, playbooks, templates, all others | the upper one |
//!
//! It fetches nothing and knows no repo: whoever fetched the trees joins them here.
mod blocks;
pub(crate) mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::tree::{Tree, TreeError};

/// One layer.
#[derive(Clone)]
pub struct Layer {
    /// What it is called, in names of files and in messages: an environment, or an import's name.
    pub name: String,
    /// Where its files are.
    pub tree: Arc<dyn Tree>,
    /// The folder of the environment in that tree.
    pub folder: String,
    /// Is it another repo's?
    pub foreign: bool,
}

/// A file of a layer that another one is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The layer.
    pub layer: String,
    /// Its path in that layer's tree.
    pub path: String,
}

/// A file as it was composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its content.
    pub bytes: Arc<[u8]>,
    /// May it be executed?
    pub executable: bool,
    /// What it is made of, lowest layer first; of one that replaced others only that one.
    pub origin: Vec<Piece>,
    /// Is it as it lies in its layer, at the same path?
    pub plain: bool,
}

/// Two layers that cannot be folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The file, from the environment's folder.
    pub path: String,
    /// The layers.
    pub layers: (String, String),
    /// Why not.
    pub why: String,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Composed {
    /// Files by path from the environment's folder.
    pub files: BTreeMap<String, File>,
    /// What does not fit.
    pub conflicts: Vec<Conflict>,
    /// Files of a lower layer that an upper one replaced: path, lower, upper.
    pub replaced: Vec<(String, String, String)>,
}

/// What tools leave behind and nobody takes over.
fn is_left_behind(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut parts = path.split('/');
    parts.any(|p| p == ".git" || p == ".terraform")
        || name.contains(".tfstate")
        || name == "ENV_FILE"
}

/// Does Terraform lay this file over the others of its folder?
pub fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".json").unwrap_or(name);
    name == "override.tf" || name.ends_with("_override.tf")
}

/// Folds layers, lowest first.
pub fn compose(layers: &[Layer]) -> Result<Composed, TreeError> {
    let mut out = Composed::default();
    let mut foreign: BTreeSet<String> = BTreeSet::new();
    for layer in layers {
        let skip = if layer.folder.is_empty() {
            0
        } else {
            layer.folder.len() + 1
        };
        for file in layer.tree.below(&layer.folder) {
            let path = &file.path[skip..];
            if is_left_behind(path) {
                continue;
            }
            let new = File {
                bytes: layer.tree.read(&file.path)?,
                executable: file.executable,
                origin: vec![Piece {
                    layer: layer.name.clone(),
                    path: file.path.to_string(),
                }],
                plain: true,
            };
            put(&mut out, path, new, layer, &mut foreign);
        }
    }
    // what the consumer has too is the consumer's
    let own = |path: &str| {
        layers
            .iter()
            .any(|l| !l.foreign && l.tree.file(&at(l, path)).is_some())
    };
    out.conflicts
        .retain(|c| c.why != STRANGERS || !own(&c.path));
    blocks::distinct(&mut out);
    Ok(out)
}

/// Why two other repos' files cannot be one.
const STRANGERS: &str = "two other repos bring it, and such files cannot be merged";

fn at(layer: &Layer, path: &str) -> String {
    if layer.folder.is_empty() {
        path.to_owned()
    } else {
        format!("{}/{path}", layer.folder)
    }
}

fn put(out: &mut Composed, path: &str, new: File, layer: &Layer, foreign: &mut BTreeSet<String>) {
    let was_foreign = foreign.contains(path);
    if layer.foreign {
        foreign.insert(path.to_owned());
    }
    let Some(old) = out.files.get(path) else {
        out.files.insert(path.to_owned(), new);
        return;
    };
    if old.bytes == new.bytes {
        return;
    }
    if path.ends_with(".tf") {
        // a file that overrides must go on doing so under its new name
        let over = if is_override(path) { "_override" } else { "" };
        let mut beside = format!("{path}.{}{over}.tf", layer.name);
        while out.files.contains_key(&beside) {
            // a lower layer has a file of that very name
            beside = format!("{beside}.{}{over}.tf", layer.name);
        }
        out.files.insert(
            beside,
            File {
                plain: false,
                ..new
            },
        );
        return;
    }
    let lower = old
        .origin
        .last()
        .map_or_else(String::new, |p| p.layer.clone());
    match text::merged(path, &old.bytes, &new.bytes) {
        text::Merged::Both(bytes) => {
            let mut origin = old.origin.clone();
            origin.extend(new.origin);
            let file = File {
                bytes: bytes.into_bytes().into(),
                executable: new.executable,
                origin,
                plain: false,
            };
            out.files.insert(path.to_owned(), file);
        }
        text::Merged::Upper => {
            if was_foreign && layer.foreign {
                out.conflicts.push(Conflict {
                    path: path.to_owned(),
                    layers: (lower.clone(), layer.name.clone()),
                    why: STRANGERS.to_owned(),
                });
            }
            out.replaced
                .push((path.to_owned(), lower, layer.name.clone()));
            out.files.insert(path.to_owned(), new);
        }
        text::Merged::Never(why) => out.conflicts.push(Conflict {
            path: path.to_owned(),
            layers: (lower, layer.name.clone()),
            why,
        }),
    }
}

#[cfg(test)]
mod tests;
