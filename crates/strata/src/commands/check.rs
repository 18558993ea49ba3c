//! `strata check`: the whole repo, from its files alone.
use crate::{
    args::Global,
    context::Context,
    formats::Format,
    policy,
    problem::Problem,
    view::{annotations, diagnostics, findings, markdown, sarif},
};
use strata_core::{diagnostic::Diagnostic, exit, tree::Tree};
use strata_ops::{
    check::recorded::{self, Coverage},
    compare,
    compose::{Composition, Pick},
};
use strata_plan::recorded::Recorded;

/// Runs it.
pub fn run(
    global: &Global,
    env: &[String],
    all_flavors: bool,
    against: Option<&str>,
) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let (c, mut problems) = cx.compose()?;
    let sound = !problems.iter().any(Diagnostic::is_error);
    problems.extend(policy::check(&c, sound));
    let envs = if env.is_empty() {
        Vec::new()
    } else {
        cx.envs(&c, env, false)?
    };
    // without a store nothing was learnt yet
    let learnt = if cx.has_store() {
        Recorded::new(cx.store()?.applied_rows(None)?)
    } else {
        Recorded::default()
    };
    problems.extend(recorded::check(&c, &learnt));
    if let Some(revision) = against {
        // what was wrong with the files then is of no interest now
        let (old, _) = cx.revision(revision, &c)?;
        problems.extend(compare::against(&old, &c));
    }
    let tried = if all_flavors {
        try_all(&c, &mut problems)
    } else {
        0
    };
    show(&cx, &problems, c.loaded.tree.as_ref());
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if let Some(denied) = policy::refusal(&problems).filter(|p| p.code == exit::DENIED) {
        return Err(denied);
    }
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
        let own = c.loaded.own.values().map(Vec::len).sum::<usize>();
        let components = c.loaded.components.len() + own;
        let environments = c.environments().len();
        eprintln!(
            "{}, {}, {}: everything fits",
            plural(components, "component"),
            plural(environments, "environment"),
            plural(units, "unit")
        );
        let known = recorded::coverage(&c, &learnt);
        if known.wires > 0 {
            eprintln!("{}", wires(&known));
        }
        match tried {
            0 if all_flavors => eprintln!("no contract has a second flavor"),
            0 => {}
            n => eprintln!(
                "{} that could be picked instead: each fits",
                plural(n, "flavor")
            ),
        }
    }
    // the process ends here: giving the platform back piece by piece would only take time
    std::mem::forget(c);
    Ok(exit::DONE)
}

/// How far the wires between units are typed.
fn wires(known: &Coverage) -> String {
    let typed = known.declared + known.learnt;
    let learnt = match known.learnt {
        0 => String::new(),
        n => format!(", {n} of them learnt at the last apply"),
    };
    format!(
        "{typed} of {} a known type{learnt}",
        match known.wires {
            1 => "1 wire has".to_owned(),
            n => format!("{n} wires have"),
        }
    )
}

/// Tries every flavor that is not picked; what is wrong with one names it. How many there were.
fn try_all(c: &Composition, problems: &mut Vec<Diagnostic>) -> usize {
    let tried = strata_ops::all_flavors(c, problems);
    let count = tried.len();
    for t in tried {
        let Pick {
            env,
            contract,
            component,
        } = t.pick;
        problems.extend(t.problems.into_iter().map(|mut p| {
            p.message = format!("with `{contract}: {component}` in `{env}`: {}", p.message);
            p
        }));
    }
    count
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
