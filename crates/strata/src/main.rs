//! `strata`: deploys whole platforms, layer by layer, from an operations repo.
//!
//! Arguments, commands and the terminal; everything that decides lies in other crates. [`wire`] is the one place
//! that knows which store, executor and engines there are.
mod args;
mod commands;
mod context;
mod formats;
mod policy;
mod problem;
mod tools;
mod view;
mod wire;

use clap::{CommandFactory as _, Parser as _};
use std::process::ExitCode;
use strata_core::exit;

fn main() -> ExitCode {
    // a hidden command that must start fast: before arguments are parsed
    let mut raw = std::env::args_os().skip(1);
    if raw.next().is_some_and(|a| a == wire::SUPERVISE) {
        return wire::supervise(raw.next());
    }
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let code = if e.use_stderr() {
                exit::USAGE
            } else {
                exit::DONE
            };
            let _ = e.print();
            return ExitCode::from(code);
        }
    };
    let color = context::use_color(&args.global);
    match commands::dispatch(args) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            problem.print(color);
            ExitCode::from(problem.code)
        }
    }
}

/// The command line as data: for completions and manual pages.
pub(crate) fn command_line() -> clap::Command {
    args::Args::command()
}
