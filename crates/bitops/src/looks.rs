//! Which deployments look at what others write: found by the paths in their files.
use crate::deployment::Deployment;
use strata_core::tree::Tree;

/// Which earlier deployments each one looks at: it has to wait until they have written what they write.
pub fn connect(tree: &dyn Tree, env: &str, all: &mut [Deployment]) {
    for i in 0..all.len() {
        let found = if i == 0 {
            Vec::new()
        } else {
            looks_at(tree, env, &all[..=i])
        };
        all[i].looks_at = found;
    }
}

/// Files larger than this are data.
const LARGEST: u64 = 1 << 18;

fn looks_at(tree: &dyn Tree, env: &str, all: &[Deployment]) -> Vec<String> {
    let (own, earlier) = all.split_last().expect("at least one");
    let ups = "../".repeat(own.key.split('/').count());
    let mut out = Vec::new();
    let files = tree.below(&own.folder).iter().filter(|f| f.size <= LARGEST);
    let texts: Vec<String> = files.filter_map(|f| tree.text(&f.path).ok()).collect();
    for other in earlier {
        let relative = format!("{ups}{}", other.key);
        let near = format!("../{}", other.key.rsplit('/').next().unwrap_or_default());
        let root = format!("{}_ROOT", other.plugin.to_uppercase());
        let named = |text: &String| {
            text.contains(&relative)
                || text.contains(&near)
                || text.contains(&format!("ENVROOT/{}", other.key))
                || text.contains(&format!("ENVROOT}}/{}", other.key))
                || text.contains(&format!("{env}/{}", other.key))
                || text.contains(&root)
        };
        if texts.iter().any(named) {
            out.push(other.name.clone());
        }
    }
    out
}
