//! Which files hold the objects.
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{diagnostic::Diagnostic, interface::Interface, tree::Tree};
use strata_syntax::kustomize::{self, Target};

/// The fact that names the manifests of a folder, as a JSON list of paths in it.
const FACT: &str = "manifests";

/// The kustomization of a folder: what it reads, and what is wrong with it.
pub(super) fn kustomization(tree: &dyn Tree, folder: &str) -> (Interface, Vec<Diagnostic>) {
    if kustomize::recognise(tree, folder).is_none() {
        return (Interface::default(), Vec::new());
    }
    let facts = kustomize::read(tree, folder);
    let mut reads: BTreeSet<String> = facts.files.iter().cloned().collect();
    for k in &facts.kustomizations {
        reads.insert(k.path.clone());
        for named in &k.names {
            if let Target::File(path) = &named.target {
                reads.insert(path.clone());
            }
        }
    }
    let remote = facts.kustomizations.iter().flat_map(|k| &k.names);
    let remote = remote.filter(|n| matches!(n.target, Target::Remote));
    let interface = Interface {
        reads: reads.into_iter().collect(),
        uncovered: remote.map(|n| n.said.text.clone()).collect(),
        ..Interface::default()
    };
    (interface, kustomize::problems(tree, &facts))
}

/// Every manifest of a folder and of those below it.
pub(super) fn folder(tree: &dyn Tree, folder: &str) -> (Interface, Vec<Diagnostic>) {
    let base = if folder.is_empty() || folder == "." {
        String::new()
    } else {
        format!("{folder}/")
    };
    let inside = |path: &str| path.strip_prefix(&base).map(str::to_owned);
    let mut files: Vec<String> = tree
        .below(folder)
        .iter()
        .filter_map(|f| inside(&f.path))
        .filter(|name| is_manifest(name))
        .collect();
    files.sort();
    let mut problems = Vec::new();
    if files.is_empty() {
        problems.push(
            Diagnostic::error(
                "kubectl::no-manifests",
                format!("`{folder}` holds no manifest"),
            )
            .help("put objects there, in files whose names end in `.yaml`, `.yml` or `.json`"),
        );
    } else if let Some(path) = kustomize::recognise(tree, folder) {
        problems.push(
            Diagnostic::error(
                "kubectl::kustomization",
                format!("`{path}` is a kustomization, not a manifest"),
            )
            .help("write `engine: kustomize`, or leave `engine` out"),
        );
    }
    let list = serde_json::to_string(&files).expect("plain data");
    let interface = Interface {
        facts: BTreeMap::from([(FACT.to_owned(), list)]),
        ..Interface::default()
    };
    (interface, problems)
}

fn is_manifest(name: &str) -> bool {
    let own = name == "component.yaml";
    let hidden = name.split('/').any(|part| part.starts_with('.'));
    let ends = [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| name.ends_with(end));
    ends && !own && !hidden
}

/// The manifests that were found.
pub(super) fn files(facts: &BTreeMap<String, String>) -> Vec<String> {
    let list = facts.get(FACT).map_or("[]", String::as_str);
    serde_json::from_str(list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn every_manifest_of_the_folder_is_one_and_nothing_else() {
        let tree = MemoryTree::new([
            ("a/x.yaml", ""),
            ("a/sub/y.json", ""),
            ("a/component.yaml", ""),
            ("a/.github/z.yaml", ""),
            ("a/README.md", ""),
            ("ab/x.yaml", ""),
        ]);
        let (interface, problems) = folder(&tree, "a");
        assert_eq!(files(&interface.facts), ["sub/y.json", "x.yaml"]);
        assert!(problems.is_empty());
        assert_eq!(folder(&tree, "none").1[0].code, "kubectl::no-manifests");
    }

    #[test]
    fn a_kustomization_brings_what_its_bases_name() {
        let tree = MemoryTree::new([
            ("a/kustomization.yaml", "resources: [../base]\n"),
            (
                "base/kustomization.yaml",
                "resources: [x.yaml]\nconfigMapGenerator: [{name: c, files: [app.conf]}]\n",
            ),
            ("base/x.yaml", ""),
            ("base/app.conf", ""),
        ]);
        let (interface, _) = kustomization(&tree, "a");
        let base = ["base/app.conf", "base/kustomization.yaml", "base/x.yaml"];
        assert!(
            base.iter().all(|f| interface.reads.iter().any(|r| r == f)),
            "{:?}",
            interface.reads
        );
    }
}
