//! What was found in the tree, before it becomes a proposal.
use crate::{layers::Guess, place::Place};
use std::collections::{BTreeMap, BTreeSet};

/// Which environments have a component, as far as its own files tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environments {
    /// These.
    Named(BTreeSet<String>),
    /// One that serves the others, with the name of its folder.
    Shared(Option<String>),
    /// Every one: nothing in it belongs to one only.
    Every,
    /// One of its own, where no file names any; else it serves those that are named.
    Alone(String),
}

impl Environments {
    /// One by its name.
    pub fn one(name: &str) -> Self {
        Self::Named(BTreeSet::from([name.to_owned()]))
    }
    /// What a path says, else something else.
    pub fn by(place: &Place, otherwise: Self) -> Self {
        match &place.env {
            Some(env) if place.shared => Self::Shared(Some(env.clone())),
            Some(env) => Self::one(env),
            None => otherwise,
        }
    }
}

/// A line of a component's entry: YAML, and why it stands there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The value as YAML on one line.
    pub yaml: String,
    /// A comment.
    pub why: Option<String>,
}

impl Line {
    /// Without a comment.
    pub fn plain(yaml: impl Into<String>) -> Self {
        Self {
            yaml: yaml.into(),
            why: None,
        }
    }
    /// With one.
    pub fn because(yaml: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            yaml: yaml.into(),
            why: Some(why.into()),
        }
    }
}

/// An edge: what has to be there before, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// As `after` spells it.
    pub to: String,
    /// A comment.
    pub why: String,
    /// Does something in the files give it already, so that no line has to?
    pub given: bool,
}

/// A folder that is to become a component.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its folder.
    pub folder: String,
    /// The engine that runs it.
    pub engine: &'static str,
    /// What it is, for people.
    pub what: String,
    /// A name of its own, where its files have one that says more than its folder.
    pub called: Option<String>,
    /// What its path says.
    pub place: Place,
    /// Its environments.
    pub environments: Environments,
    /// Which layer it may be of.
    pub guess: Guess,
    /// Options of its engine.
    pub options: BTreeMap<String, Line>,
    /// Options of its engine in one environment.
    pub options_in: BTreeMap<String, BTreeMap<String, Line>>,
    /// Inputs.
    pub inputs: BTreeMap<String, Line>,
    /// What a person should look at.
    pub look: Vec<String>,
    /// Other files that it may see.
    pub reads: Vec<String>,
}

impl Found {
    /// With nothing said yet.
    pub fn new(folder: &str, engine: &'static str, what: impl Into<String>, place: Place) -> Self {
        let environments = Environments::by(&place, Environments::Every);
        Self {
            folder: folder.to_owned(),
            engine,
            what: what.into(),
            called: None,
            place,
            environments,
            guess: Guess::default(),
            options: BTreeMap::new(),
            options_in: BTreeMap::new(),
            inputs: BTreeMap::new(),
            look: Vec::new(),
            reads: Vec::new(),
        }
    }
}

/// A text as YAML on one line: quoted where it could be read as something else.
pub fn quoted(text: &str) -> String {
    if text.contains("${{") {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let value = strata_core::value::Value::from(text);
    strata_syntax::yaml::emit(&value).trim_end().to_owned()
}

/// Texts as a YAML list on one line.
pub fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}
