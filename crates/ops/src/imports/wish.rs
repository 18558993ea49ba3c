//! An entry of `imports:` in an environment: which environment of which repository, at which version, and what of it.
use crate::decode::{Fields, Problems, expected, text};
use strata_core::{
    diagnostic::Diagnostic,
    name::{RESERVED, name_problem},
    repo::{Repo, version_problem},
    span::Location,
};
use strata_syntax::node::{Kind, Node};

/// Keys of an entry.
pub const KEYS: &[&str] = &[
    "repo",
    "environment",
    "version",
    "as",
    "layer",
    "exclude",
    "values",
    "hooks",
    "signed",
];

/// What is wished for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The repository as it is written in this file; none: the one that this file is of.
    pub repo: Option<Repo>,
    /// The environment.
    pub environment: String,
    /// A tag, a branch or a commit, with the characters that were written.
    pub version: Option<String>,
    /// What it is called here.
    pub alias: String,
    /// The layer of all its units.
    pub layer: Option<(String, Location)>,
    /// Components that are not wanted: names, `*` stands for anything.
    pub exclude: Vec<(String, Location)>,
    /// Values in the place of its own.
    pub values: Option<Node>,
    /// May its scripts run?
    pub hooks: bool,
    /// Must its tag be signed?
    pub signed: bool,
    /// Where its environment is named.
    pub at: Location,
}

/// The entries of `imports:`. What cannot be understood is said and left out.
pub fn wishes(list: &Node, problems: &mut Problems) -> Vec<Wish> {
    let Kind::List(items) = &list.kind else {
        problems.push(expected(list, "`imports`", "a list of imports"));
        return Vec::new();
    };
    let mut out: Vec<Wish> = Vec::new();
    for item in items {
        let Some(wish) = one(item, problems) else {
            continue;
        };
        if let Some(other) = out.iter().find(|w| w.alias == wish.alias) {
            problems.push(
                Diagnostic::error(
                    "import::alias",
                    format!("two imports are called `{}`", wish.alias),
                )
                .at(wish.at.clone())
                .related(other.at.clone(), "the other one")
                .help("give one of them another name: `as: NAME`"),
            );
            continue;
        }
        out.push(wish);
    }
    out
}

fn one(item: &Node, problems: &mut Problems) -> Option<Wish> {
    let before = problems.iter().filter(|p| p.is_error()).count();
    let f = Fields::of(Some(item), "an import", KEYS, problems);
    item.as_map()?;
    let environment = f.text("environment", problems);
    let at = f
        .get("environment")
        .map_or_else(|| item.location(), Node::location);
    match &environment {
        None if f.get("environment").is_none() => problems.push(
            Diagnostic::error("import::environment", "an import names no environment")
                .at(at.clone())
                .help("add `environment: NAME`"),
        ),
        Some(name) => problems.extend(name_problem(name).map(|why| {
            Diagnostic::error("import::environment", why)
                .at(at.clone())
                .help("name an environment of that repository, as in `environments/NAME.yaml`")
        })),
        None => {}
    }
    let repo = repo(&f, problems);
    let version = f.text("version", problems);
    if let (Some(text), Some(node)) = (&version, f.get("version"))
        && let Some(why) = version_problem(text)
    {
        problems.push(
            Diagnostic::error("import::version", why)
                .at(node.location())
                .help("write a tag such as `1.2.0`, a branch, or the 40 characters of a commit"),
        );
    }
    match (f.get("repo"), f.get("version")) {
        (Some(repo), None) => problems.push(
            Diagnostic::error(
                "import::version",
                "an import of another repository names no version",
            )
            .at(repo.location())
            .help("add `version:` with a tag, a branch or the 40 characters of a commit"),
        ),
        (None, Some(version)) => problems.push(
            Diagnostic::error(
                "import::version",
                "an environment of this repository has no version",
            )
            .at(version.location())
            .help("remove `version:`, or name the repository with `repo:`"),
        ),
        _ => {}
    }
    let alias = f.text("as", problems).or_else(|| environment.clone());
    if let Some(alias) = &alias {
        let reserved = RESERVED
            .contains(&alias.as_str())
            .then(|| format!("`{alias}` is a word of expressions"));
        let named = f.get("as").map(Node::location);
        let why = name_problem(alias).filter(|_| named.is_some()).or(reserved);
        problems.extend(why.map(|why| {
            Diagnostic::error("import::alias", why)
                .at(named.unwrap_or_else(|| at.clone()))
                .help("give it another name: `as: NAME`")
        }));
    }
    let hooks = f.text("hooks", problems);
    if let (Some(word), Some(node)) = (&hooks, f.get("hooks"))
        && !["allow", "deny"].contains(&word.as_str())
    {
        problems.push(expected(node, "`hooks` of an import", "`allow` or `deny`"));
    }
    let signed = f.flag("signed", problems);
    if let (Some(true), None, Some(node)) = (signed, f.get("repo"), f.get("signed")) {
        problems.push(
            Diagnostic::error(
                "import::signature",
                "an environment of this repository has no signature",
            )
            .at(node.location())
            .help("remove `signed:`, or name the repository with `repo:`"),
        );
    }
    let values = f.get("values");
    if let Some(node) = values
        && node.as_map().is_none()
    {
        problems.push(expected(
            node,
            "`values` of an import",
            "a map of keys and values",
        ));
    }
    let layer = f
        .text("layer", problems)
        .zip(f.get("layer").map(Node::location));
    let exclude = f.texts("exclude", problems).unwrap_or_default();
    if problems.iter().filter(|p| p.is_error()).count() > before {
        return None;
    }
    Some(Wish {
        repo: repo?,
        environment: environment?,
        version,
        alias: alias?,
        layer,
        exclude,
        values: values.cloned(),
        hooks: hooks.as_deref() == Some("allow"),
        signed: signed == Some(true),
        at,
    })
}

/// The repository: none when it is this one; nothing when it was said what is wrong with it.
#[allow(clippy::option_option)]
fn repo(f: &Fields<'_>, problems: &mut Problems) -> Option<Option<Repo>> {
    let Some(node) = f.get("repo") else {
        return Some(None);
    };
    let written = text(node).unwrap_or_default();
    match Repo::parse(&written) {
        Ok(repo) => Some(Some(repo)),
        Err(not) => {
            let code = if not.secret {
                "import::credentials"
            } else {
                "import::repo"
            };
            problems.push(
                Diagnostic::error(code, not.why)
                    .at(node.location())
                    .help(not.help),
            );
            None
        }
    }
}

/// `*` stands for anything.
pub fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len())
                .filter(|i| tail.is_char_boundary(*i))
                .any(|i| fits(rest, &tail[i..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_version_keeps_the_characters_that_were_written() {
        let text = "- {repo: 'https://h/a', environment: eks, version: 1.10}\n";
        let (node, _) = strata_syntax::yaml::parse(&Arc::from("x.yaml"), text);
        let mut problems = Problems::new();
        let all = wishes(&node.unwrap(), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(all[0].version.as_deref(), Some("1.10"));
        assert_eq!(all[0].alias, "eks");
        assert!(!all[0].hooks);
    }

    #[test]
    fn every_key_of_an_import_has_a_meaning() {
        let meant = crate::document::meaning::IMPORT.iter().map(|(key, _)| *key);
        let mut keys: Vec<&str> = KEYS.to_vec();
        let mut meant: Vec<&str> = meant.collect();
        keys.sort_unstable();
        meant.sort_unstable();
        assert_eq!(keys, meant);
    }

    #[test]
    fn names_fit_patterns() {
        assert!(
            fits("prom*", "prometheus") && fits("*", "x") && fits("a*c*", "abcd") && fits("x", "x")
        );
        assert!(!fits("prom", "prometheus") && !fits("*d", "abc"));
    }
}
