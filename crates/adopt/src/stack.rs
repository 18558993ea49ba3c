//! The layers of the proposal: a preset, a preset with more, or the stages that the folders are numbered by.
use crate::{
    found::{Found, quoted},
    layers::Kind,
    words,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::layer;

/// Layers, and the one of each component.
pub struct Stack {
    /// What stands under `layers`, as YAML lines.
    pub yaml: Vec<String>,
    /// The same in a few words.
    pub said: String,
    /// Why these.
    pub why: String,
    /// Their names, lowest first.
    pub order: Vec<String>,
    /// The layer of each component, and what to look at.
    pub of: Vec<(String, Option<String>)>,
}

/// Chooses. `taken` are names of folders in `layers/`, which are layers whatever else is chosen.
pub fn choose(found: &[Found], preset: Option<&str>, taken: &BTreeSet<String>) -> Stack {
    if preset.is_none()
        && taken.is_empty()
        && let Some(stack) = stages(found)
    {
        return stack;
    }
    let kinds: BTreeSet<Kind> = found.iter().filter_map(|f| f.guess.kind).collect();
    let clusters = found
        .iter()
        .any(|f| matches!(f.engine, "flux" | "argocd" | "helm" | "kustomize"));
    let below: BTreeSet<Kind> = found
        .iter()
        .filter(|f| f.engine == "terraform" && f.guess.kind != Some(Kind::Kubernetes))
        .filter_map(|f| f.guess.kind)
        .filter(|k| *k < Kind::ClusterServices)
        .collect();
    let mixed = found.iter().any(|f| f.guess.mixed);
    let big = clusters && (mixed || below.len() <= 1);
    let (base, why) = match preset {
        Some(name) => (name, "as you asked"),
        None if big => ("bigbang", "clusters on one infrastructure"),
        None => ("osi", "the layers of a platform"),
    };
    let mut order: Vec<String> = layer::preset(base)
        .unwrap_or_default()
        .into_iter()
        .map(|l| l.name)
        .collect();
    let mut adds: Vec<(String, &str)> = Vec::new();
    if base == "osi" && kinds.contains(&Kind::Image) {
        adds.push(("image".to_owned(), "compute"));
    }
    if base == "osi" && clusters {
        adds.push(("cluster-services".to_owned(), "application"));
    }
    for name in taken.iter().filter(|n| !order.contains(n)) {
        let kind = layer_of(base, words_kind(name));
        adds.push((name.clone(), kind));
    }
    for (name, before) in &adds {
        let at = order
            .iter()
            .position(|l| l == before)
            .unwrap_or(order.len());
        order.insert(at, name.clone());
    }
    let yaml = if adds.is_empty() {
        vec![base.to_owned()]
    } else {
        let mut lines = vec![
            String::new(),
            format!("  preset: {base}"),
            "  add:".to_owned(),
        ];
        lines.extend(
            adds.iter()
                .map(|(n, before)| format!("    - {{name: {}, before: {before}}}", quoted(n))),
        );
        lines
    };
    let of = found.iter().map(|f| one(base, f)).collect();
    let more: Vec<&str> = adds.iter().map(|(n, _)| n.as_str()).collect();
    let said = if more.is_empty() {
        base.to_owned()
    } else {
        format!("{base} with {}", more.join(", "))
    };
    Stack {
        yaml,
        said,
        why: why.to_owned(),
        order,
        of,
    }
}

fn words_kind(name: &str) -> Kind {
    crate::layers::of_word(name).unwrap_or(Kind::Application)
}

fn one(base: &str, found: &Found) -> (String, Option<String>) {
    let guess = &found.guess;
    let Some(kind) = guess.kind else {
        let layer = layer_of(base, Kind::Compute).to_owned();
        return (layer, Some("layer: nothing tells which".to_owned()));
    };
    let mut layer = layer_of(base, kind);
    let mut look = None;
    if guess.mixed {
        if base == "bigbang" {
            layer = "infrastructure";
        }
        look = Some(format!("layer: it holds things of several; {}", guess.why));
    } else if guess.unsure {
        look = Some(format!(
            "layer: {}, and holds mostly other things",
            guess.why
        ));
    }
    (layer.to_owned(), look)
}

/// The layer of a preset for a kind.
fn layer_of(base: &str, kind: Kind) -> &'static str {
    if base == "bigbang" {
        return match kind {
            Kind::Image => "image",
            Kind::Kubernetes => "kubernetes",
            Kind::ClusterServices | Kind::Integration => "cluster-services",
            Kind::Application => "applications",
            _ => "infrastructure",
        };
    }
    match kind {
        Kind::Billing => "billing",
        Kind::Privilege => "privilege",
        Kind::Network => "cluster-network",
        Kind::Permissions => "permissions",
        Kind::Image => "image",
        Kind::Compute | Kind::Kubernetes => "compute",
        Kind::Storage => "storage",
        Kind::Edge => "application-network",
        Kind::ClusterServices => "cluster-services",
        Kind::Application => "application",
        Kind::Integration => "integration",
    }
}

/// Folders that are numbered in one place are stages, and stages are layers.
fn stages(found: &[Found]) -> Option<Stack> {
    let mut by_parent: BTreeMap<String, BTreeMap<(u32, String), Vec<usize>>> = BTreeMap::new();
    for (i, f) in found.iter().enumerate() {
        let mut at = 0;
        for part in f.folder.split('/') {
            if let (rest, Some(number)) = words::unnumbered(part)
                && let (Ok(number), Some(name)) = (number.parse(), words::name(rest))
            {
                let parent = f.folder[..at].trim_end_matches('/').to_owned();
                by_parent
                    .entry(parent)
                    .or_default()
                    .entry((number, name))
                    .or_default()
                    .push(i);
                break;
            }
            at += part.len() + 1;
        }
    }
    let count = |s: &BTreeMap<(u32, String), Vec<usize>>| s.values().map(Vec::len).sum::<usize>();
    let (parent, stages) = by_parent
        .into_iter()
        .max_by_key(|(_, s)| (s.len(), count(s)))?;
    let held = count(&stages);
    if stages.len() < 3 || held * 10 < found.len() * 6 {
        return None;
    }
    let mut order: Vec<String> = Vec::new();
    let mut yaml = vec![String::new()];
    let mut of: Vec<(String, Option<String>)> = vec![
        (
            "other".to_owned(),
            Some("layer: it is in no stage".to_owned())
        );
        found.len()
    ];
    for ((number, name), members) in &stages {
        if !order.contains(name) {
            yaml.push(format!(
                "  - {{name: {}, number: '{number}'}}",
                quoted(name)
            ));
            order.push(name.clone());
        }
        for i in members {
            of[*i] = (name.clone(), None);
        }
    }
    if held < found.len() {
        yaml.push("  - other".to_owned());
        order.push("other".to_owned());
    }
    let whose = if parent.is_empty() {
        String::new()
    } else {
        format!(" in {parent}")
    };
    Some(Stack {
        yaml,
        said: order.join(", "),
        why: format!("the numbered folders{whose}"),
        order,
        of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{layers::Guess, place::Place};

    fn found(folder: &str, engine: &'static str, kind: Kind) -> Found {
        Found {
            guess: Guess::sure(kind, ""),
            ..Found::new(folder, engine, "", Place::default())
        }
    }

    fn layers(list: &[Found]) -> (String, Vec<String>) {
        let stack = choose(list, None, &BTreeSet::new());
        (stack.said, stack.of.into_iter().map(|(l, _)| l).collect())
    }

    #[test]
    fn clusters_on_one_infrastructure_have_their_preset() {
        let cluster = found("clusters/a", "flux", Kind::Application);
        let net = found("net", "terraform", Kind::Network);
        let data = found("data", "terraform", Kind::Storage);
        assert_eq!(
            layers(&[net.clone(), cluster.clone()]),
            (
                "bigbang".to_owned(),
                vec!["infrastructure".to_owned(), "applications".to_owned()]
            )
        );
        let (said, of) = layers(&[net, data, cluster]);
        assert_eq!(said, "osi with cluster-services");
        assert_eq!(of, ["cluster-network", "storage", "application"]);
    }

    #[test]
    fn an_image_lies_below_what_is_made_from_it() {
        let image = found("i", "packer", Kind::Image);
        let stack = choose(&[image], None, &BTreeSet::new());
        let at = |name: &str| stack.order.iter().position(|l| l == name);
        assert!(at("image") < at("compute") && at("image") > at("permissions"));
    }

    #[test]
    fn numbered_folders_are_the_layers_when_most_lies_in_them() {
        let of = |folders: &[&str]| {
            let list: Vec<Found> = folders
                .iter()
                .map(|f| found(f, "terraform", Kind::Network))
                .collect();
            layers(&list)
        };
        let (said, of_each) = of(&["s/0-a/x", "s/1-b", "s/10-c", "other"]);
        assert_eq!(said, "a, b, c, other");
        assert_eq!(of_each, ["a", "b", "c", "other"]);
        assert_eq!(of(&["s/0-a", "s/1-b"]).0, "osi");
    }
}
