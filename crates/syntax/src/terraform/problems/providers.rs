//! What modules ask of providers: from where, in which version.
use crate::terraform::{
    module::{Module, Requirement},
    sources, versions,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{diagnostic::Diagnostic, span::Location};

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
        versions_fit(module, asked, out);
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
fn versions_fit(module: &Module, asked: &[&Requirement], out: &mut Vec<Diagnostic>) {
    let Some(source) = asked.first().map(|r| r.source.as_str()) else {
        return;
    };
    let mut said: Vec<_> = asked.iter().filter_map(|r| r.version.clone()).collect();
    // a `version` in the configuration is an old way to say the same
    for folder in &module.folders {
        let of = |name: &str| {
            let mut own = asked.iter().filter(|r| r.folder == folder.path);
            own.any(|r| r.name == name)
        };
        let configured = folder.providers.iter().filter(|p| of(&p.fact.name));
        said.extend(configured.filter_map(|p| {
            let version = p.fact.version.as_ref()?;
            Some((version.text.clone(), p.at(version.at)))
        }));
    }
    out.extend(no_version("terraform::conflicting-provider", source, &said));
}

/// The constraints on one thing, when no version of it is left.
pub(super) fn no_version(code: &str, of: &str, said: &[(String, Location)]) -> Option<Diagnostic> {
    if !versions::conflict(said.iter().map(|(text, _)| text.as_str())) {
        return None;
    }
    let alone = said.iter().find(|a| versions::conflict([a.0.as_str()]));
    if let Some((text, at)) = alone {
        let message = format!("no version of `{of}` is `{text}`");
        return Some(Diagnostic::error(code, message).at(at.clone()));
    }
    // two that clash say more than all of them
    let mut pairs = said
        .iter()
        .enumerate()
        .flat_map(|(i, a)| said[..i].iter().map(move |b| (b, a)));
    let clash = pairs.find(|(a, b)| versions::conflict([a.0.as_str(), b.0.as_str()]));
    if let Some(((one, place), (other, at))) = clash {
        let message = format!("no version of `{of}` is both `{one}` and `{other}`");
        let problem = Diagnostic::error(code, message).at(at.clone());
        return Some(problem.related(place.clone(), "the other constraint"));
    }
    let ((last, at), others) = said.split_last()?;
    let message = format!("no version of `{of}` is left by `{last}` and the others");
    let problem = Diagnostic::error(code, message).at(at.clone());
    let more =
        |p: Diagnostic, (_, at): &(String, Location)| p.related(at.clone(), "another constraint");
    Some(others.iter().fold(problem, more))
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
