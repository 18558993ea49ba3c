//! An environment: its own `bitops.config.yaml`, and its deployments in the order in which they run.
use crate::{
    Settings,
    deployment::{self, Deployment, Tool},
    imports::join::Basis,
    layout::{self, CONFIG, USUAL},
    looks,
    masks::Masks,
    resolve::flag,
};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
    tree::{Tree, join},
};
use strata_syntax::{kept, node::Node};

/// Keys below `bitops:`.
const KEYS: &[&str] = &[
    "fail_fast",
    "run_mode",
    "logging",
    "default_folder",
    "plugins",
    "timeout",
    "deployments",
    "default-environments",
];

/// Keys that BitOps reads and that have no meaning here, each with why.
const WITHOUT_MEANING: &[(&str, &str)] = &[
    (
        "plugins",
        "tools are taken from PATH, and plugins from `plugins/NAME` or `_plugins/NAME` of the repo",
    ),
    ("timeout", "BitOps never used it"),
];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Run everything.
    Default,
    /// Only look whether it is configured.
    ValidateConfig,
    /// Only print the settings.
    SettingsTest,
}

/// An environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name: its folder's.
    pub name: String,
    /// Where its root lies among all files; empty where it is the root.
    pub root: String,
    /// What is deployed, in order.
    pub deployments: Vec<Deployment>,
    /// Does a failure end the run?
    pub fail_fast: bool,
    /// What is asked for.
    pub mode: Mode,
    /// What must not be seen.
    pub masks: Masks,
}

impl Environment {
    /// From its folder, and what it has from elsewhere.
    pub fn read(
        basis: &Basis,
        name: &str,
        settings: &Settings,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let tree = basis.tree.as_ref();
        let path = format!("{name}/{CONFIG}");
        let file = read(tree, &path, problems);
        let own = file.as_ref().and_then(|n| n.get("bitops"));
        check_keys(file.as_ref(), own, problems);
        let get = |key: &str| own.and_then(|n| n.get(key)).filter(|n| !n.is_null());
        let said = |variable: &str, key: &str| {
            let given = settings.variable(variable).map(str::to_owned);
            given.or_else(|| get(key).and_then(Node::as_str).map(str::to_owned))
        };
        let fail_fast = said("BITOPS_FAST_FAIL", "fail_fast");
        let mode = match said("BITOPS_MODE", "run_mode").as_deref() {
            Some("validate_config") => Mode::ValidateConfig,
            Some("settings_test") => Mode::SettingsTest,
            _ => Mode::Default,
        };
        let masks = get("logging").and_then(|l| l.get("masks"));
        Self {
            name: name.to_owned(),
            root: basis.root.clone(),
            deployments: deployments(basis, name, get("deployments"), settings, problems),
            fail_fast: fail_fast.as_deref().and_then(flag).unwrap_or(true),
            mode,
            masks: Masks::read(
                basis
                    .masks
                    .iter()
                    .chain(masks.and_then(Node::as_list).into_iter().flatten()),
                problems,
            ),
        }
    }
}

/// A file as YAML; nothing where it is not there or cannot be read.
pub(crate) fn read(tree: &dyn Tree, path: &str, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    tree.file(path)?;
    match kept::yaml(tree, path) {
        Ok((node, found)) => {
            problems.extend(found);
            node
        }
        Err(e) => {
            problems.push(
                Diagnostic::error("file::unreadable", e.to_string()).at(Location::file(path)),
            );
            None
        }
    }
}

fn check_keys(file: Option<&Node>, own: Option<&Node>, problems: &mut Vec<Diagnostic>) {
    let entries = |node: Option<&Node>| {
        node.and_then(Node::as_map)
            .map_or(&[][..], |m| m.entries.as_slice())
            .to_vec()
    };
    let unknown = |key: &str, at: Location, known: &[&str]| {
        Diagnostic::warning(
            "bitops::unknown-key",
            format!("an environment of BitOps has no key `{key}`; it is ignored"),
        )
        .at(at)
        .help(
            suggest(key, known.iter().copied())
                .unwrap_or_else(|| format!("its keys are: {}", known.join(", "))),
        )
    };
    for e in entries(file) {
        let at = Location::new(e.value.origin.clone(), e.key_span);
        if !["bitops", "default-environments"].contains(&e.key.as_str()) {
            problems.push(unknown(&e.key, at, &["bitops", "default-environments"]));
        }
    }
    for e in entries(own) {
        let at = Location::new(e.value.origin.clone(), e.key_span);
        if let Some((key, why)) = WITHOUT_MEANING.iter().find(|(k, _)| *k == e.key) {
            problems.push(
                Diagnostic::warning(
                    "bitops::differs",
                    format!("`{key}` has no meaning here: {why}"),
                )
                .at(at)
                .help("it can stay as long as BitOps runs this repo too"),
            );
        } else if !KEYS.contains(&e.key.as_str()) {
            problems.push(unknown(&e.key, at, KEYS));
        }
    }
}

/// The deployments in order: as they are listed, else the folders of known tools.
fn deployments(
    basis: &Basis,
    env: &str,
    listed: Option<&Node>,
    settings: &Settings,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Deployment> {
    let tree = basis.tree.as_ref();
    let here = layout::folders(tree, env);
    let mut out = Vec::new();
    if let Some(listed) = listed {
        let Some(map) = listed.as_map() else {
            problems.push(
                Diagnostic::error(
                    "bitops::wrong-kind",
                    "`deployments` must be a map of folders",
                )
                .at(listed.location())
                .help("write `deployments: {FOLDER: {plugin: TOOL}}`"),
            );
            return out;
        };
        for e in &map.entries {
            let at = Location::new(e.value.origin.clone(), e.key_span);
            let Some(plugin) = e.value.get("plugin").and_then(Node::as_str) else {
                problems.push(
                    Diagnostic::error(
                        "bitops::required",
                        format!("the deployment `{}` names no plugin", e.key),
                    )
                    .at(at)
                    .help(format!("write `{}: {{plugin: terraform}}`", e.key)),
                );
                continue;
            };
            deployment::read(tree, env, &e.key, plugin, &at, settings, &mut out, problems);
        }
        for tool in here.iter().filter(|f| USUAL.contains(f)) {
            let named =
                |key: &str| join("", key).is_some_and(|k| k.split('/').next() == Some(*tool));
            if !map.entries.iter().any(|e| named(&e.key)) {
                problems.push(
                    Diagnostic::warning(
                        "bitops::not-deployed",
                        format!("`{env}/{tool}` is not among the deployments"),
                    )
                    .at(listed.location())
                    .help(format!(
                        "add `{tool}: {{plugin: {tool}}}`, or remove the folder"
                    )),
                );
            }
        }
    } else if let Some(all) = &basis.deployments {
        for (key, plugin, at) in all {
            deployment::read(tree, env, key, plugin, at, settings, &mut out, problems);
        }
    } else {
        for tool in USUAL.iter().filter(|t| here.contains(t)) {
            let first = &tree.below(&format!("{env}/{tool}"))[0];
            let at = Location::file(first.path.clone());
            deployment::read(tree, env, tool, tool, &at, settings, &mut out, problems);
        }
    }
    in_order_of_layers(&mut out, &basis.charts);
    distinct(&mut out, problems);
    looks::connect(tree, env, &mut out);
    out
}

/// Charts that stand beside each other: in the order of the layers that bring them, then by name.
fn in_order_of_layers(all: &mut [Deployment], charts: &[String]) {
    let rank = |d: &Deployment| {
        let chart = d.key.rsplit('/').next().unwrap_or_default();
        charts
            .iter()
            .position(|c| c == chart)
            .unwrap_or(charts.len())
    };
    for run in all.chunk_by_mut(|a, b| a.tool == Tool::Helm && b.tool == Tool::Helm) {
        run.sort_by_key(rank);
    }
}

/// Two folders whose names come out the same cannot both be units.
fn distinct(all: &mut Vec<Deployment>, problems: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    all.retain(|d| match seen.get(&d.name) {
        None => {
            seen.insert(d.name.clone(), d.key.clone());
            true
        }
        Some(first) => {
            let message = format!(
                "`{}` and `{first}` would both be called `{}`",
                d.key, d.name
            );
            problems.push(
                Diagnostic::error("bitops::name", message)
                    .at(d.at.clone())
                    .help("rename one of the folders"),
            );
            false
        }
    });
}
