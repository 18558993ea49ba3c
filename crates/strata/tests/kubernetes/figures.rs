//! What a session costs: requests for five hundred objects, and what it takes of the machine.
use crate::{
    ground::{COMPONENT, Ground, IMAGE, config, deployment},
    sandbox::STRATA,
};
use serde_json::{Value as Json, json};
use std::{fs, path::Path, process::Command};

/// Half ConfigMaps, half Deployments without pods.
fn objects(of: usize) -> String {
    let one = |i: usize| match i % 2 {
        0 => config(&format!("c{i}"), "x"),
        _ => deployment(&format!("d{i}"), 0, IMAGE, "true"),
    };
    (0..of).map(one).collect::<Vec<_>>().join("---\n")
}

/// A session without an engine.
fn ask(g: &Ground, ask: &str, file: &Path) -> Json {
    let request = g.platform.beside("request.json");
    let asked = json!({
        "ask": ask, "platform": g.space, "unit": "dev/web", "namespace": g.space, "wait": 60_000,
        "prune": true, "force-conflicts": false, "inventory": true,
        "cluster": fs::read_to_string(g.platform.root().join("kubeconfig")).unwrap(),
    });
    fs::write(&request, asked.to_string()).unwrap();
    let out = Command::new(STRATA)
        .arg("__kubernetes")
        .args([&request, file])
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn five_hundred_objects_take_one_request_each() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", &objects(500)),
    ];
    let Some(g) = Ground::with_space("figures", files) else {
        return;
    };
    let file = g.platform.root().join("layers/top/web/a.yaml");
    let request = g.platform.beside("request.json");
    let asked = json!({
        "ask": "plan", "platform": "t-figures", "unit": "dev/web", "namespace": "t-figures", "wait": 60_000,
        "prune": true, "force-conflicts": false, "inventory": true,
        "cluster": fs::read_to_string(g.platform.root().join("kubeconfig")).unwrap(),
    });
    fs::write(&request, asked.to_string()).unwrap();
    let plan = || -> Json {
        let out = Command::new(STRATA)
            .arg("__kubernetes")
            .args([&request, &file])
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let first = plan();
    assert_eq!(first["changes"].as_array().unwrap().len(), 500);
    println!("plan of 500 new objects: {}", first["cost"]);
    // the inventory, the cluster's identity and its namespace are three more objects
    assert!(
        first["cost"]["single"].as_u64().unwrap() <= 500 + 3,
        "{}",
        first["cost"]
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    let second = plan();
    println!("plan of 500 unchanged objects: {}", second["cost"]);
    assert_eq!(second["changes"], json!([]));
    assert!(
        second["cost"]["single"].as_u64().unwrap() <= 500 + 3,
        "{}",
        second["cost"]
    );
    assert!(
        second["cost"]["calls"].as_u64().unwrap() <= 500 + 15,
        "{}",
        second["cost"]
    );
    // and nothing at all where nothing changed
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
}

#[test]
fn other_engines_ask_for_a_kubeconfig_wait_and_read() {
    let files: &[(&str, &str)] = &[("x/a.yaml", &deployment("a", 1, IMAGE, "sleep 1000"))];
    let Some(g) = Ground::with_space("asks", files) else {
        return;
    };
    let file = g.platform.root().join("x/a.yaml");
    let kubeconfig = g.platform.beside("made.json");
    ask(&g, "kubeconfig", &kubeconfig);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&kubeconfig).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let out = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .args(["-n", &g.space, "apply", "-f"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    ask(&g, "wait", &file);
    let read = ask(&g, "read", &file);
    assert_eq!(read["found"][0]["status"]["readyReplicas"], json!(1));
}
