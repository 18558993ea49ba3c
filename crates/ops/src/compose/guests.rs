//! Environments of imports, as parts of the environments that import them.
//!
//! An import is an environment behind those of the platform. Its names, values and components are its own; what it is
//! called, where its states are and how its layers are called here is the consumer's. Its units are `ENV/ALIAS/NAME`.
use super::{Composition, Environment, environment, variant::Variants};
use crate::{
    decode::Problems,
    document::platform::unknown_layer,
    field::{Body, Field},
    imports::{Guest, mount::MOUNTS, wish::fits},
    load::{Engines, Loaded, Source},
    scope::Statics,
};
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    repo::Pin,
    span::Location,
};
use strata_syntax::node::{Kind, Node, merge};

/// What an environment that is imported knows of where it is used.
#[derive(Clone)]
pub struct Within {
    /// Position of the environment that imports it.
    pub parent: usize,
    /// Position of the platform's own environment at the beginning.
    pub root: usize,
    /// Names that lead to it: `obs`, `obs/inner`.
    pub path: Arc<str>,
    /// Its own name, where it comes from.
    pub environment: String,
    /// Its platform; none when it is the same.
    pub loaded: Option<Arc<Loaded>>,
    /// Its state; none when it is of the repository that imports it.
    pub pin: Option<Pin>,
    /// May its scripts run?
    pub hooks: bool,
    /// Its layers as layers here, by position.
    pub layers: Vec<Option<usize>>,
    /// Did the consumer name one layer for all of it?
    pub one_layer: bool,
    /// Components that are left out.
    pub exclude: Vec<(String, Location)>,
    /// Where it is wished for.
    pub at: Location,
    /// Files that describe it and no other.
    own: Vec<Arc<str>>,
}

impl std::fmt::Debug for Within {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Within({})", self.path)
    }
}

impl Within {
    /// Does a file describe it (and not what the consumer says of it)?
    pub(super) fn has(&self, file: &str) -> bool {
        match &self.loaded {
            Some(loaded) if !loaded.base.is_empty() => {
                let rest = file.strip_prefix(loaded.base.trim_end_matches('/'));
                // also what its components have from catalogs
                rest.is_some_and(|rest| rest.starts_with('/') || rest.starts_with(".@"))
            }
            // of one repository only environments tell who speaks
            _ => !file.contains("environments/") || self.own.iter().any(|f| &**f == file),
        }
    }
    /// As people are shown it: `obs@1.2.0`, `obs`.
    pub fn shown(&self) -> String {
        match &self.pin {
            Some(pin) => format!("{}@{}", self.path, pin.version),
            None => self.path.to_string(),
        }
    }
}

impl Environment {
    /// The name that its components know it by.
    pub fn own_name(&self) -> &str {
        match &self.within {
            Some(within) => &within.environment,
            None => &self.name,
        }
    }
    /// Does it come from another repository?
    pub fn is_foreign(&self) -> bool {
        self.within
            .as_ref()
            .is_some_and(|w| w.loaded.as_ref().is_some_and(|l| !l.base.is_empty()))
    }
}

/// The layer of an environment's own platform as one of ours.
pub(super) fn layer(c: &Composition, env: usize, layer: usize) -> Option<usize> {
    match &c.envs[env].within {
        Some(within) => within.layers.get(layer).copied().flatten(),
        None => Some(layer),
    }
}

/// Adds the environments of all imports behind those of the platform.
pub(super) fn enter(c: &mut Composition, problems: &mut Problems) {
    for env in 0..c.own {
        let name = c.envs[env].name.to_string();
        let guests = c.loaded.guests.get(&name).cloned().unwrap_or_default();
        for guest in &guests {
            add(c, env, env, guest, problems);
        }
    }
}

fn add(c: &mut Composition, parent: usize, root: usize, guest: &Guest, problems: &mut Problems) {
    let loaded = guest.loaded.clone();
    let platform = loaded.clone().unwrap_or_else(|| c.loaded.clone());
    let given = given(c, parent, guest, problems);
    let names = (
        c.loaded.platform.name.clone(),
        c.envs[root].name.to_string(),
    );
    let of = &guest.wish.environment;
    let here = (names.0.as_str(), names.1.as_str());
    let Some(mut e) = environment::imported(&platform, of, here, given, problems) else {
        return;
    };
    let layers = layers(c, &platform, guest, problems);
    let above = &c.envs[parent];
    let allowed = !above.is_foreign() || above.within.as_ref().is_some_and(|w| w.hooks);
    let mut own = crate::explain::chain(&platform, of);
    own.retain(|name| !c.envs[parent].own_name().eq(name));
    e.within = Some(Within {
        parent,
        root,
        path: guest.path.as_str().into(),
        environment: of.clone(),
        pin: guest.pin.clone(),
        // who imports an import speaks for its own, not for us
        hooks: (guest.wish.hooks || guest.pin.is_none()) && allowed,
        layers,
        one_layer: guest.wish.layer.is_some(),
        exclude: guest.wish.exclude.clone(),
        at: guest.wish.at.clone(),
        own: own
            .iter()
            .filter_map(|n| Some(platform.environments.get(n)?.at.file.clone()))
            .collect(),
        loaded,
    });
    // what the consumer says of its components counts more
    let prefix = format!("{}/", guest.wish.alias);
    let over: Vec<_> = c.envs[parent]
        .overrides
        .iter()
        .filter_map(|(k, v)| Some((k.strip_prefix(&prefix)?.to_owned(), v.clone())))
        .collect();
    for (name, (at, node)) in over {
        let merged = match e.overrides.get(&name) {
            Some((_, below)) => merge(below, &node),
            None => node,
        };
        e.overrides.insert(name, (at, merged));
    }
    c.broken.extend(platform.broken.iter().cloned());
    let position = c.envs.len();
    c.envs.push(e);
    let alias = guest.wish.alias.clone();
    c.envs[parent].imports.insert(alias, position as u32);
    for inner in &guest.guests {
        add(c, position, root, inner, problems);
    }
}

/// Values of the import from values of who imports it.
fn given(
    c: &Composition,
    parent: usize,
    guest: &Guest,
    problems: &mut Problems,
) -> BTreeMap<String, Field> {
    let Some(map) = guest.wish.values.as_ref().and_then(|n| n.as_map()) else {
        return BTreeMap::new();
    };
    let mut out = BTreeMap::new();
    for entry in &map.entries {
        let mut field = Field::parse(&entry.value, problems);
        let term = field.eval(&Statics::new(c, parent, None));
        let term = term.unwrap_or_else(|e| {
            problems.push(e.help_if_none(
                "values of an import are read before anything runs: they see `values` and `env.name`, no outputs",
            ));
            crate::field::unknown()
        });
        field.body = Body::Constant(term);
        out.insert(entry.key.clone(), field);
    }
    out
}

fn layers(
    c: &Composition,
    platform: &Loaded,
    guest: &Guest,
    problems: &mut Problems,
) -> Vec<Option<usize>> {
    let ours = &c.loaded.platform;
    let all = &platform.platform.layers;
    if let Some((name, at)) = &guest.wish.layer {
        let layer = ours.layer(name);
        if layer.is_none() {
            problems.push(unknown_layer(name, at.clone(), &ours.layers));
        }
        return vec![layer; all.len()];
    }
    all.iter().map(|l| ours.layer(&l.layer.name)).collect()
}

/// Is a component part of an environment, as far as an import leaves it out or has no layer for it?
pub(super) fn wanted(
    c: &Composition,
    env: usize,
    source: &Source,
    problems: &mut Problems,
) -> bool {
    let Some(within) = &c.envs[env].within else {
        return true;
    };
    if within.exclude.iter().any(|(p, _)| fits(p, &source.name)) {
        return false;
    }
    if layer(c, env, source.layer).is_some() {
        return true;
    }
    if within.one_layer {
        // it was said that there is no such layer
        return false;
    }
    let theirs = &c.loaded_of(env).platform.layers[source.layer].layer.name;
    let problem = Diagnostic::error(
        "import::layer",
        format!(
            "`{}` has components of the layer `{theirs}`, which is not here",
            within.path
        ),
    )
    .at(within.at.clone())
    .help(format!(
        "add `layer: NAME` to the import for all of it, or the layer `{theirs}` to `strata.yaml`"
    ));
    let known = problems
        .iter()
        .any(|p| p.at == problem.at && p.message == problem.message);
    if !known {
        problems.push(problem);
    }
    false
}

/// Is an entry of `components:` about a component of an import? Says what is wrong with it.
pub(super) fn is_override(
    c: &Composition,
    env: usize,
    name: &str,
    at: &Location,
    problems: &mut Problems,
) -> bool {
    let Some((alias, rest)) = name.split_once('/') else {
        return false;
    };
    let Some(inner) = c.envs[env].imports.get(alias) else {
        // an import that is not there was said
        let e = c.envs[env].own_name();
        let file = c.loaded_of(env).environments.get(e);
        return file.is_some_and(|f| f.imports.iter().any(|w| w.alias == alias));
    };
    let inner = *inner as usize;
    let known = &c.loaded_of(inner).components;
    let nested = rest.split('/').next().unwrap_or_default();
    if !known.contains_key(rest) && !c.envs[inner].imports.contains_key(nested) {
        problems.push(
            Diagnostic::error(
                "environment::unknown-component",
                format!("`{alias}` has no component `{rest}`"),
            )
            .at(at.clone())
            .help_opt(suggest(rest, known.keys().map(AsRef::as_ref))),
        );
    }
    true
}

/// Where states are is not for an import to say: a description without what other repositories say of it. What the
/// consumer says stays, setting by setting.
pub(super) fn without_backend(
    c: &Composition,
    env: usize,
    node: Option<&Node>,
    problems: &mut Problems,
) -> Option<Node> {
    let mut node = node.filter(|_| c.envs[env].is_foreign())?.clone();
    node.get("terraform")?.get("backend")?;
    let Kind::Map(map) = &mut node.kind else {
        return None;
    };
    let block = map.entries.iter_mut().find(|e| e.key == "terraform")?;
    let Kind::Map(inner) = &mut block.value.kind else {
        return None;
    };
    let position = inner.entries.iter().position(|e| e.key == "backend")?;
    let mut removed = None;
    if !keep_ours(&mut inner.entries[position].value, &mut removed) {
        inner.entries.remove(position);
    }
    problems.extend(removed.map(|at| {
        let message =
            "`terraform.backend` of an import is not obeyed: what stands here counts".to_owned();
        Diagnostic::note("import::ignored", message).at(at)
    }));
    Some(node)
}

/// Takes away what stands in files of other repositories; is anything left?
fn keep_ours(node: &mut Node, removed: &mut Option<Location>) -> bool {
    match &mut node.kind {
        Kind::Map(map) => {
            map.entries.retain_mut(|e| keep_ours(&mut e.value, removed));
            !map.entries.is_empty()
        }
        _ => {
            let foreign = is_mounted(&node.origin);
            if foreign {
                removed.get_or_insert_with(|| node.location());
            }
            !foreign
        }
    }
}

/// Does a file belong to another repository?
pub fn is_mounted(file: &str) -> bool {
    file.strip_prefix(MOUNTS)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Makes the units of all imports.
pub(super) fn populate(c: &mut Composition, engines: &Engines, problems: &mut Problems) {
    for env in c.own..c.envs.len() {
        let mut variants = Variants::new(engines);
        super::populate(c, env, &mut variants, problems);
    }
    for env in 0..c.envs.len() {
        let e = &c.envs[env];
        for (alias, inner) in &e.imports {
            if !e.names.contains_key(alias.as_str()) && !e.chosen.contains_key(alias) {
                continue;
            }
            let at = c.envs[*inner as usize]
                .within
                .as_ref()
                .map(|w| w.at.clone());
            problems.push(
                Diagnostic::error(
                    "import::alias",
                    format!("`{alias}` is an import and a component of `{}`", e.name),
                )
                .at_opt(at)
                .help("give the import another name: `as: NAME`"),
            );
        }
    }
}
