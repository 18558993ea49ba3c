//! `strata policy`: tests of policies, and the document that rules see.
use super::planning;
use crate::{
    args::{Global, How, Named, Policy, Which},
    context::Context,
    policy::{self, Facts},
    problem::Problem,
    view::diagnostics,
};
use serde_json::json;
use strata_core::{diagnostic::suggest, exit, name::Address, span::line_column, tree::Tree};
use strata_ops::{compose::Composition, scope::NoOutputs};
use strata_policy::{Input, Test, Verdict};

/// Runs it.
pub fn run(global: &Global, what: Policy) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    match what {
        Policy::Test { verbose } => test(&cx, verbose),
        Policy::Input { unit, plan } => input(&cx, &unit, plan),
    }
}

fn test(cx: &Context, verbose: bool) -> Result<u8, Problem> {
    let tree = cx.tree()?;
    let (sources, mut problems) = policy::sources(tree.as_ref(), true);
    let mut tests = Vec::new();
    match strata_policy::run(&sources) {
        Ok(done) => tests = done,
        Err(more) => problems.extend(more),
    }
    if !problems.is_empty() {
        diagnostics::print(&problems, tree.as_ref(), cx.color);
        return Err(Problem {
            message: "the policies cannot be used; no test was run".to_owned(),
            ..Problem::invalid(&problems)
        });
    }
    let count = |word: &str| {
        tests
            .iter()
            .filter(|t| self::word(&t.verdict) == word)
            .count()
    };
    let counts = ["passed", "failed", "error", "skipped"].map(|w| (w, count(w)));
    if cx.json() {
        print_json(tree.as_ref(), &tests, &counts);
    } else {
        print_text(tree.as_ref(), &tests, verbose);
        let parts: Vec<String> = counts
            .iter()
            .filter(|(w, n)| *n > 0 || *w == "passed")
            .map(|(w, n)| format!("{n} {w}"))
            .collect();
        let s = if tests.len() == 1 { "" } else { "s" };
        println!("{} test{s}: {}", tests.len(), parts.join(", "));
    }
    let bad = counts[1].1 + counts[2].1;
    Ok(if bad == 0 { exit::DONE } else { exit::FAILED })
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Error(_) => "error",
        Verdict::Skipped => "skipped",
    }
}

fn line(tree: &dyn Tree, test: &Test) -> usize {
    let text = tree.text(&test.at.file).unwrap_or_default();
    line_column(&text, test.at.span.start).0
}

fn print_text(tree: &dyn Tree, tests: &[Test], verbose: bool) {
    for t in tests {
        let place = format!("{}:{}", t.at.file, line(tree, t));
        match &t.verdict {
            Verdict::Passed | Verdict::Skipped if !verbose => continue,
            Verdict::Error(why) => println!("error    {}  {place}: {why}", t.name),
            verdict => println!("{:<8} {}  {place}", word(verdict), t.name),
        }
        if verbose {
            t.printed
                .iter()
                .for_each(|text| println!("         {text}"));
        }
    }
}

fn print_json(tree: &dyn Tree, tests: &[Test], counts: &[(&str, usize)]) {
    let list: Vec<_> = tests
        .iter()
        .map(|t| {
            let why = match &t.verdict {
                Verdict::Error(why) => Some(why),
                _ => None,
            };
            json!({
                "name": t.name,
                "file": t.at.file.as_ref(),
                "line": line(tree, t),
                "verdict": word(&t.verdict),
                "error": why,
                "printed": t.printed,
            })
        })
        .collect();
    let mut all = json!({ "tests": list });
    for (word, n) in counts {
        all[*word] = json!(n);
    }
    println!(
        "{}",
        serde_json::to_string_pretty(&all).expect("plain data")
    );
}

fn input(cx: &Context, unit: &str, plan: bool) -> Result<u8, Problem> {
    let c = cx.composed()?;
    let position = find(&c, unit)?;
    let input = if plan {
        planned(cx, &c, position)?
    } else {
        let mut facts = Facts::new(&c);
        Input::Composition {
            unit: facts.unit(position, &NoOutputs),
            environment: facts.environment(c.units[position].env),
            platform: facts.platform(),
        }
    };
    let json = input.document().json();
    println!(
        "{}",
        serde_json::to_string_pretty(&json).expect("plain data")
    );
    Ok(exit::DONE)
}

fn find(c: &Composition, unit: &str) -> Result<usize, Problem> {
    let address: Address = unit
        .parse()
        .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))?;
    c.position(&address).ok_or_else(|| {
        let names: Vec<String> = c.units.iter().map(|u| u.address.to_string()).collect();
        let problem = Problem::usage(format!("there is no unit `{unit}`"));
        match suggest(unit, names.iter().map(String::as_str)) {
            Some(help) => problem.hint(help),
            None => problem.hint("`strata graph` shows all units"),
        }
    })
}

/// The document of a plan of this unit alone. No policy is asked.
fn planned(cx: &Context, c: &Composition, position: usize) -> Result<Input, Problem> {
    let unit = &c.units[position].address;
    let which = Which {
        named: Named {
            only: vec![unit.local()],
            ..Named::default()
        },
        changed_since: None,
    };
    let how = How {
        parallelism: 1,
        replace: Vec::new(),
    };
    let envs = vec![unit.env.to_string()];
    let planned = planning::make_under(None, cx, c, envs, &which, &how, false)?;
    let step = planned.plan.step(unit).ok_or_else(|| {
        Problem::usage(format!("{unit} is suspended: no plan does anything to it"))
    })?;
    policy::step_input(&mut Facts::new(c), c, step, &planned.bench.recorded)
        .ok_or_else(|| Problem::usage(format!("{unit} is no longer in the files")))
}
