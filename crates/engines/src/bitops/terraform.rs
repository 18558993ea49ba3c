//! Terraform as the engine of that name drives it, with BitOps' variables, its `ENV_FILE`, and the keys that BitOps
//! reads and never used.
use super::{TARGET, variables};
use crate::terraform::Terraform;
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Act, Arg, DynEngine, Got, Invocation, Task, ToolQuestion, Verb, Workspace},
    interface::Interface,
    need::Needs,
    spec::UnitSpec,
    tree::Tree,
    value::Term,
};

/// The engine that does the work.
const INNER: Terraform = Terraform;

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
        "what `strata bitops deploy` does: `plan`, `apply` or `destroy`",
    ),
    ("skip", "`true`: only hooks run"),
    ("workspace", "Terraform workspace; made when it is missing"),
    ("var-file", "a variable file of the folder"),
    ("targets", "what `strata bitops deploy` applies first"),
    (
        "backend-config",
        "settings of the backend: `KEY=VALUE`, or a file",
    ),
];

/// Takes variables that hooks hand over in a file, then becomes the program.
const HANDED_OVER: &str =
    r#"if [ -f "$BITOPS_OPSREPO_ENV_FILE" ]; then . "$BITOPS_OPSREPO_ENV_FILE"; fi; exec "$@""#;

pub fn tool() -> Option<ToolQuestion> {
    INNER.tool()
}

fn spec(spec: &UnitSpec) -> UnitSpec {
    let mut options = BTreeMap::new();
    if let Some(workspace) = spec.options.get("workspace") {
        options.insert("workspace".to_owned(), workspace.clone());
    }
    if let Some(file) = spec.options.get("var-file") {
        options.insert("var-files".to_owned(), Term::List(vec![file.clone()]));
    }
    UnitSpec {
        engine: "terraform".to_owned(),
        options,
        ..spec.clone()
    }
}

/// The task as the inner engine sees it.
fn inner(task: &Task) -> Task {
    let mut facts = task.facts.clone();
    // hooks write providers' settings and more: what is locked is brought up to what is there, as BitOps does
    facts.remove("lock-file");
    let skips = super::skips(task);
    Task {
        verb: if skips { Verb::Outputs } else { task.verb },
        spec: spec(&task.spec),
        facts,
        ..task.clone()
    }
}

pub fn needs(tree: &dyn Tree, of: &UnitSpec, inputs: &[String]) -> Needs {
    INNER.needs(tree, &spec(of), inputs)
}

pub fn interface(tree: &dyn Tree, of: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let (mut interface, problems) = INNER.interface(tree, &spec(of));
    for input in interface.inputs.values_mut() {
        // hooks and `TF_VAR_…` give values too
        input.optional = true;
    }
    (interface, problems)
}

pub fn identities(task: &Task, interface: &Interface) -> Vec<String> {
    INNER.identities(&inner(task), interface)
}

pub fn workspace(task: &Task) -> Workspace {
    INNER.workspace(&inner(task))
}

/// Always from `init` on, as BitOps does: a hook may have changed what it looks at.
pub fn begin(task: &Task) -> (String, Act) {
    open(task, &Got::Open { kept: vec![] })
}

pub fn open(task: &Task, open: &Got) -> (String, Act) {
    let (state, act) = DynEngine::begin(&INNER, &inner(task), open);
    (state, dressed(task, act))
}

pub fn next(task: &Task, state: &str, got: &Got) -> Result<(String, Act), String> {
    let (state, act) = DynEngine::next(&INNER, &inner(task), state, got)
        .map_err(|e| format!("the state of the dialogue cannot be read: {e}"))?;
    Ok((state, dressed(task, act)))
}

pub fn progress(label: &str, line: &str) -> Option<String> {
    DynEngine::progress(&INNER, label, line)
}

fn dressed(task: &Task, act: Act) -> Act {
    match act {
        Act::Run(run) => Act::Run(dress(task, run)),
        act => act,
    }
}

fn dress(task: &Task, mut run: Invocation) -> Invocation {
    match run.label.as_str() {
        "init" => {
            for setting in task.spec.strings("backend-config").unwrap_or_default() {
                run.args.push(format!("-backend-config={setting}").into());
            }
        }
        "plan" if task.verb == Verb::Plan => {
            if let Some(target) = task.facts.get(TARGET) {
                run.args.push(format!("-target={target}").into());
            }
        }
        _ => {}
    }
    let program = std::mem::replace(&mut run.program, "bash".to_owned());
    let mut args: Vec<Arg> = ["-c", HANDED_OVER, "bash"].map(Arg::from).into();
    args.push(program.into());
    args.append(&mut run.args);
    run.args = args;
    run.limit = super::LIMIT;
    // BitOps' names never hide what terraform itself is told
    for (name, value) in variables::of(task) {
        run.env.entry(name).or_insert(value);
    }
    run
}
