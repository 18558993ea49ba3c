//! An app of apps, as people lay it out.
use super::*;
use crate::own::Own;
use strata_core::tree::MemoryTree;

const ROOT: &str = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: root, namespace: argocd}
spec:
  project: default
  source: {repoURL: 'https://github.com/org/apps.git', path: apps, targetRevision: HEAD}
  destination: {server: 'https://kubernetes.default.svc', namespace: argocd}
";
const WEB: &str = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
  annotations: {argocd.argoproj.io/sync-wave: '2'}
spec:
  project: platform
  sources:
  - repoURL: https://charts.example
    chart: web
    targetRevision: 1.2.3
    helm:
      valueFiles: [$values/values/web.yaml, values.yaml]
      valuesObject: {replicas: 2}
  - {repoURL: 'git@github.com:org/apps.git', targetRevision: main, ref: values}
  - repoURL: git@github.com:org/apps.git
    path: charts/web
    helm: {valueFiles: [values.yaml, ../../values/web.yaml, /values/web.yaml]}
  destination: {name: in-cluster, namespace: web}
";
const SET: &str = "apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: teams}
spec:
  generators:
  - matrix:
      generators:
      - git: {repoURL: 'https://github.com/org/apps', revision: HEAD, directories: [{path: 'teams/*'}]}
      - clusters: {}
  template:
    metadata: {name: '{{path.basename}}'}
    spec:
      project: '{{project}}'
      source: {repoURL: 'https://github.com/org/apps', path: '{{path}}', targetRevision: HEAD}
      destination: {server: '{{server}}', namespace: x}
";

fn own() -> Own {
    Own {
        urls: vec!["https://github.com/org/apps".to_owned()],
        ..Own::default()
    }
}
fn found(changes: &[(&str, &str)]) -> Vec<String> {
    let change = |text: &str| {
        changes
            .iter()
            .fold(text.to_owned(), |t, (old, new)| t.replace(old, new))
    };
    let (root, web, set) = (change(ROOT), change(WEB), change(SET));
    let tree = MemoryTree::new([
        ("bootstrap/root.yaml", root.as_str()),
        ("apps/web.yaml", web.as_str()),
        ("apps/teams.yaml", set.as_str()),
        (
            "apps/projects.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: platform}\n",
        ),
        ("charts/web/Chart.yaml", "name: web\n"),
        ("charts/web/values.yaml", "a: 1\n"),
        ("charts/web/templates/x.yaml", "kind: {{ .Values.a }}\n"),
        ("values/web.yaml", "a: 2\n"),
        ("teams/one/x.yaml", "a: 1\n"),
    ]);
    let facts = read(&tree, "");
    problems(&tree, &facts, &own())
        .into_iter()
        .map(|p| {
            let at = p.at.clone().unwrap();
            let text = tree.text(&at.file).unwrap();
            let part = &text[at.span.start as usize..at.span.end as usize];
            let code = p.code.trim_start_matches("argocd::");
            format!("{code} {part}: {}", p.help.unwrap_or_default())
        })
        .collect()
}

#[test]
fn applications_are_read_with_their_sources() {
    let tree = MemoryTree::new([
        ("a/web.yaml", WEB),
        ("a/set.yaml", SET),
        ("b/x.yaml", "a: 1\n"),
    ]);
    assert_eq!(recognise(&tree, "a"), Some("a/set.yaml"));
    assert_eq!(recognise(&tree, "b"), None);
    let facts = read(&tree, "a");
    let (set, web) = (&facts.applications[0], &facts.applications[1]);
    assert!(set.set && set.generators[0].patterns[0].text == "teams/*");
    assert_eq!(web.sources[0].chart.as_ref().unwrap().text, "web");
    assert_eq!(web.wave.as_ref().unwrap().text, "2");
    assert!(web.sources[0].values.is_some() && web.destination.server.is_none());
    assert!(
        problems(&tree, &facts, &Own::default()).is_empty(),
        "nothing is known to be ours"
    );
}

#[test]
fn a_sound_repository_gives_nothing() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_said() {
    for (old, new, expected) in [
        (
            "path: apps",
            "path: app",
            &["missing-path app: did you mean `apps`?"][..],
        ),
        (
            "path: apps, targetRevision: HEAD",
            "path: app, targetRevision: v1",
            &[],
        ),
        (
            "project: platform",
            "project: platfrm",
            &["unknown-project platfrm: did you mean `platform`?"],
        ),
        (
            "'2'",
            "two",
            &["sync-wave two: write a number in quotes, such as `\"-1\"`"],
        ),
        ("'2'", "'{{ x }}'", &[]),
        (
            "$values/values/web.yaml",
            "$values/values/wbe.yaml",
            &["missing-file $values/values/wbe.yaml: did you mean `$values/values/web.yaml`?"],
        ),
        (
            "[values.yaml, ../",
            "[vals.yaml, ../",
            &["missing-file vals.yaml: did you mean `values.yaml`?"],
        ),
        (
            "{valueFiles: [values.yaml, ../",
            "{ignoreMissingValueFiles: true, valueFiles: [vals.yaml, ../",
            &[],
        ),
        (
            "{name: in-cluster,",
            "{name: in-cluster, server: s,",
            &["destination in-cluster: take one of them away"],
        ),
        (
            "'teams/*'",
            "'team/*'",
            &["missing-path 'team/*': did you mean `teams`?"],
        ),
    ] {
        assert_eq!(found(&[(old, new)]), expected, "{new}");
    }
}
