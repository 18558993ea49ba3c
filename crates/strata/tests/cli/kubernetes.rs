//! What can be told of objects of Kubernetes without a cluster. With one: tests/kubernetes.
use crate::sandbox::Sandbox;
use std::{fs, os::unix::fs::PermissionsExt as _};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

#[test]
fn a_component_that_names_no_cluster_is_told_how_to() {
    let s = Sandbox::new(&[
        ("layers/top/web/component.yaml", "engine: kubectl\n"),
        ("layers/top/web/a.yaml", CONFIG),
    ]);
    s.ends(0, &["check"]);
    s.ends(10, &["plan", "dev"])
        .says("nothing says which cluster this is for")
        .says("add `cluster:` to the component, or to `defaults` in `strata.yaml`");
}

#[test]
fn a_cluster_that_does_not_answer_is_said_with_its_address() {
    let s = Sandbox::new(&[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\ncluster: {endpoint: 'http://127.0.0.1:1', token: s3cret-token}\ntimeout: {plan: 40s}\n",
        ),
        ("layers/top/web/a.yaml", CONFIG),
    ]);
    s.ends(10, &["plan", "dev"])
        .says("the cluster at http://127.0.0.1:1 does not answer")
        .never_says("s3cret-token");
}

#[test]
fn kustomize_itself_may_stand_in_the_place_of_kubectl() {
    let s = Sandbox::new(&[
        ("layers/top/web/kustomization.yaml", "resources: [a.yaml]\n"),
        ("layers/top/web/a.yaml", CONFIG),
    ]);
    let bin = s.beside("world");
    // knows the words of Kustomize and no others
    let script = "#!/bin/sh\ncase \"$*\" in\n  version) echo v5.4.3 ;;\n  'build . -o '*) echo \"$*\" >> \"$LEDGER\"; cat a.yaml > \"$4\" ;;\n  *) echo \"Error: unknown flag\" >&2; exit 1 ;;\nesac\n";
    let program = bin.join("kustomize");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    s.edit(
        "strata.yaml",
        "layers:",
        "tools: {kustomize: {program: kustomize, version: '~> 5.1'}}\nlayers:",
    );
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let s = s.with_path(path);
    s.ends(10, &["plan", "dev"])
        .says("nothing says which cluster");
    assert_eq!(s.ledger().len(), 1, "built once: {:?}", s.ledger());
}

#[test]
fn explain_says_where_the_cluster_comes_from_and_hides_what_lets_anybody_in() {
    let s = Sandbox::new(&[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\ncluster: {endpoint: 'https://c.example', token: s3cret-token}\n",
        ),
        ("layers/top/web/a.yaml", CONFIG),
        (
            "layers/top/other/component.yaml",
            "engine: kubectl\ncluster: '${{ secret(\"env:KUBECONFIG_OF_DEV\") }}'\n",
        ),
        ("layers/top/other/a.yaml", CONFIG),
    ]);
    let done = s.ends(0, &["explain", "dev/web"]);
    done.says("cluster (of its engine, sensitive)")
        .says("https://c.example")
        .says("layers/top/web/component.yaml:2:10")
        .never_says("s3cret-token");
    s.ends(0, &["explain", "dev/other.cluster"])
        .says("(secret env:KUBECONFIG_OF_DEV)");
    s.ends(0, &["variables"])
        .says("KUBECONFIG_OF_DEV")
        .says("The key `cluster` of `other`");
    let json = s
        .ends(0, &["explain", "dev/other", "--format", "json"])
        .json();
    assert_eq!(json["cluster"]["value"], "(secret env:KUBECONFIG_OF_DEV)");
}
