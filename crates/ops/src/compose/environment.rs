//! An environment with everything it extends merged in.
use super::{guests::Within, names::Named};
use crate::{
    decode::{Fields, Problems, expected, text},
    document::environment::{KEYS, replan},
    field::{Field, FieldMap, unknown},
    load::Loaded,
    scope::ValueScope,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    proposal::Action,
    span::Location,
    value::Term,
};
use strata_syntax::node::{Kind, Node, merge, overlay};

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
    pub flavors: BTreeMap<String, Flavor>,
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
    /// Imports by name: positions of their environments.
    pub imports: BTreeMap<String, u32>,
    /// It is imported into another one.
    pub within: Option<Within>,
    /// Its file.
    pub at: Location,
}

/// A flavor as an environment picks it.
#[derive(Clone, Debug)]
pub struct Flavor {
    /// The component.
    pub component: String,
    /// Where it is named.
    pub at: Location,
    /// Where its contract is named.
    pub contract_at: Location,
}

/// All environments but bases, sorted by name. One whose files could not be read is left out: that was said.
pub fn all(loaded: &Loaded, problems: &mut Problems) -> Vec<Environment> {
    let mut out = Vec::new();
    let mut circles = BTreeSet::new();
    for (name, file) in loaded
        .environments
        .iter()
        .filter(|(n, _)| !n.starts_with('_'))
    {
        let mut chain = Chain {
            loaded,
            open: Vec::new(),
            circles: &mut circles,
            unreadable: false,
        };
        let node = chain.merged(name, problems);
        if !chain.unreadable {
            let at = file.at.clone();
            let platform = &loaded.platform.name;
            let own = BTreeMap::new();
            out.push(resolve(platform, name, node.as_ref(), at, own, problems));
        }
    }
    for e in &out {
        for (used, at) in &e.uses {
            problems.extend(unusable(loaded, &e.name, used).map(|p| p.at(at.clone())));
        }
    }
    out
}

/// Why an environment cannot use another one.
fn unusable(loaded: &Loaded, name: &str, used: &str) -> Option<Diagnostic> {
    let wrong = |message: String| Diagnostic::error("environment::unknown", message);
    if used == name {
        return Some(
            wrong(format!("`{name}` cannot use itself"))
                .help("take it away: names are looked up here first"),
        );
    }
    if !loaded.environments.contains_key(used) {
        let names = loaded.environments.keys().map(String::as_str);
        let near = suggest(used, names.filter(|n| !n.starts_with('_') && *n != name));
        return Some(wrong(format!("there is no environment `{used}` to use")).help_opt(near));
    }
    used.starts_with('_').then(|| {
        wrong(format!("`{used}` is a base and has no units to use"))
            .help(format!("write `extends: [{used}]`"))
    })
}

/// From an environment along what it extends.
struct Chain<'a> {
    loaded: &'a Loaded,
    open: Vec<String>,
    /// Circles that were said.
    circles: &'a mut BTreeSet<BTreeSet<String>>,
    /// Some file could not be read.
    unreadable: bool,
}

impl Chain<'_> {
    /// The file of an environment over everything it extends.
    fn merged(&mut self, name: &str, problems: &mut Problems) -> Option<Node> {
        let loaded = self.loaded;
        let file = loaded.environments.get(name)?;
        self.unreadable |= file.unreadable;
        self.open.push(name.to_owned());
        let mut out: Option<Node> = None;
        for (base, at) in &file.extends {
            if let Some(first) = self.open.iter().position(|n| n == base) {
                self.circle(first, at, problems);
                continue;
            }
            if !loaded.environments.contains_key(base) {
                let names = loaded.environments.keys().map(String::as_str);
                let names: Vec<&str> = names.filter(|n| *n != name).collect();
                let list = format!("environments are: {}", names.join(", "));
                problems.push(
                    Diagnostic::error(
                        "environment::unknown",
                        format!("there is no environment `{base}` to extend"),
                    )
                    .at(at.clone())
                    .help_opt(
                        suggest(base, names.iter().copied())
                            .or((!names.is_empty()).then_some(list)),
                    ),
                );
                continue;
            }
            let node = self.merged(base, problems).map(inherited);
            out = match (out, node) {
                (Some(a), Some(b)) => Some(stacked(&a, &b)),
                (a, b) => a.or(b),
            };
        }
        self.open.pop();
        match (out, &file.node) {
            (Some(base), Some(own)) => Some(stacked(&base, own)),
            (base, own) => base.or_else(|| own.clone()),
        }
    }

    fn circle(&mut self, first: usize, at: &Location, problems: &mut Problems) {
        let members = &self.open[first..];
        if self.circles.insert(members.iter().cloned().collect()) {
            let path = members.join(" → ");
            problems.push(
                Diagnostic::error(
                    "environment::cycle",
                    format!("environments extend each other: {path} → {}", members[0]),
                )
                .at(at.clone())
                .help("take one of these `extends` away"),
            );
        }
    }
}

/// Two files of environments in one. A `null` for something of a component stays: it takes away what the component
/// itself says.
fn stacked(base: &Node, over: &Node) -> Node {
    let mut node = merge(base, over);
    if let (Some(below), Some(above)) = (base.get("components"), over.get("components"))
        && let Kind::Map(map) = &mut node.kind
        && let Some(entry) = map.entries.iter_mut().find(|e| e.key == "components")
    {
        entry.value = overlay(below, above);
    }
    node
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

/// What an environment and all that it extends say together.
pub(crate) fn merged_environment(loaded: &Loaded, name: &str) -> Option<Node> {
    let mut circles = BTreeSet::new();
    let mut chain = Chain {
        loaded,
        open: Vec::new(),
        circles: &mut circles,
        unreadable: false,
    };
    // what is wrong with it is said where it is resolved
    chain.merged(name, &mut Problems::new())
}

/// An environment of an import: it has the name of the one that it is imported into, and these values over its own.
pub(super) fn imported(
    loaded: &Loaded,
    of: &str,
    (platform, name): (&str, &str),
    given: BTreeMap<String, Field>,
    problems: &mut Problems,
) -> Option<Environment> {
    let mut circles = BTreeSet::new();
    let mut chain = Chain {
        loaded,
        open: Vec::new(),
        circles: &mut circles,
        unreadable: false,
    };
    let node = chain.merged(of, problems);
    if chain.unreadable {
        return None;
    }
    let at = loaded.environments.get(of)?.at.clone();
    Some(resolve(platform, name, node.as_ref(), at, given, problems))
}

/// What values do not see.
const STATIC: &str = "values are read before anything runs: they see `values`, `env.name` and `platform.name`, no outputs";

fn resolve(
    platform: &str,
    name: &str,
    node: Option<&Node>,
    at: Location,
    given: BTreeMap<String, Field>,
    problems: &mut Problems,
) -> Environment {
    // unknown keys were reported where the file was read
    let f = Fields::of(node, "an environment", KEYS, &mut Problems::new());
    let mut values: FieldMap = f
        .entries("values", problems)
        .into_iter()
        .filter(|(.., n)| !n.is_null())
        .map(|(k, _, n)| (k.to_owned(), Field::parse(n, problems)))
        .collect();
    for (name, field) in given {
        values.insert(name, field);
    }
    let values = values
        .iter()
        .map(|(k, field)| {
            let scope = ValueScope::new(name, platform, &values, k);
            let term = field.eval(&scope).unwrap_or_else(|e| {
                problems.push(e.help_if_none(STATIC));
                unknown()
            });
            (k.clone(), term)
        })
        .collect();
    let mut flavors = BTreeMap::new();
    for (contract, at, node) in f.entries("flavors", problems) {
        match text(node) {
            Some(component) => {
                let flavor = Flavor {
                    component,
                    at: node.location(),
                    contract_at: at,
                };
                flavors.insert(contract.to_owned(), flavor);
            }
            None if node.is_null() => {}
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
        imports: BTreeMap::new(),
        within: None,
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
