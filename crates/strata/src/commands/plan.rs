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
use std::path::Path;
use strata_core::exit;
use strata_ops::compose::Composition;

/// Runs it.
pub fn run(
    global: &Global,
    env: &[String],
    which: &Which,
    how: &How,
    out: Option<&Path>,
    exit_code: bool,
    refresh: bool,
) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = cx.envs(&c, env, which.all)?;
    let planned = planning::make(&cx, &c, envs, which, how, refresh)?;
    match global.format {
        Format::Markdown => print!(
            "{}",
            markdown::plan::plan(&shown(&c, &planned, which, how, refresh))
        ),
        Format::Html => print!(
            "{}",
            html::plan::plan(&shown(&c, &planned, which, how, refresh))
        ),
        _ => view::print(&cx, &planned.plan, &c),
    }
    failed(&planned)?;
    if let Some(file) = out {
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
    Ok(if exit_code && pending {
        exit::PENDING
    } else {
        exit::DONE
    })
}

/// What pages show besides the plan: among it the command that applies it, which must select the same units.
fn shown<'a>(
    c: &'a Composition,
    planned: &'a Planned<'_>,
    which: &Which,
    how: &How,
    refresh: bool,
) -> Shown<'a> {
    let mut words = vec!["strata".to_owned(), "apply".to_owned()];
    words.extend(planned.envs.iter().cloned());
    for (flag, values) in [
        ("--only", &which.only),
        ("--layer", &which.layer),
        ("--replace", &how.replace),
    ] {
        for value in values {
            words.extend([flag.to_owned(), shell_word(value)]);
        }
    }
    if refresh {
        words.push("--refresh".to_owned());
    }
    words.push(format!("--yes --expect {}", planned.plan.digest));
    Shown {
        platform: &c.loaded.platform.name,
        plan: &planned.plan,
        layers: c
            .loaded
            .platform
            .layers
            .iter()
            .map(|l| l.layer.name.as_str())
            .collect(),
        failures: &planned.failures,
        command: words.join(" "),
    }
}

/// Units that could not be planned end the command.
pub fn failed(planned: &Planned<'_>) -> Result<(), Problem> {
    let Some((unit, why)) = planned.failures.first() else {
        return Ok(());
    };
    let mut problem = Problem::new(exit::FAILED, format!("{unit} could not be planned: {why}"));
    for (unit, why) in &planned.failures[1..] {
        problem = problem.hint(format!("{unit} could not be planned either: {why}"));
    }
    Err(problem)
}
