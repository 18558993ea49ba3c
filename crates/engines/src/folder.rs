//! The files that lie in a component's folder itself, by name: how a folder says what it is.
use strata_core::tree::Tree;

/// Path and name of each file of the folder, without those of its subfolders.
pub fn files<'a>(tree: &'a dyn Tree, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let inside = if folder.is_empty() || folder == "." {
        0
    } else {
        folder.len() + 1
    };
    let own = move |path: &'a str| {
        Some((path, path.get(inside..)?)).filter(|(_, name)| !name.contains('/'))
    };
    tree.below(folder)
        .iter()
        .filter_map(move |file| own(file.path.as_ref()))
}

/// Does a name end so? As the tools see it, where case matters.
pub fn ends(name: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| name.ends_with(suffix))
}

/// A path in a folder.
pub fn path(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder == "." {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn only_the_folder_itself_counts() {
        let tree = MemoryTree::new([("a/x.tf", ""), ("a/b/y.tf", ""), ("a.tf", "")]);
        let names = |folder| {
            files(&tree, folder)
                .map(|(_, name)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (names("a"), names(""), names("a/b")),
            (vec!["x.tf"], vec!["a.tf"], vec!["y.tf"])
        );
    }
}
