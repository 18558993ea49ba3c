//! Whose state a root reads: `terraform_remote_state` and `tfe_outputs` against the backends of the other roots.
use super::{
    Root, States,
    roots::NAMES_ENVIRONMENT,
    state::{MORE, Place, deciding, own},
};
use crate::{
    found::{Environments, Line},
    words,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use strata_core::{
    tree::{Tree, join},
    value::Value,
};
use strata_syntax::{
    said::within,
    terraform::{Folders, Module, RemoteState, Shape, variable_file},
};

/// Calls of one module that are told apart.
const MOST: usize = 64;

/// A state that a root reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The data block.
    pub block: String,
    /// The roots that keep it, each with its environment.
    pub of: Vec<(usize, String)>,
    /// The place, for people, when no root here keeps it.
    pub place: Option<String>,
}

/// The places of all roots' states, each with its environment.
pub struct Kept(Vec<Vec<(String, Place)>>);

/// Reads what roots say of the states of others.
pub struct Reader<'t> {
    tree: &'t dyn Tree,
    folders: Folders<'t>,
    modules: RefCell<BTreeMap<String, Rc<Module>>>,
}

/// Values of a module's variables.
type Values = BTreeMap<String, Value>;

/// A module with what is known of its variables where it is called.
struct Called {
    module: Rc<Module>,
    values: Values,
    workspace: Option<String>,
}

impl Called {
    fn value(&self, shape: &Shape) -> Option<Value> {
        self.module
            .value(shape, &self.values, self.workspace.as_deref())
    }
    fn text(&self, shape: &Shape) -> Option<String> {
        self.value(shape)?.scalar_text()
    }
}

impl<'t> Reader<'t> {
    /// Of a tree.
    pub fn new(tree: &'t dyn Tree) -> Self {
        Self {
            tree,
            folders: Folders::new(tree),
            modules: RefCell::default(),
        }
    }

    /// Where every root keeps its states. `envs` are their environments.
    pub fn kept(&self, roots: &[Root], envs: &[Vec<String>]) -> Kept {
        let of = |(root, envs): (&Root, &Vec<String>)| {
            let places = envs.iter().map(|env| (env.clone(), own(root, env)));
            places.collect()
        };
        Kept(roots.iter().zip(envs).map(of).collect())
    }

    /// What a root reads in an environment.
    pub fn reads(&self, roots: &[Root], kept: &Kept, reader: usize, env: &str) -> Vec<Reads> {
        let mut out: Vec<Reads> = Vec::new();
        for (state, read) in self.places(&roots[reader], env) {
            let mut of = Vec::new();
            for (i, places) in kept.0.iter().enumerate().filter(|(i, _)| *i != reader) {
                let fit: Vec<&String> = places
                    .iter()
                    .filter(|(_, p)| p.fits(&read))
                    .map(|(e, _)| e)
                    .collect();
                // where several fit, the one of the same environment is meant
                match fit.iter().find(|e| e.as_str() == env) {
                    Some(same) => of.push((i, (*same).clone())),
                    None => of.extend(fit.into_iter().map(|e| (i, e.clone()))),
                }
            }
            let itself = kept.0[reader].iter().any(|(_, p)| p.fits(&read));
            out.push(Reads {
                block: format!("data.{}.{}", state.kind, state.name),
                place: (of.is_empty() && !itself).then(|| read.said()),
                of,
            });
        }
        out
    }

    /// The place that each data block of a root and of the modules that it calls reads.
    fn places<'r>(&self, root: &'r Root, env: &str) -> Vec<(&'r RemoteState, Place)> {
        let mut known = BTreeMap::new();
        let mut out = Vec::new();
        for state in &root.module.remote_states {
            let called = self.called(root, env, &state.folder, &mut known);
            let mut read: Vec<Place> = called.iter().map(|c| place(c, root, state)).collect();
            read.dedup();
            out.extend(read.into_iter().map(|p| (state, p)));
        }
        out
    }

    /// A folder as the calls that lead to it give it its values.
    fn called(
        &self,
        root: &Root,
        env: &str,
        folder: &str,
        known: &mut BTreeMap<String, Rc<Vec<Called>>>,
    ) -> Rc<Vec<Called>> {
        if let Some(found) = known.get(folder) {
            return found.clone();
        }
        let given = root.found.options.contains_key("workspace");
        let workspace = given.then(|| env.to_owned());
        let mut out = Vec::new();
        if folder == root.found.folder {
            out.push(Called {
                module: self.module(folder),
                values: self.values(root, env),
                workspace: workspace.clone(),
            });
        } else {
            // a module that leads back to itself finds nothing here
            known.insert(folder.to_owned(), Rc::default());
        }
        let calls = root.module.calls.iter();
        for call in
            calls.filter(|c| c.path.as_deref() == Some(folder) && folder != root.found.folder)
        {
            for caller in self.called(root, env, &call.folder, known).iter() {
                if out.len() >= MOST {
                    break;
                }
                let module = self.module(folder);
                let mut values = defaults(&module);
                for (name, setting) in &call.arguments {
                    match caller.value(&setting.shape) {
                        Some(value) => drop(values.insert(name.clone(), value)),
                        // what cannot be told is not the default either
                        None => drop(values.remove(name)),
                    }
                }
                out.push(Called {
                    module,
                    values,
                    workspace: workspace.clone(),
                });
            }
        }
        let out = Rc::new(out);
        known.insert(folder.to_owned(), out.clone());
        out
    }

    fn module(&self, folder: &str) -> Rc<Module> {
        let known = self.modules.borrow().get(folder).cloned();
        known.unwrap_or_else(|| {
            let module = Rc::new(self.folders.module(folder));
            self.modules
                .borrow_mut()
                .insert(folder.to_owned(), module.clone());
            module
        })
    }

    /// The values of a root's variables in an environment, as far as its files say them.
    fn values(&self, root: &Root, env: &str) -> Values {
        let mut out = defaults(&root.module);
        let here = root.module.values_here.iter();
        out.extend(here.filter_map(|(n, v)| Some((n.clone(), v.value.clone()?))));
        for file in root.variants.var_files.get(env).into_iter().flatten() {
            let set = variable_file(self.tree, &within(&root.found.folder, file))
                .values
                .into_iter();
            out.extend(set.filter_map(|(n, v)| Some((n, v.value?))));
        }
        let given = |n: &&&str| {
            root.found
                .inputs
                .get(**n)
                .is_some_and(|l| l.yaml.contains("env.name"))
        };
        for name in NAMES_ENVIRONMENT.iter().filter(given) {
            out.insert((*name).to_owned(), Value::from(env));
        }
        out
    }

    /// Workspaces of roots with tags, by what others read of them: `infra-dev` and `infra-prod` are the environments
    /// `dev` and `prod` of one root. Only where one root can be meant.
    pub fn name_workspaces(&self, roots: &mut [Root]) {
        let mut read_by_others: BTreeSet<String> = BTreeSet::new();
        for root in roots.iter() {
            let cloud = self
                .places(root, "")
                .into_iter()
                .filter(|(_, p)| p.kind == "cloud");
            read_by_others.extend(cloud.filter_map(|(_, p)| p.workspace));
        }
        let kept = |name: &str| {
            roots
                .iter()
                .any(|r| matches!(&r.states, States::Named(n) if n == name))
        };
        let tagged: Vec<usize> = (0..roots.len())
            .filter(|i| matches!(roots[*i].states, States::Tags(_)))
            .collect();
        let mut found: BTreeMap<usize, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for name in read_by_others.iter().filter(|w| !kept(w)) {
            let Some(env) = words::environment_in(name) else {
                continue;
            };
            let rest = name.replacen(env, "", 1);
            let meant: Vec<usize> = match tagged.as_slice() {
                [one] => vec![*one],
                several => several
                    .iter()
                    .copied()
                    .filter(|i| is_about(&roots[*i], &rest))
                    .collect(),
            };
            if let [one] = meant.as_slice() {
                let pattern = name.replacen(env, "${{ env.name }}", 1);
                let patterns = found.entry(*one).or_default();
                patterns.entry(pattern).or_default().insert(env.to_owned());
            }
        }
        for (i, patterns) in found {
            if let Some((pattern, envs)) =
                patterns.first_key_value().filter(|_| patterns.len() == 1)
            {
                let found = &mut roots[i].found;
                let line = Line::because(format!("'{pattern}'"), "as others read it");
                found.options.insert("workspace".to_owned(), line);
                if found.environments == Environments::Every {
                    found.environments = Environments::Named(envs.clone());
                }
            }
        }
    }
}

fn defaults(module: &Module) -> Values {
    let all = module.variables.iter();
    all.filter_map(|(n, v)| Some((n.clone(), v.default.clone()?)))
        .collect()
}

/// Has a root with tags to do with what is left of a workspace's name?
fn is_about(root: &Root, rest: &str) -> bool {
    let States::Tags(tags) = &root.states else {
        return false;
    };
    let last = root.found.place.rest.last().map(String::as_str);
    let own = tags.iter().map(String::as_str).chain(last);
    let mut own = own
        .flat_map(|w| w.split(['-', '_', ':']))
        .filter(|w| !w.is_empty());
    own.any(|w| rest.split(['-', '_']).any(|r| r == w))
}

/// The place that a data block reads.
fn place(called: &Called, root: &Root, state: &RemoteState) -> Place {
    let top = |name: &str| called.text(&state.settings.get(name)?.shape);
    if state.kind == "tfe_outputs" {
        let organization = top("organization").map(|o| ("organization".to_owned(), o));
        return Place {
            kind: "cloud".to_owned(),
            at: None,
            more: organization.into_iter().collect(),
            workspace: top("workspace"),
        };
    }
    let config = state.settings.get("config").map(|s| &s.shape);
    let whole = config
        .and_then(|c| called.value(c))
        .map(|v| Shape::from_value(&v));
    let part = |name: &str| {
        config
            .and_then(|c| c.field(name))
            .or_else(|| whole.as_ref()?.field(name))
    };
    let text = |name: &str| called.text(part(name)?);
    let more = MORE
        .iter()
        .filter_map(|k| Some(((*k).to_owned(), text(k)?)))
        .collect();
    let kind = state.backend.clone().unwrap_or_default();
    let asked = state.settings.contains_key("workspace");
    let named = top("workspace");
    if kind == "remote" || kind == "cloud" {
        let inner = |name: &str| called.text(part("workspaces")?.field(name)?);
        let prefixed = || Some(format!("{}{}", inner("prefix")?, named?));
        return Place {
            kind: "cloud".to_owned(),
            at: None,
            more,
            workspace: inner("name").or_else(prefixed),
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
        let split = at
            .as_deref()
            .and_then(|p| p.split_once("terraform.tfstate.d/"));
        if let Some((before, rest)) = split {
            workspace = rest.split('/').next().map(str::to_owned);
            at = Some(format!("{before}terraform.tfstate"));
        }
    }
    // env:/WORKSPACE/key
    let split = at
        .as_deref()
        .and_then(|p| p.strip_prefix("env:/")?.split_once('/'));
    if let Some((name, key)) = split {
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
