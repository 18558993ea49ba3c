//! The deploy script of a plugin that the repo brings, as BitOps starts it: by its language, with the action.
use super::{Step, deploys, tree_place};
use strata_core::engine::{Arg, Effect, Invocation, Recovery, Task, Verb};

pub const OPTIONS: &[(&str, &str)] = &[
    ("environment", "the folder of the environment"),
    ("deployment", "the folder in it"),
    ("plugin", "its name"),
    (
        "default-folder",
        "the folder whose files every environment gets",
    ),
    ("looks-at", "earlier deployments whose files it reads"),
    ("action", "the first word of its command line"),
    ("skip", "`true`: only hooks run"),
    ("script", "the deploy script, from the root of the repo"),
    ("language", "what runs the script, usually `bash`"),
    ("arguments", "what the variable BITOPS_PLUGIN_CLI holds"),
    ("before-hooks", "`false`: no hooks run before"),
    ("after-hooks", "`false`: no hooks run after"),
];

pub fn first(task: &Task) -> Step {
    let option = |name: &str| task.spec.string(name).unwrap_or_default();
    let action = match (option("action").as_str(), task.verb) {
        (action, _) if deploys(task) => action.to_owned(),
        (_, Verb::Destroy) => "destroy".to_owned(),
        // an apply does it
        ("plan", _) => "apply".to_owned(),
        (action, _) => action.to_owned(),
    };
    let args = [Arg::Path(tree_place(&option("script"))), Arg::Text(action)];
    let mut run = Invocation::new(&option("plugin"), &option("language"), args);
    run.cwd = tree_place("");
    run.effect = Effect::Writes(Recovery::Rerun);
    Step::run(run)
}
