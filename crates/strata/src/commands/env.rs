//! `strata env`: environments.
use crate::{
    args::{Env, Global},
    context::{Context, write_file},
    problem::Problem,
};
use serde_json::json;
use strata_core::{diagnostic::suggest, exit, name::name_problem};

/// Runs it.
pub fn run(global: &Global, what: Env) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    match what {
        Env::List => list(&cx),
        Env::New { name, from } => new(&cx, &name, from.as_deref()),
    }
}

fn list(cx: &Context) -> Result<u8, Problem> {
    let c = cx.composed()?;
    let count = |i: usize| c.units.iter().filter(|u| c.home(u) == i).count();
    if cx.json() {
        let all: Vec<_> = c
            .environments()
            .iter()
            .enumerate()
            .map(|(i, e)| json!({"name": e.name.as_ref(), "shared": e.shared, "units": count(i)}))
            .collect();
        println!(
            "{}",
            serde_json::to_string_pretty(&all).expect("plain data")
        );
    } else {
        for (i, e) in c.environments().iter().enumerate() {
            println!(
                "{:<24} {:>4} units{}",
                e.name,
                count(i),
                if e.shared { "  shared" } else { "" }
            );
        }
    }
    Ok(exit::DONE)
}

fn new(cx: &Context, name: &str, from: Option<&str>) -> Result<u8, Problem> {
    if let Some(why) = name_problem(name) {
        return Err(Problem::usage(why));
    }
    if cx.bitops.is_some() {
        return Err(Problem::usage("in a repo of BitOps an environment is a folder of the root")
            .hint(format!("make `{name}/TOOL/bitops.config.yaml`, for example `{name}/terraform/bitops.config.yaml`")));
    }
    let c = cx.composed()?;
    let known = &c.loaded.environments;
    if known.contains_key(name) {
        return Err(Problem::usage(format!(
            "the environment `{name}` exists already"
        )));
    }
    let text = match from {
        Some(from) if !known.contains_key(from) => {
            return Err(
                Problem::usage(format!("there is no environment `{from}`")).hint(
                    suggest(from, known.keys().map(String::as_str))
                        .unwrap_or_else(|| "see `strata env list`".to_owned()),
                ),
            );
        }
        Some(from) => {
            format!("# {name}: like {from}, but for what stands here.\nextends: [{from}]\n")
        }
        None => format!("# {name}\nvalues: {{}}\n"),
    };
    let dir = cx.root.join("environments");
    std::fs::create_dir_all(&dir)
        .map_err(|e| Problem::io(format!("make `{}`", dir.display()), &e))?;
    let file = dir.join(format!("{name}.yaml"));
    write_file(&file, text.as_bytes())?;
    eprintln!("wrote environments/{name}.yaml\nnext: strata plan {name}");
    Ok(exit::DONE)
}
