//! Charts as people write them.
use super::*;
use strata_core::tree::MemoryTree;

const CHART: &str =
    "apiVersion: v2\nname: podinfo\nversion: 6.7.1\nappVersion: 6.7.1\nkubeVersion: '>=1.23.0-0'\n";
const VALUES: &str = "replicaCount: 1\nlogLevel: info\nhost: #UI\nimage:\n  repository: ghcr.io/stefanprodan/podinfo\n  tag: 6.7.1\nservice:\n  enabled: true\n  annotations: {}\n  httpPort: 9898\nredis:\n  enabled: false\ntolerations: []\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include \"podinfo.fullname\" . }}\nspec:\n  {{- if not .Values.hpa.enabled }}\n  replicas: {{ .Values.replicaCount }}\n  {{- end }}\n  image: {{ .Values.image.repository }}:{{ .Values.image.tag }}\n  host: {{ required \"a host\" .Values.host }}\n  zone: {{ required \"a zone\" .Values.dns.zone }}\n";
const HELPERS: &str = "{{- define \"podinfo.fullname\" -}}{{ .Values.nameOverride }}{{- end -}}";

fn podinfo<'a>(more: &[(&'a str, &'a str)]) -> MemoryTree {
    let base = [
        ("charts/podinfo/Chart.yaml", CHART),
        ("charts/podinfo/values.yaml", VALUES),
        ("charts/podinfo/templates/deployment.yaml", DEPLOYMENT),
        ("charts/podinfo/templates/_helpers.tpl", HELPERS),
    ];
    MemoryTree::new(base.into_iter().chain(more.iter().copied()))
}
fn found(tree: &MemoryTree, folder: &str) -> Vec<(String, String)> {
    let facts = read(tree, folder);
    problems(tree, &facts)
        .into_iter()
        .map(|p| {
            let at = p.at.unwrap();
            let text = tree.text(&at.file).unwrap();
            let part = &text[at.span.start as usize..at.span.end as usize];
            (format!("{} {part}", p.code), p.help.unwrap_or_default())
        })
        .collect()
}

#[test]
fn values_are_inputs_with_the_kind_of_their_default() {
    let tree = podinfo(&[]);
    assert_eq!(
        recognise(&tree, "charts/podinfo"),
        Some("charts/podinfo/Chart.yaml")
    );
    let facts = read(&tree, "charts/podinfo");
    assert_eq!(facts.version.as_ref().unwrap().text, "6.7.1");
    let found = interface(&facts);
    assert!(found.open_inputs && found.outputs.is_empty());
    let shown: Vec<String> = found
        .inputs
        .iter()
        .map(|(n, i)| format!("{n}{} {}", if i.optional { "" } else { "!" }, i.ty))
        .collect();
    assert_eq!(
        shown,
        [
            "dns! object({zone = unknown})",
            "host! unknown",
            "image object({repository = optional(string), tag = optional(unknown)})",
            "logLevel string",
            "redis object({enabled = optional(bool)})",
            "replicaCount number",
            "service object({annotations = optional(unknown), enabled = optional(bool), httpPort = optional(number)})",
            "tolerations unknown"
        ]
    );
    let unknown: Vec<String> = facts
        .uses
        .iter()
        .filter(|u| !u.known)
        .map(|u| u.path.join("."))
        .collect();
    assert_eq!(unknown, ["nameOverride", "hpa.enabled", "dns.zone"]);
    assert!(problems(&tree, &facts).is_empty());
}

#[test]
fn a_schema_says_more_than_defaults() {
    let schema = r#"{"type": "object", "required": ["host", "image", "replicaCount"], "additionalProperties": false, "properties": {
        "host": {"type": "string", "description": "Where."}, "replicaCount": {"type": "integer"},
        "image": {"type": "object", "required": ["repository", "digest"], "properties": {"repository": {"type": "string"}, "digest": {"type": "string"}}}}}"#;
    let tree = podinfo(&[("charts/podinfo/values.schema.json", schema)]);
    let found = interface(&read(&tree, "charts/podinfo"));
    assert!(!found.open_inputs);
    assert!(!found.inputs["host"].optional && found.inputs["replicaCount"].optional);
    assert_eq!(
        found.inputs["image"].ty.to_string(),
        "object({digest = string, repository = optional(string)})"
    );
    assert_eq!(found.inputs["logLevel"].ty.to_string(), "unknown");
    assert!(found.inputs.contains_key("global"));
}

#[test]
fn charts_inside_are_followed() {
    let umbrella = "apiVersion: v2\nname: all\nversion: 0.1.0\ndependencies:\n- {name: podinfo, version: 6.7.1, repository: 'file://../charts/podinfo', alias: front}\n- {name: redis, version: ~18, repository: 'https://charts.example'}\n- {name: local, version: 1.0.0}\n";
    let tree = podinfo(&[
        ("all/Chart.yaml", umbrella),
        (
            "all/charts/local/Chart.yaml",
            "apiVersion: v2\nname: local\nversion: 1.0.0\n",
        ),
    ]);
    let found_interface = interface(&read(&tree, "all"));
    assert_eq!(found_interface.reads, ["charts/podinfo"]);
    assert_eq!(
        found_interface.uncovered,
        ["chart https://charts.example/redis ~18"]
    );
    let front = &found_interface.inputs["front"];
    assert!(
        front.optional
            && front
                .ty
                .to_string()
                .contains("replicaCount = optional(number)")
    );
    assert_eq!(found(&tree, "all"), []);
}

#[test]
fn what_a_chart_names_and_has_not_is_said() {
    let chart = "apiVersion: v2\nname: a\ndependencies:\n- {name: podinfo, version: 1, repository: 'file://../charts/podinf'}\n- {name: gone, version: 1}\n";
    let tree = podinfo(&[
        ("a/Chart.yaml", chart),
        ("a/files/conf.ini", ""),
        (
            "a/templates/x.yaml",
            "{{ .Files.Get \"files/cnf.ini\" }}{{ .Files.Get (printf \"x\") }}{{ .Files.Get \"files/{{ x }}\" }}",
        ),
    ]);
    assert_eq!(
        found(&tree, "a"),
        [
            (
                "helm::missing-field ".to_owned(),
                "add `version:`, which Helm asks for".to_owned()
            ),
            (
                "helm::missing-dependency 'file://../charts/podinf'".to_owned(),
                "did you mean `../charts/podinfo`?".to_owned()
            ),
            (
                "helm::missing-dependency gone".to_owned(),
                "say where it comes from with `repository:`, or put it there".to_owned()
            ),
            (
                "helm::missing-file files/cnf.ini".to_owned(),
                "did you mean `files/conf.ini`?".to_owned()
            ),
        ]
    );
    let tree = podinfo(&[(
        "charts/podinfo/templates/x.yaml",
        "{{ template \"podinfo.fulname\" . }}",
    )]);
    assert_eq!(
        found(&tree, "charts/podinfo"),
        [(
            "helm::unknown-template podinfo.fulname".to_owned(),
            "did you mean `podinfo.fullname`?".to_owned()
        )]
    );
}

#[test]
fn charts_that_need_each_other_are_a_cycle() {
    let of = |name: &str, other: &str| {
        format!(
            "apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies: [{{name: {other}, version: 1.0.0, repository: 'file://../{other}'}}]\n"
        )
    };
    let (a, b) = (of("a", "b"), of("b", "a"));
    let tree = MemoryTree::new([("a/Chart.yaml", a.as_str()), ("b/Chart.yaml", b.as_str())]);
    let facts = read(&tree, "a");
    let found = problems(&tree, &facts);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "this chart depends on itself: `a` → `b` → `a`"
    );
    assert_eq!(found[0].at.as_ref().unwrap().file.as_ref(), "b/Chart.yaml");
}
