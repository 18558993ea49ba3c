//! A plan for a pull request: summary, a table per environment, changes per unit, and how to apply exactly this.
use super::{LIMIT, block, code, html, prose, text};
use crate::view::shown::{Shown, action, clipped, covered, open, shell_word, sign, words};
use strata_core::{
    name::Address,
    plan::{Basis, Step},
    proposal::Action,
};

/// Items of a list that are shown.
const LISTED: usize = 20;
/// Lines of changes of one unit that are shown.
const LINES: usize = 200;
/// Room kept for the note that says what was left out.
const NOTE: usize = 400;

/// The comment. The first line says which plan it is: `<!-- strata plan DIGEST of PLATFORM -->`.
pub fn plan(shown: &Shown<'_>) -> String {
    let head = head(shown);
    let tail = [LISTED, 5, 0]
        .iter()
        .map(|listed| tail(shown, *listed))
        .find(|tail| tail.len() < LIMIT / 3)
        .unwrap_or_default();
    let room = LIMIT.saturating_sub(head.len() + tail.len() + NOTE);
    let mut body = String::new();
    let mut left_out = 0;
    for env in &shown.plan.body.environments {
        left_out += table(&mut body, room, shown, env);
    }
    let pending: Vec<&Step> = shown.plan.pending().collect();
    let mut closed = 0;
    for step in &pending {
        let Some(details) = details(step) else {
            continue;
        };
        if closed > 0 || body.len() + details.len() > room {
            closed += 1;
        } else {
            body.push_str(&details);
        }
    }
    let mut note = String::new();
    if left_out + closed > 0 {
        note.push_str("\n**Cut**: a comment holds no more.");
        if left_out > 0 {
            note.push_str(&format!(" Units in no table: {left_out}."));
        }
        if closed > 0 {
            note.push_str(&format!(" Units whose changes are not shown: {closed}."));
        }
        note.push_str(" See all of it with `strata plan`.\n");
    }
    format!("{head}{body}{note}{tail}")
}

fn head(shown: &Shown<'_>) -> String {
    let plan = shown.plan;
    let envs: Vec<String> = plan
        .body
        .environments
        .iter()
        .take(LISTED)
        .map(|e| code(e))
        .collect();
    let more = plan.body.environments.len().saturating_sub(LISTED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    // nothing but letters, digits and `-` may stand in a comment of HTML
    let platform: String = shown
        .platform
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!(
        "<!-- strata plan {} of {} -->\n### strata plan: {}\n\n{} in {}{more}: {}\n",
        plan.digest,
        platform.replace("--", "-"),
        shown.changes(),
        code(&clipped(shown.platform, 100)),
        envs.join(", "),
        shown.bases(),
    )
}

/// The table of an environment; gives the number of units that had no room.
fn table(out: &mut String, room: usize, shown: &Shown<'_>, env: &str) -> usize {
    let stack = shown.stack(env);
    let pending = |s: &&&Step| !matches!(s.basis, Basis::Unchanged { .. });
    if stack
        .iter()
        .all(|(_, steps)| steps.iter().find(pending).is_none())
    {
        return 0;
    }
    let header = format!(
        "\n#### {}\n\n| layer | | unit | what | why |\n|---|---|---|---|---|\n",
        text(env)
    );
    let all = |stack: &[(&str, Vec<&Step>)]| {
        let steps = stack.iter().flat_map(|(_, steps)| steps);
        steps.filter(pending).count()
    };
    if out.len() + header.len() > room {
        return all(&stack);
    }
    out.push_str(&header);
    let mut left_out = 0;
    for (layer, steps) in &stack {
        let mut name = text(layer);
        for step in steps.iter().filter(pending) {
            let row = row(shown, &name, step);
            if left_out > 0 || out.len() + row.len() > room {
                left_out += 1;
                continue;
            }
            out.push_str(&row);
            name.clear();
        }
        let still = steps.len() - steps.iter().filter(pending).count();
        let row = format!("| {name} | = | | {still} unchanged | |\n");
        if still > 0 && left_out == 0 && out.len() + row.len() <= room {
            out.push_str(&row);
        }
    }
    left_out
}

fn row(shown: &Shown<'_>, layer: &str, step: &Step) -> String {
    let unit = code(&clipped(&step.unit.local(), 200));
    let (sign, what, why) = match shown.failure(&step.unit) {
        Some(_) => ("✗", "could not be planned".to_owned(), String::new()),
        None => (sign(step), words(step), clipped(&step.reason, 200)),
    };
    format!(
        "| {layer} | {} | {unit} | {} | {} |\n",
        text(sign),
        text(&what),
        prose(&why)
    )
}

/// The changes of a unit, closed until somebody opens them.
fn details(step: &Step) -> Option<String> {
    let proposal = step.basis.proposal()?;
    if proposal.changes.iter().all(|c| c.action <= Action::Read) {
        return None;
    }
    let mut lines = Vec::new();
    let mut more = 0;
    for change in proposal.changes.iter().filter(|c| c.action > Action::Read) {
        let mark = match change.action {
            Action::Create => '+',
            Action::Replace | Action::Delete => '-',
            Action::Update => '!',
            _ => ' ',
        };
        let first = format!("{mark} {} {}", action(change.action), change.object);
        let rest = change.detail.iter().flat_map(|d| d.lines());
        for line in std::iter::once(first).chain(rest.map(|l| format!("    {l}"))) {
            if lines.len() < LINES {
                lines.push(clipped(&line, 300));
            } else {
                more += 1;
            }
        }
    }
    if more > 0 {
        lines.push(format!("  … {more} more lines"));
    }
    Some(format!(
        "\n<details><summary><code>{}</code> {}</summary>\n\n{}\n</details>\n",
        html(&clipped(&step.unit.to_string(), 200)),
        html(&words(step)),
        block("diff", &lines)
    ))
}

/// What is open, what is wrong, and the command; so many items of each list.
fn tail(shown: &Shown<'_>, listed: usize) -> String {
    let plan = shown.plan;
    let mut out = String::new();
    let failed: Vec<String> = shown
        .failures
        .iter()
        .map(|(unit, why)| format!("{}: {}", unit_code(unit), prose(&clipped(why, 300))))
        .collect();
    list(&mut out, listed, "Could not be planned", &failed);
    let deferred: Vec<String> = plan
        .pending()
        .filter(|s| matches!(s.basis, Basis::Deferred { .. }) && shown.failure(&s.unit).is_none())
        .map(|s| {
            let open = open(s);
            let waits: Vec<String> = open
                .iter()
                .take(5)
                .map(|o| code(&clipped(o, 120)))
                .collect();
            let waits = if waits.is_empty() {
                prose(&clipped(&s.reason, 200))
            } else {
                format!("waits for {}", waits.join(", "))
            };
            format!("{} {waits}; covered: {}", unit_code(&s.unit), covered(s))
        })
        .collect();
    list(&mut out, listed, "Deferred: planned at its turn", &deferred);
    let orphans: Vec<String> = plan
        .orphans
        .iter()
        .map(|unit| {
            let destroy = code(&format!("strata destroy {} --orphans", unit.env));
            let forget = format!("strata forget {}", shell_word(&unit.to_string()));
            format!(
                "{}: {destroy}, or {}",
                unit_code(unit),
                code(&clipped(&forget, 200))
            )
        })
        .collect();
    list(
        &mut out,
        listed,
        "Orphans: applied, and no longer in the files",
        &orphans,
    );
    let notes: Vec<String> = plan.notes.iter().map(|n| prose(&clipped(n, 300))).collect();
    list(&mut out, listed, "Notes", &notes);
    if shown.failures.is_empty() && plan.pending().next().is_some() {
        out.push_str(&format!(
            "\nPlan {}. This applies exactly it, or nothing:\n\n{}",
            code(&plan.digest.to_string()),
            block("sh", std::slice::from_ref(&shown.command))
        ));
    } else {
        out.push_str(&format!("\nPlan {}.\n", code(&plan.digest.to_string())));
    }
    out
}

fn unit_code(unit: &Address) -> String {
    code(&clipped(&unit.to_string(), 200))
}

fn list(out: &mut String, listed: usize, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    out.push_str(&format!("\n**{title}**\n\n"));
    for item in items.iter().take(listed) {
        out.push_str(&format!("- {item}\n"));
    }
    if items.len() > listed {
        out.push_str(&format!("- … and {} more\n", items.len() - listed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::{
        digest::Digest,
        engine::Verb,
        plan::{Body, Plan},
        proposal::{Change, Envelope, Fidelity, Proposal},
    };

    fn step(name: &str, detail: &str) -> Step {
        Step {
            unit: Address::new("dev", name),
            layer: "base".to_owned(),
            engine: "script".to_owned(),
            verb: Verb::Apply,
            basis: Basis::Exact {
                proposal: Proposal {
                    fidelity: Fidelity::Exact,
                    changes: vec![Change {
                        object: name.to_owned(),
                        action: Action::Create,
                        after: None,
                        detail: vec![detail.to_owned()],
                    }],
                },
                fingerprint: Digest::of(b""),
            },
            envelope: Envelope::CREATE_ONLY,
            needs: vec![],
            reason: "new".to_owned(),
            content: Digest::of(b""),
        }
    }

    fn comment(steps: Vec<Step>) -> String {
        let plan = Plan::new(Body {
            format: 1,
            platform: "x".to_owned(),
            environments: vec!["dev".to_owned()],
            verb: Verb::Apply,
            steps,
            baseline: std::collections::BTreeMap::new(),
        });
        super::plan(&Shown {
            platform: "shop",
            plan: &plan,
            layers: vec!["base"],
            failures: &[],
            command: "strata apply dev".to_owned(),
        })
    }

    #[test]
    fn a_long_plan_is_cut_outside_of_blocks_and_keeps_its_command() {
        for n in [5, 300, 3_000] {
            let long = "ö`".repeat(120);
            let steps = (0..n).map(|i| step(&format!("unit-{i}"), &long)).collect();
            let comment = comment(steps);
            assert!(comment.len() <= LIMIT, "{n}: {}", comment.len());
            assert_eq!(comment.contains("**Cut**"), n > 5);
            assert!(comment.trim_end().ends_with("```"));
            assert!(comment.contains("strata apply dev"));
            let count = |what: &str| comment.matches(what).count();
            assert_eq!(count("<details>"), count("</details>"));
            let note = comment.find("**Cut**").unwrap_or(comment.len());
            let fences = comment[..note].lines().filter(|l| l.starts_with("```"));
            assert_eq!(fences.count() % 2, 0);
        }
    }

    #[test]
    fn what_a_tool_says_stays_in_its_block() {
        let comment = comment(vec![step("a", "```\n</details><script>x</script>\n@all")]);
        let inside = comment.split("````").nth(1).expect("a longer fence");
        assert!(inside.contains("<script>") && inside.contains("@all"));
        assert_eq!(comment.matches("````").count(), 2);
    }
}
