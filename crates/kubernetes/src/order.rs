//! What is applied first and removed last: namespaces and definitions before what needs them, webhooks after all that
//! serves them.
use crate::object::GroupKind;

/// Kinds of Kubernetes itself in the order in which they are applied. What is in no list comes after workloads: it is most
/// often of a definition, whose controller should be there.
const ORDER: &[&str] = &[
    "ResourceQuota",
    "LimitRange",
    "PriorityClass",
    "StorageClass",
    "RuntimeClass",
    "IngressClass",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "NetworkPolicy",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Job",
    "CronJob",
    "Ingress",
    "APIService",
];

/// When an object is applied. Removed in the opposite order, but for [`Stage::Webhooks`]: they go first both ways from the
/// others' point of view, for a webhook whose server is gone would refuse every removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Namespaces.
    Namespaces,
    /// Definitions of kinds: have to be established before what follows.
    Definitions,
    /// What Kubernetes knows by itself.
    Known,
    /// Objects of definitions, and what serves aggregated APIs.
    Custom,
    /// Webhooks and admission policies: they judge everything that comes after them.
    Webhooks,
}

/// The stage of a kind.
pub fn stage(what: &GroupKind) -> Stage {
    match (what.group.as_str(), what.kind.as_str()) {
        ("", "Namespace") => Stage::Namespaces,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Stage::Definitions,
        ("admissionregistration.k8s.io", _) => Stage::Webhooks,
        (group, _) if is_builtin(group) => Stage::Known,
        _ => Stage::Custom,
    }
}

/// A group of Kubernetes itself.
fn is_builtin(group: &str) -> bool {
    const PLAIN: &[&str] = &["", "apps", "batch", "autoscaling", "policy"];
    const DOTTED: &[&str] = &[
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "scheduling.k8s.io",
        "node.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "certificates.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "events.k8s.io",
        "apiregistration.k8s.io",
        "resource.k8s.io",
    ];
    PLAIN.contains(&group) || DOTTED.contains(&group)
}

/// By what objects are sorted before they are applied.
pub fn rank(what: &GroupKind) -> (Stage, usize) {
    let place = ORDER.iter().position(|k| *k == what.kind);
    (stage(what), place.unwrap_or(ORDER.len()))
}

/// By what objects are sorted before they are removed.
pub fn rank_of_removal(what: &GroupKind) -> (u8, usize) {
    let (stage, place) = rank(what);
    let turn = match stage {
        Stage::Webhooks => 0,
        Stage::Custom => 1,
        Stage::Known => 2,
        Stage::Definitions => 3,
        Stage::Namespaces => 4,
    };
    (turn, ORDER.len() - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> GroupKind {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        GroupKind {
            group: group.to_owned(),
            kind: kind.to_owned(),
        }
    }

    #[test]
    fn what_is_needed_comes_first_and_goes_last() {
        let mut kinds = [
            "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
            "Widget.example.com",
            "Deployment.apps",
            "ConfigMap",
            "CustomResourceDefinition.apiextensions.k8s.io",
            "Namespace",
        ]
        .map(of);
        kinds.sort_by_key(rank);
        let names =
            |kinds: &[GroupKind]| -> Vec<String> { kinds.iter().map(|k| k.kind.clone()).collect() };
        assert_eq!(
            names(&kinds),
            [
                "Namespace",
                "CustomResourceDefinition",
                "ConfigMap",
                "Deployment",
                "Widget",
                "ValidatingWebhookConfiguration"
            ]
        );
        kinds.sort_by_key(rank_of_removal);
        assert_eq!(
            names(&kinds),
            [
                "ValidatingWebhookConfiguration",
                "Widget",
                "Deployment",
                "ConfigMap",
                "CustomResourceDefinition",
                "Namespace"
            ]
        );
    }
}
