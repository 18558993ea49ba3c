//! Argo CD, with its real controllers and a real repository.
//!
//! `STRATA_TEST_ARGOCD` is the address at which pods reach this machine, where Argo CD is in the namespace `argocd`.
use crate::{
    ground::{Ground, config, deployment, told},
    repository::{Repository, git},
};

/// A platform in a cluster with Argo CD, and a repository. Applications are in a namespace that tests share, so each has a
/// name of its own.
fn ground(name: &str, files: &[(&str, &str)]) -> Option<(Ground, Repository)> {
    let address = told(
        "STRATA_TEST_ARGOCD",
        "address at which Argo CD's pods reach this machine",
    )?;
    let g = Ground::with_space(&format!("argo-{name}"), &[])?;
    let repository = Repository::new(&address, "base/page.yaml", &config("page", "one"));
    for (path, text) in files {
        g.write(path, &text.replace("@URL@", &repository.url));
    }
    Some((g, repository))
}

/// Argo CD's own objects.
fn argo(g: &Ground, kind: &str, name: &str, path: &str) -> String {
    g.field_in("argocd", kind, name, path)
}

fn is_there(g: &Ground, kind: &str, name: &str) -> bool {
    !argo(g, kind, name, ".metadata.uid").is_empty()
}

fn tag(repository: &Repository, name: &str) -> String {
    git(&repository.tree, &["tag", name]);
    git(&repository.tree, &["push", "-q", "origin", name]);
    git(&repository.tree, &["rev-parse", "HEAD"])
}

/// A Service that no API server takes.
const REFUSED: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 99999}], selector: {app: web}}\n";

/// A Deployment whose image is nowhere.
fn ill() -> String {
    deployment("ill", 1, "localhost/none:1", "true")
        .replace("IfNotPresent", "Never")
        .replace("replicas: 1", "replicas: 1\n  progressDeadlineSeconds: 2")
}

#[test]
fn it_is_synced_at_the_revision_and_what_is_refused_is_said() {
    let component = "layers/top/argo-plain/component.yaml";
    let text = "engine: argocd\nargocd: {source: {git: '@URL@', tag: 1.0.0}, path: base, target-namespace: NS, wait: 2m}\n";
    let Some((g, repository)) = ground("plain", &[(component, text)]) else {
        return;
    };
    let first = tag(&repository, "1.0.0");
    g.ends(0, &["plan", "dev"])
        .says("Application.argoproj.io argocd/argo-plain");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.key"), "one");
    g.ends(0, &["outputs", "dev/argo-plain", "revision"])
        .says(&first);
    // what Argo CD writes into its objects is no drift
    g.ends(0, &["drift", "dev"]);

    // a commit that the server refuses, in Argo CD's words
    repository.commit("base/web.yaml", REFUSED);
    tag(&repository, "2.0.0");
    g.edit(component, "tag: 1.0.0", "tag: 2.0.0");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("Application.argoproj.io argocd/argo-plain failed: its sync failed: one or more objects failed to apply")
        .says("spec.ports[0].port: Invalid value: 99999")
        .says("Service t-argo-plain/web is not there");

    // and one that is good: what is no longer in it goes
    git(&repository.tree, &["rm", "-q", "base/web.yaml"]);
    git(
        &repository.tree,
        &["mv", "base/page.yaml", "base/pages.yaml"],
    );
    repository.commit("base/pages.yaml", &config("pages", "three"));
    let third = tag(&repository, "3.0.0");
    g.edit(component, "tag: 2.0.0", "tag: 3.0.0");
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/argo-plain", "revision"])
        .says(&third);
    assert!(g.has("configmap", "pages") && !g.has("configmap", "page"));

    // a path that is not there
    g.edit(component, "path: base, ", "path: nowhere, ");
    g.edit(component, "wait: 2m", "wait: 10s");
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &["ComparisonError", "nowhere: app path does not exist"],
    );
    g.edit(component, "path: nowhere, ", "path: base, ");
    g.edit(component, "wait: 10s", "wait: 2m");
    g.ends(0, &["apply", "dev", "--yes"]);

    // a change by hand is drift, and an apply takes it back
    g.meddles(
        "argocd",
        "application",
        "argo-plain",
        "{\"spec\":{\"source\":{\"targetRevision\":\"1.0.0\"}}}",
    );
    g.ends(6, &["drift", "dev"])
        .says("spec.source.targetRevision")
        .says("somebody");
    g.ends(0, &["apply", "dev", "--refresh", "--yes"]);
    assert!(g.has("configmap", "pages"));

    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!is_there(&g, "application", "argo-plain") && !g.has("configmap", "pages"));
}

#[test]
fn what_is_degraded_is_named() {
    let component = "layers/top/argo-ill/component.yaml";
    let text = "engine: argocd\nargocd: {source: {git: '@URL@', branch: main}, path: base, target-namespace: NS, automated: true, wait: 15s}\n";
    let Some((g, repository)) = ground("ill", &[(component, text)]) else {
        return;
    };
    repository.commit("base/ill.yaml", &ill());
    g.ends_saying(10, &["apply", "dev", "--yes"], &["Application.argoproj.io argocd/argo-ill is not ready after 15 s: is Synced and Degraded", "Deployment.apps t-argo-ill/ill", "ErrImageNeverPull"]);
    // a commit on the branch is seen by an apply at once, and not only when Argo CD looks by itself
    git(&repository.tree, &["rm", "-q", "base/ill.yaml"]);
    let good = repository.commit("base/more.yaml", &config("more", "two"));
    g.edit(component, "wait: 15s", "wait: 2m");
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/argo-ill", "revision"])
        .says(&good);
    assert!(g.has("configmap", "more") && !g.has("deployment", "ill"));
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!is_there(&g, "application", "argo-ill") && !g.has("configmap", "more"));
}

/// An Application in the folder of a component: it says how it is synced, and to a namespace that it makes.
const GIVES_UP: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: argo-again, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}
spec:
  project: default
  source: {repoURL: '@URL@', targetRevision: main, path: base}
  destination: {server: 'https://kubernetes.default.svc', namespace: NS}
  syncPolicy: {automated: {}, retry: {limit: 0}, syncOptions: [CreateNamespace=true]}
";

#[test]
fn what_argo_cd_gave_up_is_tried_again_with_its_own_options() {
    let component = "engine: argocd\nargocd: {wait: 2m}\n";
    let files = [
        ("layers/top/argo-again/component.yaml", component),
        ("layers/top/argo-again/app.yaml", GIVES_UP),
    ];
    let Some((g, _repository)) = ground("again", &files) else {
        return;
    };
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: NS}\nspec: {hard: {count/configmaps: '0'}}\n";
    g.puts(quota);
    g.ends(10, &["apply", "dev", "--yes"])
        .says("Application.argoproj.io argocd/argo-again failed: its sync failed")
        .says("exceeded quota");
    // the same revision, which Argo CD does not try by itself; and the namespace is one of its options
    g.does(&["delete", "namespace", &g.space]);
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.key"), "one");
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("configmap", "page"));
}

/// One of the Applications that another one brings.
fn child(url: &str, space: &str, path: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: argo-child, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}}
spec:
  project: default
  source: {{repoURL: '{url}', targetRevision: main, path: {path}}}
  destination: {{server: 'https://kubernetes.default.svc', namespace: {space}}}
"
    )
}

#[test]
fn applications_of_an_application_are_waited_for() {
    let component = "layers/top/argo-parent/component.yaml";
    let text =
        "engine: argocd\nargocd: {source: {git: '@URL@', branch: main}, path: apps, wait: 15s}\n";
    let Some((g, repository)) = ground("parent", &[(component, text)]) else {
        return;
    };
    repository.commit("ill/ill.yaml", &ill());
    repository.commit("apps/child.yaml", &child(&repository.url, &g.space, "ill"));
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Application.argoproj.io argocd/argo-child is not ready after 15 s",
            "Deployment.apps t-argo-parent/ill",
        ],
    );
    let good = repository.commit("apps/child.yaml", &child(&repository.url, &g.space, "base"));
    g.edit(component, "wait: 15s", "wait: 2m");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert!(g.has("configmap", "page") && !g.has("deployment", "ill"));
    let said = g.ends(0, &["outputs", "dev/argo-parent", "revisions"]).out;
    assert_eq!(said.matches(&good).count(), 2, "{said}");

    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!is_there(&g, "application", "argo-child") && !g.has("configmap", "page"));
}

/// A set by list.
const SET: &str = "
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: argo-set, namespace: argocd}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
  - list:
      elements:
      - {name: one, path: base}
      - {name: two, path: two}
  template:
    metadata: {name: 'argo-set-{{.name}}', finalizers: [resources-finalizer.argocd.argoproj.io]}
    spec:
      project: default
      source: {repoURL: '@URL@', targetRevision: main, path: '{{.path}}'}
      destination: {server: 'https://kubernetes.default.svc', namespace: NS}
";

#[test]
fn a_set_is_ready_when_its_applications_are() {
    let set = "layers/top/argo-set/set.yaml";
    let component = "layers/top/argo-set/component.yaml";
    let files = [
        (component, "engine: argocd\nargocd: {wait: 15s}\n"),
        (set, SET),
    ];
    let Some((g, repository)) = ground("set", &files) else {
        return;
    };
    // one of them does not get ready
    repository.commit("two/ill.yaml", &ill());
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Application.argoproj.io argocd/argo-set-two is not ready after 15 s",
            "Deployment.apps t-argo-set/ill",
        ],
    );
    assert_eq!(g.field("configmap", "page", ".data.key"), "one");
    let good = repository.commit("two/ill.yaml", &config("two", "two"));
    g.edit(component, "wait: 15s", "wait: 2m");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "two", ".data.key"), "two");
    g.ends(0, &["outputs", "dev/argo-set", "revisions"])
        .says("argo-set-one")
        .says("argo-set-two")
        .says(&good);
    g.ends(0, &["drift", "dev"]);

    // a template that cannot be filled in, in Argo CD's words; then one that can: the old complaint is none
    g.edit(set, "path: '{{.path}}'", "path: '{{.folder}}'");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("ApplicationSet.argoproj.io argocd/argo-set failed: makes no Applications:")
        .says("map has no entry for key \"folder\"");
    g.edit(set, "path: '{{.folder}}'", "path: '{{.path}}'");
    g.ends(0, &["apply", "dev", "--yes"]);
    // two of one name
    g.edit(set, "name: two,", "name: one,");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("ApplicationSet.argoproj.io argocd/argo-set failed: makes no Applications: ApplicationValidationError")
        .says("argo-set-one");

    // one fewer
    g.edit(set, "      - {name: one, path: two}\n", "");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert!(g.has("configmap", "page"));
    assert_eq!(
        argo(&g, "application", "argo-set-two", ".metadata.name"),
        ""
    );
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!is_there(&g, "applicationset", "argo-set"));
    assert!(!is_there(&g, "application", "argo-set-one") && !g.has("configmap", "page"));
}

#[test]
fn who_does_not_look_is_asked_for() {
    // in a namespace of which Argo CD was not told
    let text = "engine: argocd\nargocd: {source: {git: '@URL@', branch: main}, path: base, namespace: NS, wait: 5s}\n";
    let Some((g, _repository)) =
        ground("nobody", &[("layers/top/argo-nobody/component.yaml", text)])
    else {
        return;
    };
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Application.argoproj.io t-argo-nobody/argo-nobody is not ready after 5 s",
            "is Argo CD's controller running, and does it look into this namespace?",
        ],
    );
    // nobody would take it away
    let free = "{\"metadata\":{\"finalizers\":null}}";
    g.does(&[
        "-n",
        &g.space,
        "patch",
        "application",
        "argo-nobody",
        "--type=merge",
        "-p",
        free,
    ]);
    g.ends(0, &["destroy", "dev", "--yes"]);
}
