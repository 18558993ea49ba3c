//! The files of policies: `policy/**/*.rego`, and data beside them.
use std::sync::Arc;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};
use strata_policy::{DataFile, PolicyFile, Sources, code};
use strata_syntax::{json, kept};

/// The folder that policies lie in.
const FOLDER: &str = "policy";

/// What is there. Tests are read only when they are asked for.
pub fn sources(tree: &dyn Tree, tests: bool) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    for file in tree.below(FOLDER) {
        let path = &file.path;
        let name = path.rsplit('/').next().unwrap_or(path);
        let read = |problems: &mut Vec<Diagnostic>| match tree.text(path) {
            Ok(text) => Some(text),
            Err(e) => {
                let at = Location::file(path.clone());
                problems.push(Diagnostic::error("file::unreadable", e.to_string()).at(at));
                None
            }
        };
        if name.ends_with(".rego") {
            if (tests || !name.ends_with("_test.rego"))
                && let Some(text) = read(&mut problems)
            {
                sources.policies.push(PolicyFile {
                    path: path.clone(),
                    text: text.into(),
                });
            }
        } else if let Some(value) = data(tree, path, name, &mut problems) {
            sources.data.push(DataFile {
                path: path.clone(),
                value,
            });
        }
    }
    (sources, problems)
}

/// The content of a data file.
fn data(
    tree: &dyn Tree,
    path: &Arc<str>,
    name: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<serde_json::Value> {
    let (node, found) = match name.rsplit('.').next() {
        Some("yaml" | "yml") => kept::yaml(tree, path),
        Some("json") => tree.text(path).map(|text| json::parse(path, &text)),
        _ => return None,
    }
    .unwrap_or_else(|e| {
        let at = Location::file(path.clone());
        (
            None,
            vec![Diagnostic::error(code::DATA, e.to_string()).at(at)],
        )
    });
    problems.extend(found);
    Some(node?.to_value().to_json())
}
