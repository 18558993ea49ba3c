//! What files of another repo may not do without being allowed: run scripts, keep our states where they say.
use super::{Source, join::Basis};
use crate::{
    deployment::{Deployment, Tool},
    environment::Environment,
    hooks,
    layout::{self, CONFIG},
    merge::is_override,
    native::reads,
    origin,
    resolve::Origin,
};
use hcl_edit::structure::Body;
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    tree::{Tree, TreeFile, join},
};
use strata_ops::imports::Brought;

/// What is needed to judge an environment.
pub struct Judge<'a> {
    env: &'a Environment,
    basis: &'a Basis,
    sources: Vec<&'a Source>,
}

impl<'a> Judge<'a> {
    /// Of an environment with its files and everything that is taken from elsewhere.
    pub fn new(env: &'a Environment, basis: &'a Basis, sources: &'a [Source]) -> Self {
        let of = |s: &&Source| s.env == env.name && s.is_foreign();
        Self {
            env,
            basis,
            sources: sources.iter().filter(of).collect(),
        }
    }

    fn tree(&self) -> &'a dyn Tree {
        self.basis.tree.as_ref()
    }

    /// Says what the environment may not do.
    pub fn check(&self, problems: &mut Vec<Diagnostic>) {
        if self.sources.is_empty() {
            return;
        }
        let mut denied: BTreeMap<&str, (&Source, Vec<String>)> = BTreeMap::new();
        for d in &self.env.deployments {
            for (path, source) in self.scripts(d) {
                let (_, paths) = denied.entry(&source.name).or_insert((source, Vec::new()));
                if !source.hooks && !paths.contains(&path) {
                    paths.push(path);
                }
            }
            if d.tool == Tool::Terraform {
                self.backend(d, problems);
            }
            if d.destroys() {
                self.destroys(d, problems);
            }
        }
        for (source, paths) in denied.into_values().filter(|(_, paths)| !paths.is_empty()) {
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
                .help(if source.name.contains('.') {
                    "read them, then list this environment in yours with `hooks: allow`, or leave them out with `exclude:`"
                } else {
                    "read them, then write `hooks: allow` in the entry, or leave them out with `exclude:`"
                }),
            );
        }
    }

    /// Scripts of other repos that a deployment runs: hooks, a plugin, and scripts of folders of the root that its
    /// hooks name.
    fn scripts(&self, d: &Deployment) -> Vec<(String, &'a Source)> {
        let tree = self.tree();
        let is_hook = |f: &&TreeFile| {
            let inside = &f.path[d.folder.len() + 1..];
            inside
                .split_once('/')
                .is_some_and(|(f, _)| hooks::is_folder(f))
        };
        let mut files: Vec<&TreeFile> = tree.below(&d.folder).iter().filter(is_hook).collect();
        let texts: Vec<String> = files
            .iter()
            .filter_map(|f| tree.text(&f.path).ok())
            .collect();
        if let Tool::Plugin(folder) = &d.tool {
            files.extend(tree.below(folder));
        }
        for folder in layout::folders(tree, "") {
            // only hooks run scripts; the folder may be named by a variable and the file by its own name alone
            let named = folder.starts_with('_') && texts.iter().any(|t| t.contains(folder));
            let runs = |f: &&TreeFile| {
                let name = f.path.rsplit('/').next().unwrap_or_default();
                f.executable || texts.iter().any(|t| t.contains(name))
            };
            if named {
                files.extend(tree.below(folder).iter().filter(runs));
            }
        }
        let mut out = Vec::new();
        for file in files {
            for source in self.foreign(&file.path) {
                out.push((file.path.to_string(), source));
            }
        }
        out
    }

    /// Of each other repo whose files lie in a deployment: which, and which of them run.
    pub fn brought(&self) -> Vec<Brought> {
        let mut out = Vec::new();
        for d in self
            .env
            .deployments
            .iter()
            .filter(|_| !self.sources.is_empty())
        {
            let scripts = self.scripts(d);
            let mut all: BTreeMap<&str, &Source> =
                scripts.iter().map(|(_, s)| (s.name.as_str(), *s)).collect();
            let beside = reads(self.tree(), d);
            let beside = beside
                .iter()
                .map(|r| self.tree().below(r.trim_start_matches("../")));
            for file in beside.chain([self.tree().below(&d.folder)]).flatten() {
                let sources = self.foreign(&file.path).into_iter();
                all.extend(sources.map(|s| (s.name.as_str(), s)));
            }
            for source in all.into_values() {
                let Some(pin) = &source.pin else { continue };
                let own = scripts.iter().filter(|(_, s)| s.name == source.name);
                out.push(Brought {
                    unit: format!("{}/{}", self.env.name, d.name),
                    import: format!("{}/{}", self.env.name, source.name.replace('.', "/")),
                    pin: pin.clone(),
                    scripts: own.map(|(path, _)| path.clone()).collect(),
                });
            }
        }
        out
    }

    /// The other repos that a file is of.
    fn foreign(&self, path: &str) -> Vec<&'a Source> {
        let mut out: Vec<&Source> = Vec::new();
        for piece in self.basis.origins.get(path).into_iter().flatten() {
            let source = self.sources.iter().find(|s| s.has(&piece.layer));
            out.extend(source.filter(|s| !out.iter().any(|o| o.name == s.name)));
        }
        out
    }

    /// `bitops deploy` obeys `stack-action`: a new version of another repo must not take away what is ours.
    fn destroys(&self, d: &Deployment, problems: &mut Vec<Diagnostic>) {
        let Some(Some(source)) = self.giver(d, "stack-action") else {
            return;
        };
        problems.push(
            Diagnostic::error(
                "import::destroys",
                format!(
                    "`stack-action: {}` of {} would take {}/{} away",
                    d.action(),
                    source.shown(),
                    self.env.name,
                    d.name
                ),
            )
            .at(source.at.clone())
            .help(format!(
                "write a `stack-action` in `{}/{CONFIG}` of yours",
                d.folder
            )),
        );
    }

    /// A root of another repo that says where its state is would write ours there.
    fn backend(&self, d: &Deployment, problems: &mut Vec<Diagnostic>) {
        let mut theirs: Option<(&Source, Found, &TreeFile)> = None;
        for over in [false, true] {
            for file in self.tree().below(&d.folder) {
                let name = &file.path[d.folder.len() + 1..];
                let source = self.foreign(&file.path).into_iter().next();
                // of the others only one that overrides counts: Terraform refuses two that do not
                if name.contains('/') || is_override(name) != over || !over && source.is_none() {
                    continue;
                }
                if let Some(found) = found(self.tree(), &file.path) {
                    theirs = source.map(|s| (s, found, file));
                }
            }
        }
        let giver = self.giver(d, "backend-config");
        if let Some(Some(source)) = giver {
            let what = format!("`backend-config` of {}", source.shown());
            let help = format!(
                "write `backend-config:` in `{}/{CONFIG}` of yours; an empty list gives none",
                d.folder
            );
            problems.push(self.elsewhere(d, source, &what).help(help));
        }
        if let Some((source, found, file)) = theirs
            && !(matches!(giver, Some(None)) && self.covers(d, &found))
        {
            let kind = if found.cloud { "cloud" } else { "backend" };
            let what = format!("a `{kind}` block of {} in `{}`", source.shown(), file.path);
            let help = format!(
                "say where it is: put a file `backend_override.tf` with your own `backend` block into `{}`",
                d.folder
            );
            problems.push(self.elsewhere(d, source, &what).help(help));
        }
    }

    fn elsewhere(&self, d: &Deployment, source: &Source, what: &str) -> Diagnostic {
        let unit = format!("{}/{}", self.env.name, d.name);
        Diagnostic::error(
            "import::backend",
            format!("the state of {unit} would be where another repository says: {what}"),
        )
        .at(source.at.clone())
    }

    /// Who gives a key of `cli`: nobody, we, or another repo.
    #[allow(clippy::option_option)]
    fn giver(&self, d: &Deployment, key: &str) -> Option<Option<&'a Source>> {
        let found = d.values.get(&format!("cli.{key}"))?;
        let path = [d.plugin.as_str(), "cli", key];
        let pieces = self.basis.origins.get(&format!("{}/{CONFIG}", d.folder));
        let by = match (&found.origin, pieces) {
            (Origin::File(_), Some(pieces)) => {
                origin::of_key(self.basis.layers.as_ref(), pieces, &path)
            }
            _ => None,
        };
        Some(by.and_then(|p| self.sources.iter().find(|s| s.has(&p.layer)).copied()))
    }

    /// Does `backend-config` give every setting of the block?
    fn covers(&self, d: &Deployment, found: &Found) -> bool {
        let given = d.values.list("cli.backend-config");
        let names: Vec<&str> = given
            .iter()
            .map(|g| g.split('=').next().unwrap_or(g))
            .collect();
        // what a file of ours says is not looked at
        let mut files = given.iter().filter(|g| !g.contains('='));
        let own_file =
            files.any(|g| join(&d.folder, g).is_some_and(|path| self.foreign(&path).is_empty()));
        let covered = found.settings.iter().all(|s| names.contains(&s.as_str()));
        !found.cloud && !given.is_empty() && (own_file || covered)
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
        let blocks = match block.as_array() {
            Some(list) => list.clone(),
            None => vec![block.clone()],
        };
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
    let attributes = block.body.attributes().map(|a| a.key.as_str());
    let blocks = block.body.blocks().map(|b| b.ident.as_str());
    Some(Found {
        cloud: cloud.is_some(),
        settings: attributes.chain(blocks).map(str::to_owned).collect(),
    })
}
