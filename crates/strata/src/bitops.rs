//! Repos of BitOps on a disk: where one begins, and the variables of ours that it heeds.
use std::{
    fs,
    path::{Path, PathBuf},
};
use strata_bitops::{Settings, layout::CONFIG};
use strata_ops::load::ROOT_FILE;

/// Folders that are called after their tool are no environments.
const TOOLS: &[&str] = &["terraform", "ansible", "helm", "cloudformation", "kubectl"];

/// Is this the root of a repo of BitOps? A quick look: the files themselves decide.
pub fn is_root(dir: &Path) -> bool {
    if dir.join(ROOT_FILE).exists() {
        return false;
    }
    folders(dir).iter().any(|env| is_environment(env))
}

fn is_environment(dir: &Path) -> bool {
    let name = dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if name.starts_with(['_', '.']) || TOOLS.contains(&name.as_str()) {
        return false;
    }
    let own = fs::read_to_string(dir.join(CONFIG)).unwrap_or_default();
    let configured = |l: &str| l.starts_with("bitops:") || l.starts_with("default-environments:");
    if own.lines().any(configured) {
        return true;
    }
    folders(dir).iter().any(|deployment| {
        deployment.join(CONFIG).is_file() || {
            let tool = deployment
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            TOOLS.contains(&tool.as_str())
                && folders(deployment)
                    .iter()
                    .any(|below| below.join(CONFIG).is_file())
        }
    })
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|e| e.path()).filter(|p| p.is_dir()).collect()
}

/// The variables of ours that count, and only those: what a repo says must not depend on anything else.
pub fn settings(only: Option<String>) -> Settings {
    let variables = strata_adapters::process::environment();
    let variables = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with("BITOPS_"));
    Settings {
        variables: variables.collect(),
        only,
    }
}
