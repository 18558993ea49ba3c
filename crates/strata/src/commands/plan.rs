//! `strata plan`: what an apply would do.
use super::planning::{self, Planned};
use crate::{
    args::{Global, How, Which},
    context::{Context, write_file},
    problem::Problem,
    view::plan as view,
};
use std::path::Path;
use strata_core::exit;

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
    let mut planned = planning::make(&cx, &c, envs, which, how, refresh)?;
    view::print(&cx, &planned.plan, &c);
    failed(&cx, &mut planned)?;
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

/// Units that could not be planned end the command, and what policy denies of the plan.
pub fn failed(cx: &Context, planned: &mut Planned<'_>) -> Result<(), Problem> {
    let policy = planned.gate.as_mut().map_or(Ok(()), |gate| gate.answer(cx));
    let Some((unit, why)) = planned.failures.first() else {
        return policy;
    };
    let mut problem = Problem::new(exit::FAILED, format!("{unit} could not be planned: {why}"));
    for (unit, why) in &planned.failures[1..] {
        problem = problem.hint(format!("{unit} could not be planned either: {why}"));
    }
    Err(problem)
}
