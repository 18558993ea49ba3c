//! Flux with its real controllers, and what it fetches from elsewhere than git: a registry, a repository of charts. The
//! tests of releases need its helm-controller in the cluster, and say so where there is none.
use crate::{
    ground::Ground,
    repository::Repository,
    shelves::{Chart, Shelf},
};
use std::fs;

/// A ground with Flux in its cluster, and the address at which its pods reach this machine.
pub fn ground(name: &str, with_helm: bool) -> Option<(Ground, String)> {
    let address = crate::ground::flux()?;
    let g = Ground::with_space(name, &[])?;
    if with_helm && is_played(&g) {
        eprintln!("skipped: Flux's helm-controller is not in the cluster");
        return None;
    }
    Some((g, address))
}

/// Is Flux's helm-controller not there, and has to be played?
pub fn is_played(g: &Ground) -> bool {
    let pods = [
        "get",
        "pods",
        "-A",
        "-l",
        "app=helm-controller",
        "-o",
        "name",
    ];
    !g.does(&pods).contains("pod/")
}

pub const COMPONENT: &str = "layers/top/app/component.yaml";

#[test]
fn flux_applies_what_a_registry_has() {
    let Some((g, address)) = ground("oci", false) else {
        return;
    };
    let registry = Shelf::registry(&address);
    let folder = tempfile::tempdir().expect("a folder");
    let page = |text: &str| {
        let config = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: page, namespace: {}}}\ndata: {{text: {text}, who: '${{who}}'}}\n",
            g.space
        );
        fs::create_dir_all(folder.path().join("base")).expect("a folder");
        fs::write(folder.path().join("base/page.yaml"), config).expect("a file");
    };
    page("one");
    let first = registry.takes("demo/app", "1.0.0", folder.path());
    g.write(
        COMPONENT,
        &format!(
            "engine: flux\nflux: {{source: {{oci: 'oci://{}/demo/app', tag: 1.0.0, insecure: true}}, path: ./base, namespace: NS, wait: 2m}}\ninputs: {{who: somebody}}\n",
            registry.at
        ),
    );
    g.ends(0, &["plan", "dev"])
        .says("OCIRepository.source.toolkit.fluxcd.io");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.text"), "one");
    assert_eq!(g.field("configmap", "page", ".data.who"), "somebody");
    g.ends(0, &["outputs", "dev/app", "revision"])
        .says(&format!("1.0.0@{first}"));
    g.ends(0, &["drift", "dev"]);

    page("two");
    let second = registry.takes("demo/app", "2.0.0", folder.path());
    g.edit(COMPONENT, "tag: 1.0.0", "tag: 2.0.0");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.text"), "two");
    g.ends(0, &["outputs", "dev/app", "revision"])
        .says(&format!("2.0.0@{second}"));

    // a tag that moves: who asks anew gets it
    page("three");
    let third = registry.takes("demo/app", "2.0.0", folder.path());
    g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.text"), "three");
    g.ends(0, &["outputs", "dev/app", "revision"]).says(&third);

    // what is not there: Flux's own words
    g.edit(COMPONENT, "tag: 2.0.0", "tag: 9.0.0");
    g.edit(COMPONENT, "wait: 2m", "wait: 10s");
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "OCIRepository.source.toolkit.fluxcd.io t-oci/app is not ready",
            "OCIArtifactPullFailed",
            "9.0.0",
        ],
    );
    assert_eq!(g.field("configmap", "page", ".data.text"), "three");

    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(!g.has("ocirepository", "app") && !g.has("configmap", "page"));

    // what is suspended leaves what it applied, and that is said
    g.edit(COMPONENT, "tag: 9.0.0", "tag: 1.0.0");
    g.ends(0, &["apply", "dev", "--yes"]);
    g.edit(COMPONENT, "path:", "suspend: true, path:");
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["destroy", "dev", "--yes"])
        .says("t-oci/app is suspended: Flux leaves what it applied");
    assert!(!g.has("ocirepository", "app") && g.has("configmap", "page"));
}

/// A chart that is fetched, and nobody applies.
const FETCHED: &str = "
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {name: web}
spec: {chart: CHART, version: VERSION, interval: 10m, sourceRef: {kind: KIND, name: app}}
";

/// The sources of charts: kind, the chart in them, and the object.
pub fn sources(
    repository: &str,
    web: &str,
    registry: &str,
) -> [(&'static str, &'static str, String); 3] {
    let source = |kind: &str, rest: &str| {
        format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: app}}\nspec: {{interval: 10m, {rest}}}\n"
        )
    };
    let git = format!("url: '{repository}', ref: {{branch: main}}");
    let http = format!("url: 'http://{web}'");
    let oci = format!("type: oci, insecure: true, url: 'oci://{registry}/charts'");
    [
        ("GitRepository", "./web", source("GitRepository", &git)),
        ("HelmRepository", "web", source("HelmRepository", &http)),
        ("HelmRepository", "web", source("HelmRepository", &oci)),
    ]
}

#[test]
fn charts_are_fetched_from_wherever_they_are() {
    let Some((g, address)) = ground("charts", false) else {
        return;
    };
    let repository = Repository::new(&address, "README.md", "charts\n");
    let folder = tempfile::tempdir().expect("a folder");
    let chart = Chart::new(folder.path(), "1.0.0");
    Chart::new(&repository.tree, "1.0.0");
    repository.commit("web/Chart.yaml", &Chart::named("1.0.0"));
    let (web, registry) = (Shelf::folder(&address), Shelf::registry(&address));
    web.adds(&chart, "1.0.0");
    registry.takes_chart(&chart, "1.0.0");
    for (i, (kind, name, source)) in sources(&repository.url, &web.at, &registry.at)
        .into_iter()
        .enumerate()
    {
        let fetched = FETCHED.replace("CHART", name).replace("KIND", kind);
        g.write(COMPONENT, "engine: flux\nflux: {namespace: NS, wait: 2m}\n");
        g.write("layers/top/app/source.yaml", &source);
        g.write(
            "layers/top/app/chart.yaml",
            &fetched.replace("VERSION", "'*'"),
        );
        g.ends(0, &["apply", "dev", "--yes"]);
        let version = ".status.artifact.revision";
        assert_eq!(g.field("helmchart", "web", version), format!("1.{i}.0"));
        // the next one, in all three
        let next = format!("1.{}.0", i + 1);
        repository.commit("web/Chart.yaml", &Chart::named(&next));
        web.adds(&chart, &next);
        registry.takes_chart(&chart, &next);
        g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
        assert_eq!(g.field("helmchart", "web", version), next);
        g.ends(0, &["drift", "dev"]);
        g.write(
            "layers/top/app/chart.yaml",
            &fetched.replace(name, "lost").replace("VERSION", "'*'"),
        );
        g.edit(COMPONENT, "wait: 2m", "wait: 5s");
        g.ends_saying(
            10,
            &["apply", "dev", "--yes"],
            &["HelmChart.source.toolkit.fluxcd.io t-charts/web", "lost"],
        );
        g.ends(0, &["destroy", "dev", "--yes"]);
        assert!(!g.has("helmchart", "web"));
    }
}

/// A release of the chart.
pub const RELEASE: &str = "
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop}
spec:
  interval: 10m
  timeout: 20s
  CHART
  values:
    who: ${who}
";

#[test]
fn a_release_of_helm_is_ready_at_the_chart_that_was_asked_for() {
    let Some((g, address)) = ground("release", true) else {
        return;
    };
    let repository = Repository::new(&address, "README.md", "charts\n");
    Chart::new(&repository.tree, "1.0.0");
    repository.commit("web/Chart.yaml", &Chart::named("1.0.0"));
    let [(kind, chart, source), ..] = sources(&repository.url, "", "");
    let from =
        format!("chart: {{spec: {{chart: {chart}, sourceRef: {{kind: {kind}, name: app}}}}}}");
    let release = RELEASE.replace("CHART", &from);
    g.write(
        COMPONENT,
        "engine: flux\nflux: {namespace: NS, wait: 2m}\ninputs: {who: '${{ secret(\"file:word\") }}'}\n",
    );
    g.write("word", "sesame-open");
    g.write("layers/top/app/source.yaml", &source);
    g.write("layers/top/app/release.yaml", &release);
    g.ends(0, &["plan", "dev"])
        .says("HelmRelease.helm.toolkit.fluxcd.io")
        .never_says("sesame-open");
    g.ends(0, &["apply", "dev", "--yes"])
        .never_says("sesame-open");
    assert_eq!(g.field("configmap", "page", ".data.who"), "sesame-open");
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
    g.ends(0, &["outputs", "dev/app", "revisions"])
        .says("{\"shop\":\"1.0.0\"}");
    g.ends(0, &["drift", "dev"]);

    // a commit with another version: it is there when the apply is over
    for version in ["1.1.0", "1.2.0"] {
        repository.commit("web/Chart.yaml", &Chart::named(version));
        g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
        assert_eq!(g.field("configmap", "page", ".data.version"), version);
        g.ends(0, &["outputs", "dev/app", "revisions"])
            .says(version);
    }

    // values that the chart refuses
    g.edit(COMPONENT, "'${{ secret(\"file:word\") }}'", "5");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("HelmRelease.helm.toolkit.fluxcd.io t-release/shop failed")
        .says("values don't meet the specifications of the schema");
    g.edit(COMPONENT, "who: 5", "who: somebody");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.who"), "somebody");

    // a Deployment that does not get ready is named, with its pod
    let broken = "values:\n    image: 'localhost/none:1'\n";
    g.edit("layers/top/app/release.yaml", "values:\n", broken);
    g.ends(10, &["apply", "dev", "--yes"])
        .says("HelmRelease.helm.toolkit.fluxcd.io t-release/shop failed")
        .says("Deployment.apps t-release/web")
        .says("ErrImageNeverPull");
    // asked again, Flux tries again: it does not say that it has failed before
    g.edit("layers/top/app/release.yaml", broken, "values:\n");
    g.ends(0, &["apply", "dev", "--yes"]);

    // a hook
    g.edit(
        "layers/top/app/release.yaml",
        "values:\n",
        "values:\n    hook: 'exit 3'\n",
    );
    g.ends(10, &["apply", "dev", "--yes"])
        .says("HelmRelease.helm.toolkit.fluxcd.io t-release/shop failed")
        .says("pre-upgrade hooks failed")
        .says("before");
    g.edit("layers/top/app/release.yaml", "    hook: 'exit 3'\n", "");
    g.ends(0, &["apply", "dev", "--yes"]);

    // nothing moves while it is suspended
    g.edit(
        "layers/top/app/release.yaml",
        "timeout: 20s",
        "suspend: true",
    );
    g.edit(COMPONENT, "who: somebody", "who: else");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.who"), "somebody");
    g.edit(
        "layers/top/app/release.yaml",
        "suspend: true",
        "timeout: 20s",
    );
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("configmap", "page", ".data.who"), "else");

    // a change by hand is drift, and who made it is said
    g.meddles(
        &g.space,
        "helmrelease",
        "shop",
        "{\"spec\":{\"interval\":\"1h\"}}",
    );
    g.ends(6, &["drift", "dev"])
        .says("spec.interval")
        .says("somebody");

    g.ends(0, &["destroy", "dev", "--yes"]);
    for (kind, name) in [
        ("helmrelease", "shop"),
        ("deployment", "web"),
        ("configmap", "page"),
        ("helmchart", "t-release-shop"),
    ] {
        assert!(!g.has(kind, name), "{kind} {name}");
    }
}

#[test]
fn releases_take_charts_from_repositories_and_registries() {
    let Some((g, address)) = ground("stores", true) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let chart = Chart::new(folder.path(), "1.0.0");
    let (web, registry) = (Shelf::folder(&address), Shelf::registry(&address));
    let named = |range: &str| {
        format!(
            "chart: {{spec: {{chart: web, version: '{range}', sourceRef: {{kind: HelmRepository, name: app}}}}}}"
        )
    };
    let [_, (.., http), (.., oci)] = sources("", &web.at, &registry.at);
    let layer = "layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}";
    let whole = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {{name: app}}\nspec: {{interval: 10m, insecure: true, url: 'oci://{}/charts/web', ref: {{semver: '>=1.0.0'}}, {layer}}}\n",
        registry.at
    );
    let by_reference = "chartRef: {kind: OCIRepository, name: app}".to_owned();
    web.adds(&chart, "1.0.0");
    registry.takes_chart(&chart, "1.0.0");
    let all = [
        (http, named("1.x")),
        (oci, named("1.x")),
        (whole, by_reference),
    ];
    for (i, (source, from)) in all.into_iter().enumerate() {
        g.write(
            COMPONENT,
            "engine: flux\nflux: {namespace: NS, wait: 2m}\ninputs: {who: me}\n",
        );
        g.write("layers/top/app/source.yaml", &source);
        g.write(
            "layers/top/app/release.yaml",
            &RELEASE.replace("CHART", &from),
        );
        g.ends(0, &["apply", "dev", "--yes"]);
        let version = ".data.version";
        let at = g.field("configmap", "page", version);
        assert!(at.starts_with(&format!("1.{i}.0")), "{at}");
        let next = format!("1.{}.0", i + 1);
        web.adds(&chart, &next);
        registry.takes_chart(&chart, &next);
        g.ends(0, &["apply", "dev", "--replace", "dev/app", "--yes"]);
        let at = g.field("configmap", "page", version);
        assert!(at.starts_with(&next), "{at}");
        g.ends(0, &["outputs", "dev/app", "revisions"]).says(&at);
        // a version that is nowhere
        g.edit(COMPONENT, "wait: 2m", "wait: 8s");
        for file in ["layers/top/app/source.yaml", "layers/top/app/release.yaml"] {
            let path = g.platform.root().join(file);
            let text = fs::read_to_string(&path).expect("a file");
            fs::write(path, text.replace("1.x", "9.x").replace(">=1.0.0", "9.x")).expect("a file");
        }
        g.ends(10, &["apply", "dev", "--yes"]).says("9.x");
        g.ends(0, &["destroy", "dev", "--yes"]);
        assert!(!g.has("helmrelease", "shop") && !g.has("deployment", "web"));
    }
}
