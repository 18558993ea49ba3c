//! `ansible-playbook` with the words that the configuration makes, in the deployment's folder: its own `ansible.cfg`
//! says where the inventory is.
use super::Step;
use crate::{ansible::Ansible, declared};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Arg, Effect, Engine as _, Invocation, Recovery, Task, ToolQuestion},
    interface::Interface,
    span::Location,
    spec::UnitSpec,
    tree::{Tree, join},
};

pub const OPTIONS: &[(&str, &str)] = &[
    ("environment", "the folder of the environment"),
    ("deployment", "the folder in it"),
    ("plugin", "what BitOps calls its tool"),
    (
        "default-folder",
        "the folder whose files every environment gets",
    ),
    ("looks-at", "earlier deployments whose files it reads"),
    ("action", "not used by this tool"),
    ("skip", "`true`: only hooks run"),
    ("playbook", "the playbook"),
    ("arguments", "more words of the command line"),
];

pub fn tool() -> Option<ToolQuestion> {
    Ansible.tool()
}

pub fn interface(tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let playbook = spec.string("playbook").unwrap_or_default();
    let path = join(&spec.folder, &playbook);
    let there = path.as_deref().is_some_and(|p| tree.file(p).is_some());
    let skips = spec.string("skip").is_some_and(|s| s == "true");
    let hooks = !tree
        .below(&format!("{}/{}", spec.folder, super::HOOKS[0].1))
        .is_empty();
    // a hook may make it
    if !there && !skips && !hooks {
        let other = playbook
            .strip_suffix(".yaml")
            .map(|name| format!("{name}.yml"));
        let other = other.filter(|o| tree.file(&format!("{}/{o}", spec.folder)).is_some());
        let message = format!("`{}` has no playbook `{playbook}`", spec.folder);
        let help = match other {
            Some(other) => format!(
                "write `main-playbook: {other}` below `ansible.cli` in `bitops.config.yaml`"
            ),
            None => "name it with `main-playbook` below `ansible.cli` in `bitops.config.yaml`"
                .to_owned(),
        };
        problems.push(
            Diagnostic::error("ansible::missing-playbook", message)
                .at(Location::file(format!(
                    "{}/bitops.config.yaml",
                    spec.folder
                )))
                .help(help),
        );
    }
    let interface = Interface {
        open_inputs: true,
        outputs: declared::interface(spec),
        ..Interface::default()
    };
    (interface, problems)
}

pub fn first(task: &Task) -> Step {
    let program = match task.tool.program.as_str() {
        "" => "ansible-playbook",
        program => program,
    };
    let words = task.spec.strings("arguments").unwrap_or_default();
    let args = words
        .into_iter()
        .chain(task.spec.string("playbook"))
        .map(Arg::Text);
    let mut run = Invocation::new("ansible-playbook", program, args);
    run.effect = Effect::Writes(Recovery::Rerun);
    Step::run(run)
}
