use super::*;
use std::collections::BTreeMap;
use strata_core::{tree::MemoryTree, value::Value};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const SCHEMA: &str = r#"{"type": "object", "required": ["host"], "additionalProperties": false, "properties": {"host": {"type": "string"}, "replicas": {"type": "integer"}}}"#;

fn found(files: &[(&str, &str)], options: &str) -> (Interface, Vec<String>) {
    let options: BTreeMap<String, Value> = serde_json::from_str(options).unwrap();
    let spec = UnitSpec {
        engine: "helm".into(),
        folder: "apps/web".into(),
        options: options.into_iter().map(|(k, v)| (k, v.into())).collect(),
        ..UnitSpec::default()
    };
    let tree = MemoryTree::new(files.iter().copied());
    let (interface, problems) = read(&tree, &spec);
    let line = |p: &Diagnostic| format!("{} {}", p.code, p.message);
    (interface, problems.iter().map(line).collect())
}

#[test]
fn the_values_of_a_chart_are_inputs_and_files_with_values_give_some() {
    let files = [
        ("apps/web/Chart.yaml", CHART),
        ("apps/web/values.schema.json", SCHEMA),
        ("apps/web/prod.yaml", "host: a.example\n"),
        ("apps/web/bad.yaml", "host: 1\nreplica: 2\n"),
    ];
    let (interface, problems) = found(&files, "{}");
    assert!(!interface.inputs["host"].optional && problems.is_empty());
    assert_eq!(interface.outputs.len(), 5);
    let (interface, problems) = found(&files, r#"{"values-files": ["prod.yaml"]}"#);
    assert!(interface.inputs["host"].optional && problems.is_empty());
    assert_eq!(interface.reads, ["apps/web/prod.yaml"]);
    let (_, problems) = found(&files, r#"{"values-files": ["bad.yaml", "pro.yaml"]}"#);
    assert_eq!(
        problems,
        [
            "helm::refused-value `host` is a number, not a text",
            "helm::refused-value `replica` is a value that the chart does not know",
            "helm::missing-values there is no file `pro.yaml` with values"
        ]
    );
}

#[test]
fn a_chart_that_is_not_there_or_not_pinned_is_said() {
    for (options, want) in [
        (
            "{}",
            "helm::missing-chart there is no `Chart.yaml` in `apps/web`",
        ),
        (
            r#"{"chart": "../api"}"#,
            "helm::missing-chart `helm.chart` is `../api`, and there is no chart",
        ),
        (
            r#"{"chart": "x.tgz"}"#,
            "helm::missing-chart `helm.chart` is `x.tgz`, and there is no such file",
        ),
        (
            r#"{"chart": "oci://r.example/web"}"#,
            "helm::unpinned `oci://r.example/web` has no version",
        ),
        (
            r#"{"chart": "web", "repo": "https://c.example", "version": "^1"}"#,
            "helm::unpinned `^1` is a range of versions",
        ),
        (
            r#"{"repo": "https://c.example", "version": "1.0.0"}"#,
            "helm::missing-chart `helm.repo` says where charts are, and not which one it is",
        ),
    ] {
        assert_eq!(found(&[("apps/x", "")], options).1, [want], "{options}");
    }
    let (interface, problems) = found(
        &[("apps/web/component.yaml", "")],
        r#"{"chart": "oci://r.example/web", "version": "1.0.0"}"#,
    );
    assert!(problems.is_empty() && interface.open_inputs);
    assert_eq!(interface.uncovered, ["chart oci://r.example/web 1.0.0"]);
}

#[test]
fn options_that_can_not_be_are_said() {
    let files = [("apps/web/Chart.yaml", CHART)];
    let (_, problems) = found(
        &files,
        r#"{"release": "Web", "timeout": "soon", "test": "maybe", "atomic": true, "wait": false}"#,
    );
    assert_eq!(problems.len(), 4, "{problems:?}");
}

#[test]
fn charts_that_are_missing_are_noted_with_their_repositories() {
    let chart = format!(
        "{CHART}dependencies:\n- {{name: redis, version: 1.0.0, repository: 'https://c.example/x'}}\n"
    );
    let (interface, _) = found(&[("apps/web/Chart.yaml", &chart)], "{}");
    assert_eq!(interface.facts["repositories"], "https://c.example/x");
    let key = &interface.facts["dependencies"];
    let lock = [
        ("apps/web/Chart.yaml", chart.as_str()),
        ("apps/web/Chart.lock", "x: y\n"),
    ];
    assert_ne!(&found(&lock, "{}").0.facts["dependencies"], key);
    let there = [
        ("apps/web/Chart.yaml", chart.as_str()),
        ("apps/web/charts/redis-1.0.0.tgz", ""),
    ];
    assert!(!found(&there, "{}").0.facts.contains_key("dependencies"));
}
