//! One stack: validated, then updated, or created where there is none; "nothing to update" is a success.
use super::Step;
use crate::outcome::{failure, succeeded};
use strata_core::engine::{Arg, Effect, Got, Invocation, Recovery, Task, ToolQuestion, Verb};

pub const OPTIONS: &[(&str, &str)] = &[
    ("environment", "the folder of the environment"),
    ("deployment", "the folder in it"),
    ("plugin", "what BitOps calls its tool"),
    (
        "default-folder",
        "the folder whose files every environment gets",
    ),
    ("looks-at", "earlier deployments whose files it reads"),
    (
        "action",
        "what `strata bitops deploy` does: `deploy` or `delete`",
    ),
    ("skip", "`true`: only hooks run"),
    ("stack", "name of the stack"),
    ("template", "the template"),
    ("parameters", "the file with parameters"),
    ("capabilities", "capabilities that the template needs"),
    ("validate", "`true`: AWS looks at the template first"),
    ("s3-bucket", "a bucket that holds the template"),
    ("s3-prefix", "the folder in that bucket"),
];

const IDENTITY: &str = "get-caller-identity";
const VALIDATE: &str = "validate-template";
const DESCRIBE: &str = "describe-stacks";
const UPDATE: &str = "update-stack";
const CREATE: &str = "create-stack";
const DELETE: &str = "delete-stack";
const WAIT: &str = "wait";

pub fn tool() -> ToolQuestion {
    ToolQuestion {
        programs: vec!["aws".to_owned()],
        args: vec!["--version"],
        minimum: "1.0",
        install: "install the AWS CLI (`pip install awscli`)",
    }
}

fn option(task: &Task, name: &str) -> Option<String> {
    task.spec.string(name).filter(|v| !v.is_empty())
}

fn aws(task: &Task, label: &str, words: &[&str]) -> Invocation {
    let program = match task.tool.program.as_str() {
        "" => "aws",
        program => program,
    };
    Invocation::new(label, program, words.iter().map(|w| Arg::from(*w)))
}

fn stack(task: &Task, label: &str) -> Invocation {
    let name = option(task, "stack").unwrap_or_default();
    aws(
        task,
        label,
        &["cloudformation", label, "--stack-name", &name],
    )
}

fn waits(task: &Task, what: &str) -> Step {
    let name = option(task, "stack").unwrap_or_default();
    Step::run(aws(
        task,
        WAIT,
        &["cloudformation", "wait", what, "--stack-name", &name],
    ))
}

pub fn first(task: &Task) -> Step {
    Step::run(aws(task, IDENTITY, &["sts", "get-caller-identity"]))
}

/// Where the template is: a file of the folder, or in a bucket.
fn template(task: &Task) -> [String; 2] {
    let file = option(task, "template").unwrap_or_default();
    match option(task, "s3-bucket") {
        Some(bucket) => {
            let prefix = option(task, "s3-prefix").map_or_else(String::new, |p| format!("{p}/"));
            [
                "--template-url".to_owned(),
                format!("https://{bucket}.s3.amazonaws.com/{prefix}{file}"),
            ]
        }
        None => ["--template-body".to_owned(), format!("file://{file}")],
    }
}

fn writes(task: &Task, label: &str) -> Step {
    let mut run = stack(task, label);
    if label != DELETE {
        run.args.extend(template(task).map(Arg::Text));
        if let Some(file) = option(task, "parameters") {
            run.args
                .extend(["--parameters".into(), format!("file://{file}").into()]);
        }
        if let Some(capabilities) = option(task, "capabilities") {
            run.args.push("--capabilities".into());
            run.args.extend(
                capabilities
                    .split([' ', ','])
                    .filter(|c| !c.is_empty())
                    .map(Arg::from),
            );
        }
    }
    run.effect = Effect::Writes(Recovery::Rerun);
    Step::run(run)
}

pub fn then(task: &Task, label: &str, got: &Got) -> Step {
    let ok = succeeded(got);
    match label {
        IDENTITY if ok && task.verb == Verb::Destroy => writes(task, DELETE),
        IDENTITY if ok && option(task, "validate").is_some_and(|v| v == "true") => {
            let mut run = aws(task, VALIDATE, &["cloudformation", VALIDATE]);
            run.args.extend(template(task).map(Arg::Text));
            Step::run(run)
        }
        IDENTITY | VALIDATE if ok => Step::run(stack(task, DESCRIBE)),
        DESCRIBE if ok => writes(task, UPDATE),
        DESCRIBE if got.tail().contains("does not exist") => writes(task, CREATE),
        UPDATE if ok => waits(task, "stack-update-complete"),
        UPDATE if got.tail().contains("No updates are to be performed") => Step::Done,
        CREATE if ok => waits(task, "stack-create-complete"),
        DELETE if ok => waits(task, "stack-delete-complete"),
        WAIT if ok => Step::Done,
        _ => Step::Failed(failure(&format!("aws {label}"), got)),
    }
}
