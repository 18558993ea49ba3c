//! The same platform in strata's own words: `strata.yaml` and a file for each environment, of which every deployment is
//! a component. What `init --from-bitops` writes, and what every command reads where there is no `strata.yaml`.
use crate::{
    Reading, Settings,
    deployment::{Deployment, Tool},
    environment::Environment,
    imports::join::Basis,
    layout,
};
use std::collections::BTreeMap;
use strata_core::{tree::Tree, value::Value};
use strata_syntax::yaml::emit;

/// The one layer that everything is in: BitOps knows none.
const LAYER: &str = "deployments";

/// Files by path. `id` is left out where none is given.
pub fn files(
    reading: &Reading,
    name: &str,
    id: Option<&str>,
    settings: &Settings,
) -> BTreeMap<String, String> {
    let mut platform = format!("platform: {name}\n");
    if let Some(id) = id {
        platform.push_str(&format!("id: {id}\n"));
    }
    platform.push_str(&format!(
        "layers:\n  - name: {LAYER}\n# Hooks and tools of BitOps see every variable of the caller.\npassthrough: [\"*\"]\n"
    ));
    let mut out = BTreeMap::from([("strata.yaml".to_owned(), platform)]);
    for env in &reading.environments {
        let Some(basis) = reading.basis.get(&env.name) else {
            continue;
        };
        let text = environment(basis, env, settings);
        out.insert(format!("environments/{}.yaml", env.name), text);
    }
    out
}

fn environment(basis: &Basis, env: &Environment, settings: &Settings) -> String {
    if env.deployments.is_empty() {
        return "values: {}\n".to_owned();
    }
    let mut components = BTreeMap::new();
    let mut before: Option<&Deployment> = None;
    for d in &env.deployments {
        let mut component = component(basis, env, d, settings);
        if let Some(before) = before {
            let after = Value::List(vec![literal(&before.name)]);
            component.insert("after".to_owned(), after);
        }
        components.insert(d.name.clone(), Value::Map(component));
        before = Some(d);
    }
    emit(&Value::Map(BTreeMap::from([(
        "components".to_owned(),
        Value::Map(components),
    )])))
}

/// A text that no expression is read in.
fn literal(text: &str) -> Value {
    Value::String(text.replace("${{", "$${{"))
}

fn list(texts: &[String]) -> Value {
    Value::List(texts.iter().map(|t| literal(t)).collect())
}

fn component(
    basis: &Basis,
    env: &Environment,
    d: &Deployment,
    settings: &Settings,
) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    let mut put = |key: &str, value: Value| drop(out.insert(key.to_owned(), value));
    let path = format!("{}/{}", env.root, d.folder);
    put("path", literal(path.trim_start_matches('/')));
    put("layer", literal(LAYER));
    put("engine", literal(d.tool.engine()));
    let exports = d.exports();
    if !exports.is_empty() {
        put(
            "env",
            Value::Map(exports.into_iter().map(|(k, v)| (k, literal(&v))).collect()),
        );
    }
    let reads = reads(basis.tree.as_ref(), d);
    if !reads.is_empty() {
        put("reads", list(&reads));
    }
    put(d.tool.engine(), Value::Map(block(basis, env, d, settings)));
    out
}

/// Folders of the root that are no environment and that its files name: scripts, modules.
pub(crate) fn reads(tree: &dyn Tree, d: &Deployment) -> Vec<String> {
    let ups = "../".repeat(d.folder.split('/').count());
    let shared = layout::folders(tree, "")
        .into_iter()
        .filter(|f| f.starts_with('_'));
    // larger ones are data
    let files = tree.below(&d.folder).iter().filter(|f| f.size <= 1 << 18);
    let texts: Vec<String> = files.filter_map(|f| tree.text(&f.path).ok()).collect();
    let mut out: Vec<String> = shared
        .filter(|f| texts.iter().any(|t| t.contains(*f)))
        .map(|f| format!("{ups}{f}"))
        .collect();
    if let Tool::Plugin(folder) = &d.tool {
        out.push(format!("{ups}{folder}"));
    }
    out.sort();
    out.dedup();
    out
}

/// The engine's own block.
fn block(
    basis: &Basis,
    env: &Environment,
    d: &Deployment,
    settings: &Settings,
) -> BTreeMap<String, Value> {
    let tree = basis.tree.as_ref();
    let mut out = BTreeMap::new();
    let mut put = |key: &str, value: Value| drop(out.insert(key.to_owned(), value));
    put("environment", literal(&env.name));
    put("deployment", literal(&d.key));
    put("plugin", literal(&d.plugin));
    put("default-folder", literal(settings.default_folder()));
    if !d.looks_at.is_empty() {
        put("looks-at", list(&d.looks_at));
    }
    let action = d.action();
    if matches!(d.tool, Tool::Plugin(_)) && !action.is_empty() || d.destroys() {
        put("action", literal(&action));
    }
    if d.skips() {
        put("skip", Value::Bool(true));
    }
    let words = d.values.words();
    let text = |key: &str| d.values.text(key);
    match &d.tool {
        Tool::Terraform => {
            for (key, from) in [
                ("workspace", "options.workspace"),
                ("var-file", "cli.var-file"),
            ] {
                if let Some(value) = text(from) {
                    put(key, literal(&value));
                }
            }
            for (key, from) in [
                ("targets", "cli.targets"),
                ("backend-config", "cli.backend-config"),
            ] {
                let values = d.values.list(from);
                if !values.is_empty() {
                    put(key, list(&values));
                }
            }
        }
        Tool::Ansible => {
            // the playbook is the only word that is no option
            let words: Vec<String> = words.into_iter().filter(|w| w.starts_with("--")).collect();
            if !words.is_empty() {
                put("arguments", list(&words));
            }
            put(
                "playbook",
                literal(&text("cli.main-playbook").unwrap_or_default()),
            );
        }
        Tool::Helm => {
            let chart = d.key.rsplit('/').next().unwrap_or_default();
            put("release", literal(chart));
            for (key, from) in [
                ("namespace", "cli.namespace"),
                ("timeout", "cli.timeout"),
                ("kubeconfig", "options.k8s.kubeconfigpath"),
            ] {
                if let Some(value) = text(from) {
                    put(key, literal(&value));
                }
            }
            for flag in ["debug", "atomic", "force", "dry-run"] {
                if d.values.flag(&format!("cli.{flag}")) {
                    put(flag, Value::Bool(true));
                }
            }
            let set = d.values.list("cli.set");
            if !set.is_empty() {
                put("set", list(&set));
            }
            if let (true, Some(cluster)) = (
                d.values.flag("options.k8s.fetch.kubeconfig"),
                text("options.k8s.fetch.cluster-name"),
            ) {
                put("cluster", literal(&cluster));
            }
            let mut files = values_files(tree, d, settings);
            let last = basis.last.get(&d.key).into_iter().flatten();
            files.extend(last.map(|path| format!("{}/{path}", env.name)));
            put("values", list(&files));
        }
        Tool::CloudFormation => {
            for (key, from) in [
                ("stack", "options.cfn-stack-name"),
                ("template", "options.cfn-files.template-file"),
                ("s3-bucket", "options.s3bucket"),
                ("s3-prefix", "options.s3prefix"),
                ("capabilities", "options.capabilities"),
            ] {
                if let Some(value) = text(from) {
                    put(key, literal(&value));
                }
            }
            if d.values.flag("cli.validate-cfn") {
                put("validate", Value::Bool(true));
            }
            let file = text("options.cfn-files.parameters.template-param-file");
            if let (true, Some(file)) = (
                d.values
                    .flag("options.cfn-files.parameters.template-param-flag"),
                file,
            ) {
                put("parameters", literal(&file));
            }
        }
        Tool::Plugin(folder) => {
            let (script, language, before, after) = plugin(tree, folder);
            put("script", literal(&format!("{folder}/{script}")));
            put("language", literal(&language));
            put("arguments", list(&words));
            for (key, on) in [("before-hooks", before), ("after-hooks", after)] {
                if !on {
                    put(key, Value::Bool(false));
                }
            }
        }
        Tool::Hooks => {}
    }
    out
}

/// `plugin.config.yaml`: the deploy script, what runs it, and whether hooks run.
fn plugin(tree: &dyn Tree, folder: &str) -> (String, String, bool, bool) {
    let path = format!("{folder}/plugin.config.yaml");
    let node = crate::environment::read(tree, &path, &mut Vec::new());
    let get = |key: &str| {
        let deployment = node.as_ref()?.get("plugin")?.get("deployment")?;
        deployment.get(key)?.as_str().map(str::to_owned)
    };
    let on = |key: &str| get(key).is_none_or(|v| v.eq_ignore_ascii_case("true"));
    (
        get("deployment_script").unwrap_or_else(|| "deploy.sh".to_owned()),
        get("language").unwrap_or_else(|| "bash".to_owned()),
        on("before_hook_scripts"),
        on("after_hook_scripts"),
    )
}

/// Files with values of a chart, as paths from the root: those of the defaults first, so that the environment wins.
fn values_files(tree: &dyn Tree, d: &Deployment, settings: &Settings) -> Vec<String> {
    let chart = d.key.rsplit('/').next().unwrap_or_default();
    let folder = settings.default_folder();
    let default = if d.values.flag("options.default-dir-flag") {
        format!("{folder}/helm/{chart}")
    } else {
        let root = d
            .values
            .text("options.default-root-dir")
            .unwrap_or_default();
        let base = d.folder.rsplit_once('/').map_or("", |(base, _)| base);
        format!("{base}/{root}/{chart}")
    };
    let mut out = Vec::new();
    for base in [default.as_str(), d.folder.as_str()] {
        for name in ["values.yaml", "values-versions.yaml", "values-secrets.yaml"] {
            let path = format!("{base}/{name}");
            if tree.file(&path).is_some_and(|f| f.size > 0) {
                out.push(path);
            }
        }
        let more = tree
            .below(&format!("{base}/values-files"))
            .iter()
            .filter(|f| f.size > 0);
        out.extend(more.map(|f| f.path.to_string()));
    }
    out
}
