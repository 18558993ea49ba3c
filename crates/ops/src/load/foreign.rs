//! What the files of an import may not decide: where states, credentials and policies are is the consumer's affair.
//! It is taken out before it is read, and said.
use crate::decode::Problems;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};
use strata_syntax::node::{Kind, Node};

/// Keys of a foreign `strata.yaml` that are not obeyed.
const PLATFORM: &[&str] = &[
    "store",
    "backend",
    "credentials",
    "policy",
    "passthrough",
    "tools",
    "moved",
    "external",
];
/// Keys of a foreign environment that are not obeyed.
const ENVIRONMENT: &[&str] = &["store", "backend", "credentials", "gates", "branch", "uses"];

/// `strata.yaml` of an import.
pub(super) fn platform(node: Option<Node>, problems: &mut Problems) -> Option<Node> {
    without(node, PLATFORM, problems)
}

/// An environment of an import.
pub(super) fn environment(node: Option<Node>, problems: &mut Problems) -> Option<Node> {
    without(node, ENVIRONMENT, problems)
}

/// Rules of an import.
pub(super) fn policies(tree: &dyn Tree, base: &str) -> Option<Diagnostic> {
    if base.is_empty() {
        return None;
    }
    let files = tree.below(&format!("{base}policy")).iter();
    let mut rules = files.filter(|f| f.path.ends_with(".rego") && !f.path.ends_with("_test.rego"));
    let first = rules.next()?;
    let message = "`policy/` of an import is not obeyed: what stands here counts";
    Some(
        Diagnostic::note("import::ignored", message)
            .at(Location::file(first.path.clone()))
            .help("copy the rules that you want into your own `policy/`"),
    )
}

fn without(node: Option<Node>, keys: &[&str], problems: &mut Problems) -> Option<Node> {
    let mut node = node?;
    let there: Vec<&str> = keys
        .iter()
        .copied()
        .filter(|k| node.get(k).is_some_and(|n| !n.is_null()))
        .collect();
    if let Some(first) = there.first() {
        let at = node.key_location(first);
        let list = there.join("`, `");
        problems.push(
            Diagnostic::note(
                "import::ignored",
                format!("`{list}` of an import is not obeyed: what stands here counts"),
            )
            .at_opt(at),
        );
    }
    if let Kind::Map(map) = &mut node.kind {
        map.entries.retain(|e| !keys.contains(&e.key.as_str()));
    }
    Some(node)
}
