//! `_default`: its files lie below those of every environment, as BitOps' pages say. BitOps itself never did it.
use crate::{
    imports::Picked,
    merge::{Composed, Conflict, Layer},
};
use std::sync::Arc;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};

/// The layer of the defaults that an environment takes. Of charts it takes only those that it has, and their values not
/// at all, as helm is given both files; of those that `brought` names, which come from elsewhere, everything, as the
/// defaults lie above them.
pub fn layer(
    tree: &Arc<dyn Tree>,
    default: &str,
    env: &str,
    brought: &dyn Fn(&str) -> bool,
) -> Layer {
    let wants = |path: &str| {
        let Some(rest) = path.strip_prefix("helm/") else {
            return true;
        };
        let Some((chart, path)) = rest.split_once('/') else {
            return false;
        };
        let values = path.starts_with("values")
            && (path.ends_with(".yaml") || path.starts_with("values-files/"));
        brought(chart) || !values && !tree.below(&format!("{env}/helm/{chart}")).is_empty()
    };
    Layer {
        name: default.to_owned(),
        tree: Arc::new(Picked::new(tree.clone(), default, &wants)),
        folder: default.to_owned(),
        foreign: false,
    }
}

/// Says that an environment and its defaults cannot be one.
pub fn conflict(
    tree: &dyn Tree,
    default: &str,
    env: &str,
    conflict: &Conflict,
    problems: &mut Vec<Diagnostic>,
) {
    // the upper file stays beside the lower one under a name that nobody wrote
    let path = conflict
        .path
        .strip_suffix(&format!(".{env}.tf"))
        .unwrap_or(&conflict.path);
    let there = [format!("{env}/{path}"), format!("{default}/{path}")];
    let at = there
        .into_iter()
        .find(|p| tree.file(p).is_some())
        .unwrap_or_default();
    let message = format!("`{env}` and `{default}` cannot be one: {}", conflict.why);
    problems.push(
        Diagnostic::error("bitops::conflict", message)
            .at(Location::file(at))
            .help(format!("take it away from one of the two, or from `{default}` what this environment does otherwise")),
    );
}

/// Says that an environment takes files of its defaults.
pub fn taken(composed: &Composed, default: &str, env: &str, problems: &mut Vec<Diagnostic>) {
    let all = composed.files.iter();
    let mut taken = all.filter_map(|(_, f)| f.origin.iter().find(|p| p.layer == default));
    let Some(first) = taken.next() else {
        return;
    };
    let files = match 1 + taken.count() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    problems.push(
        Diagnostic::warning(
            "bitops::differs",
            format!("BitOps never merged `{default}` into `{env}`, as its pages say; strata does: {files}"),
        )
        .at(Location::file(first.path.as_str()))
        .help("look at `strata plan`; rename the folder to keep what BitOps did"),
    );
}
