//! BitOps operations repos, as they are: folders of environments with folders of tools and `bitops.config.yaml`.
//!
//! - [`layout`]: is this such a repo, and which environments has it?
//! - [`environment`]: what an environment's own configuration says: deployments and their order, masks.
//! - [`schema`], [`resolve`]: a tool's keys, and the value of each with where it comes from.
//! - [`first`]: keys of BitOps' first generation, and what they are called now.
//! - [`deployment`]: one folder that one tool deploys; [`hooks`]: what runs before and after it.
//! - [`merge`]: layers of files folded into one, by kind of file; [`defaults`]: `_default` below each environment.
//! - [`native`]: the same platform in strata's own words; [`overlay`]: as files beside those that are there.
//! - [`masks`]: what must not be seen in a log.
//! - [`imports`]: `default-environments`, what an environment takes from other repos.
//!
//! It reads a [`Tree`] and the variables it is given, never a disk or an environment, and runs nothing: that is the part
//! of the engines `bitops-…`. It fetches nothing either.
pub mod defaults;
pub mod deployment;
pub mod environment;
pub mod first;
pub mod hooks;
pub mod imports;
pub mod layout;
mod looks;
pub mod masks;
pub mod merge;
pub mod native;
pub mod origin;
pub mod overlay;
pub mod resolve;
pub mod schema;

use environment::Environment;
use imports::{
    Source,
    join::{Basis, join},
    trust::Judge,
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{diagnostic::Diagnostic, tree::Tree};
use strata_ops::imports::{Brought, Lock, Wanted};

/// What comes from outside of the files.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Variables of the caller, of which those count that BitOps reads: they beat what the files say.
    pub variables: BTreeMap<String, String>,
    /// Only this environment.
    pub only: Option<String>,
}

impl Settings {
    /// A variable that is there and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }
    /// The folder whose files every environment gets.
    pub fn default_folder(&self) -> &str {
        self.variable("BITOPS_DEFAULT_FOLDER").unwrap_or("_default")
    }
}

/// A repo as it was read.
pub struct Reading {
    /// Its environments, by name.
    pub environments: Vec<Environment>,
    /// Its files, with defaults and what is taken from elsewhere merged in.
    pub tree: Arc<dyn Tree>,
    /// What each environment stands on.
    pub basis: BTreeMap<String, Basis>,
    /// What environments take from elsewhere.
    pub sources: Vec<Source>,
    /// What of that has to be locked.
    pub wanted: Vec<Wanted>,
    /// What was found: what is wrong, and what strata does otherwise than BitOps.
    pub problems: Vec<Diagnostic>,
}

impl Reading {
    /// Files of other repos in deployments of ours.
    pub fn brought(&self) -> Vec<Brought> {
        let of = |env: &Environment| {
            let basis = self.basis.get(&env.name)?;
            Some(Judge::new(env, basis, &self.sources).brought())
        };
        self.environments.iter().filter_map(of).flatten().collect()
    }
    /// Do environments take files of the default folder, or of other repos?
    pub fn merges(&self, files: &Arc<dyn Tree>) -> bool {
        !Arc::ptr_eq(&self.tree, files)
    }
}

/// Reads a repo under its own lock.
pub fn read(tree: &Arc<dyn Tree>, settings: &Settings) -> Reading {
    read_under(tree, settings, None)
}

/// Reads a repo under another lock.
pub fn read_under(tree: &Arc<dyn Tree>, settings: &Settings, lock: Option<&Lock>) -> Reading {
    let mut problems = Vec::new();
    let mut names = layout::environments(tree.as_ref(), settings);
    names.retain(|name| settings.only.as_ref().is_none_or(|only| only == name));
    let locked;
    let lock = match lock {
        Some(lock) => lock,
        None => {
            locked = Lock::of(tree.as_ref(), &mut problems);
            &locked
        }
    };
    let gathered = imports::gather::gather(tree, &names, settings, lock, &mut problems);
    let joined = join(tree, &names, &gathered, settings, &mut problems);
    let mut environments = Vec::new();
    for (name, basis) in &joined.basis {
        let env = Environment::read(basis, name, settings, &mut problems);
        Judge::new(&env, basis, &gathered.sources).check(&mut problems);
        environments.push(env);
    }
    layout::strangers(joined.tree.as_ref(), settings, &mut problems);
    Reading {
        environments,
        tree: joined.tree,
        basis: joined.basis,
        sources: gathered.sources,
        wanted: gathered.wanted,
        problems,
    }
}

/// A repo of BitOps as a native platform: its own files, and beside them those that say in strata's words what BitOps'
/// files say. `None` when it is none.
pub fn platform(tree: &Arc<dyn Tree>, settings: &Settings) -> Option<(Arc<dyn Tree>, Reading)> {
    platform_under(tree, settings, None)
}

/// The same under another lock than its own.
pub fn platform_under(
    tree: &Arc<dyn Tree>,
    settings: &Settings,
    lock: Option<&Lock>,
) -> Option<(Arc<dyn Tree>, Reading)> {
    if !layout::recognise(tree.as_ref()) {
        return None;
    }
    let reading = read_under(tree, settings, lock);
    let files = native::files(&reading, "bitops", None, settings);
    let made = files
        .into_iter()
        .map(|(path, text)| (path, (text.into_bytes(), false)))
        .collect();
    let whole = overlay::Overlay::new(reading.tree.clone(), made);
    Some((Arc::new(whole), reading))
}

#[cfg(test)]
mod tests;
