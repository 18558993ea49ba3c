//! What the resources of a root are, and the files that they write into this repository.
use crate::layers::Content;
use strata_core::tree::{Tree, join};
use strata_syntax::{
    hcl::{self, Block},
    node::Origin,
    said::direct,
    terraform::Module,
};

/// A file that a resource writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    /// The path in the tree up to what has to be computed.
    pub path: String,
    /// Is that all of it?
    pub whole: bool,
    /// The resource.
    pub by: String,
    /// The repository that it is written to, when it is not simply this folder.
    pub repository: Option<String>,
}

/// What a root with its local modules has and writes.
pub fn of(tree: &dyn Tree, root: &str, module: &Module) -> (Content, Vec<Write>) {
    let mut content = Content::default();
    let mut writes = Vec::new();
    let folders = std::iter::once(root).chain(module.modules.iter().map(String::as_str));
    for folder in folders {
        for (path, name) in direct(tree, folder) {
            if !name.ends_with(".tf") && !name.ends_with(".tofu") {
                continue;
            }
            let Ok(text) = tree.text(path) else { continue };
            let (blocks, _) = hcl::blocks(&Origin::from(path), &text);
            for block in blocks.iter().filter(|b| b.ident == "resource") {
                content.resources.push(block.label().to_owned());
                writes.extend(write(root, folder, block, &text));
            }
        }
    }
    for call in module.calls.iter().filter(|c| c.path.is_none()) {
        let source = call.source.as_ref().map_or("", |(s, _)| s.as_str());
        content.modules.push(module_name(source));
    }
    writes.sort();
    writes.dedup();
    (content, writes)
}

/// What a module from elsewhere is called: `vpc` of `terraform-aws-modules/vpc/aws` and of `…/terraform-aws-vpc.git`.
fn module_name(source: &str) -> String {
    let path = source.split('?').next().unwrap_or(source);
    if let Some((_, inner)) = path.split_once("//").filter(|(p, _)| !p.ends_with(':'))
        && let Some(last) = inner.rsplit('/').next().filter(|l| !l.is_empty())
    {
        return last.to_owned();
    }
    let parts: Vec<&str> = path.trim_end_matches(".git").split('/').collect();
    match parts.as_slice() {
        [_, name, _] | [_, _, name, _] if !path.contains(':') => (*name).to_owned(),
        _ => {
            let last = parts.last().copied().unwrap_or_default();
            let words = last.strip_prefix("terraform-").unwrap_or(last);
            words
                .split_once('-')
                .map_or(words, |(_, name)| name)
                .to_owned()
        }
    }
}

/// The file that a resource writes into a repository, when it is one of those that do.
fn write(root: &str, folder: &str, block: &Block, text: &str) -> Option<Write> {
    let (attribute, remote) = match block.label() {
        "local_file" | "local_sensitive_file" => ("filename", false),
        "github_repository_file" => ("file", true),
        "gitlab_repository_file" => ("file_path", true),
        "azuredevops_git_repository_file" => ("file", true),
        _ => return None,
    };
    let (body, _) = block.read(text);
    let written = body.attribute(attribute)?.text.trim();
    let inner = written.strip_prefix('"')?.strip_suffix('"')?;
    let inner = inner
        .replace("${path.module}", "\u{1}")
        .replace("${path.root}", "\u{2}");
    let end = ["${", "%{"].iter().filter_map(|m| inner.find(m)).min();
    let fixed = &inner[..end.unwrap_or(inner.len())];
    let base = match fixed.chars().next() {
        _ if remote => "",
        Some('\u{1}') => folder,
        // a path without a base is looked for from the root
        _ => root,
    };
    let path = join(base, fixed.trim_start_matches(['\u{1}', '\u{2}', '/']))?;
    let name = block.labels.get(1).map_or("", String::as_str);
    Some(Write {
        path,
        whole: end.is_none(),
        by: format!("{}.{name}", block.label()),
        repository: remote.then(|| body.text("repository").unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;
    use strata_syntax::terraform::read_module;

    #[test]
    fn modules_are_called_by_what_they_make() {
        for (source, name) in [
            ("terraform-aws-modules/vpc/aws", "vpc"),
            ("app.terraform.io/acme/network/azurerm", "network"),
            (
                "git::https://x.example/tf-modules.git//network/vpc?ref=v1",
                "vpc",
            ),
            ("git@github.com:acme/terraform-aws-rds.git", "rds"),
            ("", ""),
        ] {
            assert_eq!(module_name(source), name, "{source}");
        }
    }

    #[test]
    fn files_that_are_written_are_found_where_they_will_lie() {
        let tree = MemoryTree::new([
            (
                "a/m/main.tf",
                "resource \"local_file\" \"x\" {\n  filename = \"${path.module}/../../flux/${var.n}.yaml\"\n}\n",
            ),
            (
                "a/main.tf",
                "module \"m\" {\n  source = \"./m\"\n}\nresource \"github_repository_file\" \"y\" {\n  repository = \"fleet\"\n  file = \"clusters/prod/vars.yaml\"\n}\nresource \"local_file\" \"far\" {\n  filename = \"/etc/x\"\n}\n",
            ),
        ]);
        let (content, writes) = of(&tree, "a", &read_module(&tree, "a"));
        assert_eq!(content.resources.len(), 3);
        let said: Vec<(&str, bool, &str)> = writes
            .iter()
            .map(|w| (w.path.as_str(), w.whole, w.by.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("a/etc/x", true, "local_file.far"),
                ("clusters/prod/vars.yaml", true, "github_repository_file.y"),
                ("flux", false, "local_file.x"),
            ]
        );
    }
}
