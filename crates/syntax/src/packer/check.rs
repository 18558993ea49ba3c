//! What is wrong with a template, from its files alone.
use super::PackerTemplate;
use crate::said::{exists, near, resolve};
use std::collections::BTreeSet;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    tree::Tree,
};

/// Does an argument of a provisioner name files of this machine?
pub(super) fn names_files(kind: &str, argument: &str) -> bool {
    matches!(
        (kind, argument),
        (_, "script" | "scripts" | "playbook_file" | "playbook_files")
            | ("file", "source" | "sources")
    )
}

/// Problems of the template of a folder: sources that it has not, and files that are not there.
pub fn problems(tree: &dyn Tree, folder: &str, template: &PackerTemplate) -> Vec<Diagnostic> {
    let mut out = template.problems.clone();
    let known = || template.sources.iter().map(String::as_str);
    for named in &template.named {
        let missing = named.is_literal() && !template.sources.contains(&named.text);
        if missing && !template.incomplete {
            let message = format!("the template has no source `{}`", named.text);
            out.push(
                Diagnostic::error("packer::unknown-source", message)
                    .at(named.at.clone())
                    .help_opt(suggest(&named.text, known())),
            );
        }
    }
    for (kind, said) in &template.provisioners {
        let path = resolve(folder, &said.text).filter(|_| !said.text.contains("://"));
        let Some(path) = path.filter(|p| !exists(tree, p)) else {
            continue;
        };
        // another step may make it
        let message = format!(
            "the provisioner `{kind}` names `{}`, which is not there",
            said.text
        );
        out.push(
            Diagnostic::warning("packer::missing-file", message)
                .at(said.at.clone())
                .help_opt(near(tree, &path, &said.text)),
        );
    }
    let mut seen = BTreeSet::new();
    out.retain(|p| seen.insert((p.at.clone(), p.message.clone())));
    out
}
