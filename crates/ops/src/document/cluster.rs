//! `cluster:` of a component: which cluster its engine speaks to.
use crate::{
    decode::{Fields, Problems, expected},
    field::Field,
};
use strata_core::diagnostic::Diagnostic;
use strata_syntax::node::Kind;

/// Does an engine speak to a cluster?
pub fn speaks_to_a_cluster(engine: &str) -> bool {
    ["kubectl", "kustomize", "helm", "flux", "argocd"].contains(&engine)
}

/// Keys of a cluster that is written out. What an expression gives may have more: a contract has outputs for others too.
const KEYS: &[&str] = &["kubeconfig", "context", "endpoint", "ca", "token", "exec"];

const FORMS: &str = "a kubeconfig, or a map with `kubeconfig` or with `endpoint` and `ca`";

/// The field, when it is there.
pub(super) fn cluster(f: &Fields<'_>, problems: &mut Problems) -> Option<Field> {
    let node = f.get("cluster")?;
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::List(_) => {
            problems.push(expected(node, "`cluster`", FORMS));
            return None;
        }
        Kind::Map(_) => {
            let before = problems.len();
            let keys = Fields::of(Some(node), "`cluster`", KEYS, problems);
            let whole = keys.get("kubeconfig").or_else(|| keys.get("endpoint"));
            if whole.is_none() && problems.len() == before {
                problems.push(
                    Diagnostic::error(
                        "file::wrong-kind",
                        "`cluster` does not say where the cluster is",
                    )
                    .at(node.location())
                    .help(format!("write {FORMS}")),
                );
            }
        }
    }
    Some(Field::parse(node, problems))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (bool, Vec<String>) {
        let (node, mut problems) = strata_syntax::yaml::parse(&"c.yaml".into(), text);
        let fields = Fields::of(node.as_ref(), "a component", &["cluster"], &mut problems);
        let found = cluster(&fields, &mut problems).is_some();
        (found, problems.into_iter().map(|p| p.message).collect())
    }

    #[test]
    fn a_cluster_is_a_kubeconfig_or_says_where_it_is() {
        for good in [
            "cluster: '${{ kubernetes-cluster.outputs }}'",
            "cluster: {kubeconfig: '${{ c.outputs.k }}', context: admin}",
            "cluster: {endpoint: 'https://c.example', ca: x, exec: [aws, eks, get-token]}",
        ] {
            assert_eq!(read(good), (true, vec![]), "{good}");
        }
        assert_eq!(
            read("cluster: [a]").1,
            [format!("`cluster` must be {FORMS}")]
        );
        assert_eq!(
            read("cluster: {context: a}").1,
            ["`cluster` does not say where the cluster is"]
        );
        assert_eq!(
            read("cluster: {kubeconfg: a}").1,
            ["`cluster` has no key `kubeconfg`"]
        );
    }
}
