//! What the plug-ins of tools read from their environment: the data of `data/`, applied to what a component uses.
mod catalog;

pub use catalog::{Catalog, Entry, catalog};

use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    need::{Need, Needs, Replaced, Variable},
    span::Location,
};

/// A configuration of a plug-in: what the files say, so that no variable has to.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Arguments and blocks that are given, with their places.
    pub given: BTreeMap<String, Option<Location>>,
    /// Arguments that are texts, for names of variables that hold one.
    pub texts: BTreeMap<String, String>,
}

/// Adds to `out` what a plug-in reads in all its configurations.
pub fn add(out: &mut Needs, by: &str, entry: &Entry, configs: &[Config], at: Option<&Location>) {
    let implicit = [Config::default()];
    let configs = if configs.is_empty() {
        &implicit[..]
    } else {
        configs
    };
    let mut wanted = BTreeSet::new();
    let mut replaced = Vec::new();
    for config in configs {
        for need in whole(by, entry, config) {
            let given = |key: &str| place(entry, config, key).is_some();
            for key in need.variables.keys() {
                if let Some((with, at)) = place(entry, config, key) {
                    replaced.push(Replaced {
                        key: key.clone(),
                        by: by.to_owned(),
                        with: with.to_owned(),
                        at: at.clone(),
                    });
                }
            }
            wanted.extend(need.without(&given));
        }
    }
    // what one configuration says and another does not is needed after all
    replaced.retain(|r| {
        !wanted
            .iter()
            .any(|n: &Need| n.variables.contains_key(&r.key))
    });
    for r in replaced {
        if !out.replaced.contains(&r) {
            out.replaced.push(r);
        }
    }
    for need in wanted {
        if !out.needs.iter().any(|(n, _)| *n == need) {
            out.needs.push((need, at.cloned()));
        }
    }
}

/// Every need of an entry but those that a setting makes void; then what is optional.
fn whole(by: &str, entry: &Entry, config: &Config) -> Vec<Need> {
    let mut out = Vec::new();
    let mut required = BTreeSet::new();
    let need = |keys: &BTreeSet<&str>| Need {
        by: by.to_owned(),
        variables: keys
            .iter()
            .filter_map(|key| {
                let v = entry.variables.get(*key)?;
                let variable = Variable {
                    sensitive: v.sensitive,
                    about: v.about.clone(),
                };
                Some((named(key, config), variable))
            })
            .collect(),
        source: entry.docs.clone(),
        ..Need::default()
    };
    for wanted in &entry.needs {
        let ways: Vec<Vec<&str>> = wanted.ways().collect();
        let keys: BTreeSet<&str> = ways.iter().flatten().copied().collect();
        required.extend(keys.iter().copied());
        if wanted
            .settled_by
            .iter()
            .any(|name| config.given.contains_key(name))
        {
            continue;
        }
        let spelled = |way: &Vec<&str>| way.iter().map(|k| named(k, config)).collect();
        out.push(Need {
            ways: ways.iter().map(spelled).collect(),
            elsewhere: wanted.elsewhere.clone(),
            ..need(&keys)
        });
    }
    let optional: BTreeSet<&str> = entry
        .variables
        .keys()
        .map(String::as_str)
        .filter(|key| !required.contains(key))
        .collect();
    if !optional.is_empty() {
        out.push(need(&optional));
    }
    out
}

/// A name with the setting that it holds: `TF_TOKEN_app_terraform_io`.
fn named(key: &str, config: &Config) -> String {
    let Some((before, rest)) = key.split_once('{') else {
        return key.to_owned();
    };
    let (setting, after) = rest.split_once('}').unwrap_or((rest, ""));
    let text = config
        .texts
        .get(setting)
        .map_or("app.terraform.io", String::as_str);
    let spelled = text.replace('-', "__").replace('.', "_");
    format!("{before}{spelled}{after}")
}

/// The argument that takes the place of a variable, and where it stands.
fn place<'a>(
    entry: &'a Entry,
    config: &'a Config,
    key: &str,
) -> Option<(&'a str, &'a Option<Location>)> {
    let (_, variable) = entry
        .variables
        .iter()
        .find(|(name, _)| named(name, config) == key)?;
    variable
        .arguments
        .iter()
        .find_map(|name| Some((name.as_str(), config.given.get(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(names: &[&str]) -> Config {
        let given = names.iter().map(|n| ((*n).to_owned(), None)).collect();
        Config {
            given,
            texts: BTreeMap::new(),
        }
    }

    fn of(provider: &str, configs: &[Config]) -> Needs {
        let entry = catalog().provider(provider).expect("an entry");
        let mut out = Needs::default();
        add(&mut out, "provider", entry, configs, None);
        out
    }

    fn ways(needs: &Needs) -> Vec<Vec<String>> {
        needs
            .needs
            .iter()
            .flat_map(|(n, _)| n.ways.clone())
            .collect()
    }

    #[test]
    fn alternatives_are_kept_as_groups() {
        let needs = of("cloudflare/cloudflare", &[]);
        let wanted: [&[&str]; 3] = [
            &["CLOUDFLARE_API_TOKEN"],
            &["CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"],
            &["CLOUDFLARE_API_USER_SERVICE_KEY"],
        ];
        assert_eq!(ways(&needs), wanted);
        assert!(needs.replaced.is_empty());
    }

    #[test]
    fn an_argument_removes_its_variable_and_says_so() {
        let needs = of("cloudflare/cloudflare", &[config(&["api_token"])]);
        assert!(needs.needs.is_empty(), "{needs:?}");
        assert_eq!(needs.replaced[0].key, "CLOUDFLARE_API_TOKEN");
        assert_eq!(needs.replaced[0].with, "api_token");
        let half = of("cloudflare/cloudflare", &[config(&["email"])]);
        assert_eq!(ways(&half)[1], ["CLOUDFLARE_API_KEY"]);
    }

    #[test]
    fn what_one_configuration_leaves_open_is_needed() {
        let both = [config(&["token"]), config(&[])];
        let needs = of("hetznercloud/hcloud", &both);
        assert_eq!(ways(&needs), [["HCLOUD_TOKEN"]]);
        assert!(needs.replaced.is_empty());
    }

    #[test]
    fn a_setting_may_make_a_need_void() {
        let needs = of("hashicorp/kubernetes", &[config(&["exec", "host"])]);
        assert!(ways(&needs).is_empty());
    }

    #[test]
    fn a_name_holds_a_host() {
        let entry = catalog().backend("remote").unwrap();
        let mut out = Needs::default();
        let texts = [("hostname".to_owned(), "tf-1.corp.example".to_owned())];
        let config = Config {
            texts: texts.into(),
            ..Config::default()
        };
        add(&mut out, "backend", entry, &[config], None);
        assert_eq!(ways(&out), [["TF_TOKEN_tf__1_corp_example"]]);
    }
}
