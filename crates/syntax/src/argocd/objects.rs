//! Objects of Argo CD as facts.
use super::{AppSource, Application, Destination, GitGenerator};
use crate::{
    kubernetes::Object,
    node::Node,
    said::{Said, items, texts},
};

/// How deeply generators stand in generators (`matrix`, `merge`).
const DEEPEST: usize = 3;

pub(super) fn is_argo(object: &Object) -> bool {
    object.group() == "argoproj.io"
        && ["Application", "ApplicationSet", "AppProject"].contains(&object.kind.as_str())
}

/// An Application or an ApplicationSet.
pub(super) fn application(object: &Object) -> Option<Application> {
    let spec = object.node.get("spec")?;
    let set = object.kind == "ApplicationSet";
    let inner = match object.kind.as_str() {
        "Application" => spec,
        "ApplicationSet" => spec.get("template")?.get("spec")?,
        _ => return None,
    };
    let mut generators = Vec::new();
    gather(spec.get("generators"), DEEPEST, &mut generators);
    let sources = match inner.get("sources") {
        Some(list) => items(Some(list)).iter().map(source).collect(),
        None => inner.get("source").map(source).into_iter().collect(),
    };
    let to = inner.get("destination");
    let of = |key: &str| {
        to.and_then(|n| Said::under(n, key))
            .filter(|s| !s.text.is_empty())
    };
    Some(Application {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        set,
        project: Said::under(inner, "project").filter(|s| !s.text.is_empty()),
        sources,
        destination: Destination {
            server: of("server"),
            name: of("name"),
            namespace: of("namespace"),
        },
        generators,
        patched: spec.get("templatePatch").is_some(),
        wave: object.annotation("argocd.argoproj.io/sync-wave"),
        at: object.name.as_ref().map_or(&object.at, |n| &n.at).clone(),
    })
}

fn source(node: &Node) -> AppSource {
    let helm = node.get("helm");
    let values = helm.and_then(|h| h.get("valuesObject").or_else(|| h.get("values")));
    AppSource {
        repo: Said::under(node, "repoURL"),
        path: Said::under(node, "path"),
        chart: Said::under(node, "chart"),
        revision: Said::under(node, "targetRevision"),
        reference: Said::under(node, "ref"),
        value_files: texts(helm.and_then(|h| h.get("valueFiles"))),
        ignores_missing: helm
            .and_then(|h| h.get("ignoreMissingValueFiles"))
            .is_some_and(|n| n.as_bool() != Some(false)),
        values: values.cloned(),
    }
}

fn gather(list: Option<&Node>, depth: usize, out: &mut Vec<GitGenerator>) {
    for generator in items(list) {
        if let Some(git) = generator.get("git") {
            let wanted = items(git.get("directories"))
                .iter()
                .chain(items(git.get("files")));
            out.push(GitGenerator {
                repo: Said::under(git, "repoURL"),
                revision: Said::under(git, "revision"),
                patterns: wanted
                    .filter(|n| n.get("exclude").is_none())
                    .filter_map(|n| Said::under(n, "path"))
                    .collect(),
            });
        }
        for key in ["matrix", "merge"] {
            let inner = generator.get(key).and_then(|n| n.get("generators"));
            if depth > 0 {
                gather(inner, depth - 1, out);
            }
        }
    }
}
