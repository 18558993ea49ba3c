//! The interface of a playbook, from its files, and playbooks that are not there.
use crate::declared;
use strata_core::{
    diagnostic::Diagnostic,
    interface::Interface,
    spec::UnitSpec,
    tree::{Tree, join},
};
use strata_syntax::ansible;

/// The playbook of a folder.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    ansible::recognise(tree, folder)
}

/// Its interface, and playbooks that are not there.
pub fn read(tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let mut problems: Vec<Diagnostic> = wrong_plan(spec).into_iter().collect();
    let recognised = recognise(tree, &spec.folder);
    let named = |option: &str| {
        spec.string(option)
            .and_then(|name| join(&spec.folder, &name))
    };
    let (playbook, destroy) = (named("playbook"), named("destroy"));
    let mut playbooks = Vec::new();
    // without a playbook there is a name that only an expression knows
    let main = playbook.as_deref().or(recognised);
    for (option, path) in [("playbook", main), ("destroy", destroy.as_deref())] {
        match path {
            Some(path) if tree.file(path).is_some() => playbooks.push(path),
            Some(_) => problems.push(missing(spec, option)),
            None => {}
        }
    }
    let facts = ansible::read_playbooks(tree, &spec.folder, &playbooks);
    problems.extend(ansible::problems(tree, &facts));
    let mut interface = ansible::interface(&facts);
    interface.open_inputs |= main.is_none();
    interface.open_outputs = false;
    interface.outputs = declared::interface(spec);
    if let Some(name) = recognised.and_then(|path| path.rsplit('/').next()) {
        interface
            .facts
            .insert("playbook".to_owned(), name.to_owned());
    }
    if facts.config {
        interface
            .facts
            .insert("config".to_owned(), "ansible.cfg".to_owned());
    }
    (interface, problems)
}

fn missing(spec: &UnitSpec, option: &str) -> Diagnostic {
    let message = format!(
        "`ansible.{option}` names `{}`, which `{}` does not have",
        spec.string(option).unwrap_or_default(),
        spec.folder
    );
    Diagnostic::error("ansible::missing-playbook", message)
        .about(option)
        .help("its path is relative to the component's folder")
}

/// `plan` is one of two words; what only a run tells is not known here.
fn wrong_plan(spec: &UnitSpec) -> Option<Diagnostic> {
    let word = spec.string("plan")?;
    let known = ["check", "none"].contains(&word.as_str());
    let message = "`ansible.plan` must be `check` or `none`";
    (!known).then(|| Diagnostic::error("file::wrong-kind", message).about("plan"))
}

#[cfg(test)]
mod tests;
