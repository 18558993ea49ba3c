//! What modules ask of providers: from where, in which version.
use crate::terraform::{
    module::{Module, Requirement},
    sources, versions,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::diagnostic::Diagnostic;

pub(super) fn check(module: &Module, out: &mut Vec<Diagnostic>) {
    let unsure: BTreeSet<&str> = module
        .folders
        .iter()
        .filter(|f| f.incomplete || f.requirements.values().any(|r| r.fact.odd))
        .map(|f| f.path.as_str())
        .collect();
    if !unsure.is_empty() {
        return;
    }
    let (mut by_name, mut by_source) = (BTreeMap::new(), BTreeMap::<&str, Vec<_>>::new());
    for asked in &module.requirements {
        if sources::built_in(&asked.source) {
            continue;
        }
        by_source.entry(&asked.source).or_default().push(asked);
        let first: &mut &Requirement = by_name.entry(asked.name.as_str()).or_insert(asked);
        if first.source != asked.source {
            out.push(other_source(first, asked));
        }
    }
    for asked in by_source.values() {
        versions_fit(asked, out);
        unpinned(module, asked, out);
    }
}

/// Each module may give its own meaning to a name, but a configuration reaches only modules that mean the same.
fn other_source(first: &Requirement, asked: &Requirement) -> Diagnostic {
    let message = format!(
        "modules of one root take the provider `{}` from different places: `{}` and `{}`",
        asked.name, first.source, asked.source
    );
    let at = asked.written.as_ref().map_or(&asked.at, |(_, at)| at);
    let other = first.written.as_ref().map_or(&first.at, |(_, at)| at);
    Diagnostic::warning("terraform::conflicting-provider", message)
        .at(at.clone())
        .related(other.clone(), "the other place")
        .help("a configuration of the one does not reach the other; name the same source in both")
}

/// Do the constraints on one provider leave a version?
fn versions_fit(asked: &[&Requirement], out: &mut Vec<Diagnostic>) {
    let said: Vec<_> = asked.iter().filter_map(|r| r.version.as_ref()).collect();
    if !versions::conflict(said.iter().map(|(text, _)| text.as_str())) {
        return;
    }
    let source = asked.first().map_or("", |r| r.source.as_str());
    // two that clash say more than all of them
    let mut pairs = said
        .iter()
        .enumerate()
        .flat_map(|(i, a)| said[..i].iter().map(move |b| (*b, *a)));
    let clash = pairs.find(|(a, b)| versions::conflict([a.0.as_str(), b.0.as_str()]));
    let Some((last, at)) = said.last() else {
        return;
    };
    let problem = match clash {
        Some(((one, place), (other, at))) => {
            let message = format!("no version of `{source}` is both `{one}` and `{other}`");
            Diagnostic::error("terraform::conflicting-provider", message)
                .at(at.clone())
                .related(place.clone(), "the other constraint")
        }
        None => {
            let message = format!("no version of `{source}` is left by `{last}` and the others");
            let problem = Diagnostic::error("terraform::conflicting-provider", message);
            let others = said[..said.len() - 1].iter();
            others.fold(problem.at(at.clone()), |p, (_, at)| {
                p.related(at.clone(), "another constraint")
            })
        }
    };
    out.push(problem);
}

/// A provider of the root that nothing holds to a version.
fn unpinned(module: &Module, asked: &[&Requirement], out: &mut Vec<Diagnostic>) {
    let Some(root) = module.folders.first() else {
        return;
    };
    let held = module.locked
        || asked.iter().any(|r| r.version.is_some())
        || root.providers.iter().any(|p| p.fact.version.is_some());
    if held {
        return;
    }
    for r in asked.iter().filter(|r| r.folder == root.path) {
        let message = format!("the provider `{}` is not held to a version", r.name);
        out.push(
            Diagnostic::warning("terraform::unpinned-provider", message)
                .at(r.at.clone())
                .help("add `version`, or keep a lock file beside the module"),
        );
    }
}
