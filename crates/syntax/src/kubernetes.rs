//! Objects of Kubernetes in YAML files: what each is and where it stands.
use crate::{
    kept,
    node::Node,
    said::{Said, items},
};
use strata_core::{span::Location, tree::Tree};

/// The deepest list of lists that is looked into.
const DEEPEST: usize = 4;

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// Its name, when the file says one.
    pub name: Option<Said>,
    /// Its namespace, when the file says one. A kustomization may still set it.
    pub namespace: Option<Said>,
    /// Where it stands.
    pub at: Location,
    /// All of it.
    pub node: Node,
}

impl Object {
    /// From a document; `None` when it is no object.
    pub fn of(node: &Node) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let metadata = node.get("metadata");
        Some(Self {
            api_version: text("apiVersion")?,
            kind: text("kind")?,
            name: metadata.and_then(|m| Said::under(m, "name")),
            namespace: metadata.and_then(|m| Said::under(m, "namespace")),
            at: node.location(),
            node: node.clone(),
        })
    }
    /// The group of its API: `apps` of `apps/v1`, empty for the core.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(g, _)| g)
    }
    /// Its name as far as it is said without a template.
    pub fn literal_name(&self) -> Option<&str> {
        self.name
            .as_ref()
            .filter(|n| n.is_literal())
            .map(|n| n.text.as_str())
    }
    /// An annotation.
    pub fn annotation(&self, key: &str) -> Option<Said> {
        let metadata = self.node.get("metadata")?;
        Said::under(metadata.get("annotations")?, key)
    }
}

/// The objects of a file, those of lists too; `None` when the file cannot be read as YAML.
pub fn objects(tree: &dyn Tree, path: &str) -> Option<Vec<Object>> {
    let (documents, problems) = kept::documents(tree, path).ok()?;
    if documents.is_empty() && !problems.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    documents
        .iter()
        .for_each(|d| gather(d, DEEPEST, &mut found));
    Some(found)
}

fn gather(node: &Node, depth: usize, found: &mut Vec<Object>) {
    let Some(object) = Object::of(node) else {
        return;
    };
    if object.kind.ends_with("List") && node.get("items").is_some() {
        if depth > 0 {
            items(node.get("items"))
                .iter()
                .for_each(|item| gather(item, depth - 1, found));
        }
        return;
    }
    found.push(object);
}

/// Is this a file that a chart makes text from, and no YAML before that?
pub(crate) fn is_template_of_chart(tree: &dyn Tree, path: &str) -> bool {
    path.match_indices("templates/").any(|(at, _)| {
        let folder = &path[..at];
        (folder.is_empty() || folder.ends_with('/'))
            && tree.file(&format!("{folder}Chart.yaml")).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn objects_of_documents_and_lists_are_found() {
        let tree = MemoryTree::new([
            (
                "a.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: List\nitems:\n  - {apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: a, annotations: {x: '1'}}}\n---\nno: object\n",
            ),
            ("b.yaml", "a: {{ b }}: c\n"),
            ("c.txt", ""),
        ]);
        let found = objects(&tree, "a.yaml").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[1].kind.as_str(), found[1].group()),
            ("Deployment", "apps")
        );
        assert_eq!(found[1].annotation("x").unwrap().text, "1");
        assert!(objects(&tree, "b.yaml").is_none());
    }
}
