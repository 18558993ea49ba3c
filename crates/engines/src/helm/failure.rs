//! Failures of helm, from the redacted log: the template and the line, the values that a schema refuses, a cluster that
//! was away.
use super::options::{self, Chart};
use crate::outcome;
use strata_core::engine::{Class, Exit, Failure, Got, Task};

/// What helm says when another try may help.
const TRANSIENT: &[&str] = &[
    "Kubernetes cluster unreachable",
    "connection refused",
    "connection reset by peer",
    "i/o timeout",
    "TLS handshake timeout",
    "no such host",
    "unexpected EOF",
    "etcdserver:",
    "Too Many Requests",
    "the server is currently unable to handle the request",
    "failed calling webhook",
    "502 Bad Gateway",
    "503 Service Unavailable",
];
/// What it says when it may not.
const DENIED: &[&str] = &[
    "Unauthorized",
    "is forbidden",
    "401 Unauthorized",
    "403 Forbidden",
    "credential not found",
];
/// What it begins the same error with.
const PREFIXES: &[&str] = &[
    "INSTALLATION FAILED: ",
    "UPGRADE FAILED: ",
    "execution error at ",
    "template: ",
    "parse error at ",
    "YAML parse error on ",
];
/// How many lines of an error are repeated.
const MOST_LINES: usize = 12;

/// The failure of an invocation.
pub fn failure(task: &Task, label: &str, got: &Got) -> Failure {
    let what = format!("helm {label}");
    let mut failure = outcome::failure(&what, got);
    let ended = matches!(
        got,
        Got::Exit {
            exit: Exit::Code(_),
            ..
        }
    );
    if !ended {
        return failure;
    }
    if let Some(said) = said(got.tail()) {
        failure.summary = format!("{what}: {}", placed(task, &said));
    }
    if got
        .tail()
        .contains("cannot be imported into the current release")
    {
        let way =
            "remove the object, or make it part of this release: `helm: {take-ownership: true}`";
        failure = followed(failure, way);
    }
    let says = |texts: &[&str]| texts.iter().any(|text| got.tail().contains(text));
    if says(TRANSIENT) {
        failure.class = Class::Transient;
    } else if says(DENIED) {
        failure.class = Class::Denied;
    }
    failure
}

/// Is there no such release?
pub fn is_unknown(got: &Got) -> bool {
    got.code().is_some_and(|c| c != 0) && got.tail().contains("release: not found")
}

/// Does the cluster not know a kind, which the chart itself may bring?
pub fn lacks_definitions(got: &Got) -> bool {
    got.tail().contains("ensure CRDs are installed first")
}

/// Did a hook fail, and not the objects?
pub fn is_of_hooks(failure: &Failure) -> bool {
    ["hooks failed", "failed pre-install", "failed post-install"]
        .iter()
        .any(|text| failure.summary.contains(text))
}

/// What helm says after `Error:`, to its end.
fn said(tail: &str) -> Option<String> {
    let lines: Vec<&str> = tail.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("Error: "))?;
    let rest = lines[first + 1..].iter().map(|line| line.trim_end());
    let rest = rest.filter(|line| !line.trim().is_empty() && !line.starts_with("helm.go:"));
    let mut said = vec![lines[first].trim_start_matches("Error: ").trim_end()];
    said.extend(rest.take(MOST_LINES));
    Some(said.join("\n"))
}

/// The same with the template as a file of the repo, and its line.
fn placed(task: &Task, said: &str) -> String {
    let mut text = said;
    let mut rendered = false;
    while let Some((prefix, rest)) = PREFIXES
        .iter()
        .find_map(|prefix| Some((prefix, text.strip_prefix(prefix)?)))
    {
        rendered |= prefix.starts_with("YAML");
        text = rest;
    }
    let Some((place, why)) = place(text) else {
        return text.to_owned();
    };
    let file = file(task, place.file);
    // that line counts in what the template makes, not in the template
    let at = match place.line {
        Some(line) if !rendered => format!("{file}, line {line}"),
        _ => file,
    };
    let what = if rendered {
        "it does not render to YAML: "
    } else {
        ""
    };
    format!("{at}: {what}{why}")
}

struct Place<'a> {
    file: &'a str,
    line: Option<&'a str>,
}

/// `(web/templates/x.yaml:2:6): why`, `web/templates/x.yaml:2:13: why`, `web/templates/x.yaml: why`.
fn place(text: &str) -> Option<(Place<'_>, &str)> {
    let (at, why) = match text.strip_prefix('(') {
        Some(rest) => rest.split_once("): ")?,
        None => text.split_once(": ")?,
    };
    let mut parts = at.split(':');
    let file = parts.next().filter(|file| file.contains("/templates/"))?;
    let line = parts.next();
    Some((Place { file, line }, why))
}

/// A template as helm calls it (`web/templates/x.yaml`, `web/charts/db/templates/x.yaml`) as a file of the repo, where the
/// chart is in it.
fn file(task: &Task, template: &str) -> String {
    let inside = template.split_once('/').map_or(template, |(_, rest)| rest);
    let Chart::Folder(folder) = Chart::of(&task.spec) else {
        return template.to_owned();
    };
    let chart = strata_core::tree::join(&task.spec.folder, &folder);
    match chart.as_deref() {
        Some("") | None => inside.to_owned(),
        Some(chart) => format!("{chart}/{inside}"),
    }
}

/// What a failed test says: the pods that failed, and the end of what they logged.
pub fn of_tests(task: &Task, got: &Got) -> Failure {
    let mut failed = failure(task, "test", got);
    let logs = got.tail().split("POD LOGS: ").skip(1);
    for log in logs {
        let log = log.split("\nError: ").next().unwrap_or_default();
        let mut lines = log.lines();
        let pod = lines.next().unwrap_or_default().trim();
        let said: Vec<&str> = lines.filter(|l| !l.trim().is_empty()).collect();
        if !failed.summary.contains(pod) || said.is_empty() {
            continue;
        }
        let from = said.len().saturating_sub(MOST_LINES);
        failed
            .summary
            .push_str(&format!("\nlog of {pod}:\n  {}", said[from..].join("\n  ")));
    }
    failed
}

/// A failure with more to say.
pub fn followed(mut failure: Failure, more: &str) -> Failure {
    failure.summary = format!("{}\n{more}", failure.summary);
    failure
}

/// Which release, for people.
pub fn shown(task: &Task) -> String {
    format!(
        "{}/{}",
        options::namespace(&task.spec),
        options::release(task)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn failed(tail: &str) -> Failure {
        let json = r#"{"verb": "plan", "unit": "dev/web", "spec": {"engine": "helm", "folder": "apps/web"}, "inputs": {}, "tool": {"program": "helm", "version": ""}}"#;
        let task: Task = serde_json::from_str(json).unwrap();
        let got = Got::Exit {
            exit: Exit::Code(1),
            stdout: vec![],
            read: BTreeMap::new(),
            kept: BTreeMap::new(),
            tail: tail.to_owned(),
            elapsed: 1,
        };
        if tail.contains("POD LOGS") {
            of_tests(&task, &got)
        } else {
            failure(&task, "render", &got)
        }
    }

    // as helm 3.18 says it
    #[test]
    fn a_template_is_named_as_a_file_of_the_repo_with_its_line() {
        for (tail, want) in [
            (
                "Error: execution error at (web/templates/x.yaml:2:6): a host\n",
                "apps/web/templates/x.yaml, line 2: a host",
            ),
            (
                "Error: UPGRADE FAILED: template: web/charts/db/templates/x.yaml:2:13: executing \"web/templates/x.yaml\" at <.Values.a.b.c>: nil pointer evaluating interface {}.b\n",
                "apps/web/charts/db/templates/x.yaml, line 2: executing \"web/templates/x.yaml\" at <.Values.a.b.c>: nil pointer evaluating interface {}.b",
            ),
            (
                "Error: parse error at (web/templates/x.yaml:3): unclosed action started at web/templates/x.yaml:2",
                "apps/web/templates/x.yaml, line 3: unclosed action started at web/templates/x.yaml:2",
            ),
            (
                "Error: YAML parse error on web/templates/x.yaml: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
                "apps/web/templates/x.yaml: it does not render to YAML: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
            ),
            (
                "WARNING: x\nError: values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- at '': missing property 'b'\n- at '/a': got string, want integer\n\n",
                "values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- at '': missing property 'b'\n- at '/a': got string, want integer",
            ),
        ] {
            let failure = failed(tail);
            assert_eq!(failure.summary, format!("helm render: {want}"));
            assert_eq!(failure.class, Class::Permanent);
        }
    }

    #[test]
    fn a_cluster_that_is_away_may_come_back() {
        let away = "Error: Kubernetes cluster unreachable: Get \"https://198.18.1.2:6444/version\": dial tcp 198.18.1.2:6444: connect: connection refused\n";
        assert_eq!(failed(away).class, Class::Transient);
        let forbidden = "Error: query: failed to query with labels: secrets is forbidden: User \"x\" cannot list resource";
        assert_eq!(failed(forbidden).class, Class::Denied);
    }

    #[test]
    fn a_failed_test_speaks_with_the_log_of_its_pod() {
        let tail = "NAME: r\nTEST SUITE:     conf-test\nPhase:          Failed\nNOTES:\nnotes hello\n\nPOD LOGS: other\nfine\n\nPOD LOGS: conf-test\nfirst\nbad thing\n\nError: 1 error occurred:\n\t* pod conf-test failed\n\n\n";
        assert_eq!(
            failed(tail).summary,
            "helm test: 1 error occurred:\n\t* pod conf-test failed\nlog of conf-test:\n  first\n  bad thing"
        );
    }
}
