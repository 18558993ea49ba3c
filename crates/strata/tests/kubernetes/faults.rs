//! What the cluster refuses or never gets ready, each with a message that says what to do.
use crate::ground::{COMPONENT, Ground, IMAGE, config, deployment};

#[test]
fn a_pod_that_never_gets_ready_is_told_with_its_events_and_log() {
    // never ready, not even for the moment before it ends
    let probe = "name: main, readinessProbe: {exec: {command: ['false']}},";
    let crashing = deployment("crash", 1, IMAGE, "echo the disk is on fire; exit 3");
    let crashing = crashing.replace("name: main,", probe);
    let missing = deployment("missing", 1, "localhost/no-such-image:1", "true");
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: NS, wait: 6s}\n",
        ),
        ("layers/top/web/a.yaml", &crashing),
        ("layers/top/web/b.yaml", &missing),
    ];
    let Some(g) = Ground::with_space("never", files) else {
        return;
    };
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Deployment.apps t-never/crash is not ready after 6 s: 0 of 1 replicas are ready",
            "with exit code 3",
            "log of main: the disk is on fire",
            "Deployment.apps t-never/missing is not ready",
            "no-such-image",
            "event Failed",
        ],
    );
}

#[test]
fn a_job_that_fails_is_not_waited_for() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  backoffLimit: 0\n  template:\n    spec: {restartPolicy: Never, containers: [{name: main, image: 'localhost/busybox:1', imagePullPolicy: IfNotPresent, command: [sh, -c, 'echo migration 7 fails; exit 1']}]}\n";
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: NS, wait: 5m}\n",
        ),
        ("layers/top/web/a.yaml", job),
    ];
    let Some(g) = Ground::with_space("job", files) else {
        return;
    };
    g.ends(10, &["apply", "dev", "--yes"])
        .says("Job.batch t-job/j failed: BackoffLimitExceeded")
        .says("log of main: migration 7 fails");
}

#[test]
fn a_quota_is_said_to_be_one() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", &config("a", "x")),
    ];
    let Some(g) = Ground::with_space("quota", files) else {
        return;
    };
    g.does(&[
        "-n",
        "t-quota",
        "create",
        "quota",
        "small",
        "--hard=configmaps=1",
    ]);
    // the controller of quotas counts what is there
    g.does(&[
        "-n",
        "t-quota",
        "wait",
        "--for=jsonpath={.status.used.configmaps}=1",
        "quota/small",
        "--timeout=60s",
    ]);
    g.ends(10, &["plan", "dev"])
        .says("ConfigMap t-quota/a (a.yaml:1) does not fit into the quota of its namespace")
        .says("quota small, requested: configmaps=1, used: configmaps=1, limited: configmaps=1");
}

#[test]
fn a_kind_that_is_not_served_comes_with_what_serves_it() {
    let old = "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: b}\n---\napiVersion: nobody.example.com/v1\nkind: Thing\nmetadata: {name: c}\n";
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", old),
    ];
    let Some(g) = Ground::with_space("served", files) else {
        return;
    };
    g.ends(10, &["plan", "dev"])
        .says("Deployment.extensions a (a.yaml:1): the cluster serves no `Deployment` of `extensions/v1beta1`")
        .says("it serves it as apps/v1")
        .says("did you mean `Deployment`?")
        .says("Thing.nobody.example.com c (a.yaml:9)")
        .says("apply its definition");
}

#[test]
fn a_webhook_that_fails_closed_is_named() {
    let hook = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: t-webhook}
webhooks:
- name: closed.example.com
  failurePolicy: Fail
  sideEffects: None
  timeoutSeconds: 2
  admissionReviewVersions: [v1]
  clientConfig: {service: {namespace: t-webhook, name: nobody}}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: t-webhook}}
  rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
";
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: default, wait: 2s}\n",
        ),
        (
            "layers/top/web/a.yaml",
            &config("a", "x").replace("{name: a}", "{name: a, namespace: NS}"),
        ),
    ];
    let Some(g) = Ground::with_space("webhook", files) else {
        return;
    };
    g.puts(hook);
    let done = g.platform.run(&["plan", "dev"]);
    g.does(&["delete", "validatingwebhookconfiguration", "t-webhook"]);
    assert_eq!(done.code, 10, "{}", done.all());
    done.says("the webhook `closed.example.com` cannot be asked")
        .says("failurePolicy: Fail")
        .says("nobody");
    g.ends(0, &["apply", "dev", "--yes"]);
}

#[test]
fn a_namespace_that_is_not_there_is_said() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", &config("a", "x")),
    ];
    let Some(g) = Ground::new("nospace", files) else {
        return;
    };
    g.ends(10, &["plan", "dev"])
        .says("there is no namespace `t-nospace`")
        .says("add a Namespace");
}

#[test]
fn a_webhook_is_ready_when_somebody_serves_it() {
    let hook = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: t-serves}
webhooks:
- name: serves.example.com
  sideEffects: None
  timeoutSeconds: 2
  admissionReviewVersions: [v1]
  clientConfig: {service: {namespace: NS, name: nobody}}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: t-serves}}
  rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: nobody}\nspec: {ports: [{port: 443}], selector: {app: nobody}}\n";
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: NS, wait: 3s}\n",
        ),
        ("layers/top/web/a.yaml", service),
        ("layers/top/web/b.yaml", hook),
        ("layers/top/web/c.yaml", &config("a", "x")),
    ];
    let Some(g) = Ground::with_space("serves", files) else {
        return;
    };
    let done = g.platform.run(&["apply", "dev", "--yes"]);
    assert_eq!(done.code, 10, "{}", done.all());
    done.says("ValidatingWebhookConfiguration.admissionregistration.k8s.io t-serves is not ready after 3 s")
        .says("the Service t-serves/nobody has no ready endpoint");
    g.does(&["delete", "validatingwebhookconfiguration", "t-serves"]);
}
