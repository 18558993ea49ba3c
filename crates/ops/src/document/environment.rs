//! `environments/NAME.yaml`: a named instance of the platform.
use crate::decode::{Fields, Problems, expected, text};
use crate::document::platform::not_yet;
use crate::imports::wish::{Wish, wishes};
use strata_core::{proposal::Action, span::Location};
use strata_syntax::node::{Kind, Node};

/// Keys of the file.
pub const KEYS: &[&str] = &[
    "extends",
    "shared",
    "uses",
    "branch",
    "values",
    "flavors",
    "components",
    "imports",
    "gates",
    "store",
    "backend",
    "credentials",
    "description",
];

/// What a repo of BitOps calls its imports.
const OF_BITOPS: &str = "default-environments";

/// An environment as its file has it, before what it extends is merged in.
#[derive(Clone, Debug)]
pub struct EnvironmentFile {
    /// Its name: the file's.
    pub name: String,
    /// What it is built upon, in order.
    pub extends: Vec<(String, Location)>,
    /// Of these, whose imports are this one's too.
    pub carries: Vec<String>,
    /// What it imports itself.
    pub imports: Vec<Wish>,
    /// The whole file.
    pub node: Option<Node>,
    /// It could not be read, so nobody knows what it says.
    pub unreadable: bool,
    /// The file.
    pub at: Location,
}

impl EnvironmentFile {
    /// From a file that could not be read.
    pub fn broken(name: &str, at: Location) -> Self {
        Self {
            name: name.to_owned(),
            extends: Vec::new(),
            carries: Vec::new(),
            imports: Vec::new(),
            node: None,
            unreadable: true,
            at,
        }
    }
    /// From its file.
    pub fn decode(name: &str, node: Option<Node>, at: Location, problems: &mut Problems) -> Self {
        let f = Fields::of(node.as_ref(), "an environment", KEYS, problems);
        for (key, instead) in [
            ("branch", "check that branch out and run strata there"),
            ("store", "set `store:` in `strata.yaml`"),
            ("backend", "set `terraform: {backend: …}` in the component"),
            (
                "credentials",
                "pass the variables that the tools read themselves",
            ),
        ] {
            if let Some(n) = f.get(key) {
                problems.push(not_yet(n, key, instead));
            }
        }
        if f.get(OF_BITOPS).is_some()
            && let Some(problem) = problems.iter_mut().rfind(|p| p.message.contains(OF_BITOPS))
        {
            problem.help = Some("that is BitOps' word; write `imports:`".to_owned());
        }
        let imports = f.get("imports").map(|n| wishes(n, problems));
        let (mut extends, mut carries) = (Vec::new(), Vec::new());
        if let Some(list) = f.get("extends") {
            match &list.kind {
                Kind::List(items) => {
                    for item in items {
                        let name = match &item.kind {
                            Kind::Map(_) => {
                                let keys = &["name", "imports"];
                                let what = "an entry of `extends`";
                                let f = Fields::of(Some(item), what, keys, problems);
                                let name = f.text("name", problems);
                                if f.flag("imports", problems) == Some(true) {
                                    carries.extend(name.clone());
                                }
                                name
                            }
                            _ => text(item),
                        };
                        match name {
                            Some(name) => extends.push((name, item.location())),
                            None => problems.push(expected(
                                item,
                                "an entry of `extends`",
                                "the name of an environment",
                            )),
                        }
                    }
                }
                _ => match text(list) {
                    Some(name) => extends.push((name, list.location())),
                    None => problems.push(expected(list, "`extends`", "a list of environments")),
                },
            }
        }
        Self {
            name: name.to_owned(),
            extends,
            carries,
            imports: imports.unwrap_or_default(),
            node,
            unreadable: false,
            at,
        }
    }
}

/// What `gates.replan` allows a unit that could not be planned before.
pub fn replan(word: &str) -> Option<Action> {
    match word {
        "create-only" => Some(Action::Create),
        "update" => Some(Action::Update),
        "any" => Some(Action::Wait),
        _ => None,
    }
}
