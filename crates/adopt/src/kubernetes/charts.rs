//! Charts of the repository's own.
use super::Owned;
use crate::{
    found::Found,
    layers::{Guess, Kind, of_word},
    survey::Survey,
    words,
};
use std::collections::BTreeSet;
use strata_core::tree::Tree;
use strata_syntax::{
    helm,
    said::{direct, within},
};

/// All charts that nothing else deploys.
pub fn all(tree: &dyn Tree, survey: &mut Survey, owned: &Owned) -> Vec<Found> {
    let charts: Vec<String> = survey
        .folders
        .iter()
        .filter(|f| helm::recognise(tree, f).is_some())
        .cloned()
        .collect();
    let in_chart = |folder: &str| {
        charts
            .iter()
            .find(|c| {
                folder
                    .strip_prefix(c.as_str())
                    .is_some_and(|r| r.starts_with('/'))
            })
            .cloned()
    };
    let mut out = Vec::new();
    for folder in &charts {
        if let Some(outer) = in_chart(folder) {
            survey.skip(folder, format!("part of the chart `{outer}`"));
            continue;
        }
        if let Some(by) = owned.by(folder) {
            survey.skip(folder, format!("belongs to {by}"));
            continue;
        }
        let facts = helm::read(tree, folder);
        if facts.library {
            survey.skip(folder, "a library, which deploys nothing itself");
            continue;
        }
        let mut found = Found::new(folder, "helm", "Helm chart", survey.places.read(folder));
        let name = facts
            .name
            .filter(strata_syntax::said::Said::is_literal)
            .map(|n| n.text);
        let kind = name
            .as_deref()
            .or(found.place.rest.last().map(String::as_str))
            .and_then(of_word);
        found.guess = match kind {
            Some(Kind::ClusterServices | Kind::Integration | Kind::Edge | Kind::Permissions) => {
                Guess::sure(
                    Kind::ClusterServices,
                    format!("a chart called `{}`", name.as_deref().unwrap_or(folder)),
                )
            }
            _ => Guess::sure(Kind::Application, "a chart of your own"),
        };
        let last = found.place.rest.last();
        if last.is_none_or(|l| words::is_generic(l)) {
            found.called = name;
        }
        let values = values(tree, folder);
        if !values.is_empty() {
            let list: Vec<&str> = values.iter().map(String::as_str).collect();
            found.look.push(format!(
                "its values for one environment are not given by themselves: {}",
                list.join(", ")
            ));
        }
        out.push(found);
    }
    out
}

/// Files of values that are for one environment.
fn values(tree: &dyn Tree, folder: &str) -> BTreeSet<String> {
    let folders = ["", "values", "env", "envs", "environments"];
    let mut out = BTreeSet::new();
    for inner in folders {
        let at = if inner.is_empty() {
            folder.to_owned()
        } else {
            within(folder, inner)
        };
        for (_, name) in direct(tree, &at) {
            let stem = name
                .strip_suffix(".yaml")
                .or_else(|| name.strip_suffix(".yml"));
            if stem.is_some_and(|s| {
                (!inner.is_empty() || s.starts_with("values")) && words::is_environment(s)
            }) {
                out.insert(within(inner, name));
            }
        }
    }
    out
}
