//! Root modules: what is run by itself, and not called by others.
use super::{Root, States, resources, variants};
use crate::{
    found::{Environments, Found, Line, list, quoted},
    layers,
    survey::Survey,
    words,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{tree::Tree, value::Value};
use strata_syntax::{
    said::direct,
    terraform::{Backend, Folders, Module, Shape},
};

/// Variables that usually hold the name of the environment.
pub(super) const NAMES_ENVIRONMENT: &[&str] = &[
    "environment",
    "env",
    "stage",
    "env_name",
    "environment_name",
    "environ",
];

/// All roots of a tree. What is none is noted.
pub fn all(tree: &dyn Tree, survey: &mut Survey) -> Vec<Root> {
    let folders = Folders::new(tree);
    let mut modules: BTreeMap<&str, Module> = BTreeMap::new();
    for file in tree.files() {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if is_module(name) && !modules.contains_key(folder) {
            modules.insert(folder, folders.module(folder));
        }
    }
    // examples and tests call modules too: what they call is a module
    let (mut called, mut called_in_examples) = (BTreeSet::new(), BTreeSet::new());
    for (folder, module) in &modules {
        let from = module.calls.iter().filter(|c| c.folder == *folder);
        let local = from.filter_map(|c| c.path.clone()).filter(|p| p != folder);
        if survey.leaves_out(folder) {
            called_in_examples.extend(local);
        } else {
            called.extend(local);
        }
    }
    let mut roots = Vec::new();
    let mut uncalled: Vec<String> = Vec::new();
    let mut candidates: Vec<(String, Module, String)> = Vec::new();
    for (folder, module) in modules {
        if survey.leaves_out(folder) || called.contains(folder) {
            continue;
        }
        match why_root(tree, folder, &module, called_in_examples.contains(folder)) {
            Some(why) => candidates.push((folder.to_owned(), module, why)),
            None => uncalled.push(folder.to_owned()),
        }
    }
    let places: BTreeSet<String> = candidates.iter().map(|(f, ..)| f.clone()).collect();
    for (folder, module, why) in candidates {
        let root = root(tree, survey, &places, &folder, module, &why);
        let own = root.module.backend.is_some() || root.module.cloud.is_some();
        if own || root.makes_something || root.module.incomplete {
            roots.push(root);
        }
    }
    for folder in uncalled {
        survey.skip(&folder, "a module that nothing here calls");
    }
    roots
}

fn is_module(name: &str) -> bool {
    !name.starts_with('.') && [".tf", ".tf.json"].iter().any(|e| name.ends_with(e))
}

/// What makes a folder a root, when it is one.
fn why_root(tree: &dyn Tree, folder: &str, module: &Module, in_examples: bool) -> Option<String> {
    if module.cloud.is_some() {
        return Some("has a `cloud` block".to_owned());
    }
    if let Some(backend) = &module.backend {
        return Some(format!("has a backend `{}`", backend.kind));
    }
    let own_provider = module.provider_blocks.iter().any(|p| p.folder == folder);
    let set = direct(tree, folder).any(|(_, name)| name.ends_with(".tfvars"));
    let called_a_module = folder
        .split('/')
        .any(|s| matches!(s, "modules" | "module" | "_modules"));
    if (called_a_module || in_examples) && !set {
        return None;
    }
    if own_provider {
        return Some("configures providers".to_owned());
    }
    if set {
        return Some("has variable files".to_owned());
    }
    Some("no other module calls it".to_owned())
}

fn root(
    tree: &dyn Tree,
    survey: &Survey,
    places: &BTreeSet<String>,
    folder: &str,
    module: Module,
    why: &str,
) -> Root {
    let place = survey.places.read(folder);
    let what = format!("Terraform root module: {why}");
    let mut found = Found::new(folder, "terraform", what, place.clone());
    let variants = variants::of(tree, folder, places);
    let (content, writes) = resources::of(tree, folder, &module);
    found.guess = layers::guess(&place.rest, &content);
    let makes_something = !content.resources.is_empty()
        || !module.calls.is_empty()
        || !module.data_blocks.is_empty()
        || !module.outputs.is_empty();
    let states = states(&module);
    let named = variants.environments();
    let of_locals = of_locals(&module);
    let token = states.token();
    found.environments = if place.env.is_some() {
        Environments::by(&place, Environments::Every)
    } else if !named.is_empty() {
        Environments::Named(named)
    } else if let Some(env) = token {
        Environments::one(&env)
    } else if !of_locals.is_empty() {
        Environments::Named(of_locals)
    } else if module.reads_workspace || states.open() || asks_environment(&module) {
        Environments::Every
    } else {
        Environments::Shared(None)
    };
    if why == "no other module calls it" {
        found.look.push(
            "neither backend nor provider: run by itself, or a module for others?".to_owned(),
        );
    }
    if module.incomplete {
        found
            .look
            .push("not all of its files could be read".to_owned());
    }
    Root {
        found,
        module,
        variants,
        states,
        writes,
        makes_something,
    }
}

/// Where a module keeps its state, by its own words.
fn states(module: &Module) -> States {
    let workspaces = |b: &Backend| {
        let named = b.text(&["workspaces", "name"]);
        let prefix = b.text(&["workspaces", "prefix"]);
        let tags: Vec<String> = b.tags().into_iter().map(str::to_owned).collect();
        match (named, prefix) {
            (Some(name), _) => States::Named(name.to_owned()),
            (None, Some(prefix)) => States::Prefix(prefix.to_owned()),
            (None, None) => States::Tags(tags),
        }
    };
    match (&module.cloud, &module.backend) {
        (Some(cloud), _) => workspaces(cloud),
        (None, Some(b)) if b.kind == "remote" => workspaces(b),
        (None, Some(b)) => {
            let literal = b.literal();
            let place = super::state::deciding(&b.kind);
            let known = place.iter().find_map(|k| match literal.get(*k) {
                Some(Value::String(text)) => Some(text.clone()),
                _ => None,
            });
            match known {
                Some(place) => States::At(place),
                None => States::Given,
            }
        }
        (None, None) => States::Local,
    }
}

/// Environments that a map in a local value has, when the workspace picks one of them.
fn of_locals(module: &Module) -> BTreeSet<String> {
    if !module.reads_workspace {
        return BTreeSet::new();
    }
    for local in module.locals.values() {
        let Shape::Object(fields) = &local.shape else {
            continue;
        };
        let names: BTreeSet<String> = fields
            .iter()
            .map(|(k, _)| k.clone())
            .filter(|k| k != "default")
            .collect();
        let all = names
            .iter()
            .all(|n| words::environment_in(n) == Some(n) || words::beside_others(n));
        if names.len() >= 2 && all && names.iter().any(|n| words::is_environment(n)) {
            return names;
        }
    }
    BTreeSet::new()
}

/// Has it a variable for the environment that nobody sets?
fn asks_environment(module: &Module) -> bool {
    open_variables(module, &BTreeSet::new()).any(|n| NAMES_ENVIRONMENT.contains(&n))
}

/// Variables that have to be set and are not in these files or the folder's own.
fn open_variables<'m>(
    module: &'m Module,
    set: &'m BTreeSet<String>,
) -> impl Iterator<Item = &'m str> {
    module
        .variables
        .iter()
        .filter(|(name, v)| !v.optional && !module.set_here.contains(*name) && !set.contains(*name))
        .map(|(name, _)| name.as_str())
}

/// The options and inputs of a root, when its environments are known. `several`: there is more than one.
pub fn settle(tree: &dyn Tree, root: &mut Root, envs: &[String], several: bool) {
    let everywhere: BTreeSet<String> = envs.iter().cloned().collect();
    var_files(root, &everywhere);
    backends(root, &everywhere);
    workspace(root, envs, several);
    // what all its environments set
    let set = |env: &String| -> BTreeSet<String> {
        let files = root.variants.var_files.get(env).into_iter().flatten();
        let path = |f: &String| strata_syntax::said::within(&root.found.folder, f);
        files
            .flat_map(|f| {
                strata_syntax::terraform::variable_file(tree, &path(f))
                    .values
                    .into_keys()
            })
            .collect()
    };
    let mut sets = envs.iter().map(set);
    let first = sets.next().unwrap_or_default();
    let common = sets.fold(first, |a, b| &a & &b);
    let open: Vec<String> = open_variables(&root.module, &common)
        .map(str::to_owned)
        .collect();
    for name in open {
        if root.states.in_cloud() {
            let why = "nothing here sets it: the workspace does?";
            let line = Line::because("external", why);
            root.found.inputs.insert(name, line);
        } else if NAMES_ENVIRONMENT.contains(&name.as_str()) && several {
            let line = Line::plain("'${{ env.name }}'");
            root.found.inputs.insert(name, line);
        }
    }
}

fn var_files(root: &mut Root, envs: &BTreeSet<String>) {
    let mut files = root.variants.var_files.clone();
    files.retain(|env, _| envs.contains(env));
    let all = files.len() == envs.len();
    if root.found.folder.is_empty() {
        // of the root of the repository only the files in it itself are taken
        root.found.reads = files
            .values()
            .flatten()
            .filter(|f| f.contains('/'))
            .cloned()
            .collect();
        root.found.reads.sort();
        root.found.reads.dedup();
    }
    match variants::pattern(&files).filter(|_| all && files.len() > 1) {
        Some(open) => {
            let line = Line::plain(list(open.iter().map(String::as_str)));
            root.found.options.insert("var-files".to_owned(), line);
        }
        None if all && files.len() == 1 => {
            let names = files.values().flatten().map(String::as_str);
            root.found
                .options
                .insert("var-files".to_owned(), Line::plain(list(names)));
        }
        None => {
            for (env, names) in files {
                let line = Line::plain(list(names.iter().map(String::as_str)));
                root.found
                    .options_in
                    .entry(env)
                    .or_default()
                    .insert("var-files".to_owned(), line);
            }
        }
    }
}

fn backends(root: &mut Root, envs: &BTreeSet<String>) {
    let Some(backend) = &root.module.backend else {
        return;
    };
    for (env, settings) in root
        .variants
        .backends
        .iter()
        .filter(|(e, s)| envs.contains(*e) && !s.is_empty())
    {
        let pairs: Vec<String> = settings
            .iter()
            .filter_map(|(k, v)| Some(format!("{k}: {}", quoted(&v.scalar_text()?))))
            .collect();
        let line = Line::plain(format!("{{{}: {{{}}}}}", backend.kind, pairs.join(", ")));
        root.found
            .options_in
            .entry(env.clone())
            .or_default()
            .insert("backend".to_owned(), line);
    }
    if matches!(root.states, States::Given) && root.variants.backends.is_empty() {
        let kind = &backend.kind;
        root.found.look.push(format!(
            "the state's place is not in the files: add `terraform: {{backend: {{{kind}: {{…}}}}}}`"
        ));
    }
}

/// Which workspace of Terraform holds the state.
fn workspace(root: &mut Root, envs: &[String], several: bool) {
    let env = "'${{ env.name }}'";
    let one_folder = root.found.place.env.is_none();
    let more = envs.len() > 1;
    let line = match &root.states {
        States::Named(_) if more => Some(Line::because(
            env,
            "the `cloud` block names one workspace: which are the others?",
        )),
        States::Named(_) => None,
        States::Prefix(_) => Some(Line::plain(env)),
        States::Tags(_) => match &root.found.options.get("workspace") {
            Some(_) => return,
            None => Some(Line::because(
                env,
                "a guess: the full name of the workspace in HCP Terraform",
            )),
        },
        _ if !one_folder => None,
        _ if root.module.reads_workspace && several => Some(Line::plain(env)),
        States::At(_) if more && root.variants.backends.is_empty() => Some(Line::because(
            env,
            "a guess: one place of state, so each environment has its workspace",
        )),
        _ => None,
    };
    if root.module.reads_workspace && !several && line.is_none() {
        root.found.look.push(
            "it reads `terraform.workspace`: make an environment for each workspace, and add `terraform: {workspace: '${{ env.name }}'}`".to_owned(),
        );
    }
    if let Some(line) = line {
        root.found.options.insert("workspace".to_owned(), line);
    }
}
