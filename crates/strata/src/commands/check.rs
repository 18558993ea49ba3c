//! `strata check`: the whole repo, from its files alone.
use crate::{
    args::Global,
    context::Context,
    formats::Format,
    problem::Problem,
    tools,
    view::{annotations, diagnostics, findings, markdown, sarif},
};
use strata_core::{diagnostic::Diagnostic, exit, tree::Tree};

/// Runs it.
pub fn run(global: &Global, env: &[String]) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let (c, mut problems) = cx.compose()?;
    problems.extend(tools::unknown(&cx, &c));
    let envs = if env.is_empty() {
        Vec::new()
    } else {
        cx.envs(&c, env, false)?
    };
    show(&cx, &problems, c.loaded.tree.as_ref());
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

fn show(cx: &Context, problems: &[Diagnostic], tree: &dyn Tree) {
    let prefix = cx.repo_prefix();
    let found = || findings::find(problems, tree, &prefix);
    match cx.global.format {
        Format::Json => println!("{}", diagnostics::json(problems, tree)),
        Format::Github => print!("{}", annotations::github(&found())),
        Format::Azure => print!("{}", annotations::azure(&found())),
        Format::Gitlab => println!("{}", annotations::gitlab(&found(), &prefix)),
        Format::Sarif => println!("{}", sarif::sarif(&found(), &prefix)),
        Format::Markdown => print!("{}", markdown::check::findings(problems, &found())),
        Format::Human | Format::Html => diagnostics::print(problems, tree, cx.color),
    }
}

/// `1 unit`, `2 units`.
fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}
