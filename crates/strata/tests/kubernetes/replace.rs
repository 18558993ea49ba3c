//! Objects whose fields cannot change: said by the plan, and made again only where their file asks for it.
use crate::ground::{COMPONENT, Ground, IMAGE, deployment};

const WEB: &str = "layers/top/web/web.yaml";
const JOB: &str = "layers/top/web/job.yaml";

fn job(word: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  template:\n    spec: {{restartPolicy: Never, containers: [{{name: main, image: '{IMAGE}', imagePullPolicy: IfNotPresent, command: [echo, {word}]}}]}}\n"
    )
}

fn asks(object: &str) -> String {
    object.replacen(
        "metadata: {name:",
        "metadata: {annotations: {strata.dev/replace: 'true'}, name:",
        1,
    )
}

#[test]
fn an_object_is_made_again_only_where_its_file_asks_for_it() {
    let web = deployment("web", 1, IMAGE, "sleep 1000");
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        (WEB, &web),
        (JOB, &job("one")),
    ];
    let Some(g) = Ground::with_space("replace", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    let uid = |kind: &str, name: &str| g.field(kind, name, ".metadata.uid");
    let before = (uid("deployment", "web"), uid("job", "j"));

    // the plan says so, with the field and the way out
    let other = web.replace("app: web", "app: shop");
    g.write(WEB, &other);
    g.write(JOB, &job("two"));
    g.ends(10, &["plan", "dev"])
        .says("Deployment.apps t-replace/web (web.yaml:1)")
        .says("must be replaced: `spec.selector` cannot change")
        .says("Job.batch t-replace/j")
        .says("must be replaced: `spec.template` cannot change")
        .says("strata.dev/replace: \"true\"");
    assert_eq!(before, (uid("deployment", "web"), uid("job", "j")));

    // where it is asked for it is a replacement, and a protected unit refuses it
    g.write(WEB, &asks(&other));
    g.write(JOB, &asks(&job("two")));
    g.ends(0, &["plan", "dev"])
        .says("2 to replace")
        .says("spec.selector cannot change: field is immutable")
        .says("spec.selector.matchLabels.app: \"web\" -> \"shop\"");
    g.write(
        "layers/top/web/component.yaml",
        &format!("{COMPONENT}protect: [replace]\n"),
    );
    g.ends(5, &["plan", "dev"])
        .says("it is protected against `replace`");
    g.write("layers/top/web/component.yaml", COMPONENT);
    g.ends(0, &["apply", "dev", "--yes"])
        .says("replaced Deployment.apps t-replace/web")
        .says("replaced Job.batch t-replace/j");
    let after = (uid("deployment", "web"), uid("job", "j"));
    assert!(before.0 != after.0 && before.1 != after.1);
    let label = g.field("deployment", "web", ".spec.selector.matchLabels.app");
    assert_eq!(label, "shop");
    // no pod of the old one is left
    let pods = [
        "-n",
        "t-replace",
        "get",
        "pods",
        "-l",
        "app=web",
        "-o",
        "name",
    ];
    assert_eq!(g.does(&pods), "");
    g.ends(0, &["plan", "dev", "--refresh", "--exit-code"]);

    // somebody made it again, otherwise: drift, and not this unit's to delete
    g.does(&["-n", "t-replace", "delete", "deployment", "web"]);
    g.puts(&web.replace("{name: web}", "{name: web, namespace: NS}"));
    g.ends(6, &["drift", "dev"])
        .says("spec.selector is another, and cannot be changed back");
    g.ends(10, &["apply", "dev", "--refresh", "--yes"])
        .says("fields of it belong to another manager");
    let forced = COMPONENT.replace("wait", "force-conflicts: true, wait");
    g.write("layers/top/web/component.yaml", &forced);
    g.ends(10, &["apply", "dev", "--refresh", "--yes"])
        .says("it is not this unit's");
    g.does(&["-n", "t-replace", "delete", "deployment", "web"]);
    g.ends(0, &["apply", "dev", "--refresh", "--yes"]);
    g.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn what_was_replaced_and_does_not_get_ready_is_replaced_back() {
    let web = asks(&deployment("web", 1, IMAGE, "sleep 1000"));
    let component = "engine: kubectl\nkubectl: {namespace: NS, wait: 10s, rollback: true}\n";
    let files: &[(&str, &str)] = &[("layers/top/web/component.yaml", component), (WEB, &web)];
    let Some(g) = Ground::with_space("replaceback", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.write(
        WEB,
        &web.replace("app: web", "app: shop")
            .replace(IMAGE, "localhost/none:1"),
    );
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "is not ready after 10 s",
            "went back to what was there before: 1 applied again",
        ],
    );
    let label = g.field("deployment", "web", ".spec.selector.matchLabels.app");
    assert_eq!(label, "web");
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
}

/// Kinds with fields that cannot change: an object, what is written instead, and the field that the server names.
const FIXED: [(&str, &str, &str, &str); 6] = [
    (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata: {a: one}\n",
        "one",
        "two",
        "ConfigMap t-fixed/c (ConfigMap.yaml:1) must be replaced: `data` cannot change",
    ),
    (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: true\nstringData: {a: one}\n",
        "one",
        "two",
        "Secret t-fixed/s (Secret.yaml:1) must be replaced: `data` cannot change",
    ),
    (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  ports: [{port: 80}]\n",
        "ports:",
        "clusterIP: None\n  ports:",
        "Service t-fixed/s (Service.yaml:1) must be replaced: `spec.clusterIPs[0]` cannot change",
    ),
    (
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  replicas: 0\n  serviceName: s\n  selector: {matchLabels: {app: s}}\n  template: {metadata: {labels: {app: s}}, spec: {containers: [{name: main, image: 'localhost/busybox:1'}]}}\n  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]\n",
        "1Gi",
        "2Gi",
        "StatefulSet.apps t-fixed/s (StatefulSet.yaml:1) must be replaced: `spec` cannot change",
    ),
    (
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: t-fixed}\nprovisioner: example.com/disk\nparameters: {kind: slow}\n",
        "slow",
        "two",
        "StorageClass.storage.k8s.io t-fixed (StorageClass.yaml:1) must be replaced: `parameters` cannot change",
    ),
    (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: ServiceAccount, name: default}]\n",
        "view",
        "edit",
        "RoleBinding.rbac.authorization.k8s.io t-fixed/r (RoleBinding.yaml:1) must be replaced: `roleRef` cannot change",
    ),
];

#[test]
fn the_plan_knows_what_cannot_change() {
    let Some(g) = Ground::with_space("fixed", &[("layers/top/web/component.yaml", COMPONENT)])
    else {
        return;
    };
    let path = |object: &str| {
        let kind = object.lines().find_map(|line| line.strip_prefix("kind: "));
        format!("layers/top/web/{}.yaml", kind.expect("a kind"))
    };
    for (object, ..) in FIXED {
        g.write(&path(object), object);
    }
    g.ends(0, &["apply", "dev", "--yes"]);
    for (object, from, to, _) in FIXED {
        g.edit(&path(object), from, to);
    }
    let plan = g.ends(10, &["plan", "dev"]);
    for (.., says) in FIXED {
        plan.says(says);
    }
    for (object, from, to, _) in FIXED {
        g.write(&path(object), &asks(&object.replacen(from, to, 1)));
    }
    g.ends(0, &["plan", "dev"]).says("6 to replace");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "c", ".data.a"), "two");
    assert_eq!(g.field("service", "s", ".spec.clusterIP"), "None");
    // what was made again is this unit's as well
    g.ends(0, &["destroy", "dev", "--yes"]);
    for (kind, name) in [
        ("configmap", "c"),
        ("service", "s"),
        ("storageclass", "t-fixed"),
    ] {
        assert!(!g.has(kind, name), "{kind} {name}");
    }
}
