//! A session whose root is a folder of the platform: the same session, told with paths from there.
use std::sync::Arc;
use strata_core::{
    engine::Workspace,
    executor::{ExecutorError, SessionSpec},
    tree::Below,
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
        tree: Arc::new(Below::new(spec.tree.clone(), root)),
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
