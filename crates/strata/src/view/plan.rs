//! A plan as a stack of layers.
use crate::context::Context;
use std::collections::BTreeMap;
use strata_core::{
    plan::{Basis, Plan, Step},
    proposal::{Action, Change, Fidelity, Proposal},
};
use strata_ops::compose::Composition;

/// How many detail lines of one unit are shown.
const DETAIL: usize = 12;

/// Prints a plan to apply to standard output.
pub fn print(cx: &Context, plan: &Plan, c: &Composition) {
    if cx.json() {
        println!(
            "{}",
            serde_json::to_string_pretty(plan).expect("a plan is plain data")
        );
        return;
    }
    let order = c.loaded.platform.layer_names();
    print!("{}", text(plan, &order, cx.color_out()));
}

/// Prints a plan to destroy.
pub fn print_destroy(cx: &Context, plan: &Plan) {
    if cx.json() {
        println!(
            "{}",
            serde_json::to_string_pretty(plan).expect("a plan is plain data")
        );
        return;
    }
    println!(
        "{} will be destroyed, in this order:",
        units(plan.body.steps.len())
    );
    for step in &plan.body.steps {
        println!("  - {}  ({})", step.unit, step.layer);
    }
}

fn units(n: usize) -> String {
    format!("{n} unit{}", if n == 1 { "" } else { "s" })
}

fn text(plan: &Plan, order: &[&str], color: bool) -> String {
    let mut out = String::new();
    let paint = |code: &str, text: &str| {
        if color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    for env in &plan.body.environments {
        let mut layers: BTreeMap<usize, Vec<&Step>> = BTreeMap::new();
        for step in plan
            .body
            .steps
            .iter()
            .filter(|s| s.unit.env.as_ref() == env.as_str())
        {
            let at = order
                .iter()
                .position(|l| *l == step.layer)
                .unwrap_or(usize::MAX);
            layers.entry(at).or_default().push(step);
        }
        if layers
            .values()
            .flatten()
            .all(|s| matches!(s.basis, Basis::Unchanged { .. }))
        {
            continue;
        }
        out.push_str(&format!("{}\n", paint("1", env)));
        let names = layers.values().flatten().map(|s| s.unit.local());
        let width = column(names);
        for steps in layers.values() {
            let pending: Vec<&&Step> = steps
                .iter()
                .filter(|s| !matches!(s.basis, Basis::Unchanged { .. }))
                .collect();
            let still = steps.len() - pending.len();
            let note = if still > 0 {
                format!("  {still} unchanged")
            } else {
                String::new()
            };
            if pending.is_empty() {
                continue;
            }
            out.push_str(&format!(
                "  {}{}\n",
                paint("36", &steps[0].layer),
                paint("2", &note)
            ));
            for step in pending {
                unit(&mut out, step, width, &paint);
            }
        }
    }
    for unit in &plan.orphans {
        out.push_str(&format!(
            "{} {unit} is applied and no longer in the files (strata destroy {} --orphans, or strata forget {unit})\n",
            paint("33", "orphan"),
            unit.env
        ));
    }
    for note in &plan.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    let count = |f: &dyn Fn(&Basis) -> bool| plan.body.steps.iter().filter(|s| f(&s.basis)).count();
    let of = |word: &str| count(&|b| b.word() == word);
    let unchanged = of("unchanged");
    if unchanged == plan.body.steps.len() {
        out.push_str(&format!(
            "nothing to do: {} as last applied\n",
            units(unchanged)
        ));
        return out;
    }
    let mut parts = vec![format!("{} exact", of("exact"))];
    for (n, word) in [
        (of("conditional"), "conditional"),
        (of("assumed"), "assumed"),
        (of("deferred"), "deferred"),
        (of("unverified"), "to verify"),
        (unchanged, "unchanged"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    out.push_str(&format!(
        "\n{}   plan {}\n",
        parts.join(" · "),
        plan.digest.short()
    ));
    out
}

/// The width of a column of names: as wide as the longest, but for the few that would push all others out of sight.
pub fn column<N: AsRef<str>>(names: impl Iterator<Item = N>) -> usize {
    let widths = names.map(|n| n.as_ref().chars().count());
    widths.max().unwrap_or(0).clamp(30, 44)
}

fn unit(out: &mut String, step: &Step, width: usize, paint: &dyn Fn(&str, &str) -> String) {
    let (mark, word) = match &step.basis {
        Basis::Deferred { .. } => (paint("35", "?"), "deferred".to_owned()),
        Basis::Unverified { .. } => (paint("33", "!"), "verify".to_owned()),
        basis => match basis.proposal() {
            Some(p) => {
                let word = match basis {
                    Basis::Assumed { .. } | Basis::Conditional { .. } if p.is_empty() => {
                        "nothing to do".to_owned()
                    }
                    _ => counts(p),
                };
                (symbol(p.worst(), paint), word)
            }
            None => (" ".to_owned(), String::new()),
        },
    };
    let reason = if step.reason.is_empty() {
        String::new()
    } else {
        paint("2", &format!("  {}", step.reason))
    };
    out.push_str(&format!(
        "    {mark} {:<width$} {word}{reason}\n",
        step.unit.local()
    ));
    if let Some(p) = step
        .basis
        .proposal()
        .filter(|p| p.fidelity == Fidelity::Exact)
    {
        let mut lines = 0;
        for change in &p.changes {
            for line in std::iter::once(&change.object).chain(&change.detail) {
                lines += 1;
                if lines <= DETAIL {
                    let indent = if line == &change.object {
                        "        "
                    } else {
                        "          "
                    };
                    out.push_str(&paint("2", &format!("{indent}{line}")));
                    out.push('\n');
                }
            }
        }
        if lines > DETAIL {
            out.push_str(&format!(
                "        … {} more lines (--format json)\n",
                lines - DETAIL
            ));
        }
    }
}

fn symbol(worst: Action, paint: &dyn Fn(&str, &str) -> String) -> String {
    match worst {
        Action::None | Action::Read => paint("2", "="),
        Action::Create => paint("32", "+"),
        Action::Update => paint("33", "~"),
        Action::Replace => paint("31", "±"),
        Action::Delete => paint("31", "-"),
        Action::Run => paint("34", "▶"),
        Action::Wait => paint("33", "…"),
    }
}

/// `2 to create`, `1 to update`: how many changes of each kind.
pub fn tally<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<String> {
    const WORDS: [(Action, &str); 6] = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
        (Action::Run, "to run"),
        (Action::Wait, "for people to do"),
    ];
    let mut counts = [0_usize; WORDS.len()];
    for change in changes {
        if let Some(i) = WORDS
            .iter()
            .position(|(action, _)| *action == change.action)
        {
            counts[i] += 1;
        }
    }
    let all = counts.iter().zip(WORDS);
    all.filter(|(n, _)| **n > 0)
        .map(|(n, (_, word))| format!("{n} {word}"))
        .collect()
}

/// `2 to create, 1 to update`; what cannot be foretold says so.
pub fn counts(p: &Proposal) -> String {
    if p.fidelity == Fidelity::Opaque && p.worst() != Action::Wait {
        return "will run; its effect cannot be foretold".to_owned();
    }
    let words = tally(&p.changes);
    if words.is_empty() {
        return "no changes; records its outputs".to_owned();
    }
    let text = words.join(", ");
    if p.fidelity == Fidelity::Advisory {
        format!("{text} (its tool thinks)")
    } else {
        text
    }
}
