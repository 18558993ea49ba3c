//! Who we are and which cluster it is: found out before anything is written.
use crate::ground::{COMPONENT, Ground, cluster, config, text};

fn files() -> Vec<(&'static str, String)> {
    vec![
        ("layers/top/web/component.yaml", COMPONENT.to_owned()),
        ("layers/top/web/a.yaml", config("a", "x")),
    ]
}

fn ground(name: &str) -> Option<Ground> {
    let files = files();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    Ground::with_space(name, &files)
}

/// Where the cluster is, and its CA in base64.
fn address(kubeconfig: &str) -> (String, String) {
    let json: serde_json::Value = serde_json::from_str(kubeconfig).expect("a kubeconfig in JSON");
    let find = |key: &str| {
        json["clusters"][0]["cluster"][key]
            .as_str()
            .expect("of the test cluster")
            .to_owned()
    };
    (find("server"), find("certificate-authority-data"))
}

#[test]
fn another_cluster_than_the_one_it_was_applied_to_is_refused() {
    let Some(g) = ground("identity") else { return };
    let Some(other) = cluster("STRATA_TEST_OTHER_CLUSTER") else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.give(&text(&other));
    g.edit("layers/top/web/a.yaml", "key: x", "key: y");
    for args in [
        &["plan", "dev"][..],
        &["apply", "dev", "--yes"],
        &["destroy", "dev", "--yes"],
    ] {
        g.ends(10, args)
            .says("leads to another cluster than the one this was applied to")
            .says("nothing was changed")
            .says("strata forget dev/web");
    }
    assert_eq!(g.field("configmap", "a", ".data.key"), "x");
}

#[test]
fn a_token_that_has_expired_is_said_to_have() {
    let Some(g) = ground("token") else { return };
    let (server, ca) = address(&text(&g.platform.root().join("kubeconfig")));
    // the CA is base64, in which any letters may stand
    let component = COMPONENT.replace("NS", &g.space);
    let with = |token: &str| {
        g.platform.write(
            "layers/top/web/component.yaml",
            &format!("{component}cluster: {{endpoint: '{server}', ca: {ca}, token: {token}}}\n"),
        );
    };
    with("not-a-token-that-anybody-gave");
    g.ends(10, &["plan", "dev"])
        .says("does not accept the credentials of `cluster:` (401)")
        .says("the token has expired")
        .never_says("not-a-token-that-anybody-gave");
    // one that is good and may do nothing
    g.does(&["-n", "t-token", "create", "serviceaccount", "weak"]);
    with(g.does(&["-n", "t-token", "create", "token", "weak"]).trim());
    g.ends(10, &["plan", "dev"])
        .says("let it `get` the namespace `kube-system`");
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: t-token}\nrules: [{apiGroups: [''], resources: [namespaces, configmaps], verbs: [get, list]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: t-token}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: t-token}\nsubjects: [{kind: ServiceAccount, name: weak, namespace: NS}]\n";
    g.puts(role);
    let done = g.platform.run(&["plan", "dev"]);
    g.does(&[
        "delete",
        "clusterrole/t-token",
        "clusterrolebinding/t-token",
    ]);
    assert_eq!(done.code, 10, "{}", done.all());
    done.says("ConfigMap t-token/a (a.yaml:1): not allowed")
        .says("cannot patch resource \"configmaps\"");
}

#[test]
fn a_program_gives_credentials_each_time() {
    let Some(g) = ground("exec") else { return };
    let (server, ca) = address(&text(&g.platform.root().join("kubeconfig")));
    g.does(&["-n", "t-exec", "create", "serviceaccount", "robot"]);
    g.puts("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: t-exec}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: ServiceAccount, name: robot, namespace: NS}]\n");
    let token = g.does(&["-n", "t-exec", "create", "token", "robot"]);
    let helper = g.platform.beside("world").join("helper.sh");
    let script = format!(
        "#!/bin/sh\necho '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {{\"token\": \"{}\"}}}}'\n",
        token.trim()
    );
    let exec = |script: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&helper, script).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let component = COMPONENT.replace("NS", &g.space);
    g.platform.write(
        "layers/top/web/component.yaml",
        &format!(
            "{component}cluster: {{endpoint: '{server}', ca: {ca}, exec: ['{}']}}\n",
            helper.display()
        ),
    );
    exec(&script);
    let done = g.platform.run(&["apply", "dev", "--yes"]);
    exec("#!/bin/sh\necho secret-on-stdout\necho log in first >&2\nexit 4\n");
    g.edit("layers/top/web/a.yaml", "key: x", "key: y");
    let failed = g.platform.run(&["plan", "dev"]);
    g.does(&["delete", "clusterrolebinding/t-exec"]);
    assert_eq!(
        (done.code, failed.code),
        (0, 10),
        "{}{}",
        done.all(),
        failed.all()
    );
    done.never_says(token.trim());
    failed
        .says("helper.sh` of `exec` ended with")
        .says("log in first")
        .never_says("secret-on-stdout");
}

#[test]
fn what_is_no_kubeconfig_is_said_and_not_shown() {
    let Some(g) = ground("nokube") else { return };
    g.give("this is not yaml: [ s3cret-text\n");
    g.ends(10, &["plan", "dev"])
        .says("`cluster:` holds no kubeconfig")
        .never_says("s3cret-text");
    g.edit("strata.yaml", "defaults:", "x-defaults:");
    let checked = g.platform.run(&["check"]);
    checked.says("x-defaults");
}

#[test]
fn a_cluster_of_the_same_run_is_waited_for() {
    let files: &[(&str, &str)] = &[
        (
            "contracts/kubernetes-cluster.yaml",
            "outputs: {kubeconfig: {type: string, sensitive: true}, version: string}\n",
        ),
        (
            "layers/top/upstream/component.yaml",
            "engine: script\nreads: [../../../kubeconfig]\noutputs: {kubeconfig: {type: string, sensitive: true, from: {file: made}}}\nscript: {apply: [./up.sh]}\nprovides: {kubernetes-cluster: {kubeconfig: '${{ self.kubeconfig }}', version: v1}}\n",
        ),
        (
            "layers/top/upstream/up.sh",
            "#!/bin/sh\ncp ../../../kubeconfig made\n",
        ),
        (
            "layers/top/web/component.yaml",
            &format!("{COMPONENT}cluster: '${{{{ kubernetes-cluster.outputs }}}}'\n"),
        ),
        ("layers/top/web/a.yaml", &config("a", "x")),
    ];
    let Some(g) = Ground::with_space("later", files) else {
        return;
    };
    g.ends(0, &["plan", "dev"])
        .says("1 deferred")
        .never_says("t-later/a");
    g.ends(0, &["apply", "dev", "--yes"])
        .says("created ConfigMap t-later/a");
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    // another token for the same cluster runs nothing
    let text = text(&g.platform.root().join("kubeconfig"));
    g.give(&format!("{text}\n"));
    let done = g.ends(0, &["apply", "dev", "--yes"]);
    done.says("dev/upstream").never_says("dev/web apply");
}
