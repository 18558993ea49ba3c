//! Others at the same objects: conflicts, drift, and what is not ours.
use crate::ground::{COMPONENT, Ground, IMAGE, config, deployment};

#[test]
fn a_conflict_names_the_other_manager_and_its_fields() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        (
            "layers/top/web/web.yaml",
            &deployment("web", 0, IMAGE, "true"),
        ),
    ];
    let Some(g) = Ground::with_space("owners", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.does(&[
        "-n",
        "t-owners",
        "scale",
        "deployment",
        "web",
        "--replicas=1",
    ]);
    g.does(&["-n", "t-owners", "label", "deployment", "web", "extra=1"]);
    let drift = g.ends(6, &["drift", "dev"]);
    // a label that nobody of ours set is none of our business
    drift
        .says("spec.replicas: 0 -> 1, by kubectl")
        .never_says("extra");
    let refused = g.ends(10, &["plan", "dev", "--refresh"]);
    refused
        .says("`spec.replicas` belongs to `kubectl`")
        .says("force-conflicts: true");
    g.edit(
        "layers/top/web/component.yaml",
        "wait: 60s",
        "wait: 60s, force-conflicts: true",
    );
    g.ends(0, &["plan", "dev"]).says("spec.replicas: 1 -> 0");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("deployment", "web", ".spec.replicas"), "0");
    g.ends(0, &["drift", "dev"]);
    g.does(&["-n", "t-owners", "delete", "deployment", "web"]);
    g.ends(6, &["drift", "dev"])
        .says("Deployment.apps t-owners/web")
        .says("it is gone");
    g.ends(0, &["apply", "dev", "--refresh", "--yes"])
        .says("created Deployment.apps");
}

#[test]
fn an_object_has_one_unit() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", &config("a", "x")),
        ("layers/top/other/component.yaml", COMPONENT),
        ("layers/top/other/b.yaml", &config("b", "x")),
    ];
    let Some(g) = Ground::with_space("twice", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.write("layers/top/other/a.yaml", &config("a", "z"));
    g.ends(10, &["plan", "dev"])
        .says("ConfigMap t-twice/a (a.yaml:1) belongs to the unit dev/web")
        .says("an object has one owner");
    // it moves: the one that has it no longer leaves it alone
    std::fs::remove_file(g.platform.root().join("layers/top/web/a.yaml")).unwrap();
    g.write("layers/top/web/c.yaml", &config("c", "x"));
    g.write(
        "layers/top/other/component.yaml",
        &COMPONENT.replace("wait", "force-conflicts: true, wait"),
    );
    g.ends(0, &["apply", "dev", "--yes", "--only", "other"]);
    g.ends(0, &["apply", "dev", "--yes"])
        .says("left ConfigMap t-twice/a alone");
    assert_eq!(g.field("configmap", "a", ".data.key"), "z");
}
