//! Flux, with its real controllers and a real repository.
use crate::{
    ground::Ground,
    repository::{Repository, git},
};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page, namespace: NS}\ndata: {who: '${who}'}\n";

#[test]
fn flux_applies_a_repository_and_what_of_it_is_not_ready_is_named() {
    let Some(address) = crate::ground::flux() else {
        return;
    };
    let Some(g) = Ground::with_space("flux", &[("word", "sesame-open")]) else {
        return;
    };
    let repository = Repository::new(&address, "base/page.yaml", &CONFIG.replace("NS", &g.space));
    g.write(
        "layers/top/app/component.yaml",
        &format!(
            "engine: flux\nflux: {{source: {{git: '{}', branch: main}}, path: ./base, namespace: NS, wait: 2m}}\ninputs: {{who: '${{{{ secret(\"file:word\") }}}}'}}\n",
            repository.url
        ),
    );
    g.ends(0, &["plan", "dev"])
        .says("GitRepository.source.toolkit.fluxcd.io")
        .never_says("sesame-open");
    g.ends(0, &["apply", "dev", "--yes"])
        .never_says("sesame-open");
    assert_eq!(g.field("configmap", "page", ".data.who"), "sesame-open");
    let head = git(&repository.tree, &["rev-parse", "HEAD"]);
    g.ends(0, &["outputs", "dev/app", "revision"])
        .says(&format!("main@sha1:{head}"));
    g.ends(0, &["drift", "dev"]);

    // a commit that cannot get ready
    let bad = crate::ground::deployment("bad", 1, "localhost/none:1", "true")
        .replace("IfNotPresent", "Never");
    let bad = bad.replace(
        "{name: bad}",
        &format!("{{name: bad, namespace: {}}}", g.space),
    );
    repository.commit("base/bad.yaml", &bad);
    g.edit("layers/top/app/component.yaml", "wait: 2m", "wait: 15s");
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Kustomization.kustomize.toolkit.fluxcd.io t-flux/app is not ready",
            "Deployment.apps t-flux/bad",
            "ErrImageNeverPull",
        ],
    );
    // and one that can
    git(&repository.tree, &["rm", "-q", "base/bad.yaml"]);
    g.edit("layers/top/app/component.yaml", "wait: 15s", "wait: 2m");
    let good = repository.commit(
        "base/more.yaml",
        &CONFIG.replace("NS", &g.space).replace("page", "more"),
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["outputs", "dev/app", "revision"]).says(&good);
    assert!(g.has("configmap", "more") && !g.has("deployment", "bad"));

    // a change by hand is drift, and who made it is said
    g.meddles(
        &g.space,
        "gitrepository",
        "app",
        "{\"spec\":{\"interval\":\"1h\"}}",
    );
    g.ends(6, &["drift", "dev"])
        .says("spec.interval")
        .says("somebody");
    g.ends(0, &["apply", "dev", "--refresh", "--yes"]);
    assert_eq!(g.field("gitrepository", "app", ".spec.interval"), "10m");

    // nothing moves while it is suspended
    g.edit(
        "layers/top/app/component.yaml",
        "path: ./base",
        "suspend: true, path: ./base",
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    repository.commit(
        "base/page.yaml",
        &CONFIG.replace("NS", &g.space).replace("who:", "whom:"),
    );
    g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.who"), "sesame-open");
    g.edit("layers/top/app/component.yaml", "suspend: true, ", "");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.whom"), "sesame-open");

    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("kustomization", "app") && !g.has("configmap", "page"));
}
