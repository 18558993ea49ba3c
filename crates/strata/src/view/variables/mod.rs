//! The table of variables in each of its forms. None of them ever sees a value.
pub mod data;
pub mod human;
pub mod markdown;
pub mod template;

use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    name::Address,
    span::{Location, line_column},
    tree::Tree,
};
use strata_ops::variables::{Category, Demand, Judged, Needless, Row, Table, Used, way};

/// What is shown.
pub struct Shown<'a> {
    /// Name of the platform.
    pub platform: &'a str,
    /// Environments.
    pub envs: &'a [String],
    /// Rows, and how each stands.
    pub rows: Vec<(&'a Row, &'a Judged)>,
    /// Are these all rows?
    pub whole: bool,
    /// The whole table.
    pub table: &'a Table,
    /// The files, for lines.
    pub tree: &'a dyn Tree,
}

impl Shown<'_> {
    /// `infra/main.tf:12`
    fn place(&self, at: &Location) -> String {
        let text = self.tree.text(&at.file).unwrap_or_default();
        let (line, _) = line_column(&text, at.span.start);
        format!("{}:{line}", at.file)
    }

    /// By whom and where: one line for each plug-in, input or option.
    fn uses(&self, used: &BTreeSet<Used>) -> Vec<String> {
        let mut by: BTreeMap<(&str, Option<String>), BTreeSet<&Address>> = BTreeMap::new();
        for u in used {
            let place = u.at.as_ref().map(|at| self.place(at));
            by.entry((&u.by, place)).or_default().insert(&u.unit);
        }
        let lines = by.into_iter().map(|((by, place), units)| {
            let place = place.map(|p| format!(" ({p})")).unwrap_or_default();
            format!("{by}: {}{place}", units_of(&units))
        });
        lines.collect()
    }

    /// Rows that can serve a demand are named by it; rows that nothing else can replace are not a choice.
    fn choices(&self) -> Vec<&Demand> {
        let mut out: Vec<&Demand> = Vec::new();
        for (row, _) in &self.rows {
            for demand in self.table.alternatives(row) {
                if !out.iter().any(|d| std::ptr::eq(*d, demand)) {
                    out.push(demand);
                }
            }
        }
        out
    }
}

/// Units in a line.
fn units_of<'a>(units: impl IntoIterator<Item = &'a &'a Address>) -> String {
    let names: Vec<String> = units.into_iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The ways of a demand in words: `A`, `B and C`, `az login`.
fn ways(demand: &Demand) -> Vec<String> {
    let own = demand.need.ways.iter().map(|w| way(w));
    own.chain(demand.elsewhere()).collect()
}

/// A variable that the files make needless, and what does: in one line.
fn needless(s: &Shown<'_>, n: &Needless, units: &BTreeSet<Address>) -> String {
    let place = n.at.as_ref().map(|at| format!(" ({})", s.place(at)));
    let units: Vec<&Address> = units.iter().collect();
    format!(
        "{}: {} says it{}, in {}",
        n.by,
        n.with,
        place.unwrap_or_default(),
        units_of(&units)
    )
}

/// The key as it stands in the table: with whose it is, where several have one name.
fn description(row: &Row) -> String {
    match &row.id.of {
        Some(of) => format!("{} ({of})", row.description),
        None => row.description.clone(),
    }
}

/// What a category is.
fn about(category: Category) -> &'static str {
    match category {
        Category::Env => "read by tools from their environment",
        Category::Terraform => "set in the tool's own remote workspace",
        Category::Secret => "read by strata and handed to tools",
        Category::Passthrough => "handed to every tool",
        Category::Strata => "settings of strata",
    }
}
