//! The invocations of Terraform, and which of their lines are worth showing.
use super::workspace::{self, DESTROY_PLAN, PLAN};
use crate::declared;
use std::collections::BTreeMap;
use strata_core::{
    engine::{
        Arg, Artifact, Channel, Collect, Effect, EnvValue, Got, Invocation, Place, Recovery, Task,
        Verb,
    },
    value::Value,
};

/// Most bytes of streamed messages that are read.
const MOST_MESSAGES: u64 = 64 << 20;
/// Most bytes of a plan or of outputs as JSON.
const MOST_JSON: u64 = 512 << 20;

fn invocation(task: &Task, label: &str, args: &[&str]) -> Invocation {
    let program = if task.tool.program.is_empty() {
        "terraform"
    } else {
        &task.tool.program
    };
    let mut run = Invocation::new(label, program, args.iter().map(|a| Arg::from(*a)));
    let text = |text: &str| EnvValue::Text(text.to_owned());
    run.env = BTreeMap::from([
        ("TF_IN_AUTOMATION".to_owned(), text("1")),
        ("TF_INPUT".to_owned(), text("0")),
        ("CHECKPOINT_DISABLE".to_owned(), text("1")),
        (
            "TF_PLUGIN_CACHE_DIR".to_owned(),
            EnvValue::Path(Place::cache(workspace::PLUGINS)),
        ),
    ]);
    run
}

/// `init`, with the backend's own settings.
pub fn init(task: &Task) -> Invocation {
    let mut run = invocation(
        task,
        "init",
        &["init", "-input=false", "-no-color", "-reconfigure"],
    );
    if task.facts.contains_key("lock-file") {
        run.args.push("-lockfile=readonly".into());
    }
    run.args.extend(workspace::backend_args(task));
    run.alone_with = workspace::downloads(task);
    run
}

/// The workspace that is asked for, when it is not the default one.
fn wanted(task: &Task) -> Option<String> {
    task.spec
        .string("workspace")
        .filter(|w| !w.is_empty() && w != "default" && !task.facts.contains_key("cloud-workspace"))
}

/// `workspace select`, where one is asked for.
pub fn select(task: &Task) -> Option<Invocation> {
    wanted(task).map(|name| {
        invocation(
            task,
            "workspace",
            &["workspace", "select", "-no-color", &name],
        )
    })
}

/// `workspace new`: writes no more than an empty state, and a second time nothing.
pub fn new_workspace(task: &Task) -> Invocation {
    let name = wanted(task).unwrap_or_default();
    invocation(task, "workspace", &["workspace", "new", "-no-color", &name])
}

/// `plan` for every verb that plans: what an apply would do, what a destroy would do, what has drifted.
pub fn plan(task: &Task) -> Invocation {
    let mut run = invocation(task, "plan", &["plan", "-input=false", "-json"]);
    let out = match task.verb {
        Verb::Destroy => {
            run.args.push("-destroy".into());
            DESTROY_PLAN
        }
        Verb::Observe => {
            run.args
                .extend(["-refresh-only".into(), "-lock=false".into()]);
            PLAN
        }
        _ => {
            run.args.push("-lock=false".into());
            PLAN
        }
    };
    run.args.extend(parallelism(task));
    run.args
        .push(Arg::Joined("-out=".to_owned(), Place::private(out)));
    for file in task.spec.strings("var-files").unwrap_or_default() {
        run.args.push(format!("-var-file={file}").into());
    }
    run.args.push(Arg::Joined(
        "-var-file=".to_owned(),
        Place::private(workspace::INPUTS),
    ));
    if task.verb != Verb::Destroy {
        run.collect = vec![Collect::Keep {
            name: "plan".to_owned(),
            at: Place::private(PLAN),
            sensitive: true,
        }];
    }
    run
}

/// The plan file that [`plan`] left.
pub fn kept_plan(got: &Got) -> Option<Artifact> {
    match got {
        Got::Exit { kept, .. } => kept.get("plan").cloned(),
        _ => None,
    }
}

/// `show -json` of the plan file: holds secrets in clear, so only the engine sees it.
pub fn show(task: &Task) -> Invocation {
    let mut run = invocation(task, "show", &["show", "-json"]);
    run.args.push(Arg::Path(Place::private(PLAN)));
    run.stdout = Channel::Answer(MOST_JSON);
    run
}

/// `apply` of the saved plan. Nobody guesses what became of an interrupted one: the state is asked.
pub fn apply(task: &Task) -> Invocation {
    let mut run = applying(task, "apply", PLAN);
    run.effect = Effect::Writes(Recovery::Probe);
    run.stdout = Channel::Both(MOST_MESSAGES);
    run.collect = declared::collects(&task.spec);
    run
}

/// `apply` of the plan that destroys; to plan and apply it again does no harm.
pub fn destroy(task: &Task) -> Invocation {
    let mut run = applying(task, "destroy", DESTROY_PLAN);
    run.effect = Effect::Writes(Recovery::Rerun);
    run
}

fn applying(task: &Task, label: &str, plan: &str) -> Invocation {
    let mut run = invocation(task, label, &["apply", "-input=false", "-json"]);
    run.args.extend(parallelism(task));
    run.args.push(Arg::Path(Place::private(plan)));
    // a second interrupt makes Terraform give up its state: it gets one and time
    run.stop[0].1 = 300_000;
    run
}

/// `output -json`: holds secrets in clear, so only the engine sees it.
pub fn output(task: &Task) -> Invocation {
    let mut run = invocation(task, "output", &["output", "-json", "-no-color"]);
    run.stdout = Channel::Answer(MOST_JSON);
    run.collect = declared::collects(&task.spec);
    run
}

fn parallelism(task: &Task) -> Option<Arg> {
    let value = task.spec.options.get("parallelism")?.plain()?;
    matches!(value, Value::Number(_) | Value::String(_)).then(|| {
        value
            .scalar_text()
            .map(|n| format!("-parallelism={n}").into())
    })?
}

/// A line of a tool that speaks JSON (`plan`, `apply`) or text (`init`, `workspace`).
pub fn progress(line: &str) -> Option<String> {
    if !line.starts_with('{') {
        let text = line.trim();
        return text
            .chars()
            .any(char::is_alphanumeric)
            .then(|| text.to_owned());
    }
    let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
        return Some(line.to_owned());
    };
    let shown = [
        "planned_change",
        "resource_drift",
        "change_summary",
        "apply_start",
        "apply_progress",
        "apply_complete",
        "apply_errored",
        "provision_progress",
        "ephemeral_op_errored",
        "diagnostic",
    ];
    let kind = message["type"].as_str().unwrap_or_default();
    let text = message["@message"].as_str()?;
    shown
        .contains(&kind)
        .then(|| match message["diagnostic"]["detail"].as_str() {
            Some(detail) if !detail.trim().is_empty() => format!("{text}: {}", detail.trim()),
            _ => text.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refreshing_is_noise_and_changes_are_news() {
        let line = |kind: &str, text: &str| format!(r#"{{"@message":"{text}","type":"{kind}"}}"#);
        assert_eq!(progress(&line("refresh_start", "x: Refreshing")), None);
        assert_eq!(
            progress(&line("apply_start", "x: Creating...")).as_deref(),
            Some("x: Creating...")
        );
        assert_eq!(
            progress("- Installing hashicorp/aws").as_deref(),
            Some("- Installing hashicorp/aws")
        );
        assert_eq!(progress("╷"), None);
    }
}
