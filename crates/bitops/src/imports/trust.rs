//! What files of another repo may not do without being allowed: run scripts, keep our states where they say.
use super::{Origins, Source};
use crate::{
    deployment::{Deployment, Tool},
    environment::Environment,
    hooks,
    merge::is_override,
};
use hcl_edit::structure::Body;
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{diagnostic::Diagnostic, tree::Tree};
use strata_ops::imports::Brought;

/// What is needed to judge.
pub struct Judge<'a> {
    /// The files, joined.
    pub tree: &'a Arc<dyn Tree>,
    /// Their layers.
    pub origins: &'a Origins,
    /// What is taken from elsewhere.
    pub sources: &'a [Source],
}

impl<'a> Judge<'a> {
    /// Says what an environment may not do.
    pub fn check(&self, env: &Environment, problems: &mut Vec<Diagnostic>) {
        let mut denied: BTreeMap<&str, (&Source, Vec<String>)> = BTreeMap::new();
        for d in &env.deployments {
            for (path, source) in self.scripts(&env.name, d) {
                if !source.hooks {
                    let entry = denied.entry(&source.name);
                    entry.or_insert((source, Vec::new())).1.push(path);
                }
            }
            if d.tool == Tool::Terraform {
                self.backend(&env.name, d, problems);
            }
        }
        for (source, paths) in denied.into_values() {
            let more = match paths.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            problems.push(
                Diagnostic::error(
                    "import::hooks",
                    format!("{} runs scripts here: `{}`{more}", source.shown(), paths[0]),
                )
                .at(source.at.clone())
                .help("read them, then write `hooks: allow` in the entry, or leave them out with `exclude:`"),
            );
        }
    }

    /// Scripts of other repos that a deployment runs: hooks, and a plugin.
    pub fn scripts(&self, env: &str, d: &Deployment) -> Vec<(String, &'a Source)> {
        let own = self.tree.below(&d.folder).iter().filter(|f| {
            let inside = &f.path[d.folder.len() + 1..];
            inside.split_once('/').is_some_and(|(f, _)| hooks::is_folder(f))
        });
        let plugin = match &d.tool {
            Tool::Plugin(folder) => self.tree.below(folder),
            _ => &[],
        };
        let mut out = Vec::new();
        for file in own.chain(plugin) {
            for source in self.foreign(env, &file.path) {
                out.push((file.path.to_string(), source));
            }
        }
        out
    }

    /// Of each other repo whose files lie in a deployment: which, and which of them run.
    pub fn brought(&self, env: &str, d: &Deployment) -> Vec<Brought> {
        let mut all: BTreeMap<&str, Brought> = BTreeMap::new();
        let scripts = self.scripts(env, d);
        for file in self.tree.below(&d.folder) {
            for source in self.foreign(env, &file.path) {
                let Some(pin) = &source.pin else { continue };
                all.entry(&source.name).or_insert_with(|| Brought {
                    unit: format!("{env}/{}", d.name),
                    import: format!("{env}/{}", source.name.replace('.', "/")),
                    pin: pin.clone(),
                    scripts: scripts
                        .iter()
                        .filter(|(_, s)| s.name == source.name)
                        .map(|(path, _)| path.clone())
                        .collect(),
                });
            }
        }
        all.into_values().collect()
    }

    /// The other repos that a file is of.
    pub fn foreign(&self, env: &str, path: &str) -> Vec<&'a Source> {
        let layers = self.origins.get(path).map_or(&[][..], Vec::as_slice);
        let inside = path.starts_with(&format!("{env}/"));
        let of = |layer: &String| {
            self.sources.iter().find(|s| {
                let default = layer.strip_prefix(s.name.as_str());
                let same = default.is_some_and(|rest| rest.is_empty() || rest.starts_with("._"));
                same && s.is_foreign() && (s.env == env || !inside)
            })
        };
        layers.iter().filter_map(of).collect()
    }

    /// A root of another repo that says where its state is would write ours there.
    fn backend(&self, env: &str, d: &Deployment, problems: &mut Vec<Diagnostic>) {
        let given = d.values.list("cli.backend-config");
        let config = format!("{}/{}", d.folder, crate::layout::CONFIG);
        let given_by_us = self.foreign(env, &config).is_empty();
        let mut theirs: Option<(&Source, Found, String)> = None;
        for over in [false, true] {
            for file in self.tree.below(&d.folder) {
                let name = &file.path[d.folder.len() + 1..];
                if name.contains('/') || is_override(name) != over {
                    continue;
                }
                let Some(found) = found(self.tree.as_ref(), &file.path) else {
                    continue;
                };
                let source = self.foreign(env, &file.path).into_iter().next();
                // the last one counts
                theirs = source.map(|s| (s, found, file.path.to_string()));
            }
        }
        let Some((source, found, path)) = theirs else {
            return;
        };
        let names: Vec<&str> = given.iter().map(|g| g.split('=').next().unwrap_or(g)).collect();
        let file = given.iter().any(|g| !g.contains('='));
        let covered = found.settings.iter().all(|s| names.contains(&s.as_str()));
        if given_by_us && !given.is_empty() && !found.cloud && (file || covered) {
            return;
        }
        problems.push(
            Diagnostic::error(
                "import::backend",
                format!(
                    "the state of {env}/{} would be where another repository says: {} of {} in `{path}`",
                    d.name,
                    if found.cloud { "a `cloud` block" } else { "a `backend` block" },
                    source.shown()
                ),
            )
            .at(source.at.clone())
            .help(format!(
                "say where it is: put a file `backend_override.tf` with your own `backend` block into `{}`",
                d.folder
            )),
        );
    }
}

/// A block that says where a state is.
struct Found {
    cloud: bool,
    settings: Vec<String>,
}

fn found(tree: &dyn Tree, path: &str) -> Option<Found> {
    let text = |ending: &str| path.ends_with(ending).then(|| tree.text(path).ok())?;
    if let Some(text) = text(".tf.json") {
        let json: serde_json::Value = serde_json::from_str(&text).ok()?;
        let block = json.get("terraform")?;
        let blocks = block.as_array().cloned().unwrap_or_else(|| vec![block.clone()]);
        let has = |key: &str| blocks.iter().any(|b| b.get(key).is_some());
        // its settings are not looked at: an override file is the way
        return (has("backend") || has("cloud")).then(|| Found {
            cloud: true,
            settings: Vec::new(),
        });
    }
    let body: Body = text(".tf")?.parse().ok()?;
    let inner: Vec<_> = body
        .blocks()
        .filter(|b| b.ident.as_str() == "terraform")
        .flat_map(|b| b.body.blocks())
        .collect();
    let of = |word: &str| inner.iter().find(|b| b.ident.as_str() == word);
    let cloud = of("cloud");
    let block = cloud.or_else(|| of("backend"))?;
    Some(Found {
        cloud: cloud.is_some(),
        settings: block
            .body
            .attributes()
            .map(|a| a.key.as_str().to_owned())
            .chain(block.body.blocks().map(|b| b.ident.as_str().to_owned()))
            .collect(),
    })
}
