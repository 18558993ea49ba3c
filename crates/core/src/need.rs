//! What a component needs from outside: process variables that its tool reads, and the ways in which they can be given.
use crate::{secret::is_telling, span::Location};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A process variable that a tool reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Variable {
    /// Does it hold a credential?
    pub sensitive: bool,
    /// What it is.
    pub about: String,
}

/// What a provider, a backend, a builder or a collection reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// Who reads: ``provider `cloudflare` ``.
    pub by: String,
    /// Every variable that it reads.
    pub variables: BTreeMap<String, Variable>,
    /// Sets of variables of which one has to be whole. None: it works without any.
    pub ways: Vec<Vec<String>>,
    /// Ways that are no variables, in words. With one, nobody can tell from the variables that something is missing.
    pub elsewhere: Vec<String>,
    /// Where this is documented.
    pub source: String,
}

/// A variable that is not needed, because something in the files takes its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Replaced {
    /// The variable.
    pub key: String,
    /// Who would read it.
    pub by: String,
    /// What takes its place: `api_token`.
    pub with: String,
    /// Where that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
}

/// A variable of our own environment that is handed to a tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passed {
    /// Its name.
    pub name: String,
    /// Does it hold a credential?
    pub sensitive: bool,
}

impl Passed {
    /// One of which nothing is known but its name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sensitive: is_telling(name),
        }
    }
}

impl Needs {
    /// The variables that are read and that nothing else gives.
    pub fn passed(&self, given: &dyn Fn(&str) -> bool) -> Vec<Passed> {
        let mut out = BTreeMap::new();
        for (need, _) in &self.needs {
            for (name, v) in need
                .clone()
                .without(given)
                .into_iter()
                .flat_map(|n| n.variables)
            {
                *out.entry(name).or_insert(false) |= v.sensitive;
            }
        }
        let passed = |(name, sensitive): (String, bool)| Passed {
            sensitive: sensitive || is_telling(&name),
            name,
        };
        out.into_iter().map(passed).collect()
    }
}

/// All that is known of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// What is needed, with the place that tells so.
    pub needs: Vec<(Need, Option<Location>)>,
    /// What the files give themselves.
    pub replaced: Vec<Replaced>,
    /// Parts of which nobody knows what they read: ``provider `acme/thing` ``.
    pub unknown: Vec<(String, Option<Location>)>,
    /// The remote workspace in which the tool may run, in words.
    pub remote: Option<String>,
}

impl Need {
    /// The same where these variables are given already. Nothing when that leaves nothing to read.
    #[must_use]
    pub fn without(mut self, given: &dyn Fn(&str) -> bool) -> Option<Self> {
        for way in &mut self.ways {
            way.retain(|key| !given(key));
        }
        self.variables.retain(|key, _| !given(key));
        if self.ways.iter().any(Vec::is_empty) {
            // one way is whole: what only the others want is wanted no more
            let ways = std::mem::take(&mut self.ways);
            self.variables
                .retain(|key, _| !ways.iter().any(|way| way.contains(key)));
            self.elsewhere.clear();
        }
        (!self.variables.is_empty()).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need() -> Need {
        let keys = ["TOKEN", "KEY", "EMAIL", "URL"];
        Need {
            by: "provider".into(),
            variables: keys.map(|k| (k.to_owned(), Variable::default())).into(),
            ways: vec![vec!["TOKEN".into()], vec!["KEY".into(), "EMAIL".into()]],
            ..Need::default()
        }
    }

    #[test]
    fn what_is_given_shortens_a_way() {
        let left = need().without(&|k| k == "EMAIL").unwrap();
        assert_eq!(left.ways, [["TOKEN"], ["KEY"]]);
        assert_eq!(left.variables.len(), 3);
    }

    #[test]
    fn a_whole_way_ends_the_search_for_others() {
        let left = need().without(&|k| k == "TOKEN").unwrap();
        assert!(left.ways.is_empty());
        assert_eq!(left.variables.keys().collect::<Vec<_>>(), ["URL"]);
        assert_eq!(need().without(&|k| k == "TOKEN" || k == "URL"), None);
    }
}
