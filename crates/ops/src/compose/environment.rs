//! An environment with everything it extends merged in.
use super::names::Named;
use crate::{
    decode::{Fields, Problems, expected, text},
    document::environment::{KEYS, replan},
    field::{Field, FieldMap},
    load::Loaded,
    scope::ValueScope,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    proposal::Action,
    span::Location,
    value::Term,
};
use strata_syntax::node::{Kind, Node, merge};

/// An environment, resolved.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Arc<str>,
    /// Only components that name it are in it.
    pub shared: bool,
    /// Where names that are not found here are looked up.
    pub uses: Vec<(String, Location)>,
    /// Its values.
    pub values: Arc<BTreeMap<String, Term>>,
    /// Contract to component, as written.
    pub flavors: BTreeMap<String, (String, Location)>,
    /// Contract to component, as it is.
    pub chosen: BTreeMap<String, String>,
    /// Contract to the components that could be picked.
    pub candidates: BTreeMap<String, Vec<String>>,
    /// What it says of components.
    pub overrides: BTreeMap<String, (Location, Node)>,
    /// The worst that a unit may do which could not be planned before.
    pub replan: Action,
    /// Components by name.
    pub names: HashMap<Arc<str>, Named>,
    /// Its file.
    pub at: Location,
}

/// All environments but bases, sorted by name.
pub fn all(loaded: &Loaded, problems: &mut Problems) -> Vec<Environment> {
    let mut out = Vec::new();
    for (name, file) in loaded
        .environments
        .iter()
        .filter(|(n, _)| !n.starts_with('_'))
    {
        let node = merged(loaded, name, &mut Vec::new(), problems);
        out.push(resolve(
            loaded,
            name,
            node.as_ref(),
            file.at.clone(),
            problems,
        ));
    }
    let names: Vec<Arc<str>> = out.iter().map(|e| e.name.clone()).collect();
    for e in &out {
        for (used, at) in &e.uses {
            if names.iter().all(|n| n.as_ref() != used) || e.name.as_ref() == used {
                problems.push(
                    Diagnostic::error(
                        "environment::unknown",
                        format!("there is no environment `{used}` to use"),
                    )
                    .at(at.clone())
                    .help_opt(suggest(used, names.iter().map(AsRef::as_ref))),
                );
            }
        }
    }
    out
}

/// The file of an environment over everything it extends.
fn merged(
    loaded: &Loaded,
    name: &str,
    chain: &mut Vec<String>,
    problems: &mut Problems,
) -> Option<Node> {
    let file = loaded.environments.get(name)?;
    chain.push(name.to_owned());
    let mut out: Option<Node> = None;
    for (base, at) in &file.extends {
        if chain.contains(base) {
            problems.push(
                Diagnostic::error(
                    "environment::cycle",
                    format!("{} → {base} extends itself", chain.join(" → ")),
                )
                .at(at.clone()),
            );
            continue;
        }
        if !loaded.environments.contains_key(base) {
            problems.push(
                Diagnostic::error(
                    "environment::unknown",
                    format!("there is no environment `{base}` to extend"),
                )
                .at(at.clone())
                .help_opt(suggest(
                    base,
                    loaded.environments.keys().map(String::as_str),
                )),
            );
            continue;
        }
        let node = merged(loaded, base, chain, problems).map(inherited);
        out = match (out, node) {
            (Some(a), Some(b)) => Some(merge(&a, &b)),
            (a, b) => a.or(b),
        };
    }
    chain.pop();
    match (out, &file.node) {
        (Some(base), Some(own)) => Some(merge(&base, own)),
        (base, own) => base.or_else(|| own.clone()),
    }
}

/// What `extends` carries: not what makes an environment that environment.
fn inherited(mut node: Node) -> Node {
    if let Kind::Map(map) = &mut node.kind {
        map.entries.retain(|e| {
            !matches!(
                e.key.as_str(),
                "extends" | "shared" | "branch" | "credentials" | "imports"
            )
        });
    }
    node
}

fn resolve(
    loaded: &Loaded,
    name: &str,
    node: Option<&Node>,
    at: Location,
    problems: &mut Problems,
) -> Environment {
    // unknown keys were reported where the file was read
    let f = Fields::of(node, "an environment", KEYS, &mut Problems::new());
    let values: FieldMap = f
        .entries("values", problems)
        .into_iter()
        .map(|(k, _, n)| (k.to_owned(), Field::parse(n, problems)))
        .collect();
    let scope = ValueScope::new(name, &loaded.platform.name, &values);
    let values = values
        .iter()
        .filter_map(|(k, field)| match field.eval(&scope) {
            Ok(term) => Some((k.clone(), term)),
            Err(e) => {
                problems.push(e);
                None
            }
        })
        .collect();
    let mut flavors = BTreeMap::new();
    for (contract, _, node) in f.entries("flavors", problems) {
        match text(node) {
            Some(component) => {
                drop(flavors.insert(contract.to_owned(), (component, node.location())));
            }
            None => problems.push(expected(node, "a flavor", "the name of a component")),
        }
    }
    Environment {
        name: name.into(),
        shared: f.flag("shared", problems).unwrap_or(false),
        uses: f.texts("uses", problems).unwrap_or_default(),
        values: Arc::new(values),
        flavors,
        chosen: BTreeMap::new(),
        candidates: BTreeMap::new(),
        overrides: f
            .entries("components", problems)
            .into_iter()
            .map(|(k, at, n)| (k.to_owned(), (at, n.clone())))
            .collect(),
        replan: gates(&f, problems),
        names: HashMap::new(),
        at,
    }
}

fn gates(f: &Fields<'_>, problems: &mut Problems) -> Action {
    let g = Fields::of(f.get("gates"), "`gates`", &["replan", "apply"], problems);
    if let Some(n) = g.get("apply") {
        problems.push(crate::document::platform::not_yet(
            n,
            "gates.apply",
            "remove it; `apply` asks, or needs `--yes`",
        ));
    }
    let Some(word) = g.text("replan", problems) else {
        return Action::Create;
    };
    replan(&word).unwrap_or_else(|| {
        problems.push(expected(
            g.get("replan").expect("just read"),
            "`gates.replan`",
            "`create-only`, `update` or `any`",
        ));
        Action::Create
    })
}
