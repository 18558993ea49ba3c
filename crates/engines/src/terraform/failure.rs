//! Failures of Terraform, from the redacted log: its own diagnostics, stale plans, locks, a network that was away.
use crate::outcome::{failure, last_line};
use strata_core::engine::{Class, Exit, Finding, Got, Task};

/// What Terraform says when a plan file no longer fits its state or its program.
const STALE: &[&str] = &[
    "Saved plan is stale",
    "Saved plan does not match",
    "plan file was created by",
    "Plan file can't be read",
];
/// What it says when another try may help.
const TRANSIENT: &[&str] = &[
    "Error acquiring the state lock",
    "TLS handshake timeout",
    "connection reset by peer",
    "i/o timeout",
    "Client.Timeout",
    "Throttling",
    "Rate exceeded",
    "TooManyRequests",
    "ServiceUnavailable",
    "no such host",
];

/// Does it ask for `init`?
pub fn asks_for_init(got: &Got) -> bool {
    ["terraform init", "tofu init"]
        .iter()
        .any(|text| got.tail().contains(text))
}

/// The finding of an invocation that failed.
pub fn failed(task: &Task, label: &str, got: &Got) -> Finding {
    let program = if task.tool.program.ends_with("tofu") {
        "tofu"
    } else {
        "terraform"
    };
    let what = format!("{program} {label}");
    let mut failure = failure(&what, got);
    if !matches!(
        got,
        Got::Exit {
            exit: Exit::Code(_),
            ..
        }
    ) {
        return Finding::Failed(failure);
    }
    if let Some(said) = first_error(got.tail()) {
        failure.summary = format!("{what}: {said}");
    }
    if TRANSIENT.iter().any(|text| got.tail().contains(text)) {
        failure.class = Class::Transient;
    }
    failure.stale = STALE.iter().any(|text| got.tail().contains(text));
    Finding::Failed(failure)
}

/// The first error in a log and how many follow.
fn first_error(tail: &str) -> Option<String> {
    let errors: Vec<String> = tail.lines().filter_map(diagnostic).collect();
    if let Some((first, others)) = errors.split_first() {
        return Some(match others.len() {
            0 => first.clone(),
            n => format!("{first} (and {n} more)"),
        });
    }
    let mut lines = tail
        .lines()
        .map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim());
    let error = lines.find_map(|line| line.strip_prefix("Error: "));
    error.or_else(|| last_line(tail)).map(str::to_owned)
}

/// An error that was streamed as JSON.
fn diagnostic(line: &str) -> Option<String> {
    if !line.starts_with('{') {
        return None;
    }
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let diagnostic = &message["diagnostic"];
    if diagnostic["severity"] != "error" {
        return None;
    }
    let summary = diagnostic["summary"].as_str()?;
    let place = match (
        diagnostic["range"]["filename"].as_str(),
        diagnostic["range"]["start"]["line"].as_u64(),
    ) {
        (Some(file), Some(line)) => format!(" ({file}:{line})"),
        _ => String::new(),
    };
    let detail = diagnostic["detail"].as_str().unwrap_or_default();
    let detail = detail
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    Some(if detail.is_empty() {
        format!("{summary}{place}")
    } else {
        format!("{summary}{place}: {detail}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_diagnostic_speaks_with_its_place() {
        let tail = r#"{"@level":"info","@message":"Terraform 1.11.4","type":"version"}
{"@level":"error","diagnostic":{"severity":"error","summary":"Reference to undeclared input variable","detail":"An input variable with the name \"nope\" has not been declared.","range":{"filename":"bad.tf","start":{"line":2}}},"type":"diagnostic"}
{"diagnostic":{"severity":"error","summary":"Another"}}"#;
        assert_eq!(
            first_error(tail).unwrap(),
            "Reference to undeclared input variable (bad.tf:2): An input variable with the name \"nope\" has not been declared. (and 1 more)"
        );
        let text =
            "\nError: Failed to query available provider packages\n\nCould not retrieve the list\n";
        assert_eq!(
            first_error(text).unwrap(),
            "Failed to query available provider packages"
        );
    }
}
