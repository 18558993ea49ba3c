//! What can be wrong with an import that is met: no files, no such environment, a circle, two commits.
use super::{Gatherer, Step, vendored};
use crate::{
    document::EnvironmentFile,
    imports::{lock::Entry, wish::Wish},
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    repo::{Pin, Repo},
    span::Location,
    tree::{Below, Tree},
};

/// The files of a state: from where they are vendored, else from the cache.
pub(crate) fn fetched(
    root: &Arc<dyn Tree>,
    entry: &Entry,
    at: &Location,
) -> Result<Arc<dyn Tree>, Diagnostic> {
    let pin = &entry.pin;
    let folder = vendored(pin);
    if !root.below(&folder).is_empty() {
        let below = Below::new(root.clone(), &folder);
        let digest = below.digest();
        if digest == pin.digest {
            return Ok(Arc::new(below));
        }
        return Err(Diagnostic::error(
            "import::digest",
            format!(
                "the files in `{folder}` have the digest {}, and the lock names {}",
                digest.short(),
                pin.digest.short()
            ),
        )
        .at(at.clone())
        .related(entry.at.clone(), "the lock")
        .help(
            "run `strata import vendor` to write them again; change imports where they come from",
        ));
    }
    root.foreign(pin).map_err(|e| {
        Diagnostic::error("import::unavailable", e.to_string())
            .at(at.clone())
            .related(entry.at.clone(), "the lock")
            .help("run `strata import lock` where the repository can be reached")
    })
}

/// What is not in the lock, or is there without the signature that is asked for.
pub(crate) fn not_locked(what: &str, unsigned: bool) -> Diagnostic {
    let message = if unsigned {
        format!("{what} is in `strata.lock` without a signature")
    } else {
        format!("{what} is not in `strata.lock`")
    };
    Diagnostic::error("import::not-locked", message).help("run `strata import lock`")
}

impl Gatherer<'_> {
    /// The files of a state.
    pub(super) fn files(&mut self, entry: &Entry, wish: &Wish) -> Option<Arc<dyn Tree>> {
        let found = fetched(&self.root, entry, &wish.at);
        found.map_err(|problem| self.say(problem)).ok()
    }

    /// Is there such an environment?
    pub(super) fn known(
        &mut self,
        environments: &BTreeMap<String, EnvironmentFile>,
        wish: &Wish,
        of: Option<(&Repo, &str)>,
    ) -> Option<()> {
        if environments.contains_key(&wish.environment) {
            return Some(());
        }
        let names: Vec<&str> = environments
            .keys()
            .map(String::as_str)
            .filter(|n| !n.starts_with('_'))
            .collect();
        let whose = of.map_or_else(
            || "this repository".to_owned(),
            |(repo, version)| format!("{repo} at {version}"),
        );
        let help = suggest(&wish.environment, names.iter().copied()).unwrap_or_else(|| {
            if names.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has: {}", names.join(", "))
            }
        });
        self.say(
            Diagnostic::error(
                "import::environment",
                format!("{whose} has no environment `{}`", wish.environment),
            )
            .at(wish.at.clone())
            .help(help),
        );
        None
    }

    pub(super) fn no_circle(&mut self, chain: &[Step], step: &Step, wish: &Wish) -> Option<()> {
        let Some(first) = chain.iter().position(|s| s == step) else {
            return Some(());
        };
        let name = |(repo, _, env): &Step| {
            if repo.is_empty() {
                env.clone()
            } else {
                format!("{repo} {env}")
            }
        };
        let mut names: Vec<String> = chain[first..].iter().map(name).collect();
        names.push(name(step));
        self.say(
            Diagnostic::error(
                "import::cycle",
                format!("environments import each other: {}", names.join(" → ")),
            )
            .at(wish.at.clone())
            .help("take one of these imports away"),
        );
        None
    }

    /// One environment of one repository at two commits would be the same things twice.
    pub(super) fn one_commit(&mut self, pin: &Pin, wish: &Wish, path: &str) -> Option<()> {
        let key = (pin.repo.key().to_owned(), wish.environment.clone());
        let Some((commit, other, at)) = self.met.get(&key).cloned() else {
            let met = (pin.commit.clone(), path.to_owned(), wish.at.clone());
            self.met.insert(key, met);
            return Some(());
        };
        if commit == pin.commit {
            return Some(());
        }
        self.say(
            Diagnostic::error(
                "import::two-commits",
                format!(
                    "`{}` of {} is imported at two commits: {} as `{other}`, {} as `{path}`",
                    wish.environment,
                    pin.repo,
                    &commit[..12],
                    pin.short()
                ),
            )
            .at(wish.at.clone())
            .related(at, "the other one")
            .help("give both the same version"),
        );
        None
    }
}
