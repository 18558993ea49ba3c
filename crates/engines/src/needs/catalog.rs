//! The data of `data/`, read once.
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};
use strata_syntax::node::Origin;

/// A plug-in: what it reads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Sources of a provider, lower case, without the host.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Where its documentation says so.
    pub docs: String,
    /// Variables by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Read>,
    /// What it does not work without.
    #[serde(default)]
    pub needs: Vec<Wanted>,
}

/// A variable that is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Does it hold a credential?
    #[serde(default)]
    pub sensitive: bool,
    /// Arguments that say the same.
    #[serde(default, rename = "argument")]
    pub arguments: OneOrMore,
    /// What it is.
    pub about: String,
}

/// One text, or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several, or none.
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl OneOrMore {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
        .iter()
    }
}

/// Something without which it does not work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wanted {
    /// Ways as they are written: names joined by ` + `.
    #[serde(rename = "ways")]
    written: Vec<String>,
    /// Ways that are no variables.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// Arguments that make it void.
    #[serde(default)]
    pub settled_by: Vec<String>,
}

impl Wanted {
    /// Sets of variables of which one has to be whole.
    pub fn ways(&self) -> impl Iterator<Item = Vec<&str>> {
        self.written.iter().map(|w| w.split(" + ").collect())
    }
}

/// All that is known.
#[derive(Debug)]
pub struct Catalog {
    providers: BTreeMap<String, Entry>,
    backends: BTreeMap<String, Entry>,
    builders: BTreeMap<String, Entry>,
    collections: BTreeMap<String, Entry>,
}

impl Catalog {
    /// A provider by its source: `hashicorp/aws`, also with a host before it.
    pub fn provider(&self, source: &str) -> Option<&Entry> {
        let source = source.to_ascii_lowercase();
        let mut parts = source.rsplit('/');
        let (name, owner) = (parts.next()?, parts.next().unwrap_or("hashicorp"));
        let full = format!("{owner}/{name}");
        self.providers.iter().find_map(|(key, entry)| {
            let own = entry.sources.is_empty() && full == format!("hashicorp/{key}");
            (own || entry.sources.contains(&full)).then_some(entry)
        })
    }
    /// A provider of which only the type is known, as when no source is written.
    pub fn provider_named(&self, name: &str) -> Option<&Entry> {
        self.providers.get(name)
    }
    /// A backend by its kind; `cloud` for a `cloud` block.
    pub fn backend(&self, kind: &str) -> Option<&Entry> {
        self.backends.get(kind)
    }
    /// A builder of Packer by its kind: `amazon-ebs`.
    pub fn builder(&self, kind: &str) -> Option<&Entry> {
        let family = kind.split('-').next().unwrap_or(kind);
        self.builders
            .get(kind)
            .or_else(|| self.builders.get(family))
    }
    /// A collection of Ansible: `amazon.aws`.
    pub fn collection(&self, name: &str) -> Option<&Entry> {
        self.collections.get(name)
    }
}

/// The data, read at the first use.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        let mut providers = read("clouds.yaml", include_str!("../../data/clouds.yaml"));
        providers.extend(read(
            "services.yaml",
            include_str!("../../data/services.yaml"),
        ));
        Catalog {
            providers,
            backends: read("backends.yaml", include_str!("../../data/backends.yaml")),
            builders: read("builders.yaml", include_str!("../../data/builders.yaml")),
            collections: read(
                "collections.yaml",
                include_str!("../../data/collections.yaml"),
            ),
        }
    });
    &CATALOG
}

/// One file of the data. It is part of the program, so a fault in it is a fault of the program.
fn read(name: &str, text: &str) -> BTreeMap<String, Entry> {
    let (node, problems) = strata_syntax::yaml::parse(&Origin::from(name), text);
    assert!(problems.is_empty(), "data/{name}: {problems:?}");
    let json = node.map(|n| n.to_value().to_json()).unwrap_or_default();
    serde_json::from_value(json).unwrap_or_else(|e| panic!("data/{name}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (&'static String, &'static Entry)> {
        let c = catalog();
        c.providers
            .iter()
            .chain(&c.backends)
            .chain(&c.builders)
            .chain(&c.collections)
    }

    #[test]
    fn every_entry_is_whole() {
        for (name, entry) in all() {
            assert!(entry.docs.starts_with("https://"), "{name} has no source");
            for wanted in &entry.needs {
                for key in wanted.ways().flatten() {
                    assert!(
                        entry.variables.contains_key(key),
                        "{name}: {key} is unknown"
                    );
                }
            }
            for (key, read) in &entry.variables {
                assert!(
                    !read.about.is_empty() && !read.about.ends_with('.'),
                    "{name}: {key}"
                );
            }
        }
    }

    #[test]
    fn enough_is_known() {
        let c = catalog();
        let reading = c.providers.values().filter(|e| !e.variables.is_empty());
        assert!(reading.count() >= 25);
        assert!(c.backends.len() >= 9 && c.builders.len() >= 9);
    }

    #[test]
    fn a_provider_is_found_by_its_source() {
        let c = catalog();
        let found = |source: &str| c.provider(source).is_some();
        assert!(found("registry.terraform.io/hashicorp/aws"));
        assert!(found("registry.opentofu.org/DataDog/datadog"));
        assert!(!found("registry.terraform.io/acme/aws"));
        assert!(!found("registry.terraform.io/acme/null"));
    }
}
