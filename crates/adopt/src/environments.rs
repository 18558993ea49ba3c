//! Which environments the platform has, and which of them have each component.
use crate::found::{Environments, Found};
use std::collections::BTreeSet;

/// The environments of a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct All {
    /// Those that have every component that names none.
    pub plain: Vec<String>,
    /// Those that serve the others.
    pub shared: Vec<String>,
    /// Do files name them, or is the one a stand-in?
    pub named: bool,
}

/// The name of the one environment, where no file names any.
const ONE: &str = "main";

/// All environments that what was found tells of, with those that have a file already.
pub fn all(found: &[Found], there: BTreeSet<String>) -> All {
    let (mut plain, mut shared, mut nameless) = (there, BTreeSet::new(), false);
    for f in found {
        match &f.environments {
            Environments::Named(names) => plain.extend(names.iter().cloned()),
            Environments::Shared(Some(name)) => drop(shared.insert(name.clone())),
            Environments::Shared(None) | Environments::Alone(_) => nameless = true,
            Environments::Every => {}
        }
    }
    if plain.is_empty() {
        // what would serve others is all there is
        shared.extend(found.iter().filter_map(|f| match &f.environments {
            Environments::Alone(name) => Some(name.clone()),
            _ => None,
        }));
        let named = !shared.is_empty();
        let plain = if named {
            shared
        } else {
            BTreeSet::from([ONE.to_owned()])
        };
        return All {
            plain: plain.into_iter().collect(),
            shared: Vec::new(),
            named,
        };
    }
    shared.retain(|s| !plain.contains(s));
    if nameless && shared.is_empty() && plain.len() > 1 {
        let free = ["shared", "global", "common-services"]
            .into_iter()
            .find(|n| !plain.contains(*n));
        shared.insert(free.unwrap_or("shared-by-all").to_owned());
    }
    All {
        plain: plain.into_iter().collect(),
        shared: shared.into_iter().collect(),
        named: true,
    }
}

impl All {
    /// The environments of a component.
    pub fn of(&self, environments: &Environments) -> Vec<String> {
        match environments {
            Environments::Every => self.plain.clone(),
            Environments::Named(names) => names.iter().cloned().collect(),
            Environments::Shared(Some(name)) | Environments::Alone(name)
                if self.shared.contains(name) || self.plain.contains(name) =>
            {
                vec![name.clone()]
            }
            Environments::Shared(_) | Environments::Alone(_) => {
                match (self.shared.first(), self.plain.first()) {
                    (Some(shared), _) => vec![shared.clone()],
                    (None, Some(one)) => vec![one.clone()],
                    (None, None) => Vec::new(),
                }
            }
        }
    }
    /// Is that what a component gets that names none?
    pub fn is_usual(&self, environments: &[String]) -> bool {
        self.plain == environments
    }
    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.plain.iter().chain(&self.shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    fn of(list: &[Environments], there: &[&str]) -> (Vec<String>, Vec<String>, bool) {
        let found: Vec<Found> = list
            .iter()
            .map(|e| Found {
                environments: e.clone(),
                ..Found::new("x", "terraform", "", Place::default())
            })
            .collect();
        let there = there.iter().map(|n| (*n).to_owned()).collect();
        let all = all(&found, there);
        (all.plain, all.shared, all.named)
    }

    #[test]
    fn one_stands_in_where_no_file_names_any() {
        let one = || (vec!["main".to_owned()], vec![], false);
        assert_eq!(of(&[Environments::Every], &[]), one());
        assert_eq!(of(&[Environments::Shared(None)], &[]), one());
        let alone = Environments::Alone("home".to_owned());
        assert_eq!(of(&[alone], &[]), (vec!["home".to_owned()], vec![], true));
    }

    #[test]
    fn what_serves_several_has_an_environment_of_its_own() {
        let (dev, prod) = (Environments::one("dev"), Environments::one("prod"));
        let shared = Environments::Shared(None);
        let both = || vec!["dev".to_owned(), "prod".to_owned()];
        let of_its_own = vec!["shared".to_owned()];
        assert_eq!(
            of(&[dev.clone(), prod.clone(), shared.clone()], &[]),
            (both(), of_its_own, true)
        );
        // beside one there is nothing to share
        assert_eq!(
            of(&[dev.clone(), shared], &[]),
            (vec!["dev".to_owned()], vec![], true)
        );
        // a file that is there names one too
        assert_eq!(of(&[dev], &["prod"]), (both(), vec![], true));
    }
}
