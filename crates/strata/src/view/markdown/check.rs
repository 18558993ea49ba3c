//! What `check` found, as a table.
use super::{LIMIT, code, prose};
use crate::view::findings::{Finding, count, word};
use strata_core::diagnostic::Diagnostic;

/// Heading and table, cut at [`LIMIT`].
pub fn findings(problems: &[Diagnostic], found: &[Finding<'_>]) -> String {
    let mut out = format!("### strata check: {}\n", count(problems));
    if found.is_empty() {
        return out;
    }
    out.push_str("\n| | where | what |\n|---|---|---|\n");
    let note = "\nMore was found than a comment can hold: run `strata check`.\n";
    for f in found {
        let place =
            f.at.as_ref()
                .map(|at| code(&format!("{}:{}:{}", at.path, at.line, at.column)))
                .unwrap_or_default();
        let mut what = format!("{} ({})", prose(&f.what.message), code(&f.what.code));
        for (at, why) in &f.related {
            let place = code(&format!("{}:{}:{}", at.path, at.line, at.column));
            what.push_str(&format!("<br>{}: {place}", prose(why)));
        }
        if let Some(help) = &f.what.help {
            what.push_str(&format!("<br>*help*: {}", prose(help)));
        }
        let row = format!("| {} | {place} | {what} |\n", word(f.what.severity));
        if out.len() + row.len() + note.len() > LIMIT {
            out.push_str(note);
            break;
        }
        out.push_str(&row);
    }
    out
}
