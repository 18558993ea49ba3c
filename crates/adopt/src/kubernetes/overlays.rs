//! Kustomizations that no other takes in.
use super::{Applied, Owned};
use crate::{
    found::Found,
    layers::{Guess, Kind, of_word},
    survey::Survey,
};
use std::collections::BTreeSet;
use strata_core::tree::Tree;
use strata_syntax::kustomize;

/// All overlays that nothing else applies.
pub fn all(tree: &dyn Tree, survey: &mut Survey, owned: &Owned) -> Vec<Applied> {
    let folders: Vec<String> = survey
        .folders
        .iter()
        .filter(|f| kustomize::recognise(tree, f).is_some())
        .cloned()
        .collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut read = Vec::new();
    for folder in folders {
        let facts = kustomize::read(tree, &folder);
        let inner = facts
            .kustomizations
            .iter()
            .map(|k| k.folder.clone())
            .filter(|f| *f != folder);
        taken.extend(inner);
        read.push((folder, facts));
    }
    let mut out = Vec::new();
    for (folder, facts) in read {
        let component = facts.kustomizations.first().is_none_or(|k| k.component);
        if taken.contains(&folder) || owned.by(&folder).is_some() {
            continue;
        }
        if component {
            survey.skip(
                &folder,
                "a component of Kustomize that nothing here takes in",
            );
            continue;
        }
        let mut found = Found::new(
            &folder,
            "kustomize",
            "Kustomization that no other takes in",
            survey.places.read(&folder),
        );
        let word = found.place.rest.iter().rev().find_map(|s| of_word(s));
        found.guess = match word {
            Some(Kind::ClusterServices | Kind::Integration | Kind::Edge) => {
                Guess::sure(Kind::ClusterServices, "its path says so")
            }
            _ => Guess::sure(Kind::Application, "it is applied to a cluster"),
        };
        out.push(Applied {
            reads: facts.files.into_iter().collect(),
            ..Applied::plain(found)
        });
    }
    out
}
