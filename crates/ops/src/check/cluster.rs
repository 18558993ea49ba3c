//! Components whose engine speaks to a cluster, and which no file tells which.
use crate::{compose::Composition, decode::Problems, document::speaks_to_a_cluster};
use strata_core::{diagnostic::Diagnostic, span::Location};

/// How many components a message names.
const NAMED: usize = 3;

/// Adds one warning for all of them: an adopted repo has hundreds, and one line in `defaults` is the way out for all. It is
/// no error, since its files can be checked without.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut lost: Vec<(&str, &Location)> = Vec::new();
    for unit in &c.units {
        let component = &c.variant(unit).component;
        if component.cluster.is_none() && speaks_to_a_cluster(c.engine(unit).name()) {
            lost.push((&component.name, &component.at));
        }
    }
    lost.sort_unstable_by_key(|(name, _)| *name);
    lost.dedup_by_key(|(name, _)| *name);
    let Some((_, at)) = lost.first() else { return };
    let mut names: Vec<String> = lost
        .iter()
        .take(NAMED)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match lost.len().saturating_sub(NAMED) {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    let (names, are) = match names.split_last() {
        Some((last, [])) => (last.clone(), "is"),
        Some((last, before)) => (format!("{} and {last}", before.join(", ")), "are"),
        None => return,
    };
    problems.push(
        Diagnostic::warning(
            "cluster::missing",
            format!("nothing says which cluster {names} {are} for"),
        )
        .at((*at).clone())
        .help("add `cluster:` to the component, or to `defaults` in `strata.yaml`: without it no plan can be made"),
    );
}
