//! The layout of a repo: an environment is a folder of the root, a deployment a folder in it.
use crate::Settings;
use std::collections::BTreeSet;
use strata_core::{diagnostic::Diagnostic, name::name_problem, span::Location, tree::Tree};
use strata_ops::imports::VENDOR;

/// The file that configures an environment or a deployment.
pub const CONFIG: &str = "bitops.config.yaml";
/// How early pages of BitOps spelled it; no version reads it.
const MISSPELLED: &str = "bitops.config.yml";
/// The tools whose folders run without being listed, in the order of BitOps' usual image.
pub const USUAL: &[&str] = &["cloudformation", "terraform", "helm", "ansible"];
/// What a native platform has in its root.
const NATIVE: &str = "strata.yaml";

/// Is this a repo of BitOps, and nothing else?
pub fn recognise(tree: &dyn Tree) -> bool {
    tree.file(NATIVE).is_none()
        && tree
            .files()
            .iter()
            .any(|f| environment_of(&f.path).is_some())
}

/// The environment to which a configuration file belongs; files of other repos that are vendored belong to none.
fn environment_of(path: &str) -> Option<&str> {
    if path
        .strip_prefix(VENDOR)
        .is_some_and(|p| p.starts_with('/'))
    {
        return None;
    }
    let (env, rest) = path.split_once('/')?;
    let file = rest.rsplit('/').next()?;
    (!env.starts_with(['_', '.']) && (file == CONFIG || file == MISSPELLED)).then_some(env)
}

/// Folders of the root that hold a configuration, sorted; those that begin with `_` are none.
pub fn environments(tree: &dyn Tree, settings: &Settings) -> Vec<String> {
    let found: BTreeSet<&str> = tree
        .files()
        .iter()
        .filter_map(|f| environment_of(&f.path))
        .collect();
    let usable = |name: &&str| name_problem(name).is_none() && *name != settings.default_folder();
    found
        .into_iter()
        .filter(usable)
        .map(str::to_owned)
        .collect()
}

/// What looks like environments in a repo whose files lie below `base` (empty, or with `/` at its end): folders that
/// have a configuration or a folder of a usual tool.
pub fn inside<'a>(tree: &'a dyn Tree, base: &str) -> Vec<&'a str> {
    let looks = |name: &&str| {
        let folder = format!("{base}{name}");
        !name.starts_with(['_', '.'])
            && (tree.file(&format!("{folder}/{CONFIG}")).is_some()
                || folders(tree, &folder).iter().any(|f| USUAL.contains(f)))
    };
    let names = folders(tree, base.trim_end_matches('/'));
    names.into_iter().filter(looks).collect()
}

/// The folders directly in a folder, sorted.
pub fn folders<'a>(tree: &'a dyn Tree, folder: &str) -> Vec<&'a str> {
    let skip = if folder.is_empty() {
        0
    } else {
        folder.len() + 1
    };
    let names = tree
        .below(folder)
        .iter()
        .filter_map(|f| Some(f.path[skip..].split_once('/')?.0));
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().collect()
}

/// Environments that cannot be one here, and configuration files that nobody reads.
pub fn strangers(tree: &dyn Tree, settings: &Settings, problems: &mut Vec<Diagnostic>) {
    let mut said = BTreeSet::new();
    for file in tree.files() {
        let Some(env) = environment_of(&file.path) else {
            continue;
        };
        if settings.only.as_ref().is_some_and(|only| only != env) {
            continue;
        }
        if let Some(why) = name_problem(env)
            && said.insert(env)
        {
            problems.push(
                Diagnostic::warning(
                    "bitops::name",
                    format!("the folder `{env}` is no environment here: {why}"),
                )
                .at(Location::file(file.path.clone()))
                .help("rename the folder, and `BITOPS_ENVIRONMENT` where it is set"),
            );
        }
        if file.path.ends_with(MISSPELLED) {
            problems.push(
                Diagnostic::warning(
                    "bitops::file-name",
                    format!("no version of BitOps reads `{MISSPELLED}`"),
                )
                .at(Location::file(file.path.clone()))
                .help(format!("rename it to `{CONFIG}`")),
            );
        }
    }
}

/// The folder of a plugin that the repo brings itself: `plugins/NAME` or `_…/NAME` with a schema or a deploy script.
pub fn plugin(tree: &dyn Tree, name: &str) -> Option<String> {
    let roots = folders(tree, "");
    let roots = roots
        .into_iter()
        .filter(|r| *r == "plugins" || r.starts_with('_'));
    let nested = roots.flat_map(|r| [format!("{r}/{name}"), format!("{r}/plugins/{name}")]);
    let is_plugin = |folder: &String| {
        ["bitops.schema.yaml", "plugin.config.yaml", "deploy.sh"]
            .iter()
            .any(|f| tree.file(&format!("{folder}/{f}")).is_some())
    };
    nested.into_iter().find(is_plugin)
}
