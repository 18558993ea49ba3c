//! For people, in a terminal.
use super::{Shown, about, description, units_of, ways};
use crate::view::shown::clean;
use std::{collections::BTreeSet, fmt::Write as _};
use strata_core::name::Address;
use strata_ops::variables::{Category, Judged, Required, Row};

const CATEGORIES: [Category; 5] = [
    Category::Env,
    Category::Terraform,
    Category::Secret,
    Category::Passthrough,
    Category::Strata,
];

/// The whole text.
pub fn page(s: &Shown<'_>) -> String {
    let mut out = String::new();
    if s.rows.is_empty() {
        let nothing = if s.whole {
            "nothing is needed from outside"
        } else {
            "nothing is missing"
        };
        let _ = writeln!(out, "{nothing}");
    }
    for category in CATEGORIES {
        let rows = s.rows.iter().filter(|(r, _)| r.id.category == category);
        let rows: Vec<&(&Row, &Judged)> = rows.collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "{}: {}", category.word(), about(category));
            table(&mut out, &rows);
            out.push('\n');
        }
    }
    choices(s, &mut out);
    places(s, &mut out);
    if s.whole {
        needless(s, &mut out);
        unknown(s, &mut out);
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

fn table(out: &mut String, rows: &[&(&Row, &Judged)]) {
    let now = |row: &Row, judged: &Judged| match row.required {
        Required::Optional => format!("{}, optional", judged.state.said()),
        _ => judged.state.said(),
    };
    let head = ["KEY", "SENSITIVE", "NOW"].map(str::to_owned);
    let mut cells = vec![(head, "DESCRIPTION".to_owned())];
    cells.extend(rows.iter().map(|(row, judged)| {
        let sensitive = if row.sensitive { "X" } else { "" };
        let short = [clean(&row.id.key), sensitive.to_owned(), now(row, judged)];
        (short, clean(&description(row)))
    }));
    let width = |n: usize| {
        cells
            .iter()
            .map(|(c, _)| c[n].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (key, state) = (width(0), width(2));
    for ([k, x, now], last) in &cells {
        let line = format!("  {k:key$}  {x:9}  {now:state$}  {last}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn choices(s: &Shown<'_>, out: &mut String) {
    let choices = s.choices();
    if choices.is_empty() {
        return;
    }
    let _ = writeln!(out, "one of these ways is enough:");
    for demand in choices {
        let units: BTreeSet<&Address> = demand.used.iter().map(|u| &u.unit).collect();
        let _ = writeln!(out, "  {}: {}", clean(&demand.need.by), units_of(&units));
        for (i, way) in ways(demand).iter().enumerate() {
            let word = if i == 0 { "   " } else { "or " };
            let _ = writeln!(out, "    {word}{}", clean(way));
        }
    }
    out.push('\n');
}

fn places(s: &Shown<'_>, out: &mut String) {
    let used: Vec<_> = s
        .rows
        .iter()
        .filter(|(row, _)| !row.used.is_empty())
        .collect();
    if used.is_empty() {
        return;
    }
    let _ = writeln!(out, "where they are used:");
    for (row, _) in used {
        let _ = writeln!(out, "  {}", clean(&row.id.key));
        for line in s.uses(&row.used) {
            let _ = writeln!(out, "    {}", clean(&line));
        }
    }
    out.push('\n');
}

fn needless(s: &Shown<'_>, out: &mut String) {
    if s.table.needless.is_empty() {
        return;
    }
    let _ = writeln!(out, "not needed, because the files say it:");
    for (n, units) in &s.table.needless {
        let line = super::needless(s, n, units);
        let _ = writeln!(out, "  {}", clean(&n.key));
        let _ = writeln!(out, "    {}", clean(&line));
    }
    out.push('\n');
}

fn unknown(s: &Shown<'_>, out: &mut String) {
    if s.table.unknown.is_empty() {
        return;
    }
    let _ = writeln!(out, "nobody here knows what these read:");
    for (what, places) in &s.table.unknown {
        let units: BTreeSet<&Address> = places.iter().map(|(u, _)| u).collect();
        let _ = writeln!(out, "  {}: {}", clean(what), units_of(&units));
    }
}
