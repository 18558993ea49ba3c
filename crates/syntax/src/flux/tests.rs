//! Repositories in the layout that Flux's own example has.
use super::*;
use strata_core::tree::MemoryTree;

const SYNC: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, ref: {branch: main}, url: ssh://git@github.com/org/fleet}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {path: ./clusters/production, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
";
const INFRA: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infra-controllers, namespace: flux-system}
spec: {path: ./infrastructure/controllers, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infra-configs, namespace: flux-system}
spec:
  dependsOn: [{name: infra-controllers}]
  path: ./infrastructure/configs
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars, optional: true}]}
";
const APPS: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  dependsOn: [{name: infra-configs}]
  path: ./apps/production
  sourceRef: {kind: GitRepository, name: flux-system}
";
const RELEASE: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: podinfo}
spec: {url: 'https://stefanprodan.github.io/podinfo'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: podinfo}
spec:
  chart: {spec: {chart: podinfo, version: '>1.0.0', sourceRef: {kind: HelmRepository, name: podinfo}}}
  valuesFrom: [{kind: Secret, name: podinfo, optional: true}]
  values: {replicaCount: 2}
";

type Files<'a> = Vec<(&'a str, String)>;

fn fleet<'a>() -> Files<'a> {
    [
        ("clusters/production/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/production/flux-system/kustomization.yaml", "resources: [gotk-sync.yaml]\n"),
        ("clusters/production/infrastructure.yaml", INFRA),
        ("clusters/production/apps.yaml", APPS),
        ("infrastructure/controllers/kustomization.yaml", "resources: [cert.yaml]\n"),
        ("infrastructure/controllers/cert.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: cert}\n"),
        ("infrastructure/configs/issuer.yaml", "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: '${issuer}'}\n"),
        ("apps/base/podinfo/kustomization.yaml", "namespace: podinfo\nresources: [release.yaml]\n"),
        ("apps/base/podinfo/release.yaml", RELEASE),
        ("apps/production/kustomization.yaml", "resources: [../base/podinfo]\npatches: [{path: patch.yaml}]\n"),
        ("apps/production/patch.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: podinfo, namespace: podinfo}\nspec: {values: {a: 1}}\n"),
    ]
    .map(|(path, text)| (path, text.to_owned()))
    .to_vec()
}
fn with<'a>(path: &'a str, old: &str, new: &str) -> Files<'a> {
    let mut files = fleet();
    match files.iter_mut().find(|(p, _)| *p == path) {
        Some((_, text)) => {
            assert!(text.contains(old), "{old}");
            *text = text.replace(old, new);
        }
        None => files.push((path, new.to_owned())),
    }
    files
}
fn found(files: &Files<'_>, folder: &str) -> Vec<String> {
    let tree = MemoryTree::new(files.iter().map(|(p, t)| (*p, t.as_str())));
    let own = Own::default();
    let facts = read(&tree, folder, &own);
    problems(&tree, &facts, &own)
        .into_iter()
        .map(|p| {
            let at = p.at.clone().unwrap();
            let text = tree.text(&at.file).unwrap();
            let part = &text[at.span.start as usize..at.span.end as usize];
            let code = p.code.trim_start_matches("flux::");
            let mark = if p.is_error() { "" } else { "?" };
            format!("{code}{mark} {part}: {}", p.help.unwrap_or_default())
        })
        .collect()
}

const CLUSTER: &str = "clusters/production";

#[test]
fn a_cluster_is_followed_through_the_repository() {
    let files = fleet();
    let tree = MemoryTree::new(files.iter().map(|(p, t)| (*p, t.as_str())));
    assert_eq!(
        recognise(&tree, CLUSTER),
        Some("clusters/production/flux-system/gotk-sync.yaml")
    );
    assert_eq!(
        recognise(&tree, "apps/base/podinfo"),
        Some("apps/base/podinfo/release.yaml")
    );
    assert_eq!(recognise(&tree, "infrastructure/configs"), None);
    let facts = read(&tree, CLUSTER, &Own::default());
    assert!(
        facts.start && facts.open.is_empty() && facts.elsewhere.is_empty(),
        "{facts:#?}"
    );
    let apps = facts
        .kustomizations
        .iter()
        .find(|k| k.id.name == "apps")
        .unwrap();
    assert_eq!(apps.folder.as_deref(), Some("apps/production"));
    assert_eq!(apps.depends_on[0].id.name, "infra-configs");
    let release = &facts.releases[0];
    assert_eq!(release.source.as_ref().unwrap().id.kind, "HelmRepository");
    assert!(release.values_from[0].optional && release.values.is_some());
    for folder in [CLUSTER, ""] {
        assert_eq!(found(&files, folder), Vec::<String>::new());
    }
}

#[test]
fn what_waits_for_nobody_or_comes_from_nowhere_is_said() {
    let apps = "clusters/production/apps.yaml";
    assert_eq!(
        found(&with(apps, "infra-configs", "infra-config"), CLUSTER),
        ["unknown-dependency infra-config: did you mean `infra-configs`?"]
    );
    assert_eq!(
        found(
            &with(
                apps,
                "name: infra-configs",
                "name: infra-configs, namespace: infra"
            ),
            CLUSTER
        ),
        ["unknown-dependency infra-configs: there is one in namespace `flux-system`"]
    );
    assert_eq!(
        found(
            &with(apps, "./apps/production", "./app/production"),
            CLUSTER
        ),
        ["missing-path ./app/production: did you mean `./apps/production`?"]
    );
    let release = "apps/base/podinfo/release.yaml";
    assert_eq!(
        found(
            &with(
                release,
                "HelmRepository, name: podinfo",
                "HelmRepository, name: podinf"
            ),
            CLUSTER
        ),
        ["unknown-source podinf: did you mean `podinfo`?"]
    );
    assert_eq!(
        found(
            &with(
                release,
                "{chart: podinfo, version: '>1.0.0', sourceRef: {kind: HelmRepository, name: podinfo}}",
                "{chart: ./charts/podinfo, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}"
            ),
            CLUSTER
        ),
        ["missing-chart ./charts/podinfo: "]
    );
}

#[test]
fn what_may_be_elsewhere_is_no_error() {
    let mut files = with("clusters/production/apps.yaml", "infra-configs", "other");
    files.push((
        "clusters/production/other.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: theirs, namespace: flux-system}\nspec: {url: https://x/y, ref: {tag: v1}}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: theirs, namespace: flux-system}\nspec: {path: ./not/here, sourceRef: {kind: GitRepository, name: theirs}}\n".to_owned(),
    ));
    assert_eq!(found(&files, CLUSTER), ["unknown-dependency? other: "]);
    // computed names, templates, and folders where Flux does not start
    let named = with(
        "clusters/production/x.yaml",
        "",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: '${x}'}\nspec: {dependsOn: [{name: gone}], path: './${x}'}\n",
    );
    assert_eq!(found(&named, CLUSTER), Vec::<String>::new());
    let broken = with(
        "clusters/production/x.yaml",
        "",
        "# toolkit.fluxcd.io\na: b: c\n",
    );
    let broken: Files<'_> = broken
        .into_iter()
        .map(|(p, t)| (p, t.replace("infra-configs}", "gone}")))
        .collect();
    assert_eq!(found(&broken, CLUSTER), Vec::<String>::new());
    let part = with(
        "apps/base/podinfo/release.yaml",
        "spec:\n",
        "spec:\n  dependsOn: [{name: elsewhere}]\n",
    );
    assert_eq!(found(&part, "apps/base"), Vec::<String>::new());
    assert_eq!(found(&part, CLUSTER), ["unknown-dependency elsewhere: "]);
}

#[test]
fn those_that_wait_for_each_other_are_a_cycle() {
    let files = with(
        "clusters/production/infrastructure.yaml",
        "{name: infra-controllers}]",
        "{name: apps}]",
    );
    let tree = MemoryTree::new(files.iter().map(|(p, t)| (*p, t.as_str())));
    let own = Own::default();
    let found = problems(&tree, &read(&tree, CLUSTER, &own), &own);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        found[0].message,
        "each Kustomization waits for the other: `apps` → `infra-configs` → `apps`"
    );
    assert_eq!(found[0].related.len(), 1);
}

#[test]
fn a_fork_whose_sync_still_names_the_first_repository_is_followed() {
    let files = fleet();
    let tree = MemoryTree::new(files.iter().map(|(p, t)| (*p, t.as_str())));
    let own = Own {
        urls: vec!["https://git.example/me/fleet".to_owned()],
        ..Own::default()
    };
    let folders = |own: &Own| -> Vec<String> {
        let facts = read(&tree, CLUSTER, own);
        let followed = facts.kustomizations.into_iter();
        followed.filter_map(|k| k.folder).collect()
    };
    assert_eq!(folders(&own), folders(&Own::default()));
    assert_eq!(folders(&own).len(), 4);
    // the same files in another place are not what the sync names
    let moved = Own {
        root: "elsewhere".to_owned(),
        ..own
    };
    assert!(folders(&moved).is_empty());
}
