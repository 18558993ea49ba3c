//! One folder that one tool deploys, with the value of each of its keys.
use crate::{
    Settings,
    environment::read as read_yaml,
    first, hooks,
    layout::{self, CONFIG},
    resolve::{self, Values},
    schema::{self, Schema},
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    name::name_problem,
    span::Location,
    tree::{Tree, join},
};

/// Plugins that deploy.
const DEPLOYING: &[&str] = &[
    "terraform",
    "ansible",
    "helm",
    "cloudformation",
    "azure",
    "gcp",
];
/// Plugins that only help others: BitOps ends with code 2 when one is deployed.
const HELPERS: &[&str] = &["kubectl", "aws"];

/// What deploys a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Terraform or OpenTofu.
    Terraform,
    /// A playbook.
    Ansible,
    /// One chart.
    Helm,
    /// One stack.
    CloudFormation,
    /// A plugin of the repo, in this folder.
    Plugin(String),
    /// Nothing but hooks.
    Hooks,
}

impl Tool {
    /// The engine that runs it.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Terraform => "bitops-terraform",
            Self::Ansible => "bitops-ansible",
            Self::Helm => "bitops-helm",
            Self::CloudFormation => "bitops-cloudformation",
            Self::Plugin(_) | Self::Hooks => "bitops-plugin",
        }
    }
}

/// One folder that one tool deploys.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its folder in the environment, as BitOps calls it.
    pub key: String,
    /// What it is called in addresses.
    pub name: String,
    /// Its folder from the root.
    pub folder: String,
    /// The plugin.
    pub plugin: String,
    /// What deploys it.
    pub tool: Tool,
    /// Its keys.
    pub values: Values,
    /// Names of earlier deployments whose files it looks at.
    pub looks_at: Vec<String>,
    /// Where it is named.
    pub at: Location,
}

impl Deployment {
    /// What `bitops deploy` does: `stack-action`.
    pub fn action(&self) -> String {
        self.values.text("cli.stack-action").unwrap_or_default()
    }
    /// Is it taken away?
    pub fn destroys(&self) -> bool {
        ["destroy", "delete"].contains(&self.action().to_lowercase().as_str())
    }
    /// Variables that carry its keys. What is done now is not among them for the tools that strata drives itself: it is
    /// no part of what the deployment is.
    pub fn exports(&self) -> std::collections::BTreeMap<String, String> {
        let mut values = self.values.clone();
        if !matches!(self.tool, Tool::Plugin(_)) {
            values.0.retain(|r| r.leaf.key() != "cli.stack-action");
        }
        values.exports()
    }
    /// Is its tool left out?
    pub fn skips(&self) -> bool {
        self.values.flag("options.skip-deploy")
    }
}

/// Reads one deployment, or every chart of a folder of charts.
pub fn read(
    tree: &dyn Tree,
    env: &str,
    key: &str,
    plugin: &str,
    at: &Location,
    settings: &Settings,
    out: &mut Vec<Deployment>,
    problems: &mut Vec<Diagnostic>,
) {
    let Some(folder) = join(env, key).filter(|f| f.starts_with(&format!("{env}/"))) else {
        problems.push(
            Diagnostic::error("bitops::name", format!("`{key}` is no folder of `{env}`"))
                .at(at.clone())
                .help("a deployment is named after its folder in the environment"),
        );
        return;
    };
    // `terraform/` and `./terraform` are `terraform`
    let key = &folder[env.len() + 1..];
    if tree.below(&folder).is_empty() {
        problems.push(
            Diagnostic::warning(
                "bitops::missing-folder",
                format!("there is no folder `{folder}`, so nothing is deployed"),
            )
            .at(at.clone())
            .help("make the folder, or remove the deployment"),
        );
        return;
    }
    let Some((tool, schema)) = tool_of(tree, plugin, at, problems) else {
        return;
    };
    if tool == Tool::Helm {
        let charts = layout::folders(tree, &folder);
        for chart in charts {
            let default = chart == settings.default_folder();
            if default || hooks::is_folder(chart) {
                continue;
            }
            let key = format!("{key}/{chart}");
            out.extend(one(
                tree,
                env,
                &key,
                plugin,
                &tool,
                schema.as_ref(),
                at,
                settings,
                problems,
            ));
        }
        return;
    }
    out.extend(one(
        tree,
        env,
        key,
        plugin,
        &tool,
        schema.as_ref(),
        at,
        settings,
        problems,
    ));
}

/// What a plugin is, and its keys.
fn tool_of(
    tree: &dyn Tree,
    plugin: &str,
    at: &Location,
    problems: &mut Vec<Diagnostic>,
) -> Option<(Tool, Option<Schema>)> {
    // a repo may bring its own plugin of a name that BitOps has too
    if let Some(folder) = layout::plugin(tree, plugin) {
        let path = format!("{folder}/bitops.schema.yaml");
        let node = read_yaml(tree, &path, problems);
        let schema = node.as_ref().and_then(|n| Schema::read(n, problems));
        return Some((Tool::Plugin(folder), schema));
    }
    let tool = match plugin {
        "terraform" => Tool::Terraform,
        "ansible" => Tool::Ansible,
        "helm" => Tool::Helm,
        "cloudformation" => Tool::CloudFormation,
        "azure" | "gcp" => Tool::Hooks,
        _ => {
            let (message, help) = if HELPERS.contains(&plugin) {
                (
                    format!("`{plugin}` helps other plugins and deploys nothing"),
                    "remove the deployment, and call the program in a hook".to_owned(),
                )
            } else {
                (
                    format!("there is no plugin `{plugin}`"),
                    suggest(plugin, DEPLOYING.iter().copied()).unwrap_or_else(|| {
                        format!("put it in `plugins/{plugin}`, with `bitops.schema.yaml` and `deploy.sh`")
                    }),
                )
            };
            problems.push(
                Diagnostic::error("bitops::unknown-plugin", message)
                    .at(at.clone())
                    .help(help),
            );
            return None;
        }
    };
    Some((tool, schema::builtin(plugin)))
}

fn one(
    tree: &dyn Tree,
    env: &str,
    key: &str,
    plugin: &str,
    tool: &Tool,
    schema: Option<&Schema>,
    at: &Location,
    settings: &Settings,
    problems: &mut Vec<Diagnostic>,
) -> Option<Deployment> {
    let folder = format!("{env}/{key}");
    let path = format!("{folder}/{CONFIG}");
    let config = read_yaml(tree, &path, problems);
    let there = tree.file(&path).is_some();
    if !there && schema.is_some() {
        problems.push(
            Diagnostic::error(
                "bitops::missing-config",
                format!("`{folder}` has no `{CONFIG}`"),
            )
            .at(at.clone())
            .help("make it; an empty file takes every default"),
        );
        return None;
    }
    let own = config
        .as_ref()
        .and_then(|n| n.get(schema.map_or(plugin, |s| s.root.as_str())));
    if let (Some(map), Some(schema)) = (config.as_ref().and_then(|n| n.as_map()), schema) {
        for e in map.entries.iter().filter(|e| e.key != schema.root) {
            problems.push(
                Diagnostic::warning(
                    "bitops::unknown-key",
                    format!(
                        "this file configures `{}`; `{}` is ignored",
                        schema.root, e.key
                    ),
                )
                .at(Location::new(e.value.origin.clone(), e.key_span))
                .help(format!("keys stand below `{}:`", schema.root)),
            );
        }
    }
    let own = own
        .filter(|n| !n.is_null())
        .map(|n| first::modern(plugin, n, problems));
    let file = if there {
        Location::file(path.as_str())
    } else {
        at.clone()
    };
    let values = schema.map_or_else(Values::default, |s| {
        resolve::values(s, own.as_ref(), &file, settings, problems)
    });
    hooks::check(tree, &folder, plugin, problems);
    let deployment = Deployment {
        key: key.to_owned(),
        name: address(key),
        folder,
        plugin: plugin.to_owned(),
        tool: tool.clone(),
        values,
        looks_at: Vec::new(),
        at: at.clone(),
    };
    differs(&deployment, problems);
    Some(deployment)
}

/// A key as an address spells it: each part begins with a letter.
fn address(key: &str) -> String {
    let part = |part: &str| {
        let plain: String = part
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        match name_problem(&plain) {
            None => plain,
            Some(_) => format!("_{}", plain.trim_end_matches('-')),
        }
    };
    key.split('/')
        .filter(|p| !p.is_empty() && *p != ".")
        .map(part)
        .collect::<Vec<_>>()
        .join("/")
}

/// Where strata does otherwise than BitOps, and it matters here.
fn differs(d: &Deployment, problems: &mut Vec<Diagnostic>) {
    let mut say = |key: &str, message: String, help: &str| {
        let Some(found) = d.values.get(key) else {
            return;
        };
        let at = match &found.origin {
            resolve::Origin::File(at) => at.clone(),
            resolve::Origin::Variable(_) => d.at.clone(),
            resolve::Origin::Default => return,
        };
        problems.push(
            Diagnostic::warning("bitops::differs", message)
                .at(at)
                .help(help),
        );
    };
    match d.tool {
        Tool::Terraform => {
            let says = |key: &str| format!("BitOps 2 never gave `{key}` to terraform; strata does");
            let keep = "remove the key to keep what BitOps did";
            say("cli.var-file", says("var-file"), keep);
            say("cli.backend-config", says("backend-config"), keep);
            let action = d.action();
            if !["plan", "apply", "destroy"].contains(&action.as_str()) {
                say(
                    "cli.stack-action",
                    format!(
                        "`{action}` is no action; BitOps applied the targets all the same, strata refuses"
                    ),
                    "write `plan`, `apply` or `destroy`",
                );
            }
        }
        Tool::Helm => {
            let chart = d.key.rsplit('/').next().unwrap_or_default();
            if d.values
                .text("options.release-name")
                .is_some_and(|r| r != chart)
            {
                say(
                    "options.release-name",
                    format!(
                        "BitOps has always called the release `{chart}`, after its folder, and so does strata"
                    ),
                    "remove the key; to rename a release, rename the folder and uninstall the old one",
                );
            }
            say(
                "options.uninstall",
                "BitOps failed on this key; strata ignores it".to_owned(),
                "run `strata destroy ENV --only helm/CHART`",
            );
            if d.skips() {
                say(
                    "options.skip-deploy",
                    "BitOps deployed this chart all the same; strata skips it".to_owned(),
                    "remove the key to keep what BitOps did",
                );
            }
        }
        Tool::CloudFormation => {
            let action = d.action();
            if !["deploy", "delete"].contains(&action.to_lowercase().as_str()) {
                say(
                    "cli.stack-action",
                    format!(
                        "`{action}` is no action; BitOps did nothing and said so to nobody, strata refuses"
                    ),
                    "write `deploy` or `delete`",
                );
            }
        }
        _ => {}
    }
}
