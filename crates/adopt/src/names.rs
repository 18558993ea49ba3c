//! Names of components: short, and each once in the platform.
use crate::{found::Found, words};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::name::{RESERVED, name_problem};

/// A name for each, in their order.
pub fn of(found: &[Found]) -> Vec<String> {
    let parts: Vec<Vec<String>> = found.iter().map(segments).collect();
    let longest = parts.iter().map(Vec::len).max().unwrap_or(1);
    let mut names: Vec<Option<String>> = vec![None; found.len()];
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for length in 1..=longest {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for i in (0..found.len()).filter(|i| names[*i].is_none()) {
            groups.entry(joined(&parts[i], length)).or_default().push(i);
        }
        for (base, members) in groups {
            let ways: [&dyn Fn(&Found) -> String; 4] = [
                &|_| base.clone(),
                &|f| suffixed(&base, &[f.place.env.as_deref()]),
                &|f| suffixed(&base, &[f.place.region.as_deref(), f.place.env.as_deref()]),
                &|f| suffixed(&base, &[Some(f.engine), f.place.env.as_deref()]),
            ];
            // the last way only where a longer path does not help
            let folder = |i: &usize| &found[*i].folder;
            let together =
                members.len() > 1 && members.iter().all(|i| folder(i) == folder(&members[0]));
            let last = if length == longest || together { 4 } else { 3 };
            for way in &ways[..last] {
                let list: Vec<String> = members.iter().map(|i| way(&found[*i])).collect();
                let unique: BTreeSet<&String> = list.iter().collect();
                let fine = unique.len() == list.len()
                    && unique.iter().all(|n| !taken.contains(*n) && is_name(n));
                if fine {
                    taken.extend(list.iter().cloned());
                    members
                        .iter()
                        .zip(list)
                        .for_each(|(i, n)| names[*i] = Some(n));
                    break;
                }
            }
        }
    }
    let mut out = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        out.push(name.unwrap_or_else(|| {
            let base = joined(&parts[i], longest);
            let base = if is_name(&base) {
                base
            } else {
                format!("{base}-component")
            };
            let mut all = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}-{n}")));
            let free = all.find(|n| !taken.contains(n)).unwrap_or(base);
            taken.insert(free.clone());
            free
        }));
    }
    out
}

fn is_name(name: &str) -> bool {
    name_problem(name).is_none() && !RESERVED.contains(&name)
}

/// The parts that a name may be made of, the last the most telling.
fn segments(found: &Found) -> Vec<String> {
    let told = found.place.rest.iter().filter(|s| !words::is_generic(s));
    let mut parts: Vec<String> = told.filter_map(|s| words::name(s)).collect();
    if let Some(called) = found.called.as_deref().and_then(words::name)
        && parts.last() != Some(&called)
        && (!words::is_generic(&called) || parts.is_empty())
    {
        parts.push(called);
    }
    if parts.is_empty() {
        let says = |s: &&String| !words::holds_environments(s) && !words::may_hold(s);
        let last = found
            .place
            .rest
            .iter()
            .rev()
            .filter(says)
            .find_map(|s| words::name(s));
        let plain = match found.engine {
            "terraform" => "infra",
            "kustomize" => "manifests",
            "helm" => "chart",
            other => other,
        };
        parts.push(last.unwrap_or_else(|| plain.to_owned()));
    }
    parts
}

fn joined(parts: &[String], length: usize) -> String {
    let from = parts.len().saturating_sub(length);
    let joined = parts[from..].join("-");
    joined
        .chars()
        .take(60)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

fn suffixed(base: &str, more: &[Option<&str>]) -> String {
    let mut out = base.to_owned();
    for part in more.iter().flatten() {
        out.push('-');
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Places;
    use strata_core::tree::MemoryTree;

    fn named(folders: &[&str]) -> Vec<String> {
        let places = Places::of(&MemoryTree::new([("envs/dev/a", "")]));
        let found: Vec<Found> = folders
            .iter()
            .map(|f| Found::new(f, "terraform", "", places.read(f)))
            .collect();
        of(&found)
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        assert_eq!(named(&["infra/network", "infra/db"]), ["network", "db"]);
        assert_eq!(
            named(&["live/dev/vpc", "live/prod/vpc"]),
            ["vpc-dev", "vpc-prod"]
        );
        assert_eq!(
            named(&["live/prod/eu-west-1/vpc", "live/prod/us-east-1/vpc"]),
            ["vpc-eu-west-1-prod", "vpc-us-east-1-prod"]
        );
        assert_eq!(named(&["a/web", "b/web"]), ["a-web", "b-web"]);
        assert_eq!(
            named(&["", "terraform", "x/file"]),
            ["infra", "terraform", "x-file"]
        );
        assert_eq!(
            named(&["environments/dev", "environments/prod"]),
            ["infra-dev", "infra-prod"]
        );
    }
}
