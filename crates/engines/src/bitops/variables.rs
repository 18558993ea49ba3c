//! The variables that BitOps gives to hooks and tools, in the words of both its generations.
use std::collections::BTreeMap;
use strata_core::engine::{Content, EnvValue, Generated, Place, Task};

use super::tree_place;

/// What stands for BitOps' own folder.
const HOME: &str = "bitops";

/// Folders that variables name and that nothing else makes.
pub fn files() -> Vec<Generated> {
    ["", "scripts/", "scripts/plugins/"]
        .iter()
        .map(|folder| Generated {
            at: Place::cache(format!("{HOME}/{folder}.keep")),
            content: Content::Text(String::new()),
            mode: 0o600,
        })
        .collect()
}

/// All of them.
pub fn of(task: &Task) -> BTreeMap<String, EnvValue> {
    let option = |name: &str| task.spec.string(name).unwrap_or_default();
    let (env, plugin, default) = (
        option("environment"),
        option("plugin"),
        option("default-folder"),
    );
    let text = |t: &str| EnvValue::Text(t.to_owned());
    let tree = |p: &str| EnvValue::Path(tree_place(p));
    let home = |p: &str| EnvValue::Path(Place::cache(format!("{HOME}{p}")));
    let plugin_dir = task
        .spec
        .string("script")
        .and_then(|s| Some(s.rsplit_once('/')?.0.to_owned()));
    let plugins = match plugin_dir.as_deref().and_then(|d| d.rsplit_once('/')) {
        Some((above, _)) => tree(above),
        None => home("/scripts/plugins"),
    };
    let own = plugin_dir
        .as_deref()
        .map_or_else(|| home("/scripts/plugins"), &tree);
    let fail_fast = !task.facts.contains_key(super::KEEP_GOING);
    let mut out: BTreeMap<String, EnvValue> = [
        ("BITOPS_ENVIRONMENT", text(&env)),
        ("ENVIRONMENT", text(&env)),
        ("BITOPS_TEMPDIR", tree("")),
        ("TEMPDIR", tree("")),
        ("ROOT_DIR", tree("")),
        ("BITOPS_ENVROOT", tree(&env)),
        ("ENVROOT", tree(&env)),
        ("BITOPS_DEFAULT_ROOT_DIR", text(&default)),
        ("DEFAULT_ENVROOT", tree(&default)),
        ("BITOPS_DIR", home("")),
        ("BITOPS_SCRIPTS_DIR", home("/scripts")),
        ("SCRIPTS_DIR", home("/scripts")),
        ("BITOPS_PLUGINS_DIR", plugins),
        ("BITOPS_INSTALLED_PLUGIN_DIR", own.clone()),
        ("BITOPS_PLUGIN_DIR", own),
        (
            "BITOPS_FAIL_FAST",
            text(if fail_fast { "true" } else { "false" }),
        ),
        ("BITOPS_KUBE_CONFIG_FILE", tree(".kube/config")),
        ("KUBE_CONFIG_FILE", tree(".kube/config")),
        (
            "BITOPS_OPSREPO_ENVIRONMENT_DIR",
            EnvValue::Path(Place::work("")),
        ),
        (
            "BITOPS_OPSREPO_ENV_FILE",
            EnvValue::Path(Place::work("ENV_FILE")),
        ),
        ("BITOPS_PLUGIN_NAME", text(&plugin)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for tool in ["terraform", "ansible", "cloudformation", "helm"] {
        out.insert(
            format!("{}_ROOT", tool.to_uppercase()),
            tree(&format!("{env}/{tool}")),
        );
    }
    let verb = || task.verb.name().to_owned();
    let action = task.facts.get(super::ACTION).cloned().unwrap_or_else(verb);
    for (tool, name) in [
        ("terraform", "TERRAFORM_COMMAND"),
        ("cloudformation", "CFN_STACK_ACTION"),
    ] {
        if plugin == tool {
            out.insert(format!("BITOPS_{name}"), text(&action));
            out.insert(name.to_owned(), text(&action));
        }
    }
    let words = task.spec.strings("arguments").unwrap_or_default();
    let words: Vec<String> = words
        .into_iter()
        .chain(task.spec.string("playbook"))
        .collect();
    if !words.is_empty() {
        let name = format!("BITOPS_{}_CLI", plugin.to_uppercase().replace('-', "_"));
        out.insert(name, EnvValue::Text(words.join(" ")));
    }
    out
}
