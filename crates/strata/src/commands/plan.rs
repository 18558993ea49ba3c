//! `strata plan`: what an apply would do.
use super::planning::{self, Planned};
use crate::{
    args::{Global, How, Which},
    context::{Context, write_file},
    formats::Format,
    problem::Problem,
    view::{
        html, markdown, plan as view,
        shown::{Shown, shell_word},
    },
};
use std::{collections::BTreeSet, path::Path};
use strata_core::{diagnostic::suggest, exit};
use strata_ops::compose::{Composition, Pick};
use strata_plan::swap;

/// What was typed.
pub struct Wanted<'a> {
    /// Environments.
    pub env: &'a [String],
    /// Units.
    pub which: &'a Which,
    /// How many at once, what again.
    pub how: &'a How,
    /// Flavors to look at, `CONTRACT=COMPONENT`.
    pub flavor: &'a [String],
    /// Where to save it.
    pub out: Option<&'a Path>,
    /// End with 7 when there are changes.
    pub exit_code: bool,
    /// Ask every tool.
    pub refresh: bool,
}

/// Runs it.
pub fn run(global: &Global, wanted: &Wanted<'_>) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let mut c = cx.composed()?;
    let envs = cx.envs(&c, wanted.env, wanted.which.named.all)?;
    if !wanted.flavor.is_empty() {
        let other = cx.composed_with(&picks(&c, &envs, wanted.flavor)?)?;
        let swaps = swap::swaps(&c, &other);
        if global.format == Format::Human {
            println!("{}", crate::view::swap::text(&swaps));
        }
        c = other;
    }
    let mut planned = planning::make(&cx, &c, envs, wanted.which, wanted.how, wanted.refresh)?;
    match global.format {
        Format::Markdown => print!("{}", markdown::plan::plan(&shown(&c, &planned, wanted))),
        Format::Html => print!("{}", html::plan::plan(&shown(&c, &planned, wanted))),
        _ => view::print(&cx, &planned.plan, &c),
    }
    failed(&cx, &mut planned)?;
    if let Some(file) = wanted.out {
        let text = serde_json::to_vec_pretty(&planned.plan).expect("a plan is plain data");
        write_file(file, &text)?;
        eprintln!(
            "saved to {}; apply it with: strata apply {} {}",
            file.display(),
            planned.envs.join(" "),
            file.display()
        );
    }
    let pending = planned.plan.pending().next().is_some();
    // the process ends here: giving ten thousand units back piece by piece would only take time
    std::mem::forget(planned);
    std::mem::forget(c);
    Ok(if wanted.exit_code && pending {
        exit::PENDING
    } else {
        exit::DONE
    })
}

/// `CONTRACT=COMPONENT` in every environment in which it can be picked.
fn picks(c: &Composition, envs: &[String], flavors: &[String]) -> Result<Vec<Pick>, Problem> {
    let mut out = Vec::new();
    for text in flavors {
        let Some((contract, component)) = text.split_once('=') else {
            return Err(
                Problem::usage(format!("`{text}` is not CONTRACT=COMPONENT"))
                    .hint("for example --flavor load-balancer=nginx"),
            );
        };
        let candidates = |e: &String| c.env_named(e).map(|i| &c.envs[i].candidates);
        let here = |e: &&String| {
            let known = candidates(e).and_then(|m| m.get(contract));
            known.is_some_and(|l| l.iter().any(|n| n == component))
        };
        let found = envs.iter().filter(here).map(|env| Pick {
            env: env.clone(),
            contract: contract.to_owned(),
            component: component.to_owned(),
        });
        let before = out.len();
        out.extend(found);
        if out.len() == before {
            let all: BTreeSet<String> = envs
                .iter()
                .filter_map(candidates)
                .flatten()
                .flat_map(|(c, l)| l.iter().map(move |n| format!("{c}={n}")))
                .collect();
            let list: Vec<&str> = all.iter().map(String::as_str).collect();
            return Err(
                Problem::usage(format!("`{component}` is no flavor of `{contract}` here")).hint(
                    suggest(text, list.iter().copied())
                        .unwrap_or_else(|| format!("flavors are: {}", list.join(", "))),
                ),
            );
        }
    }
    Ok(out)
}

/// What pages show besides the plan: among it the command that applies it, which must select the same units.
fn shown<'a>(c: &'a Composition, planned: &'a Planned<'_>, wanted: &Wanted<'_>) -> Shown<'a> {
    let mut words = vec!["strata".to_owned(), "apply".to_owned()];
    words.extend(planned.envs.iter().cloned());
    for (flag, values) in [
        ("--only", &wanted.which.named.only),
        ("--layer", &wanted.which.named.layer),
        ("--replace", &wanted.how.replace),
    ] {
        for value in values {
            words.extend([flag.to_owned(), shell_word(value)]);
        }
    }
    if let Some(revision) = &wanted.which.changed_since {
        words.extend(["--changed-since".to_owned(), shell_word(revision)]);
    }
    if wanted.refresh {
        words.push("--refresh".to_owned());
    }
    words.push(format!("--yes --expect {}", planned.plan.digest));
    Shown {
        platform: &c.loaded.platform.name,
        plan: &planned.plan,
        layers: c.loaded.platform.layer_names(),
        failures: &planned.failures,
        command: words.join(" "),
    }
}

/// Units that could not be planned end the command, and what policy denies of the plan.
pub fn failed(cx: &Context, planned: &mut Planned<'_>) -> Result<(), Problem> {
    let policy = planned.gate.as_mut().map_or(Ok(()), |gate| gate.answer(cx));
    let Some((unit, why)) = planned.failures.first() else {
        return policy;
    };
    let code = if planned.protected == planned.failures.len() {
        exit::DENIED
    } else {
        exit::FAILED
    };
    let mut problem = Problem::new(code, format!("{unit} could not be planned: {why}"));
    for (unit, why) in &planned.failures[1..] {
        problem = problem.hint(format!("{unit} could not be planned either: {why}"));
    }
    Err(problem)
}
