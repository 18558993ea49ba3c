//! A file `.env` to be filled in: every line that could set something is empty.
use super::{Shown, description, units_of, ways};
use crate::view::shown::clean;
use std::{collections::BTreeSet, fmt::Write as _};
use strata_core::name::Address;
use strata_ops::variables::{Category, Required, Row};

/// The whole file.
pub fn page(s: &Shown<'_>) -> String {
    let mut out = format!(
        "# Variables of {}: {}\n# Fill in what is needed; keep this file out of the repository.\n",
        clean(s.platform),
        clean(&s.envs.join(", "))
    );
    let choices = s.choices();
    if !choices.is_empty() {
        out.push_str("#\n# Of each of these, one way is enough:\n");
    }
    for demand in choices {
        let line = format!("{}: {}", demand.need.by, ways(demand).join("; or "));
        let _ = writeln!(out, "# - {}", clean(&line));
    }
    let first = firsts(s);
    for (row, _) in &s.rows {
        out.push('\n');
        entry(row, &first, &mut out);
    }
    out
}

/// Variables of the first way of each choice: the others stay remarks, so that no empty value gets in their way.
fn firsts<'a>(s: &Shown<'a>) -> BTreeSet<&'a str> {
    let rows = s.rows.iter();
    rows.flat_map(|(row, _)| row.demands.iter())
        .filter_map(|i| s.table.demands[*i].need.ways.first())
        .flatten()
        .map(String::as_str)
        .collect()
}

fn entry(row: &Row, first: &BTreeSet<&str>, out: &mut String) {
    let mut remark = |text: &str| {
        let _ = writeln!(out, "# {}", clean(text));
    };
    let sensitive = if row.sensitive { " (sensitive)" } else { "" };
    remark(&format!("{}{sensitive}", description(row)));
    let units: BTreeSet<&Address> = row.used.iter().map(|u| &u.unit).collect();
    if !units.is_empty() {
        let word = match row.required {
            Required::Optional => "optional",
            Required::OneOf => "one way among others",
            Required::Yes => "required",
        };
        remark(&format!("{word}: {}", units_of(&units)));
    }
    let key = &row.id.key;
    let name = !key.starts_with(|c: char| c.is_ascii_digit())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let ours = match row.id.category {
        Category::Terraform => Some("set it in the remote workspace"),
        Category::Secret if key.starts_with("file:") => Some("make this file"),
        Category::Secret if key.starts_with("generate:") => Some("strata makes it"),
        _ => None,
    };
    if let Some(what) = ours {
        remark(&format!("{key}: {what}"));
    } else if !name || key.is_empty() {
        remark(key);
    } else if row.required == Required::Yes || first.contains(key.as_str()) {
        let _ = writeln!(out, "{key}=");
    } else {
        let _ = writeln!(out, "#{key}=");
    }
}
