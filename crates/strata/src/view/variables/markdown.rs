//! A page to hand to somebody: the table first, then what stands behind it.
use super::{Shown, description, units_of};
use crate::view::markdown::{code, prose, text};
use std::{collections::BTreeSet, fmt::Write as _};
use strata_core::name::Address;
use strata_ops::variables::way;

/// The whole page.
pub fn page(s: &Shown<'_>) -> String {
    let mut out = format!("# Variables of {}\n\n", text(s.platform));
    let envs: Vec<String> = s.envs.iter().map(|e| text(e)).collect();
    let _ = writeln!(out, "Environments: {}.\n", envs.join(", "));
    if s.rows.is_empty() {
        let nothing = if s.whole {
            "Nothing is needed from outside."
        } else {
            "Nothing is missing."
        };
        let _ = writeln!(out, "{nothing}");
    } else {
        table(s, &mut out);
        choices(s, &mut out);
        details(s, &mut out);
    }
    if s.whole {
        needless(s, &mut out);
        unknown(s, &mut out);
    }
    out
}

fn table(s: &Shown<'_>, out: &mut String) {
    out.push_str("| Key | Sensitive | Category | Description |\n|---|---|---|---|\n");
    for (row, _) in &s.rows {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(&row.id.key),
            if row.sensitive { "X" } else { "" },
            row.id.category.word(),
            prose(&description(row))
        );
    }
}

fn choices(s: &Shown<'_>, out: &mut String) {
    let choices = s.choices();
    if choices.is_empty() {
        return;
    }
    out.push_str("\n## One of these ways is enough\n\n");
    for demand in choices {
        let units: BTreeSet<&Address> = demand.used.iter().map(|u| &u.unit).collect();
        let said = demand.need.ways.iter().map(|w| {
            let names: Vec<String> = w.iter().map(|name| code(name)).collect();
            way(&names)
        });
        let elsewhere = demand.elsewhere();
        let said: Vec<String> = said.chain(elsewhere.iter().map(|w| prose(w))).collect();
        let _ = writeln!(
            out,
            "- {} ({}): {}",
            prose(&demand.need.by),
            text(&units_of(&units)),
            said.join("; or ")
        );
    }
}

fn details(s: &Shown<'_>, out: &mut String) {
    out.push_str("\n## Details\n");
    for (row, judged) in &s.rows {
        let _ = writeln!(out, "\n### {}\n", code(&row.id.key));
        let _ = writeln!(
            out,
            "- {}, {}",
            row.required.word(),
            text(&judged.state.said())
        );
        for line in s.uses(&row.used) {
            let _ = writeln!(out, "- {}", prose(&line));
        }
        for source in row.sources.iter().filter(|s| !s.is_empty()) {
            // from our own data, never from a file of the platform
            let _ = writeln!(out, "- documented in <{source}>");
        }
    }
}

fn needless(s: &Shown<'_>, out: &mut String) {
    if s.table.needless.is_empty() {
        return;
    }
    out.push_str("\n## Not needed, because the files say it\n\n");
    for (n, units) in &s.table.needless {
        let line = super::needless(s, n, units);
        let _ = writeln!(out, "- {}: {}", code(&n.key), prose(&line));
    }
}

fn unknown(s: &Shown<'_>, out: &mut String) {
    if s.table.unknown.is_empty() {
        return;
    }
    out.push_str("\n## Nobody here knows what these read\n\n");
    for (what, places) in &s.table.unknown {
        let units: BTreeSet<&Address> = places.iter().map(|(u, _)| u).collect();
        let _ = writeln!(out, "- {}: {}", prose(what), text(&units_of(&units)));
    }
}
