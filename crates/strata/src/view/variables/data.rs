//! For programs.
use super::Shown;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use strata_core::span::Location;
use strata_ops::variables::{Judged, Row, State, Used};

/// The whole document.
pub fn page(s: &Shown<'_>) -> String {
    let rows: Vec<Json> = s.rows.iter().map(|(r, j)| row(s, r, j)).collect();
    let needless: Vec<Json> = s
        .table
        .needless
        .iter()
        .map(|(n, units)| {
            json!({
                "key": n.key,
                "by": n.by,
                "with": n.with,
                "at": place(s, n.at.as_ref()),
                "units": units,
            })
        })
        .collect();
    let unknown: Vec<Json> = s
        .table
        .unknown
        .iter()
        .map(|(what, places)| {
            let used = places.iter();
            let used = used.map(|(unit, at)| json!({"unit": unit, "at": place(s, at.as_ref())}));
            json!({"what": what, "used": used.collect::<Vec<_>>()})
        })
        .collect();
    let whole = json!({
        "platform": s.platform,
        "environments": s.envs,
        "missing": s.rows.iter().filter(|(_, j)| j.missing).map(|(r, _)| &r.id.key).collect::<BTreeSet<_>>(),
        "variables": rows,
        "needless": if s.whole { needless } else { Vec::new() },
        "unknown": if s.whole { unknown } else { Vec::new() },
    });
    let mut text = serde_json::to_string_pretty(&whole).expect("plain data");
    text.push('\n');
    text
}

fn row(s: &Shown<'_>, row: &Row, judged: &Judged) -> Json {
    let alternatives: Vec<Json> = s
        .table
        .alternatives(row)
        .iter()
        .map(|d| json!({"by": d.need.by, "ways": d.need.ways, "elsewhere": d.elsewhere()}))
        .collect();
    json!({
        "key": row.id.key,
        "of": row.id.of,
        "sensitive": row.sensitive,
        "category": row.id.category.word(),
        "description": row.description,
        "required": row.required.word(),
        "state": judged.state.word(),
        "satisfied_by": match &judged.state {
            State::Satisfied(by) => Some(by),
            _ => None,
        },
        "missing": judged.missing,
        "alternatives": alternatives,
        "used": row.used.iter().map(|u| used(s, u)).collect::<Vec<_>>(),
        "sources": row.sources,
    })
}

fn used(s: &Shown<'_>, u: &Used) -> Json {
    json!({"unit": u.unit, "by": u.by, "at": place(s, u.at.as_ref())})
}

fn place(s: &Shown<'_>, at: Option<&Location>) -> Option<String> {
    at.map(|at| s.place(at))
}
