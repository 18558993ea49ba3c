//! `strata bitops deploy`: what BitOps' container does, in its place in a pipeline: one environment, every deployment,
//! one after the other, each time.
//!
//! It obeys `stack-action` and BitOps' variables, and ends with its exit codes. What it applied is recorded, so that
//! every other command knows of it; it keeps no journal of its way there, as there is nothing to resume: the next call
//! does all of it again.
mod watched;
mod work;

use super::run;
use crate::{
    args::{Bitops, Global},
    bitops::settings,
    context::Context,
    problem::Problem,
    view::diagnostics,
};
use strata_bitops::{
    Reading,
    deployment::{Deployment, Tool},
    environment::{Environment, Mode},
};
use strata_core::{diagnostic::Diagnostic, exit};
use work::Worker;

/// BitOps' exit code for most of what is wrong before anything runs.
const WRONG: u8 = 1;
/// Its exit code for a configuration file that is not there.
const NO_CONFIG: u8 = 2;

/// Runs it.
pub fn run(global: &Global, what: &Bitops) -> Result<u8, Problem> {
    let Bitops::Deploy { env } = what;
    let name = environment(env.as_deref())?;
    let cx = Context::open_with(global, settings(Some(name.clone())))
        .map_err(|p| Problem { code: WRONG, ..p })?;
    let Some(settings) = &cx.bitops else {
        return Err(Problem::new(
            WRONG,
            format!(
                "`{}` is a native platform, no repo of BitOps",
                cx.root.display()
            ),
        )
        .hint(format!("run `strata apply {name}`")));
    };
    let files = crate::wire::tree(&cx.root, &cx.state_dir(), cx.global.offline)?;
    let Some((_, reading)) = strata_bitops::platform(&files, settings) else {
        return Err(Problem::new(WRONG, "there is no repo of BitOps here"));
    };
    let Some(here) = reading.environments.first() else {
        return Err(no_environment(&cx, &name));
    };
    diagnostics::print(&reading.problems, files.as_ref(), cx.color);
    refuse(&reading)?;
    match here.mode {
        Mode::Default => {}
        Mode::ValidateConfig => return Ok(exit::DONE),
        Mode::SettingsTest => {
            print(here);
            return Ok(exit::DONE);
        }
    }
    let steps = steps(here)?;
    for line in strata_plan::others::lines(&reading.brought()) {
        eprintln!("{line}");
    }
    let store = cx.store()?;
    let envs = [name.clone()];
    let leases = run::take(store.as_ref(), &envs, "bitops deploy")
        .map_err(|p| Problem { code: WRONG, ..p })?;
    let mut worker = match Worker::open(&cx, here, &store, leases[&name].clone()) {
        Ok(worker) => worker,
        Err(p) => {
            run::release(store.as_ref(), &leases);
            return Err(p);
        }
    };
    let mut code = exit::DONE;
    for (deployment, action) in steps {
        match worker.deploy(deployment, action) {
            Ok(()) => {}
            Err(failed) => {
                eprintln!("error: {}: {}", deployment.key, failed.message);
                failed.hints.iter().for_each(|h| eprintln!("\n  hint: {h}"));
                code = if code == exit::DONE {
                    failed.code
                } else {
                    code
                };
                if here.fail_fast || worker.stopped() {
                    break;
                }
            }
        }
    }
    worker.close();
    run::release(store.as_ref(), &leases);
    Ok(code)
}

/// A variable that is there and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn environment(typed: Option<&str>) -> Result<String, Problem> {
    if let Some(name) = typed
        .map(str::to_owned)
        .or_else(|| variable("BITOPS_ENVIRONMENT"))
    {
        return Ok(name);
    }
    if let Some(old) = variable("ENVIRONMENT") {
        eprintln!("warning: the variable ENVIRONMENT is of BitOps 1; set BITOPS_ENVIRONMENT");
        return Ok(old);
    }
    Err(Problem::new(WRONG, "no environment is named")
        .hint("set BITOPS_ENVIRONMENT, or name it: strata bitops deploy ENV"))
}

fn no_environment(cx: &Context, name: &str) -> Problem {
    let all = crate::wire::tree(&cx.root, &cx.state_dir(), cx.global.offline).map(|t| {
        let settings = strata_bitops::Settings::default();
        strata_bitops::layout::environments(t.as_ref(), &settings)
    });
    Problem::new(WRONG, format!("there is no environment `{name}`")).hint(format!(
        "environments are: {}",
        all.unwrap_or_default().join(", ")
    ))
}

/// Errors in the files end the run before it begins.
fn refuse(reading: &Reading) -> Result<(), Problem> {
    let wrong: Vec<&Diagnostic> = reading.problems.iter().filter(|p| p.is_error()).collect();
    let code = if wrong.iter().any(|p| p.code == "bitops::missing-config") {
        NO_CONFIG
    } else {
        WRONG
    };
    match wrong.len() {
        0 => Ok(()),
        1 => Err(Problem::new(code, "1 error; nothing was started")),
        n => Err(Problem::new(
            code,
            format!("{n} errors; nothing was started"),
        )),
    }
}

fn print(env: &Environment) {
    println!("environment: {}", env.name);
    println!("fail_fast: {}", env.fail_fast);
    for d in &env.deployments {
        println!("deployment: {} ({})", d.key, d.plugin);
    }
}

/// What is done with a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Terraform says what it would do.
    Plan,
    /// It is made so.
    Apply,
    /// Terraform says what it would do, then it is taken away.
    Destroy,
    /// Only hooks run.
    Hooks,
}

/// Every deployment with what is done; those that are taken away change places, so that the last one goes first.
fn steps(env: &Environment) -> Result<Vec<(&Deployment, Action)>, Problem> {
    let mut out = Vec::new();
    let chart = variable("BITOPS_ENVIRONMENT_HELM_SUBDIRECTORY");
    for d in &env.deployments {
        let other = chart
            .as_ref()
            .is_some_and(|c| d.key.rsplit('/').next() != Some(c));
        if d.tool != Tool::Helm || !other {
            out.push((d, action(d)?));
        }
    }
    let away: Vec<usize> = (0..out.len())
        .filter(|i| out[*i].1 == Action::Destroy)
        .collect();
    let reversed: Vec<_> = away.iter().rev().map(|i| out[*i]).collect();
    for (i, step) in away.into_iter().zip(reversed) {
        out[i] = step;
    }
    Ok(out)
}

fn action(d: &Deployment) -> Result<Action, Problem> {
    if d.skips() || d.tool == Tool::Hooks {
        return Ok(Action::Hooks);
    }
    let word = d.action();
    let unknown = |known: &str| {
        Problem::new(
            WRONG,
            format!(
                "`{word}` is no `stack-action` of `{}`; nothing was started",
                d.key
            ),
        )
        .hint(format!("write {known}"))
    };
    match d.tool {
        Tool::Terraform => {
            let wants = |name: &str| variable(name).is_some_and(|v| v == "true");
            let (apply, destroy) = (wants("TERRAFORM_APPLY"), wants("TERRAFORM_DESTROY"));
            match (word.as_str(), apply, destroy) {
                ("plan" | "apply", true, true) | ("apply", _, true) => Err(Problem::new(
                    WRONG,
                    format!("TERRAFORM_DESTROY is set, and `{}` is to be applied; nothing was started", d.key),
                )
                .hint("BitOps applied and then destroyed; set BITOPS_TERRAFORM_STACK_ACTION=destroy to destroy")),
                ("plan", false, false) => Ok(Action::Plan),
                ("plan", true, false) | ("apply", _, false) => Ok(Action::Apply),
                ("plan", false, true) | ("destroy", ..) => Ok(Action::Destroy),
                _ => Err(unknown("`plan`, `apply` or `destroy`")),
            }
        }
        Tool::CloudFormation => match word.to_lowercase().as_str() {
            "deploy" => Ok(Action::Apply),
            "delete" => Ok(Action::Destroy),
            _ => Err(unknown("`deploy` or `delete`")),
        },
        // a plugin's script reads the word itself
        _ => Ok(Action::Apply),
    }
}
