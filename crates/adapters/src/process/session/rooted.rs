//! A session whose root is a folder of the platform: the same session, told with paths from there.
use std::{borrow::Cow, sync::Arc};
use strata_core::{
    engine::Workspace,
    executor::{ExecutorError, SessionSpec},
    tree::{Tree, TreeError, TreeFile},
};

/// The session as it is from a folder. What of it does not lie there is an error.
pub fn from(spec: &SessionSpec, root: &str) -> Result<SessionSpec, ExecutorError> {
    let inside = |path: &str| -> Result<String, ExecutorError> {
        let rest = path.strip_prefix(root).and_then(|p| p.strip_prefix('/'));
        rest.map(str::to_owned)
            .ok_or_else(|| ExecutorError::Outside(path.to_owned()))
    };
    let beside: Result<Vec<String>, ExecutorError> =
        spec.workspace.beside.iter().map(|p| inside(p)).collect();
    let files: Result<Vec<Arc<str>>, ExecutorError> = spec
        .files
        .iter()
        .map(|p| inside(p).map(Arc::from))
        .collect();
    Ok(SessionSpec {
        unit: spec.unit.clone(),
        tree: Arc::new(Inside::new(spec.tree.clone(), root)),
        files: files?,
        folder: inside(&spec.folder)?,
        workspace: Workspace {
            root: String::new(),
            beside: beside?,
            ..spec.workspace.clone()
        },
        env: spec.env.clone(),
        secret_files: spec.secret_files.clone(),
        passthrough: spec.passthrough.clone(),
    })
}

/// A folder of a tree as a tree.
struct Inside {
    tree: Arc<dyn Tree>,
    root: String,
    files: Vec<TreeFile>,
}

impl Inside {
    fn new(tree: Arc<dyn Tree>, root: &str) -> Self {
        let skip = root.len() + 1;
        let cut = |f: &TreeFile| TreeFile {
            path: f.path[skip..].into(),
            ..f.clone()
        };
        Self {
            files: tree.below(root).iter().map(cut).collect(),
            root: root.to_owned(),
            tree,
        }
    }
    fn whole(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }
}

impl Tree for Inside {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.tree.read(&self.whole(path))
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        self.tree.derived(&self.whole(path), form, make)
    }
}
