//! Objects of Flux as facts.
use super::{FluxFacts, FluxKustomization, Id, Reference, Release, Source};
use crate::{
    kubernetes::Object,
    node::Node,
    said::{Said, items},
};

/// Kinds of sources that files define; an ExternalArtifact is made by a program.
pub(super) const SOURCES: [&str; 5] = [
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "Bucket",
    "HelmChart",
];
/// What a source's revision may be called.
const REVISIONS: [&str; 5] = ["branch", "tag", "semver", "commit", "name"];

/// Is it an object of Flux?
pub(super) fn is_flux(object: &Object) -> bool {
    object.group().ends_with("toolkit.fluxcd.io") || object.group() == "fluxcd.controlplane.io"
}

/// What an object is called, in a namespace that a kustomization may have set.
pub(super) fn id(object: &Object, namespace: Option<&Said>) -> Option<Id> {
    Some(Id {
        kind: object.kind.clone(),
        name: object.literal_name()?.to_owned(),
        namespace: namespace.filter(|n| n.is_literal()).map(|n| n.text.clone()),
    })
}

/// Takes an object in.
pub(super) fn take(object: &Object, id: Id, facts: &mut FluxFacts) {
    let empty = Node::map(object.node.origin.clone(), object.node.span, Vec::new());
    let spec = object.node.get("spec").unwrap_or(&empty);
    let at = object.name.as_ref().map_or(&object.at, |n| &n.at).clone();
    let many = |key: &str, kind: &str| -> Vec<Reference> {
        items(spec.get(key))
            .iter()
            .filter_map(|item| reference(item, kind, &id))
            .collect()
    };
    match object.kind.as_str() {
        "Kustomization" => {
            let build = spec.get("postBuild");
            let patches = ["patches", "patchesStrategicMerge", "patchesJson6902"];
            facts.patches |= patches.iter().any(|key| spec.get(key).is_some());
            if spec.get("namePrefix").or(spec.get("nameSuffix")).is_some() {
                let why = "a Kustomization renames objects".to_owned();
                facts.open.insert(why);
            }
            facts.kustomizations.push(FluxKustomization {
                path: Said::under(spec, "path"),
                source: spec.get("sourceRef").and_then(|n| reference(n, "", &id)),
                depends_on: many("dependsOn", "Kustomization"),
                substitute_from: items(build.and_then(|b| b.get("substituteFrom")))
                    .iter()
                    .filter_map(|item| reference(item, "", &id))
                    .collect(),
                substitutes: build.is_some(),
                health_checks: many("healthChecks", ""),
                target_namespace: Said::under(spec, "targetNamespace"),
                folder: None,
                id,
                at,
            });
        }
        "HelmRelease" => {
            let chart = spec.get("chart").and_then(|c| c.get("spec"));
            let source = chart
                .and_then(|c| c.get("sourceRef"))
                .and_then(|n| reference(n, "HelmRepository", &id));
            let held = spec
                .get("chartRef")
                .and_then(|n| reference(n, "OCIRepository", &id));
            facts.releases.push(Release {
                chart: chart.and_then(|c| Said::under(c, "chart")),
                version: chart.and_then(|c| Said::under(c, "version")),
                source: source.or(held),
                values_from: many("valuesFrom", ""),
                values: spec.get("values").cloned(),
                unchecked: ["install", "upgrade"].iter().any(|verb| {
                    let told = spec
                        .get(verb)
                        .and_then(|v| v.get("disableSchemaValidation"));
                    told.is_some()
                }),
                depends_on: many("dependsOn", "HelmRelease"),
                target_namespace: Said::under(spec, "targetNamespace"),
                id,
                at,
            });
        }
        kind if SOURCES.contains(&kind) => {
            let named = spec.get("ref");
            let found = REVISIONS
                .iter()
                .rev()
                .find_map(|key| Some((*key, Said::under(named?, key)?)));
            facts.sources.push(Source {
                url: Said::under(spec, "url").or_else(|| Said::under(spec, "endpoint")),
                branch: found.as_ref().is_none_or(|(key, _)| *key == "branch"),
                revision: found.map(|(_, said)| said),
                id,
                at,
            });
        }
        _ => {}
    }
}

/// A map with `kind`, `name` and `namespace`, the last that of the object which has it when it is left out.
fn reference(node: &Node, kind: &str, from: &Id) -> Option<Reference> {
    let name = Said::under(node, "name")?;
    let namespace = Said::under(node, "namespace");
    let said = Said::under(node, "kind");
    let literal = name.is_literal()
        && namespace.as_ref().is_none_or(Said::is_literal)
        && said.as_ref().is_none_or(Said::is_literal);
    Some(Reference {
        id: Id {
            kind: said.map_or_else(|| kind.to_owned(), |s| s.text),
            name: name.text,
            namespace: namespace.map(|n| n.text).or_else(|| from.namespace.clone()),
        },
        optional: node.get("optional").and_then(Node::as_bool) == Some(true),
        literal,
        at: name.at,
    })
}
