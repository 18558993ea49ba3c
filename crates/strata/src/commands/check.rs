//! `strata check`: the whole repo, from its files alone.
use crate::{args::Global, context::Context, problem::Problem, view::diagnostics};
use strata_core::exit;

/// Runs it.
pub fn run(global: &Global, env: &[String]) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let (c, problems) = cx.compose()?;
    let envs = if env.is_empty() {
        Vec::new()
    } else {
        cx.envs(&c, env, false)?
    };
    if cx.json() {
        println!("{}", diagnostics::json(&problems, c.loaded.tree.as_ref()));
    } else {
        diagnostics::print(&problems, c.loaded.tree.as_ref(), cx.color);
    }
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if errors > 0 {
        return Err(Problem {
            message: format!("{errors} error{}", if errors == 1 { "" } else { "s" }),
            ..Problem::invalid(&problems)
        });
    }
    if !cx.json() {
        let units = c
            .units
            .iter()
            .filter(|u| envs.is_empty() || envs.iter().any(|e| e == u.address.env.as_ref()))
            .count();
        let (components, environments) = (c.loaded.components.len(), c.envs.len());
        eprintln!(
            "{}, {}, {}: everything fits",
            plural(components, "component"),
            plural(environments, "environment"),
            plural(units, "unit")
        );
    }
    Ok(exit::DONE)
}

/// `1 unit`, `2 units`.
fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}
