//! Charts, with the real helm: the life of a release, hands in the cluster, kills.
use crate::ground::{Ground, IMAGE, cluster, text};
use std::{
    fs,
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

const COMPONENT: &str = "helm: {namespace: NS, create-namespace: true, timeout: 60s, release: web}\ninputs: {password: '${{ secret(\"file:word\") }}'}\noutputs: {said: {type: string, from: {lookup: 'ConfigMap/web#/data/greeting'}}}\n";
const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const VALUES: &str = "greeting: hello\npassword: none\nslow: 0\n";
const OBJECTS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {greeting: {{ .Values.greeting | quote }}, url: "x:{{ .Values.password }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: {{ .Values.password | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "sleep {{ .Values.slow }}; touch /ready; echo {{ .Values.greeting }}; exec sleep 1000"]
        readinessProbe: {exec: {command: [test, -e, /ready]}, periodSeconds: 1}
"#;

fn ground(name: &str) -> Option<Ground> {
    let objects = OBJECTS.replace("IMAGE", IMAGE);
    let files = [
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/Chart.yaml", CHART),
        ("layers/top/web/values.yaml", VALUES),
        ("layers/top/web/templates/objects.yaml", objects.as_str()),
        ("word", "sesame-open"),
    ];
    if Command::new("helm").arg("version").output().is_err() {
        eprintln!("skipped: there is no helm (`cargo xtask cluster build` makes one)");
        return None;
    }
    Ground::new(name, &files)
}

#[test]
fn an_output_that_comes_late_is_waited_for_as_long_as_the_chart_may_take() {
    let Some(g) = ground("late") else { return };
    // nobody but its controller knows when it is done, and helm does not wait for it
    g.write(
        "layers/top/web/templates/late.yaml",
        &format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: late}}\nspec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: late, image: '{IMAGE}', imagePullPolicy: IfNotPresent, command: [sleep, '25']}}]}}}}}}\n"),
    );
    g.edit(
        "layers/top/web/component.yaml",
        "outputs: {",
        "outputs: {late: {type: string, from: {lookup: 'Job/late#/status/completionTime'}}, ",
    );
    g.edit("layers/top/web/component.yaml", "60s", "5m");
    g.ends(0, &["apply", "dev", "--yes"]);
    let late = g.field("job", "late", ".status.completionTime");
    assert_eq!(g.platform.outputs("dev/web")["late"], late.as_str());
    g.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn a_release_is_planned_applied_left_alone_and_taken_away() {
    let Some(g) = ground("helm") else { return };
    let plan = g.ends(0, &["plan", "dev"]);
    plan.says("Deployment.apps t-helm/web")
        .says("Namespace t-helm");
    plan.never_says("sesame-open");
    g.ends(0, &["apply", "dev", "--yes"])
        .never_says("sesame-open");
    assert_eq!(g.field("configmap", "web", ".data.url"), "x:sesame-open");
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
    let again = g.ends(0, &["apply", "dev", "--yes"]);
    again.says("nothing to do").never_says("plan …");
    g.ends(0, &["outputs", "dev"])
        .says("revision")
        .never_says("identity")
        .never_says("sesame-open");
    g.ends(0, &["outputs", "dev/web", "said"]).says("hello");
    // neither the secret nor the kubeconfig is left
    let key = text(&g.platform.root().join("kubeconfig"));
    let key = key
        .split("\"client-key-data\": \"")
        .nth(1)
        .and_then(|k| k.split('"').next());
    for secret in ["sesame-open", key.expect("a key")] {
        let kept = g.platform.stored_with(secret);
        assert!(kept.is_empty(), "{kept:?}");
    }
    // a hand in the cluster is seen, and taken back
    g.ends(0, &["drift", "dev"]);
    let hand = [
        "-n",
        "t-helm",
        "patch",
        "configmap",
        "web",
        "-p",
        r#"{"data": {"greeting": "hand"}}"#,
    ];
    g.does(&hand);
    g.ends(6, &["drift", "dev"])
        .says("data.greeting")
        .says("by kubectl-patch");
    g.ends(0, &["apply", "dev", "--yes", "--refresh"])
        .says(r#""hand" -> "hello""#);
    assert_eq!(g.field("configmap", "web", ".data.greeting"), "hello");
    // a change is told by its fields
    g.edit(
        "layers/top/web/values.yaml",
        "greeting: hello",
        "greeting: moin",
    );
    g.ends(0, &["plan", "dev"])
        .says(r#"data.greeting: "hello" -> "moin""#)
        .says("2 to update");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "web", ".data.greeting"), "moin");
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("deployment", "web") && !g.has("secret", "web"));
}

#[test]
fn a_chart_that_does_not_render_and_a_pod_that_is_never_ready_are_told() {
    let Some(g) = ground("helmbad") else { return };
    g.write(
        "layers/top/web/templates/more.yaml",
        "a: b\nc: {{ fail \"say the host\" }}\n",
    );
    g.ends(10, &["plan", "dev"])
        .says("layers/top/web/templates/more.yaml, line 2: say the host");
    g.write("layers/top/web/templates/more.yaml", "");
    g.edit("layers/top/web/values.yaml", "slow: 0", "slow: 1000");
    g.edit(
        "layers/top/web/component.yaml",
        "timeout: 60s",
        "timeout: 5s",
    );
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Deployment.apps t-helmbad/web is not ready: 0 of 1 replicas are ready",
            "event Unhealthy",
            "what it had made is removed",
        ],
    );
    assert!(!g.has("deployment", "web"));
}

#[test]
fn another_cluster_than_the_one_of_the_last_apply_is_refused() {
    let Some(g) = ground("helmother") else { return };
    let Some(other) = cluster("STRATA_TEST_OTHER_CLUSTER") else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    let own = text(&g.platform.root().join("kubeconfig"));
    g.give(&text(&other));
    g.edit(
        "layers/top/web/values.yaml",
        "greeting: hello",
        "greeting: moin",
    );
    for args in [
        &["plan", "dev"][..],
        &["apply", "dev", "--yes"],
        &["destroy", "dev", "--yes"],
    ] {
        g.ends(10, args)
            .says("leads to another cluster than the one this was applied to");
    }
    g.give(&own);
    assert_eq!(g.field("configmap", "web", ".data.greeting"), "hello");
}

#[test]
fn a_chart_goes_into_a_cluster_of_the_same_plan() {
    let Some(g) = ground("helmdefer") else { return };
    let kubeconfig = text(&g.platform.root().join("kubeconfig"));
    let give = "#!/bin/sh\nexec cp outputs.json \"$STRATA_OUTPUTS\"\n";
    let outputs = serde_json::json!({"kubeconfig": kubeconfig, "version": "1.34"});
    g.platform
        .write("layers/top/k/outputs.json", &outputs.to_string());
    g.platform.write("layers/top/k/give.sh", give);
    g.write(
        "layers/top/k/component.yaml",
        "engine: script\nscript: {apply: [./give.sh]}\noutputs: {kubeconfig: {type: string, sensitive: true}, version: string}\n",
    );
    g.write(
        "layers/top/web/component.yaml",
        &format!("{COMPONENT}cluster: '${{{{ k.outputs }}}}'\n"),
    );
    let hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: before, annotations: {helm.sh/hook: pre-install}}\n";
    g.write("layers/top/web/templates/hook.yaml", hook);
    g.ends(0, &["plan", "dev"]).says("deferred");
    // what it makes is new, so the approval covers it though it could not be shown
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
    g.ends(0, &["plan", "dev"]).says("nothing to do");
}

/// Processes of helm that upgrade a release in the namespace.
fn helms(space: &str) -> Vec<u32> {
    let mine = format!("--namespace={space}");
    let of = |pid: u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let words: Vec<&str> = line.split('\0').collect();
        words.get(1) == Some(&"upgrade") && words.contains(&mine.as_str())
    };
    let all = fs::read_dir("/proc").expect("processes");
    let pids = all.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| of(*pid)).collect()
}

/// Starts an apply and waits until the release is pending.
fn pending(g: &Ground, status: &str) -> Child {
    let mut apply = g.platform.start(&["apply", "dev", "--yes"]);
    let label = format!("status={status}");
    let ask = ["-n", &g.space, "get", "secret", "-l", &label, "-o", "name"];
    while g.tries(&ask, "").1.trim().is_empty() || helms(&g.space).is_empty() {
        let ended = apply.try_wait().expect("its state");
        assert!(ended.is_none(), "it ended before it could be killed");
        sleep(Duration::from_millis(20));
    }
    apply
}

fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").args([name, &pid.to_string()]).status();
}

/// What helm says of the release.
fn status(g: &Ground) -> String {
    let labels = [
        "-n",
        &g.space,
        "get",
        "secret",
        "-l",
        "owner=helm",
        "-o",
        "jsonpath={.items[*].metadata.labels.status}",
    ];
    g.does(&labels)
}

#[test]
fn a_release_that_a_kill_cut_off_is_gone_on_with() {
    let Some(g) = ground("helmkill") else { return };
    g.edit("layers/top/web/values.yaml", "slow: 0", "slow: 4");
    // the program alone: helm is interrupted by the supervisor
    let mut apply = pending(&g, "pending-install");
    apply.kill().expect("kill");
    apply.wait().expect("it ended");
    g.ends(0, &["resume"]);
    assert!(status(&g).ends_with("deployed"), "{}", status(&g));
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    // helm too: the release stays pending
    g.edit(
        "layers/top/web/values.yaml",
        "greeting: hello",
        "greeting: moin",
    );
    let mut apply = pending(&g, "pending-upgrade");
    let program = apply.id();
    signal(program, "-STOP");
    helms(&g.space)
        .into_iter()
        .for_each(|pid| signal(pid, "-KILL"));
    apply.kill().expect("kill");
    apply.wait().expect("it ended");
    assert!(status(&g).contains("pending-upgrade"), "{}", status(&g));
    let resumed = g.platform.run(&["resume"]);
    if resumed.code != 0 {
        // it is known how helm ended: the run failed, the next one restores
        resumed.says("signal 9");
        g.ends(0, &["plan", "dev"])
            .says("is pending-upgrade: it is rolled back to revision");
        g.ends(0, &["apply", "dev", "--yes"]);
    }
    assert!(status(&g).ends_with("deployed"), "{}", status(&g));
    assert_eq!(g.field("configmap", "web", ".data.greeting"), "moin");
    g.platform.assert_no_process();
    g.ends(0, &["destroy", "dev", "--yes"]);
}
