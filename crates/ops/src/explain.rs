//! Where an input of a unit comes from: every place that says something of it, the one that counts last.
use crate::{
    compose::{
        Composition, Unit,
        instances::{field_of, merged},
    },
    field::Field,
    load::{COMPONENT_FILE, Loaded},
    scope::{self, Outputs},
};
use std::collections::BTreeSet;
use strata_core::{diagnostic::Diagnostic, span::Location, ty::Type, value::Term};
use strata_syntax::{expr::each_field_of, kept, node::Node};

/// A place that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What kind of place: `component.yaml`, `environment dev`.
    pub source: String,
    /// Where exactly.
    pub at: Location,
    /// What stands there.
    pub text: String,
}

/// An input, explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Its name.
    pub input: String,
    /// The type that its tool wants.
    pub ty: Type,
    /// Is it declared sensitive?
    pub sensitive: bool,
    /// What its tool says about it.
    pub description: Option<String>,
    /// Where its tool declares it; `None` when it does not.
    pub declared: Option<Location>,
    /// Places in the order in which they are merged: the last one counts.
    pub written: Vec<Written>,
    /// Values that the expression of the last place reads, with where each is written.
    pub values: Vec<Written>,
    /// What it is; `None` when nobody gives it and the tool's own default counts.
    pub value: Option<Result<Term, Diagnostic>>,
}

/// Names of all inputs that a unit is given or that its tool declares.
pub fn inputs(c: &Composition, unit: usize) -> BTreeSet<String> {
    let v = c.variant(&c.units[unit]);
    let declared = v.interface.inputs.keys();
    declared.chain(v.component.inputs.keys()).cloned().collect()
}

/// Explains an input.
pub fn input(c: &Composition, unit: usize, name: &str, outputs: &dyn Outputs) -> Explained {
    let u = &c.units[unit];
    let v = c.variant(u);
    let declared = v.interface.inputs.get(name);
    let mut written = Vec::new();
    if let Some(input) = declared
        && let (Some(default), Some(at)) = (&input.default, &input.at)
    {
        written.push(Written {
            source: "default of its tool".to_owned(),
            at: at.clone(),
            text: default.to_json().to_string(),
        });
    }
    places(c, u, &mut |source, node| {
        if let Some(found) = node.get("inputs").and_then(|i| i.get(name)) {
            written.push(said(source, found));
        }
    });
    let field = v.component.inputs.get(name);
    let mut value = field.map(|f| scope::eval_with(c, unit, f, outputs));
    if let Some(own) = u.own_inputs().and_then(|own| own.get(name)) {
        let at = field_of(c, c.units[unit].env as usize, v, &mut Vec::new()).map(|f| f.at);
        written.push(Written {
            source: format!(
                "inputs of the instance {}",
                u.address.key.as_deref().unwrap_or("")
            ),
            at: at.unwrap_or_else(|| v.component.at.clone()),
            text: own
                .plain()
                .map_or_else(String::new, |v| v.to_json().to_string()),
        });
        // what is wrong below does not count where it is replaced
        let below = value.take().and_then(Result::ok);
        value = merged(below, own).map(Ok);
    }
    Explained {
        input: name.to_owned(),
        ty: declared.map(|i| i.ty.clone()).unwrap_or_default(),
        sensitive: declared.is_some_and(|i| i.sensitive),
        description: declared.and_then(|i| i.description.clone()),
        declared: declared.and_then(|i| i.at.clone()),
        written,
        values: field.map(|f| values(c, u, f)).unwrap_or_default(),
        value,
    }
}

/// The cluster that a unit's engine speaks to; nothing when nobody says one. Credentials that are written out are hidden.
pub fn cluster(c: &Composition, unit: usize, outputs: &dyn Outputs) -> Option<Explained> {
    let u = &c.units[unit];
    let v = c.variant(u);
    let field = v.component.cluster.as_ref()?;
    let mut written = Vec::new();
    places(c, u, &mut |source, node| {
        if let Some(found) = node.get("cluster").filter(|n| !n.is_null()) {
            let mut place = said(source, found);
            if field_is_written_out(found) {
                "(written out)".clone_into(&mut place.text);
            }
            written.push(place);
        }
    });
    let value = scope::eval_with(c, unit, field, outputs).map(hidden);
    Some(Explained {
        input: "cluster".to_owned(),
        ty: Type::Any,
        sensitive: true,
        description: None,
        declared: None,
        written,
        values: values(c, u, field),
        value: Some(value),
    })
}

/// Does no expression stand in it?
fn field_is_written_out(node: &Node) -> bool {
    Field::parse(node, &mut Vec::new()).is_constant()
}

/// A cluster without what lets anybody in.
fn hidden(term: Term) -> Term {
    let text = |what: &str| Term::String(format!("({what})"));
    match term {
        Term::String(_) => text("a kubeconfig"),
        Term::Map(map) => {
            let entry = |(key, term): (String, Term)| {
                let secret = ["kubeconfig", "token", "ca"].contains(&key.as_str());
                let term = match term {
                    Term::String(_) if secret => text("written out"),
                    other => other,
                };
                (key, term)
            };
            Term::Map(map.into_iter().map(entry).collect())
        }
        other => other,
    }
}

fn said(source: &str, node: &Node) -> Written {
    let text = match node.as_str() {
        Some(text) => text.to_owned(),
        None => node.to_value().to_json().to_string(),
    };
    Written {
        source: source.to_owned(),
        at: node.location(),
        text,
    }
}

/// Everything that describes a component in an environment, lowest precedence first.
fn places(c: &Composition, unit: &Unit, look: &mut dyn FnMut(&str, &Node)) {
    let v = c.variant(unit);
    let env = unit.env as usize;
    let (name, loaded) = (v.component.name.as_str(), c.loaded_of(env).as_ref());
    let source = loaded.components.get(name);
    let layer = source.map_or(c.layer(unit), |s| {
        loaded.platform.layers[s.layer].layer.name.as_str()
    });
    for rule in &loaded.platform.defaults {
        if rule.fits(layer, &v.component.engine) {
            look("defaults of strata.yaml", &rule.node);
        }
    }
    for (_, _, node) in loaded
        .platform
        .components
        .iter()
        .filter(|(n, ..)| n == name)
    {
        look("components of strata.yaml", node);
    }
    let own = format!("{}/{COMPONENT_FILE}", v.component.folder);
    if loaded.tree.file(&own).is_some()
        && let Ok((Some(node), _)) = kept::yaml(loaded.tree.as_ref(), &own)
    {
        look(COMPONENT_FILE, &node);
    }
    for env in chain(loaded, c.envs[env].own_name()) {
        let file = loaded.environments.get(&env).and_then(|f| f.node.as_ref());
        if let Some(node) = file.and_then(|n| n.get("components")?.get(name)) {
            look(&format!("environment {env}"), node);
        }
    }
    // what who imports it says counts more, the nearest to the platform most
    let (mut at, mut path) = (env, name.to_owned());
    while let Some(within) = &c.envs[at].within {
        let alias = within.path.rsplit('/').next().unwrap_or_default();
        path = format!("{alias}/{path}");
        at = within.parent;
        let loaded = c.loaded_of(at);
        for env in chain(loaded, c.envs[at].own_name()) {
            let file = loaded.environments.get(&env).and_then(|f| f.node.as_ref());
            if let Some(node) = file.and_then(|n| n.get("components")?.get(&path)) {
                look(&format!("environment {env}"), node);
            }
        }
    }
}

/// The files of an environment, what it extends first.
pub fn chain(loaded: &Loaded, env: &str) -> Vec<String> {
    fn go(loaded: &Loaded, env: &str, open: &mut Vec<String>, out: &mut Vec<String>) {
        let Some(file) = loaded.environments.get(env) else {
            return;
        };
        if open.iter().any(|o| o == env) {
            return;
        }
        open.push(env.to_owned());
        for (base, _) in &file.extends {
            go(loaded, base, open, out);
        }
        open.pop();
        out.push(env.to_owned());
    }
    let mut out = Vec::new();
    go(loaded, env, &mut Vec::new(), &mut out);
    out
}

/// Values that a field reads, each where it is written last.
fn values(c: &Composition, unit: &Unit, field: &Field) -> Vec<Written> {
    let mut names: Vec<&str> = Vec::new();
    field.each_template(&mut |t| {
        each_field_of(t, "values", &mut |name| names.extend(name));
    });
    let loaded = c.loaded_of(unit.env as usize);
    let files = chain(loaded, c.env(unit).own_name());
    names
        .into_iter()
        .filter_map(|name| {
            files.iter().rev().find_map(|env| {
                let node = loaded.environments.get(env)?.node.as_ref()?;
                let value = node.get("values")?.get(name)?;
                Some(said(&format!("values.{name}"), value))
            })
        })
        .collect()
}
