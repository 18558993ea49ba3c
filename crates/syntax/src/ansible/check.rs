//! What is wrong with playbooks and roles, from their files alone.
use super::AnsibleFacts;
use crate::said::{near, within};
use std::collections::BTreeSet;
use strata_core::{
    diagnostic::{Diagnostic, nearest},
    tree::Tree,
};

/// Problems of playbooks and of the roles that they use.
pub fn problems(tree: &dyn Tree, facts: &AnsibleFacts) -> Vec<Diagnostic> {
    let mut out = facts.unread.clone();
    for used in facts.uses.iter().filter(|u| u.found.is_none()) {
        let message = format!(
            "`{}` names `{}`, which is not there",
            used.by, used.said.text
        );
        let problem = if used.sure {
            Diagnostic::error("ansible::missing-file", message)
        } else {
            Diagnostic::warning("ansible::missing-file", message)
        };
        let usual = format!("it would usually be `{}`", used.usual);
        out.push(problem.at(used.said.at.clone()).help(usual).help_opt(near(
            tree,
            &used.usual,
            &used.said.text,
        )));
    }
    roles(tree, facts, &mut out);
    let mut said = BTreeSet::new();
    out.retain(|p| said.insert((p.code.clone(), p.at.clone())));
    out
}

/// Roles may be installed from elsewhere: only a slip of the name of one that is here is said.
fn roles(tree: &dyn Tree, facts: &AnsibleFacts, out: &mut Vec<Diagnostic>) {
    let folder = within(&facts.folder, "roles");
    let here: BTreeSet<&str> = tree
        .below(&folder)
        .iter()
        .filter_map(|f| f.path.get(folder.len() + 1..)?.split_once('/'))
        .map(|(role, _)| role)
        .collect();
    let asked: Vec<String> = [
        "requirements.yml",
        "requirements.yaml",
        "roles/requirements.yml",
        "roles/requirements.yaml",
    ]
    .iter()
    .filter_map(|name| tree.text(&within(&facts.folder, name)).ok())
    .collect();
    for role in facts.roles.iter().filter(|r| r.folder.is_none()) {
        let name = role.said.text.as_str();
        let installed = name.contains(['.', '/']) || asked.iter().any(|text| text.contains(name));
        if installed || !role.said.is_literal() {
            continue;
        }
        if let Some(meant) = nearest(name, here.iter().copied()) {
            let message = format!("there is no role `{name}` in `{folder}`");
            out.push(
                Diagnostic::warning("ansible::unknown-role", message)
                    .at(role.said.at.clone())
                    .help(format!("did you mean `{meant}`?")),
            );
        }
    }
}
