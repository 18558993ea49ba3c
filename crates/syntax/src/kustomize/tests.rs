//! Bases and overlays as people lay them out.
use super::*;
use strata_core::tree::MemoryTree;

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: own}\n";

fn files<'a>(more: &[(&'a str, &'a str)]) -> MemoryTree {
    let base = [
        (
            "base/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [deployment.yaml]\nconfigMapGenerator:\n- name: c\n  files: [app.ini, key=conf/b.ini]\n",
        ),
        ("base/deployment.yaml", DEPLOYMENT),
        ("base/app.ini", ""),
        ("base/conf/b.ini", ""),
        (
            "overlays/prod/kustomization.yml",
            "namespace: prod\nresources:\n- ../../base\n- https://github.com/org/repo//x?ref=v1\n- github.com/org/repo/y\npatches:\n- path: replicas.yaml\n- patch: |-\n    - op: replace\n  target: {kind: Deployment}\npatchesStrategicMerge:\n- |-\n  kind: Deployment\ncomponents: [../../components/tls]\n",
        ),
        ("overlays/prod/replicas.yaml", "kind: Deployment\n"),
        (
            "components/tls/kustomization.yaml",
            "kind: Component\nnamePrefix: x-\nresources: [cert.yaml]\n",
        ),
        (
            "components/tls/cert.yaml",
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: tls}\n",
        ),
    ];
    MemoryTree::new(base.into_iter().chain(more.iter().copied()))
}
fn found(tree: &MemoryTree, folder: &str) -> Vec<String> {
    problems(tree, &read(tree, folder))
        .into_iter()
        .map(|p| {
            let at = p.at.unwrap();
            let text = tree.text(&at.file).unwrap();
            let part = &text[at.span.start as usize..at.span.end as usize];
            let code = p.code.trim_start_matches("kustomize::");
            format!("{code} {part}: {}", p.help.unwrap_or(p.message))
        })
        .collect()
}

#[test]
fn an_overlay_is_followed_to_its_objects() {
    let tree = files(&[]);
    assert_eq!(
        recognise(&tree, "overlays/prod"),
        Some("overlays/prod/kustomization.yml")
    );
    let facts = read(&tree, "overlays/prod");
    let folders: Vec<&str> = facts
        .kustomizations
        .iter()
        .map(|k| k.folder.as_str())
        .collect();
    assert_eq!(folders, ["overlays/prod", "base", "components/tls"]);
    let objects: Vec<String> = facts
        .objects
        .iter()
        .map(|f| {
            let namespace = f.namespace.as_ref().map_or("", |n| n.text.as_str());
            format!(
                "{} {namespace}/{}{}",
                f.object.kind,
                f.object.literal_name().unwrap(),
                if f.renamed { " renamed" } else { "" }
            )
        })
        .collect();
    assert_eq!(
        objects,
        [
            "Deployment prod/web",
            "Service prod/web",
            "Certificate prod/tls renamed"
        ]
    );
    let remote = facts.kustomizations[0]
        .names
        .iter()
        .filter(|n| n.target == Target::Remote);
    assert_eq!(remote.count(), 2);
    assert!(facts.open, "remote objects are not here");
    assert_eq!(found(&tree, "overlays/prod"), Vec::<String>::new());
    assert!(!read(&tree, "base").open);
}

#[test]
fn what_is_named_and_not_there_is_said() {
    let tree = files(&[
        (
            "a/kustomization.yaml",
            "resource: [x]\nresources: [../bas, ../base/deploymnt.yaml, ../base/conf, '{{ x }}', ../../out, sub]\npatches: [{path: p.yaml}]\nsecretGenerator: [{name: s, envs: [secret.env]}]\nhelmCharts: [{name: redis}, {name: y, repo: 'https://x', valuesFile: v.yaml}]\n",
        ),
        ("a/sub/kustomization.yaml", "{}"),
        ("a/sub/Kustomization", "{}"),
    ]);
    assert_eq!(
        found(&tree, "a"),
        [
            "unknown-field resource: did you mean `resources`?",
            "missing-file ../bas: did you mean `../base`?",
            "missing-file ../base/deploymnt.yaml: did you mean `../base/deployment.yaml`?",
            "missing-kustomization ../base/conf: add a `kustomization.yaml` there, or name its files",
            "missing-file p.yaml: there is no `a/p.yaml`",
            "missing-file secret.env: there is no `a/secret.env`",
            "missing-chart redis: say where it comes from with `repo:`, or put it there",
            "missing-file v.yaml: there is no `a/v.yaml`",
            "several-files : keep one of them",
        ]
    );
}

#[test]
fn kustomizations_that_take_each_other_in_are_a_cycle() {
    let tree = MemoryTree::new([
        ("a/kustomization.yaml", "resources: [../b, ../c]\n"),
        ("b/kustomization.yaml", "resources: [../c]\n"),
        ("c/kustomization.yaml", "resources: [../b]\n"),
    ]);
    let found = problems(&tree, &read(&tree, "a"));
    assert_eq!(
        found[0].message,
        "kustomizations take each other in: `b` → `c` → `b`"
    );
    assert_eq!(found[0].code, "kustomize::cycle");
}

#[test]
fn a_base_of_two_overlays_has_its_objects_twice() {
    let tree = files(&[
        ("all/kustomization.yaml", "resources: [one, two]\n"),
        (
            "all/one/kustomization.yaml",
            "namespace: one\nresources: [../../base]\n",
        ),
        (
            "all/two/kustomization.yaml",
            "namespace: two\nresources: [../../base]\n",
        ),
    ]);
    let facts = read(&tree, "all");
    assert_eq!((facts.objects.len(), facts.kustomizations.len()), (4, 4));
}
