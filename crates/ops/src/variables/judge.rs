//! What of the table is there now.
use super::{Category, Demand, Required, Row, Table, way};

/// What is around the program. Only whether something is there is asked, never what it is.
pub trait World {
    /// Is a process variable set, and not empty?
    fn is_set(&self, key: &str) -> bool;
    /// Is there such a file? Relative paths begin at the platform's folder.
    fn has_file(&self, path: &str) -> bool;
}

/// How a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there.
    Set,
    /// It is there, and the tools that read it get it.
    PassedOn,
    /// It is not there.
    NotSet,
    /// Something else does.
    Satisfied(String),
    /// It lies where nobody can look from here.
    NotSeen,
}

impl State {
    /// As it stands in data.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::PassedOn => "passed-on",
            Self::NotSet => "not-set",
            Self::Satisfied(_) => "satisfied",
            Self::NotSeen => "not-seen",
        }
    }
    /// As a person reads it.
    pub fn said(&self) -> String {
        match self {
            Self::Set => "set".to_owned(),
            Self::PassedOn => "set, passed on".to_owned(),
            Self::NotSet => "not set".to_owned(),
            Self::Satisfied(by) => format!("satisfied by {by}"),
            Self::NotSeen => "not seen from here".to_owned(),
        }
    }
}

/// A row, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// How it stands.
    pub state: State,
    /// Is something that needs it still without?
    pub open: bool,
    /// Is it certain that something will not work?
    pub missing: bool,
}

/// How every row stands, in the order of the rows.
pub fn judge(table: &Table, world: &dyn World) -> Vec<Judged> {
    table
        .rows
        .iter()
        .map(|row| match row.id.category {
            Category::Env => variable(table, row, world),
            Category::Secret => secret(row, world),
            Category::Terraform => Judged {
                state: State::NotSeen,
                open: false,
                missing: false,
            },
            Category::Passthrough | Category::Strata => Judged {
                state: present(world.is_set(&row.id.key)),
                open: false,
                missing: false,
            },
        })
        .collect()
}

fn present(there: bool) -> State {
    if there { State::Set } else { State::NotSet }
}

fn secret(row: &Row, world: &dyn World) -> Judged {
    let state = match row.id.key.split_once(':') {
        Some(("generate", _)) => State::Satisfied("strata, which makes it".to_owned()),
        Some(("file", path)) => present(world.has_file(path)),
        _ => present(world.is_set(&row.id.key)),
    };
    let open = state == State::NotSet;
    Judged {
        missing: open,
        state,
        open,
    }
}

/// The way of a demand that is whole.
fn whole<'d>(demand: &'d Demand, world: &dyn World) -> Option<&'d Vec<String>> {
    let mut ways = demand.need.ways.iter();
    ways.find(|way| way.iter().all(|key| world.is_set(key)))
}

fn variable(table: &Table, row: &Row, world: &dyn World) -> Judged {
    let key = &row.id.key;
    let demands = row.demands.iter().map(|i| &table.demands[*i]);
    let wanting: Vec<&Demand> = demands
        .filter(|d| d.need.ways.iter().any(|way| way.contains(key)))
        .collect();
    let left: Vec<&&Demand> = wanting
        .iter()
        .filter(|d| whole(d, world).is_none())
        .collect();
    let here = world.is_set(key);
    let state = if here {
        State::PassedOn
    } else if let (true, Some(way_of)) = (
        left.is_empty(),
        wanting.first().and_then(|d| whole(d, world)),
    ) {
        State::Satisfied(way(way_of))
    } else {
        State::NotSet
    };
    let open = !here && !left.is_empty() && row.required != Required::Optional;
    Judged {
        missing: open && left.iter().any(|d| is_missing(d, key, world)),
        state,
        open,
    }
}

/// Is it certain that a demand needs this? Where something else may serve, only a way that was begun is missed: its
/// first variable is set.
fn is_missing(demand: &Demand, key: &str, world: &dyn World) -> bool {
    let begun = |way: &&Vec<String>| way.first().is_some_and(|first| world.is_set(first));
    let ways = || demand.need.ways.iter();
    if ways().any(|way| begun(&way)) {
        return ways().filter(begun).any(|way| way.iter().any(|k| k == key));
    }
    !demand.has_elsewhere()
}
