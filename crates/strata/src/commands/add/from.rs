//! A component whose files are in a catalog: the description that names them.
use super::Proposal;
use crate::{
    args::Add,
    commands::import::{Here, refused},
    problem::Problem,
};
use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    repo::Repo,
    tree::Tree,
};
use strata_ops::{
    imports::source::{self, Place},
    load::{COMPONENT_FILE, Loaded, ROOT_FILE},
};
use strata_syntax::{node::Kind, yaml};

/// What `--from` asks for.
pub fn propose(
    here: &Here,
    loaded: &Loaded,
    tree: &dyn Tree,
    written: &str,
    wanted: &Add,
) -> Result<Proposal, Problem> {
    let layer = layer(loaded, wanted)?;
    let (address, version) = split(written);
    let version = match version {
        Some(version) => Some(version.to_owned()),
        None => last_release(here, address)?,
    };
    judge(address, version.as_deref())?;
    for env in &wanted.env {
        if !loaded.environments.contains_key(env) {
            let names = loaded.environments.keys().map(String::as_str);
            return Err(Problem::usage(format!("there is no environment `{env}`"))
                .hint(suggest(env, names).unwrap_or_else(|| "see `strata env list`".to_owned())));
        }
    }
    let mut keys: Vec<(&str, String)> = vec![("source", quoted(address))];
    keys.extend(version.map(|v| ("version", quoted(&v))));
    if wanted.allow_hooks {
        keys.push(("hooks", "allow".to_owned()));
    }
    if !wanted.env.is_empty() {
        keys.push(("environments", format!("[{}]", wanted.env.join(", "))));
    }
    let inputs = inputs(&wanted.input)?;
    let in_folders = !tree.below("layers").is_empty() || loaded.platform.components.is_empty();
    let mut proposal = Proposal::default();
    if in_folders {
        let mut text = String::new();
        for (key, value) in keys {
            let _ = writeln!(text, "{key}: {value}");
        }
        if !inputs.is_empty() {
            text.push_str("inputs:\n");
        }
        for (key, value) in inputs {
            let _ = writeln!(text, "  {key}: {value}");
        }
        let folder = format!("layers/{layer}/{}", wanted.name);
        let file = (COMPONENT_FILE.to_owned(), (text.into_bytes(), false));
        proposal.folder = Some((folder, BTreeMap::from([file])));
        return Ok(proposal);
    }
    // where components are entries, a new one is an entry
    keys.insert(0, ("layer", layer.to_owned()));
    if !inputs.is_empty() {
        let list: Vec<String> = inputs.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        keys.push(("inputs", format!("{{{}}}", list.join(", "))));
    }
    let list: Vec<String> = keys.iter().map(|(k, v)| format!("{k}: {v}")).collect();
    let value = format!("{{{}}}", list.join(", "));
    let text = tree.text(ROOT_FILE).unwrap_or_default();
    let new = yaml::edit::add(&text, "components", &wanted.name, &value).ok_or_else(|| {
        Problem::usage(format!(
            "`{ROOT_FILE}` is written in a way that is not edited"
        ))
        .hint(format!(
            "add it yourself, under `components:`: `{}: {value}`",
            wanted.name
        ))
    })?;
    proposal.edits.insert(ROOT_FILE.to_owned(), new);
    Ok(proposal)
}

fn layer<'a>(loaded: &'a Loaded, wanted: &'a Add) -> Result<&'a str, Problem> {
    let all = loaded.platform.layer_names();
    match (&wanted.layer, all.as_slice()) {
        (Some(layer), _) => Ok(layer),
        (None, [only]) => Ok(only),
        (None, all) => Err(Problem::usage("name its layer with `--layer`")
            .hint(format!("layers are: {}", all.join(", ")))),
    }
}

/// `SOURCE@VERSION`. The `@` of `git@HOST:PATH` has a path behind it.
fn split(written: &str) -> (&str, Option<&str>) {
    match written.rsplit_once('@') {
        Some((source, version)) if !version.contains(['/', ':']) => (source, Some(version)),
        _ => (written, None),
    }
}

/// Says what is wrong with a source, as if it stood in a file.
fn judge(address: &str, version: Option<&str>) -> Result<(), Problem> {
    let Err(problems) = read(address, version) else {
        return Ok(());
    };
    // not the text itself: it may hold what must not be shown
    let mut found = Problem::usage("that is no source");
    for p in problems {
        found = found.hint(format!("{} [{}]", p.message, p.code));
        found.hints.extend(p.help);
    }
    Err(found)
}

fn read(address: &str, version: Option<&str>) -> Result<Place, Vec<Diagnostic>> {
    let version = version.map_or(String::new(), |v| format!("version: {}\n", single(v)));
    let text = format!("source: {}\n{version}", single(address));
    let (node, mut problems) = yaml::parse(&Arc::from(COMPONENT_FILE), &text);
    match source::read(node.as_ref(), &mut problems) {
        Ok(Some(sourced)) if problems.is_empty() => Ok(sourced.place),
        _ => Err(problems),
    }
}

/// The last release of a repository; nothing for a folder of this one.
fn last_release(here: &Here, address: &str) -> Result<Option<String>, Problem> {
    if read(address, None).is_ok() {
        return Ok(None);
    }
    // any version will do to learn which repository is meant
    let Ok(Place::Repository { repo, .. }) = read(address, Some("0")) else {
        judge(address, Some("0"))?;
        return Ok(None);
    };
    newest(here, &repo).map(Some)
}

fn newest(here: &Here, repo: &Repo) -> Result<String, Problem> {
    let all = here.cache.later(repo, "0").map_err(|e| refused(&e))?;
    all.into_iter().next().ok_or_else(|| {
        Problem::usage(format!("{repo} has no release"))
            .hint("name a tag, a branch or a commit: `--from SOURCE@VERSION`")
    })
}

/// `NAME=VALUE`, each as it is written in YAML.
fn inputs(given: &[String]) -> Result<Vec<(String, String)>, Problem> {
    let one = |text: &String| {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Problem::usage(format!("`{text}` is no input")).hint("write `--input NAME=VALUE`")
        })?;
        Ok((quoted(name), value_of(value)))
    };
    given.iter().map(one).collect()
}

/// A value as it was meant: YAML where it is some, else a text.
fn value_of(written: &str) -> String {
    if written.contains("${{") || written.contains('\n') {
        return single(written);
    }
    let (node, problems) = yaml::parse(&Arc::from(""), written);
    match node.map(|n| n.kind) {
        Some(Kind::Scalar(s)) if problems.is_empty() && s.text == written => quoted(written),
        Some(Kind::Scalar(_)) if written.starts_with(['\'', '"']) && problems.is_empty() => {
            written.to_owned()
        }
        Some(Kind::List(_) | Kind::Map(_))
            if problems.is_empty() && written.starts_with(['[', '{']) =>
        {
            written.to_owned()
        }
        _ => single(written),
    }
}

/// A text as YAML reads it back, also between braces.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/+@:~-".contains(c);
    let odd = text.starts_with(['@', ':', '-', '~']) && text.parse::<f64>().is_err();
    if !text.is_empty() && text.chars().all(plain) && !odd && !text.ends_with(':') {
        text.to_owned()
    } else {
        single(text)
    }
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_behind_the_last_at() {
        assert_eq!(split("../c//vpc@1.0"), ("../c//vpc", Some("1.0")));
        assert_eq!(split("git@h:o/r//vpc"), ("git@h:o/r//vpc", None));
        assert_eq!(split("git@h:o/r//vpc@v2"), ("git@h:o/r//vpc", Some("v2")));
        assert_eq!(split("ssh://git@h/o/r"), ("ssh://git@h/o/r", None));
    }

    #[test]
    fn values_are_written_so_that_they_mean_what_was_typed() {
        for (typed, written) in [
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("3", "3"),
            ("-3", "-3"),
            ("true", "true"),
            ("[a, b]", "[a, b]"),
            ("'3'", "'3'"),
            ("${{ vpc.outputs.id }}", "'${{ vpc.outputs.id }}'"),
            ("a, b", "'a, b'"),
            ("it's # no", "'it''s # no'"),
            ("a: b", "'a: b'"),
            ("", "''"),
        ] {
            assert_eq!(value_of(typed), written, "{typed}");
        }
    }
}
