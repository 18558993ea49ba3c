//! Places of states: where a root keeps its own.
use super::{Root, States};
use std::collections::BTreeMap;
use strata_core::tree::join;
use strata_syntax::said::within;

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
pub const MORE: &[&str] = &[
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
pub struct Place {
    /// The kind of the backend; `cloud` for workspaces of HCP Terraform.
    pub kind: String,
    /// The deciding setting.
    pub at: Option<String>,
    /// Settings that say more of it.
    pub more: BTreeMap<String, String>,
    /// The workspace.
    pub workspace: Option<String>,
}

impl Place {
    /// May they be the same?
    pub fn fits(&self, other: &Self) -> bool {
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
    /// For people.
    pub fn said(&self) -> String {
        match self.kind.as_str() {
            "cloud" => format!(
                "the workspace `{}`",
                self.workspace.as_deref().unwrap_or("?")
            ),
            kind => format!("`{kind}` at `{}`", self.at.as_deref().unwrap_or("?")),
        }
    }
}

/// Where a root keeps its state in an environment.
pub fn own(root: &Root, env: &str) -> Place {
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
