//! Whose state a root reads: `terraform_remote_state` and `tfe_outputs` against the backends of the other roots.
use super::{Root, States, roots::NAMES_ENVIRONMENT};
use crate::{
    found::{Environments, Line},
    words,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    tree::{Tree, join},
    value::Value,
};
use strata_syntax::{
    said::within,
    terraform::{RemoteState, Setting, Shape, variable_file},
};

/// Settings that decide which state is meant, by the kind of the backend.
pub fn deciding(kind: &str) -> &'static [&'static str] {
    match kind {
        "s3" | "azurerm" => &["key"],
        "gcs" => &["prefix"],
        "cos" | "oss" => &["key", "prefix"],
        "http" => &["address"],
        "consul" | "local" => &["path"],
        "pg" => &["schema_name"],
        "kubernetes" => &["secret_suffix"],
        _ => &["key", "path", "address"],
    }
}

/// Settings that say more of the place. Two that differ are two states.
const MORE: &[&str] = &[
    "bucket",
    "storage_account_name",
    "container_name",
    "organization",
    "hostname",
    "namespace",
    "conn_str",
];

/// A place of a state, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    kind: String,
    /// The deciding setting.
    at: Option<String>,
    more: BTreeMap<String, String>,
    workspace: Option<String>,
}

impl Place {
    fn fits(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        let more = self
            .more
            .iter()
            .all(|(k, v)| other.more.get(k).is_none_or(|o| o == v));
        let decided = match self.kind.as_str() {
            "cloud" => self.workspace.is_some() && self.workspace == other.workspace,
            _ => {
                self.at.is_some() && self.at == other.at && same(&self.workspace, &other.workspace)
            }
        };
        self.kind == other.kind && decided && more
    }
    fn said(&self) -> String {
        match self.kind.as_str() {
            "cloud" => format!(
                "the workspace `{}`",
                self.workspace.as_deref().unwrap_or("?")
            ),
            kind => format!("`{kind}` at `{}`", self.at.as_deref().unwrap_or("?")),
        }
    }
}

/// A state that a root reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The data block.
    pub block: String,
    /// The root that keeps it, with its environment.
    pub of: Vec<(usize, String)>,
    /// The place, for people, when no root here keeps it.
    pub place: Option<String>,
}

/// What a root reads in an environment. `envs` are the environments of every root.
pub fn reads(
    tree: &dyn Tree,
    roots: &[Root],
    envs: &[Vec<String>],
    reader: usize,
    env: &str,
) -> Vec<Reads> {
    let values = values(tree, &roots[reader], env);
    let mut out = Vec::new();
    for state in &roots[reader].module.remote_states {
        let read = read(&roots[reader], state, &values, env);
        let mut of = Vec::new();
        for (i, root) in roots.iter().enumerate().filter(|(i, _)| *i != reader) {
            let kept = envs[i].iter().filter(|e| own(root, e).fits(&read));
            let kept: Vec<&String> = kept.collect();
            // a place that does not name the workspace is the one of the same environment, where there is one
            match kept
                .iter()
                .find(|e| e.as_str() == env)
                .filter(|_| read.workspace.is_none() || kept.len() > 1)
            {
                Some(same) => of.push((i, (*same).clone())),
                None => of.extend(kept.into_iter().map(|e| (i, e.clone()))),
            }
        }
        let itself = own(&roots[reader], env).fits(&read);
        out.push(Reads {
            block: format!("data.{}.{}", state.kind, state.name),
            place: (of.is_empty() && !itself).then(|| read.said()),
            of,
        });
    }
    out
}

/// Where a root keeps its state in an environment.
fn own(root: &Root, env: &str) -> Place {
    let module = &root.module;
    let workspace = || match root.found.options.get("workspace") {
        Some(line) => line.yaml.trim_matches('\'').replace("${{ env.name }}", env),
        None => "default".to_owned(),
    };
    let block = module.cloud.as_ref().or(module.backend.as_ref());
    let text = |name: &str| match root.variants.backends.get(env).and_then(|b| b.get(name)) {
        Some(given) => given.scalar_text(),
        None => block?.settings.get(name)?.value.as_ref()?.scalar_text(),
    };
    let more: BTreeMap<String, String> = MORE
        .iter()
        .filter_map(|k| Some(((*k).to_owned(), text(k)?)))
        .collect();
    let cloud = |workspace: String| Place {
        kind: "cloud".to_owned(),
        at: None,
        more: more.clone(),
        workspace: Some(workspace),
    };
    match &root.states {
        States::Named(name) => cloud(name.clone()),
        States::Prefix(prefix) => cloud(format!("{prefix}{env}")),
        States::Tags(_) => cloud(workspace()),
        States::Local => Place {
            kind: "local".to_owned(),
            at: Some(within(&root.found.folder, "terraform.tfstate")),
            workspace: Some(workspace()),
            more,
        },
        States::At(_) | States::Given => {
            let kind = module
                .backend
                .as_ref()
                .map_or(String::new(), |b| b.kind.clone());
            let at = deciding(&kind).iter().find_map(|k| text(k));
            let at = match kind.as_str() {
                "local" => at.and_then(|p| join(&root.found.folder, &p)),
                _ => at.map(|p| p.trim_matches('/').to_owned()),
            };
            Place {
                at,
                kind,
                more,
                workspace: Some(workspace()),
            }
        }
    }
}

/// The place that a data block reads.
fn read(root: &Root, state: &RemoteState, values: &BTreeMap<String, Value>, env: &str) -> Place {
    let workspace = root.found.options.contains_key("workspace").then_some(env);
    let known = |shape: &Shape| -> Option<String> {
        // what stands in a module depends on who calls it
        let value = if state.folder == root.found.folder {
            root.module.value(shape, values, workspace)
        } else {
            shape.value()
        };
        value?.scalar_text()
    };
    let top = |name: &str| {
        state
            .settings
            .get(name)
            .and_then(|s: &Setting| known(&s.shape))
    };
    if state.kind == "tfe_outputs" {
        return Place {
            kind: "cloud".to_owned(),
            at: None,
            more: top("organization")
                .map(|o| ("organization".to_owned(), o))
                .into_iter()
                .collect(),
            workspace: top("workspace"),
        };
    }
    let config = state.settings.get("config").map(|s| &s.shape);
    let whole = config.and_then(|c| {
        if state.folder == root.found.folder {
            root.module.value(c, values, workspace)
        } else {
            c.value()
        }
    });
    let part = |name: &str| -> Option<Shape> {
        if let Some(field) = config.and_then(|c| c.field(name)) {
            return Some(field.clone());
        }
        match &whole {
            Some(Value::Map(fields)) => fields.get(name).map(Shape::from_value),
            _ => None,
        }
    };
    let text = |name: &str| part(name).and_then(|s| known(&s));
    let more: BTreeMap<String, String> = MORE
        .iter()
        .filter_map(|k| Some(((*k).to_owned(), text(k)?)))
        .collect();
    let kind = state.backend.clone().unwrap_or_default();
    let asked = state.settings.contains_key("workspace");
    let named = top("workspace");
    if kind == "remote" || kind == "cloud" {
        let inner = |name: &str| {
            part("workspaces")
                .as_ref()
                .and_then(|w| w.field(name).cloned())
                .and_then(|s| known(&s))
        };
        let workspace = inner("name").or_else(|| Some(format!("{}{}", inner("prefix")?, named?)));
        return Place {
            kind: "cloud".to_owned(),
            at: None,
            more,
            workspace,
        };
    }
    let mut at = deciding(&kind).iter().find_map(|k| text(k));
    let mut workspace = if asked {
        named
    } else {
        Some("default".to_owned())
    };
    if kind == "local" {
        at = at.and_then(|p| join(&root.found.folder, &p));
        // terraform.tfstate.d/WORKSPACE/terraform.tfstate
        if let Some((before, rest)) = at
            .clone()
            .as_deref()
            .and_then(|p| p.split_once("terraform.tfstate.d/"))
        {
            workspace = rest.split('/').next().map(str::to_owned);
            at = Some(format!("{before}terraform.tfstate"));
        }
    }
    // env:/WORKSPACE/key
    if let Some((name, key)) = at
        .clone()
        .as_deref()
        .and_then(|p| p.strip_prefix("env:/")?.split_once('/'))
    {
        workspace = Some(name.to_owned());
        at = Some(key.to_owned());
    }
    Place {
        at: at.map(|p| p.trim_matches('/').to_owned()),
        kind,
        more,
        workspace,
    }
}

/// The values of a root's variables in an environment, as far as its files say them.
fn values(tree: &dyn Tree, root: &Root, env: &str) -> BTreeMap<String, Value> {
    let defaults = root.module.variables.iter();
    let mut out: BTreeMap<String, Value> = defaults
        .filter_map(|(n, v)| Some((n.clone(), v.default.clone()?)))
        .collect();
    let here = root.module.values_here.iter();
    out.extend(here.filter_map(|(n, v)| Some((n.clone(), v.value.clone()?))));
    for file in root.variants.var_files.get(env).into_iter().flatten() {
        let set = variable_file(tree, &within(&root.found.folder, file))
            .values
            .into_iter();
        out.extend(set.filter_map(|(n, v)| Some((n, v.value?))));
    }
    for name in NAMES_ENVIRONMENT
        .iter()
        .filter(|n| root.found.inputs.contains_key(**n))
    {
        out.insert((*name).to_owned(), Value::from(env));
    }
    out
}

/// Workspaces of roots with tags, by what others read of them: `infra-dev` and `infra-prod` are the environments `dev`
/// and `prod` of one root. Only where one root can be meant.
pub fn workspaces_that_others_read(tree: &dyn Tree, roots: &mut [Root]) {
    let mut read_by_others: BTreeSet<String> = BTreeSet::new();
    for root in roots.iter() {
        let values = values(tree, root, "");
        for state in &root.module.remote_states {
            read_by_others.extend(read(root, state, &values, "").workspace);
        }
    }
    let kept = |name: &str| {
        roots
            .iter()
            .any(|r| matches!(&r.states, States::Named(n) if n == name))
    };
    let free: Vec<String> = read_by_others
        .iter()
        .filter(|w| *w != "default" && !kept(w))
        .cloned()
        .collect();
    let tagged: Vec<usize> = (0..roots.len())
        .filter(|i| matches!(roots[*i].states, States::Tags(_)))
        .collect();
    let mut found: BTreeMap<usize, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for name in &free {
        let Some(env) = words::environment_in(name) else {
            continue;
        };
        let rest = name.replacen(env, "", 1);
        let about = |root: &Root| {
            let States::Tags(tags) = &root.states else {
                return false;
            };
            let own = tags
                .iter()
                .map(String::as_str)
                .chain(root.found.place.rest.last().map(String::as_str));
            own.flat_map(|w| w.split(['-', '_', ':']))
                .any(|w| !w.is_empty() && rest.split(['-', '_']).any(|r| r == w))
        };
        let meant: Vec<usize> = match tagged.as_slice() {
            [one] => vec![*one],
            several => several
                .iter()
                .copied()
                .filter(|i| about(&roots[*i]))
                .collect(),
        };
        if let [one] = meant.as_slice() {
            let pattern = name.replacen(env, "${{ env.name }}", 1);
            found
                .entry(*one)
                .or_default()
                .entry(pattern)
                .or_default()
                .insert(env.to_owned());
        }
    }
    for (i, patterns) in found {
        if let Some((pattern, envs)) = patterns.first_key_value().filter(|_| patterns.len() == 1) {
            let found = &mut roots[i].found;
            let line = Line::because(format!("'{pattern}'"), "as others read it");
            found.options.insert("workspace".to_owned(), line);
            if found.environments == Environments::Every {
                found.environments = Environments::Named(envs.clone());
            }
        }
    }
}
