//! Which layer something may be of: by the words of its path, and by what its resources are.
mod rules;

use rules::RULES;
use std::collections::BTreeMap;

/// What a layer is about, whatever it is called in a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Accounts and budgets.
    Billing,
    /// Who may change the platform itself.
    Privilege,
    /// Networks of machines.
    Network,
    /// Rights of people and programs.
    Permissions,
    /// Machine images.
    Image,
    /// Machines and functions.
    Compute,
    /// Clusters.
    Kubernetes,
    /// What keeps data.
    Storage,
    /// Names, certificates, balancers.
    Edge,
    /// What every cluster has.
    ClusterServices,
    /// Applications.
    Application,
    /// Pipelines, monitoring, what ties applications together.
    Integration,
}

/// A guess with its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guess {
    /// The kind, when anything tells.
    pub kind: Option<Kind>,
    /// What tells.
    pub why: String,
    /// Does it hold things of several layers, none of them most of it?
    pub mixed: bool,
    /// Does what it holds fit the word of its path badly?
    pub unsure: bool,
}

impl Guess {
    /// Beyond doubt.
    pub fn sure(kind: Kind, why: impl Into<String>) -> Self {
        Self {
            kind: Some(kind),
            why: why.into(),
            ..Self::default()
        }
    }
}

/// The kind that a resource type is of. Longer beginnings count before shorter ones.
fn of_type(kind: &str) -> Option<Kind> {
    let fits = |start: &str| match start.strip_suffix('.') {
        Some(whole) => kind == whole,
        None => kind.starts_with(start),
    };
    let all = RULES
        .iter()
        .flat_map(|(k, _, starts)| starts.iter().map(move |s| (*k, *s)));
    all.filter(|(_, s)| fits(s))
        .max_by_key(|(_, s)| s.len())
        .map(|(k, _)| k)
}

/// The kind that a name of a folder, a module or a chart says.
pub fn of_word(name: &str) -> Option<Kind> {
    let lower = name.to_ascii_lowercase();
    let whole = |n: &str| {
        RULES
            .iter()
            .find(|(_, words, _)| words.contains(&n))
            .map(|(k, ..)| *k)
    };
    whole(&lower).or_else(|| {
        let mut parts = lower.split(['-', '_', '.']).rev();
        parts.find_map(whole)
    })
}

/// What is known of something's content.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Types of resources, one for each resource.
    pub resources: Vec<String>,
    /// Names of modules that are called.
    pub modules: Vec<String>,
}

/// A guess by the segments of a path, the last first, and by content.
pub fn guess(path: &[String], content: &Content) -> Guess {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in content.resources.iter().filter_map(|r| of_type(r)) {
        *counts.entry(kind).or_default() += 1;
    }
    for kind in content.modules.iter().filter_map(|m| of_word(m)) {
        // a module stands for several resources
        *counts.entry(kind).or_default() += 3;
    }
    let total: usize = counts.values().sum();
    let most = counts
        .iter()
        .max_by_key(|(kind, n)| (**n, std::cmp::Reverse(**kind)));
    let mixed = counts.len() >= 3 && most.is_some_and(|(_, n)| n * 2 <= total);
    let word = path
        .iter()
        .rev()
        .take(2)
        .find_map(|s| Some((s, of_word(s)?)));
    let of_content = |kind: Kind| {
        let mut names: Vec<&str> = content
            .resources
            .iter()
            .filter(|r| of_type(r) == Some(kind))
            .map(String::as_str)
            .collect();
        names.extend(
            content
                .modules
                .iter()
                .filter(|m| of_word(m) == Some(kind))
                .map(String::as_str),
        );
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(3);
        names.truncate(3);
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("it has {}{rest}", names.join(", "))
    };
    match (word, most) {
        (Some((name, kind)), _) => {
            let share = counts.get(&kind).copied().unwrap_or(0);
            Guess {
                kind: Some(kind),
                why: format!("it is called `{name}`"),
                mixed: false,
                unsure: total > 3 && share * 4 < total,
            }
        }
        (None, Some((kind, _))) => Guess {
            kind: Some(*kind),
            why: of_content(*kind),
            mixed,
            unsure: false,
        },
        (None, None) => Guess::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, resources: &[&str]) -> (Option<Kind>, bool) {
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        let content = Content {
            resources: resources.iter().map(|r| (*r).to_owned()).collect(),
            modules: Vec::new(),
        };
        let g = guess(&path, &content);
        (g.kind, g.mixed)
    }

    #[test]
    fn names_come_before_content_and_content_before_nothing() {
        assert_eq!(
            of("live/vpc", &["aws_db_instance"]),
            (Some(Kind::Network), false)
        );
        assert_eq!(of("x/core-network", &[]), (Some(Kind::Network), false));
        assert_eq!(
            of("x", &["aws_db_instance", "aws_s3_bucket", "aws_vpc"]),
            (Some(Kind::Storage), false)
        );
        assert!(
            of(
                "x",
                &[
                    "aws_vpc_endpoint",
                    "aws_lb_listener",
                    "aws_db_instance",
                    "aws_iam_role"
                ]
            )
            .1
        );
        assert_eq!(of("x", &["random_id"]), (None, false));
    }

    #[test]
    fn the_longest_beginning_of_a_type_counts() {
        assert_eq!(
            of_type("aws_cloudwatch_event_rule"),
            Some(Kind::Integration)
        );
        assert_eq!(of_type("aws_route"), Some(Kind::Network));
        assert_eq!(of_type("aws_route53_zone"), Some(Kind::Edge));
        assert_eq!(of_type("azurerm_app_service"), Some(Kind::Application));
        assert_eq!(
            of_type("google_compute_instance_group"),
            Some(Kind::Compute)
        );
    }
}
