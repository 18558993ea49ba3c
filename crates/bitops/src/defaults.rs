//! `_default`: its files lie below those of every environment, as BitOps' pages say. BitOps itself never did it.
use crate::{
    Settings,
    merge::{Layer, compose},
    overlay::Overlay,
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    tree::{Tree, TreeFile},
};

/// The files with defaults merged into every environment.
pub fn below(
    tree: &Arc<dyn Tree>,
    environments: &[String],
    settings: &Settings,
    problems: &mut Vec<Diagnostic>,
) -> Arc<dyn Tree> {
    let default = settings.default_folder();
    if tree.below(default).is_empty() {
        return tree.clone();
    }
    let mut made = BTreeMap::new();
    for env in environments {
        merge_into(tree, default, env, &mut made, problems);
    }
    if made.is_empty() {
        return tree.clone();
    }
    Arc::new(Overlay::new(tree.clone(), made))
}

fn merge_into(
    tree: &Arc<dyn Tree>,
    default: &str,
    env: &str,
    made: &mut BTreeMap<String, (Vec<u8>, bool)>,
    problems: &mut Vec<Diagnostic>,
) {
    let wanted = Arc::new(Wanted::new(tree.clone(), default, env));
    let layer = |folder: &str, tree: Arc<dyn Tree>| Layer {
        name: folder.to_owned(),
        tree,
        folder: folder.to_owned(),
        foreign: false,
    };
    let composed = match compose(&[layer(default, wanted), layer(env, tree.clone())]) {
        Ok(composed) => composed,
        Err(e) => {
            problems.push(
                Diagnostic::error("file::unreadable", e.to_string()).at(Location::file(default)),
            );
            return;
        }
    };
    for conflict in &composed.conflicts {
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
    if !composed.conflicts.is_empty() {
        return;
    }
    let mut taken: Option<(usize, &str)> = None;
    for (path, file) in &composed.files {
        let at = format!("{env}/{path}");
        let same = tree.file(&at).is_some() && file.plain && file.origin == [env.to_owned()];
        if same {
            continue;
        }
        if file.origin[0] == default {
            taken = Some(taken.map_or((1, path), |(n, first)| (n + 1, first)));
        }
        made.insert(at, (file.bytes.to_vec(), file.executable));
    }
    if let Some((n, first)) = taken {
        let files = if n == 1 {
            "1 file".to_owned()
        } else {
            format!("{n} files")
        };
        problems.push(
            Diagnostic::warning(
                "bitops::differs",
                format!("BitOps never merged `{default}` into `{env}`, as its pages say; strata does: {files}"),
            )
            .at(Location::file(format!("{default}/{first}")))
            .help("look at `strata plan`; rename the folder to keep what BitOps did"),
        );
    }
}

/// The defaults that an environment takes: of charts only those that it has, and their values not at all, as helm is
/// given both files.
struct Wanted {
    tree: Arc<dyn Tree>,
    files: Vec<TreeFile>,
}

impl Wanted {
    fn new(tree: Arc<dyn Tree>, default: &str, env: &str) -> Self {
        let wants = |file: &&TreeFile| {
            let Some(rest) = file.path.strip_prefix(&format!("{default}/helm/")) else {
                return true;
            };
            let Some((chart, path)) = rest.split_once('/') else {
                return false;
            };
            let values = path.starts_with("values")
                && (path.ends_with(".yaml") || path.starts_with("values-files/"));
            !values && !tree.below(&format!("{env}/helm/{chart}")).is_empty()
        };
        let files = tree.below(default).iter().filter(wants).cloned().collect();
        Self { tree, files }
    }
}

impl Tree for Wanted {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, strata_core::tree::TreeError> {
        self.tree.read(path)
    }
}
