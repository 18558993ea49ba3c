//! From the files of an operations repo to a checked, composed platform.
//!
//! - [`decode`]: closed lists of keys over parsed YAML; every problem is gathered.
//! - [`document`]: the files a user writes, one module each.
//! - [`field`]: a value that may hold expressions.
//! - [`load`]: finds the files, reads them, finds the components.
//! - [`compose`]: every unit of every environment, with its dependencies.
//! - [`check`]: rules over the composition, one file each.
//!
//! Not here: reading a disk (a [`strata_core::tree::Tree`] is given), what tools declare (engines say it), plans.
pub mod check;
pub mod compose;
pub mod decode;
pub mod document;
pub mod field;
pub mod load;
pub mod scope;

use decode::Problems;
use load::Engines;
use std::sync::Arc;
use strata_core::tree::Tree;

/// A platform from its files: composed, checked, with everything that was found, each thing once, errors first.
pub fn read(tree: Arc<dyn Tree>, engines: &Engines) -> (compose::Composition, Problems) {
    let (loaded, mut problems) = load::load(tree, engines);
    let (composition, more) = compose::compose(loaded, engines);
    problems.extend(more);
    problems.extend(check::check(&composition));
    problems.sort_by(|a, b| (a.severity, &a.at, &a.message).cmp(&(b.severity, &b.at, &b.message)));
    problems.dedup();
    (composition, problems)
}
