//! What goes, what stays, and what hangs.
use crate::ground::{COMPONENT, Ground, SPACE, config};

#[test]
fn only_what_was_applied_and_is_still_ours_is_removed() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", &config("a", "x")),
        ("layers/top/web/b.yaml", &config("b", "x")),
        ("layers/top/web/c.yaml", &config("c", "x")),
    ];
    let Some(g) = Ground::with_space("prune", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    let label = g.field(
        "configmap",
        "a",
        ".metadata.labels.applyset\\.kubernetes\\.io/part-of",
    );
    assert!(label.starts_with("applyset-"), "{label}");
    // another that carries the label, and one that was made again by somebody else
    g.does(&["-n", "t-prune", "create", "configmap", "impostor"]);
    let part_of = format!("applyset.kubernetes.io/part-of={label}");
    g.does(&["-n", "t-prune", "label", "configmap", "impostor", &part_of]);
    g.does(&["-n", "t-prune", "delete", "configmap", "b"]);
    g.does(&["-n", "t-prune", "create", "configmap", "b"]);
    for gone in ["b", "c"] {
        std::fs::remove_file(
            g.platform
                .root()
                .join(format!("layers/top/web/{gone}.yaml")),
        )
        .unwrap();
    }
    let plan = g.ends(0, &["plan", "dev"]);
    plan.says("1 to delete")
        .says("ConfigMap t-prune/c")
        .says("left ConfigMap t-prune/b alone");
    g.ends(0, &["apply", "dev", "--yes"])
        .says("removed ConfigMap t-prune/c");
    assert!(g.has("configmap", "a") && g.has("configmap", "b") && g.has("configmap", "impostor"));
    assert!(!g.has("configmap", "c"));
    g.ends(0, &["destroy", "dev", "--yes"])
        .says("removed ConfigMap t-prune/a");
    let left = g.does(&["-n", "t-prune", "get", "configmap", "-o", "name"]);
    assert!(
        !left.contains("strata-") && left.contains("impostor"),
        "{left}"
    );
}

#[test]
fn what_was_deleted_by_hand_and_applied_again_is_ours() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", &config("a", "x")),
    ];
    let Some(g) = Ground::with_space("remade", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.does(&["-n", "t-remade", "delete", "configmap", "a"]);
    g.ends(0, &["apply", "dev", "--refresh", "--yes"]);
    assert!(g.has("configmap", "a"));
    g.ends(0, &["destroy", "dev", "--yes"])
        .says("removed ConfigMap t-remade/a");
    assert!(!g.has("configmap", "a"));
}

#[test]
fn what_hangs_is_named_with_what_holds_it() {
    let held = config("held", "x").replace(
        "{name: held}",
        "{name: held, finalizers: [example.com/never]}",
    );
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: NS, wait: 2s}\n",
        ),
        ("layers/top/web/a.yaml", &held),
    ];
    let Some(g) = Ground::with_space("hang", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends_saying(
        10,
        &["destroy", "dev", "--yes"],
        &[
            "ConfigMap t-hang/held is not gone",
            "it is held by `example.com/never`",
        ],
    );
    let free = [
        "-n",
        "t-hang",
        "patch",
        "configmap",
        "held",
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ];
    g.does(&free);
    g.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn a_namespace_that_is_stuck_says_what_is_left_in_it() {
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: NS, wait: 2s}\n",
        ),
        ("layers/top/web/a.yaml", SPACE),
        ("layers/top/web/b.yaml", &config("b", "x")),
    ];
    let Some(g) = Ground::new("stuck", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    // somebody else puts something into it that does not go
    g.puts("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, namespace: NS, finalizers: [example.com/never]}\n");
    g.ends_saying(
        10,
        &["destroy", "dev", "--yes"],
        &[
            "Namespace t-stuck is not gone",
            "NamespaceFinalizersRemaining",
            "example.com/never",
        ],
    );
    // nothing is put into it meanwhile
    g.edit("layers/top/web/b.yaml", "key: x", "key: y");
    g.ends(10, &["plan", "dev", "--refresh"])
        .says("its namespace `t-stuck` is being deleted")
        .says("example.com/never");
    let free = [
        "-n",
        "t-stuck",
        "patch",
        "configmap",
        "held",
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ];
    g.does(&free);
    g.does(&["wait", "--for=delete", "namespace/t-stuck", "--timeout=60s"]);
}
