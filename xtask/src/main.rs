//! Tasks of this repo: `cargo xtask generate` makes platforms of any size, `cargo xtask bench` measures against the
//! promised figures, `cargo xtask cluster` brings up Kubernetes for tests.
mod bench;
mod cluster;
mod fuzz;
mod generate;
mod journal;
mod measure;
mod own;
mod random;

use generate::Shape;
use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "Usage:
  cargo xtask generate DIR [--shape shared|folders] [--units N] [--environments E] [--sleep SECONDS]
  cargo xtask bench [--quick] [--only PART] [--strata PROGRAM] [--keep DIR]
  cargo xtask fuzz [TARGET] [--rounds N] [--seed S]
  cargo xtask cluster build
  cargo xtask cluster up NAME [--kubernetes-nodes N]
  cargo xtask cluster load NAME ARCHIVE...
  cargo xtask cluster down NAME
  cargo xtask cluster list

generate  makes a platform of N units: `shared` has N/E components in E environments (default 10),
          `folders` has N components in one environment, two files each
bench     builds strata, generates, applies and measures; ends with 1 when a figure is over its target
  --quick   a tenth of the units, no targets of the large sizes
  --only    measures one part: plan, policy, hcl, imports, changed, growth, folders,
            own, wall, recovery
  --strata  measures this program instead of building one
  --keep    keeps the platforms in DIR, and uses those that are there
cluster   real Kubernetes clusters on this machine, as root: docs/cluster.md
  build     makes what they consist of, once per machine; `up` does it too
  up        brings one up, with N nodes (0 to 4, default 1), and prints where its kubeconfig is
  load      gives images in archives (of docker or OCI) to all of its nodes
  down      removes it, or what is left of it
  list      prints all, with their state";

/// Anything that ends a task early.
pub type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == measure::CHILD) {
        return measure::child(&args[1..]);
    }
    if let [command @ (cluster::MACHINE | cluster::NODE), rest @ ..] =
        &args.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return cluster::inside(command, rest);
    }
    let done = match args.first().map(String::as_str) {
        Some("generate") => generate(args.split_off(1)),
        Some("bench") => bench(args.split_off(1)),
        Some("fuzz") => fuzz(args.split_off(1)),
        Some("cluster") => cluster::run(&args[1..]),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}

fn fuzz(args: Vec<String>) -> Result<bool, Failure> {
    let mut options = fuzz::Options {
        target: None,
        rounds: 10_000,
        seed: 1,
    };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64, Failure> {
            Ok(args
                .next()
                .ok_or_else(|| format!("`{arg}` needs a value"))?
                .parse()?)
        };
        match arg.as_str() {
            "--rounds" => options.rounds = number()?,
            "--seed" => options.seed = number()?,
            word if !word.starts_with('-') => options.target = Some(word.to_owned()),
            _ => return Err(USAGE.into()),
        }
    }
    fuzz::run(&options)
}

fn generate(args: Vec<String>) -> Result<bool, Failure> {
    let (mut dir, mut shape, mut units, mut envs, mut sleep) =
        (None, "shared".to_owned(), 1000, 10, None);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("`{arg}` needs a value"));
        match arg.as_str() {
            "--shape" => shape = value()?,
            "--units" => units = value()?.parse()?,
            "--environments" => envs = value()?.parse()?,
            "--sleep" => sleep = Some(value()?),
            word if !word.starts_with('-') && dir.is_none() => dir = Some(PathBuf::from(word)),
            _ => return Err(USAGE.into()),
        }
    }
    let dir = dir.ok_or(USAGE)?;
    let shape = match shape.as_str() {
        "shared" => Shape::shared(units, envs)?,
        "folders" => Shape::folders(units)?,
        other => {
            return Err(format!("there is no shape `{other}`; shapes are: shared, folders").into());
        }
    };
    generate::write(&dir, &shape, sleep.as_deref())?;
    println!("{} units in {}", shape.units(), dir.display());
    Ok(true)
}

fn bench(args: Vec<String>) -> Result<bool, Failure> {
    let mut options = bench::Options::default();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => options.quick = true,
            "--only" => {
                let part = args.next().filter(|p| bench::PARTS.contains(&p.as_str()));
                options.only = Some(part.ok_or(USAGE)?);
            }
            "--strata" => options.program = args.next().map(PathBuf::from),
            "--keep" => options.keep = args.next().map(PathBuf::from),
            _ => return Err(USAGE.into()),
        }
    }
    bench::run(&options)
}
