//! Components by their place: what lies in `layers`.
use super::Found;
use strata_core::{span::Location, tree::Tree};

/// Folders `layers/LAYER/NAME`; names that begin with `_` are not components.
pub(super) fn in_layers<'a>(tree: &'a dyn Tree, base: &str) -> Vec<Found<'a>> {
    let mut out: Vec<Found<'_>> = Vec::new();
    for file in tree.below(&format!("{base}layers")) {
        let mut parts = file.path[base.len()..].splitn(4, '/').skip(1);
        let (Some(layer), Some(name), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if layer.starts_with('_') || name.starts_with('_') {
            continue;
        }
        let folder = &file.path[..base.len() + 7 + layer.len() + 1 + name.len()];
        if out.last().is_some_and(|f| f.folder == folder) {
            continue;
        }
        out.push(Found {
            name,
            folder: folder.to_owned(),
            layer: Some(layer.to_owned()),
            entry: None,
            own: false,
            at: Location::file(file.path.as_ref()),
        });
    }
    out
}
