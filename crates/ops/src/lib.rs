//! From the files of an operations repo to a checked, composed platform.
//!
//! - [`decode`]: closed lists of keys over parsed YAML; every problem is gathered.
//! - [`document`]: the files a user writes, one module each.
//! - [`field`]: a value that may hold expressions.
//! - [`load`]: finds the files, reads them, finds the components.
//! - [`imports`]: environments of other repositories, their lock and their files.
//! - [`compose`]: every unit of every environment, with its dependencies.
//! - [`check`]: rules over the composition, one file each.
//! - [`explain`]: where a value comes from.
//! - [`differ`]: how one resolved environment differs from another.
//! - [`variables`]: what has to come from outside.
//! - [`at`]: what stands at a place of a file, and what could.
//! - [`compare`]: what became of promises since another time.
//!
//! Not here: reading a disk (a [`strata_core::tree::Tree`] is given), what tools declare (engines say it), plans.
pub mod at;
pub mod check;
pub mod compare;
pub mod compose;
pub mod decode;
pub mod differ;
pub mod document;
pub mod explain;
pub mod field;
pub mod imports;
pub mod load;
pub mod scope;
pub mod variables;

use compose::{Composition, Pick};
use decode::Problems;
use imports::Lock;
use load::{Engines, Loaded};
use std::{collections::HashSet, sync::Arc};
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};

/// A platform from its files: composed, checked, with everything that was found, each thing once, errors first.
pub fn read(tree: Arc<dyn Tree>, engines: &Engines) -> (Composition, Problems) {
    read_with(tree, engines, &[])
}

/// The same with other flavors than the files pick.
pub fn read_with(
    tree: Arc<dyn Tree>,
    engines: &Engines,
    picks: &[Pick],
) -> (Composition, Problems) {
    let (loaded, problems) = load::load(tree, engines);
    judge(Arc::new(loaded), engines, picks, problems)
}

/// The same as [`read`] under another lock than the platform's.
pub fn read_under(tree: Arc<dyn Tree>, engines: &Engines, lock: &Lock) -> (Composition, Problems) {
    let (loaded, problems) = load::load_under(tree, engines, Some(lock));
    judge(Arc::new(loaded), engines, &[], problems)
}

fn judge(
    loaded: Arc<Loaded>,
    engines: &Engines,
    picks: &[Pick],
    mut problems: Problems,
) -> (Composition, Problems) {
    let (mut composition, more) = compose::compose(loaded, engines, picks);
    composition.brought = check::brought(&composition);
    problems.extend(more);
    problems.extend(check::check(&composition));
    without_consequences(&mut problems);
    problems.sort_by(|a, b| (a.severity, &a.at, &a.message).cmp(&(b.severity, &b.at, &b.message)));
    // what is wrong in one place for several reasons is said once, with all of them
    problems.dedup_by(|next, first| {
        let same =
            (&next.code, &next.at, &next.message) == (&first.code, &first.at, &first.message);
        if same {
            let new = next.related.drain(..);
            let new: Vec<_> = new.filter(|r| !first.related.contains(r)).collect();
            first.related.extend(new);
        }
        same
    });
    once_for_all(&mut problems, composition.loaded.tree.as_ref());
    (composition, problems)
}

/// A file of another repository lies at a place for each environment that imports it; what is wrong with it is wrong
/// once.
fn once_for_all(problems: &mut Problems, tree: &dyn Tree) {
    let mut said = HashSet::new();
    problems.retain(|p| {
        let Some(at) = p.at.as_ref().filter(|at| compose::is_mounted(&at.file)) else {
            return true;
        };
        let place = tree.shown(&at.file).into_owned();
        said.insert((p.code.clone(), place, at.span, p.message.clone()))
    });
}

/// A file that is no good YAML may lack anything: what else is wrong with it is not known before that is put right. An
/// expression that cannot be read may use any value.
fn without_consequences(problems: &mut Problems) {
    let unread = |p: &Diagnostic| {
        p.code.starts_with("yaml::")
            || ["expression::syntax", "expression::not-here"].contains(&p.code.as_str())
    };
    if !problems.iter().any(unread) {
        return;
    }
    let faulty: HashSet<Arc<str>> = problems
        .iter()
        .filter(|p| p.code.starts_with("yaml::"))
        .filter_map(|p| Some(p.at.as_ref()?.file.clone()))
        .collect();
    problems.retain(|p| {
        let there = |at: &Location| faulty.contains(&at.file);
        unread(p) || p.code != "value::unused" && !p.at.as_ref().is_some_and(there)
    });
}

/// What is wrong when an environment picks a flavor that its file does not pick.
pub struct Tried {
    /// The pick.
    pub pick: Pick,
    /// What is wrong with it, and was not wrong without it.
    pub problems: Problems,
}

/// Tries every flavor wherever it could be picked, one at a time.
pub fn all_flavors(c: &Composition, known: &Problems) -> Vec<Tried> {
    let mut out = Vec::new();
    for e in c.environments() {
        for (contract, components) in &e.candidates {
            for component in components {
                if e.chosen.get(contract) == Some(component) {
                    continue;
                }
                let pick = Pick {
                    env: e.name.to_string(),
                    contract: contract.clone(),
                    component: component.clone(),
                };
                let picks = std::slice::from_ref(&pick);
                let (_, mut problems) = judge(c.loaded.clone(), &c.engines, picks, Problems::new());
                problems.retain(|p| !known.contains(p));
                out.push(Tried { pick, problems });
            }
        }
    }
    out
}
